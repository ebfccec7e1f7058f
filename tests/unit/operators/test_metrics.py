"""The metrics operator: what it asks for, what it refuses, what it returns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import responses
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_chartmogul.intervals import DATA_INTERVAL_END, DATA_INTERVAL_START
from airflow_provider_chartmogul.operators.metrics import ChartMogulMetricsOperator

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator import Emulator

API = "http://chartmogul.test/v1"
JANUARY = {"interval_start": "2026-01-01", "interval_end": "2026-02-01"}
BODY = {
    "entries": [{"date": "2026-01-31", "mrr": 37500, "percentage-change": 0.0}],
    "summary": {"current": 41251, "previous": 37500, "percentage-change": 10.0},
}


@pytest.fixture(autouse=True)
def conn(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"conn_type": "chartmogul", "password": "test-key", "host": API}
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", json.dumps(fields))


def run(**arguments: Any) -> Any:
    return ChartMogulMetricsOperator(task_id="metrics", **{**JANUARY, **arguments}).execute({})


@pytest.mark.parametrize(
    ("metric", "path"),
    [
        ("all", "all"),
        ("mrr", "mrr"),
        ("arr", "arr"),
        ("arpa", "arpa"),
        ("asp", "asp"),
        ("customer_count", "customer-count"),
        ("customer_churn_rate", "customer-churn-rate"),
        ("mrr_churn_rate", "mrr-churn-rate"),
    ],
)
@responses.activate
def test_a_metric_is_asked_for_with_inclusive_dates_and_an_interval(metric: str, path: str) -> None:
    asked = {"start-date": "2026-01-01", "end-date": "2026-01-31", "interval": "month"}
    responses.get(f"{API}/metrics/{path}", json=BODY, match=[responses.matchers.query_param_matcher(asked)])
    assert run(metric=metric) == BODY


@responses.activate
def test_ltv_has_no_interval() -> None:
    asked = {"start-date": "2026-01-01", "end-date": "2026-01-31"}
    responses.get(f"{API}/metrics/ltv", json=BODY, match=[responses.matchers.query_param_matcher(asked)])
    assert run(metric="ltv") == BODY


@responses.activate
def test_filters_are_passed_on() -> None:
    asked = {
        "start-date": "2026-01-01",
        "end-date": "2026-01-31",
        "interval": "week",
        "geo": "DE,AT",
        "plans": "Gold plan,Silver",
        "filters": "mrr~GT~150",
    }
    responses.get(f"{API}/metrics/mrr", json=BODY, match=[responses.matchers.query_param_matcher(asked)])
    run(metric="mrr", interval="week", geo=["DE", "AT"], plans="Gold plan,Silver", filters="mrr~GT~150")
    assert len(responses.calls) == 1


@responses.activate
def test_filters_that_rendered_to_nothing_are_not_sent() -> None:
    asked = {"start-date": "2026-01-01", "end-date": "2026-01-31", "interval": "month"}
    responses.get(f"{API}/metrics/mrr", json=BODY, match=[responses.matchers.query_param_matcher(asked)])
    assert run(metric="mrr", interval="", geo="", plans=[], filters="") == BODY


@pytest.mark.parametrize("name", ["geo", "plans", "filters"])
def test_a_filter_without_its_value_does_not_pass_for_one(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is empty, or its template has no value"):
        run(metric="mrr", **{name: "None"})


BAD = [
    ("customer-count", None, "metric must be one of all, mrr, arr, arpa, asp, customer_count"),
    ("churn", None, "metric must be one of"),
    ("mrr", "hour", "interval of metric mrr must be one of day, week, month, quarter, year"),
    ("asp", "day", "interval of metric asp must be one of month, quarter, year"),
    ("asp", "week", "interval of metric asp must be"),
    ("ltv", "month", "metric ltv takes no interval"),
]


@pytest.mark.parametrize(("metric", "interval", "message"), BAD)
def test_what_cannot_be_is_refused_when_the_dag_is_parsed(metric: str, interval: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ChartMogulMetricsOperator(task_id="metrics", metric=metric, interval=interval)


@pytest.mark.parametrize(("metric", "interval", "message"), BAD)
@responses.activate
def test_what_a_template_made_of_it_is_refused_before_any_request(
    metric: str, interval: str | None, message: str
) -> None:
    task = ChartMogulMetricsOperator(
        task_id="metrics", metric="{{ params.metric }}", interval="{% if x %}day{% endif %}", **JANUARY
    )
    task.metric, task.interval = metric, interval
    with pytest.raises(ValueError, match=message):
        task.execute({})
    assert len(responses.calls) == 0


def test_a_literal_metric_is_not_judged_by_a_templated_interval() -> None:
    ChartMogulMetricsOperator(task_id="metrics", metric="asp", interval="{{ params.interval }}")


@responses.activate
def test_an_empty_interval_is_refused_before_any_request() -> None:
    with pytest.raises(ValueError, match=r"interval_end .* must be later than interval_start"):
        run(metric="mrr", interval_end="2026-01-01")
    assert len(responses.calls) == 0


def test_the_range_is_the_data_interval_by_default() -> None:
    task = ChartMogulMetricsOperator(task_id="metrics", metric="mrr")
    assert (task.interval_start, task.interval_end) == (DATA_INTERVAL_START, DATA_INTERVAL_END)


@pytest.mark.usefixtures("chartmogul_conn")
def test_the_emulator_answers_with_its_buckets(emulator: Emulator) -> None:
    emulator.configure(now="2026-03-15T12:00:00Z")
    answer = run(metric="all", interval_end="2026-03-16")
    assert [entry["date"] for entry in answer["entries"]] == ["2026-01-31", "2026-02-28", "2026-03-15"]
    assert answer["summary"]["current-mrr"] == 0
    json.dumps(answer)


def test_a_wrong_key_ends_the_task_after_one_request(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"conn_type": "chartmogul", "password": "wrong-key", "host": emulator.base_url}
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", json.dumps(fields))
    with pytest.raises(AirflowFailException) as caught:
        run(metric="mrr")
    assert "wrong-key" not in str(caught.value)
    assert emulator.stats()["requests"] == 1
