"""A data source to import into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient


@pytest.fixture
def data_source(client: ChartMogulClient) -> str:
    return str(client.data_sources.create(name="Billing")["uuid"])
