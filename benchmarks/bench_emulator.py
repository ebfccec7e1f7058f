"""Prints how fast the emulator starts and how fast it lists customers: pages of 200, one keep-alive connection.

python -m benchmarks.bench_emulator --customers 20000 --pages 1000
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow_provider_chartmogul.emulator import running_emulator

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.server import Emulator


class RawClient:
    def __init__(self, emulator: Emulator) -> None:
        self._connection = http.client.HTTPConnection(emulator.base_url.split("/")[2])
        token = base64.b64encode(f"{emulator.api_key}:".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: object = None) -> bytes:
        data = None if body is None else json.dumps(body)
        self._connection.request(method, f"/v1{path}", data, self._headers)
        return self._connection.getresponse().read()

    def json(self, method: str, path: str, body: object = None) -> dict:
        return json.loads(self.call(method, path, body))


def load(client: RawClient, customers: int) -> None:
    source = client.json("POST", "/data_sources", {"name": "Benchmark"})["uuid"]
    for start in range(0, customers, 1000):
        numbers = range(start, min(start + 1000, customers))
        payload = {
            "external_id": f"import-{start}",
            "plans": [{"external_id": "p", "name": "P", "interval_count": 1, "interval_unit": "month"}][: start == 0],
            "customers": [{"external_id": f"c{n}", "name": f"Customer {n}", "country": "DE"} for n in numbers],
            "invoices": [
                {"external_id": f"i{n}", "customer_external_id": f"c{n}", "date": "2026-01-01", "currency": "USD"}
                for n in numbers
            ],
            "line_items": [
                {
                    "invoice_external_id": f"i{n}",
                    "type": "subscription",
                    "subscription_external_id": f"s{n}",
                    "plan_external_id": "p",
                    "service_period_start": f"2026-01-{n % 28 + 1:02d}",
                    "service_period_end": "2026-03-01",
                    "amount_in_cents": 1000 + n,
                }
                for n in numbers
            ],
        }
        client.call("POST", f"/data_sources/{source}/json_imports", payload)
        for _ in range(2):
            client.call("GET", f"/data_sources/{source}/json_imports/import-{start}")


def start_of_command() -> float:
    command = [sys.executable, "-m", "airflow_provider_chartmogul.emulator", "--port", "0", "--api-key", "bench-key"]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        seconds = time.perf_counter() - started
        process.terminate()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--pages", type=int, default=1000)
    options = parser.parse_args()
    print(f"command until it prints its base URL: {start_of_command():.2f} s")
    with running_emulator(limits=False) as emulator:
        client = RawClient(emulator)
        started = time.perf_counter()
        load(client, options.customers)
        print(f"bulk import of {options.customers} customers with an invoice: {time.perf_counter() - started:.2f} s")

        started = time.perf_counter()
        page = client.json("GET", "/customers")
        print(f"first page (computes all): {time.perf_counter() - started:.2f} s")

        started = time.perf_counter()
        size, cursor = 0, page["cursor"]
        for _ in range(options.pages):
            body = client.call("GET", f"/customers?cursor={quote(cursor)}")
            size += len(body)
            # The end of the body holds what a walk needs: no time is spent on parsing the entries.
            tail = json.loads(b"{" + body[body.rindex(b'"has_more"') :])
            cursor = tail["cursor"] if tail["has_more"] else page["cursor"]
        seconds = time.perf_counter() - started
        print(f"pages of 200 customers: {options.pages / seconds:.0f} per second, {size / seconds / 1e6:.0f} MB/s")

        started = time.perf_counter()
        for _ in range(1000):
            client.call("GET", "/ping")
        print(f"pings: {1000 / (time.perf_counter() - started):.0f} per second")


if __name__ == "__main__":
    main()
