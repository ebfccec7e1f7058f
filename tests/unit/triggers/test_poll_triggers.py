"""The triggers: they ask, sleep and tell; they never write, never block the loop and never leak."""

from __future__ import annotations

import asyncio
import base64
import importlib
import json
import logging
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import responses

from airflow_provider_chartmogul.client import ChartMogulClient
from airflow_provider_chartmogul.client.errors import ChartMogulUnreachableError
from airflow_provider_chartmogul.hooks.chartmogul import ChartMogulHook
from airflow_provider_chartmogul.triggers import base
from airflow_provider_chartmogul.triggers.activities_export import ChartMogulActivitiesExportTrigger
from airflow_provider_chartmogul.triggers.base import ChartMogulPollTrigger, error_event
from airflow_provider_chartmogul.triggers.processing import ChartMogulProcessingTrigger

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_chartmogul.emulator import Emulator

API = "http://chartmogul.test/v1"
SIGNED = "https://files.example/activities.zip?X-Amz-Signature=hidden-word"
EXPORT, SOURCE = "0b6a4f52-7c1d-4e8e-9f3a-5d2c1b0a9e55", "ds_5a1c2e7e-8f10-11f0-9b1d-3f6c2a7d4e90"
EXPORT_URL = f"{API}/activities_export/{EXPORT}"
EXPORT_DONE = {"status": "success", "result": {"export_id": EXPORT, "status": "succeeded"}}


def export(status: str) -> dict[str, Any]:
    return {"id": EXPORT, "status": status, "file_url": SIGNED if status == "succeeded" else None}


def events(trigger: BaseTrigger) -> list[Any]:
    """Run a trigger to its end."""

    async def collect() -> list[Any]:
        return [event.payload async for event in trigger.run()]

    return asyncio.run(collect())


