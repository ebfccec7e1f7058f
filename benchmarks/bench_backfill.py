"""Prints what it takes to send years of billing history: requests, seconds, memory; in bulk and one by one.

In bulk: Parquet files of customers and of invoices, each with a line item and a payment in it, into a mock that counts
what comes and has worked off an import at once, so that the time is the client's. ``floor`` is how long the same
machine takes at the same time to do nothing but read the files and write the invoices as JSON text. One by one:
customers into an emulator with the real limits.

    python -m benchmarks.bench_backfill --customers 100000 --invoices 12
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pyarrow as pa
import pyarrow.parquet as pq

from airflow_provider_chartmogul.client import ChartMogulClient
from airflow_provider_chartmogul.emulator.server import running_emulator
from airflow_provider_chartmogul.imports import BillingImport, Limits, Pace
from airflow_provider_chartmogul.imports.each import Sent, send_each
from airflow_provider_chartmogul.imports.sources import open_source
from benchmarks.import_mock import import_mock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.imports import Given

START = datetime(2022, 1, 1, tzinfo=UTC)
PLANS = [{"external_id": "team", "name": "Team", "interval_count": 1, "interval_unit": "month"}]
PER_FILE = 20_000


def customer(number: int) -> dict[str, Any]:
    return {
        "external_id": f"acct-{number:07}",
        "name": f"Customer {number}",
        "company": f"Company {number % 97}",
        "email": f"c{number}@customer.example",
        "country": ("US", "DE", "FR", "GB")[number % 4],
        "lead_created_at": (START + timedelta(days=number % 300)).isoformat(),
    }


def invoice(number: int, month: int) -> dict[str, Any]:
    begin = START + timedelta(days=30 * month + number % 28)
    name = f"inv-{number:07}-{month:02}"
    item = {
        "external_id": f"{name}-1",
        "type": "subscription",
        "subscription_external_id": f"sub-{number:07}",
        "plan_external_id": "team",
        "service_period_start": begin.isoformat(),
        "service_period_end": (begin + timedelta(days=30)).isoformat(),
        "amount_in_cents": 4900 + 100 * (number % 7),
        "tax_amount_in_cents": 0,
        "quantity": 1 + number % 7,
    }
    payment = {
        "external_id": f"{name}-p",
        "type": "payment",
        "result": "successful",
        "date": (begin + timedelta(days=1)).isoformat(),
        "amount_in_cents": item["amount_in_cents"],
    }
    return {
        "external_id": name,
        "customer_external_id": f"acct-{number:07}",
        "date": begin.isoformat(),
        "due_date": (begin + timedelta(days=14)).isoformat(),
        "currency": "USD",
        "line_items": [item],
        "transactions": [payment],
    }


def write(folder: Path, customers: int, invoices: int) -> None:
    """Write the files, by customer: as an export of a database is that has an order."""
    for first in range(0, customers, PER_FILE):
        numbers = range(first, min(first + PER_FILE, customers))
        pq.write_table(pa.Table.from_pylist([customer(n) for n in numbers]), folder / f"customers-{first:07}.parquet")
        with pq.ParquetWriter(
            folder / f"invoices-{first:07}.parquet", pa.Table.from_pylist([invoice(first, 0)]).schema
        ) as file:
            for begin in range(first, numbers.stop, 1_000):
                those = range(begin, min(begin + 1_000, numbers.stop))
                rows = [invoice(n, month) for n in those for month in range(invoices)]
                file.write_table(pa.Table.from_pylist(rows))


def given(folder: Path) -> Iterator[Given]:
    yield from open_source("plans", PLANS)
    yield from open_source("customers", str(folder / "customers-*.parquet"))
    yield from open_source("invoices", str(folder / "invoices-*.parquet"))


def floor(folder: Path) -> float:
    begin = time.perf_counter()
    for path in sorted(folder.glob("invoices-*.parquet")):
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(1_000):
                for row in batch.to_pylist():
                    json.dumps(row)
    return time.perf_counter() - begin


def in_bulk(customers: int, invoices: int, latency_ms: int) -> None:
    with tempfile.TemporaryDirectory() as place, import_mock(latency_ms) as url:
        folder = Path(place)
        write(folder, customers, invoices)
        least = floor(folder)
        idle = highest()
        with ChartMogulClient("key", url) as client:
            begin = time.perf_counter()
            with BillingImport(client, "ds_1", Limits(), Pace()) as billing:
                billing.read(given(folder))
                checked = time.perf_counter() - begin
                billing.send()
                result = billing.result()
            seconds = time.perf_counter() - begin
        counted = json.loads(urlopen(f"{url}/count").read())
    wanted = {"customers": customers, "invoices": customers * invoices, "line_items": customers * invoices}
    complete = all(counted[kind] == number for kind, number in wanted.items()) and not result.failures
    print(f"in bulk: {customers:,} customers, {customers * invoices:,} invoices, {latency_ms} ms latency")
    print(f"  arrived whole: {complete}; requests that carry data {counted['imports']} (goal 400),", end=" ")
    print(f"of {counted['requests']}; largest {counted['largest_bytes'] / 1e6:.2f} MB")
    print(
        f"  client time {seconds:.0f} s (goal 300 for 100,000 customers), of it {checked:.0f} s to read and check;",
        end=" ",
    )
    print(f"floor {least:.0f} s, ratio {seconds / least:.1f}")
    print(f"  memory {highest() - idle:.0f} MiB above idle (goal 500)")


def one_by_one(customers: int, latency_ms: int) -> None:
    with running_emulator(latency_ms=latency_ms) as emulator:
        with ChartMogulClient(emulator.api_key, emulator.base_url) as client:
            source = client.data_sources.create(name="Billing")["uuid"]
            records = [{"data_source_uuid": source, **customer(number)} for number in range(customers)]
            begin = time.perf_counter()
            account = send_each(
                records,
                lambda record: Sent("created", client.customers.create(**record)["uuid"]),
                threads=client.max_connections,
            )
            seconds = time.perf_counter() - begin
        created = sum(sent.state == "created" for sent in account.sent)
        refused = emulator.stats()["refused_429"]
    print(f"one by one: {created:,} of {customers:,} customers, {latency_ms} ms latency, 40 a second")
    print(f"  {created / seconds:.1f} per second (goal 38), {refused} times 429 (goal 0)")


def highest() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--invoices", type=int, default=12, help="of each customer")
    parser.add_argument("--single", type=int, default=2_000, help="customers that are sent one by one")
    parser.add_argument("--latency-ms", type=int, default=80)
    options = parser.parse_args()
    if options.customers:
        in_bulk(options.customers, options.invoices, options.latency_ms)
    if options.single:
        one_by_one(options.single, options.latency_ms)


if __name__ == "__main__":
    main()
