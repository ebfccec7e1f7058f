"""What contacts, notes, tasks and opportunities have in common: they hang on a customer."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Kind:
    """One of the four, with the least that makes a record, and a change of it."""

    path: str
    name: str
    prefix: str
    body: dict[str, Any]
    change: dict[str, Any]
    key: str = "uuid"
    texts: tuple[str, ...] = ()


CONTACT = Kind("/contacts", "Contact", "con_", {}, {"first_name": "Ida"}, texts=("email", "notes"))
NOTE = Kind("/customer_notes", "Note", "note_", {"type": "note"}, {"text": "Called back."}, texts=("text",))
TASK = Kind(
    "/tasks",
    "Task",
    "",
    {"task_details": "Send the paperwork", "assignee": "rui@tenant.example", "due_date": "2026-05-18"},
    {"task_details": "Call"},
    key="task_uuid",
    texts=("task_details", "due_date"),
)
OPPORTUNITY = Kind(
    "/opportunities",
    "Opportunity",
    "",
    {
        "owner": "rui@tenant.example",
        "pipeline": "New Business",
        "pipeline_stage": "Discovery",
        "estimated_close_date": "2026-06-30",
        "currency": "USD",
        "amount_in_cents": 1850000,
    },
    {"amount_in_cents": 5},
    texts=("owner", "currency", "estimated_close_date"),
)
KINDS = (CONTACT, NOTE, TASK, OPPORTUNITY)

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name.lower())


def body_of(api: Api, kind: Kind, customer: str, **fields: Any) -> dict[str, Any]:
    shown = api.json("GET", f"/customers/{customer}")
    source = {"data_source_uuid": shown["data_source_uuid"]} if kind is CONTACT else {}
    return {"customer_uuid": customer, **source, **kind.body, **fields}


def create(api: Api, kind: Kind, customer: str, **fields: Any) -> str:
    return str(api.json("POST", kind.path, body_of(api, kind, customer, **fields), 201)[kind.key])


def uuids(api: Api, kind: Kind, **query: Any) -> list[str]:
    return [entry[kind.key] for entry in api.walk(kind.path, "entries", **query)]


@every_kind
def test_create_retrieve_update_delete(api: Api, customer: str, kind: Kind) -> None:
    created = api.json("POST", kind.path, body_of(api, kind, customer), 201)
    assert created["customer_uuid"] == customer
    one = f"{kind.path}/{created[kind.key]}"
    assert api.json("GET", one) == created
    api.emulator.configure(now="2026-03-15T12:00:01Z")
    changed = api.json("PATCH", one, {**kind.change, "customer_uuid": "cus_other"})
    times = {} if kind is CONTACT else {"updated_at": "2026-03-15T12:00:01.000Z"}
    assert changed == created | kind.change | times
    assert api.json("GET", one) == changed
    assert api.json("DELETE", one) == {}
    api.json("GET", one, expect=404)
    assert uuids(api, kind) == []


@every_kind
def test_ids_have_the_form_of_their_kind(api: Api, customer: str, kind: Kind) -> None:
    uuid = create(api, kind, customer)
    assert uuid.startswith(kind.prefix)
    assert str(UUID(uuid.removeprefix(kind.prefix))) == uuid.removeprefix(kind.prefix)


@every_kind
def test_lists_are_newest_first_and_hold_still_while_they_are_walked(api: Api, customer: str, kind: Kind) -> None:
    assert api.json("GET", kind.path) == {"entries": [], "cursor": None, "has_more": False}
    made = [create(api, kind, customer) for _ in range(4)]
    first = api.json("GET", kind.path, per_page=2)
    assert [entry[kind.key] for entry in first["entries"]] == [made[3], made[2]]
    assert first["has_more"] is True
    assert base64.b64decode(first["cursor"]).decode() == f"2026-03-15T12:00:00.000000000Z&{made[2]}"
    api.json("DELETE", f"{kind.path}/{made[2]}")  # what the cursor points at
    create(api, kind, customer)  # in front of the walk
    last = api.json("GET", kind.path, per_page=2, cursor=first["cursor"])
    assert [entry[kind.key] for entry in last["entries"]] == [made[1], made[0]]
    assert last["has_more"] is False
    assert last["cursor"]


@every_kind
def test_lists_of_one_customer(api: Api, source: str, customer: str, kind: Kind) -> None:
    other = api.customer(source, "acct-2")
    made = create(api, kind, other)
    create(api, kind, customer)
    assert uuids(api, kind, customer_uuid=other) == [made]
    assert uuids(api, kind, customer_uuid="cus_unknown") == []
    assert len(uuids(api, kind, per_page=1)) == 2


@every_kind
@pytest.mark.parametrize("uuid", [UNKNOWN, "malformed"])
def test_unknown_and_malformed_ids_are_404(api: Api, kind: Kind, uuid: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        answer = api.json(method, f"{kind.path}/{uuid}", {}, 404)
        assert answer == {"code": 404, "message": f"{kind.name} not found", "param": "uuid"}


@every_kind
def test_records_need_a_customer(api: Api, customer: str, kind: Kind) -> None:
    body = body_of(api, kind, customer)
    unknown = api.json("POST", kind.path, body | {"customer_uuid": "cus_unknown"}, 404)
    assert unknown == {"code": 404, "message": "Customer not found", "param": "uuid"}
    for broken in (None, 5, ["x"]):
        answer = api.json("POST", kind.path, body | {"customer_uuid": broken}, 400)
        assert (answer["code"], answer["param"]) == (400, "customer_uuid")


@every_kind
def test_a_missing_field_is_400(api: Api, customer: str, kind: Kind) -> None:
    body = body_of(api, kind, customer)
    for name in body:
        rest = {other: value for other, value in body.items() if other != name}
        answer = api.json("POST", kind.path, rest, 400)
        assert (answer["code"], answer["param"]) == (400, name)
        assert api.json("POST", kind.path, body | {name: None}, 400)["param"] == name
    assert uuids(api, kind) == []


@every_kind
def test_values_of_another_type_are_400_and_change_nothing(api: Api, customer: str, kind: Kind) -> None:
    made = api.json("POST", kind.path, body_of(api, kind, customer), 201)
    one = f"{kind.path}/{made[kind.key]}"
    for name in kind.texts:
        for odd in (5, True, ["x"], {"x": 1}, 1.5):
            for method, path in (("POST", kind.path), ("PATCH", one)):
                answer = api.json(method, path, body_of(api, kind, customer, **{name: odd}), 400)
                assert (answer["code"], answer["param"]) == (400, name)
    assert api.json("GET", one) == made
    assert len(uuids(api, kind)) == 1


@every_kind
def test_no_value_is_an_outage(api: Api, customer: str, kind: Kind) -> None:
    made = api.json("POST", kind.path, body_of(api, kind, customer), 201)
    odd: list[Any] = [None, "", " ", 0, -1, 10**30, 1e300, True, [], {}, [[]], [{}], [{"key": 1, "value": 2}], "\x00"]
    odd += ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01", [{"key": "a", "value": {}}]]
    for name in {*made, *body_of(api, kind, customer), "author_email", "custom", "last_seen"}:
        for value in odd:
            for method, path in (("POST", kind.path), ("PATCH", f"{kind.path}/{made[kind.key]}")):
                response = api.call(method, path, json=body_of(api, kind, customer, **{name: value}))
                assert response.status_code in (200, 201, 400, 404, 422), (name, value, response.text)
    assert api.walk(kind.path, "entries", per_page=3)


@every_kind
def test_they_go_with_their_customer(api: Api, source: str, customer: str, kind: Kind) -> None:
    kept = create(api, kind, api.customer(source, "acct-2"))
    gone = create(api, kind, customer)
    api.json("DELETE", f"/customers/{customer}", expect=204)
    api.json("GET", f"{kind.path}/{gone}", expect=404)
    assert uuids(api, kind) == [kept]
    api.json("DELETE", f"/data_sources/{source}", expect=204)
    assert uuids(api, kind) == []


@every_kind
def test_they_move_when_their_customer_is_merged(api: Api, customer: str, kind: Kind) -> None:
    into = api.customer(api.source("Shop"), "shop-1")
    moved, there = create(api, kind, customer), create(api, kind, into)
    body = {"from": {"customer_uuid": customer}, "into": {"customer_uuid": into}}
    api.json("POST", "/customers/merges", body, 202)
    assert uuids(api, kind, customer_uuid=into) == [there, moved]
    assert uuids(api, kind, customer_uuid=customer) == []
    assert api.json("GET", f"{kind.path}/{moved}")["customer_uuid"] == into


def test_resetting_forgets_them(api: Api, customer: str) -> None:
    for kind in KINDS:
        create(api, kind, customer)
    api.emulator.reset()
    assert all(uuids(api, kind) == [] for kind in KINDS)


@pytest.mark.parametrize("kind", [CONTACT, OPPORTUNITY], ids=["contact", "opportunity"])
def test_custom_attributes_are_sent_as_an_array_and_shown_as_a_map(api: Api, customer: str, kind: Kind) -> None:
    typed = [{"type": "Integer", "key": "seats", "value": 1}, {"type": "String", "key": "region", "value": "East"}]
    api.json("POST", f"/customers/{customer}/attributes/custom", {"custom": typed})
    sent = [{"key": "seats", "value": 24}, {"key": "nobody_defined_it", "value": "x"}]
    made = api.json("POST", kind.path, body_of(api, kind, customer, custom=sent), 201)
    assert made["custom"] == {"seats": 24}
    one = f"{kind.path}/{made[kind.key]}"
    changed = api.json("PATCH", one, {"custom": [{"key": "region", "value": "West"}]})
    assert changed["custom"] == {"seats": 24, "region": "West"}
    assert list(api.json("PATCH", one, {"custom": [{"key": "seats", "value": "many"}]}, 422)["errors"]) == ["custom"]
    for broken in ({"seats": 1}, [{"key": "seats"}], [{"value": 1}], ["seats"]):
        assert api.json("PATCH", one, {"custom": broken}, 400)["param"] == "custom"
    assert api.json("GET", one)["custom"] == {"seats": 24, "region": "West"}


@every_kind
@pytest.mark.parametrize("data", [b"[]", b"null", b"{", b"\xff", b'{"a":NaN}', b'{"a":"\\ud800"}', b"[" * 50_000])
def test_bodies_that_are_no_objects_are_400(api: Api, customer: str, kind: Kind, data: bytes) -> None:
    for method, path in (("POST", kind.path), ("PATCH", f"{kind.path}/{create(api, kind, customer)}")):
        response = api.call(method, path, data=data)
        assert (response.status_code, response.json()["code"]) == (400, 400)


@every_kind
def test_pages_that_do_not_exist_are_400(api: Api, customer: str, kind: Kind) -> None:
    create(api, kind, customer)
    for_customers = base64.b64encode(b"2026-01-01T00:00:00.000000000Z&1").decode()
    for query in ({"per_page": "0"}, {"per_page": "many"}):
        assert api.json("GET", kind.path, None, 400, **query)["param"] == "per_page"
    for cursor in (for_customers, "x", base64.b64encode(b"soon&" + UNKNOWN.encode()).decode()):
        assert api.json("GET", kind.path, None, 400, cursor=cursor)["param"] == "cursor"
    assert len(uuids(api, kind, per_page=1000)) == 1
