"""Prints how fast pages of customers are loaded into a database, and the memory that takes.

ChartMogul is left out: the pages are made up beforehand. Every load replaces the one before it, so the table is full
from the second on. The memory is what the process grew by, at most, over what it held before its first load: the
database counts where it runs within the process (SQLite, DuckDB). It should not grow with the rows.

    python -m benchmarks.bench_load --rows 20000 100000
    python -m benchmarks.bench_load --rows 100000 1000000 --mode merge --durable
    python -m benchmarks.bench_load --url postgresql://me:secret@localhost/warehouse
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from airflow_provider_chartmogul.streams.customers import CUSTOMER
from airflow_provider_chartmogul.streams.model import LoadMode, Page, Reading, Record
from airflow_provider_chartmogul.transfers.loading import Attempt, Plan, load
from airflow_provider_chartmogul.transfers.sql.target import SqlTarget
from benchmarks.servers import postgres

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


def reading(rows: int) -> Reading:
    samples = [CUSTOMER.row("customers", customer(number)) for number in range(PAGE)]

    def walk(part: str, cursor: str | None) -> Iterator[Page]:
        for start in range(0, rows, PAGE):
            numbers = range(start, min(start + PAGE, rows))
            records = [_record({**row, "uuid": f"cus_{n:032x}"}) for n, row in zip(numbers, samples, strict=False)]
            yield Page(records, str(start) if start + PAGE < rows else None)

    return Reading(walk)


def _record(row: dict[str, Any]) -> Record:
    return Record(row["uuid"], {"": [row]})


def run(url: str, rows: int, mode: LoadMode, *, durable: bool) -> float:
    begin = time.perf_counter()
    target = SqlTarget(sa.create_engine(url), Plan([CUSTOMER], mode), table="bench_customers")
    load(reading(rows), target, Attempt(f"{mode} of {rows} rows", durable=durable))
    return time.perf_counter() - begin


def measure(url: str, rows: int, mode: LoadMode, *, durable: bool) -> None:
    run(url, PAGE, mode, durable=durable)
    idle = _highest()
    seconds = run(url, rows, mode, durable=durable)
    print(
        f"{sa.engine.make_url(url).get_backend_name():12} {mode:8} {'durable' if durable else '':8} {rows:8} rows"
        f" {seconds:7.2f} s {rows / seconds:8.0f} rows/s  memory + {_highest() - idle:5.0f} MiB",
        flush=True,
    )


def _highest() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--mode", type=LoadMode, nargs="+", default=[LoadMode.REPLACE])
    parser.add_argument("--durable", action="store_true", help="stage so that another try can go on")
    parser.add_argument("--url", action="append", help="SQLAlchemy URL; a server and files of its own by default")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        measure(arguments.url[0], arguments.rows[0], arguments.mode[0], durable=arguments.durable)
        return
    durable = ["--durable"] * arguments.durable
    with tempfile.TemporaryDirectory() as folder, postgres() as server:
        for url in arguments.url or [server, f"duckdb:///{folder}/bench.duckdb", f"sqlite:///{folder}/bench.sqlite"]:
            for rows in arguments.rows:
                for mode in arguments.mode:
                    # a process each, since the highest memory of one is never less than before
                    one = ["--one", "--url", url, "--rows", str(rows), "--mode", mode, *durable]
                    subprocess.run([sys.executable, "-m", __spec__.name, *one], check=True)


if __name__ == "__main__":
    main()
