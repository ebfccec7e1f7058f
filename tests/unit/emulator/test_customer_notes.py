"""Notes and call logs."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api


def create(api: Api, customer: str, expect: int = 201, **fields: Any) -> Any:
    return api.json("POST", "/customer_notes", {"customer_uuid": customer, "type": "note", **fields}, expect)


def test_a_note(api: Api, customer: str) -> None:
    created = create(api, customer, text="Asked for a quote.", author_email="rui.prado@tenant.example")
    assert created == {
        "uuid": created["uuid"],
        "customer_uuid": customer,
        "type": "note",
        "text": "Asked for a quote.",
        "call_duration": 0,
        "author": "Rui Prado (rui.prado@tenant.example)",
        "created_at": "2026-03-15T12:00:00.000Z",
        "updated_at": "2026-03-15T12:00:00.000Z",
    }


def test_a_note_of_nobody_is_by_the_owner_of_the_key(api: Api, customer: str) -> None:
    created = create(api, customer)
    assert created["author"].endswith("@emulated-account.example)")
    assert created["text"] == ""


def test_calls_have_a_duration(api: Api, customer: str) -> None:
    assert create(api, customer, type="call", call_duration=90)["call_duration"] == 90
    assert create(api, customer, type="call", call_duration=0)["call_duration"] == 0
    assert create(api, customer, type="call")["call_duration"] == 60
    assert create(api, customer, type="note", call_duration=90)["call_duration"] == 0


def test_changes(api: Api, customer: str) -> None:
    call = create(api, customer, type="call", call_duration=90)
    changes = {
        "type": "note",
        "text": "Second call.",
        "author_email": "ida@tenant.example",
        "call_duration": 30,
        "created_at": "2026-01-01",
        "updated_at": "2026-01-02T03:04:05Z",
    }
    assert api.json("PATCH", f"/customer_notes/{call['uuid']}", changes) == call | {
        "text": "Second call.",
        "author": "Ida (ida@tenant.example)",
        "call_duration": 30,
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-02T03:04:05.000Z",
    }


def test_back_dated_notes_are_listed_by_their_time(api: Api, customer: str) -> None:
    old = create(api, customer, created_at="2026-01-01 10:00:00", text="old")
    new = create(api, customer, text="new")
    older = create(api, customer, created_at="2025-12-31", text="older")
    pages = [api.json("GET", "/customer_notes", per_page=1)]
    while pages[-1]["has_more"]:
        pages.append(api.json("GET", "/customer_notes", per_page=1, cursor=pages[-1]["cursor"]))
    assert [page["entries"][0] for page in pages] == [new, old, older]
    cursor = base64.b64decode(pages[1]["cursor"]).decode()
    assert cursor == f"2026-01-01T10:00:00.000000000Z&{old['uuid']}"
    api.json("PATCH", f"/customer_notes/{older['uuid']}", {"created_at": "2026-04-01"})
    assert [note["text"] for note in api.walk("/customer_notes", "entries")] == ["older", "new", "old"]


def test_filters(api: Api, customer: str) -> None:
    note = create(api, customer, author_email="rui@tenant.example")
    call = create(api, customer, type="call", author_email="ida@tenant.example")
    assert api.walk("/customer_notes", "entries", type="note") == [note]
    assert api.walk("/customer_notes", "entries", type="call", customer_uuid=customer) == [call]
    assert api.walk("/customer_notes", "entries", author_email="ida@tenant.example") == [call]
    assert api.walk("/customer_notes", "entries", author_email="ida@tenant.example", type="note") == []
    assert api.json("GET", "/customer_notes", expect=400, type="mail")["param"] == "type"


@pytest.mark.parametrize(
    ("field", "value"),
    [("type", "mail"), ("author_email", "Rui"), ("call_duration", -1), ("created_at", "soon")],
)
def test_values_that_are_refused(api: Api, customer: str, field: str, value: object) -> None:
    assert list(create(api, customer, 422, **{field: value})["errors"]) == [field]
    assert api.walk("/customer_notes", "entries") == []


def test_durations_are_whole_seconds(api: Api, customer: str) -> None:
    for broken in (1.5, "60", True, None):
        assert create(api, customer, 400, call_duration=broken)["param"] == "call_duration"
