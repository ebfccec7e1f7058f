"""Small well-formed records."""

from __future__ import annotations

from typing import Any

Records = dict[str, list[dict[str, Any]]]


def customer(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {"external_id": f"acct-{number}", "name": f"Customer {number}", "country": "DE", **fields}


def plan(**fields: Any) -> dict[str, Any]:
    return {"external_id": "team", "name": "Team", "interval_count": 1, "interval_unit": "month", **fields}


def line_item(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "type": "subscription",
        "subscription_external_id": f"acct-{number}-main",
        "plan_external_id": "team",
        "service_period_start": "2026-03-01",
        "service_period_end": "2026-04-01",
        "amount_in_cents": 5000,
        **fields,
    }


def invoice(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "external_id": f"inv-{number}",
        "customer_external_id": f"acct-{number}",
        "date": "2026-03-01",
        "currency": "USD",
        "line_items": [line_item(number)],
        "transactions": [{"type": "payment", "result": "successful", "date": "2026-03-02"}],
        **fields,
    }


def cancellation(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "customer_external_id": f"acct-{number}",
        "subscription_external_id": f"acct-{number}-main",
        "event_type": "subscription_cancelled",
        "event_date": "2026-03-20",
        "effective_date": "2026-04-01",
        **fields,
    }


def billing(customers: int = 3, *, start: int = 1) -> Records:
    numbers = range(start, start + customers)
    return {
        "plans": [plan()],
        "customers": [customer(number) for number in numbers],
        "invoices": [invoice(number) for number in numbers],
        "subscription_events": [cancellation(start)],
    }
