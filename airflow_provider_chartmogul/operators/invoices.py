"""Operators on invoices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_chartmogul.client.fields import Problem, parts, problems
from airflow_provider_chartmogul.exceptions import (
    ChartMogulInvalidRecordError,
    ChartMogulNotFoundError,
    ChartMogulUnprocessableError,
)
from airflow_provider_chartmogul.imports.each import Sent
from airflow_provider_chartmogul.imports.look_ups import LookUps, OncePerKey, reference_problems, with_plan_named
from airflow_provider_chartmogul.operators.keyed_records import (
    ChartMogulDeleteKeyedRecordsOperator,
    ChartMogulImportRecordsOperator,
    ChartMogulKeyedRecordsOperator,
    key_of,
)
from airflow_provider_chartmogul.operators.records import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.each import Send

T = TypeVar("T")

_CHANGEABLE = ("date", "due_date", "currency", "collection_method")
_PLACE = "invoices[0]."


class ChartMogulImportInvoicesOperator(ChartMogulImportRecordsOperator):
    """Create invoices with line items and transactions, one request for each.

    For a backfill there is ``ChartMogulBulkImportOperator``. A record has ``external_id``, ``date``, ``currency``,
    ``line_items`` and perhaps ``due_date``, ``collection_method`` and ``transactions``, and names its customer by
    ``customer_uuid``, or by ``customer_external_id`` within a data source. A line item names its plan by ``plan_uuid``,
    or by ``plan_external_id`` within the data source; customers and plans are looked up once each. Of a customer that
    was merged the part must be named, by ``customer_external_id`` and data source. Updating changes nothing but
    ``date``, ``due_date``, ``currency`` and ``collection_method``, and the customer must be the same.
    Arguments, result and errors as in
    :class:`~airflow_provider_chartmogul.operators.keyed_records.ChartMogulImportRecordsOperator`.
    Reference: ``/reference/invoices/add``.
    """

    kind = "invoices"
    key_fields = ("customer_uuid", "customer_external_id", "data_source_uuid", "external_id")
    also = {"invoices": ("customer_uuid",), "line_items": ("plan_external_id",)}

    def problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with a record; customer and plans may be named in two ways."""
        invoice, items = dict(record), record.get("line_items")
        if isinstance(items, list | tuple):
            source = record.get("data_source_uuid")
            invoice["line_items"] = [with_plan_named(item, source) for item in items]
        return [*reference_problems("customer", record), *problems(self.kind, invoice)]

    def resolver(self, client: ChartMogulClient) -> Callable[[Record], Record]:
        """Return what looks customers and plans up."""
        look_ups = LookUps(client)
        sources_of = OncePerKey(lambda uuid: client.customers.retrieve(uuid).get("data_source_uuids") or [])

        def resolve(record: Record) -> Record:
            source = record.get("data_source_uuid")
            if not source and len(_known(lambda: sources_of(record["customer_uuid"]))) > 1:
                # without it, an invoice of another part with the same external id would pass for this one
                message = "is missing, though the customer is merged from several data sources"
                raise ChartMogulInvalidRecordError(f"data_source_uuid {message}", [("data_source_uuid", message)])
            items = [
                look_ups.filled("plan", item, source, place=f"line_items[{index}].")
                for index, item in enumerate(parts(record, "line_items"))
            ]
            resolved = {**look_ups.filled("customer", record, source), "line_items": items}
            if record.get("customer_external_id"):
                # together with the data source it says which part of a merged customer is billed
                resolved["customer_external_id"] = record["customer_external_id"]
            return resolved

        return resolve

    def create(self, client: ChartMogulClient, record: Record) -> Record:
        """Create an invoice."""
        invoice = dict(record)
        try:
            answer = _known(lambda: client.invoices.create(invoice.pop("customer_uuid"), [invoice]))
        except ChartMogulUnprocessableError as error:
            # of this invoice, whose place in the request means nothing to anybody
            error.errors = {field.removeprefix(_PLACE): sentence for field, sentence in error.errors.items()}
            raise
        stored: Record = answer["invoices"][0]
        return stored

    def find(self, client: ChartMogulClient, record: Record) -> Record | None:
        """Look an invoice of the customer up by external id."""
        same = client.invoices.list(
            customer_uuid=record["customer_uuid"],
            data_source_uuid=record.get("data_source_uuid"),
            external_id=record["external_id"],
            validation_type="all",
        )
        return same.first()

    def update(self, client: ChartMogulClient, uuid: str, changes: Record) -> None:
        """Change the terms of an invoice."""
        super().update(client, uuid, {name: changes[name] for name in _CHANGEABLE if name in changes})


class ChartMogulUpdateInvoiceStatusOperator(ChartMogulKeyedRecordsOperator):
    """Void invoices or write them off, which cannot be taken back; by default they no longer count for MRR.

    A record has ``external_id``, the data source (or the operator has it for all), and ``status``, ``voided`` or
    ``written_off``. An invoice that has the status already counts as ``updated``. Arguments, result (without ``uuids``)
    and errors as in
    :class:`~airflow_provider_chartmogul.operators.records.ChartMogulRecordsOperator`.
    Reference: ``/reference/invoices/update-status``.
    """

    kind = "invoice_statuses"
    states = ("updated",)
    key_fields = ("data_source_uuid", "external_id")
    has_ids = False

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what sets the status of one invoice."""

        def send(record: Record) -> Sent:
            client.invoices.update_status(**key_of(record), status=record["status"])
            return Sent("updated")

        return send


class ChartMogulDeleteInvoicesOperator(ChartMogulDeleteKeyedRecordsOperator):
    """Delete invoices with line items and transactions; a subscription without other invoices goes too.

    Invoices are named by ``uuid``, or in ``records`` by ``external_id`` within a data source. Arguments, result and
    errors as in :class:`~airflow_provider_chartmogul.operators.changing_records.ChartMogulDeleteRecordsOperator`.
    Reference: ``/reference/delete-an-invoice``.
    """

    kind = "invoices"

    def delete(self, client: ChartMogulClient, record: Record) -> None:
        """Delete an invoice."""
        if record.get("uuid"):
            client.invoices.delete(record["uuid"])
        else:
            client.invoices.delete_by_external_id(**key_of(record))


class ChartMogulDeleteCustomerInvoicesOperator(ChartMogulDeleteKeyedRecordsOperator):
    """Delete all invoices that customers have in a data source, and so their subscriptions there.

    Customers are named by ``uuid``; in ``records`` each may name its own ``data_source_uuid``. A customer without
    invoices is success. Arguments, result and errors as in
    :class:`~airflow_provider_chartmogul.operators.changing_records.ChartMogulDeleteRecordsOperator`.
    Reference: ``/reference/invoices/delete-all``.
    """

    kind = "invoices"

    def completer(self) -> Callable[[Mapping[str, Any]], Record]:
        """Return what gives a record the data source of all."""
        return self.with_data_source

    def name_problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with the name of a customer and a data source."""
        return [*missing("data_source_uuid", record), *missing("uuid", record)]

    def delete(self, client: ChartMogulClient, record: Record) -> None:
        """Delete the invoices of a customer."""
        client.invoices.delete_for_customer(record["data_source_uuid"], record["uuid"])


def _known(ask: Callable[[], T]) -> T:
    """Ask about a customer; of one that is not there the API says that the invoice is not found."""
    try:
        return ask()
    except ChartMogulNotFoundError as error:
        message = "names no customer"
        raise ChartMogulInvalidRecordError(f"customer_uuid {message}", [("customer_uuid", message)]) from error
