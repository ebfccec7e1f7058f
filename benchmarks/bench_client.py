"""Prints what the client costs and how fast it sends, against an emulator in a process of its own.

* listing customers: time of the client by time of a bare ``requests`` loop, the median of alternating rounds
* connections that 100 requests in a row open
* POSTs with the API's limits on: requests per second, and how many were refused

    python -m benchmarks.bench_client --customers 20000 --posts 1000
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import TYPE_CHECKING

import requests

from airflow_provider_chartmogul.client import ChartMogulClient
from benchmarks.accounts import API_KEY, emulator, state, unlimited

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 1000


def seed(client: ChartMogulClient, count: int) -> None:
    source = client.data_sources.create(name="Benchmark")["uuid"]
    for start in range(0, count, BATCH):
        rows = [
            {
                "external_id": f"c{number}",
                "name": f"Customer {number}",
                "email": f"c{number}@customer.example",
                "company": "Company",
                "country": "DE",
            }
            for number in range(start, min(start + BATCH, count))
        ]
        name = f"import-{start}"
        client.json_imports.create(source, external_id=name, customers=rows)
        while client.json_imports.retrieve(source, name)["status"] != "completed":
            time.sleep(0.05)


def with_client(client: ChartMogulClient) -> int:
    return sum(1 for _ in client.customers.list())


def bare(session: requests.Session, url: str) -> int:
    records, params = 0, {"per_page": 200}
    while True:
        page = session.get(f"{url}/customers", params=params, timeout=(10, 60)).json()
        records += sum(1 for _ in page["entries"])
        if not page["has_more"]:
            return records
        params["cursor"] = page["cursor"]


def timed(work: Callable[[], int], expected: int) -> float:
    started = time.perf_counter()
    found = work()
    elapsed = time.perf_counter() - started
    if found != expected:
        sys.exit(f"read {found} customers instead of {expected}")
    return elapsed


def listing(customers: int, rounds: int) -> None:
    with emulator("--no-limits") as url, unlimited(url) as client, requests.Session() as session:
        session.auth = (API_KEY, "")
        seed(client, customers)
        timed(lambda: with_client(client), customers)
        pairs = [
            (timed(lambda: with_client(client), customers), timed(lambda: bare(session, url), customers))
            for _ in range(rounds)
        ]
    ours, theirs = (median(times) for times in zip(*pairs, strict=True))
    ratio = median(one / other for one, other in pairs)
    print(f"list {customers} customers: client {ours:.2f} s, bare requests {theirs:.2f} s, ratio {ratio:.2f}")


def connections() -> None:
    with emulator("--no-limits") as url, unlimited(url) as client:
        before = state(url)["connections_opened"]
        for _ in range(100):
            client.ping()
        # one of the connections is that of the second question
        print(f"connections of 100 requests in a row: {state(url)['connections_opened'] - before - 1}")


def posts(count: int, workers: int, latency: int) -> None:
    with (
        emulator("--latency-ms", str(latency)) as url,
        ChartMogulClient(API_KEY, url) as client,
        ThreadPoolExecutor(workers) as threads,
    ):
        source = client.data_sources.create(name="Benchmark")["uuid"]
        time.sleep(1.1)
        started = time.perf_counter()
        list(
            threads.map(
                lambda n: client.customers.create(data_source_uuid=source, external_id=f"c{n}", name="x"), range(count)
            )
        )
        elapsed = time.perf_counter() - started
        print(
            f"{count} POSTs at {latency} ms with {workers} workers: {count / elapsed:.1f} requests/s, "
            f"{state(url)['refused_429']} refused with 429, {state(url)['refused_503']} with 503"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--posts", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=20)
    parser.add_argument("--latency-ms", type=int, default=80)
    options = parser.parse_args()
    listing(options.customers, options.rounds)
    connections()
    posts(options.posts, options.workers, options.latency_ms)


if __name__ == "__main__":
    main()
