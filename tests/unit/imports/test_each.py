"""Records are sent several at a time, and each is accounted for."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from airflow_provider_chartmogul.client.errors import ChartMogulUnreachableError
from airflow_provider_chartmogul.exceptions import (
    ChartMogulAmbiguousWriteError,
    ChartMogulInvalidRecordError,
    ChartMogulNotFoundError,
    ChartMogulPermissionError,
    ChartMogulServerError,
    ChartMogulUnprocessableError,
)
from airflow_provider_chartmogul.imports.each import Account, Sent, send_each
from airflow_provider_chartmogul.imports.look_ups import OncePerKey

RECORDS = [{"number": number} for number in range(50)]


def good(record: dict[str, Any]) -> Sent:
    return Sent("created", f"cus_{record['number']}")


def raising(error: Exception, at: int = 7) -> Any:
    def send(record: dict[str, Any]) -> Sent:
        if record["number"] == at:
            raise error
        return good(record)

    return send


@pytest.mark.parametrize("threads", [1, 8, 500])
def test_the_account_is_in_the_order_of_the_records(threads: int) -> None:
    account = send_each(RECORDS, good, threads=threads)
    assert [sent.uuid for sent in account.sent] == [f"cus_{number}" for number in range(50)]
    assert account.stopped_by is None


def test_nothing_to_send() -> None:
    assert send_each([], good, threads=4).sent == []


def test_several_are_under_way_at_once() -> None:
    together = threading.Barrier(4)

    def send(record: dict[str, Any]) -> Sent:
        together.wait(timeout=30)
        return good(record)

    assert len(send_each(RECORDS[:8], send, threads=4).sent) == 8


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (
            ChartMogulUnprocessableError("refused", status_code=422, errors={"name": "is blank", "date": "is late"}),
            Sent("rejected", None, (("name", "is blank"), ("date", "is late"))),
        ),
        (ChartMogulNotFoundError("not there", status_code=404), Sent("rejected", None, (("", "not there"),))),
        (
            ChartMogulInvalidRecordError("bad", [("plan_external_id", "names no plan")]),
            Sent("rejected", None, (("plan_external_id", "names no plan"),)),
        ),
        (ChartMogulAmbiguousWriteError("perhaps"), Sent("unknown", None, (("", "perhaps"),))),
        (ChartMogulServerError("failed", status_code=500), Sent("unknown", None, (("", "failed"),))),
        (ChartMogulUnreachableError("gone"), Sent("unknown", None, (("", "gone"),))),
    ],
)
def test_a_failure_is_one_record_s_own(error: Exception, sent: Sent) -> None:
    account = send_each(RECORDS, raising(error), threads=4)
    assert account.sent[7] == sent
    assert {one.state for position, one in enumerate(account.sent) if position != 7} == {"created"}


def test_an_outage_is_noticed() -> None:
    tried: list[int] = []

    def send(record: dict[str, Any]) -> Sent:
        tried.append(record["number"])
        raise ChartMogulServerError("failed", status_code=500)

    account = send_each(RECORDS, send, threads=2)
    assert len(tried) <= 6
    assert len(account.sent) == 50
    assert [sent.state for sent in account.sent].count("not_sent") == 50 - len(tried)


def test_failures_with_successes_between_them_are_no_outage() -> None:
    def send(record: dict[str, Any]) -> Sent:
        if record["number"] % 2:
            raise ChartMogulServerError("failed", status_code=500)
        return good(record)

    account = send_each(RECORDS, send, threads=1)
    assert [sent.state for sent in account.sent].count("created") == 25


def test_a_refused_key_ends_everything() -> None:
    error = ChartMogulPermissionError("read-only", status_code=403)
    account = send_each(RECORDS, raising(error), threads=1)
    assert account.stopped_by is error
    states = [sent.state for sent in account.sent]
    assert states == ["created"] * 7 + ["rejected"] + ["not_sent"] * 42


def test_what_is_no_failure_of_a_request_ends_the_run() -> None:
    with pytest.raises(KeyError):
        send_each(RECORDS, raising(KeyError("bug")), threads=4)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("chartmogul-records")]


def test_the_account_is_filled_although_the_run_ends_in_an_error() -> None:
    account = Account()
    with pytest.raises(KeyError):
        send_each(RECORDS, raising(KeyError("bug")), threads=1, account=account)
    assert [sent.state for sent in account.sent] == ["created"] * 7 + ["unknown"] + ["not_sent"] * 42
    assert all(sent.reasons for sent in account.sent[7:])


class TestOncePerKey:
    def test_threads_that_want_the_same_wait_for_one(self) -> None:
        calls: list[str] = []
        together = threading.Barrier(8)

        def look_up(key: str) -> str:
            calls.append(key)
            return key.upper()

        once = OncePerKey(look_up)

        def ask(record: dict[str, Any]) -> Sent:
            together.wait(timeout=30)
            return Sent("found", once(f"key-{record['number'] % 2}"))

        found = [sent.uuid for sent in send_each(RECORDS[:8], ask, threads=8).sent]
        assert found == ["KEY-0", "KEY-1"] * 4
        assert sorted(calls) == ["key-0", "key-1"]

    def test_errors_are_not_kept(self) -> None:
        answers = iter([ChartMogulServerError("failed", status_code=500), "cus_1"])

        def look_up(_: str) -> str:
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer

        once = OncePerKey(look_up)
        with pytest.raises(ChartMogulServerError):
            once("a")
        assert once("a") == once("a") == "cus_1"
