"""The subscriptions of the account by what names them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.emulator.store.collection import Collection
from airflow_provider_chartmogul.emulator.store.records import Subscription

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.store.records import SubscriptionKey


class Subscriptions(Collection[Subscription]):
    """All subscriptions; each belongs to one data source customer, whatever customer that is a part of."""

    def __init__(self) -> None:
        super().__init__(lambda subscription: subscription.uuid)
        self._by_name: dict[SubscriptionKey, Subscription] = {}
        self._of: dict[str, dict[int, Subscription]] = defaultdict(dict)

    def add(self, record: Subscription) -> None:
        """Add a subscription whose ``seq`` is higher than all before it."""
        super().add(record)
        self._by_name[record.key] = self._of[record.customer_uuid][record.seq] = record

    def remove(self, record: Subscription) -> None:
        """Remove a subscription."""
        super().remove(record)
        del self._by_name[record.key]
        del self._of[record.customer_uuid][record.seq]

    def named(self, key: SubscriptionKey) -> Subscription | None:
        """Look a subscription up by source, customer external id and its own external id."""
        return self._by_name.get(key)

    def of(self, customer_uuid: str) -> list[Subscription]:
        """Return the subscriptions of a customer in order of arrival."""
        found = self._of.get(customer_uuid, {})
        return [found[seq] for seq in sorted(found)]

    def move(self, subscription: Subscription, customer_uuid: str) -> None:
        """Give a subscription to another customer."""
        del self._of[subscription.customer_uuid][subscription.seq]
        subscription.customer_uuid = customer_uuid
        self._of[customer_uuid][subscription.seq] = subscription
