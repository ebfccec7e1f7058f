"""Prints how fast pages of customers are loaded into a database, and the memory that takes.

ChartMogul is left out: the pages are made up on the spot. Every load replaces the one before it, so the table is full
from the second on. The memory is the highest that Python objects took during a load; it should not grow with the rows.

    python benchmarks/bench_load.py --rows 20000 100000
    python benchmarks/bench_load.py --url postgresql://me:secret@localhost/warehouse
"""

from __future__ import annotations

import argparse
import tempfile
import time
import tracemalloc
from typing import TYPE_CHECKING

import sqlalchemy as sa

from airflow_provider_chartmogul.streams.customers import CUSTOMER
from airflow_provider_chartmogul.streams.model import LoadMode, Page, Reading
from airflow_provider_chartmogul.transfers.sql_load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = 200


def customer(number: int) -> dict[str, object]:
    return {
        "uuid": f"cus_{number:032x}",
        "id": number,
        "external_id": f"c{number}",
        "name": f"Customer {number}",
        "email": f"c{number}@customer.example",
        "status": "Active",
        "customer-since": "2026-01-05T00:00:00+00:00",
        "attributes": {"custom": {"seats": number}, "tags": ["benchmark"]},
        "mrr": 4000,
        "arr": 48000,
        "currency": "USD",
    }


def pages(rows: int) -> Iterator[Page]:
    for start in range(0, rows, PAGE):
        numbers = range(start, min(start + PAGE, rows))
        yield [{"": [CUSTOMER.row("customers", customer(number))]} for number in numbers]


def run(url: str, rows: int, mode: LoadMode) -> None:
    begin = time.perf_counter()
    load(sa.create_engine(url), (CUSTOMER,), Reading(pages(rows)), mode, table="bench_customers")
    seconds = time.perf_counter() - begin
    tracemalloc.start()
    load(sa.create_engine(url), (CUSTOMER,), Reading(pages(rows)), mode, table="bench_customers")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(
        f"{sa.engine.make_url(url).get_backend_name():12} {mode:8} {rows:8} rows"
        f" {seconds:7.2f} s {rows / seconds:8.0f} rows/s  peak {peak / 2**20:5.1f} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[5_000, 20_000])
    parser.add_argument("--url", action="append", help="SQLAlchemy URL; SQLite and DuckDB files by default")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for url in arguments.url or [f"sqlite:///{folder}/bench.sqlite", f"duckdb:///{folder}/bench.duckdb"]:
            for rows in arguments.rows:
                for mode in (LoadMode.REPLACE, LoadMode.MERGE):
                    run(url, rows, mode)


if __name__ == "__main__":
    main()
