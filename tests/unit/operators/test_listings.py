"""Lists as results and as files: what they hold, how much fits, what nobody is."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError, ChartMogulNotFoundError
from airflow_provider_chartmogul.intervals import DATA_INTERVAL_END, DATA_INTERVAL_START
from airflow_provider_chartmogul.operators import reading
from airflow_provider_chartmogul.operators.listings import (
    ChartMogulListActivitiesOperator,
    ChartMogulListCustomerSubscriptionsOperator,
    ChartMogulSearchCustomersOperator,
)

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

pytestmark = pytest.mark.usefixtures("chartmogul_conn")

DAY = {"interval_start": "2026-03-01", "interval_end": "2026-03-02"}
EVER = {"interval_start": None, "interval_end": None}


def activities(**arguments: Any) -> Any:
    return ChartMogulListActivitiesOperator(task_id="list", **arguments).execute({})


def subscriptions(customer_uuid: str, **arguments: Any) -> Any:
    task = ChartMogulListCustomerSubscriptionsOperator(task_id="list", customer_uuid=customer_uuid, **arguments)
    return task.execute({})


def search(customer_email: str, **arguments: Any) -> Any:
    task = ChartMogulSearchCustomersOperator(task_id="search", customer_email=customer_email, **arguments)
    return task.execute({})


def test_activities_of_exactly_the_interval(subscribers: list[str]) -> None:
    def of(start: str, end: str) -> list[str]:
        return [found["customer-uuid"] for found in activities(interval_start=start, interval_end=end)]

    assert of("2026-03-01T00:00:00Z", "2026-03-01T12:00:00Z") == subscribers[:1]
    assert of("2026-03-01T12:00:00Z", "2026-03-01T18:00:00Z") == subscribers[1:2]
    assert of("2026-03-01T12:00:00Z", "2026-03-02T00:00:00Z") == subscribers[1:]


def test_activities_are_as_the_api_sent_them(client: ChartMogulClient, subscribers: list[str]) -> None:
    assert activities(**EVER) == list(client.activities.list())
    assert len(activities(**EVER)) == len(subscribers)
    assert len(activities(**EVER, activity_type="new_biz")) == len(subscribers)
    assert activities(**EVER, activity_type="churn") == []


def test_activities_are_those_of_the_data_interval_by_default() -> None:
    task = ChartMogulListActivitiesOperator(task_id="list")
    assert (task.interval_start, task.interval_end) == (DATA_INTERVAL_START, DATA_INTERVAL_END)


def test_an_unknown_activity_type_is_refused_when_the_dag_is_parsed() -> None:
    with pytest.raises(ValueError, match=r"activity_type must be one of new_biz, .*not 'new'"):
        ChartMogulListActivitiesOperator(task_id="list", activity_type="new")


def test_the_subscriptions_of_a_customer(client: ChartMogulClient, subscribers: list[str]) -> None:
    (found,) = subscriptions(subscribers[1])
    assert found == client.subscriptions.list(subscribers[1]).first()
    assert (found["external_id"], found["mrr"], found["status"]) == ("s1", 1000, "active")


def test_the_subscriptions_of_nobody() -> None:
    with pytest.raises(ChartMogulNotFoundError):
        subscriptions("cus_00000000-0000-0000-0000-000000000000")
    with pytest.raises(ValueError, match="customer_uuid is empty"):
        subscriptions("None")


def test_customers_by_address(subscribers: list[str]) -> None:
    assert [(found["uuid"], found["name"]) for found in search("2@falter.example")] == [(subscribers[2], "Customer 2")]


def test_nobody_with_the_address_is_an_empty_result(subscribers: list[str], tmp_path: Path) -> None:
    assert search("nobody@falter.example") == []
    target = tmp_path / "nobody.jsonl"
    assert search("nobody@falter.example", path=f"file://{target}") == {"records": 0, "path": f"file://{target}"}
    assert target.read_bytes() == b""


def test_a_search_with_a_wrong_key_is_not_nobody(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"conn_type": "chartmogul", "password": "wrong-key", "host": emulator.base_url}
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", json.dumps(fields))
    with pytest.raises(AirflowFailException):
        search("nobody@falter.example")


@pytest.mark.usefixtures("subscribers")
def test_more_than_fits_is_an_error_that_points_to_the_file() -> None:
    assert len(activities(**DAY, max_records=3)) == 3
    with pytest.raises(ChartMogulConfigError, match="more than max_records=2 records: give a path"):
        activities(**DAY, max_records=2)


@pytest.mark.usefixtures("subscribers")
def test_large_records_are_too_much_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 500)
    with pytest.raises(ChartMogulConfigError, match="bytes, more than 500: give a path"):
        activities(**DAY)


@pytest.mark.parametrize(("name", "opened"), [("all.jsonl", open), ("all.jsonl.gz", gzip.open)])
@pytest.mark.usefixtures("subscribers")
def test_a_file_takes_them_all(client: ChartMogulClient, tmp_path: Path, name: str, opened: Any) -> None:
    target = tmp_path / "new" / name
    for _ in range(2):
        result = activities(**EVER, path=f"file://{target}", max_records=1)
        assert result == {"records": 3, "path": f"file://{target}"}
    with opened(target, "rb") as file:
        assert [json.loads(line) for line in file] == list(client.activities.list())
    assert [path.name for path in target.parent.iterdir()] == [name]


def test_a_list_that_fails_leaves_the_file_of_before(tmp_path: Path) -> None:
    target = tmp_path / "subscriptions.jsonl"
    target.write_text("before")
    with pytest.raises(ChartMogulNotFoundError):
        subscriptions("cus_00000000-0000-0000-0000-000000000000", path=f"file://{target}")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(target.name, "before")]


@pytest.mark.parametrize("argument", ["path", "path_conn_id"])
def test_a_path_without_a_value_is_refused(argument: str, tmp_path: Path) -> None:
    given = {"path": f"file://{tmp_path}/all.jsonl", argument: "None"}
    with pytest.raises(ValueError, match=f"{argument} is empty, or its template has no value"):
        activities(**EVER, **given)
    assert list(tmp_path.iterdir()) == []


def test_at_least_one_record_must_fit() -> None:
    with pytest.raises(ValueError, match="max_records must be at least 1, not 0"):
        ChartMogulListActivitiesOperator(task_id="list", max_records=0)
    with pytest.raises(ValueError, match=r"max_records must be a number, .* it cannot be a template"):
        ChartMogulListActivitiesOperator(task_id="list", max_records="{{ params.most }}")
