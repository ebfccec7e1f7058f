"""Changes and deletions of invoices, line items and transactions: requests, answers, repetition."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from airflow_provider_chartmogul.exceptions import (
    ChartMogulNotFoundError,
    ChartMogulUnprocessableError,
)
from tests.unit.client.servers import answer, drop, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.client import ChartMogulClient

INVOICE = {"uuid": "inv_1", "external_id": "i-1", "status": "open"}
ITEM = {"uuid": "li_1", "external_id": "l-1"}
PAYMENT = {"uuid": "tr_1", "external_id": "t-1"}
KINDS = {"invoices": INVOICE, "line_items": ITEM, "transactions": PAYMENT}
NOT_FOUND = answer(404, {"error": "Line item not found"})
REFUSED = answer(422, {"code": 422, "message": "Status transition is not allowed", "param": "status"})

kinds = pytest.mark.parametrize("kind", KINDS)


def listing(*invoices: dict[str, Any]) -> Any:
    return answer(body={"invoices": list(invoices), "cursor": None, "has_more": False})


def found(kind: str) -> Any:
    """Facts: invoices come as a list, the others bare."""
    return listing(INVOICE) if kind == "invoices" else answer(body=KINDS[kind])


@pytest.mark.parametrize(
    ("call", "request_line", "body"),
    [
        (
            lambda c: c.invoices.update("inv_1", due_date=date(2026, 10, 31), collection_method="manual"),
            "PATCH /invoices/inv_1",
            {"due_date": "2026-10-31", "collection_method": "manual"},
        ),
        (lambda c: c.line_items.retrieve("li_1"), "GET /line_items/li_1", None),
        (
            lambda c: c.line_items.update("li_1", amount_in_cents=10800, discount_code=None),
            "PATCH /line_items/li_1",
            {"amount_in_cents": 10800, "discount_code": None},
        ),
        (lambda c: c.transactions.retrieve("tr_1"), "GET /transactions/tr_1", None),
        (lambda c: c.transactions.update("tr_1", result="failed"), "PATCH /transactions/tr_1", {"result": "failed"}),
    ],
)
def test_operations_by_uuid(
    connect: Callable[..., ChartMogulClient], call: Callable[[ChartMogulClient], Any], request_line: str, body: Any
) -> None:
    record = {"uuid": "x", "brand-new": [1.5]}
    with serving(drop, answer(body=record)) as server:
        assert call(connect(server.url)) == record

    assert server.calls == [request_line] * 2, "repeated at will"
    assert "?" not in server.requests[0].target
    assert (server.requests[1].json if server.requests[1].body else None) == body


@pytest.mark.parametrize(
    ("call", "request_line"),
    [
        (lambda c: c.line_items.delete("li_1"), "DELETE /line_items/li_1"),
        (lambda c: c.transactions.delete("tr_1"), "DELETE /transactions/tr_1"),
        (
            lambda c: c.invoices.delete_for_customer("ds_1", "cus_1"),
            "DELETE /data_sources/ds_1/customers/cus_1/invoices",
        ),
    ],
)
def test_deletions(
    connect: Callable[..., ChartMogulClient], call: Callable[[ChartMogulClient], Any], request_line: str
) -> None:
    with serving(answer(204, text="")) as server:
        assert call(connect(server.url)) is None
    assert server.calls == [request_line]

    with serving(drop, NOT_FOUND) as server:
        call(connect(server.url))  # it was deleted before the answer was lost
    assert server.calls == [request_line] * 2

    with serving(NOT_FOUND) as server, pytest.raises(ChartMogulNotFoundError):
        call(connect(server.url))


@kinds
def test_a_record_by_its_external_id(connect: Callable[..., ChartMogulClient], kind: str) -> None:
    record = KINDS[kind]
    with serving(found(kind), answer(body={kind: [record]})) as server:
        resource = getattr(connect(server.url), kind)
        assert resource.retrieve_by_external_id("ds_1", record["external_id"]) == record
        assert resource.retrieve_by_external_id("ds_1", record["external_id"]) == record, "in a list of one"

    assert server.calls == [f"GET /{kind}"] * 2
    sent = dict(parse_qsl(server.requests[0].target.partition("?")[2]))
    assert sent == {"data_source_uuid": "ds_1", "external_id": record["external_id"]}


@kinds
@pytest.mark.parametrize("rows", [[], [{"uuid": "x_2", "external_id": "another"}]])
def test_no_record_with_the_external_id(
    connect: Callable[..., ChartMogulClient], kind: str, rows: list[dict[str, str]]
) -> None:
    with serving(answer(body={kind: rows})) as server:
        resource = getattr(connect(server.url), kind)
        with pytest.raises(ChartMogulNotFoundError) as caught:
            resource.delete_by_external_id("ds_1", "secret-id")

    assert server.calls == [f"GET /{kind}"], "nothing was deleted"
    assert caught.value.status_code == 404
    assert "secret-id" not in str(caught.value)


@kinds
@pytest.mark.parametrize("named", [("", "i-1"), ("ds_1", "")])
def test_half_a_name_reaches_nothing(
    connect: Callable[..., ChartMogulClient], kind: str, named: tuple[str, str]
) -> None:
    with serving(found(kind)) as server:
        resource = getattr(connect(server.url), kind)
        for call in (resource.retrieve_by_external_id, resource.update_by_external_id, resource.delete_by_external_id):
            with pytest.raises(ValueError, match="data_source_uuid and external_id"):
                call(*named)

    assert server.requests == []


@kinds
def test_changes_and_deletions_by_external_id(connect: Callable[..., ChartMogulClient], kind: str) -> None:
    record = KINDS[kind]
    changed = {**record, "changed": True}
    with serving(found(kind), answer(body=changed), found(kind), drop, NOT_FOUND) as server:
        resource = getattr(connect(server.url), kind)
        assert resource.update_by_external_id("ds_1", record["external_id"], date="2026-01-02") == changed
        assert resource.delete_by_external_id("ds_1", record["external_id"]) is None

    path = f"/{kind}/{record['uuid']}"
    assert server.calls == [f"GET /{kind}", f"PATCH {path}", f"GET /{kind}", f"DELETE {path}", f"DELETE {path}"]
    assert server.requests[1].json == {"date": "2026-01-02"}


def test_the_status_of_an_invoice(connect: Callable[..., ChartMogulClient]) -> None:
    with serving(answer(body={"message": "Invoice updated"})) as server:
        connect(server.url).invoices.update_status("ds_1", "2026/01 #1", status="written_off")

    assert [request.target for request in server.requests] == ["/v1/data_sources/ds_1/invoices/2026%2F01%20%231/status"]
    assert server.requests[0].method == "PUT"
    assert server.requests[0].json == {"status": "written_off"}


def test_a_status_that_was_set_before_the_answer_was_lost(connect: Callable[..., ChartMogulClient]) -> None:
    with serving(drop, REFUSED, listing({**INVOICE, "status": "voided"})) as server:
        connect(server.url).invoices.update_status("ds_1", "i-1", status="voided")

    assert server.calls == ["PUT /data_sources/ds_1/invoices/i-1/status"] * 2 + ["GET /invoices"]


def test_a_status_that_is_refused(connect: Callable[..., ChartMogulClient]) -> None:
    with (
        serving(REFUSED, listing({**INVOICE, "status": "written_off"})) as server,
        pytest.raises(ChartMogulUnprocessableError, match="not allowed"),
    ):
        connect(server.url).invoices.update_status("ds_1", "i-1", status="voided")
