"""Contacts, notes, tasks and opportunities: created once, changed, deleted, and accounted for one by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulImportFailedError, ChartMogulImportIncompleteError
from airflow_provider_chartmogul.operators import contacts, customer_notes, opportunities, tasks
from tests.unit.operators_records.running import lines, run

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator
    from airflow_provider_chartmogul.operators.records import ChartMogulRecordsOperator

NOWHERE = "00000000-0000-0000-0000-000000000000"
USER = "ada@falter.example"
CONTACT = {"email": "grace@falter.example", "first_name": "Grace", "title": "CTO"}
NOTE = {"type": "note", "text": "Wants a demo", "author_email": USER}
TASK = {"task_details": "Call back", "assignee": USER, "due_date": "2026-05-01"}
OPPORTUNITY = {
    "owner": USER,
    "pipeline": "New business",
    "pipeline_stage": "Discovery",
    "estimated_close_date": "2026-06-30",
    "currency": "EUR",
    "amount_in_cents": 120_000,
}


@dataclass(frozen=True)
class Kind:
    """One kind of record, with what differs between the kinds."""

    name: str
    create: type[ChartMogulRecordsOperator]
    update: type[ChartMogulRecordsOperator]
    delete: type[ChartMogulRecordsOperator]
    record: dict[str, Any]
    another: dict[str, Any]
    """An identity field with another value."""
    change: dict[str, Any]
    """A field that may change and leaves the record the same."""
    id_field: str = "uuid"

    def new(self, customer: Customer, **fields: Any) -> dict[str, Any]:
        given = {"customer_uuid": customer.uuid, **self.record, **fields}
        return {**given, "data_source_uuid": customer.source} if self.name == "contacts" else given

    def all(self, client: ChartMogulClient) -> list[dict[str, Any]]:
        """Return all records of the account, oldest first."""
        return list(getattr(client, self.name).list())[::-1]


@dataclass(frozen=True)
class Customer:
    uuid: str
    source: str


KINDS = [
    Kind(
        "contacts",
        contacts.ChartMogulCreateContactsOperator,
        contacts.ChartMogulUpdateContactsOperator,
        contacts.ChartMogulDeleteContactsOperator,
        CONTACT,
        {"first_name": "Ada"},
        {"title": "CEO"},
    ),
    Kind(
        "customer_notes",
        customer_notes.ChartMogulCreateCustomerNotesOperator,
        customer_notes.ChartMogulUpdateCustomerNotesOperator,
        customer_notes.ChartMogulDeleteCustomerNotesOperator,
        NOTE,
        {"text": "Has seen the demo"},
        {"author_email": "grace@falter.example"},
    ),
    Kind(
        "tasks",
        tasks.ChartMogulCreateTasksOperator,
        tasks.ChartMogulUpdateTasksOperator,
        tasks.ChartMogulDeleteTasksOperator,
        TASK,
        {"due_date": "2026-05-02"},
        {"completed_at": "2026-04-30T10:00:00Z"},
        "task_uuid",
    ),
    Kind(
        "opportunities",
        opportunities.ChartMogulCreateOpportunitiesOperator,
        opportunities.ChartMogulUpdateOpportunitiesOperator,
        opportunities.ChartMogulDeleteOpportunitiesOperator,
        OPPORTUNITY,
        {"amount_in_cents": 90_000},
        {"pipeline_stage": "Negotiation", "forecast_category": "best_case"},
    ),
]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@pytest.fixture
def customers(client: ChartMogulClient) -> list[Customer]:
    source = client.data_sources.create(name="crm")["uuid"]
    made = [client.customers.create(data_source_uuid=source, external_id=name) for name in ("a", "b")]
    return [Customer(customer["uuid"], source) for customer in made]


def create(kind: Kind, *records: dict[str, Any], **arguments: Any) -> Any:
    return run(kind.create, records=list(records), **arguments)


@each_kind
def test_records_are_created_in_their_order(kind: Kind, client: ChartMogulClient, customers: list[Customer]) -> None:
    given = [kind.new(customers[0]), kind.new(customers[0], **kind.another), kind.new(customers[1])]
    result = create(kind, *given)

    assert {**result, "uuids": None} == {
        "records": 3,
        "created": 3,
        "already_there": 0,
        "rejected": 0,
        "unknown": 0,
        "uuids": None,
    }
    found = {record[kind.id_field]: record for record in kind.all(client)}
    assert found.keys() == set(result["uuids"])
    assert [found[uuid]["customer_uuid"] for uuid in result["uuids"]] == [one["customer_uuid"] for one in given]
    (name, value), *_ = kind.another.items()
    assert str(found[result["uuids"][1]][name]).startswith(str(value))
    assert not str(found[result["uuids"][0]][name]).startswith(str(value))


@each_kind
def test_one_record_is_enough(kind: Kind, client: ChartMogulClient, customers: list[Customer]) -> None:
    result = run(kind.create, records=kind.new(customers[0]))
    assert result["uuids"] == [record[kind.id_field] for record in kind.all(client)]


@each_kind
def test_another_run_creates_nothing(kind: Kind, client: ChartMogulClient, customers: list[Customer]) -> None:
    given = [kind.new(customers[0]), kind.new(customers[0], **kind.another), kind.new(customers[1])]
    first = create(kind, *given)
    # what people do with it in ChartMogul does not make it another one
    run(kind.update, records={kind.id_field: first["uuids"][0], **kind.change})
    second = create(kind, *given)
    assert (second["created"], second["already_there"]) == (0, 3)
    assert second["uuids"] == first["uuids"]
    assert len(kind.all(client)) == 3


@each_kind
def test_equal_records_are_meant_on_request(kind: Kind, client: ChartMogulClient, customers: list[Customer]) -> None:
    given = kind.new(customers[0])
    assert create(kind, given, given)["already_there"] == 1
    assert create(kind, given, given, skip_equal=False)["created"] == 2
    assert len(kind.all(client)) == 3


@each_kind
def test_what_a_customer_has_is_listed_once(kind: Kind, emulator: Emulator, customers: list[Customer]) -> None:
    before = emulator.stats()["requests"]
    many = [
        kind.new(customers[0], **{name: _numbered(value, number)})
        for number in range(5)
        for name, value in [next(iter(kind.another.items()))]
    ]
    assert create(kind, *many)["created"] == 5
    assert emulator.stats()["requests"] - before == 6


def _numbered(value: Any, number: int) -> Any:
    if isinstance(value, int):
        return value + number
    return f"2026-07-0{number + 1}" if value.startswith("2026") else f"{value} {number}"


@each_kind
def test_a_lost_answer_makes_no_double(
    kind: Kind, client: ChartMogulClient, emulator: Emulator, customers: list[Customer]
) -> None:
    given = [kind.new(customers[0]), kind.new(customers[1])]
    emulator.set_faults([{"kind": "drop_after", "method": "POST", "times": 1}])
    with pytest.raises(ChartMogulImportIncompleteError, match="1 records failed"):
        create(kind, *given)
    assert len(kind.all(client)) == 2
    again = create(kind, *given)
    assert (again["created"], again["already_there"]) == (0, 2)
    assert len(kind.all(client)) == 2


@each_kind
def test_after_a_lost_answer_an_equal_record_looks_anew(
    kind: Kind, client: ChartMogulClient, emulator: Emulator, customers: list[Customer]
) -> None:
    emulator.set_faults([{"kind": "drop_after", "method": "POST", "times": 1}])
    result = create(kind, *[kind.new(customers[0])] * 2, max_rejected=1)
    assert (result["unknown"], result["already_there"], result["created"]) == (1, 1, 0)
    assert len(kind.all(client)) == 1


def test_a_lost_answer_is_final_where_nothing_tells_records_apart(
    emulator: Emulator, customers: list[Customer]
) -> None:
    emulator.set_faults([{"kind": "drop_after", "method": "POST", "times": 1}])
    with pytest.raises(ChartMogulImportFailedError, match="may or may not"):
        create(KINDS[1], {"customer_uuid": customers[0].uuid, "type": "note"})


@each_kind
def test_a_lost_answer_is_final_where_equal_records_are_meant(
    kind: Kind, emulator: Emulator, customers: list[Customer]
) -> None:
    emulator.set_faults([{"kind": "drop_after", "method": "POST", "times": 1}])
    with pytest.raises(ChartMogulImportFailedError, match="may or may not"):
        create(kind, kind.new(customers[0]), skip_equal=False)


@each_kind
def test_bad_records_are_named_and_the_others_sent(
    kind: Kind, client: ChartMogulClient, customers: list[Customer], tmp_path: Path
) -> None:
    good = kind.new(customers[0])
    without = {name: value for name, value in good.items() if name != "customer_uuid"}
    nobody = {**good, "customer_uuid": f"cus_{NOWHERE}"}
    target = tmp_path / "rejected.jsonl"
    result = create(kind, without, good, nobody, max_rejected=2, rejected_path=f"file://{target}")

    assert (result["created"], result["rejected"]) == (1, 2)
    assert result["uuids"] == [None, kind.all(client)[0][kind.id_field], None]
    rejected = lines(target)
    assert [line["record"] for line in rejected] == [without, nobody]
    assert [(fault["field"], fault["message"]) for fault in rejected[0]["problems"]] == [
        ("customer_uuid", "is missing")
    ]


@each_kind
def test_a_bad_record_fails_the_task_and_keeps_the_others_back(
    kind: Kind, client: ChartMogulClient, customers: list[Customer]
) -> None:
    with pytest.raises(ChartMogulImportFailedError, match="customer_uuid is missing"):
        create(kind, kind.new(customers[0]), {"text": "nobody's"})
    assert kind.all(client) == []


@each_kind
def test_records_change(kind: Kind, client: ChartMogulClient, customers: list[Customer]) -> None:
    uuids = create(kind, kind.new(customers[0]), kind.new(customers[1]))["uuids"]
    result = run(kind.update, records=[{kind.id_field: uuid, **kind.another} for uuid in uuids])
    assert result == {"records": 2, "updated": 2, "rejected": 0, "unknown": 0, "uuids": uuids}
    (name, value), *_ = kind.another.items()
    assert all(str(record[name]).startswith(str(value)) for record in kind.all(client))


@each_kind
def test_what_cannot_change_is_rejected(kind: Kind, customers: list[Customer]) -> None:
    (uuid,) = create(kind, kind.new(customers[0]))["uuids"]
    records = [
        {kind.id_field: uuid, **kind.another},
        {kind.id_field: NOWHERE, **kind.another},
        kind.another,
        {kind.id_field: NOWHERE[:-1] + "1"},
    ]
    result = run(kind.update, records=records, max_rejected=3)
    assert (result["updated"], result["rejected"]) == (1, 3)
    with pytest.raises(ChartMogulImportFailedError, match=f"{kind.id_field} is missing"):
        run(kind.update, records=kind.another)
    with pytest.raises(ChartMogulImportFailedError, match="names no field to change"):
        run(kind.update, records={kind.id_field: uuid})


@each_kind
def test_records_go(kind: Kind, client: ChartMogulClient, customers: list[Customer]) -> None:
    uuids = create(kind, kind.new(customers[0]), kind.new(customers[1]), kind.new(customers[1], **kind.another))[
        "uuids"
    ]
    assert run(kind.delete, uuids=uuids[:2])["deleted"] == 2
    assert [record[kind.id_field] for record in kind.all(client)] == uuids[2:]
    result = run(kind.delete, records=[{kind.id_field: uuid} for uuid in uuids])
    assert (result["deleted"], result["missing"]) == (1, 2)
    assert kind.all(client) == []
    with pytest.raises(ChartMogulImportFailedError):
        run(kind.delete, uuids=uuids[0], ignore_missing=False)


SAME_DAY = ["2026-05-01", date(2026, 5, 1), datetime(2026, 5, 1, tzinfo=UTC), "2026-05-01 00:00:00 UTC"]


@pytest.mark.parametrize("due_date", SAME_DAY)
def test_a_day_is_the_same_in_every_notation(
    due_date: Any, client: ChartMogulClient, customers: list[Customer]
) -> None:
    for kind, name in ((KINDS[2], "due_date"), (KINDS[3], "estimated_close_date")):
        create(kind, kind.new(customers[0], **{name: "2026-05-01"}))
        assert create(kind, kind.new(customers[0], **{name: due_date}))["already_there"] == 1
        assert len(kind.all(client)) == 1


def test_calls_of_one_text_are_told_apart_by_their_time(client: ChartMogulClient, customers: list[Customer]) -> None:
    kind = KINDS[1]

    def call(created_at: Any) -> Any:
        record = kind.new(customers[0], type="call", text="No answer", created_at=created_at)
        return create(kind, record)["created"]

    assert call("2026-04-01T10:00:00.123Z") == 1
    assert call(datetime(2026, 4, 1, 12, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=2)))) == 0
    assert call("2026-04-01T10:00:00.124Z") == 1
    assert len(kind.all(client)) == 2


def test_a_note_is_no_call(client: ChartMogulClient, customers: list[Customer]) -> None:
    kind = KINDS[1]
    assert create(kind, kind.new(customers[0]), kind.new(customers[0], type="call"))["created"] == 2
    assert sorted(record["type"] for record in kind.all(client)) == ["call", "note"]


def test_what_nothing_tells_apart_is_created_by_every_run(client: ChartMogulClient, customers: list[Customer]) -> None:
    assert create(KINDS[1], *[{"customer_uuid": customers[0].uuid, "type": "note"}] * 2)["created"] == 2
    place = {"customer_uuid": customers[0].uuid, "data_source_uuid": customers[0].source}
    assert create(KINDS[0], *[{**place, "title": "CTO"}] * 2)["created"] == 2


def test_a_contact_with_an_external_id_is_known_by_it(client: ChartMogulClient, customers: list[Customer]) -> None:
    kind = KINDS[0]
    (uuid,) = create(kind, kind.new(customers[0], external_id="g-1"))["uuids"]
    again = create(kind, kind.new(customers[0], external_id="g-1", email="hopper@falter.example"))
    assert again["uuids"] == [uuid]
    assert create(kind, kind.new(customers[0], external_id="g-2"))["created"] == 1


def test_a_contact_is_known_in_its_data_source_only(client: ChartMogulClient, customers: list[Customer]) -> None:
    other = client.data_sources.create(name="other")["uuid"]
    target = client.customers.create(data_source_uuid=other, external_id="a")["uuid"]
    client.customers.merge(from_=target, into=customers[0].uuid)
    kind = KINDS[0]
    create(kind, kind.new(customers[0]))
    assert create(kind, {**kind.new(customers[0]), "data_source_uuid": other})["created"] == 1
    assert len(kind.all(client)) == 2


def merge(*pairs: tuple[str, str], **arguments: Any) -> Any:
    records = [{"into_contact_uuid": into, "from_contact_uuid": source} for into, source in pairs]
    return run(contacts.ChartMogulMergeContactsOperator, records=records, **arguments)


def test_contacts_are_merged_once(client: ChartMogulClient, customers: list[Customer]) -> None:
    kind = KINDS[0]
    stays, goes = create(
        kind,
        kind.new(customers[0], notes="one"),
        kind.new(customers[0], first_name=None, email="hopper@falter.example", phone="123", notes="two"),
    )["uuids"]
    for merged, already in ((1, 0), (0, 1)):
        result = merge((stays, goes))
        assert (result["merged"], result["already_merged"], result["uuids"]) == (merged, already, [stays])
    (contact,) = kind.all(client)
    assert (contact["uuid"], contact["first_name"], contact["phone"]) == (stays, "Grace", "123")
    assert contact["email"] == CONTACT["email"]


def test_pairs_that_cannot_be_merged_are_named(
    client: ChartMogulClient, emulator: Emulator, customers: list[Customer]
) -> None:
    (uuid,) = create(KINDS[0], KINDS[0].new(customers[0]))["uuids"]
    before = emulator.stats()["requests"]
    with pytest.raises(ChartMogulImportFailedError, match="from_contact_uuid is the contact that stays"):
        merge((uuid, uuid))
    with pytest.raises(ChartMogulImportFailedError, match="into_contact_uuid is missing"):
        merge(("None", uuid))
    misspelt = {"into_contact_uuid": uuid, "from_contact_uid": uuid}
    with pytest.raises(ChartMogulImportFailedError, match="is missing; is 'from_contact_uid' meant"):
        run(contacts.ChartMogulMergeContactsOperator, records=misspelt)
    assert emulator.stats()["requests"] == before
    with pytest.raises(ChartMogulImportFailedError):
        merge((f"con_{NOWHERE}", uuid))
    assert [contact["uuid"] for contact in KINDS[0].all(client)] == [uuid]
