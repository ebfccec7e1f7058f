"""An account with a data source, a plan and customers; tasks run against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.imports.samples import plan

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient


@pytest.fixture(autouse=True)
def _connection(chartmogul_conn: str) -> None:
    """Every task of these tests works on the emulator."""


@pytest.fixture
def data_source(client: ChartMogulClient) -> str:
    return str(client.data_sources.create(name="Billing system")["uuid"])


@pytest.fixture
def team(client: ChartMogulClient, data_source: str) -> dict[str, Any]:
    return client.plans.create(data_source_uuid=data_source, **plan())
