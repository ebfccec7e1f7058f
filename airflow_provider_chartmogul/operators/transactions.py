"""Operators on transactions of invoices that are there already."""

from __future__ import annotations

from airflow_provider_chartmogul.operators.invoice_parts import ChartMogulImportInvoicePartsOperator


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
    also = {"transactions": ("invoice_external_id",)}
