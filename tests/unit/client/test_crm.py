"""Contacts, notes, tasks, opportunities and plan groups: requests, answers, repetition."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from airflow_provider_chartmogul.exceptions import (
    ChartMogulAmbiguousWriteError,
    ChartMogulInvalidResponseError,
    ChartMogulNotFoundError,
)
from tests.unit.client.samples import DEAL, TASK
from tests.unit.client.servers import answer, drop, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.client import ChartMogulClient

    Connect = Callable[..., ChartMogulClient]
    Call = Callable[[ChartMogulClient], Any]

RECORD = {"uuid": "x_1", "task_uuid": "x_1", "brand-new": [1.5]}
PAGE = {"entries": [RECORD], "plan_groups": [RECORD], "plans": [RECORD], "cursor": None, "has_more": False}
NOT_FOUND = answer(404, {"code": 404, "message": "Not found", "param": None})
PAGED = {"per_page": "200"}

CONTACT = {"data_source_uuid": "ds_1", "email": "ida@x.example", "custom": [{"key": "role", "value": "CTO"}]}
NOTE = {"customer_uuid": "cus_1", "type": "call", "text": "Hello", "call_duration": 90}

LISTS: list[tuple[Call, str, dict[str, str]]] = [
    (
        lambda c: c.contacts.list(
            email="ida@x.example", customer_uuid="cus_1", customer_external_id="c-1", data_source_uuid="ds_1"
        ),
        "GET /contacts",
        {
            "email": "ida@x.example",
            "customer_uuid": "cus_1",
            "customer_external_id": "c-1",
            "data_source_uuid": "ds_1",
            **PAGED,
        },
    ),
    (
        lambda c: c.contacts.list_for_customer("cus_1", data_source_uuid="ds_1", per_page=5, cursor="abc="),
        "GET /customers/cus_1/contacts",
        {"data_source_uuid": "ds_1", "per_page": "5", "cursor": "abc="},
    ),
    (
        lambda c: c.customer_notes.list(customer_uuid="cus_1", type="note", author_email="me@x.example"),
        "GET /customer_notes",
        {"customer_uuid": "cus_1", "type": "note", "author_email": "me@x.example", **PAGED},
    ),
    (
        lambda c: c.tasks.list(
            customer_uuid="cus_1",
            assignee="me@x.example",
            due_date_on_or_after=date(2026, 4, 1),
            due_date_on_or_before=datetime(2026, 4, 30, 23, tzinfo=UTC),
            completed=False,
        ),
        "GET /tasks",
        {
            "customer_uuid": "cus_1",
            "assignee": "me@x.example",
            "due_date_on_or_after": "2026-04-01",
            "due_date_on_or_before": "2026-04-30",
            "completed": "false",
            **PAGED,
        },
    ),
    (
        lambda c: c.opportunities.list(
            customer_uuid="cus_1",
            owner="me@x.example",
            pipeline="New",
            pipeline_stage="Talk",
            estimated_close_date_on_or_after="2026-04-01",
            estimated_close_date_on_or_before=date(2026, 4, 30),
        ),
        "GET /opportunities",
        {
            "customer_uuid": "cus_1",
            "owner": "me@x.example",
            "pipeline": "New",
            "pipeline_stage": "Talk",
            "estimated_close_date_on_or_after": "2026-04-01",
            "estimated_close_date_on_or_before": "2026-04-30",
            **PAGED,
        },
    ),
    (lambda c: c.plan_groups.list(per_page=7), "GET /plan_groups", {"per_page": "7"}),
    (lambda c: c.plan_groups.list_plans("plg_1"), "GET /plan_groups/plg_1/plans", PAGED),
]

CREATIONS: list[tuple[Call, str, Any]] = [
    (
        lambda c: c.contacts.create(customer_uuid="cus_1", **CONTACT),
        "POST /contacts",
        {"customer_uuid": "cus_1", **CONTACT},
    ),
    (lambda c: c.contacts.create_for_customer("cus_1", **CONTACT), "POST /customers/cus_1/contacts", CONTACT),
    (lambda c: c.customer_notes.create(**NOTE), "POST /customer_notes", NOTE),
    (lambda c: c.tasks.create(**{**TASK, "due_date": date(2026, 4, 30)}), "POST /tasks", TASK),
    (lambda c: c.opportunities.create(**DEAL), "POST /opportunities", DEAL),
    (
        lambda c: c.plan_groups.create(name="Team", plans=["pl_1", "pl_2"]),
        "POST /plan_groups",
        {"name": "Team", "plans": ["pl_1", "pl_2"]},
    ),
]

RETRIEVALS: list[tuple[Call, str, Any]] = [
    (lambda c: c.contacts.retrieve("con_1"), "GET /contacts/con_1", None),
    (lambda c: c.customer_notes.retrieve("note_1"), "GET /customer_notes/note_1", None),
    (lambda c: c.tasks.retrieve("t-1"), "GET /tasks/t-1", None),
    (lambda c: c.opportunities.retrieve("o-1"), "GET /opportunities/o-1", None),
    (lambda c: c.plan_groups.retrieve("plg_1"), "GET /plan_groups/plg_1", None),
]

UPDATES: list[tuple[Call, str, Any]] = [
    (
        lambda c: c.contacts.update("con_1", external_id=None, title="CTO"),
        "PATCH /contacts/con_1",
        {"external_id": None, "title": "CTO"},
    ),
    (lambda c: c.customer_notes.update("note_1", text="Bye"), "PATCH /customer_notes/note_1", {"text": "Bye"}),
    (
        lambda c: c.tasks.update("t-1", completed_at=None, due_date=date(2026, 5, 1)),
        "PATCH /tasks/t-1",
        {"completed_at": None, "due_date": "2026-05-01"},
    ),
    (lambda c: c.opportunities.update("o-1", win_likelihood=70), "PATCH /opportunities/o-1", {"win_likelihood": 70}),
    (lambda c: c.plan_groups.update("plg_1", plans=["pl_3"]), "PATCH /plan_groups/plg_1", {"plans": ["pl_3"]}),
]

DELETIONS: list[tuple[Call, str]] = [
    (lambda c: c.contacts.delete("con_1"), "DELETE /contacts/con_1"),
    (lambda c: c.customer_notes.delete("note_1"), "DELETE /customer_notes/note_1"),
    (lambda c: c.tasks.delete("t-1"), "DELETE /tasks/t-1"),
    (lambda c: c.opportunities.delete("o-1"), "DELETE /opportunities/o-1"),
    (lambda c: c.plan_groups.delete("plg_1"), "DELETE /plan_groups/plg_1"),
]


@pytest.mark.parametrize(("call", "request_line", "query"), LISTS, ids=[row[1] for row in LISTS])
def test_lists(connect: Connect, call: Call, request_line: str, query: dict[str, str]) -> None:
    with serving(answer(body=PAGE)) as server:
        assert list(call(connect(server.url))) == [RECORD]

    assert server.calls == [request_line]
    assert dict(parse_qsl(server.requests[0].target.partition("?")[2])) == query


@pytest.mark.parametrize(("call", "request_line", "body"), CREATIONS, ids=[row[1] for row in CREATIONS])
def test_creations_are_not_repeated_when_they_may_have_been_done(
    connect: Connect, call: Call, request_line: str, body: Any
) -> None:
    with serving(answer(503), answer(201, RECORD)) as server:
        assert call(connect(server.url)) == RECORD
    assert server.calls == [request_line] * 2, "repeated after it was turned away"
    assert server.requests[0].json == server.requests[1].json == body

    with serving(drop) as server, pytest.raises(ChartMogulAmbiguousWriteError):
        call(connect(server.url))
    assert server.calls == [request_line]


@pytest.mark.parametrize(
    ("call", "request_line", "body"), RETRIEVALS + UPDATES, ids=[row[1] for row in RETRIEVALS + UPDATES]
)
def test_retrievals_and_changes(connect: Connect, call: Call, request_line: str, body: Any) -> None:
    with serving(drop, answer(body=RECORD)) as server:
        assert call(connect(server.url)) == RECORD

    assert server.calls == [request_line] * 2, "repeated at will"
    assert (server.requests[1].json if server.requests[1].body else None) == body


@pytest.mark.parametrize(("call", "request_line"), DELETIONS, ids=[row[1] for row in DELETIONS])
def test_deletions(connect: Connect, call: Call, request_line: str) -> None:
    for good in (answer(body={}), answer(204, text="")):
        with serving(good) as server:
            assert call(connect(server.url)) is None
        assert server.calls == [request_line]

    with serving(drop, NOT_FOUND) as server:
        call(connect(server.url))
    assert server.calls == [request_line] * 2, "it was deleted before the answer was lost"

    with serving(NOT_FOUND) as server, pytest.raises(ChartMogulNotFoundError):
        call(connect(server.url))


@pytest.mark.parametrize(
    "call",
    [row[0] for row in CREATIONS + RETRIEVALS + UPDATES],
    ids=[row[1] for row in CREATIONS + RETRIEVALS + UPDATES],
)
def test_an_answer_without_its_id_is_an_error(connect: Connect, call: Call) -> None:
    with serving(answer(body={"name": "x"})) as server, pytest.raises(ChartMogulInvalidResponseError, match="lacks"):
        call(connect(server.url))

    assert len(server.requests) == 1


@pytest.mark.parametrize("call", [row[0] for row in LISTS], ids=[row[1] for row in LISTS])
def test_a_list_of_records_without_ids_is_an_error(connect: Connect, call: Call) -> None:
    nameless = [{"name": "x"}]
    page = {"entries": nameless, "plan_groups": nameless, "plans": nameless, "cursor": None, "has_more": False}
    with serving(answer(body=page)) as server, pytest.raises(ChartMogulInvalidResponseError, match="lacks"):
        list(call(connect(server.url)))


class TestMergingContacts:
    CALLS = ("POST /contacts/con_1/merge/con_2", "GET /contacts/con_2", "GET /contacts/con_1")

    def test_the_one_that_stays_is_returned(self, connect: Connect) -> None:
        with serving(answer(body={**RECORD, "customer_uuid": None})) as server:
            stays = connect(server.url).contacts.merge(into_contact_uuid="con_1", from_contact_uuid="con_2")

        assert stays == {**RECORD, "customer_uuid": None}
        assert server.calls == [self.CALLS[0]]
        assert server.requests[0].json == {}

    def test_done_before_the_answer_was_lost(self, connect: Connect) -> None:
        with serving(drop, NOT_FOUND, answer(body=RECORD)) as server:
            assert connect(server.url).contacts.merge("con_1", "con_2") == RECORD

        assert server.calls == list(self.CALLS)

    def test_not_done_before_the_answer_was_lost(self, connect: Connect) -> None:
        with serving(drop, answer(body={**RECORD, "uuid": "con_2"}), answer(body=RECORD)) as server:
            assert connect(server.url).contacts.merge("con_1", "con_2") == RECORD

        assert server.calls == [self.CALLS[0], self.CALLS[1], self.CALLS[0]]

    def test_done_while_it_was_asked_for_again(self, connect: Connect) -> None:
        with serving(
            drop, answer(body={**RECORD, "uuid": "con_2"}), NOT_FOUND, NOT_FOUND, answer(body=RECORD)
        ) as server:
            assert connect(server.url).contacts.merge("con_1", "con_2") == RECORD

        assert server.calls == [self.CALLS[0], self.CALLS[1], *self.CALLS]

    def test_one_does_not_exist(self, connect: Connect) -> None:
        with serving(NOT_FOUND) as server, pytest.raises(ChartMogulNotFoundError):
            connect(server.url).contacts.merge("con_1", "con_2")
        assert server.calls == [self.CALLS[0]]

        with serving(drop, NOT_FOUND) as server, pytest.raises(ChartMogulNotFoundError):
            connect(server.url).contacts.merge("con_1", "con_2")
        assert server.calls == list(self.CALLS), "neither of them exists"


@pytest.mark.parametrize("day", [date(2026, 5, 31), datetime(2026, 5, 31, 23, tzinfo=UTC), "2026-05-31T23:00:00Z"])
def test_an_opportunity_closes_on_a_day(connect: Connect, day: Any) -> None:
    with serving(answer(201, RECORD), answer(body=RECORD)) as server:
        opportunities = connect(server.url).opportunities
        opportunities.create(**{**DEAL, "estimated_close_date": day})
        opportunities.update("o-1", estimated_close_date=day)

    assert [request.json["estimated_close_date"] for request in server.requests] == ["2026-05-31"] * 2


def test_null_empties_a_contacts_fields(connect: Connect) -> None:
    texts = ("first_name", "last_name", "email", "title", "phone", "linked_in", "twitter", "notes", "external_id")
    with serving(answer(body=RECORD)) as server:
        connect(server.url).contacts.update("con_1", **dict.fromkeys(texts), last_seen=None)

    assert server.requests[0].json == dict.fromkeys((*texts, "last_seen"))


def test_a_plan_group_may_lose_all_its_plans(connect: Connect) -> None:
    with serving(answer(body=RECORD)) as server:
        connect(server.url).plan_groups.update("plg_1", plans=[])

    assert server.requests[0].json == {"plans": []}
