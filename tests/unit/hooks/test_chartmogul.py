"""The hook: an Airflow connection becomes a client, lazily, the same way in both worlds."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
import responses
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowNotFoundException

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError
from airflow_provider_chartmogul.hooks import chartmogul
from airflow_provider_chartmogul.hooks.chartmogul import ChartMogulHook

SENTINEL = "sentinel-key-4711"
Define = Callable[..., ChartMogulHook]


@pytest.fixture
def define(monkeypatch: pytest.MonkeyPatch) -> Define:
    """Define the connection ``chartmogul_test`` and return its hook."""

    def _define(**fields: Any) -> ChartMogulHook:
        connection = {"conn_type": "chartmogul", "password": SENTINEL, **fields}
        monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_TEST", json.dumps(connection))
        return ChartMogulHook("chartmogul_test")

    return _define


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("fields", "base_url"),
    [
        ({}, "https://api.chartmogul.com/v1"),
        ({"host": "  "}, "https://api.chartmogul.com/v1"),
        ({"host": "http://127.0.0.1:8080/v1"}, "http://127.0.0.1:8080/v1"),
        ({"host": "http://127.0.0.1:8080/v1/"}, "http://127.0.0.1:8080/v1"),
        ({"host": "https://proxy.example/chartmogul/v1"}, "https://proxy.example/chartmogul/v1"),
        ({"host": "https://proxy.example"}, "https://proxy.example/v1"),
        ({"host": "emulator"}, "https://emulator/v1"),
        ({"host": "emulator", "schema": "http", "port": 8080}, "http://emulator:8080/v1"),
        ({"host": "emulator:8080", "schema": "http"}, "http://emulator:8080/v1"),
    ],
)
@responses.activate
def test_requests_go_where_the_connection_points(define: Define, fields: dict[str, Any], base_url: str) -> None:
    answer = responses.get(f"{base_url}/ping", json={"data": "pong!"})
    assert define(**fields).get_conn().ping() == {"data": "pong!"}
    token = base64.b64encode(f"{SENTINEL}:".encode()).decode()
    assert answer.calls[0].request.headers["Authorization"] == f"Basic {token}"


@pytest.mark.parametrize(
    "fields",
    [
        {"host": "ftp://api.chartmogul.com"},
        {"host": "https://"},
        {"host": "https://api.chartmogul.com:port"},
        {"host": "https://somebody:hidden-word@api.chartmogul.com/v1"},
        {"host": "https://api.chartmogul.com/v1?key=hidden-word"},
        {"host": "https://api.chartmogul.com/v1#hidden-word"},
        {"host": "api.chartmogul.com", "schema": "gopher"},
    ],
)
def test_a_host_that_cannot_work_is_named_but_not_quoted(define: Define, fields: dict[str, Any]) -> None:
    with pytest.raises(ChartMogulConfigError, match=r"^Host of connection 'chartmogul_test' must be") as caught:
        define(**fields).get_conn()
    assert "hidden-word" not in str(caught.value)


@pytest.mark.parametrize("password", [None, ""])
def test_a_missing_key_ends_the_task_and_names_the_connection(define: Define, password: str | None) -> None:
    with pytest.raises(ChartMogulConfigError, match="'chartmogul_test' has no API key") as caught:
        define(password=password).get_conn()
    assert isinstance(caught.value, AirflowFailException)


@pytest.mark.parametrize("field", sorted(chartmogul.NUMBERS))
@pytest.mark.parametrize("value", ["fast", -1, 0, "0", True, [], "nan", "inf"])
def test_a_bad_extra_value_names_its_field(define: Define, field: str, value: Any) -> None:
    with pytest.raises(ChartMogulConfigError, match=f"'{field}' of connection 'chartmogul_test' must be a positive"):
        define(extra={field: value}).get_conn()


@pytest.mark.parametrize("field", ["requests_per_second", "max_connections"])
def test_counts_are_whole_numbers(define: Define, field: str) -> None:
    with pytest.raises(ChartMogulConfigError, match=f"'{field}' .* must be a positive whole number"):
        define(extra={field: 2.5}).get_conn()


def test_extra_values_reach_the_client(define: Define, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr(chartmogul, "ChartMogulClient", lambda key, **settings: seen.update(settings))
    extra = {
        "requests_per_second": 10,
        "max_connections": "4",
        "connect_timeout": 1.5,
        "read_timeout": "30",
        "max_retry_seconds": None,
        "unknown": "ignored",
    }
    define(extra=extra).get_conn()
    assert seen == {"requests_per_second": 10, "max_connections": 4, "connect_timeout": 1.5, "read_timeout": 30.0}
    assert [type(seen[name]) for name in ("max_connections", "read_timeout")] == [int, float]


def test_nothing_is_looked_up_before_the_first_use() -> None:
    hook = ChartMogulHook("chartmogul_undefined")
    with pytest.raises(AirflowNotFoundException):
        hook.get_conn()


def test_both_worlds_share_one_client_from_one_look_up(define: Define, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = define()
    looked_up: list[str] = []
    get_connection = ChartMogulHook.get_connection

    def counting(conn_id: str) -> Any:
        looked_up.append(conn_id)
        return get_connection(conn_id)

    monkeypatch.setattr(hook, "get_connection", counting)
    client = hook.get_conn()
    assert hook.get_conn() is client
    assert asyncio.run(hook.get_async_conn()) is client
    assert looked_up == ["chartmogul_test"]


def test_the_async_look_up_finds_the_same_settings_and_is_kept(define: Define, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []

    def remember(key: str, **settings: Any) -> object:
        seen.append({"key": key, **settings})
        return object()

    monkeypatch.setattr(chartmogul, "ChartMogulClient", remember)
    fields = {"host": "http://127.0.0.1:1/v1", "extra": {"read_timeout": 5}}
    define(**fields).get_conn()
    hook = define(**fields)
    client = asyncio.run(hook.get_async_conn())
    assert seen[0] == seen[1] == {"key": SENTINEL, "base_url": "http://127.0.0.1:1/v1", "read_timeout": 5.0}
    assert hook.get_conn() is client
    assert len(seen) == 2


def test_the_async_look_up_complains_alike(define: Define) -> None:
    with pytest.raises(ChartMogulConfigError, match="'chartmogul_test' has no API key"):
        asyncio.run(define(password="").get_async_conn())


def test_the_header_made_of_the_key_is_masked(define: Define, monkeypatch: pytest.MonkeyPatch) -> None:
    masked: list[str] = []
    monkeypatch.setattr(chartmogul, "mask_secret", masked.append)
    define().get_conn()
    assert masked == [base64.b64encode(f"{SENTINEL}:".encode()).decode()]


def test_a_budget_storage_reaches_the_client_and_is_masked(define: Define, monkeypatch: pytest.MonkeyPatch) -> None:
    masked: list[str] = []
    seen: dict[str, Any] = {}
    monkeypatch.setattr(chartmogul, "mask_secret", masked.append)
    monkeypatch.setattr(chartmogul, "ChartMogulClient", lambda key, **settings: seen.update(settings))
    url = "redis://:hidden%2Dword@redis.example:6379/0"
    define(extra={"budget_storage": url}).get_conn()
    assert seen == {"budget_storage": url}
    assert {url, "hidden%2Dword", "hidden-word"} <= set(masked)


@pytest.mark.parametrize("value", [None, ""])
def test_without_a_budget_storage_there_is_none(define: Define, monkeypatch: pytest.MonkeyPatch, value: Any) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr(chartmogul, "ChartMogulClient", lambda key, **settings: seen.update(settings))
    define(extra={"budget_storage": value}).get_conn()
    assert seen == {}


@pytest.mark.parametrize("value", [5, ["redis://:hidden-word@host"], "memcached://:hidden-word@host"])
def test_a_budget_storage_that_cannot_work_ends_the_task(define: Define, value: Any) -> None:
    with pytest.raises(ChartMogulConfigError, match=r"budget_storage.* must be a URL") as caught:
        define(extra={"budget_storage": value}).get_conn()
    assert "hidden-word" not in str(caught.value)


def test_a_connection_test_says_that_the_storage_does_not_answer(define: Define, closed_port: int) -> None:
    url = f"redis://:hidden-word@127.0.0.1:{closed_port}/0"
    hook = define(host="http://127.0.0.1:9/v1", extra={"budget_storage": url, "max_retry_seconds": 0.01})
    ok, message = hook.test_connection()
    assert (ok, message) == (
        False,
        "the storage of the rate budget (redis) cannot be used: ConnectionError",
    )


def test_the_async_look_up_masks_outside_of_the_event_loop(define: Define, monkeypatch: pytest.MonkeyPatch) -> None:
    # masking waits for an answer of the supervisor, which the event loop itself has to read
    threads: list[int] = []
    monkeypatch.setattr(chartmogul, "mask_secret", lambda secret: threads.append(threading.get_ident()))

    async def main() -> int:
        await define().get_async_conn()
        return threading.get_ident()

    loop_thread = asyncio.run(main())
    assert len(threads) == 1
    assert threads != [loop_thread]


def test_the_hook_can_be_closed_before_and_after_use(define: Define) -> None:
    hook = define()
    hook.close()
    hook.get_conn()
    hook.close()


def test_a_working_connection_names_its_account(chartmogul_emulator: Any, chartmogul_conn: str) -> None:
    chartmogul_emulator.configure(account={"name": "Nordlicht Software"})
    assert ChartMogulHook(chartmogul_conn).test_connection() == (
        True,
        "Connected to ChartMogul account 'Nordlicht Software'",
    )


def test_a_wrong_key_is_reported_without_showing_it(chartmogul_emulator: Any, define: Define) -> None:
    ok, message = define(host=chartmogul_emulator.base_url).test_connection()
    assert not ok
    assert "401" in message
    assert SENTINEL not in message


def test_an_unreachable_host_is_reported_soon(
    define: Define, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chartmogul, "TEST_RETRY_SECONDS", 0.5)
    ok, message = define(host=f"http://127.0.0.1:{closed_port}/v1").test_connection()
    assert not ok
    assert "GET /account" in message


def test_a_test_retries_shorter_than_a_task_but_not_longer_than_asked(
    define: Define, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    monkeypatch.setattr(
        chartmogul, "ChartMogulClient", lambda key, *, max_retry_seconds: seen.append(max_retry_seconds)
    )
    define().test_connection()
    define(extra={"max_retry_seconds": 600}).test_connection()
    define(extra={"max_retry_seconds": 2}).test_connection()
    assert seen == [10.0, 10.0, 2.0]


def test_a_hook_retries_no_longer_than_it_and_its_connection_allow(
    define: Define, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float | None] = []
    monkeypatch.setattr(
        chartmogul, "ChartMogulClient", lambda key, **settings: seen.append(settings.get("max_retry_seconds"))
    )
    for extra in ({}, {"max_retry_seconds": 600}, {"max_retry_seconds": 2}):
        define(extra=extra)
        ChartMogulHook("chartmogul_test", max_retry_seconds=30).get_conn()
        asyncio.run(ChartMogulHook("chartmogul_test", max_retry_seconds=30).get_async_conn())
    define(extra={}).get_conn()
    assert seen == [30, 30, 30, 30, 2, 2, None]


@pytest.mark.parametrize(
    ("fields", "words"), [({"password": ""}, "has no API key"), ({"extra": {"read_timeout": "x"}}, "'read_timeout'")]
)
def test_a_connection_that_cannot_work_is_reported(define: Define, fields: dict[str, Any], words: str) -> None:
    ok, message = define(**fields).test_connection()
    assert (ok, words in message) == (False, True)


def test_an_undefined_connection_is_reported() -> None:
    ok, message = ChartMogulHook("chartmogul_undefined").test_connection()
    assert (ok, "chartmogul_undefined" in message) == (False, True)


def test_the_test_never_raises_and_quotes_no_foreign_error(define: Define, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: Any, **__: Any) -> None:
        raise RuntimeError(f"cannot use {SENTINEL}")

    monkeypatch.setattr(chartmogul, "ChartMogulClient", explode)
    assert define().test_connection() == (False, "Connecting to ChartMogul failed: RuntimeError")


def test_the_key_is_nowhere_in_logs_or_texts(
    define: Define, chartmogul_emulator: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hook = define(host=chartmogul_emulator.base_url)
    client = hook.get_conn()
    with pytest.raises(AirflowFailException) as caught:
        client.ping()
    told = " ".join([repr(hook), repr(client), str(client), repr(caught.value), str(caught.value.__dict__)])
    token = base64.b64encode(f"{SENTINEL}:".encode()).decode()
    logged = " ".join(f"{record.getMessage()} {record.args!r}" for record in caplog.records)
    assert not [secret for secret in (SENTINEL, token) if secret in told + logged]
    assert chartmogul_emulator.stats()["requests"] == 1
