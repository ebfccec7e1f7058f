"""From the items and cancellations of a customer to the MRR of its subscriptions over time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_chartmogul.emulator.analytics.arithmetic import divide
from airflow_provider_chartmogul.emulator.analytics.model import Event, LineItem
from airflow_provider_chartmogul.emulator.analytics.mrr import line_mrr, period_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from airflow_provider_chartmogul.emulator.analytics.model import Customer, Plan, SubscriptionKey

    #: Factor from a currency, at the start of a service period, to the account currency: numerator, denominator.
    RateAt = Callable[[str, datetime], tuple[int, int]]


class Worth(NamedTuple):
    """What a subscription counts for, in hundredths.

    :param mrr: in the account currency.
    :param own_mrr: in ``currency``; meaningless when that is None.
    :param currency: the currency of all parts of it, None when they differ.
    """

    mrr: int
    own_mrr: int
    currency: str | None


_NOTHING = Worth(0, 0, None)


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """A subscription after everything up to some instant.

    :param newest: its newest line item, which carries plan and quantity.
    :param ends_at: end of the last service period, or the cancellation.
    :param worth: nothing once it is cancelled.
    :param shown_mrr: its MRR, kept after the cancellation.
    """

    newest: LineItem
    started_at: datetime
    ends_at: datetime
    active: bool
    worth: Worth
    shown_mrr: int

    @property
    def key(self) -> SubscriptionKey:
        """What names the subscription."""
        return self.newest.subscription_key

    @property
    def plan(self) -> Plan:
        """Plan of the newest line item."""
        return self.newest.plan

    @property
    def mrr(self) -> int:
        """What it counts for, hundredths of the account currency."""
        return self.worth.mrr


@dataclass(frozen=True, slots=True)
class Step:
    """Everything that happened to one subscription at one instant.

    :param movement: net change without exchange-rate effects, hundredths of the account currency.
    :param total_before: MRR of the customer before; ``total_after`` likewise.
    :param active_before: number of uncancelled subscriptions of the customer before; ``active_after`` likewise.
    """

    at: datetime
    before: SubscriptionState | None
    after: SubscriptionState
    movement: int
    total_before: int
    total_after: int
    active_before: int
    active_after: int


def timeline(customer: Customer, rate_at: RateAt) -> list[Step]:
    """Steps of a customer in order of time; those of one instant in the order of their first cause."""
    steps: list[Step] = []
    states: dict[SubscriptionKey, SubscriptionState] = {}
    siblings = _items_by_subscription(customer)
    total = active = 0
    for at, causes in groupby(in_order([*customer.line_items, *customer.events]), key=_instant):
        changed: dict[SubscriptionKey, tuple[SubscriptionState | None, int]] = {}
        for cause in causes:
            key = cause.subscription_key
            state = states.get(key)
            before, moved = changed.get(key, (state, 0))
            if isinstance(cause, Event):
                outcome = _cancel(state, at) if state else None
            else:
                outcome = _apply(state, cause, line_mrr(cause, siblings[key]), rate_at)
            if outcome:
                states[key] = outcome[0]
                changed[key] = before, moved + outcome[1]
        for key, (before, movement) in changed.items():
            after = states[key]
            new_total = total + after.mrr - (before.mrr if before else 0)
            new_active = active + after.active - (before.active if before else 0)
            steps.append(Step(at, before, after, movement, total, new_total, active, new_active))
            total, active = new_total, new_active
    return steps


def _apply(
    state: SubscriptionState | None, item: LineItem, own_mrr: int, rate_at: RateAt
) -> tuple[SubscriptionState, int]:
    """State after a line item, and the movement that it makes."""
    ends_at = period_end(item)
    if state and state.active:
        ends_at = max(ends_at, state.ends_at)
    worth, movement = state.worth if state else _NOTHING, 0
    if item.type != "trial":
        worth, movement = _reprice(worth, item, own_mrr, rate_at(item.currency, item.service_period_start))
    started_at = state.started_at if state else item.service_period_start
    return SubscriptionState(item, started_at, ends_at, True, worth, worth.mrr), movement


def _reprice(worth: Worth, item: LineItem, own_mrr: int, rate: tuple[int, int]) -> tuple[Worth, int]:
    """Add a differential to what a subscription counts for, or replace it, and name the movement.

    What an exchange rate does to an unchanged price is no movement: only the difference in own currency is.
    """
    numerator, denominator = rate
    converted = divide(own_mrr * numerator, denominator)
    same_currency = worth.currency == item.currency
    if item.prorated and item.proration_type != "full":
        currency = item.currency if same_currency or worth.mrr == 0 else None
        return Worth(worth.mrr + converted, own_mrr + (worth.own_mrr if same_currency else 0), currency), converted
    difference = divide((own_mrr - worth.own_mrr) * numerator, denominator) if same_currency else converted - worth.mrr
    return Worth(converted, own_mrr, item.currency), difference


def _cancel(state: SubscriptionState, at: datetime) -> tuple[SubscriptionState, int]:
    """State after a cancellation, and the movement that it makes."""
    if not state.active:
        return state, 0
    return replace(state, active=False, worth=_NOTHING, ends_at=at), -state.mrr


def _items_by_subscription(customer: Customer) -> dict[SubscriptionKey, list[LineItem]]:
    items: defaultdict[SubscriptionKey, list[LineItem]] = defaultdict(list)
    for item in customer.line_items:
        items[item.subscription_key].append(item)
    return items


def _instant(cause: LineItem | Event) -> datetime:
    return cause.effective_at if isinstance(cause, Event) else cause.service_period_start


def _order(cause: LineItem | Event) -> tuple[datetime, int, bool, int]:
    return _instant(cause), cause.event_order or 0, isinstance(cause, Event), cause.sequence


def in_order(causes: Iterable[LineItem | Event]) -> list[LineItem | Event]:
    """Line items and cancellations in the order in which they act."""
    return sorted(causes, key=_order)
