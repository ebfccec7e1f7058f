"""Operators on plans."""

from __future__ import annotations

from airflow_provider_chartmogul.operators.keyed_records import ChartMogulImportRecordsOperator


class ChartMogulImportPlansOperator(ChartMogulImportRecordsOperator):
    """Create plans in a custom data source. Prices are on the line items of invoices.

    A record has ``name``, ``interval_count``, ``interval_unit`` (``day``, ``month``, ``year``) and should have
    ``external_id``. Updating changes name and interval, after which MRR is recalculated. Arguments, result and errors
    as in :class:`~airflow_provider_chartmogul.operators.keyed_records.ChartMogulImportRecordsOperator`.
    Reference: ``/reference/plans/add``.
    """

    kind = "plans"
    derived_id = "plan"
