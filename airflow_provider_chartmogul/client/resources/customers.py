"""Customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from airflow_provider_chartmogul.client.fields import checked
from airflow_provider_chartmogul.client.pagination import Listing, PageShape
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import Record, path
from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError

CustomerName = str | Mapping[str, str]
"""A uuid, or a mapping: ``{"customer_uuid": …}``, or ``{"data_source_uuid": …, "external_id": …}``."""

Belongings = Literal["tasks", "opportunities", "notes"]

_FIELDS = ("uuid",)
_SHAPE = PageShape("entries", must_have=_FIELDS)


class CustomersResource(Resource):
    """``client.customers``."""

    def list(
        self,
        *,
        data_source_uuid: str | None = None,
        external_id: str | None = None,
        status: str | None = None,
        system: str | None = None,
        per_page: int = 200,
        cursor: str | None = None,
    ) -> Listing:
        """List customers, longest-standing first, leads last. There is no filter by time.

        Reference: ``/reference/customers/list``.

        :param data_source_uuid: only customers with a part in this data source.
        :param external_id: exact external id; unique only together with ``data_source_uuid``.
        :param status: ``New_Lead``, ``Working_Lead``, ``Qualified_Lead``, ``Unqualified_Lead``, ``Active``,
            ``Past_Due`` or ``Cancelled``: with underscore here, with a space in the records.
        :param system: billing system, case-sensitive.
        """
        params = {
            "data_source_uuid": data_source_uuid,
            "external_id": external_id,
            "status": status,
            "system": system,
        }
        return self._listing("/customers", params, shape=_SHAPE, per_page=per_page, cursor=cursor)

    def search(
        self,
        *,
        email: str,
        with_associated_emails: bool | None = None,
        per_page: int = 200,
        cursor: str | None = None,
    ) -> Listing:
        """List the customers with an e-mail address.

        Reference: ``/reference/customers/list-by-email``.

        :param with_associated_emails: look at the addresses of their contacts as well.
        :raises ChartMogulNotFoundError: while reading, when nobody has the address.
        """
        params = {"email": email, "with_associated_emails": with_associated_emails}
        return self._listing("/customers/search", params, shape=_SHAPE, per_page=per_page, cursor=cursor)

    def create(self, *, data_source_uuid: str, external_id: str, **fields: Any) -> Record:
        """Add a customer to a custom data source. Keyed by ``data_source_uuid`` and ``external_id``.

        Reference: ``/reference/customers/add``.

        :param external_id: your id, unique in the data source, permanent.
        :param fields: ``name``, ``email``, ``company``, ``country``, ``state``, ``city``, ``zip``, ``owner``,
            ``status``, ``website_url``, ``lead_created_at`` and ``free_trial_started_at`` (not in the future),
            ``attributes`` (``tags``, ``custom``), ``primary_contact``.
        :raises ChartMogulUnprocessableError: a field is refused, or the external id is taken.
        """
        body = checked("customers", {"data_source_uuid": data_source_uuid, "external_id": external_id, **fields})
        same = self.list(data_source_uuid=data_source_uuid, external_id=external_id)
        return self._api.post_keyed("/customers", body, find=same.first, must_have=_FIELDS)

    def retrieve(self, customer_uuid: str) -> Record:
        """Return one customer.

        :raises ChartMogulNotFoundError: there is none with this uuid, or it was merged into another.
        """
        return self._api.get(path("/customers/{}", customer_uuid), must_have=_FIELDS)

    def update(self, customer_uuid: str, **fields: Any) -> Record:
        """Change the given fields and return the customer. Repeated at will.

        Reference: ``/reference/customers/update``.

        :param fields: as in :meth:`create`, except the ids. ``None`` empties texts and dates, though not ``status``;
            ``attributes`` replaces the tags that are there.
        :raises ChartMogulNotFoundError: there is none with this uuid.
        :raises ChartMogulUnprocessableError: a value is refused.
        """
        body = checked("customers", fields, partial=True)
        return self._api.patch(path("/customers/{}", customer_uuid), body, must_have=_FIELDS)

    def delete(self, customer_uuid: str) -> None:
        """Delete an API-imported customer with invoices, subscriptions and attributes, for good. Repeated at will.

        Reference: ``/reference/customers/delete``.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        self._api.delete(path("/customers/{}", customer_uuid))

    def merge(self, *, from_: CustomerName, into: CustomerName) -> None:
        """Fold one customer into another, for good. Done in the background; the first is then no longer found.

        The other keeps its fields and gets the data sources, external ids, tags and attributes of the first. After a
        failure that leaves open whether this was done, the two are looked up: if they are one by now, or the first
        is gone, it was done; else it is asked for again.

        Reference: ``/reference/merge-customers``.

        :param from_: the one that goes: its uuid, or a mapping with ``data_source_uuid`` and ``external_id``.
        :param into: the one that stays, in the same way.
        :raises ChartMogulInvalidRecordError: one is not named.
        :raises ChartMogulNotFoundError: one of the two does not exist, or was merged already.
        :raises ChartMogulUnprocessableError: the two cannot be merged.
        """
        body = checked("customer_merges", {"from": _name(from_), "into": _name(into)})

        def done() -> bool:
            return find_merged(self, body["from"], body["into"]) is not None

        self._api.post_accepted("/customers/merges", body, done=done)

    def unmerge(
        self,
        customer_uuid: str,
        *,
        data_source_uuid: str,
        external_id: str,
        move_to_new_customer: Sequence[Belongings] | None = None,
    ) -> None:
        """Split one part off a merged customer. Done in the background; the part gets a new uuid.

        After a failure that leaves open whether this was done, the part is looked up: if it belongs to another
        customer, it was done; else it is asked for again.

        Reference: ``/reference/customers/unmerge``.

        :param customer_uuid: the merged customer.
        :param data_source_uuid: the data source of the part, and
        :param external_id: its external id there.
        :param move_to_new_customer: what goes along: ``tasks``, ``opportunities``, ``notes`` (with call logs).
            Everything else stays.
        :raises ChartMogulNotFoundError: there is no such customer.
        :raises ChartMogulUnprocessableError: it has no such part, or no other.
        """
        body: Record = {"customer_uuid": customer_uuid, "data_source_uuid": data_source_uuid}
        body["external_id"] = external_id
        if move_to_new_customer is not None:
            body["move_to_new_customer"] = list(move_to_new_customer)

        body = checked("customer_unmerges", body)
        self._api.post_accepted("/customers/unmerges", body, done=lambda: is_split_off(self, body))

    def retrieve_attributes(self, customer_uuid: str) -> Record:
        """Return ``tags``, ``custom`` (key to value) and what billing systems added.

        Reference: ``/reference/customers/attributes``.
        """
        return self._api.get(path("/customers/{}/attributes", customer_uuid))


