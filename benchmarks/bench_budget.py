"""Prints what each storage of a rate budget costs and how fast several processes send together through it.

For each of them, against an emulator with the API's limits on, in a process of its own:

* one permit and slot, taken and given back, with nobody else about: milliseconds
* the subscriptions of some customers, read by four processes: useful requests per second, of all and without the first
  40, which leave at once; requests refused with 429 and 503; most requests in flight

"memory" is what there is without a storage: each process has its share of the limits, which the connection sets.

    python -m benchmarks.bench_budget --customers 320 --processes 4
    python -m benchmarks.bench_budget --customers 1000 --storages redis
    python -m benchmarks.bench_budget --customers 1000 --storages memory --processes 1 --workers 20
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.client import ChartMogulClient
from airflow_provider_chartmogul.client.rate_budget import shared_budget
from benchmarks import servers
from benchmarks.accounts import API_KEY, emulator, state

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUESTS_PER_SECOND = 40
MAX_CONNECTIONS = 20
TAKEN = 300


@contextmanager
def storage(kind: str) -> Iterator[str | None]:
    """A server or file of its own, as the URL of it."""
    if kind == "memory":
        yield None
    elif kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite://{folder}/budget.sqlite"
    else:
        with servers.redis() if kind == "redis" else servers.postgres() as url:
            yield url


def cost(storage_url: str | None) -> float:
    """Return milliseconds of one permit and slot."""
    budget = shared_budget(API_KEY, "http://nowhere", 1_000_000, MAX_CONNECTIONS, storage_url=storage_url)
    with budget.request():
        pass
    started = time.perf_counter()
    for _ in range(TAKEN):
        with budget.request():
            pass
    return (time.perf_counter() - started) / TAKEN * 1000


def seed(client: ChartMogulClient, count: int) -> list[str]:
    source = client.data_sources.create(name="Benchmark")["uuid"]
    rows = [{"external_id": f"c{number}", "name": f"Customer {number}"} for number in range(count)]
    client.json_imports.create(source, external_id="seed", customers=rows)
    while client.json_imports.retrieve(source, "seed")["status"] != "completed":
        time.sleep(0.1)
    return [customer["uuid"] for customer in client.customers.list()]


def work(workers: int, share: int) -> None:
    """One of the processes: reads what to do, begins when all are ready, and prints how long its requests waited."""
    # warnings of refused requests may go where the figures go
    logging.disable()
    task = json.loads(sys.stdin.readline())
    client = ChartMogulClient(
        API_KEY,
        task["url"],
        requests_per_second=REQUESTS_PER_SECOND // share,
        max_connections=MAX_CONNECTIONS // share,
        budget_storage=task["storage"],
    )
    print("ready", flush=True)
    sys.stdin.readline()
    with client, ThreadPoolExecutor(workers) as threads:
        list(threads.map(lambda uuid: list(client.subscriptions.list(uuid)), task["customers"]))
        print(client.statistics.waited_seconds, flush=True)


def tell(process: subprocess.Popen[str], line: str) -> None:
    process.stdin.write(line + "\n")
    process.stdin.flush()


def together(url: str, storage_url: str | None, customers: list[str], processes: int, workers: int) -> str:
    share = 1 if storage_url else processes
    command = [sys.executable, "-m", __spec__.name, "--work", "--workers", str(workers), "--share", str(share)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started_processes = [subprocess.Popen(command, **pipes) for _ in range(processes)]
    for number, process in enumerate(started_processes):
        task = {"url": url, "storage": storage_url, "customers": customers[number::processes]}
        tell(process, json.dumps(task))
    for process in started_processes:
        process.stdout.readline()
    # so that nothing of before is in the window
    time.sleep(1.1)
    before, started = state(url), time.perf_counter()
    for process in started_processes:
        tell(process, "go")
    waited = [float(process.stdout.readline()) for process in started_processes]
    elapsed = time.perf_counter() - started
    for process in started_processes:
        process.communicate()
    after = state(url)
    sent = after["requests"] - before["requests"]
    refused = {name: after[name] - before[name] for name in ("refused_429", "refused_503")}
    return (
        f"{sent} requests in {elapsed:.1f} s, {len(customers) / elapsed:.1f} useful/s "
        f"({(len(customers) - REQUESTS_PER_SECOND) / elapsed:.1f} without the first 40), "
        f"429: {refused['refused_429']} ({refused['refused_429'] / sent:.1%}), 503: {refused['refused_503']}, "
        f"most in flight {after['in_flight_max']}, waits {sum(waited) / sent:.2f} s on average"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=320)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--workers", type=int, default=8, help="threads of each process")
    parser.add_argument("--latency-ms", type=int, default=80)
    parser.add_argument("--storages", nargs="+", default=["memory", "sqlite", "redis", "postgres"])
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--share", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.workers, options.share)
        return
    with emulator("--latency-ms", str(options.latency_ms)) as url:
        with ChartMogulClient(API_KEY, url) as client:
            customers = seed(client, options.customers)
        for kind in options.storages:
            with storage(kind) as storage_url:
                print(f"{kind}: permit and slot {cost(storage_url):.2f} ms", flush=True)
                figures = together(url, storage_url, customers, options.processes, options.workers)
                print(f"{kind}, {options.processes} processes: {figures}", flush=True)


if __name__ == "__main__":
    main()
