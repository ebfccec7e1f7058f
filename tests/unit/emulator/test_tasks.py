"""Tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api


def create(api: Api, customer: str, expect: int = 201, **fields: Any) -> Any:
    body = {
        "customer_uuid": customer,
        "task_details": "Send the renewal paperwork",
        "assignee": "rui@tenant.example",
        "due_date": "2026-05-18",
        **fields,
    }
    return api.json("POST", "/tasks", body, expect)


def found(api: Api, **query: Any) -> list[str]:
    return [task["task_details"] for task in api.walk("/tasks", "entries", **query)]


def test_a_task(api: Api, customer: str) -> None:
    created = create(api, customer)
    assert created == {
        "task_uuid": created["task_uuid"],
        "customer_uuid": customer,
        "task_details": "Send the renewal paperwork",
        "assignee": "rui@tenant.example",
        "due_date": "2026-05-18T00:00:00.000Z",
        "completed_at": None,
        "created_at": "2026-03-15T12:00:00.000Z",
        "updated_at": "2026-03-15T12:00:00.000Z",
    }


def test_tasks_are_done_and_taken_up_again(api: Api, customer: str) -> None:
    task = create(api, customer)
    one = f"/tasks/{task['task_uuid']}"
    done = api.json("PATCH", one, {"completed_at": "2026-03-14T10:30:00+02:00"})
    assert done == task | {"completed_at": "2026-03-14T08:30:00.000Z"}
    assert api.json("PATCH", one, {"completed_at": None}) == task
    assert create(api, customer, completed_at="2026-03-01")["completed_at"] == "2026-03-01T00:00:00.000Z"


def test_filters(api: Api, customer: str) -> None:
    create(api, customer, task_details="a", due_date="2026-05-01")
    create(api, customer, task_details="b", due_date="2026-05-02 23:59:59", completed_at="2026-03-01")
    create(api, customer, task_details="c", due_date="2026-05-03", assignee="ida@tenant.example")
    assert found(api) == ["c", "b", "a"]
    assert found(api, completed="true") == ["b"]
    assert found(api, completed="false") == ["c", "a"]
    assert found(api, assignee="ida@tenant.example") == ["c"]
    assert found(api, due_date_on_or_after="2026-05-02") == ["c", "b"]
    assert found(api, due_date_on_or_before="2026-05-02") == ["b", "a"]
    assert found(api, due_date_on_or_after="2026-05-02", due_date_on_or_before="2026-05-02", per_page=1) == ["b"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("completed", "maybe"), ("due_date_on_or_after", "soon"), ("due_date_on_or_before", "2026-13-01")],
)
def test_filters_that_cannot_be_read(api: Api, customer: str, name: str, value: str) -> None:
    create(api, customer)
    assert api.json("GET", "/tasks", None, 400, **{name: value})["param"] == name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("task_details", ""),
        ("task_details", "x" * 256),
        ("assignee", "Rui"),
        ("due_date", "soon"),
        ("completed_at", "2026-02-30"),
    ],
)
def test_values_that_are_refused(api: Api, customer: str, field: str, value: str) -> None:
    task = create(api, customer, task_details="x" * 255)
    assert list(create(api, customer, 422, **{field: value})["errors"]) == [field]
    one = f"/tasks/{task['task_uuid']}"
    assert list(api.json("PATCH", one, {"task_details": "Call", field: value}, 422)["errors"]) == [field]
    assert api.walk("/tasks", "entries") == [task]


def test_all_that_is_refused_is_told(api: Api, customer: str) -> None:
    refused = create(api, customer, 422, assignee="Rui", due_date="soon")
    assert refused == {"errors": {"assignee": "is invalid", "due_date": "is invalid"}}
