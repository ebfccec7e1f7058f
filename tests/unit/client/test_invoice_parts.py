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
    from airflow_provider_chartmogul.emulator import Emulator
    from tests.unit.client.servers import Received

INVOICE = {"uuid": "inv_1", "external_id": "i-1", "status": "open"}
ITEM = {"uuid": "li_1", "external_id": "l-1"}
PAYMENT = {"uuid": "tr_1", "external_id": "t-1"}
KINDS = {"invoices": INVOICE, "line_items": ITEM, "transactions": PAYMENT}
NOT_FOUND = answer(404, {"error": "Line item not found"})
REFUSED = answer(422, {"code": 422, "message": "Status transition is not allowed", "param": "status"})

kinds = pytest.mark.parametrize("kind", KINDS)


def listing(*invoices: dict[str, Any]) -> Any:
    return answer(body={"invoices": list(invoices), "cursor": None, "has_more": False})


def query_of(request: Received) -> dict[str, str]:
    return dict(parse_qsl(request.target.partition("?")[2]))


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
    assert query_of(server.requests[0]) == {"data_source_uuid": "ds_1", "external_id": record["external_id"]}


@kinds
@pytest.mark.parametrize("rows", [[], [{"uuid": "x_2", "external_id": "another"}]])
def test_no_record_with_the_external_id(
    connect: Callable[..., ChartMogulClient], kind: str, rows: list[dict[str, str]]
) -> None:
    with serving(answer(body={kind: rows})) as server:
        resource = getattr(connect(server.url), kind)
        with pytest.raises(ChartMogulNotFoundError) as caught:
            resource.retrieve_by_external_id("ds_1", "secret-id")

    assert server.calls == [f"GET /{kind}"]
    assert caught.value.status_code == 404
    assert "secret-id" not in str(caught.value)


@kinds
@pytest.mark.parametrize("named", [("", "i-1"), ("ds_1", "")])
def test_half_a_name_reaches_nothing(
    connect: Callable[..., ChartMogulClient], kind: str, named: tuple[str, str]
) -> None:
    with serving(found(kind)) as server:
        resource = getattr(connect(server.url), kind)
        for call in (
            resource.retrieve_by_external_id,
            resource.update_by_external_id,
            resource.disable_by_external_id,
            resource.delete_by_external_id,
        ):
            with pytest.raises(ValueError, match="data_source_uuid and external_id"):
                call(*named)

    assert server.requests == []


@kinds
def test_changes_and_deletions_by_external_id(connect: Callable[..., ChartMogulClient], kind: str) -> None:
    changed = {**KINDS[kind], "changed": True}
    with serving(drop, answer(body=changed), answer(body=changed), drop, NOT_FOUND) as server:
        resource = getattr(connect(server.url), kind)
        assert resource.update_by_external_id("ds_1", "2026 #1", brand_new="x", handle_as_user_edit=True) == changed
        assert resource.disable_by_external_id("ds_1", "2026 #1", disabled=False) == changed
        assert resource.delete_by_external_id("ds_1", "2026 #1", handle_as_user_edit=False) is None

    update, disable, delete = f"PATCH /{kind}", f"PATCH /{kind}/disabled_state", f"DELETE /{kind}"
    assert server.calls == [update, update, disable, delete, delete]
    name = {"data_source_uuid": "ds_1", "external_id": "2026 #1"}
    assert [query_of(request) for request in server.requests[1:4]] == [
        {**name, "handle_as_user_edit": "true"},
        name,
        {**name, "handle_as_user_edit": "false"},
    ]
    assert [request.json for request in server.requests[1:3]] == [{"brand_new": "x"}, {"disabled": False}]
    assert server.requests[3].body == b""


@kinds
def test_what_is_gone_cannot_be_deleted_by_external_id(connect: Callable[..., ChartMogulClient], kind: str) -> None:
    with serving(NOT_FOUND) as server, pytest.raises(ChartMogulNotFoundError):
        getattr(connect(server.url), kind).delete_by_external_id("ds_1", "x-1")

    assert server.calls == [f"DELETE /{kind}"]


@kinds
def test_options_of_retrievals(connect: Callable[..., ChartMogulClient], kind: str) -> None:
    with serving(answer(body=KINDS[kind])) as server:
        resource = getattr(connect(server.url), kind)
        resource.retrieve("x_1", with_disabled=True, include_edit_histories=False)
        external_id = KINDS[kind]["external_id"]
        resource.retrieve_by_external_id("ds_1", external_id, with_disabled=True, include_edit_histories=False)

    options = {"with_disabled": "true", "include_edit_histories": "false"}
    assert query_of(server.requests[0]) == options
    assert query_of(server.requests[1]) == {"data_source_uuid": "ds_1", "external_id": external_id, **options}


