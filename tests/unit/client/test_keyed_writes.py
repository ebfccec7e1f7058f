"""Creations with a natural key: after a failure in doubt, look first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulServerError, ChartMogulUnprocessableError
from tests.unit.client.samples import BILL, CANCELLATION
from tests.unit.client.servers import answer, cut_short, drop, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.client import ChartMogulClient


class Creation(NamedTuple):
    call: Callable[[ChartMogulClient], Any]
    path: str
    lookup: str
    found: Any
    missing: Any
    record: dict[str, Any]


def listed(key: str, record: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    rest = {"cursor": None, "has_more": False}
    return {key: [record], **rest}, {key: [], **rest}


SOURCE = {"uuid": "ds_1", "name": "Billing"}
CUSTOMER = {"uuid": "cus_1", "external_id": "c-1"}
PLAN = {"uuid": "pl_1", "external_id": "p-1"}
EVENT = {"id": 7, "external_id": "e-1"}
IMPORT = {"id": "imp-1", "external_id": "batch-1", "status": "processing"}
INVOICE = {"uuid": "inv_1", "external_id": "i-1"}
ITEM = {"uuid": "li_1", "external_id": "l-1"}
PAYMENT = {"uuid": "tr_1", "external_id": "t-1"}
NO_PARTS = {"uuid": "inv_1", "line_items": [{"external_id": "l-0"}], "transactions": []}

CREATIONS = {
    "data source": Creation(
        lambda client: client.data_sources.create(name="Billing"),
        "/data_sources",
        "/data_sources?name=Billing",
        {"data_sources": [{"uuid": "ds_0", "name": "Billing 2"}, SOURCE]},
        {"data_sources": []},
        SOURCE,
    ),
    "customer": Creation(
        lambda client: client.customers.create(data_source_uuid="ds_1", external_id="c-1", name="x"),
        "/customers",
        "/customers?data_source_uuid=ds_1&external_id=c-1&per_page=200",
        *listed("entries", CUSTOMER),
        CUSTOMER,
    ),
    "plan": Creation(
        lambda client: client.plans.create(
            data_source_uuid="ds_1", external_id="p-1", name="Pro", interval_count=1, interval_unit="month"
        ),
        "/plans",
        "/plans?data_source_uuid=ds_1&external_id=p-1&per_page=200",
        *listed("plans", PLAN),
        PLAN,
    ),
    "invoice": Creation(
        lambda client: client.invoices.create("cus_1", [BILL]),
        "/import/customers/cus_1/invoices",
        "/invoices?customer_uuid=cus_1&external_id=i-1&validation_type=all&per_page=200",
        *listed("invoices", INVOICE),
        {"invoices": [INVOICE]},
    ),
    "line item": Creation(
        lambda client: client.line_items.create("inv_1", external_id="l-1", type="one_time", amount_in_cents=5),
        "/import/invoices/inv_1/line_items",
        "/invoices/inv_1?validation_type=all",
        {"uuid": "inv_1", "line_items": [{"external_id": "l-0"}, ITEM], "transactions": []},
        NO_PARTS,
        ITEM,
    ),
    "transaction": Creation(
        lambda client: client.transactions.create(
            "inv_1", external_id="t-1", type="payment", result="successful", date="2026-01-01"
        ),
        "/import/invoices/inv_1/transactions",
        "/invoices/inv_1?validation_type=all",
        {"uuid": "inv_1", "line_items": [], "transactions": [PAYMENT]},
        NO_PARTS,
        PAYMENT,
    ),
    "event": Creation(
        lambda client: client.subscription_events.create(data_source_uuid="ds_1", external_id="e-1", **CANCELLATION),
        "/subscription_events",
        "/subscription_events?data_source_uuid=ds_1&external_id=e-1&per_page=200",
        *listed("subscription_events", EVENT),
        EVENT,
    ),
    "bulk import": Creation(
        lambda client: client.json_imports.create("ds_1", external_id="batch-1", customers=[{"external_id": "c-1"}]),
        "/data_sources/ds_1/json_imports",
        "/data_sources/ds_1/json_imports/batch-1",
        IMPORT,
        None,
        IMPORT,
    ),
}

DUPLICATE = answer(422, {"errors": {"external_id": "The external ID for this customer already exists in our system."}})
TAKEN = answer(422, {"errors": {"name": "Has already been taken."}})

creations = pytest.mark.parametrize("creation", CREATIONS.values(), ids=CREATIONS)


def lookup(creation: Creation, body: Any):
    return answer(404, {"error": "not found"}) if body is None else answer(200, body)


def targets(server):
    return [request.target.removeprefix("/v1") for request in server.requests]


@creations
@pytest.mark.parametrize("fault", [drop, cut_short, answer(500, text="<html>"), answer(201, text="{")])
def test_a_record_made_before_the_answer_was_lost_is_found(connect, creation, fault):
    with serving(fault, lookup(creation, creation.found)) as server:
        assert creation.call(connect(server.url)) == creation.record

    assert server.calls[0] == f"POST {creation.path}"
    assert targets(server)[1:] == [creation.lookup]


@creations
def test_a_record_that_was_not_made_is_sent_again(connect, creation):
    with serving(drop, lookup(creation, creation.missing), answer(201, creation.record)) as server:
        assert creation.call(connect(server.url)) == creation.record

    assert targets(server) == [creation.path, creation.lookup, creation.path]
    assert server.requests[0].json == server.requests[2].json


@creations
def test_a_duplicate_of_our_own_is_success(connect, creation):
    """The first request was still being worked on when we looked."""
    with serving(drop, lookup(creation, creation.missing), DUPLICATE, lookup(creation, creation.found)) as server:
        assert creation.call(connect(server.url)) == creation.record

    assert targets(server) == [creation.path, creation.lookup, creation.path, creation.lookup]


@creations
@pytest.mark.parametrize("duplicate", [DUPLICATE, TAKEN])
def test_a_duplicate_at_the_first_try_is_an_error(connect, creation, duplicate):
    with serving(duplicate) as server, pytest.raises(ChartMogulUnprocessableError):
        creation.call(connect(server.url))

    assert len(server.requests) == 1


@creations
@pytest.mark.parametrize("status", [429, 503])
def test_nothing_is_looked_up_when_the_request_was_turned_away(connect, creation, status):
    with serving(answer(status), answer(201, creation.record)) as server:
        assert creation.call(connect(server.url)) == creation.record

    assert targets(server) == [creation.path] * 2


def test_a_duplicate_after_being_turned_away_is_an_error(connect):
    with serving(answer(503), DUPLICATE) as server, pytest.raises(ChartMogulUnprocessableError):
        CREATIONS["customer"].call(connect(server.url))

    assert len(server.requests) == 2


def test_another_refusal_after_doubt_stays_an_error(connect):
    refusal = answer(422, {"errors": {"country": "is not a country"}})
    creation = CREATIONS["customer"]
    with (
        serving(drop, lookup(creation, creation.missing), refusal, lookup(creation, creation.missing)) as server,
        pytest.raises(ChartMogulUnprocessableError, match="not a country"),
    ):
        creation.call(connect(server.url))

    assert len(server.requests) == 4


def test_write_and_look_ups_share_one_time_bound(connect):
    with serving(drop, answer(500)) as server, pytest.raises(ChartMogulServerError):
        CREATIONS["customer"].call(connect(server.url, max_retry_seconds=0.1))

    assert server.calls.count("POST /customers") == 1


def test_of_a_batch_only_the_missing_invoices_are_sent_again(connect):
    invoices = [{**BILL, "external_id": f"i-{n}", "data_source_uuid": "ds_2"} for n in (1, 2, 3)]
    stored = [{"uuid": f"inv_{n}", "external_id": f"i-{n}"} for n in (1, 2, 3)]
    there, gone = listed("invoices", stored[1])
    with serving(
        drop,
        answer(body=gone),
        answer(body=there),
        answer(body=gone),
        answer(201, {"invoices": [stored[0], stored[2]]}),
    ) as server:
        assert connect(server.url).invoices.create("cus_1", invoices) == {"invoices": stored}

    assert [row["external_id"] for row in server.requests[-1].json["invoices"]] == ["i-1", "i-3"]
    assert all("data_source_uuid=ds_2" in target for target in targets(server)[1:4])


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.plans.create(data_source_uuid="ds_1", name="Pro", interval_count=1, interval_unit="day"),
        lambda client: client.subscription_events.create(data_source_uuid="ds_1", **CANCELLATION),
        lambda client: client.line_items.create("inv_1", type="one_time", amount_in_cents=5),
    ],
)
def test_without_external_id_there_is_no_key(connect, call):
    with serving(drop) as server, pytest.raises(Exception, match="may or may not have taken effect"):
        call(connect(server.url))

    assert len(server.requests) == 1
    assert b'"external_id"' not in server.requests[0].body


def test_get_or_create_takes_what_is_there(connect):
    with serving(answer(body={"data_sources": [SOURCE]})) as server:
        assert connect(server.url).data_sources.get_or_create(name="Billing") == SOURCE

    assert server.calls == ["GET /data_sources"]


def test_get_or_create_makes_what_is_not(connect):
    with serving(answer(body={"data_sources": []}), answer(201, SOURCE)) as server:
        assert connect(server.url).data_sources.get_or_create(name="Billing") == SOURCE

    assert server.requests[1].json == {"name": "Billing"}


def test_get_or_create_yields_to_one_who_was_faster(connect):
    with serving(answer(body={"data_sources": []}), TAKEN, answer(body={"data_sources": [SOURCE]})) as server:
        assert connect(server.url).data_sources.get_or_create(name="Billing") == SOURCE


def test_get_or_create_raises_other_refusals(connect):
    with (
        serving(answer(body={"data_sources": []}), answer(422, {"errors": {"name": "is needed"}})) as server,
        pytest.raises(ChartMogulUnprocessableError, match="is needed"),
    ):
        connect(server.url).data_sources.get_or_create(name="Billing")