def find_customer(customers: CustomersResource, name: Mapping[str, Any]) -> Record | None:
    """Return the customer that a mapping names, if there is one.

    :param name: with ``customer_uuid``, or else with ``data_source_uuid`` and ``external_id``.
    """
    if not name.get("customer_uuid"):
        return find_by_key(customers, name)
    try:
        return customers.retrieve(name["customer_uuid"])
    except ChartMogulNotFoundError:
        return None


def find_by_key(customers: CustomersResource, key: Mapping[str, Any]) -> Record | None:
    """Return the customer with the ``external_id`` in the data source ``data_source_uuid``, if there is one."""
    return customers.list(data_source_uuid=key["data_source_uuid"], external_id=key["external_id"]).first()


def find_merged(customers: CustomersResource, from_: Mapping[str, Any], into: Mapping[str, Any]) -> Record | None:
    """Return the customer that stays if the two are one, or if the other is gone as it is after a merge."""
    source, target = find_customer(customers, from_), find_customer(customers, into)
    if source is None:
        # of a merged customer only the uuid is gone; its external id names the other one
        return target if from_.get("customer_uuid") else None
    return target if target is not None and target["uuid"] == source["uuid"] else None


def uuid_by_key(customers: CustomersResource, key: Mapping[str, Any]) -> str:
    """Return the uuid of the customer with the ``external_id`` in the data source ``data_source_uuid``.

    :raises ChartMogulNotFoundError: there is none.
    """
    found = find_by_key(customers, key)
    if found is None:
        place = f"data source {key['data_source_uuid']}"
        raise ChartMogulNotFoundError(f"there is no customer with this external_id in {place}", status_code=404)
    return str(found["uuid"])


def is_split_off(customers: CustomersResource, unmerge: Mapping[str, Any]) -> bool:
    """Tell whether the part that an unmerge names by its key belongs to another customer than ``customer_uuid``.

    That one must be there: from one that never was, the part of any customer would pass for split off.
    """
    part = find_by_key(customers, unmerge)
    return part is not None and part["uuid"] != unmerge["customer_uuid"] and bool(find_customer(customers, unmerge))


def _name(customer: CustomerName) -> dict[str, str]:
    if isinstance(customer, str):
        return {"customer_uuid": customer}
    # an empty uuid beside a key is a column without a value, and no name
    return {name: value for name, value in customer.items() if name != "customer_uuid" or value not in (None, "")}
