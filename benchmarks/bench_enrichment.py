"""Prints what it costs to push tags and attributes of 20,000 customers of whom 1 % differ, at 80 ms with the limits on.

A table of a warehouse says what every customer is to have. Requests that change something by those of a push of
everything, which are two for each customer; requests that read; seconds; and the same once more.

    python -m benchmarks.bench_enrichment
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from typing import Any

import duckdb

FOLDER = tempfile.TemporaryDirectory(prefix="chartmogul-bench-")
# read once, when Airflow is imported
os.environ.update(
    AIRFLOW_HOME=FOLDER.name,
    AIRFLOW__CORE__UNIT_TEST_MODE="False",
    AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR",
    NO_PROXY="127.0.0.1,localhost",
)

from airflow_provider_chartmogul.operators.enrichment_by_difference import (  # noqa: E402
    ChartMogulEnrichCustomersOperator,
)
from benchmarks import accounts  # noqa: E402

WAREHOUSE = f"{FOLDER.name}/warehouse.duckdb"
WRITES = ("POST", "PUT", "PATCH", "DELETE")


def fill_warehouse(customers: int, every: int) -> None:
    """Make a table of what the account has, in which each how-manieth customer differs in an attribute and a tag."""
    with duckdb.connect(WAREHOUSE) as database:
        database.execute(
            f"""CREATE TABLE customers AS SELECT 'c' || n AS external_id,
            n % 50 + CASE WHEN n % {every} = 0 THEN 1 ELSE 0 END AS seats,
            CASE WHEN n % {every} = 0 THEN ['benchmark', 'differs'] ELSE ['benchmark'] END AS tags
            FROM range({customers}) numbers(n)"""
        )


def push(source: str) -> dict[str, Any]:
    return ChartMogulEnrichCustomersOperator(
        task_id="enrich",
        rows="SELECT * FROM customers",
        sql_conn_id="warehouse",
        customer="external_id",
        data_source_uuid=source,
        attributes={"seats": "Integer"},
        tags_column="tags",
    ).execute({})


def measured(url: str, source: str, customers: int) -> int:
    """Push once, print what it took, and return the number of requests that changed something."""
    before, started = accounts.state(url), time.perf_counter()
    push(source)
    seconds, after = time.perf_counter() - started, accounts.state(url)
    calls = {
        name: count - before["requests_by_operation"].get(name, 0)
        for name, count in after["requests_by_operation"].items()
    }
    writes = sum(count for name, count in calls.items() if name.startswith(WRITES))
    everything = 2 * customers
    print(
        f"{writes} requests that change something, {writes / everything:.2%} of the {everything} of a push of "
        f"everything (goal 1.1 %), {sum(calls.values()) - writes} that read, {seconds:.1f} s "
        f"(everything at 40 a second: {everything / 40:.0f} s), "
        f"{after['refused_429'] - before['refused_429']} refused with 429",
        flush=True,
    )
    return writes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000)
    customers = parser.parse_args().customers
    fill_warehouse(customers, every=100)
    os.environ["AIRFLOW_CONN_WAREHOUSE"] = json.dumps({"conn_type": "duckdb", "host": WAREHOUSE})
    with accounts.emulator("--no-limits") as url:
        accounts.fill(url, customers)
        with accounts.unlimited(url) as client:
            (source,) = (one["uuid"] for one in client.data_sources.list())
        accounts.settings(url, limits=True, latency_ms=80)
        connection = {"conn_type": "chartmogul", "password": accounts.API_KEY, "host": url}
        os.environ["AIRFLOW_CONN_CHARTMOGUL_DEFAULT"] = json.dumps(connection)
        print(f"enrichment of {customers} customers of whom 1 % differ:", flush=True)
        measured(url, source, customers)
        print("once more:", flush=True)
        if measured(url, source, customers):
            sys.exit("the second run sent something")


if __name__ == "__main__":
    main()
