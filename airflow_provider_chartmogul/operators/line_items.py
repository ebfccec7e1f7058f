"""Operators on line items of invoices that are there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.imports.look_ups import with_plan_named
from airflow_provider_chartmogul.operators.invoice_parts import ChartMogulImportInvoicePartsOperator

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.fields import Problem
    from airflow_provider_chartmogul.imports.look_ups import LookUps
    from airflow_provider_chartmogul.operators.records import Record


class ChartMogulImportLineItemsOperator(ChartMogulImportInvoicePartsOperator):
    """Add line items to invoices that are there already. Money is integer cents.

    A record has the fields of a line item and should have ``external_id``; it names its invoice by ``invoice_uuid``, or
    by ``invoice_external_id`` within a data source, and its plan by ``plan_uuid``, or by ``plan_external_id`` within
    the data source. Arguments, result and errors as in
    :class:`~airflow_provider_chartmogul.operators.keyed_records.ChartMogulImportRecordsOperator`.
    Reference: ``/reference/line-items/add``.
    """

    kind = "line_items"
    derived_id = "line"

    def problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with a record; the plan may be named in two ways."""
        return super().problems(with_plan_named(record, record.get("data_source_uuid")))

    def resolved(self, look_ups: LookUps, record: Record) -> Record:
        """Look the plan up as well."""
        return super().resolved(look_ups, look_ups.filled("plan", record, record.get("data_source_uuid")))

    def create(self, client: ChartMogulClient, record: Record) -> Record:
        """Create a line item."""
        return client.line_items.create(**record)

    def update(self, client: ChartMogulClient, found: Record, changes: Record) -> None:
        """Change a line item."""
        client.line_items.update(found["uuid"], **changes)
