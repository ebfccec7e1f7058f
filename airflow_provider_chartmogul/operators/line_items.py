"""Operators on line items of invoices that are there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.imports.look_ups import with_plan_named
from airflow_provider_chartmogul.operators.invoice_parts import ChartMogulImportInvoicePartsOperator

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client.fields import Problem
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.look_ups import LookUps


class ChartMogulImportLineItemsOperator(ChartMogulImportInvoicePartsOperator):
    """Add line items to invoices that are there already. Money is integer cents.

    A record has the fields of a line item and should have ``external_id``; it names its invoice by ``invoice_uuid``, or
    by ``invoice_external_id`` within a data source, and its plan by ``plan_uuid``, or by ``plan_external_id`` within
    the data source. Arguments, result and errors as in
    :class:`~airflow_provider_chartmogul.operators.keyed_records.ChartMogulImportRecordsOperator`.
    """

    kind = "line_items"
    derived_id = "line"
    also = {"line_items": ("invoice_external_id", "plan_external_id")}

    def problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with a record; the plan may be named in two ways."""
        return super().problems(with_plan_named(record, record.get("data_source_uuid")))

    def resolved(self, look_ups: LookUps, record: Record) -> Record:
        """Look the plan up as well."""
        return super().resolved(look_ups, look_ups.filled("plan", record, record.get("data_source_uuid")))
