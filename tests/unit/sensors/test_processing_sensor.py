"""The sensor on imported data: in no mode does it succeed while the metrics still move."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferred,
)

from airflow_provider_chartmogul import exceptions
from airflow_provider_chartmogul.sensors import processing as sensors
from airflow_provider_chartmogul.sensors.processing import ChartMogulProcessingSensor
from airflow_provider_chartmogul.triggers import processing as triggers
from airflow_provider_chartmogul.triggers.processing import ChartMogulProcessingTrigger
from tests.unit.settling import Billing, Clock

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

RESCHEDULE: dict[str, Any] = {"mode": "reschedule", "settle_seconds": 60}
MODES: list[dict[str, Any]] = [{}, RESCHEDULE, {"deferrable": True}]


@pytest.fixture
def billing(client: ChartMogulClient, chartmogul_conn: str) -> Billing:
    return Billing(client)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    turned = Clock()
    monkeypatch.setattr(triggers, "time", turned)
    monkeypatch.setattr(sensors, "time", turned)
    return turned


def sensor(source: str, **arguments: Any) -> ChartMogulProcessingSensor:
    return ChartMogulProcessingSensor(task_id="wait", data_source_uuid=source, **arguments)


def context() -> Any:
    ti = Mock(dag_id="dag", task_id="wait", run_id="run", map_index=-1, max_tries=0)
    # Airflow 3 asks the task instance, Airflow 2 the database
    ti.get_first_reschedule_date.return_value = None
    return {"ti": ti}


def done(billing: Billing, processed: int = 31) -> dict[str, Any]:
    """The result; by default of a plan, 10 customers, and 10 invoices with a line item each."""
    return {"data_source_uuid": billing.uuid, "processed": processed, "failed": 0}


def test_pokes_remember_what_they_saw(billing: Billing, clock: Clock) -> None:
    task = sensor(billing.uuid, settle_seconds=60, poke_interval=30)
    found = []
    for step in (billing.move, billing.move, None, None, None):
        found.append(task.poke(context()))
        clock.sleep(30)
        if step:
            step()
    # moved at 30 and at 60; the readings at 60, 90 and 120 are the same
    assert [bool(one) for one in found] == [False, False, False, False, True]
    assert found[-1].xcom_value == done(billing)


def test_poke_mode_waits_until_the_metrics_rest(
    billing: Billing, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves = iter([billing.move] * 3)
    look = ChartMogulProcessingTrigger.look
    looks = []

    def look_and_move(trigger: ChartMogulProcessingTrigger, client: ChartMogulClient) -> Any:
        looks.append(look(trigger, client))
        clock.sleep(60)
        next(moves, lambda: None)()
        return looks[-1]

    monkeypatch.setattr(ChartMogulProcessingTrigger, "look", look_and_move)
    assert sensor(billing.uuid, settle_seconds=60, poke_interval=0).execute(context()) == done(billing)
    # after each of three movements there was another reading, and one more was needed
    assert [look is not None for look in looks] == [False] * 4 + [True]


def test_reschedule_mode_reads_twice_in_one_poke(
    billing: Billing, clock: Clock, monkeypatch: pytest.MonkeyPatch, airflow_db: str
) -> None:
    moves = iter([billing.move] * 2)

    def sleep(seconds: float) -> None:
        Clock.sleep(clock, seconds)
        next(moves, lambda: None)()

    monkeypatch.setattr(clock, "sleep", sleep)
    began = clock.now
    for _ in range(2):
        # another process each time: nothing is remembered
        with pytest.raises(AirflowException) as caught:
            sensor(billing.uuid, mode="reschedule", settle_seconds=45).execute(context())
        assert type(caught.value).__name__ == "AirflowRescheduleException"
    assert sensor(billing.uuid, mode="reschedule", settle_seconds=45).execute(context()) == done(billing)
    assert clock.now - began == 3 * 45


def test_reschedule_mode_holds_no_worker_while_records_are_pending(
    emulator: Emulator, billing: Billing, clock: Clock, airflow_db: str
) -> None:
    emulator.configure(processing_ms=3_600_000)
    billing.send(11)
    began = clock.now
    with pytest.raises(AirflowException) as caught:
        sensor(billing.uuid, **RESCHEDULE).execute(context())
    assert type(caught.value).__name__ == "AirflowRescheduleException"
    assert clock.now == began


@pytest.mark.parametrize("pending", [True, False])
def test_deferrable_mode_defers_what_was_read_only_once(emulator: Emulator, billing: Billing, pending: bool) -> None:
    if pending:
        emulator.configure(processing_ms=3_600_000)
        billing.send(11)
    with pytest.raises(TaskDeferred) as caught:
        sensor(billing.uuid, settle_seconds=90, poke_interval=9, deferrable=True).execute(context())
    trigger = caught.value.trigger
    assert isinstance(trigger, ChartMogulProcessingTrigger)
    assert (trigger.data_source_uuid, trigger.settle_seconds, trigger.poll_interval) == (billing.uuid, 90, 9)
    assert caught.value.method_name == "execute_complete"


def test_deferrable_mode_returns_what_its_trigger_found(billing: Billing) -> None:
    event = {"status": "success", "result": done(billing)}
    assert sensor(billing.uuid, deferrable=True).execute_complete(context(), event) == done(billing)


@pytest.mark.parametrize("arguments", MODES)
def test_without_settling_nothing_pending_is_enough(
    arguments: dict[str, Any], emulator: Emulator, billing: Billing, airflow_db: str
) -> None:
    assert sensor(billing.uuid, **{**arguments, "settle_seconds": 0}).execute(context()) == done(billing)
    assert "GET /metrics/all" not in emulator.stats()["requests_by_operation"]


@pytest.mark.parametrize("arguments", [{}, RESCHEDULE])
def test_metrics_that_were_read_once_end_in_a_timeout(
    arguments: dict[str, Any], billing: Billing, clock: Clock, monkeypatch: pytest.MonkeyPatch, airflow_db: str
) -> None:
    # in mode reschedule there is a second reading, and the metrics have moved until then
    monkeypatch.setattr(clock, "sleep", lambda seconds: billing.move())
    with pytest.raises(AirflowSensorTimeout):
        sensor(billing.uuid, timeout=0, poke_interval=0, **arguments).execute(context())
    with pytest.raises(AirflowSkipException):
        sensor(billing.uuid, timeout=0, poke_interval=0, soft_fail=True, **arguments).execute(context())


def test_a_deferred_wait_that_took_too_long_skips_where_that_is_wanted(billing: Billing) -> None:
    event = {"status": "timeout", "message": "Not finished in time"}
    with pytest.raises(AirflowSensorTimeout):
        sensor(billing.uuid, deferrable=True).execute_complete(context(), event)
    with pytest.raises(AirflowSkipException):
        sensor(billing.uuid, deferrable=True, soft_fail=True).execute_complete(context(), event)


@pytest.mark.parametrize("arguments", MODES)
def test_an_unknown_source_is_not_found(arguments: dict[str, Any], chartmogul_conn: str, airflow_db: str) -> None:
    with pytest.raises(exceptions.ChartMogulNotFoundError):
        sensor("ds_unknown", **arguments).execute(context())
    with pytest.raises(AirflowSkipException):
        sensor("ds_unknown", soft_fail=True, **arguments).execute(context())


@pytest.mark.parametrize(
    ("value", "error"),
    [(-1, ValueError), (math.nan, ValueError), (math.inf, ValueError), ("60", TypeError), (True, TypeError)],
)
def test_settle_seconds_are_checked_when_the_dag_is_parsed(value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^settle_seconds must be"):
        sensor("ds_1", settle_seconds=value)


@pytest.mark.parametrize("arguments", [{}, {"deferrable": True}])
def test_metrics_lag_by_minutes_and_so_does_the_sensor(arguments: dict[str, Any]) -> None:
    assert sensor("ds_1", **arguments).trigger().settle_seconds == 300


def test_reschedule_mode_cannot_hold_a_worker_for_long() -> None:
    with pytest.raises(ValueError, match=r"at most 60 in mode 'reschedule', not 300: set it, or better def"):
        sensor("ds_1", mode="reschedule")
    with pytest.raises(ValueError, match=r"^settle_seconds must be at most 60 in mode 'reschedule'"):
        sensor("ds_1", mode="reschedule", settle_seconds=61)
    sensor("ds_1", mode="reschedule", settle_seconds=60)
    sensor("ds_1", mode="reschedule", settle_seconds=61, deferrable=True)
    sensor("ds_1", settle_seconds=600)
