"""A mock of ChartMogul's lists that costs next to nothing, so that the client is what is measured.

Customers, activities and invoices with line items and transactions, made up once and kept as JSON text; activities can
be asked for by time. Run as ``python -m benchmarks.mock --customers 20000``: it prints its base URL.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import subprocess
import sys
from bisect import bisect_left
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from uuid import UUID

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

START = datetime(2023, 1, 1, tzinfo=UTC)
YEARS = timedelta(days=3 * 365)
PAGE = 200
SOURCE = f"ds_{UUID(int=1)}"


def uuid(kind: str, number: int) -> str:
    return f"{kind}_{UUID(int=number << 64 | ord(kind[0]))}"


def moment(number: int, of: int) -> datetime:
    return (START + YEARS * number / of).replace(microsecond=0)


def customer(n: int, of: int) -> dict[str, Any]:
    return {
        "id": n,
        "uuid": uuid("cus", n),
        "external_id": f"acct-{n}",
        "name": f"Customer {n}",
        "email": f"c{n}@customer.example",
        "status": "Active",
        "customer-since": moment(n, of).isoformat(),
        "attributes": {"custom": {"seats": n % 50, "segment": "smb"}, "stripe": {}, "tags": ["benchmark", "pilot"]},
        "data_source_uuid": SOURCE,
        "data_source_uuids": [SOURCE],
        "external_ids": [f"acct-{n}"],
        "company": f"Company {n % 97}",
        "country": ("US", "DE", "FR", "GB")[n % 4],
        "state": None,
        "city": "Sligo",
        "zip": None,
        "lead_created_at": None,
        "free_trial_started_at": None,
        "address": {"country": "Ireland", "state": None, "city": "Sligo", "address_zip": None},
        "mrr": 4900,
        "arr": 58800,
        "billing-system-url": None,
        "chartmogul-url": f"https://app.chartmogul.com/#/customers/{n}",
        "billing-system-type": "Custom",
        "currency": "USD",
        "currency-sign": "$",
        "owner": None,
        "website_url": None,
    }


def activity(n: int, of: int) -> dict[str, Any]:
    return {
        "description": "purchased the Team plan",
        "activity-mrr-movement": 4900,
        "activity-mrr": 4900,
        "activity-arr": 58800,
        "date": moment(n, of).isoformat(),
        "type": "new_biz",
        "currency": "USD",
        "subscription-external-id": f"sub-{n}",
        "subscription-set-external-id": None,
        "plan-external-id": "team-monthly",
        "customer-name": f"Company {n % 97}",
        "customer-uuid": uuid("cus", n % 20_000),
        "customer-external-id": f"acct-{n % 20_000}",
        "billing-connector-uuid": SOURCE,
        "uuid": str(UUID(int=n)),
    }


def invoice(n: int, of: int) -> dict[str, Any]:
    begin = moment(n, of)
    period = {"service_period_start": begin.isoformat(), "service_period_end": (begin + timedelta(30)).isoformat()}
    line_items = [
        {
            "uuid": uuid("li", 2 * n + i),
            "external_id": f"li-{n}-{i}",
            "type": "subscription",
            "subscription_uuid": uuid("sub", 2 * n + i),
            "subscription_external_id": f"sub-{n}-{i}",
            "subscription_set_external_id": None,
            "plan_uuid": uuid("pl", 1),
            "prorated": False,
            "proration_type": None,
            **period,
            "amount_in_cents": 4900,
            "quantity": 1,
            "discount_code": None,
            "discount_amount_in_cents": 0,
            "discount_description": None,
            "tax_amount_in_cents": 0,
            "transaction_fees_in_cents": 0,
            "transaction_fees_currency": None,
            "account_code": None,
            "event_order": None,
            "balance_transfer": False,
            "errors": None,
        }
        for i in range(1 + n % 2)
    ]
    payment = {
        "uuid": uuid("tr", n),
        "external_id": f"pay-{n}",
        "type": "payment",
        "date": begin.isoformat(),
        "result": "successful",
        "amount_in_cents": None,
        "transaction_fees_in_cents": 0,
        "transaction_fees_currency": None,
        "errors": None,
    }
    return {
        "uuid": uuid("inv", n),
        "external_id": f"inv-{n}",
        "customer_uuid": uuid("cus", n),
        "customer_external_id": f"acct-{n}",
        "data_source_uuid": SOURCE,
        "date": begin.isoformat(),
        "due_date": None,
        "currency": "USD",
        "line_items": line_items,
        "transactions": [payment],
        "errors": None,
    }


class Mock:
    """Answers ``GET`` requests for pages."""

    def __init__(self, customers: int, activities: int, invoices: int, latency_ms: int) -> None:
        self.lists = {
            "/v1/customers": ("entries", [_text(customer(n, customers)) for n in range(customers)]),
            "/v1/activities": ("entries", [_text(activity(n, activities)) for n in range(activities)]),
            "/v1/invoices": ("invoices", [_text(invoice(n, invoices)) for n in range(invoices)]),
        }
        self.dates = [moment(n, activities) for n in range(activities)]
        self.latency = latency_ms / 1000

    def answer(self, path: str, query: dict[str, list[str]]) -> bytes:
        if path == "/v1/data_sources":
            return json.dumps({"data_sources": [{"uuid": SOURCE, "name": "Billing"}]}).encode()
        key, records = self.lists[path]
        first, end = 0, len(records)
        if "start-date" in query:
            first = bisect_left(self.dates, datetime.fromisoformat(query["start-date"][0]))
            end = bisect_left(self.dates, datetime.fromisoformat(query["end-date"][0]) + timedelta(seconds=1))
        first = int(query["cursor"][0]) if "cursor" in query else first
        page = records[first : min(first + PAGE, end)]
        has_more = first + PAGE < end
        head = f'{{"has_more":{str(has_more).lower()},"cursor":"{first + PAGE}","{key}":['.encode()
        return head + b",".join(page) + b"]}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.latency:
            await asyncio.sleep(self.latency)
        body = self.answer(scope["path"], parse_qs(scope["query_string"].decode()))
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _text(record: dict[str, Any]) -> bytes:
    return json.dumps(record).encode()


@contextmanager
def mock(**options: int) -> Iterator[str]:
    """Run a mock in a process of its own, and hand out its base URL."""
    arguments = [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    process = subprocess.Popen([sys.executable, "-m", __name__, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("customers", 20_000), ("activities", 50_000), ("invoices", 20_000), ("latency-ms", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    app = Mock(**vars(parser.parse_args()))
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(app, lifespan="off", log_level="error", access_log=False, timeout_keep_alive=75)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
