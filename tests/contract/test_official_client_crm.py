"""ChartMogul's own Python client on contacts, notes, tasks, opportunities, plan groups and merges.

Left out is what that client asks for beyond the API that the reference describes: ``EntityNote`` with its ``/notes``,
what hangs on contacts instead of customers, overrides and histories of attributes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import chartmogul
import pytest

from tests.contract.official import refused, walk

# of its old classes for notes, which are those of the reference
pytestmark = pytest.mark.filterwarnings("ignore:Custom:DeprecationWarning")

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@dataclass
class Kind:
    """Records that hang on a customer.

    :param data: of a new one, without its customer.
    :param change: one field of it.
    :param needed: leaving this out is 400.
    :param refused: a change that cannot be.
    """

    resource: Any
    data: dict[str, Any]
    change: tuple[str, Any]
    needed: str
    refused: dict[str, Any]
    prefix: str = ""
    uuid: str = "uuid"
    in_source: bool = False
    filters: dict[str, Any] = field(default_factory=dict)


KINDS = {
    "contact": Kind(
        chartmogul.Contact,
        {"first_name": "Max", "email": "max@firm.example"},
        ("title", "CFO"),
        "data_source_uuid",
        {"position": "first"},
        prefix="con_",
        in_source=True,
        filters={"email": "max@firm.example"},
    ),
    "note": Kind(
        chartmogul.CustomerNote,
        {"type": "note", "text": "Asked for an offer", "author_email": "ada@us.example"},
        ("text", "Signed"),
        "type",
        {"call_duration": "long"},
        prefix="note_",
        filters={"author_email": "ada@us.example"},
    ),
    "task": Kind(
        chartmogul.Task,
        {"task_details": "Call back", "assignee": "ada@us.example", "due_date": "2026-04-01"},
        ("task_details", "Write"),
        "due_date",
        {"due_date": "soon"},
        uuid="task_uuid",
        filters={"assignee": "ada@us.example", "completed": False},
    ),
    "opportunity": Kind(
        chartmogul.Opportunity,
        {
            "owner": "ada@us.example",
            "pipeline": "New business",
            "pipeline_stage": "Discovery",
            "estimated_close_date": "2026-06-30",
            "currency": "USD",
            "amount_in_cents": 120_000,
        },
        ("pipeline_stage", "Offer"),
        "owner",
        {"amount_in_cents": "much"},
        filters={"pipeline": "New business"},
    ),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def data(kind: Kind, source: Any, customer: Any) -> dict[str, Any]:
    extra = {"data_source_uuid": source.uuid} if kind.in_source else {}
    return {"customer_uuid": customer.uuid, **kind.data, **extra}


def uuid_of(kind: Kind, record: Any) -> str:
    return str(getattr(record, kind.uuid))


def test_created_read_changed_deleted(config: chartmogul.Config, kind: Kind, data: dict[str, Any]) -> None:
    made = kind.resource.create(config, data=data).get()
    uuid = uuid_of(kind, made)
    name, value = kind.change
    assert made.customer_uuid == data["customer_uuid"]
    assert uuid.startswith(kind.prefix)
    assert getattr(kind.resource.retrieve(config, uuid=uuid).get(), name) == kind.data.get(name)
    changed = kind.resource.modify(config, uuid=uuid, data={name: value}).get()
    assert (uuid_of(kind, changed), getattr(changed, name)) == (uuid, value)
    assert getattr(kind.resource.retrieve(config, uuid=uuid).get(), name) == value
    kind.resource.destroy(config, uuid=uuid).get()
    assert refused(kind.resource.retrieve(config, uuid=uuid)) == 404
    assert refused(kind.resource.destroy(config, uuid=uuid)) == 404


def test_listed_to_the_end(config: chartmogul.Config, kind: Kind, data: dict[str, Any]) -> None:
    uuids = [uuid_of(kind, kind.resource.create(config, data=data).get()) for _ in range(5)]
    listed = walk(kind.resource.all, config, "entries", customer_uuid=data["customer_uuid"], per_page=2)
    assert [uuid_of(kind, record) for record in listed] == uuids[::-1], "newest first"
    assert len(walk(kind.resource.all, config, "entries", **kind.filters)) == 5
    assert walk(kind.resource.all, config, "entries", customer_uuid=f"cus_{UNKNOWN}") == []


def test_bad_input(config: chartmogul.Config, kind: Kind, data: dict[str, Any]) -> None:
    lacking = {name: value for name, value in data.items() if name != kind.needed}
    assert refused(kind.resource.create(config, data=lacking)) == 400
    assert refused(kind.resource.create(config, data={**data, "customer_uuid": f"cus_{UNKNOWN}"})) == 404
    assert refused(kind.resource.retrieve(config, uuid=kind.prefix + UNKNOWN)) == 404
    made = kind.resource.create(config, data=data).get()
    assert refused(kind.resource.modify(config, uuid=uuid_of(kind, made), data=kind.refused)) in (400, 422)
    assert len(walk(kind.resource.all, config, "entries")) == 1


def test_by_way_of_the_customer(config: chartmogul.Config, source: Any, customer: Any) -> None:
    of = chartmogul.Customer
    contact = {"data_source_uuid": source.uuid, "email": "max@firm.example"}
    made = [
        of.createContact(config, uuid=customer.uuid, data=contact).get().uuid,
        of.createNote(config, uuid=customer.uuid, data=dict(KINDS["note"].data)).get().uuid,
        of.createTask(config, uuid=customer.uuid, data=dict(KINDS["task"].data)).get().task_uuid,
        of.createOpportunity(config, uuid=customer.uuid, data=dict(KINDS["opportunity"].data)).get().uuid,
    ]
    listed = [
        of.contacts(config, uuid=customer.uuid).get().entries[0].uuid,
        of.notes(config, uuid=customer.uuid).get().entries[0].uuid,
        of.tasks(config, uuid=customer.uuid).get().entries[0].task_uuid,
        of.opportunities(config, uuid=customer.uuid).get().entries[0].uuid,
    ]
    assert listed == made
    assert refused(of.contacts(config, uuid=f"cus_{UNKNOWN}")) == 404


def test_values_come_back_as_that_client_reads_them(config: chartmogul.Config, customer: Any) -> None:
    task = {"customer_uuid": customer.uuid, **KINDS["task"].data, "completed_at": "2026-03-10T09:30:00Z"}
    done = chartmogul.Task.create(config, data=task).get()
    assert (done.due_date.date().isoformat(), done.completed_at.hour) == ("2026-04-01", 9)
    call = {"customer_uuid": customer.uuid, "type": "call", "text": "Short", "call_duration": 90}
    assert chartmogul.CustomerNote.create(config, data=call).get().call_duration == 90
    deal = {"customer_uuid": customer.uuid, **KINDS["opportunity"].data}
    made = chartmogul.Opportunity.create(config, data=deal).get()
    assert (made.estimated_close_date.isoformat(), made.amount_in_cents) == ("2026-06-30", 120_000)


def test_contacts_merge(config: chartmogul.Config, source: Any, customer: Any) -> None:
    base = {"customer_uuid": customer.uuid, "data_source_uuid": source.uuid}
    into = chartmogul.Contact.create(config, data={**base, "first_name": "Max"}).get()
    other = chartmogul.Contact.create(config, data={**base, "first_name": "Maxi", "title": "CFO"}).get()
    merged = chartmogul.Contact.merge(config, into_uuid=into.uuid, from_uuid=other.uuid).get()
    assert (merged.uuid, merged.first_name, merged.title) == (into.uuid, "Max", "CFO")
    assert refused(chartmogul.Contact.retrieve(config, uuid=other.uuid)) == 404
    assert refused(chartmogul.Contact.merge(config, into_uuid=into.uuid, from_uuid=other.uuid)) == 404


def test_plan_groups(config: chartmogul.Config, plan: Any) -> None:
    group = chartmogul.PlanGroup.create(config, data={"name": "Standard", "plans": [plan.uuid]}).get()
    assert (group.name, group.plans_count) == ("Standard", 1)
    assert chartmogul.PlanGroup.retrieve(config, uuid=group.uuid).get().name == "Standard"
    assert chartmogul.PlanGroup.modify(config, uuid=group.uuid, data={"name": "All"}).get().name == "All"
    others = [
        chartmogul.PlanGroup.create(config, data={"name": name, "plans": [plan.uuid]}).get().uuid for name in "ABC"
    ]
    listed = walk(chartmogul.PlanGroup.all, config, "plan_groups", per_page=2)
    assert {record.uuid for record in listed} == {group.uuid, *others}
    plans = walk(chartmogul.PlanGroup.all, config, "plans", uuid=group.uuid, per_page=1)
    assert [record.uuid for record in plans] == [plan.uuid]
    assert refused(chartmogul.PlanGroup.create(config, data={"name": "", "plans": [plan.uuid]})) == 422
    assert refused(chartmogul.PlanGroup.create(config, data={"name": "None", "plans": [f"pl_{UNKNOWN}"]})) == 422
    chartmogul.PlanGroup.destroy(config, uuid=group.uuid).get()
    assert refused(chartmogul.PlanGroup.retrieve(config, uuid=group.uuid)) == 404
    assert refused(chartmogul.PlanGroup.destroy(config, uuid=group.uuid)) == 404
