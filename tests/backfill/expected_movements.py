"""MRR and its movements, worked out from billing records by the documented formulas and by nothing else.

The formulas are those of ``/docs/how-mrr-is-calculated-from-prorated-invoices`` and of the help pages on MRR movements
and smart classification. Nothing here knows the emulator: the two are held against each other.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Record = Mapping[str, Any]
    Rate = Callable[[str, date], Fraction]

DAYS_IN_A_MONTH = Fraction(487, 16)  # 30.4375


@dataclass(frozen=True, slots=True)
class Movement:
    """The net change of one subscription at one instant.

    :param mrr: MRR of the customer after it.
    """

    at: datetime
    customer: str
    subscription: str
    type: str
    amount: int
    mrr: int


@dataclass(slots=True)
class CustomerMrr:
    """MRR of one customer: what it is after each instant at which anything happened, and the movements."""

    after: list[tuple[datetime, int]] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Change:
    """One line item, or the end of a subscription (``item`` is None)."""

    at: datetime
    order: int
    rank: int
    arrival: int
    subscription: str
    item: Record | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class _Event:
    """What one subscription did at one instant: the movement, and the customer's MRR around it."""

    at: datetime
    subscription: str
    delta: int
    before: int
    after: int


@dataclass(slots=True)
class _Subscription:
    own: int = 0  # in the currency of its invoices
    shown: int = 0  # in the currency of the account


def rounded(value: Fraction, digits: int = 0) -> Fraction:
    """Round, halves away from zero."""
    scaled = abs(value) * 10**digits
    return Fraction(floor(scaled + Fraction(1, 2)) * (-1 if value < 0 else 1), 10**digits)


