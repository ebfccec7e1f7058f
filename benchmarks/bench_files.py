"""Prints how fast pages of activities become files, and the memory that takes.

ChartMogul is left out: the rows of one page are made once, and each page holds copies of them under other keys. Every
load runs in a process of its own. The memory is the highest that the process took above what it took before the load;
it should not grow with the rows.

    python -m benchmarks.bench_files --rows 100000 1000000 --format parquet jsonl.gz
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_chartmogul.streams.activities import ACTIVITY
from airflow_provider_chartmogul.streams.model import LoadMode, Page, Reading, Record, Row
from airflow_provider_chartmogul.transfers.files.formats import FORMATS
from airflow_provider_chartmogul.transfers.files.target import FilesTarget
from airflow_provider_chartmogul.transfers.loading import Attempt, Plan, load

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = 200
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)


def row(number: int) -> Row:
    # uuids come in no order
    uuid = sha256(str(number).encode()).hexdigest()[:32]
    return {
        **dict.fromkeys(column.name for column in ACTIVITY.all_columns),
        "uuid": uuid,
        "date": BEGIN + timedelta(seconds=7 * number),
        "type": ("new_biz", "expansion", "contraction", "churn")[number % 4],
        "description": f"purchased plan {number % 90} ({number % 1000} units)",
        "activity_mrr_movement": number * 7919 % 100_000 - 50_000,
        "activity_mrr": number * 6007 % 100_000,
        "activity_arr": number * 6007 % 100_000 * 12,
        "currency": "USD",
        "customer_uuid": f"cus_{uuid}",
        "customer_external_id": f"customer-{number % 20_000}",
        "customer_name": f"Customer {number % 20_000}",
        "subscription_external_id": f"subscription-{number % 30_000}",
        "plan_external_id": f"plan-{number % 90}",
        "billing_connector_uuid": "ds_5ee8bf93-b0b4-4722-8a17-6b624a3af072",
    }


def reading(rows: int) -> Reading:
    def walk(part: str, cursor: str | None) -> Iterator[Page]:
        for start in range(0, rows, PAGE):
            page = [row(number) for number in range(start, min(start + PAGE, rows))]
            yield Page([Record(one["uuid"], {"": [one]}) for one in page], str(start) if start + PAGE < rows else None)

    return Reading(walk)


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def run(rows: int, file_format: str, durable: bool) -> None:
    begin = time.perf_counter()
    for _ in reading(rows).walk("", None):
        pass
    making = time.perf_counter() - begin
    idle = peak_mib()
    with tempfile.TemporaryDirectory() as folder:
        path = ObjectStoragePath(f"file://{folder}/activities{FORMATS[file_format]}")
        target = FilesTarget({"": path}, Plan((ACTIVITY,), LoadMode.REPLACE), file_format)
        begin = time.perf_counter()
        landed = load(reading(rows), target, Attempt("benchmark", durable=durable))
        seconds = time.perf_counter() - begin - making
    print(
        f"{file_format:9}{' durable' if durable else '':8} {rows:8} rows {seconds:6.2f} s {rows / seconds:8.0f} rows/s"
        f"  {(landed.size or 0) / 2**20:6.1f} MiB  memory {peak_mib() - idle:5.1f} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--format", nargs="+", choices=FORMATS, default=["parquet"])
    parser.add_argument("--durable", action="store_true", help="keep each page beside the file first")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    for file_format in arguments.format:
        for rows in arguments.rows:
            if arguments.here:
                run(rows, file_format, arguments.durable)
            else:
                durable = ["--durable"] if arguments.durable else []
                command = ["-m", __spec__.name, "--here", *durable, "--rows", str(rows), "--format", file_format]
                subprocess.run([sys.executable, *command], check=True)


if __name__ == "__main__":
    main()
