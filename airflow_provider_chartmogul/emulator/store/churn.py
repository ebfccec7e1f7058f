"""Subscription events, and the churn history of subscriptions that follows from them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.emulator.store.collection import Collection
from airflow_provider_chartmogul.emulator.store.records import Cancellation, SubscriptionEvent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow_provider_chartmogul.emulator.store.ledger import Ledger
    from airflow_provider_chartmogul.emulator.store.records import Invoice, LineItem, Part, Subscription


class Churn:
    """Events by owner, and what ends subscriptions: events, ``cancelled_at`` of line items, dates set directly.

    :param ledger: where subscriptions and customers are found.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.events: Collection[SubscriptionEvent] = Collection(
            lambda event: str(event.seq),
            lambda event: (event.data_source_uuid, event.external_id) if event.external_id else None,
        )
        self._events_of: dict[tuple[str, str], dict[int, SubscriptionEvent]] = defaultdict(dict)

    # Events

    def add_event(self, event: SubscriptionEvent) -> None:
        """Store a checked event; a cancellation ends its subscription."""
        self.events.add(event)
        self._events_of[event.data_source_uuid, event.customer_external_id][event.seq] = event
        self._apply(event)

    def remove_event(self, event: SubscriptionEvent) -> None:
        """Remove an event; without its cancellation event a subscription lives again."""
        self.events.remove(event)
        del self._events_of[event.data_source_uuid, event.customer_external_id][event.seq]
        self._withdraw(event)

    def replace_event(self, old: SubscriptionEvent, new: SubscriptionEvent) -> None:
        """Put a changed event in the place of the old one; their ids are the same."""
        self._withdraw(old)
        self.events.replace(old, new)
        del self._events_of[old.data_source_uuid, old.customer_external_id][old.seq]
        self._events_of[new.data_source_uuid, new.customer_external_id][new.seq] = new
        self._apply(new)

    def forget(self, part: Part) -> None:
        """Remove the events of a data source customer that goes with all its subscriptions."""
        for event in self._events_of.pop(part.key, {}).values():
            self.events.remove(event)

    def subscription_of(self, event: SubscriptionEvent) -> Subscription | None:
        """Find the subscription an event is about."""
        return self._ledger.subscriptions.named(event.subscription_key)

    # Churn history

    def cancel_by_item(self, subscription: Subscription, invoice: Invoice, item: LineItem) -> None:
        """Let ``cancelled_at`` of a line item, if it has one and counts, end the subscription."""
        if item.cancelled_at and not (item.disabled_at or invoice.disabled_at):
            cancellation = Cancellation(item.cancelled_at, f"item:{item.uuid}", item.event_order, item.seq)
            subscription.cancellations.append(cancellation)

    def withdraw_item(self, subscription: Subscription, item: LineItem) -> None:
        """Take back what a line item cancelled."""
        _drop(subscription, f"item:{item.uuid}")

    def add_dates(self, subscription: Subscription, dates: Sequence[datetime]) -> None:
        """Add cancellations that were set directly."""
        for at in dates:
            subscription.cancellations.append(Cancellation(at, "direct", seq=self._ledger.next_number()))
        self._ledger.projection.touch(subscription.customer_uuid, None)

    def replace_dates(self, subscription: Subscription, dates: Sequence[datetime]) -> None:
        """Replace the whole churn history, whatever it came from."""
        customer = self._ledger.customers.get(subscription.customer_uuid)
        for item in self._ledger.items_of(customer, subscription) if customer else ():
            item.cancelled_at = None  # a later change of the item would bring back what was replaced
        subscription.cancellations = []
        self.add_dates(subscription, dates)

    def recall(self, subscription: Subscription) -> None:
        """Let events end a new subscription: they outlive one that went with its last invoice."""
        for event in self._events_of.get(subscription.key[:2], {}).values():
            if event.subscription_key == subscription.key:
                _cancel(subscription, event)

    def _apply(self, event: SubscriptionEvent) -> None:
        subscription = self.subscription_of(event)
        if subscription is not None:
            _cancel(subscription, event)
            self._ledger.projection.touch(subscription.customer_uuid, event.data_source_uuid)

    def _withdraw(self, event: SubscriptionEvent) -> None:
        subscription = self.subscription_of(event)
        if subscription is not None:
            _drop(subscription, f"event:{event.seq}")
            self._ledger.projection.touch(subscription.customer_uuid, None)


def _cancel(subscription: Subscription, event: SubscriptionEvent) -> None:
    """Only one kind of event changes anything; the others are stored (``/reference/subscription-events``)."""
    if event.event_type == "subscription_cancelled" and not event.disabled_at:
        order = event.sent.get("event_order")
        cancellation = Cancellation(event.effective_date, f"event:{event.seq}", order, event.seq)
        subscription.cancellations.append(cancellation)


def _drop(subscription: Subscription, origin: str) -> None:
    subscription.cancellations = [one for one in subscription.cancellations if one.origin != origin]
