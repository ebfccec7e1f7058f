"""What is sent again, what is not, and for how long."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tenacity import wait_fixed

from airflow_provider_chartmogul.client import retry
from airflow_provider_chartmogul.exceptions import (
    ChartMogulAmbiguousWriteError,
    ChartMogulAuthenticationError,
    ChartMogulConnectionError,
    ChartMogulInvalidResponseError,
    ChartMogulNotFoundError,
    ChartMogulPermissionError,
    ChartMogulRateLimitError,
    ChartMogulServerError,
    ChartMogulTimeoutError,
    ChartMogulUnprocessableError,
)
from tests.unit.client.servers import answer, cut_short, drop, hang, serving, unused_url

OK = answer(body={"data": "pong!"})
HTML = "<html><body>It works!</body></html>"

PASSING_FAULTS = {
    "429": answer(429, {"code": 429, "message": "Your request rate has exceeded our rate limit.", "param": None}),
    "503": answer(503, text="Too many connections"),
    "500 html": answer(500, text=HTML),
    "502": answer(502),
    "504 text": answer(504, text="upstream timed out", Content_Type="text/plain"),
    "524": answer(524),
    "408": answer(408),
    "dropped": drop,
    "cut short": cut_short,
    "html with 200": answer(200, text=HTML),
    "no object": answer(200, text="[]"),
    "no body": answer(200, text=""),
}

UNSEEN = ["429", "503"]


@pytest.mark.parametrize("fault", PASSING_FAULTS)
def test_reads_outlive_passing_faults(connect, fault):
    with serving(PASSING_FAULTS[fault], PASSING_FAULTS[fault], OK) as server:
        assert connect(server.url).ping() == {"data": "pong!"}

    assert server.calls == ["GET /ping"] * 3


@pytest.mark.parametrize(
    ("call", "request_line"),
    [
        (lambda client: client.customers.update("cus_1", name="x"), "PATCH /customers/cus_1"),
        (lambda client: client.customers.delete("cus_1"), "DELETE /customers/cus_1"),
        (lambda client: client.custom_attributes.update("cus_1", {"a": 1}), "PUT /customers/cus_1/attributes/custom"),
        (lambda client: client.custom_attributes.remove("cus_1", ["a"]), "DELETE /customers/cus_1/attributes/custom"),
        (lambda client: client.tags.add("cus_1", ["a"]), "POST /customers/cus_1/attributes/tags"),
        (lambda client: client.activities_exports.create(), "POST /activities_export"),
    ],
)
@pytest.mark.parametrize("fault", ["429", "500 html", "dropped"])
def test_writes_that_may_be_repeated_are(connect, call, request_line, fault):
    with serving(PASSING_FAULTS[fault], answer(body={"id": "1", "uuid": "1", "status": "pending"})) as server:
        call(connect(server.url))

    assert server.calls == [request_line] * 2


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, ChartMogulAuthenticationError), (403, ChartMogulPermissionError), (422, ChartMogulUnprocessableError)],
)
def test_what_no_repetition_can_mend_is_sent_once(connect, status, error):
    with serving(answer(status)) as server, pytest.raises(error):
        connect(server.url).ping()

    assert server.calls == ["GET /ping"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("429", ChartMogulRateLimitError),
        ("500 html", ChartMogulServerError),
        ("html with 200", ChartMogulInvalidResponseError),
        ("cut short", ChartMogulInvalidResponseError),
        ("dropped", ChartMogulConnectionError),
    ],
)
def test_a_fault_that_stays_is_raised_when_the_time_is_up(connect, monkeypatch, fault, error):
    monkeypatch.setattr(retry, "BACKOFF", wait_fixed(0.1))
    with serving(PASSING_FAULTS[fault]) as server, pytest.raises(error) as caught:
        connect(server.url, max_retry_seconds=1).ping()

    # a try every 0.1 s, for 1 s
    assert 2 <= len(server.requests) <= 11
    assert str(caught.value).startswith("GET /ping")
    assert caught.value.__context__ is None


def test_a_read_that_hangs_is_given_up_after_the_read_timeout(connect):
    with serving(hang, OK) as server:
        assert connect(server.url, read_timeout=0.1).ping() == {"data": "pong!"}
    # a busy machine may need that long for a good answer, too
    assert len(server.requests) >= 2

    with serving(hang) as server, pytest.raises(ChartMogulTimeoutError, match="read timeout"):
        connect(server.url, read_timeout=0.1, max_retry_seconds=0).ping()


def test_nobody_listens(connect):
    with pytest.raises(ChartMogulConnectionError, match=r"GET /ping: cannot connect"):
        connect(unused_url(), max_retry_seconds=0).ping()


@pytest.mark.parametrize(
    ("status", "asked", "cap", "least"),
    [(429, "1", 60.0, 1.0), (503, "1", 60.0, 1.0), (500, "1", 60.0, 1.0), (429, "60", 0.3, 0.3)],
)
def test_retry_after_is_obeyed_up_to_a_cap(connect, monkeypatch, status, asked, cap, least):
    monkeypatch.setattr(retry, "RETRY_AFTER_CAP", cap)
    started = time.monotonic()
    with serving(answer(status, Retry_After=asked), OK) as server:
        connect(server.url).ping()

    # far from both sides: the other possibilities are no wait, and a minute
    assert least <= time.monotonic() - started < 20


def test_no_wait_reaches_past_the_end_of_the_time(connect):
    started = time.monotonic()
    with serving(answer(429, Retry_After="30")) as server, pytest.raises(ChartMogulRateLimitError) as caught:
        connect(server.url, max_retry_seconds=2).ping()

    assert len(server.requests) == 1
    assert time.monotonic() - started < 20
    assert caught.value.retry_after == 30


def test_a_record_gone_at_the_second_try_was_deleted(connect):
    with serving(drop, answer(404)) as server:
        connect(server.url).invoices.delete("inv_1")
    assert server.calls == ["DELETE /invoices/inv_1"] * 2

    with serving(answer(404)) as server, pytest.raises(ChartMogulNotFoundError):
        connect(server.url).invoices.delete("inv_1")


def test_taking_parts_off_a_missing_record_stays_an_error(connect):
    with serving(drop, answer(404)) as server, pytest.raises(ChartMogulNotFoundError):
        connect(server.url).tags.remove("cus_1", ["a"])


@pytest.mark.parametrize("fault", sorted(PASSING_FAULTS.keys() - set(UNSEEN)))
def test_a_write_without_key_is_not_repeated_when_it_may_have_been_done(connect, fault):
    with serving(PASSING_FAULTS[fault], answer(201)) as server, pytest.raises(ChartMogulAmbiguousWriteError) as caught:
        connect(server.url).transactions.create("inv_1", type="payment", result="successful", date="2026-01-01")

    assert server.calls == ["POST /import/invoices/inv_1/transactions"]
    assert "may or may not have taken effect" in str(caught.value)


def test_a_write_without_key_that_hangs_is_not_repeated(connect):
    with serving(hang) as server, pytest.raises(ChartMogulAmbiguousWriteError):
        connect(server.url, read_timeout=0.1).line_items.create("inv_1", type="one_time", amount_in_cents=1)

    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", UNSEEN)
def test_a_write_without_key_is_repeated_when_it_was_turned_away(connect, fault):
    with serving(PASSING_FAULTS[fault], answer(201, {"uuid": "tr_1"})) as server:
        found = connect(server.url).transactions.create("inv_1", type="payment", result="failed", date="2026-01-01")

    assert found == {"uuid": "tr_1"}
    assert len(server.requests) == 2


def test_a_write_without_key_is_repeated_when_no_connection_came_about(connect):
    with pytest.raises(ChartMogulConnectionError, match="cannot connect") as caught:
        connect(unused_url(), max_retry_seconds=0.05).line_items.create("inv_1", type="one_time", amount_in_cents=1)

    assert not isinstance(caught.value, ChartMogulAmbiguousWriteError)


@pytest.mark.parametrize("status", [429, 503])
def test_being_turned_away_holds_back_every_sender_of_the_key(connect, status):
    with serving(answer(status, Retry_After="1"), OK) as server, ThreadPoolExecutor(1) as threads:
        one, other = connect(server.url), connect(server.url)
        started = time.monotonic()
        waiting = threads.submit(one.ping)
        while one._transport.budget._paused_until < started and time.monotonic() < started + 5:
            time.sleep(0.001)
        other.ping()
        assert time.monotonic() - started >= 0.95
        waiting.result()

    assert len(server.requests) == 3


def test_trouble_of_another_kind_holds_back_nobody(connect):
    with serving(answer(500), OK) as server:
        client = connect(server.url)
        started = time.monotonic()
        client.ping()

    assert client._transport.budget._paused_until < started


@pytest.mark.parametrize(
    ("fault", "words"), [("dropped", "ChartMogulConnectionError"), ("503", "status 503"), ("429", "status 429")]
)
def test_the_log_says_what_went_wrong(connect, caplog, fault, words):
    caplog.set_level(logging.INFO)
    with serving(PASSING_FAULTS[fault], OK) as server:
        connect(server.url).ping()

    assert [record.getMessage().split(",")[0] for record in caplog.records] == [f"GET /ping failed ({words})"]


@pytest.mark.parametrize(("outer", "inner"), [(0.2, 60), (60, 0.2)])
def test_the_tighter_of_two_bounds_holds(connect, outer, inner):
    started = time.monotonic()
    with serving(answer(500)) as server, retry.bounded(outer), pytest.raises(ChartMogulServerError):
        connect(server.url, max_retry_seconds=inner).ping()

    assert len(server.requests) >= 2
    assert time.monotonic() - started < 2
