"""Operators on transactions of invoices that are there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.operators.invoice_parts import ChartMogulImportInvoicePartsOperator

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.operators.records import Record


class ChartMogulImportTransactionsOperator(ChartMogulImportInvoicePartsOperator):
    """Record payments and refunds of invoices that are there already. Money is integer cents.

    A record has ``type`` (``payment``, ``refund``), ``date``, ``result`` (``successful``, ``failed``), perhaps
    ``amount_in_cents`` (the whole invoice without it), and should have ``external_id``; it names its invoice by
    ``invoice_uuid``, or by ``invoice_external_id`` within a data source. Arguments, result and errors as in
    :class:`~airflow_provider_chartmogul.operators.keyed_records.ChartMogulImportRecordsOperator`.
    Reference: ``/reference/transactions/add``.
    """

    kind = "transactions"
    derived_id = "transaction"

    def create(self, client: ChartMogulClient, record: Record) -> Record:
        """Create a transaction."""
        return client.transactions.create(**record)

    def update(self, client: ChartMogulClient, found: Record, changes: Record) -> None:
        """Change a transaction."""
        client.transactions.update(found["uuid"], **changes)
