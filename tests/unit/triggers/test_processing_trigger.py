"""The trigger on imported data: metrics that were read once, or moved, are not settled."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import responses

from airflow_provider_chartmogul.client import ChartMogulClient
from airflow_provider_chartmogul.triggers import base, processing
from airflow_provider_chartmogul.triggers.processing import ChartMogulProcessingTrigger
from tests.unit.settling import Billing, Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.emulator import Emulator

API = "http://chartmogul.test/v1"
SOURCE = "ds_5a1c2e7e-8f10-11f0-9b1d-3f6c2a7d4e90"
SOURCE_URL, METRICS_URL, ACCOUNT_URL = f"{API}/data_sources/{SOURCE}", f"{API}/metrics/all", f"{API}/account"
IDLE = {"processed": 5, "failed": 1, "pending": 0}
BUSY = {"processed": 5, "failed": 1, "pending": 3}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    turned = Clock()
    # only for this module: the emulator in the same process keeps its own time
    monkeypatch.setattr(processing, "time", turned)
    return turned


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Callable[..., list[float]]:
    """Let the clock go on instead of sleeping, and do something in each sleep; returns what was slept."""

    def install(*steps: Callable[[], Any]) -> list[float]:
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            if len(slept) < len(steps):
                await asyncio.to_thread(steps[len(slept)])
            slept.append(seconds)
            clock.sleep(seconds)

        monkeypatch.setattr(base, "asyncio", SimpleNamespace(sleep=sleep, to_thread=asyncio.to_thread))
        return slept

    return install


@pytest.fixture
def billing(client: ChartMogulClient) -> Billing:
    return Billing(client)


@pytest.fixture
def mocked() -> Any:
    """A client of a ChartMogul that answers what a test says."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock, ChartMogulClient("key", API) as client:
        mock.get(ACCOUNT_URL, json={"name": "Northwind", "currency": "USD", "time_zone": "UTC"})
        yield SimpleNamespace(http=mock, client=client)


def event_of(trigger: ChartMogulProcessingTrigger) -> Any:
    async def collect() -> list[Any]:
        return [event.payload async for event in trigger.run()]

    (event,) = asyncio.run(collect())
    return event


def metrics(*mrr: int) -> dict[str, Any]:
    return {"entries": [{"date": "2026-01-31", "mrr": one} for one in mrr], "summary": {}}


def source(counts: dict[str, int]) -> dict[str, Any]:
    return {"uuid": SOURCE, "processing_status": counts}


# Against the emulator


def test_metrics_that_move_are_not_settled_although_nothing_is_pending(
    billing: Billing, chartmogul_conn: str, between: Callable[..., list[float]]
) -> None:
    slept = between(billing.move, billing.move, billing.move)
    event = event_of(ChartMogulProcessingTrigger(billing.uuid, chartmogul_conn, settle_seconds=60, poll_interval=60))
    # plan, 10 customers, 10 invoices with a line item each
    result = {"data_source_uuid": billing.uuid, "processed": 31, "failed": 0}
    assert event == {"status": "success", "result": result}
    # three movements, and a minute of rest behind the last
    assert slept == [60] * 4
    assert billing.mrr() == 7 * 5000


def test_all_readings_within_the_time_must_be_the_same(
    billing: Billing, chartmogul_conn: str, between: Callable[..., list[float]]
) -> None:
    slept = between(lambda: None, lambda: None, billing.move)
    event_of(ChartMogulProcessingTrigger(billing.uuid, chartmogul_conn, settle_seconds=60, poll_interval=20))
    assert slept == [20] * 6


def test_what_was_imported_is_in_the_metrics_when_it_ends(
    emulator: Emulator, billing: Billing, chartmogul_conn: str, between: Callable[..., list[float]]
) -> None:
    emulator.configure(processing_ms=100)
    billing.send(*range(10, 15))
    assert billing.pending() > 0
    between()
    event = event_of(ChartMogulProcessingTrigger(billing.uuid, chartmogul_conn))
    assert event["result"]["processed"] == 31 + 16
    assert billing.mrr() == 15 * 5000


