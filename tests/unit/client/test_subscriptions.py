"""Subscriptions, their events and their attributes: requests, answers, repetition."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from airflow_provider_chartmogul.exceptions import (
    ChartMogulAmbiguousWriteError,
    ChartMogulInvalidRecordError,
    ChartMogulNotFoundError,
)
from tests.unit.client.servers import answer, drop, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

    Connect = Callable[..., ChartMogulClient]

CANCELLED = {"uuid": "sub_1", "cancellation_dates": []}
NOWHERE = "http://127.0.0.1:9/v1"
SEATS = {"type": "Integer", "key": "seats", "value": 5}
LEVELS = {"subscription_attributes": "/subscriptions/s-1", "subscription_set_attributes": "/subscription_sets/s-1"}

levels = pytest.mark.parametrize(("attributes", "path"), LEVELS.items())


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        ({"cancelled_at": "2026-01-01 00:00:00 UTC"}, {"cancelled_at": "2026-01-01 00:00:00 UTC"}),
        ({"cancelled_at": datetime(2026, 1, 1, 3, tzinfo=UTC)}, {"cancelled_at": "2026-01-01T03:00:00Z"}),
        (
            {"cancellation_dates": ["2026-01-01", date(2026, 3, 1)]},
            {"cancellation_dates": ["2026-01-01", "2026-03-01"]},
        ),
        ({"cancellation_dates": []}, {"cancellation_dates": []}),
    ],
)
def test_cancelling(connect: Connect, arguments: dict[str, Any], body: dict[str, Any]) -> None:
    with serving(answer(429), answer(202, CANCELLED)) as server:
        assert connect(server.url).subscriptions.cancel("sub_1", **arguments) == CANCELLED

    assert server.calls == ["PATCH /import/subscriptions/sub_1"] * 2, "turned away the first time"
    assert server.requests[1].json == body


def test_all_cancellations_are_set_again_at_will(connect: Connect) -> None:
    with serving(drop, answer(500), answer(202, CANCELLED)) as server:
        assert connect(server.url).subscriptions.cancel("sub_1", cancellation_dates=["2026-01-01"]) == CANCELLED

    assert len(server.requests) == 3


@pytest.mark.parametrize("failure", [drop, answer(500), answer(202, text="{")])
def test_a_cancellation_is_not_added_again_when_it_may_be_there(connect: Connect, failure: Any) -> None:
    with serving(failure) as server, pytest.raises(ChartMogulAmbiguousWriteError, match="may or may not"):
        connect(server.url).subscriptions.cancel("sub_1", cancelled_at="2026-01-01")

    assert len(server.requests) == 1


@pytest.mark.parametrize("arguments", [{}, {"cancelled_at": "2026-01-01", "cancellation_dates": []}])
def test_cancelling_takes_one_of_two(connect: Connect, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cancelled_at or cancellation_dates"):
        connect(NOWHERE).subscriptions.cancel("sub_1", **arguments)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [({"cancelled_at": "yesterday"}, "cancelled_at"), ({"cancellation_dates": ["2026-13-01"]}, "cancellation_dates")],
)
def test_cancelling_at_no_date(connect: Connect, arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(ChartMogulInvalidRecordError, match=field):
        connect(NOWHERE).subscriptions.cancel("sub_1", **arguments)


def test_imported_subscriptions(connect: Connect) -> None:
    row = {"uuid": "sub_1", "cancellation_dates": []}
    page = {"customer_uuid": "cus_1", "subscriptions": [row], "cursor": None, "has_more": False}
    with serving(answer(body=page)) as server:
        assert list(connect(server.url).subscriptions.list_imported("cus_1", per_page=9, cursor="x")) == [row]

    assert server.requests[0].target == "/v1/import/customers/cus_1/subscriptions?per_page=9&cursor=x"


@levels
def test_attributes(connect: Connect, attributes: str, path: str) -> None:
    record = {"custom": {"seats": 5}}
    with serving(drop, answer(body=record)) as server:
        resource = getattr(connect(server.url), attributes)
        assert resource.retrieve("s-1") == record
        assert resource.add("s-1", [SEATS]) == record
        assert resource.update("s-1", {"seats": {"value": 6, "source": "x"}}) == record
        assert resource.remove("s-1", ["seats"]) == record

    custom = f"{path}/attributes/custom"
    assert server.calls == [f"GET {path}/attributes"] * 2 + [f"POST {custom}", f"PUT {custom}", f"DELETE {custom}"]
    assert [request.json for request in server.requests[2:]] == [
        {"custom": [SEATS]},
        {"custom": {"seats": {"value": 6, "source": "x"}}},
        {"custom": ["seats"]},
    ]


@levels
@pytest.mark.parametrize(
    "call",
    [
        lambda resource: resource.add("s-1", [SEATS]),
        lambda resource: resource.update("s-1", {"seats": 6}),
        lambda resource: resource.remove("s-1", ["seats"]),
    ],
)
def test_changes_of_attributes_are_repeated_at_will(connect: Connect, attributes: str, path: str, call: Any) -> None:
    with serving(drop, answer(500), answer(body={"custom": {}})) as server:
        assert call(getattr(connect(server.url), attributes)) == {"custom": {}}

    assert len(server.requests) == 3


@levels
def test_nothing_remains(connect: Connect, attributes: str, path: str) -> None:
    with serving(answer(204, text="")) as server:
        assert getattr(connect(server.url), attributes).remove("s-1", ["seats"]) == {"custom": {}}


def test_disabling_events(connect: Connect) -> None:
    event = {"id": 7, "disabled": True}
    with serving(drop, answer(body=event)) as server:
        events = connect(server.url).subscription_events
        assert events.disable(7, handle_as_user_edit=True) == event
        events.disable(7, disabled=False)
        assert events.disable_by_external_id("ds_1", "e-1", handle_as_user_edit=False) == event
        events.disable_by_external_id("ds_1", "e-1", disabled=False)

    one, named = "PATCH /subscription_events/7/disabled_state", "PATCH /subscription_events/disabled_state"
    assert server.calls == [one] * 3 + [named] * 2, "repeated at will"
    name = {"external_id": "e-1", "data_source_uuid": "ds_1"}
    assert [request.json for request in server.requests[1:]] == [
        {"disabled": True},
        {"disabled": False},
        {**name, "disabled": True},
        {**name, "disabled": False},
    ]
    queries = [dict(parse_qsl(request.target.partition("?")[2])) for request in server.requests[1:]]
    assert queries == [{"handle_as_user_edit": "true"}, {}, {"handle_as_user_edit": "false"}, {}]


def test_changes_of_events_as_those_of_a_user(connect: Connect) -> None:
    with serving(answer(body={"id": 7})) as server:
        events = connect(server.url).subscription_events
        events.update(external_id="e-1", data_source_uuid="ds_1", quantity=2, handle_as_user_edit=True)
        events.delete(id=7, handle_as_user_edit=True)

    assert [request.target for request in server.requests] == ["/v1/subscription_events?handle_as_user_edit=true"] * 2
    assert [request.json["subscription_event"] for request in server.requests] == [
        {"external_id": "e-1", "data_source_uuid": "ds_1", "quantity": 2},
        {"id": 7},
    ]


@pytest.mark.parametrize(
    "call",
    [
        lambda events: events.update(external_id="e-1", quantity=2),
        lambda events: events.update(quantity=2),
        lambda events: events.disable_by_external_id("ds_1", ""),
        lambda events: events.disable_by_external_id("", "e-1"),
    ],
)
def test_an_event_must_be_named(connect: Connect, call: Any) -> None:
    with pytest.raises(ValueError, match="name the event"):
        call(connect(NOWHERE).subscription_events)


@pytest.fixture
def subscriber(client: ChartMogulClient, emulator: Emulator) -> str:
    """A customer with one subscription, in a set: 50.00 USD a month from 2026-01-10."""
    emulator.configure(now="2026-03-15T12:00:00Z")
    source = client.data_sources.create(name="Ledger")["uuid"]
    uuid = str(client.customers.create(data_source_uuid=source, external_id="c-1")["uuid"])
    plan = client.plans.create(data_source_uuid=source, name="Pro", interval_count=1, interval_unit="month")["uuid"]
    item = {
        "type": "subscription",
        "subscription_external_id": "s-1",
        "subscription_set_external_id": "set-1",
        "plan_uuid": plan,
        "service_period_start": "2026-01-10",
        "service_period_end": "2026-02-10",
        "amount_in_cents": 5000,
    }
    bill = {"external_id": "i-1", "date": "2026-01-10", "currency": "USD", "line_items": [item]}
    client.invoices.create(uuid, [bill])
    return uuid


def test_a_cancellation_and_how_it_is_taken_back(client: ChartMogulClient, emulator: Emulator, subscriber: str) -> None:
    uuid = client.subscriptions.list_imported(subscriber).first()["uuid"]
    emulator.set_faults([{"kind": "drop_after", "method": "PATCH", "times": 1}])
    with pytest.raises(ChartMogulAmbiguousWriteError):
        client.subscriptions.cancel(uuid, cancelled_at="2026-02-10")

    cancelled = client.subscriptions.list_imported(subscriber).first()
    assert cancelled["cancellation_dates"] == ["2026-02-10T00:00:00.000Z"], "once"
    assert client.customers.retrieve(subscriber)["mrr"] == 0
    assert [row["type"] for row in client.activities.list_for_customer(subscriber)] == ["churn", "new_biz"]
    emulator.set_faults([{"kind": "drop_after", "method": "PATCH", "times": 1}])
    assert client.subscriptions.cancel(uuid, cancellation_dates=[])["cancellation_dates"] == []
    assert client.customers.retrieve(subscriber)["mrr"] == 5000
    with pytest.raises(ChartMogulNotFoundError):
        client.subscriptions.cancel("sub_00000000-0000-0000-0000-000000000000", cancellation_dates=[])


def test_attributes_are_there_afterwards(client: ChartMogulClient, subscriber: str) -> None:
    subscription = client.subscriptions.list(subscriber).first()
    names = {
        "subscription_attributes": subscription["uuid"],
        "subscription_set_attributes": subscription["subscription_set_uuid"],
    }
    for kind, uuid in names.items():
        attributes = getattr(client, kind)
        assert attributes.add(uuid, [SEATS])["custom"]["seats"] == 5
        assert attributes.update(uuid, {"seats": 6})["custom"]["seats"] == 6
        assert attributes.retrieve(uuid)["custom"]["seats"] == 6
        assert attributes.remove(uuid, ["seats"])["custom"] == {}
        assert attributes.remove(uuid, ["seats"])["custom"] == {}
