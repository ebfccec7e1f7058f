"""Operators on opportunities: sales that may come about. The API key must be that of a user with a CRM seat."""

from __future__ import annotations

from airflow_provider_chartmogul.operators.changing_records import (
    ChartMogulDeleteRecordsOperator,
    ChartMogulUpdateRecordsOperator,
)
from airflow_provider_chartmogul.operators.keyless_records import (
    ChartMogulCreateKeylessRecordsOperator,
    as_date,
    as_number,
    as_words,
)


class ChartMogulCreateOpportunitiesOperator(ChartMogulCreateKeylessRecordsOperator):
    """Add opportunities to customers. Reference: ``/reference/opportunities/add``.

    A record has ``customer_uuid``, ``owner`` (e-mail address of a user of the account), ``pipeline`` and
    ``pipeline_stage`` (names, as set up in the app), ``estimated_close_date``, ``currency`` and ``amount_in_cents``
    (integer cents of that currency), and may have ``type`` (``recurring``, ``one-time``, ``arr``),
    ``forecast_category`` (``pipeline``, ``best_case``, ``committed``, ``lost``, ``won``), ``win_likelihood`` (0 to 100)
    and ``custom`` (a list of ``{"key", "value"}``, of keys that the account defines).

    Identity fields, within customer and pipeline: ``estimated_close_date``, ``currency``, ``amount_in_cents`` and
    ``type``; owner, stage and forecast change in the course of a sale. Arguments and result as
    :class:`ChartMogulCreateKeylessRecordsOperator`.
    """

    kind = "opportunities"
    place = ("customer_uuid", "pipeline")
    identity = {
        "estimated_close_date": as_date,
        "currency": as_words,
        "amount_in_cents": as_number,
        "type": as_words,
    }


class ChartMogulUpdateOpportunitiesOperator(ChartMogulUpdateRecordsOperator):
    """Change opportunities.

    A record has the ``uuid`` of the opportunity and the fields to change, as in
    :class:`ChartMogulCreateOpportunitiesOperator` except the customer. Arguments and result as
    :class:`~airflow_provider_chartmogul.operators.changing_records.ChartMogulUpdateRecordsOperator`.
    """

    kind = "opportunities"


class ChartMogulDeleteOpportunitiesOperator(ChartMogulDeleteRecordsOperator):
    """Delete opportunities.

    Arguments and result as
    :class:`~airflow_provider_chartmogul.operators.changing_records.ChartMogulDeleteRecordsOperator`.
    """

    kind = "opportunities"
