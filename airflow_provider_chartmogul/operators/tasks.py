"""Operators on tasks in ChartMogul: what users of the account have to do about customers."""

from __future__ import annotations

from airflow_provider_chartmogul.operators.changing_records import (
    ChartMogulDeleteRecordsOperator,
    ChartMogulUpdateRecordsOperator,
)
from airflow_provider_chartmogul.operators.keyless_records import (
    ChartMogulCreateKeylessRecordsOperator,
    as_date,
    as_words,
)


class ChartMogulCreateTasksOperator(ChartMogulCreateKeylessRecordsOperator):
    """Give users tasks about customers. Reference: ``/reference/tasks/add``.

    A record has ``customer_uuid``, ``task_details`` (at most 255 characters), ``assignee`` (e-mail address of a user of
    the account) and ``due_date``, and may have ``completed_at``.

    Identity fields: ``task_details``, ``assignee`` and ``due_date`` (its day), whether the task is completed or not.
    Arguments and result as :class:`ChartMogulCreateKeylessRecordsOperator`.
    """

    kind = "tasks"
    identity = {"task_details": as_words, "assignee": as_words, "due_date": as_date}
    id_field = "task_uuid"


class ChartMogulUpdateTasksOperator(ChartMogulUpdateRecordsOperator):
    """Change tasks, or complete them. Reference: ``/reference/tasks/update``.

    A record has the ``task_uuid`` and the fields to change: ``task_details``, ``assignee``, ``due_date``,
    ``completed_at`` (``None`` opens it again). Arguments and result as
    :class:`~airflow_provider_chartmogul.operators.changing_records.ChartMogulUpdateRecordsOperator`.
    """

    kind = "tasks"
    id_field = "task_uuid"


class ChartMogulDeleteTasksOperator(ChartMogulDeleteRecordsOperator):
    """Delete tasks; a record has the ``task_uuid``.

    Arguments and result as
    :class:`~airflow_provider_chartmogul.operators.changing_records.ChartMogulDeleteRecordsOperator`.
    """

    kind = "tasks"
    id_field = "task_uuid"
