"""What was loaded can be read through the database's own Airflow hook, timestamps included."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_chartmogul.transfers.chartmogul_to_sql import ChartMogulToSqlOperator

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient


@pytest.mark.usefixtures("chartmogul_conn")
def test_duckdb_hands_out_timestamps(client: ChartMogulClient, duckdb_conn: str) -> None:
    source = client.data_sources.create(name="billing")["uuid"]
    client.customers.create(data_source_uuid=source, external_id="a", lead_created_at="2026-01-02T03:04:05Z")
    ChartMogulToSqlOperator(task_id="load", stream="customers", sql_conn_id=duckdb_conn).execute({})
    hook = BaseHook.get_connection(duckdb_conn).get_hook()
    ((lead_created_at,),) = hook.get_records("SELECT lead_created_at FROM chartmogul_customers")
    assert lead_created_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
