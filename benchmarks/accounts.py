"""Accounts to measure on: an emulator in a process of its own, and billing to fill it with."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests

from airflow_provider_chartmogul.client import ChartMogulClient

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

API_KEY = "test-key"
_PLAN = {"external_id": "plan", "name": "Plan", "interval_count": 1, "interval_unit": "month"}
# customers of one bulk import
BATCH = 500
START = datetime(2023, 1, 1, tzinfo=UTC)
END = datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def emulator(*options: str) -> Iterator[str]:
    """Run an emulator, and hand out its base URL."""
    command = [sys.executable, "-m", "airflow_provider_chartmogul.emulator", "--port", "0", "--api-key", API_KEY]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(10)


def unlimited(url: str) -> ChartMogulClient:
    return ChartMogulClient(API_KEY, url, requests_per_second=1_000_000)


def state(url: str) -> dict[str, Any]:
    return requests.get(url.removesuffix("/v1") + "/_emulator/state", timeout=10).json()


def settings(url: str, **changes: Any) -> None:
    requests.put(url.removesuffix("/v1") + "/_emulator/settings", json=changes, timeout=10).raise_for_status()


def fill(url: str, customers: int, subscriptions: int = 1) -> None:
    """Import customers with an invoice each, which begins its subscriptions: an activity each.

    :param subscriptions: line items of every second invoice; the others have one more.
    """
    with unlimited(url) as client:
        source = client.data_sources.create(name="Benchmark")["uuid"]
        _import(client, source, "plans", plans=[_PLAN])
        for start in range(0, customers, BATCH):
            numbers = range(start, min(start + BATCH, customers))
            _import(
                client,
                source,
                f"import-{start}",
                customers=[_customer(n) for n in numbers],
                invoices=[_invoice(n) for n in numbers],
                line_items=[_line_item(n, i) for n in numbers for i in range(subscriptions + n % 2)],
                transactions=[_transaction(n) for n in numbers],
            )


def renew(url: str, numbers: Iterable[int], day: str) -> None:
    """Import another invoice for some of the customers, dated on a day: their subscriptions end later."""
    with unlimited(url) as client:
        (source,) = (one["uuid"] for one in client.data_sources.list())
        renewals = {"service_period_start": f"{day}T00:00:00Z", "service_period_end": "2026-12-01T00:00:00Z"}
        chosen = list(numbers)
        _import(
            client,
            source,
            f"renewals-{day}",
            invoices=[{**_invoice(n), "external_id": f"r{n}", "date": day} for n in chosen],
            line_items=[
                {**_line_item(n, 0), **renewals, "external_id": f"r{n}", "invoice_external_id": f"r{n}"} for n in chosen
            ],
        )


def _import(client: ChartMogulClient, source: str, name: str, **records: list[dict[str, Any]]) -> None:
    client.json_imports.create(source, external_id=name, **records)
    while client.json_imports.retrieve(source, name)["status"] != "completed":
        time.sleep(0.02)


def _moment(number: int) -> datetime:
    """Spread the customers evenly over the years."""
    return START + timedelta(minutes=79 * number) % (END - START)


def _customer(number: int) -> dict[str, Any]:
    return {
        "external_id": f"c{number}",
        "name": f"Customer {number}",
        "email": f"c{number}@customer.example",
        "company": f"Company {number % 97}",
        "country": ("US", "DE", "FR", "GB")[number % 4],
        "attributes": {"tags": ["benchmark"], "custom": [{"type": "Integer", "key": "seats", "value": number % 50}]},
    }


def _invoice(number: int) -> dict[str, Any]:
    return {
        "external_id": f"i{number}",
        "customer_external_id": f"c{number}",
        "date": _moment(number).isoformat(),
        "currency": "USD",
    }


def _line_item(number: int, position: int) -> dict[str, Any]:
    begin = _moment(number)
    return {
        "invoice_external_id": f"i{number}",
        "external_id": f"i{number}-{position}",
        "type": "subscription",
        "subscription_external_id": f"s{number}-{position}",
        "plan_external_id": "plan",
        "service_period_start": begin.isoformat(),
        "service_period_end": (begin + timedelta(days=30)).isoformat(),
        "amount_in_cents": 1000 + number % 7 * 100,
        "quantity": 1 + number % 3,
    }


def _transaction(number: int) -> dict[str, Any]:
    return {
        "invoice_external_id": f"i{number}",
        "external_id": f"p{number}",
        "type": "payment",
        "result": "successful",
        "date": _moment(number).isoformat(),
    }
