"""Short ways to write down billing histories."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator.analytics.engine import Analytics
from airflow_provider_chartmogul.emulator.analytics.model import Account, Customer, Event, LineItem, Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = "ds_1"
_arrival = count(1)


def plan(name: str = "Basic", count: int = 1, unit: str = "month") -> Plan:
    return Plan(f"pl_{name}-{count}{unit}", f"plan-{name.lower()}", name, count, unit)


MONTH = plan()
YEAR = plan("Annual", 1, "year")


def at(text: str) -> datetime:
    """``2026-01-08`` or ``2026-01-08 10:20``, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def item(amount: int, start: str, end: str | None = None, *, sub: str = "s1", **fields: Any) -> LineItem:
    arrival = next(_arrival)
    values: dict[str, Any] = {
        "uuid": f"li_{arrival}",
        "subscription_key": (SOURCE, sub),
        "subscription_external_id": sub,
        "subscription_set_external_id": None,
        "data_source_uuid": SOURCE,
        "plan": MONTH,
        "currency": "USD",
        "amount_in_cents": amount,
        "tax_amount_in_cents": 0,
        "quantity": 1,
        "prorated": False,
        "proration_type": None,
        "service_period_start": at(start),
        "service_period_end": at(end) if end else None,
        "event_order": None,
        "sequence": arrival,
    }
    return LineItem(**(values | fields))


def cancelled(moment: str, *, sub: str = "s1", event_order: int | None = None) -> Event:
    return Event((SOURCE, sub), at(moment), event_order, next(_arrival))


def customer(*facts: LineItem | Event, uuid: str = "cus_1", **fields: Any) -> Customer:
    items = tuple(fact for fact in facts if isinstance(fact, LineItem))
    events = tuple(fact for fact in facts if isinstance(fact, Event))
    external_id = fields.pop("external_id", uuid.replace("cus_", "c-"))
    return Customer(uuid, external_id, SOURCE, line_items=items, events=events, **fields)


def analytics(
    *customers: Customer, rates: Mapping[str, str] | Mapping[tuple[str, date], str] | None = None, **settings: Any
) -> Analytics:
    """Analytics of some customers; rates by currency, or by currency and day."""
    given: dict[Any, str] = dict(rates or {})

    def fx(currency: str, day: date) -> Decimal:
        return Decimal(given.get((currency, day)) or given[currency])

    engine = Analytics(Account(**settings), fx)
    for each in customers:
        engine.put_customer(each)
    return engine


def movements(engine: Analytics, uuid: str = "cus_1") -> list[tuple[str, int, int]]:
    """Type, movement and customer MRR after it, of each activity of a customer."""
    return [(one.type, one.movement, one.mrr_after) for one in engine.customer_activities(uuid)]


def mrr(engine: Analytics, now: str, uuid: str = "cus_1") -> int:
    """MRR of a customer at some moment."""
    return int(engine.customer_summary(uuid, at(now))["mrr"])
