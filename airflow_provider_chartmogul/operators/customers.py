"""Operators on customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.client.fields import Problem
from airflow_provider_chartmogul.client.resources.customers import (
    find_merged,
    is_split_off,
    uuid_by_key,
)
from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError, ChartMogulUnprocessableError
from airflow_provider_chartmogul.imports.each import Sent
from airflow_provider_chartmogul.operators.changing_records import ChartMogulUpdateRecordsOperator
from airflow_provider_chartmogul.operators.keyed_records import (
    ChartMogulDeleteKeyedRecordsOperator,
    ChartMogulImportRecordsOperator,
    ChartMogulKeyedRecordsOperator,
)
from airflow_provider_chartmogul.operators.records import ChartMogulRecordsOperator

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.each import Send


class ChartMogulImportCustomersOperator(ChartMogulImportRecordsOperator):
    """Create customers, one request for each; for thousands there is ``ChartMogulBulkImportOperator``.

    A record has ``external_id`` and any field of a customer. A customer that is there under its ``external_id`` in the
    data source is skipped or updated; ``attributes`` then replace the tags that it has. Arguments, result and errors
    as in :class:`~airflow_provider_chartmogul.operators.keyed_records.ChartMogulImportRecordsOperator`.
    Reference: ``/reference/customers/add``.
    """

    kind = "customers"


class ChartMogulUpdateCustomersOperator(ChartMogulKeyedRecordsOperator, ChartMogulUpdateRecordsOperator):
    """Change customers of any data source; ``None`` empties a field, ``attributes`` replace the tags.

    A record names the customer by ``uuid``, or by ``external_id`` within a data source, and the fields to change; the
    ``external_id`` cannot change, and so a record that has ``uuid`` must not have it.
    Arguments, result and errors as in
    :class:`~airflow_provider_chartmogul.operators.changing_records.ChartMogulUpdateRecordsOperator`.
    Reference: ``/reference/customers/update``.
    """

    kind = "customers"

    def problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with a record."""
        twice = record.get("uuid") is not None and record.get("external_id") is not None
        named = [Problem("external_id", "cannot change; leave it out beside uuid")] if twice else []
        return [*named, *super().problems(record)]

    def uuid_of(self, client: ChartMogulClient, record: Record) -> str:
        """Return the uuid, looked up where the record has none."""
        return _uuid(client, record)


class ChartMogulDeleteCustomersOperator(ChartMogulDeleteKeyedRecordsOperator):
    """Delete API-imported customers with invoices, subscriptions and attributes, for good.

    Customers are named by ``uuid``, or in ``records`` by ``external_id`` within a data source. Arguments, result and
    errors as in :class:`~airflow_provider_chartmogul.operators.changing_records.ChartMogulDeleteRecordsOperator`.
    Reference: ``/reference/customers/delete``.
    """

    kind = "customers"

    def delete(self, client: ChartMogulClient, record: Record) -> None:
        """Delete a customer."""
        client.customers.delete(_uuid(client, record))


class ChartMogulMergeCustomersOperator(ChartMogulRecordsOperator):
    """Fold customers into others, for good. ChartMogul does this in the background, within minutes.

    A record is ``{"from": …, "into": …}``, each ``{"customer_uuid": …}`` or ``{"data_source_uuid": …, "external_id":
    …}``. All are asked for at once: a customer that others are merged into must not be merged itself by the same task.
    Counts are ``merged`` and ``already_merged``: the two are one customer, or the first is gone as it is after a merge.
    Arguments, result (``uuids``: those of the customers that stay) and errors as in
    :class:`~airflow_provider_chartmogul.operators.records.ChartMogulRecordsOperator`.
    Reference: ``/reference/merge-customers``.
    """

    kind = "customer_merges"
    states = ("merged", "already_merged")
    key_fields = ("from",)

    def problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with a pair of customers."""
        if found := super().problems(record):
            return found
        return [Problem("from", "is the customer that stays")] if record["from"] == record["into"] else []

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what merges two customers."""

        def send(record: Record) -> Sent:
            into = record["into"]
            try:
                client.customers.merge(from_=record["from"], into=into)
            except (ChartMogulNotFoundError, ChartMogulUnprocessableError):
                stays = find_merged(client.customers, record["from"], into)
                if stays is None:
                    raise
                return Sent("already_merged", stays["uuid"])
            return Sent("merged", into.get("customer_uuid"))

        return send


class ChartMogulUnmergeCustomersOperator(ChartMogulRecordsOperator):
    """Split parts off merged customers. ChartMogul does this in the background, within minutes.

    A record names the merged customer (``customer_uuid``) and the part (``data_source_uuid``, ``external_id``), and in
    ``move_to_new_customer`` what goes along: ``tasks``, ``opportunities``, ``notes``. Counts are ``unmerged`` and
    ``already_unmerged``: both are there, and the part belongs to another customer. Arguments, result and errors as in
    :class:`~airflow_provider_chartmogul.operators.records.ChartMogulRecordsOperator`.
    Reference: ``/reference/customers/unmerge``.
    """

    kind = "customer_unmerges"
    states = ("unmerged", "already_unmerged")
    key_fields = ("data_source_uuid", "external_id")

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what splits one part off."""

        def send(record: Record) -> Sent:
            try:
                client.customers.unmerge(**record)
            except (ChartMogulNotFoundError, ChartMogulUnprocessableError):
                if not is_split_off(client.customers, record):
                    raise
                return Sent("already_unmerged", record["customer_uuid"])
            return Sent("unmerged", record["customer_uuid"])

        return send


def _uuid(client: ChartMogulClient, record: Record) -> str:
    return str(record.get("uuid") or uuid_by_key(client.customers, record))
