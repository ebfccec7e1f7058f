"""Connecting subscriptions of a customer, so that one goes on where another one ends.

The first one connected stands for all: they show in its row, and a change from one to another is neither churn nor new
business (``/reference/subscriptions/connect``).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.emulator.analytics.model import LineItem
from airflow_provider_chartmogul.emulator.analytics.timeline import in_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_chartmogul.emulator.analytics.model import Event, SubscriptionKey
    from airflow_provider_chartmogul.emulator.store.ledger import Ledger
    from airflow_provider_chartmogul.emulator.store.records import Customer, Subscription


def connect(ledger: Ledger, customer: Customer, chosen: Sequence[Subscription]) -> None:
    """Connect subscriptions, each with all that it is connected with already; the first one stands for all."""
    mains = main_of(ledger, customer)
    groups = {mains[one.key].uuid for one in chosen}
    for subscription in ledger.subscriptions_of(customer):
        if mains[subscription.key].uuid in groups:
            subscription.connected_to = chosen[0].uuid
    chosen[0].connected_to = None
    ledger.projection.touch(customer.uuid, None)


def disconnect(ledger: Ledger, customer: Customer, chosen: Sequence[Subscription]) -> None:
    """Let all chosen subscriptions but the first stand alone; what else they were connected with stays together."""
    mains = main_of(ledger, customer)
    leaving = {one.uuid for one in chosen[1:]}
    heirs = {mains[chosen[0].key].uuid: chosen[0]}
    for subscription in ledger.subscriptions_of(customer):
        main = mains[subscription.key]
        if subscription.uuid in leaving:
            subscription.connected_to = None
        elif main.uuid in leaving:
            heir = heirs.setdefault(main.uuid, subscription)
            subscription.connected_to = None if heir is subscription else heir.uuid
    ledger.projection.touch(customer.uuid, None)


def main_of(ledger: Ledger, customer: Customer) -> dict[SubscriptionKey, Subscription]:
    """Return which subscription stands for each one of a customer; most stand for themselves.

    A connection with one that is gone, or went to another customer, holds no longer.
    """
    subscriptions = ledger.subscriptions_of(customer)
    known = {one.uuid: one for one in subscriptions}
    return {one.key: known.get(one.connected_to or "", one) for one in subscriptions}


def joined(
    items: Sequence[LineItem], cancellations: Sequence[Event], mains: Mapping[SubscriptionKey, Subscription]
) -> tuple[list[LineItem], list[Event]]:
    """Put the billing facts of connected subscriptions under the one that stands for them."""
    standing = _without_handovers(items, cancellations, mains)
    return (
        [
            replace(item, subscription_key=main.key, subscription_external_id=main.external_id)
            for item in items
            for main in [mains[item.subscription_key]]
        ],
        [replace(one, subscription_key=mains[one.subscription_key].key) for one in standing],
    )


def _without_handovers(
    items: Sequence[LineItem], cancellations: Sequence[Event], mains: Mapping[SubscriptionKey, Subscription]
) -> list[Event]:
    """Drop the cancellations by which one of several connected subscriptions made room for another.

    A cancellation stands when the nearest items on both sides are of the very subscription that it ends.
    """
    causes: defaultdict[str, list[LineItem | Event]] = defaultdict(list)
    for cause in in_order([*items, *cancellations]):
        causes[mains[cause.subscription_key].uuid].append(cause)
    dropped: set[int] = set()
    for connected in causes.values():
        for walk in (connected, connected[::-1]):
            neighbour: SubscriptionKey | None = None
            for cause in walk:
                if isinstance(cause, LineItem):
                    neighbour = cause.subscription_key
                elif neighbour not in (None, cause.subscription_key):
                    dropped.add(id(cause))
    return [one for one in cancellations if id(one) not in dropped]
