"""Tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator.routes.crm import Resource, equal, on_or_after, on_or_before
from airflow_provider_chartmogul.emulator.store.crm_fields import Field, email, filled, moment, nullable

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.emulator.store.crm import Entry


class _Tasks(Resource):
    def show(self, entry: Entry) -> dict[str, Any]:
        body = super().show(entry)
        return {"task_uuid": body.pop("uuid"), **body}


def _completed(wanted: str) -> Callable[[Entry], bool]:
    if wanted not in ("true", "false"):
        raise ValueError(wanted)
    return lambda entry: (entry.values["completed_at"] is not None) == (wanted == "true")


OPERATIONS = _Tasks(
    "task",
    "/tasks",
    lambda crm: crm.tasks,
    fields={
        "task_details": Field(filled(255), required=True),
        "assignee": Field(email, required=True),
        "due_date": Field(moment, required=True),
        "completed_at": Field(nullable(moment)),
    },
    filters={
        "assignee": equal("assignee"),
        "due_date_on_or_after": on_or_after("due_date"),
        "due_date_on_or_before": on_or_before("due_date"),
        "completed": _completed,
    },
).operations()
