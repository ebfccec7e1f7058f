"""Some billing to read: customers with subscriptions, through the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

STARTS = ("2026-03-01T11:59:59.999Z", "2026-03-01T12:00:00Z", "2026-03-01T18:00:00Z")


@pytest.fixture
def subscribers(client: ChartMogulClient, emulator: Emulator) -> list[str]:
    """Uuids of three customers, each with a subscription since one of :data:`STARTS`."""
    emulator.configure(now="2026-03-15T12:00:00Z")
    source = client.data_sources.create(name="billing")["uuid"]
    plan = {"external_id": "plan", "name": "Plan", "interval_count": 1, "interval_unit": "month"}
    plan_uuid = client.plans.create(data_source_uuid=source, **plan)["uuid"]
    return [_subscriber(client, source, plan_uuid, number, start) for number, start in enumerate(STARTS)]


def _subscriber(client: ChartMogulClient, source: str, plan_uuid: str, number: int, start: str) -> str:
    fields = {"name": f"Customer {number}", "email": f"{number}@falter.example"}
    customer = client.customers.create(data_source_uuid=source, external_id=f"c{number}", **fields)
    line_item: dict[str, Any] = {
        "type": "subscription",
        "subscription_external_id": f"s{number}",
        "plan_uuid": plan_uuid,
        "service_period_start": start,
        "service_period_end": "2026-04-01T18:00:00Z",
        "amount_in_cents": 1000,
    }
    invoice = {"external_id": f"i{number}", "date": start, "currency": "USD", "line_items": [line_item]}
    client.invoices.create(customer["uuid"], [invoice])
    return str(customer["uuid"])
