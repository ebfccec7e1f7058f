"""An emulated account as ChartMogul's own client sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import chartmogul
import pytest

from tests.contract.official import LINE_ITEM

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator import Emulator


@pytest.fixture
def config(emulator: Emulator) -> chartmogul.Config:
    emulator.configure(now="2026-03-15T12:00:00Z")
    config = chartmogul.Config(emulator.api_key, max_retries=0)
    config.uri = emulator.base_url
    return config


@pytest.fixture
def source(config: chartmogul.Config) -> Any:
    return chartmogul.DataSource.create(config, data={"name": "Ledger"}).get()


@pytest.fixture
def customer(config: chartmogul.Config, source: Any) -> Any:
    data = {"data_source_uuid": source.uuid, "external_id": "acct-1", "name": "Ida", "email": "ida@firm.example"}
    return chartmogul.Customer.create(config, data=data).get()


@pytest.fixture
def plan(config: chartmogul.Config, source: Any) -> Any:
    data = {
        "data_source_uuid": source.uuid,
        "name": "Team",
        "interval_count": 1,
        "interval_unit": "month",
        "external_id": "team-monthly",
    }
    return chartmogul.Plan.create(config, data=data).get()


@pytest.fixture
def invoice(config: chartmogul.Config, customer: Any, plan: Any) -> Any:
    """One paid invoice: 50.00 USD a month from 2026-01-10."""
    data = {
        "invoices": [
            {
                "external_id": "inv-1",
                "date": "2026-01-10",
                "currency": "USD",
                "line_items": [{**LINE_ITEM, "plan_uuid": plan.uuid}],
                "transactions": [{"type": "payment", "date": "2026-01-11", "result": "successful"}],
            }
        ]
    }
    return chartmogul.Invoice.create(config, uuid=customer.uuid, data=data).get().invoices[0]
