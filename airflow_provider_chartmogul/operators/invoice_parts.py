"""What operators on line items and transactions share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.client.fields import Problem, parts
from airflow_provider_chartmogul.imports.look_ups import LookUps, reference_problems
from airflow_provider_chartmogul.operators.keyed_records import ChartMogulImportRecordsOperator

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record


class ChartMogulImportInvoicePartsOperator(ChartMogulImportRecordsOperator):
    """Base of the operators that add parts to invoices; a part is there already if its invoice has its external id."""

    key_fields = ("invoice_uuid", "invoice_external_id", "data_source_uuid", "external_id")

    @property
    def names(self) -> tuple[str, ...]:
        """Fields that name a part that is there already."""
        return (*super().names, "invoice_uuid")

    def problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with a record; the invoice may be named in two ways."""
        return [*reference_problems("invoice", record), *super().problems(record)]

    def resolver(self, client: ChartMogulClient) -> Callable[[Record], Record]:
        """Return what looks invoices up."""
        look_ups = LookUps(client)
        return lambda record: self.resolved(look_ups, record)

    def resolved(self, look_ups: LookUps, record: Record) -> Record:
        """Return a record as the API takes it, which knows parts by the uuid of their invoice alone."""
        source = record.get("data_source_uuid")
        return {k: v for k, v in look_ups.filled("invoice", record, source).items() if k != "data_source_uuid"}

    def find(self, client: ChartMogulClient, record: Record) -> Record | None:
        """Look the part up in its invoice."""
        invoice = client.invoices.retrieve(record["invoice_uuid"], validation_type="all")
        same = (dict(part) for part in parts(invoice, self.kind) if part.get("external_id") == record["external_id"])
        return next(same, None)