def instant(value: str | date) -> datetime:
    """Read a date or time in ISO form; without a zone it is UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the zone comes with the next line
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def follow_customers(records: Mapping[str, Sequence[Record]], rate: Rate, window: timedelta) -> dict[str, CustomerMrr]:
    """Return the MRR history of every customer that has a recurring line item.

    :param records: by kind, in the shape of a bulk import.
    :param rate: value of one unit of a currency on a day, in the account currency.
    :param window: of the smart classification; zero is off.
    """
    plans = {plan["external_id"]: plan for plan in records["plans"]}
    histories = {}
    for customer, changes in _changes_by_customer(records).items():
        history = CustomerMrr()
        events = list(_events(sorted(changes, key=_position), plans, rate, history))
        history.movements = list(_classified(customer, events, window))
        histories[customer] = history
    return histories


def line_mrr(item: Record, plan: Record, others: Iterable[Record] = ()) -> int:
    """Return the MRR of one recurring line item, in the currency of its invoice.

    :param others: line items of the same subscription, among which the full cycle of a prorated one is found.
    """
    amount = item["amount_in_cents"] - item.get("tax_amount_in_cents", 0)
    if item.get("prorated") and item.get("proration_type") == "differential_mrr":
        return int(amount)  # a monthly difference as it is
    count = plan["interval_count"]
    ratio = {"month": Fraction(1, count), "year": Fraction(1, 12 * count), "day": DAYS_IN_A_MONTH / count}
    factor = _prorate_factor(item, plan, others) if item.get("prorated") else 1
    return int(rounded(amount * ratio[plan["interval_unit"]] * factor))


def _prorate_factor(item: Record, plan: Record, others: Iterable[Record]) -> Fraction:
    start, end = _period(item)
    cycles = [_period(other) for other in others if not other.get("prorated")]
    around = [cycle for cycle in cycles if cycle[0] <= start < cycle[1]]
    full_start, full_end = max(around) if around else (_interval_before(end, plan), end)
    return Fraction(_microseconds(full_end - full_start), _microseconds(end - start))


def _period(item: Record) -> tuple[datetime, datetime]:
    return instant(item["service_period_start"]), instant(item["service_period_end"])


def _microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _interval_before(end: datetime, plan: Record) -> datetime:
    if plan["interval_unit"] == "day":
        return end - timedelta(days=plan["interval_count"])
    months = plan["interval_count"] * (12 if plan["interval_unit"] == "year" else 1)
    year, month = divmod(end.year * 12 + end.month - 1 - months, 12)
    first_of_next = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return end.replace(year=year, month=month + 1, day=min(end.day, (first_of_next - timedelta(days=1)).day))


def _changes_by_customer(records: Mapping[str, Sequence[Record]]) -> dict[str, list[_Change]]:
    invoices = {invoice["external_id"]: invoice for invoice in records["invoices"]}
    cancellations = [
        event for event in records["subscription_events"] if event["event_type"] == "subscription_cancelled"
    ]
    cancelled_by_event = {(event["customer_external_id"], event["subscription_external_id"]) for event in cancellations}
    changes = defaultdict(list)
    for arrival, item in enumerate(records["line_items"]):
        if item["type"] != "subscription":
            continue
        invoice, subscription = invoices[item["invoice_external_id"]], item["subscription_external_id"]
        customer, start = invoice["customer_external_id"], instant(item["service_period_start"])
        order = item.get("event_order") or 0
        changes[customer].append(_Change(start, order, 0, arrival, subscription, item, invoice["currency"]))
        if item.get("cancelled_at") and (customer, subscription) not in cancelled_by_event:
            # with the order of its item: one that ends where it starts must not come back to life
            changes[customer].append(_Change(instant(item["cancelled_at"]), order, 1, arrival, subscription))
    for arrival, event in enumerate(cancellations, start=len(records["line_items"])):
        at, order = instant(event["effective_date"]), event.get("event_order") or 0
        change = _Change(at, order, 1, arrival, event["subscription_external_id"])
        changes[event["customer_external_id"]].append(change)
    return changes


def _position(change: _Change) -> tuple[datetime, int, int, int]:
    return change.at, change.order, change.rank, change.arrival


def _events(
    changes: Sequence[_Change], plans: Mapping[str, Record], rate: Rate, history: CustomerMrr
) -> Iterable[_Event]:
    """Apply the changes of a customer: all of one subscription at one instant are one event."""
    subscriptions: dict[str, _Subscription] = defaultdict(_Subscription)
    items = defaultdict(list)
    events: dict[tuple[datetime, str], list[_Change]] = defaultdict(list)
    for change in changes:
        events[change.at, change.subscription].append(change)
        if change.item:
            items[change.subscription].append(change.item)
    for (at, name), together in events.items():
        before = sum(each.shown for each in subscriptions.values())
        delta = sum(_apply(change, subscriptions[name], items[name], plans, rate) for change in together)
        after = sum(each.shown for each in subscriptions.values())
        history.after.append((at, after))
        yield _Event(at, name, delta, before, after)


def _apply(
    change: _Change, subscription: _Subscription, items: Iterable[Record], plans: Mapping[str, Record], rate: Rate
) -> int:
    """Change the subscription; return the movement: the difference in its own currency at the rate of the day."""
    if change.item is None:
        # without a service period there is no new rate: what was shown is gone
        movement, subscription.own, subscription.shown = -subscription.shown, 0, 0
        return movement
    own = line_mrr(change.item, plans[change.item["plan_external_id"]], items)
    exchange = rate(change.currency, change.at.date())
    shown = int(rounded(own * exchange))
    if change.item.get("prorated") and change.item.get("proration_type") != "full":
        subscription.own, subscription.shown = subscription.own + own, subscription.shown + shown
        return shown
    movement = int(rounded((own - subscription.own) * exchange))
    subscription.own, subscription.shown = own, shown
    return movement


def _classified(customer: str, events: Sequence[_Event], window: timedelta) -> Iterable[Movement]:
    moving = [event for event in events if event.delta]
    paid_at = next((event.at for event in events if event.after > 0), None)
    while moving:
        group = [event for event in moving if event.at - moving[0].at <= window]
        moving = moving[len(group) :]
        base, final = group[0].before, group[-1].after
        for event in group:
            if base == 0 and event.delta > 0:
                kind = "new_biz" if paid_at is None or paid_at >= group[0].at else "reactivation"
            elif final <= 0 and event.delta < 0:
                kind = "churn"
            else:
                kind = "expansion" if event.delta > 0 else "contraction"
            yield Movement(event.at, customer, event.subscription, kind, event.delta, event.after)
