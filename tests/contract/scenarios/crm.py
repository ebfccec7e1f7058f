"""Scenarios of customer notes, tasks and opportunities."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.contract.account import Account
    from tests.contract.scenarios import Steps


def list_customer_notes(a: Account) -> Steps:
    a.client.customer_notes.create(customer_uuid=a.lead, **a.note_draft)
    uuid = a.note["uuid"]
    listed = yield {"customer_uuid": a.paying}
    assert [row["uuid"] for row in listed] == [uuid]


def create_customer_note(a: Account) -> Steps:
    made = yield {"customer_uuid": a.paying, "type": "call", "text": "Short", "call_duration": 90}
    assert (made["type"], made["call_duration"]) == ("call", 90)
    assert [row["uuid"] for row in a.client.customer_notes.list()] == [made["uuid"]]


def retrieve_customer_note(a: Account) -> Steps:
    uuid = a.note["uuid"]
    note = yield {"note_uuid": uuid}
    assert (note["text"], note["customer_uuid"]) == ("Asked for an offer", a.paying)
    assert "ada@us.example" in note["author"]


def update_customer_note(a: Account) -> Steps:
    uuid = a.note["uuid"]
    assert (yield {"note_uuid": uuid, "text": "Signed"})["text"] == "Signed"
    assert a.client.customer_notes.retrieve(uuid)["text"] == "Signed"


def delete_customer_note(a: Account) -> Steps:
    uuid = a.note["uuid"]
    assert (yield {"note_uuid": uuid}) is None
    assert list(a.client.customer_notes.list()) == []


def list_tasks(a: Account) -> Steps:
    a.client.tasks.create(customer_uuid=a.lead, **{**a.task_draft, "due_date": "2026-05-01"})
    uuid = a.task["task_uuid"]
    listed = yield {"due_date_on_or_before": "2026-04-30"}
    assert [row["task_uuid"] for row in listed] == [uuid]


def create_task(a: Account) -> Steps:
    made = yield {"customer_uuid": a.paying, **a.task_draft}
    assert (made["task_details"], made["assignee"]) == ("Call back", "ada@us.example")
    assert made["due_date"].startswith("2026-04-01")
    assert [row["task_uuid"] for row in a.client.tasks.list()] == [made["task_uuid"]]


def retrieve_task(a: Account) -> Steps:
    uuid = a.task["task_uuid"]
    task = yield {"task_uuid": uuid}
    assert (task["customer_uuid"], task["completed_at"]) == (a.paying, None)


def update_task(a: Account) -> Steps:
    uuid = a.task["task_uuid"]
    changed = yield {"task_uuid": uuid, "completed_at": "2026-03-14T09:00:00Z"}
    assert changed["completed_at"].startswith("2026-03-14T09:00:00")
    assert [row["task_uuid"] for row in a.client.tasks.list(completed=True)] == [uuid]


def delete_task(a: Account) -> Steps:
    uuid = a.task["task_uuid"]
    assert (yield {"task_uuid": uuid}) is None
    assert list(a.client.tasks.list()) == []


def list_opportunities(a: Account) -> Steps:
    a.client.opportunities.create(customer_uuid=a.lead, **{**a.opportunity_draft, "pipeline": "Renewals"})
    uuid = a.opportunity["uuid"]
    listed = yield {"pipeline": "New business"}
    assert [row["uuid"] for row in listed] == [uuid]


def create_opportunity(a: Account) -> Steps:
    made = yield {"customer_uuid": a.paying, **a.opportunity_draft, "win_likelihood": 40}
    assert (made["amount_in_cents"], made["currency"], made["win_likelihood"]) == (120_000, "USD", 40)
    assert [row["uuid"] for row in a.client.opportunities.list()] == [made["uuid"]]


def retrieve_opportunity(a: Account) -> Steps:
    uuid = a.opportunity["uuid"]
    opportunity = yield {"opportunity_uuid": uuid}
    assert (opportunity["customer_uuid"], opportunity["estimated_close_date"]) == (a.paying, "2026-06-30")


def update_opportunity(a: Account) -> Steps:
    uuid = a.opportunity["uuid"]
    changed = yield {"opportunity_uuid": uuid, "pipeline_stage": "Offer", "forecast_category": "best_case"}
    assert (changed["pipeline_stage"], changed["pipeline"]) == ("Offer", "New business")
    assert a.client.opportunities.retrieve(uuid)["forecast_category"] == "best_case"


def delete_opportunity(a: Account) -> Steps:
    uuid = a.opportunity["uuid"]
    assert (yield {"opportunity_uuid": uuid}) is None
    assert list(a.client.opportunities.list()) == []
