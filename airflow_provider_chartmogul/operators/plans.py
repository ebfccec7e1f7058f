"""Operators on plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.operators.keyed_records import ChartMogulImportRecordsOperator, key_of

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.operators.records import Record


class ChartMogulImportPlansOperator(ChartMogulImportRecordsOperator):
    """Create plans in a custom data source. Prices are on the line items of invoices.

    A record has ``name``, ``interval_count``, ``interval_unit`` (``day``, ``month``, ``year``) and should have
    ``external_id``. Updating changes name and interval, after which MRR is recalculated. Arguments, result and errors
    as in :class:`~airflow_provider_chartmogul.operators.keyed_records.ChartMogulImportRecordsOperator`.
    Reference: ``/reference/plans/add``.
    """

    kind = "plans"
    derived_id = "plan"

    def create(self, client: ChartMogulClient, record: Record) -> Record:
        """Create a plan."""
        return client.plans.create(**record)

    def find(self, client: ChartMogulClient, record: Record) -> Record | None:
        """Look a plan up by external id."""
        return client.plans.list(**key_of(record)).first()

    def update(self, client: ChartMogulClient, found: Record, changes: Record) -> None:
        """Change a plan."""
        client.plans.update(found["uuid"], **changes)
