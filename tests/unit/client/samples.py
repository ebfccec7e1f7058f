"""Records as they are sent, from which more than one module of tests starts."""

from __future__ import annotations

from typing import Any

ITEM: dict[str, Any] = {"type": "one_time", "amount_in_cents": 500}
BILL: dict[str, Any] = {"external_id": "i-1", "date": "2026-01-01", "currency": "EUR", "line_items": [ITEM]}
CANCELLATION: dict[str, Any] = {
    "customer_external_id": "c-1",
    "subscription_external_id": "s-1",
    "event_type": "subscription_cancelled",
    "event_date": "2026-01-01",
    "effective_date": "2026-01-01",
}
TASK: dict[str, Any] = {
    "customer_uuid": "cus_1",
    "task_details": "Call",
    "assignee": "me@x.example",
    "due_date": "2026-04-30",
}
DEAL: dict[str, Any] = {
    "customer_uuid": "cus_1",
    "owner": "me@x.example",
    "pipeline": "New",
    "pipeline_stage": "Talk",
    "estimated_close_date": "2026-04-30",
    "currency": "EUR",
    "amount_in_cents": 120000,
    "type": "one-time",
}
