"""The fields of each kind of record in a bulk import, and what is wrong with a value.

From the API's description: schemas ``JsonImport*`` and the rules for line items and events.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from airflow_provider_chartmogul.moments import as_utc

Check = Callable[[Any], str | None]
"""Takes a value that is not None and returns what is wrong with it, or None."""

_CURRENCY = re.compile(r"[A-Z]{3}")
_ACCOUNT_CODE = re.compile(r"[A-Za-z0-9]{0,30}")


def anything(_: Any) -> str | None:
    """Accept every value."""
    return None


def text(value: Any) -> str | None:
    """Want a string."""
    return None if isinstance(value, str) else "must be text"


def integer(value: Any) -> str | None:
    """Want an integer (cents, counts); True is none."""
    return None if isinstance(value, int) and not isinstance(value, bool) else "must be an integer"


def positive(value: Any) -> str | None:
    """Want an integer above zero."""
    return integer(value) or (None if value > 0 else "must be above 0")


def not_negative(value: Any) -> str | None:
    """Want an integer of at least zero."""
    return integer(value) or (None if value >= 0 else "must not be negative")


def not_zero(value: Any) -> str | None:
    """Want an integer other than zero."""
    return integer(value) or (None if value else "must not be 0")


def number_like(value: Any) -> str | None:
    """Want an integer, also written as text (events take both)."""
    if isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return None
    return integer(value)


def boolean(value: Any) -> str | None:
    """Want true or false."""
    return None if isinstance(value, bool) else "must be true or false"


def timestamp(value: Any) -> str | None:
    """Want a date or time in a form that the API reads."""
    try:
        as_utc(value)
    except ValueError:
        return "must be a date such as 2026-03-01 or 2026-03-01T00:00:00Z"
    return None


def currency(value: Any) -> str | None:
    """Want three capital letters."""
    shaped = isinstance(value, str) and _CURRENCY.fullmatch(value)
    return None if shaped else "must be an ISO 4217 code such as EUR"


def account_code(value: Any) -> str | None:
    """Want up to 30 letters and digits."""
    shaped = isinstance(value, str) and _ACCOUNT_CODE.fullmatch(value)
    return None if shaped else "must be at most 30 letters and digits"


def records(value: Any) -> str | None:
    """Want a list of objects."""
    shaped = isinstance(value, list) and all(isinstance(item, dict) for item in value)
    return None if shaped else "must be a list of objects"


def one_of(*allowed: str) -> Check:
    """Want one of these words."""

    def check(value: Any) -> str | None:
        return None if value in allowed else f"must be one of {', '.join(allowed)}"

    return check


@dataclass(frozen=True, slots=True)
class Fields:
    """One kind of record: the checks of its known fields, and which of them it cannot do without."""

    checks: Mapping[str, Check]
    required: tuple[str, ...]


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

CUSTOMER: Final = Fields(
    {
        "external_id": text,
        "name": text,
        "email": text,
        "company": text,
        "country": text,
        "state": text,
        "city": text,
        "zip": text,
        "lead_created_at": timestamp,
        "free_trial_started_at": timestamp,
        "owner": text,
        "website_url": text,
        "attributes": anything,
        "primary_contact": anything,
        "data_source_uuid": text,
    },
    required=("external_id",),
)

PLAN: Final = Fields(
    {
        "external_id": text,
        "name": text,
        "interval_count": positive,
        "interval_unit": one_of("day", "month", "year"),
        "data_source_uuid": text,
    },
    required=("external_id", "name", "interval_count", "interval_unit"),
)

INVOICE: Final = Fields(
    {
        "external_id": text,
        "customer_external_id": text,
        "date": timestamp,
        "due_date": timestamp,
        "currency": currency,
        "collection_method": one_of("automatic", "manual"),
        "line_items": records,
        "transactions": records,
        "data_source_uuid": text,
    },
    required=("external_id", "customer_external_id", "date", "currency", "line_items"),
)

LINE_ITEM: Final = Fields(
    {
        "external_id": text,
        "type": one_of("subscription", "one_time", "trial"),
        "amount_in_cents": integer,
        "plan_external_id": text,
        "subscription_external_id": text,
        "subscription_set_external_id": text,
        "service_period_start": timestamp,
        "service_period_end": timestamp,
        "cancelled_at": timestamp,
        "prorated": boolean,
        "proration_type": one_of("differential", "full", "differential_mrr"),
        "quantity": not_zero,
        "discount_code": text,
        "discount_amount_in_cents": integer,
        "discount_description": text,
        "tax_amount_in_cents": integer,
        "transaction_fees_in_cents": integer,
        "transaction_fees_currency": currency,
        "balance_transfer": boolean,
        "account_code": account_code,
        "event_order": integer,
        "description": text,
        "invoice_external_id": text,
    },
    required=("type", "amount_in_cents"),
)

TRANSACTION: Final = Fields(
    {
        "external_id": text,
        "type": one_of("payment", "refund"),
        "result": one_of("successful", "failed"),
        "date": timestamp,
        "amount_in_cents": not_negative,
        "transaction_fees_in_cents": integer,
        "transaction_fees_currency": currency,
        "invoice_external_id": text,
    },
    required=("type", "result", "date"),
)

SUBSCRIPTION_EVENT: Final = Fields(
    {
        "external_id": text,
        "customer_external_id": text,
        "subscription_external_id": text,
        "subscription_set_external_id": text,
        "event_type": one_of(*EVENT_TYPES),
        "event_date": timestamp,
        "effective_date": timestamp,
        "plan_external_id": text,
        "currency": currency,
        "amount_in_cents": number_like,
        "tax_amount_in_cents": number_like,
        "quantity": number_like,
        "retracted_event_id": text,
        "event_order": integer,
        "data_source_uuid": text,
    },
    required=("customer_external_id", "subscription_external_id", "event_type", "event_date", "effective_date"),
)


FIELDS: Final = {
    "customers": CUSTOMER,
    "plans": PLAN,
    "invoices": INVOICE,
    "line_items": LINE_ITEM,
    "transactions": TRANSACTION,
    "subscription_events": SUBSCRIPTION_EVENT,
}


def required_of(kind: str, record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields that this record needs; for line items and events that depends on their type."""
    required = FIELDS[kind].required
    if kind == "line_items":
        if record.get("type") in ("subscription", "trial"):
            required += ("subscription_external_id", "plan_external_id", "service_period_start")
        if record.get("type") == "trial":
            required += ("service_period_end",)
    if kind == "subscription_events":
        if record.get("event_type") in _PRICED_EVENTS:
            required += ("plan_external_id", "currency", "amount_in_cents")
        if record.get("event_type") == "subscription_event_retracted":
            required += ("retracted_event_id",)
    return required