def test_a_restarted_trigger_begins_anew_and_writes_nothing(
    emulator: Emulator, billing: Billing, chartmogul_conn: str, client: ChartMogulClient, clock: Clock
) -> None:
    before = emulator.stats()["requests_by_operation"]
    trigger = ChartMogulProcessingTrigger(billing.uuid, chartmogul_conn, settle_seconds=60)
    assert trigger.look(client) is None
    clock.sleep(60)
    _, arguments = trigger.serialize()
    restarted = ChartMogulProcessingTrigger(**arguments)
    # the first reading of the one that is gone counts for nothing
    assert restarted.look(client) is None
    clock.sleep(59)
    assert restarted.look(client) is None
    clock.sleep(1)
    found = restarted.look(client)
    assert found is not None
    assert found["status"] == "success"
    after = emulator.stats()["requests_by_operation"]
    assert {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)} == {
        "GET /data_sources/{data_source_uuid}": 4,
        "GET /account": 4,
        "GET /metrics/all": 4,
    }


def test_metrics_that_never_rest_end_in_a_timeout(
    billing: Billing, chartmogul_conn: str, between: Callable[..., list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = Clock()
    monkeypatch.setattr(base, "time", SimpleNamespace(time=wall.monotonic))

    def move() -> None:
        billing.move()
        wall.sleep(60)

    slept = between(*[move] * 5)
    trigger = ChartMogulProcessingTrigger(billing.uuid, chartmogul_conn, deadline=wall.now + 300)
    event = event_of(trigger)
    assert event["status"] == "timeout"
    assert billing.uuid in event["message"]
    assert slept == [60] * 5


def test_an_unknown_source_is_an_error_event(chartmogul_conn: str) -> None:
    event = event_of(ChartMogulProcessingTrigger(SOURCE, chartmogul_conn))
    assert (event["status"], event["error"]) == ("error", "ChartMogulNotFoundError")


def test_without_settling_nothing_pending_is_enough(emulator: Emulator, billing: Billing, chartmogul_conn: str) -> None:
    event = event_of(ChartMogulProcessingTrigger(billing.uuid, chartmogul_conn, settle_seconds=0))
    assert event["status"] == "success"
    assert "GET /metrics/all" not in emulator.stats()["requests_by_operation"]


# Against answers that are made up


def test_pending_work_between_two_readings_makes_the_first_one_count_for_nothing(mocked: Any, clock: Clock) -> None:
    for counts in (IDLE, BUSY, IDLE, IDLE):
        mocked.http.get(SOURCE_URL, json=source(counts))
    mocked.http.get(METRICS_URL, json=metrics(100))
    trigger = ChartMogulProcessingTrigger(SOURCE, "unused", settle_seconds=60)
    found = []
    settling = []
    for _ in range(4):
        found.append(trigger.look(mocked.client) is not None)
        settling.append(trigger.is_settling)
        clock.sleep(60)
    assert found == [False, False, False, True]
    assert settling == [True, False, True, True]


@pytest.mark.parametrize("change", [{"processed": 6}, {"failed": 2}])
def test_counts_that_move_are_not_settled_either(mocked: Any, clock: Clock, change: dict[str, int]) -> None:
    mocked.http.get(SOURCE_URL, json=source(IDLE))
    mocked.http.get(SOURCE_URL, json=source({**IDLE, **change}))
    mocked.http.get(METRICS_URL, json=metrics(100))
    trigger = ChartMogulProcessingTrigger(SOURCE, "unused", settle_seconds=60)
    found = []
    for _ in range(3):
        found.append(trigger.look(mocked.client) is not None)
        clock.sleep(60)
    assert found == [False, False, True]


def test_the_time_a_slow_reading_takes_does_not_count(mocked: Any, clock: Clock) -> None:
    mocked.http.get(SOURCE_URL, json=source(IDLE))

    def slow(request: Any) -> tuple[int, dict[str, str], str]:
        clock.sleep(60)
        return 200, {}, '{"entries": [{"date": "2026-01-31", "mrr": 1}], "summary": {}}'

    mocked.http.add_callback(responses.GET, METRICS_URL, callback=slow)
    trigger = ChartMogulProcessingTrigger(SOURCE, "unused", settle_seconds=60)
    assert trigger.look(mocked.client) is None
    # begins at the moment at which the first one ended
    assert trigger.look(mocked.client) is None
    assert trigger.look(mocked.client) is not None


def test_the_summary_does_not_count(mocked: Any, clock: Clock) -> None:
    # it compares with a moment 30 days ago, which goes on by itself
    mocked.http.get(SOURCE_URL, json=source(IDLE))
    for previous in (1, 2):
        mocked.http.get(METRICS_URL, json={**metrics(100), "summary": {"previous-mrr": previous}})
    trigger = ChartMogulProcessingTrigger(SOURCE, "unused", settle_seconds=60)
    assert trigger.look(mocked.client) is None
    clock.sleep(60)
    assert trigger.look(mocked.client) is not None


def test_metrics_are_read_by_month_up_to_the_day_of_the_account(
    mocked: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Evening(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Evening:
            return cls(2026, 3, 1, 2, 0, tzinfo=UTC).astimezone(tz)

    monkeypatch.setattr(processing, "datetime", Evening)
    mocked.http.replace(
        responses.GET,
        ACCOUNT_URL,
        json={"name": "Northwind", "currency": "USD", "time_zone": "America/Los_Angeles"},
    )
    mocked.http.get(SOURCE_URL, json=source(IDLE))
    asked = {"start-date": "2000-01-01", "end-date": "2026-02-28", "interval": "month"}
    mocked.http.get(METRICS_URL, json=metrics(1), match=[responses.matchers.query_param_matcher(asked)])
    assert ChartMogulProcessingTrigger(SOURCE, "unused").look(mocked.client) is None


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc"])
def test_an_unknown_time_zone_is_an_invalid_response(mocked: Any, zone: str) -> None:
    mocked.http.replace(responses.GET, ACCOUNT_URL, json={"name": "N", "currency": "USD", "time_zone": zone})
    mocked.http.get(SOURCE_URL, json=source(IDLE))
    with pytest.raises(processing.ChartMogulInvalidResponseError, match="time_zone"):
        ChartMogulProcessingTrigger(SOURCE, "unused").look(mocked.client)


@pytest.mark.parametrize(
    ("answer", "counts"),
    [
        ({"processing_status": {"processed": 412, "failed": 3, "pending": 0}}, {"processed": 412, "failed": 3}),
        ({"processing_status": {}, "status": "idle"}, {"processed": 0, "failed": 0}),
        ({"status": "idle"}, {"processed": 0, "failed": 0}),
    ],
)
def test_a_processed_source_is_a_success(mocked: Any, answer: dict[str, Any], counts: dict[str, int]) -> None:
    flag = responses.matchers.query_param_matcher({"with_processing_status": "true"})
    mocked.http.get(SOURCE_URL, json={"uuid": SOURCE, **answer}, match=[flag])
    assert ChartMogulProcessingTrigger(SOURCE, "unused", settle_seconds=0).look(mocked.client) == {
        "status": "success",
        "result": {"data_source_uuid": SOURCE, **counts},
    }


@pytest.mark.parametrize(
    "answer",
    [
        {"processing_status": {"processed": 0, "failed": 0, "pending": 9}, "status": "idle"},
        {"processing_status": {}, "status": "working"},
        {"processing_status": None},
    ],
)
def test_a_source_with_pending_work_goes_on_waiting(mocked: Any, answer: dict[str, Any]) -> None:
    mocked.http.get(SOURCE_URL, json={"uuid": SOURCE, **answer})
    assert ChartMogulProcessingTrigger(SOURCE, "unused", settle_seconds=0).look(mocked.client) is None
