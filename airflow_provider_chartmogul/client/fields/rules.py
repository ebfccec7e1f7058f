"""What the fields of a record mean for each other: which it needs, and which do not go together."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.client.fields.attributes import MAX_STRING
from airflow_provider_chartmogul.client.fields.dates import instant
from airflow_provider_chartmogul.client.fields.shape import Condition, Rule, parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EVENT_TYPES: Final = (
    "subscription_start",
    "subscription_start_scheduled",
    "scheduled_subscription_start_retracted",
    "subscription_cancelled",
    "subscription_cancellation_scheduled",
    "scheduled_subscription_cancellation_retracted",
    "subscription_updated",
    "subscription_update_scheduled",
    "scheduled_subscription_update_retracted",
    "subscription_event_retracted",
)
_PRICED_EVENTS: Final = (
    "subscription_start",
    "subscription_start_scheduled",
    "subscription_updated",
    "subscription_update_scheduled",
)


def recurring_items_need(plan: str, *, amount: bool = False) -> Condition:
    """Return what tells which fields a line item needs.

    :param plan: the field that names its plan.
    :param amount: items other than trials need their amount.
    """
    recurring = ("subscription_external_id", plan, "service_period_start")
    bounded = (*recurring, "service_period_end")
    priced = ("amount_in_cents",) if amount else ()

    def needed(record: Mapping[str, Any]) -> tuple[str, ...]:
        kind = record.get("type")
        if kind == "trial":
            return bounded
        if kind != "subscription":
            return priced
        # a part of a cycle is scaled by its length
        return priced + (bounded if record.get("prorated") is True else recurring)

    return needed


def events_need(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields that a subscription event needs."""
    if record.get("event_type") in _PRICED_EVENTS:
        return ("plan_external_id", "currency", "amount_in_cents")
    return ("retracted_event_id",) if record.get("event_type") == "subscription_event_retracted" else ()


def customers_need(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields that name a customer: its uuid, or source and external id."""
    return () if record.get("customer_uuid") else ("data_source_uuid", "external_id")


def subscriptions_need(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields that name a subscription besides its source: its uuid, or its external id."""
    return () if record.get("uuid") else ("external_id",)


def _ends_after_it_starts(item: Mapping[str, Any]) -> str | None:
    start, end = instant(item.get("service_period_start")), instant(item["service_period_end"])
    # the API looks at no period of one-time items, which billing systems like to end when they begin
    if start is None or end is None or end > start or item.get("type") == "one_time":
        return None
    return "must be after service_period_start"


def _is_prorated(item: Mapping[str, Any]) -> str | None:
    # nor at their proration
    if item.get("prorated") is True or item.get("type") == "one_time":
        return None
    return "needs prorated to be true"


def _moves_a_balance(item: Mapping[str, Any]) -> str | None:
    allowed = item["balance_transfer"] is not True or item.get("type") == "one_time"
    return None if allowed else "must be false unless type is one_time"


ITEM_RULES: Final = (
    Rule("service_period_end", ("service_period_start",), _ends_after_it_starts),
    Rule("proration_type", ("prorated",), _is_prorated),
    Rule("balance_transfer", ("type",), _moves_a_balance),
)


def _add_up(kind: str, invoice: Mapping[str, Any]) -> str | None:
    given = [part for part in parts(invoice, "transactions") if part.get("type") == kind]
    paid = _sum(part.get("amount_in_cents") for part in given if part.get("result") == "successful")
    if not paid:
        return None
    items = parts(invoice, "line_items")
    total = _sum(item.get("amount_in_cents") for item in items)
    # those of a bulk import may stand elsewhere
    if total is None or not items:
        return None
    # a credit note is negative itself, and its refunds are not
    whole = abs(total) if kind == "refund" else max(total, 0)
    return f"must not hold successful {kind}s of more than the line items add up to" if paid > whole else None


def _sum(amounts: Iterable[Any]) -> float | None:
    """Add up what is given; None where something is no number, which is found elsewhere."""
    given = [amount for amount in amounts if amount is not None]
    return sum(given) if all(isinstance(amount, (int, float)) for amount in given) else None


INVOICE_RULES: Final = (
    Rule("transactions", ("line_items",), functools.partial(_add_up, "payment")),
    Rule("transactions", ("line_items",), functools.partial(_add_up, "refund")),
)


def _fits_its_type(attribute: Mapping[str, Any]) -> str | None:
    value = attribute["value"]
    too_long = attribute.get("type") == "String" and isinstance(value, str) and len(value) > MAX_STRING
    return f"must be at most {MAX_STRING} characters" if too_long else None


ATTRIBUTE_RULES: Final = (Rule("value", ("type",), _fits_its_type),)
