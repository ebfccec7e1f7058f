"""Operators on tasks in ChartMogul: what users of the account have to do about customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.operators.keyless_records import (
    ChartMogulCreateKeylessRecordsOperator,
    as_date,
    as_words,
)
from airflow_provider_chartmogul.operators.records import (
    ChartMogulDeleteRecordsOperator,
    ChartMogulUpdateRecordsOperator,
    missing,
)

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.fields import Problem
    from airflow_provider_chartmogul.client.resources.tasks import TasksResource
    from airflow_provider_chartmogul.operators.records import Record


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

    def resource(self, client: ChartMogulClient) -> TasksResource:
        """Tasks."""
        return client.tasks


class ChartMogulUpdateTasksOperator(ChartMogulUpdateRecordsOperator):
    """Change tasks, or complete them. Reference: ``/reference/tasks/update``.

    A record has the ``task_uuid`` and the fields to change: ``task_details``, ``assignee``, ``due_date``,
    ``completed_at`` (``None`` opens it again). Arguments and result as
    :class:`~airflow_provider_chartmogul.operators.records.ChartMogulUpdateRecordsOperator`.
    """

    kind = "tasks"
    names = ("task_uuid",)
    key_fields = names

    def name_problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with the name of a task."""
        return missing("task_uuid", record)

    def update(self, client: ChartMogulClient, uuid: str, changes: Record) -> None:
        """Change one task."""
        client.tasks.update(uuid, **changes)


class ChartMogulDeleteTasksOperator(ChartMogulDeleteRecordsOperator):
    """Delete tasks; a record has the ``task_uuid``. Reference: ``/reference/tasks``.

    Arguments and result as :class:`~airflow_provider_chartmogul.operators.records.ChartMogulDeleteRecordsOperator`.
    """

    kind = "tasks"
    names = ("task_uuid",)

    def name_problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with the name of a task."""
        return missing("task_uuid", record)

    def delete(self, client: ChartMogulClient, record: Record) -> None:
        """Delete one task."""
        client.tasks.delete(record["task_uuid"])
