"""Checks subscription events (``/reference/subscription-events``)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator.reading import BLANK, Reader
from airflow_provider_chartmogul.emulator.store.records import SubscriptionEvent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from airflow_provider_chartmogul.emulator.store.ledger import Ledger

_PRICED = (
    "subscription_start",
    "subscription_start_scheduled",
    "subscription_updated",
    "subscription_update_scheduled",
)
EVENT_TYPES = (
    *_PRICED,
    "scheduled_subscription_start_retracted",
    "subscription_cancelled",
    "subscription_cancellation_scheduled",
    "scheduled_subscription_cancellation_retracted",
    "scheduled_subscription_update_retracted",
    "subscription_event_retracted",
)
EVENT_TAKEN = "has already been taken"

_TEXTS = ("subscription_set_external_id", "plan_external_id", "currency", "retracted_event_id")
#: Kept and answered with the JSON types they were sent in; as text they may have decimals, or be empty.
_NUMBERS = ("quantity", "amount_in_cents", "tax_amount_in_cents")
_NUMBER_OR_NOTHING = re.compile(r"(-?[0-9]{1,19}(\.[0-9]{1,19})?)?")


def event(
    ledger: Ledger, record: Mapping[str, Any], data_source_uuid: str, old: SubscriptionEvent | None = None
) -> tuple[SubscriptionEvent, dict[str, str]]:
    """Check an event; returns it with what is wrong.

    :param record: all fields of the event.
    :param old: the event that this one is a change of.
    """
    reader = Reader(record)
    reader.require("customer_external_id", "subscription_external_id", "event_type", "event_date", "effective_date")
    kind = reader.choice("event_type", EVENT_TYPES)
    if kind in _PRICED:
        reader.require("plan_external_id", "currency")
        if not reader.has("amount_in_cents"):
            reader.fail("amount_in_cents", BLANK)
    if kind == "subscription_event_retracted":
        reader.require("retracted_event_id")
    reader.currency("currency")
    for name in _NUMBERS:
        value = record.get(name)
        if not (isinstance(value, str) and _NUMBER_OR_NOTHING.fullmatch(value)):
            reader.integer(name)
    sent = {name: reader.text(name) for name in _TEXTS} | {name: record.get(name) for name in _NUMBERS}
    sent["event_order"] = reader.integer("event_order")
    now = ledger.now()
    made = SubscriptionEvent(
        seq=old.seq if old else ledger.next_number(),
        data_source_uuid=data_source_uuid,
        customer_external_id=reader.text("customer_external_id") or "",
        subscription_external_id=reader.text("subscription_external_id") or "",
        event_type=kind or "",
        event_date=reader.moment("event_date") or now,
        effective_date=_effective(reader, kind, now),
        created_at=old.created_at if old else now,
        updated_at=now,
        external_id=reader.text("external_id") or None,
        sent={name: value for name, value in sent.items() if name in record},
        disabled_at=old.disabled_at if old else None,
    )
    _check_references(ledger, reader, made, old)
    return made, reader.errors


def as_record(event: SubscriptionEvent) -> dict[str, Any]:
    """Return the fields of an event as they could be sent again."""
    return {
        "customer_external_id": event.customer_external_id,
        "subscription_external_id": event.subscription_external_id,
        "event_type": event.event_type,
        "event_date": event.event_date.isoformat(),
        "effective_date": event.effective_date.isoformat(),
        "external_id": event.external_id,
        **event.sent,
    }


def _effective(reader: Reader, kind: str | None, now: datetime) -> datetime:
    moment = reader.moment("effective_date") or now
    if moment > now and "scheduled" not in (kind or "scheduled"):
        reader.fail("effective_date", "may be in the future for scheduled events only")
    return moment


def _check_references(ledger: Ledger, reader: Reader, made: SubscriptionEvent, old: SubscriptionEvent | None) -> None:
    customer = ledger.customer_of(made.data_source_uuid, made.customer_external_id)
    if customer is None:
        reader.fail("customer_external_id", "Customer not found")
    elif ledger.churn.subscription_of(made) is None:
        reader.fail("subscription_external_id", "Subscription not found")
    if made.external_id:
        known = ledger.churn.events.by_external_id(made.data_source_uuid, made.external_id)
        if known is not None and known is not old:
            reader.fail("external_id", EVENT_TAKEN)
