"""Tasks: what users of the account have to do about customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.fields import checked
from airflow_provider_chartmogul.client.pagination import Listing, PageShape
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import Record, day, path

if TYPE_CHECKING:
    from airflow_provider_chartmogul.moments import Moment

_FIELDS = ("task_uuid",)
_SHAPE = PageShape("entries", must_have=_FIELDS)


class TasksResource(Resource):
    """``client.tasks``. The id of a task is called ``task_uuid`` in its record, and has no prefix."""

    def list(
        self,
        *,
        customer_uuid: str | None = None,
        assignee: str | None = None,
        due_date_on_or_after: Moment | None = None,
        due_date_on_or_before: Moment | None = None,
        completed: bool | None = None,
        per_page: int = 200,
        cursor: str | None = None,
    ) -> Listing:
        """List the tasks of the account, newest first.

        Reference: ``/reference/tasks/list``.

        :param assignee: e-mail address of a user.
        :param due_date_on_or_after: first due day; of a point in time, the day in UTC.
        :param due_date_on_or_before: last due day.
        :param completed: only those that are done, or only those that are not.
        :raises ValueError: a date is none.
        """
        params = {
            "customer_uuid": customer_uuid,
            "assignee": assignee,
            "due_date_on_or_after": day("due_date_on_or_after", due_date_on_or_after),
            "due_date_on_or_before": day("due_date_on_or_before", due_date_on_or_before),
            "completed": completed,
        }
        return self._listing("/tasks", params, shape=_SHAPE, per_page=per_page, cursor=cursor)

    def create(
        self, *, customer_uuid: str, task_details: str, assignee: str, due_date: Moment, **fields: Any
    ) -> Record:
        """Add a task. Has no key: not repeated when it may have been done.

        Reference: ``/reference/tasks/add``.

        :param task_details: what to do, at most 255 characters.
        :param assignee: e-mail address of a user of the account.
        :param due_date: a day, which comes back as its midnight in UTC, or a point in time.
        :param fields: ``completed_at``, of a task that is done.
        :raises ChartMogulNotFoundError: no such customer.
        :raises ChartMogulUnprocessableError: a field is refused.
        :raises ChartMogulAmbiguousWriteError: it may or may not have been added.
        """
        record = {"customer_uuid": customer_uuid, "task_details": task_details, "assignee": assignee}
        body = checked("tasks", {**record, "due_date": due_date, **fields})
        return self._api.post_unkeyed("/tasks", body, must_have=_FIELDS)

    def retrieve(self, task_uuid: str) -> Record:
        """Return one task.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        return self._api.get(path("/tasks/{}", task_uuid), must_have=_FIELDS)

    def update(self, task_uuid: str, **fields: Any) -> Record:
        """Change the given fields and return the task. Repeated at will.

        Reference: ``/reference/tasks/update``.

        :param fields: ``task_details``, ``assignee``, ``due_date``, ``completed_at`` (``None`` opens it again).
        :raises ChartMogulNotFoundError: there is none with this uuid.
        :raises ChartMogulUnprocessableError: a value is refused.
        """
        return self._api.patch(path("/tasks/{}", task_uuid), checked("tasks", fields, partial=True), must_have=_FIELDS)

    def delete(self, task_uuid: str) -> None:
        """Delete a task. Repeated at will.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        self._api.delete(path("/tasks/{}", task_uuid))