@pytest.fixture
def conn(monkeypatch: pytest.MonkeyPatch) -> str:
    """A connection to nowhere, whose client does not retry by itself."""
    fields = {"conn_type": "chartmogul", "password": "test-key", "host": API, "extra": {"max_retry_seconds": 0.001}}
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_MOCKED", json.dumps(fields))
    return "chartmogul_mocked"


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Replace the sleep between polls; returns what was slept."""
    slept: list[float] = []

    async def record(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(0)

    # only for this module: the emulator's server sleeps in the same process
    monkeypatch.setattr(base, "asyncio", SimpleNamespace(sleep=record, to_thread=asyncio.to_thread))
    return slept


@pytest.fixture
def finished_export(client: ChartMogulClient) -> dict[str, Any]:
    """An export of the emulator that has succeeded."""
    export_id = client.activities_exports.create()["id"]
    deadline = time.monotonic() + 10
    while (found := client.activities_exports.retrieve(export_id))["status"] != "succeeded":
        assert time.monotonic() < deadline
    return found


@pytest.mark.parametrize(
    "trigger",
    [
        ChartMogulActivitiesExportTrigger(EXPORT, "other_conn", poll_interval=5, deadline=1.5, max_failures=2),
        ChartMogulProcessingTrigger(SOURCE, "other_conn", 30.5, poll_interval=5, deadline=1.5, max_failures=2),
        ChartMogulActivitiesExportTrigger(EXPORT, "other_conn"),
    ],
)
def test_a_trigger_survives_serialization(trigger: ChartMogulPollTrigger) -> None:
    path, kwargs = trigger.serialize()
    module, _, name = path.rpartition(".")
    rebuilt = getattr(importlib.import_module(module), name)(**json.loads(json.dumps(kwargs)))
    assert type(rebuilt) is type(trigger)
    assert rebuilt.serialize() == (path, kwargs)
    assert kwargs["chartmogul_conn_id"] == "other_conn"
    assert {type(value) for value in kwargs.values()} <= {str, int, float, type(None)}


@responses.activate
def test_it_waits_while_the_export_runs_and_sleeps_in_between(conn: str, sleeps: list[float]) -> None:
    for status in ("pending", "a-word-nobody-documented", "succeeded"):
        responses.get(EXPORT_URL, json=export(status))
    assert events(ChartMogulActivitiesExportTrigger(EXPORT, conn, poll_interval=7)) == [EXPORT_DONE]
    assert sleeps == [7, 7]
    assert len(responses.calls) == 3


@responses.activate
def test_it_never_spins(conn: str, sleeps: list[float]) -> None:
    responses.get(EXPORT_URL, json=export("pending"))
    responses.get(EXPORT_URL, json=export("succeeded"))
    events(ChartMogulActivitiesExportTrigger(EXPORT, conn, poll_interval=0))
    assert sleeps == [1.0]


@responses.activate
def test_a_failed_export_is_an_error_event(conn: str) -> None:
    responses.get(EXPORT_URL, json=export("failed"))
    assert events(ChartMogulActivitiesExportTrigger(EXPORT, conn)) == [
        {"status": "error", "error": "ChartMogulExportFailedError", "message": f"Activities export {EXPORT} failed"}
    ]


@responses.activate
def test_passing_failures_are_tolerated_and_counted_anew_after_a_success(conn: str, sleeps: list[float]) -> None:
    for status in (500, 503, 200, 429, 502):
        responses.get(EXPORT_URL, status=status, json=export("pending"))
    responses.get(EXPORT_URL, json=export("succeeded"))
    trigger = ChartMogulActivitiesExportTrigger(EXPORT, conn, max_failures=3)
    assert events(trigger) == [EXPORT_DONE]
    assert len(sleeps) == 5


@responses.activate
def test_too_many_failures_in_a_row_end_the_wait_with_their_own_type(conn: str, sleeps: list[float]) -> None:
    responses.get(EXPORT_URL, status=500, body="<html>")
    (event,) = events(ChartMogulActivitiesExportTrigger(EXPORT, conn, max_failures=3))
    assert (event["status"], event["error"]) == ("error", "ChartMogulServerError")
    assert len(responses.calls) == 3
    assert len(sleeps) == 2


@pytest.mark.parametrize(
    ("status", "error"), [(401, "ChartMogulAuthenticationError"), (404, "ChartMogulNotFoundError")]
)
@responses.activate
def test_a_hopeless_failure_ends_the_wait_at_once(conn: str, status: int, error: str) -> None:
    responses.get(EXPORT_URL, status=status, json={"code": status, "message": "no", "param": None})
    (event,) = events(ChartMogulActivitiesExportTrigger(EXPORT, conn))
    assert (event["status"], event["error"]) == ("error", error)
    assert len(responses.calls) == 1


def test_a_connection_without_key_is_an_error_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_KEYLESS", json.dumps({"conn_type": "chartmogul"}))
    (event,) = events(ChartMogulActivitiesExportTrigger(EXPORT, "keyless"))
    assert (event["status"], event["error"]) == ("error", "ChartMogulConfigError")
    assert "'keyless' has no API key" in event["message"]


@responses.activate
def test_its_connections_are_closed_in_the_end(conn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[ChartMogulClient] = []
    monkeypatch.setattr(ChartMogulClient, "close", lambda client: closed.append(client))
    responses.get(EXPORT_URL, json=export("succeeded"))
    events(ChartMogulActivitiesExportTrigger(EXPORT, conn))
    assert len(closed) == 1


def test_events_name_the_public_type_of_an_error() -> None:
    assert error_event(ChartMogulUnreachableError("gone"))["error"] == "ChartMogulConnectionError"


@responses.activate
def test_the_deadline_gives_a_timeout_after_a_last_look(conn: str, sleeps: list[float]) -> None:
    responses.get(EXPORT_URL, json=export("pending"))
    responses.get(EXPORT_URL, json=export("succeeded"))
    (event,) = events(ChartMogulActivitiesExportTrigger(EXPORT, conn, deadline=time.time() - 1))
    assert event["status"] == "timeout"
    assert EXPORT in event["message"]
    assert (len(responses.calls), sleeps) == (1, [])


def test_a_look_that_keeps_failing_respects_the_deadline(emulator: Emulator, chartmogul_conn: str) -> None:
    emulator.set_faults([{"kind": "503"}])
    started = time.time()
    (event,) = events(ChartMogulActivitiesExportTrigger(EXPORT, chartmogul_conn, 1, deadline=started + 1))
    assert event["status"] == "timeout"
    # a request that was turned away is repeated, but not for the connection's 300 seconds
    assert emulator.stats()["requests"] >= 2
    assert time.time() - started < 5


@responses.activate
def test_a_look_is_short_for_the_next_one_comes_anyway(conn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hooks: list[ChartMogulHook] = []

    def remember(*arguments: Any, **options: Any) -> ChartMogulHook:
        hooks.append(ChartMogulHook(*arguments, **options))
        return hooks[-1]

    monkeypatch.setattr(base, "ChartMogulHook", remember)
    responses.get(EXPORT_URL, json=export("succeeded"))
    events(ChartMogulActivitiesExportTrigger(EXPORT, conn))
    assert [hook.max_retry_seconds for hook in hooks] == [30]


@responses.activate
def test_what_is_done_at_the_deadline_is_a_success(conn: str) -> None:
    responses.get(EXPORT_URL, json=export("succeeded"))
    assert events(ChartMogulActivitiesExportTrigger(EXPORT, conn, deadline=time.time() - 1)) == [EXPORT_DONE]


def test_a_restarted_trigger_writes_nothing(
    emulator: Emulator, chartmogul_conn: str, finished_export: dict[str, Any]
) -> None:
    before = emulator.stats()["requests_by_operation"]
    trigger = ChartMogulActivitiesExportTrigger(finished_export["id"], chartmogul_conn)
    _, kwargs = trigger.serialize()
    assert events(trigger) == events(ChartMogulActivitiesExportTrigger(**kwargs))
    after = emulator.stats()["requests_by_operation"]
    look = "GET /activities_export/{export_id}"
    assert after == {**before, look: before[look] + 2}


def test_the_event_loop_goes_on_while_chartmogul_is_slow(
    emulator: Emulator, chartmogul_conn: str, finished_export: dict[str, Any]
) -> None:
    emulator.configure(latency_ms=400)
    beats = 0

    async def heartbeat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.01)

    async def run() -> list[Any]:
        heart = asyncio.create_task(heartbeat())
        trigger = ChartMogulActivitiesExportTrigger(finished_export["id"], chartmogul_conn)
        found = [event.payload async for event in trigger.run()]
        heart.cancel()
        return found

    (event,) = asyncio.run(run())
    assert event["status"] == "success"
    # some 40 beats fit into the answer's latency; a blocked loop has none of them
    assert beats >= 10


def test_neither_key_nor_signed_link_get_out(
    emulator: Emulator,
    finished_export: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    key = "sentinel-key-4711"
    fields = {"conn_type": "chartmogul", "password": key, "host": emulator.base_url}
    monkeypatch.setenv("AIRFLOW_CONN_SENTINEL", json.dumps(fields))
    trigger = ChartMogulActivitiesExportTrigger(EXPORT, "sentinel")
    told = [events(trigger), trigger.serialize(), trigger, vars(trigger)]
    monkeypatch.setenv("AIRFLOW_CONN_SENTINEL", json.dumps({**fields, "password": emulator.api_key}))
    told.append(events(ChartMogulActivitiesExportTrigger(finished_export["id"], "sentinel")))
    text = f"{told!r} {[(record.getMessage(), record.args) for record in caplog.records]!r}"
    token = base64.b64encode(f"{key}:".encode()).decode()
    assert [secret for secret in (key, token, finished_export["file_url"]) if secret in text] == []
