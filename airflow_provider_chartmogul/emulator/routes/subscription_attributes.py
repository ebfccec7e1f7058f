"""Custom attributes of subscriptions and of subscription sets.

Both lists of subscriptions give them ids, of their own each; all are taken, with and without the prefix ``sub_``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import errors
from airflow_provider_chartmogul.emulator.analytics.activities import subscription_set_uuid, subscription_uuid
from airflow_provider_chartmogul.emulator.http import Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.routes import attribute_bodies

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.emulator.store.crm import SetKey
    from airflow_provider_chartmogul.emulator.store.ledger import Ledger
    from airflow_provider_chartmogul.emulator.store.records import Subscription

    #: Finds own and inherited attributes of what the path names; the own ones are changed in place.
    Find = Callable[[Call], tuple[dict[str, Any], dict[str, Any]]]


class _Attributes:
    """The four operations of one kind of owner."""

    def __init__(self, path: str, find: Find) -> None:
        self._path = path
        self._find = find

    def operations(self) -> tuple[Operation, ...]:
        """Return the operations."""
        return (
            Operation("GET", self._path, self.retrieve),
            Operation("POST", f"{self._path}/custom", self.add),
            Operation("PUT", f"{self._path}/custom", self.update),
            Operation("DELETE", f"{self._path}/custom", self.remove),
        )

    def retrieve(self, call: Call) -> Answer:
        """``GET``: an empty map if there are none."""
        own, inherited = self._find(call)
        return _shown(own, inherited)

    def add(self, call: Call) -> Answer:
        """``POST`` of an array: sets, and defines new keys for the account."""
        own, inherited = self._find(call)
        own.update(attribute_bodies.read_array(call))
        return _shown(own, inherited)

    def update(self, call: Call) -> Answer:
        """``PUT`` of a map: merges values of defined keys."""
        own, inherited = self._find(call)
        own.update(attribute_bodies.read_map(call))
        return _shown(own, inherited)

    def remove(self, call: Call) -> Answer:
        """``DELETE`` of keys: 200 also when nothing is left; inherited ones stay."""
        own, inherited = self._find(call)
        removed = [key for key in attribute_bodies.read_keys(call) if own.pop(key, None) is not None]
        return _shown(own, inherited, message="success" if removed else "noop")


def _shown(own: dict[str, Any], inherited: dict[str, Any], **more: str) -> Answer:
    return answer({"custom": inherited | own, **more})


def _of_subscription(call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
    ledger = call.ledger
    subscription = _subscription(ledger, call.path["subscription_uuid"])
    if subscription is None:
        raise errors.coded(404, "Subscription not found", "uuid")
    return subscription.custom, _inherited(ledger, subscription)


def _of_set(call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
    ledger = call.ledger
    uuid = call.path["subscription_set_uuid"].removeprefix("sub_")
    key = next((key for key in _sets(ledger) if subscription_set_uuid(*key) == uuid), None)
    if key is None:
        raise errors.coded(404, "Subscription set not found", "uuid")
    return ledger.crm.set_attributes.setdefault(key, {}), {}


def _subscription(ledger: Ledger, uuid: str) -> Subscription | None:
    bare = uuid.removeprefix("sub_")
    imported = ledger.subscriptions.get(f"sub_{bare}")
    return imported or next((one for one in ledger.subscriptions if subscription_uuid(one.key) == bare), None)


def _inherited(ledger: Ledger, subscription: Subscription) -> dict[str, Any]:
    """Return the attributes of the set that the newest item of a subscription names."""
    customer = ledger.customers.get(subscription.customer_uuid)
    items = ledger.items_of(customer, subscription) if customer else []
    sets = [item.subscription_set_external_id for item in items if item.subscription_set_external_id]
    if not sets:
        return {}
    key = (subscription.data_source_uuid, subscription.customer_external_id, sets[-1])
    return ledger.crm.set_attributes.get(key, {})


def _sets(ledger: Ledger) -> set[SetKey]:
    """Return what names the subscription sets of the account; a set lives as long as a line item names it."""
    return {
        (invoice.data_source_uuid, invoice.customer_external_id, item.subscription_set_external_id)
        for invoice in ledger.invoices
        if not invoice.errors
        for item in invoice.line_items
        if item.subscription_set_external_id
    }


OPERATIONS = (
    *_Attributes("/subscriptions/{subscription_uuid}/attributes", _of_subscription).operations(),
    *_Attributes("/subscription_sets/{subscription_set_uuid}/attributes", _of_set).operations(),
)