@kinds
def test_disabling_by_uuid(connect: Callable[..., ChartMogulClient], kind: str) -> None:
    with serving(drop, answer(body=KINDS[kind])) as server:
        resource = getattr(connect(server.url), kind)
        assert resource.disable("x_1", handle_as_user_edit=True) == KINDS[kind]
        resource.disable("x_1", disabled=False)

    assert server.calls == [f"PATCH /{kind}/x_1/disabled_state"] * 3, "repeated at will"
    assert [request.json for request in server.requests[1:]] == [{"disabled": True}, {"disabled": False}]
    assert [query_of(request) for request in server.requests[1:]] == [{"handle_as_user_edit": "true"}, {}]


@kinds
def test_changes_as_those_of_a_user(connect: Callable[..., ChartMogulClient], kind: str) -> None:
    with serving(answer(body=KINDS[kind])) as server:
        resource = getattr(connect(server.url), kind)
        resource.update("x_1", brand_new=1, handle_as_user_edit=True)
        resource.delete("x_1", handle_as_user_edit=True)

    assert [query_of(request) for request in server.requests] == [{"handle_as_user_edit": "true"}] * 2
    assert server.requests[0].json == {"brand_new": 1}


def test_the_status_of_an_invoice(connect: Callable[..., ChartMogulClient]) -> None:
    with serving(answer(body={"message": "Invoice updated"})) as server:
        invoices = connect(server.url).invoices
        invoices.update_status("ds_1", "2026/01 #1", status="written_off")
        invoices.update_status("ds_1", "i-2", status="voided", handle_as_user_edit=True)

    assert [request.target for request in server.requests] == [
        "/v1/data_sources/ds_1/invoices/2026%2F01%20%231/status",
        "/v1/data_sources/ds_1/invoices/i-2/status?handle_as_user_edit=true",
    ]
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


@pytest.fixture
def billed(client: ChartMogulClient, emulator: Emulator) -> dict[str, str]:
    """A customer with one invoice: 50.00 USD a month from 2026-01-10, paid."""
    emulator.configure(now="2026-03-15T12:00:00Z")
    source = client.data_sources.create(name="Ledger")["uuid"]
    customer = client.customers.create(data_source_uuid=source, external_id="c-1", name="Ida")["uuid"]
    plan = client.plans.create(data_source_uuid=source, name="Pro", interval_count=1, interval_unit="month")["uuid"]
    item = {
        "external_id": "l-1",
        "type": "subscription",
        "subscription_external_id": "s-1",
        "plan_uuid": plan,
        "service_period_start": "2026-01-10",
        "service_period_end": "2026-02-10",
        "amount_in_cents": 5000,
    }
    payment = {"external_id": "t-1", "type": "payment", "date": "2026-01-11", "result": "successful"}
    bill = {"external_id": "i-1", "date": "2026-01-10", "currency": "USD"}
    client.invoices.create(customer, [{**bill, "line_items": [item], "transactions": [payment]}])
    return {"source": source, "customer": customer}


def test_an_invoice_is_mended(client: ChartMogulClient, billed: dict[str, str]) -> None:
    source, customer = billed["source"], billed["customer"]
    assert client.line_items.update_by_external_id(source, "l-1", amount_in_cents=9000)["amount_in_cents"] == 9000
    assert client.customers.retrieve(customer)["mrr"] == 9000
    assert client.transactions.update_by_external_id(source, "t-1", result="failed")["result"] == "failed"
    assert client.invoices.retrieve_by_external_id(source, "i-1")["status"] == "open"
    changed = client.invoices.update_by_external_id(source, "i-1", due_date=date(2026, 1, 31))
    assert changed["due_date"] == "2026-01-31T00:00:00.000Z"
    client.transactions.delete_by_external_id(source, "t-1")
    client.line_items.delete_by_external_id(source, "l-1")
    bare = client.invoices.retrieve(changed["uuid"])
    assert (bare["line_items"], bare["transactions"]) == ([], [])
    assert client.customers.retrieve(customer)["mrr"] == 0
    client.invoices.delete_for_customer(source, customer)
    with pytest.raises(ChartMogulNotFoundError):
        client.invoices.retrieve_by_external_id(source, "i-1")


def test_answers_that_are_lost_do_no_harm(client: ChartMogulClient, emulator: Emulator, billed: dict[str, str]) -> None:
    source = billed["source"]
    item = client.line_items.retrieve_by_external_id(source, "l-1")["uuid"]
    lost = {"kind": "drop_after", "path": "line_items|status", "times": 1}
    emulator.set_faults([{**lost, "method": "PUT"}, {**lost, "method": "PATCH"}, {**lost, "method": "DELETE"}])
    client.line_items.update(item, amount_in_cents=7000)
    client.invoices.update_status(source, "i-1", status="voided")
    client.line_items.delete(item)

    stored = client.invoices.retrieve_by_external_id(source, "i-1")
    assert (stored["status"], stored["line_items"]) == ("voided", [])
    by_operation = emulator.stats()["requests_by_operation"]
    assert by_operation["PUT /data_sources/{data_source_uuid}/invoices/{invoice_external_id}/status"] == 2
    assert (
        by_operation["PATCH /line_items/{line_item_uuid}"] == by_operation["DELETE /line_items/{line_item_uuid}"] == 2
    )
