"""Prints how fast streams are read, and how many requests that takes, by way of the operators that load them.

* customers, activities and invoices with their children into typed Parquet: time by that of a bare ``requests`` loop
  over the same pages, the median of alternating rounds, against the emulator, and a mock that costs next to nothing
* subscriptions of 1,000 customers at 80 ms with the API's limits on: seconds, requests that were refused, most at once
* 50,000 activities at 80 ms with the limits on, split by windows: time by that of a sequential walk; as an export
* subscriptions when 2 % of 20,000 customers changed: requests by those of a full sweep, and whether tables are equal

    python -m benchmarks.bench_streams parquet subscriptions windows changed
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from statistics import median
from typing import TYPE_CHECKING, Any

import duckdb
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = tempfile.TemporaryDirectory(prefix="chartmogul-bench-")
# read once, when Airflow is imported
os.environ.update(
    AIRFLOW_HOME=FOLDER.name,
    AIRFLOW__CORE__UNIT_TEST_MODE="False",
    AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR",
    NO_PROXY="127.0.0.1,localhost",
)

from airflow_provider_chartmogul.transfers.chartmogul_to_object_storage import (  # noqa: E402
    ChartMogulToObjectStorageOperator,
)
from airflow_provider_chartmogul.transfers.chartmogul_to_sql import ChartMogulToSqlOperator  # noqa: E402
from benchmarks import accounts  # noqa: E402
from benchmarks.mock import mock  # noqa: E402

STREAMS = ("customers", "activities", "invoices")
YEARS = {"interval_start": "2023-01-01", "interval_end": "2026-01-01"}
WINDOW = {"start-date": "2023-01-01T00:00:00Z", "end-date": "2026-01-01T00:00:00Z", "order": "date"}
TABLES = ("subscriptions", "swept")
UNLIMITED = {"requests_per_second": 1_000_000}


def connect(url: str, **extra: Any) -> None:
    connection = {"conn_type": "chartmogul", "password": accounts.API_KEY, "host": url, "extra": extra}
    os.environ["AIRFLOW_CONN_CHARTMOGUL_DEFAULT"] = json.dumps(connection)


def to_files(stream: str, **arguments: Any) -> dict[str, Any]:
    path = f"file://{FOLDER.name}/{stream}"
    return ChartMogulToObjectStorageOperator(task_id="load", stream=stream, path=path, **arguments).execute({})


def to_duckdb(stream: str, table: str, **arguments: Any) -> dict[str, Any]:
    operator = ChartMogulToSqlOperator(task_id="load", stream=stream, sql_conn_id="warehouse", table=table, **arguments)
    return operator.execute({})


# typed Parquet --------------------------------------------------------------------------------------------------------


def bare(url: str) -> int:
    """Walk the same pages with nothing but ``requests``, and count the records."""
    with requests.Session() as session:
        return (
            walk(session, url, "customers")
            + walk(session, url, "activities", **WINDOW)
            + walk(session, url, "invoices")
        )


def bare_activities(url: str) -> int:
    with requests.Session() as session:
        return walk(session, url, "activities", **WINDOW)


def walk(session: requests.Session, url: str, path: str, **query: Any) -> int:
    records = 0
    query["per_page"] = 200
    while True:
        page = session.get(f"{url}/{path}", params=query, auth=(accounts.API_KEY, ""), timeout=(10, 60)).json()
        records += len(page["invoices" if path == "invoices" else "entries"])
        if not page["has_more"]:
            return records
        query["cursor"] = page["cursor"]


def typed() -> int:
    """Load the three streams into Parquet, and count the rows of their main tables."""
    results = [to_files(stream, **(YEARS if stream == "activities" else {})) for stream in STREAMS]
    return sum(next(iter(result["rows"].values())) for result in results)


def timed(work: Callable[..., int], *arguments: Any) -> float:
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def parquet(rounds: int) -> None:
    with accounts.emulator("--no-limits") as url:
        accounts.fill(url, 20_000, subscriptions=2)
        _compare("emulator", url, rounds)
    with mock() as url:
        _compare("mock that costs next to nothing", url, rounds)


def _compare(server: str, url: str, rounds: int) -> None:
    connect(url, **UNLIMITED)
    if typed() != bare(url):
        sys.exit("the files do not hold all records")
    pairs = [(timed(typed), timed(bare, url)) for _ in range(rounds)]
    ours, floor = (median(times) for times in zip(*pairs, strict=True))
    ratio = median(one / other for one, other in pairs)
    print(
        f"{server}: 20,000 customers, 50,000 activities, 20,000 invoices with children to typed Parquet: {ours:.2f} s, "
        f"bare requests loop {floor:.2f} s, ratio {ratio:.2f} (goal 2)",
        flush=True,
    )


# limits ---------------------------------------------------------------------------------------------------------------


def subscriptions(customers: int) -> None:
    with accounts.emulator("--no-limits") as url:
        accounts.fill(url, customers)
        accounts.settings(url, limits=True, latency_ms=80)
        connect(url)
        before = accounts.state(url)
        time.sleep(1.1)
        result = to_files("subscriptions", file_format="jsonl")
        after = accounts.state(url)
    floor = result["requests"] / 40
    print(
        f"subscriptions of {customers} customers at 80 ms: {result['requests']} requests in {result['seconds']:.1f} s "
        f"(at 40 a second: {floor:.1f} s; goal 26.4), {after['refused_429'] - before['refused_429']} refused with 429, "
        f"{after['refused_503'] - before['refused_503']} with 503, at most {after['in_flight_max']} at once",
        flush=True,
    )


def windows(customers: int) -> None:
    with accounts.emulator("--no-limits") as url:
        accounts.fill(url, customers, subscriptions=2)
        activities = bare_activities(url)
        accounts.settings(url, limits=True, latency_ms=80)
        connect(url)
        result = to_files("activities", file_format="jsonl", **YEARS)
        time.sleep(1.1)
        export = to_files("activities_export", file_format="jsonl", **YEARS)
        sequential = timed(bare_activities, url)
    requests_, seconds = result["requests"], result["seconds"]
    floor = requests_ / 40
    print(
        f"{activities} activities at 80 ms, split by windows: {requests_} requests in {seconds:.1f} s "
        f"(at 40 a second: {floor:.1f} s); a sequential walk of {activities // 200} requests: {sequential:.1f} s, "
        f"{sequential / seconds:.1f} times as long (goal 5; the limits allow {sequential / floor:.1f}); "
        f"as an export: {export['requests']} requests in {export['seconds']:.1f} s",
        flush=True,
    )


# only what changed ----------------------------------------------------------------------------------------------------


def changed(customers: int) -> None:
    connection = {"conn_type": "duckdb", "host": f"{FOLDER.name}/warehouse.duckdb"}
    os.environ["AIRFLOW_CONN_WAREHOUSE"] = json.dumps(connection)
    first, second = ({"interval_start": f"2026-01-{day:02}", "interval_end": f"2026-01-{day + 1:02}"} for day in (1, 2))
    with accounts.emulator("--no-limits") as url:
        accounts.fill(url, customers)
        connect(url, **UNLIMITED)
        sweep = to_duckdb("subscriptions", "subscriptions", only_changed=True, **first)
        accounts.renew(url, range(0, customers, 50), "2026-01-02")
        partial = to_duckdb("subscriptions", "subscriptions", only_changed=True, **second)
        whole = to_duckdb("subscriptions", "swept")
    with duckdb.connect(f"{FOLDER.name}/warehouse.duckdb") as database:
        columns = "uuid, customer_uuid, external_id, status, plan, quantity, mrr, start_date, end_date"
        tables = [database.execute(f"SELECT {columns} FROM {name} ORDER BY uuid").fetchall() for name in TABLES]
    share = partial["requests"] / whole["requests"]
    print(
        f"subscriptions when 2 % of {customers} customers changed: {partial['requests']} requests, a full sweep "
        f"{whole['requests']}: {share:.1%} (goal 4 %); the first load {sweep['requests']}; "
        f"the tables of {len(tables[0])} rows are {'equal' if tables[0] == tables[1] else 'DIFFERENT'}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["parquet", "subscriptions", "windows", "changed"])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if "parquet" in options.what:
        parquet(options.rounds)
    if "subscriptions" in options.what:
        subscriptions(1_000)
    if "windows" in options.what:
        windows(20_000)
    if "changed" in options.what:
        changed(20_000)


if __name__ == "__main__":
    main()
