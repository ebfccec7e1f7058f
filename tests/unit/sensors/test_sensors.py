"""The sensors: poke, reschedule and deferrable mode read the final state alike."""

from __future__ import annotations

import importlib.util
import inspect
import json
import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
import responses
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferred,
)

from airflow_provider_chartmogul import exceptions
from airflow_provider_chartmogul.sensors import base
from airflow_provider_chartmogul.sensors.activities_export import ChartMogulActivitiesExportSensor
from airflow_provider_chartmogul.sensors.processing import ChartMogulProcessingSensor
from airflow_provider_chartmogul.triggers.activities_export import ChartMogulActivitiesExportTrigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

API = "http://chartmogul.test/v1"
EXPORT = "0b6a4f52-7c1d-4e8e-9f3a-5d2c1b0a9e55"
EXPORT_URL = f"{API}/activities_export/{EXPORT}"
DONE = {"export_id": EXPORT, "status": "succeeded"}


@pytest.fixture(autouse=True)
def conn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default connection leads nowhere, with a client that does not retry by itself."""
    fields = {"conn_type": "chartmogul", "password": "test-key", "host": API, "extra": {"max_retry_seconds": 0.001}}
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", json.dumps(fields))


def answers(*statuses: str) -> None:
    """Let the export go through these states, the last one for good."""
    for status in statuses:
        link = "https://files.example/a.zip?X-Amz-Signature=hidden-word" if status == "succeeded" else None
        responses.get(EXPORT_URL, json={"id": EXPORT, "status": status, "file_url": link})


def sensor(**arguments: Any) -> ChartMogulActivitiesExportSensor:
    return ChartMogulActivitiesExportSensor(task_id="wait", export_id=EXPORT, **arguments)


def context() -> Any:
    ti = Mock(dag_id="dag", task_id="wait", run_id="run", map_index=-1, max_tries=0)
    # Airflow 3 asks the task instance, Airflow 2 the database
    ti.get_first_reschedule_date.return_value = None
    return {"ti": ti}


@responses.activate
def test_poke_mode_waits_and_returns_a_small_result_without_the_link() -> None:
    answers("pending", "pending", "succeeded")
    assert sensor(poke_interval=0).execute(context()) == DONE
    assert len(responses.calls) == 3


@responses.activate
def test_poke_mode_times_out() -> None:
    answers("pending")
    with pytest.raises(AirflowSensorTimeout):
        sensor(poke_interval=0, timeout=0).execute(context())


@responses.activate
def test_reschedule_mode_lets_go_of_the_worker_between_two_looks(airflow_db: str) -> None:
    answers("pending", "succeeded")
    task = sensor(mode="reschedule")
    with pytest.raises(AirflowException) as caught:
        task.execute(context())
    assert type(caught.value).__name__ == "AirflowRescheduleException"
    assert len(responses.calls) == 1
    assert task.execute(context()) == DONE


@responses.activate
def test_deferrable_mode_defers_after_one_look() -> None:
    answers("pending")
    before = time.time()
    with pytest.raises(TaskDeferred) as caught:
        sensor(deferrable=True, poke_interval=20, timeout=600).execute(context())
    trigger = caught.value.trigger
    assert isinstance(trigger, ChartMogulActivitiesExportTrigger)
    assert (trigger.export_id, trigger.chartmogul_conn_id, trigger.poll_interval) == (EXPORT, "chartmogul_default", 20)
    assert before + 600 <= trigger.deadline <= time.time() + 600
    assert caught.value.method_name == "execute_complete"
    # the net is wider than the deadline, which ends the wait in an orderly way
    assert caught.value.timeout == timedelta(seconds=640)
    assert len(responses.calls) == 1


@responses.activate
def test_deferrable_mode_does_not_defer_what_is_done() -> None:
    answers("succeeded")
    assert sensor(deferrable=True).execute(context()) == DONE


@pytest.mark.parametrize("configured", [True, False])
def test_the_default_of_deferrable_is_that_of_airflow(configured: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", str(configured))
    # the default is read when the module is loaded: load it once more beside the one in use
    spec = importlib.util.find_spec(base.__name__)
    assert spec is not None
    assert spec.loader is not None
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    assert inspect.signature(fresh.ChartMogulSensor.__init__).parameters["deferrable"].default is configured


@pytest.mark.parametrize("arguments", [{}, {"deferrable": True}])
@responses.activate
def test_a_failed_export_fails_the_task_in_every_mode(arguments: dict[str, Any]) -> None:
    answers("failed")
    with pytest.raises(exceptions.ChartMogulExportFailedError, match=EXPORT):
        sensor(**arguments).execute(context())
    assert len(responses.calls) == 1


@pytest.mark.parametrize("arguments", [{}, {"deferrable": True}])
@pytest.mark.parametrize("softness", ["soft_fail", "never_fail"])
@responses.activate
def test_a_failed_export_skips_the_task_where_that_is_wanted(arguments: dict[str, Any], softness: str) -> None:
    answers("failed")
    with pytest.raises(AirflowSkipException):
        sensor(**arguments, **{softness: True}).execute(context())


MODES = [{}, {"deferrable": True}, {"mode": "reschedule"}]


@pytest.mark.parametrize("arguments", MODES)
@pytest.mark.parametrize("softness", ["soft_fail", "never_fail"])
@pytest.mark.parametrize("status", [401, 404, 503])
@responses.activate
def test_a_look_that_fails_skips_the_task_where_that_is_wanted(
    arguments: dict[str, Any], softness: str, status: int, airflow_db: str
) -> None:
    responses.get(EXPORT_URL, status=status, json={})
    with pytest.raises(AirflowSkipException):
        sensor(**arguments, **{softness: True}).execute(context())
    with pytest.raises(exceptions.ChartMogulStatusError) as caught:
        sensor(**arguments).execute(context())
    assert caught.value.status_code == status


@pytest.mark.parametrize("arguments", [{}, {"deferrable": True}])
@pytest.mark.parametrize("softness", ["soft_fail", "never_fail"])
def test_a_connection_that_is_missing_skips_the_task_where_that_is_wanted(
    arguments: dict[str, Any], softness: str
) -> None:
    with pytest.raises(AirflowSkipException):
        sensor(chartmogul_conn_id="undefined", **arguments, **{softness: True}).execute(context())


@pytest.mark.parametrize("softness", ["soft_fail", "never_fail"])
@responses.activate
def test_a_wait_that_took_too_long_skips_the_task_where_that_is_wanted(softness: str) -> None:
    answers("pending")
    with pytest.raises(AirflowSkipException):
        sensor(poke_interval=0, timeout=0, **{softness: True}).execute(context())


@pytest.mark.parametrize("arguments", MODES)
def test_a_look_does_not_outlast_the_timeout(
    arguments: dict[str, Any], emulator: Emulator, chartmogul_conn: str, airflow_db: str
) -> None:
    emulator.set_faults([{"kind": "503"}])
    started = time.monotonic()
    with pytest.raises(exceptions.ChartMogulServerError):
        sensor(timeout=1, **arguments).execute(context())
    assert emulator.stats()["requests"] >= 2
    # the connection alone would let it retry for 300 s
    assert time.monotonic() - started < 20


def test_a_look_retries_no_longer_than_half_a_minute() -> None:
    assert [sensor(timeout=timeout).hook.max_retry_seconds for timeout in (3600, 2)] == [30, 2]


NOTHING = [None, "", "  ", "None"]


@pytest.mark.parametrize("arguments", [*MODES, {"never_fail": True}])
@pytest.mark.parametrize("nothing", NOTHING)
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (ChartMogulActivitiesExportSensor, "export_id"),
        (partial(ChartMogulProcessingSensor, settle_seconds=60), "data_source_uuid"),
    ],
)
@responses.activate
def test_an_id_that_rendered_to_nothing_is_refused_before_any_request(
    kind: Callable[..., base.ChartMogulSensor], name: str, nothing: Any, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=f"^{name} is empty"):
        kind(task_id="wait", **{name: nothing}, **arguments).execute(context())
    assert len(responses.calls) == 0


def test_execute_complete_returns_the_result_of_a_success() -> None:
    assert sensor().execute_complete(context(), {"status": "success", "result": DONE}) == DONE


UNHAPPY = [
    ({"status": "timeout", "message": "Not finished in time"}, AirflowSensorTimeout),
    (
        {"status": "error", "error": "ChartMogulExportFailedError", "message": "m"},
        exceptions.ChartMogulExportFailedError,
    ),
    ({"status": "error", "error": "ChartMogulServerError", "message": "m"}, exceptions.ChartMogulServerError),
    (
        {"status": "error", "error": "ChartMogulAuthenticationError", "message": "m"},
        exceptions.ChartMogulAuthenticationError,
    ),
    ({"status": "error", "error": "AirflowSkipException", "message": "m"}, exceptions.ChartMogulError),
    ({"status": "error", "error": "Any", "message": "m"}, exceptions.ChartMogulError),
    ({"status": "cancelled"}, exceptions.ChartMogulError),
    ({"status": "success"}, exceptions.ChartMogulError),
    ({"status": "success", "result": None}, exceptions.ChartMogulError),
    ({"status": "timeout"}, exceptions.ChartMogulError),
    ({"status": "error"}, exceptions.ChartMogulError),
    ({"status": "error", "error": "ChartMogulServerError"}, exceptions.ChartMogulError),
    ({"status": "error", "error": None, "message": "m"}, exceptions.ChartMogulError),
    ("done", exceptions.ChartMogulError),
    (["done"], exceptions.ChartMogulError),
    ({"status": "invented"}, exceptions.ChartMogulError),
    ({}, exceptions.ChartMogulError),
    (None, exceptions.ChartMogulError),
]


@pytest.mark.parametrize(("event", "error"), UNHAPPY)
def test_execute_complete_raises_on_everything_else(event: Any, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        sensor().execute_complete(context(), event)
    assert type(caught.value) is error
    assert isinstance(caught.value, AirflowException)


@pytest.mark.parametrize("event", [event for event, _ in UNHAPPY])
def test_soft_fail_skips_after_deferral_too(event: Any) -> None:
    task = sensor(soft_fail=True, deferrable=True)
    with pytest.raises(AirflowSkipException):
        task.resume_execution("execute_complete", {"event": event}, context())


@pytest.mark.parametrize("arguments", [{}, {"deferrable": True}])
def test_a_wrong_key_ends_the_task_after_one_request(
    arguments: dict[str, Any], emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {"conn_type": "chartmogul", "password": "wrong-key", "host": emulator.base_url}
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", json.dumps(fields))
    with pytest.raises(AirflowFailException) as caught:
        sensor(**arguments).execute(context())
    assert isinstance(caught.value, exceptions.ChartMogulAuthenticationError)
    assert "wrong-key" not in str(caught.value)
    assert emulator.stats()["requests"] == 1


def test_the_export_sensor_against_the_emulator(
    emulator: Emulator, client: ChartMogulClient, chartmogul_conn: str
) -> None:
    export_id = client.activities_exports.create()["id"]
    task = ChartMogulActivitiesExportSensor(
        task_id="wait", export_id=export_id, chartmogul_conn_id=chartmogul_conn, poke_interval=0.01
    )
    assert task.execute(context()) == {"export_id": export_id, "status": "succeeded"}
