"""Merges and unmerges of customers, connections of subscriptions: taken for later, and done once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.exceptions import (
    ChartMogulBadRequestError,
    ChartMogulInvalidRecordError,
    ChartMogulNotFoundError,
    ChartMogulUnprocessableError,
)
from tests.unit.client.servers import answer, drop, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.client import ChartMogulClient

    Connect = Callable[..., ChartMogulClient]

ACCEPTED = [answer(202, {}), answer(202, text=""), answer(204, text="")]
NOT_FOUND = answer(404, {"code": 404, "message": "Not found", "param": "customer_uuid"})
REFUSED = answer(422, {"code": 422, "message": "Cannot merge a customer into itself", "param": None})
POST = "POST /customers/merges"
UNMERGE = {"data_source_uuid": "ds_2", "external_id": "c-2"}
PAIR = [{"data_source_uuid": "ds_1", "uuid": "sub_1"}, {"data_source_uuid": "ds_2", "external_id": "s-2"}]


def customer(uuid: str) -> Any:
    return answer(body={"uuid": uuid})


def found(*uuids: str) -> Any:
    return answer(body={"entries": [{"uuid": uuid} for uuid in uuids], "cursor": None, "has_more": False})


@pytest.mark.parametrize("accepted", ACCEPTED)
def test_a_merge_is_taken(connect: Connect, accepted: Any) -> None:
    name = {"data_source_uuid": "ds_1", "external_id": "c-1"}
    with serving(accepted) as server:
        client = connect(server.url)
        assert client.customers.merge(from_="cus_1", into="cus_2") is None
        client.customers.merge(from_=name, into={"customer_uuid": "cus_2"})

    assert server.calls == [POST] * 2
    assert [request.json for request in server.requests] == [
        {"from": {"customer_uuid": "cus_1"}, "into": {"customer_uuid": "cus_2"}},
        {"from": name, "into": {"customer_uuid": "cus_2"}},
    ]


def merge(connect: Connect, url: str) -> None:
    connect(url).customers.merge(from_="cus_1", into="cus_2")


def test_a_merge_whose_answer_was_lost_is_recognised_by_the_customer_that_is_gone(connect: Connect) -> None:
    with serving(drop, NOT_FOUND, customer("cus_2")) as server:
        merge(connect, server.url)

    assert server.calls == [POST, "GET /customers/cus_1", "GET /customers/cus_2"]


def test_a_merge_that_was_not_done_is_asked_for_again(connect: Connect) -> None:
    with serving(drop, customer("cus_1"), customer("cus_2"), ACCEPTED[0]) as server:
        merge(connect, server.url)

    assert [call for call in server.calls if call == POST] == [POST] * 2
    assert server.requests[0].json == server.requests[-1].json


@pytest.mark.parametrize("refusal", [NOT_FOUND, REFUSED, answer(400, {"message": "no"})])
def test_a_merge_that_took_effect_while_it_was_asked_for_again(connect: Connect, refusal: Any) -> None:
    seen = [customer("cus_1"), customer("cus_2")]
    with serving(drop, *seen, refusal, NOT_FOUND, customer("cus_2")) as server:
        merge(connect, server.url)

    assert server.calls.count(POST) == 2


def test_a_merge_into_nobody_is_an_error_whatever_was_lost_before(connect: Connect) -> None:
    with serving(drop, NOT_FOUND) as server, pytest.raises(ChartMogulNotFoundError):
        merge(connect, server.url)

    assert server.calls.count(POST) == 2


@pytest.mark.parametrize(
    ("refusal", "error"), [(NOT_FOUND, ChartMogulNotFoundError), (REFUSED, ChartMogulUnprocessableError)]
)
def test_a_merge_that_is_refused_at_once(connect: Connect, refusal: Any, error: type[Exception]) -> None:
    with serving(refusal) as server, pytest.raises(error):
        merge(connect, server.url)

    assert server.calls == [POST]


def test_an_unmerge_whose_answer_was_lost_is_recognised_by_whose_the_part_is(connect: Connect) -> None:
    with serving(drop, found("cus_9"), customer("cus_1")) as server:
        connect(server.url).customers.unmerge("cus_1", **UNMERGE)

    assert server.calls.count("POST /customers/unmerges") == 1
    assert "data_source_uuid=ds_2&external_id=c-2" in server.requests[1].target


def test_an_unmerge_whose_answer_was_lost_is_asked_for_again_while_the_part_is_there(connect: Connect) -> None:
    with serving(drop, found("cus_1"), ACCEPTED[0]) as server:
        connect(server.url).customers.unmerge("cus_1", **UNMERGE)

    assert server.calls.count("POST /customers/unmerges") == 2


def test_a_part_of_another_customer_was_not_split_off_from_one_that_is_not_there(connect: Connect) -> None:
    answers = (drop, found("cus_9"), NOT_FOUND, NOT_FOUND, found("cus_9"), NOT_FOUND)
    with serving(*answers) as server, pytest.raises(ChartMogulNotFoundError):
        connect(server.url).customers.unmerge("cus_1", **UNMERGE)

    assert server.calls.count("POST /customers/unmerges") == 2


def test_a_part_that_nobody_has_was_not_split_off(connect: Connect) -> None:
    with serving(drop, found(), NOT_FOUND, found()) as server, pytest.raises(ChartMogulNotFoundError):
        connect(server.url).customers.unmerge("cus_1", **UNMERGE)

    assert server.calls.count("POST /customers/unmerges") == 2


def test_only_what_the_api_knows_moves_along(connect: Connect) -> None:
    with pytest.raises(ChartMogulInvalidRecordError, match="move_to_new_customer"):
        connect("http://127.0.0.1:9/v1").customers.unmerge("cus_1", **UNMERGE, move_to_new_customer=["invoices"])


@pytest.mark.parametrize("operation", ["connect", "disconnect"])
@pytest.mark.parametrize("accepted", ACCEPTED)
def test_connections_are_taken_and_asked_for_again_at_will(connect: Connect, operation: str, accepted: Any) -> None:
    with serving(drop, answer(500), accepted) as server:
        assert getattr(connect(server.url).subscriptions, operation)("cus_1", PAIR) is None

    assert server.calls == [f"POST /customers/cus_1/{operation}_subscriptions"] * 3
    assert server.requests[2].json == {"subscriptions": PAIR}


@pytest.mark.parametrize("operation", ["connect", "disconnect"])
@pytest.mark.parametrize(
    ("subscriptions", "words"),
    [
        ([], "subscriptions must not be empty|subscriptions.*two"),
        (PAIR[:1], "two subscriptions"),
        ([PAIR[0], {"uuid": "sub_2"}], r"subscriptions\[1\]\.data_source_uuid"),
        ([{"data_source_uuid": "ds_1"}, PAIR[1]], r"subscriptions\[0\]\.external_id"),
    ],
)
def test_subscriptions_that_are_not_named(
    connect: Connect, operation: str, subscriptions: list[dict[str, str]], words: str
) -> None:
    with pytest.raises(ChartMogulInvalidRecordError, match=words):
        getattr(connect("http://127.0.0.1:9/v1").subscriptions, operation)("cus_1", subscriptions)


def test_an_external_id_that_two_subscriptions_have(connect: Connect) -> None:
    refusal = answer(400, {"code": 400, "message": "ambiguous", "param": "external_id"})
    with serving(refusal) as server, pytest.raises(ChartMogulBadRequestError):
        connect(server.url).subscriptions.connect("cus_1", PAIR)

    assert len(server.requests) == 1
