"""Billing for tests that need more of it than they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient


def import_customers(client: ChartMogulClient, data_source_uuid: str, count: int, name: str = "x") -> None:
    """Import so many customers in bulk, and wait until they are there."""
    customers = [{"external_id": f"c{number}", "name": name} for number in range(count)]
    client.json_imports.create(data_source_uuid, external_id="many", customers=customers)
    while client.json_imports.retrieve(data_source_uuid, "many")["status"] != "completed":
        pass
