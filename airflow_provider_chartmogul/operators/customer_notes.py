"""Operators on the notes and call logs of customers."""

from __future__ import annotations

from airflow_provider_chartmogul.operators.changing_records import (
    ChartMogulDeleteRecordsOperator,
    ChartMogulUpdateRecordsOperator,
)
from airflow_provider_chartmogul.operators.keyless_records import (
    ChartMogulCreateKeylessRecordsOperator,
    as_instant,
    as_number,
    as_words,
)


class ChartMogulCreateCustomerNotesOperator(ChartMogulCreateKeylessRecordsOperator):
    """Add notes and call logs to customers. Reference: ``/reference/notes-and-call-logs/add``.

    A record has ``customer_uuid`` and ``type`` (``note`` or ``call``), and may have ``text``, ``author_email`` (a user
    of the account; else the owner of the key), ``call_duration`` (seconds, of a call) and ``created_at`` (to date it
    back).

    Identity fields, within customer and type: ``text``, ``created_at`` and ``call_duration``. A record without any of
    them is created by every run. Arguments and result as :class:`ChartMogulCreateKeylessRecordsOperator`.
    """

    kind = "customer_notes"
    place = ("customer_uuid", "type")
    identity = {"text": as_words, "created_at": as_instant, "call_duration": as_number}


class ChartMogulUpdateCustomerNotesOperator(ChartMogulUpdateRecordsOperator):
    """Change notes and call logs. Reference: ``/reference/notes-and-call-logs/update``.

    A record has the ``uuid`` of the note and the fields to change: ``text``, ``author_email``, ``call_duration``,
    ``created_at``, ``updated_at``; type and customer stay. Arguments and result as
    :class:`~airflow_provider_chartmogul.operators.changing_records.ChartMogulUpdateRecordsOperator`.
    """

    kind = "customer_notes"


class ChartMogulDeleteCustomerNotesOperator(ChartMogulDeleteRecordsOperator):
    """Delete notes and call logs.

    Arguments and result as
    :class:`~airflow_provider_chartmogul.operators.changing_records.ChartMogulDeleteRecordsOperator`.
    """

    kind = "customer_notes"
