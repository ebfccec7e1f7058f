"""Keep a copy of the account in a data lake as Parquet, written anew every day, and the movements of each month.

Needs: connection ``chartmogul_default``; a pool ``chartmogul`` (``airflow pools set chartmogul 4 "ChartMogul API"``);
Variable ``chartmogul_lake``, for example ``s3://lake/chartmogul``, and Variable ``chartmogul_lake_conn_id`` with the
connection of that storage if it needs one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_chartmogul.transfers.chartmogul_to_object_storage import ChartMogulToObjectStorageOperator
from airflow_provider_chartmogul.transfers.sync_account import sync_account

LAKE = {
    "path": "{{ var.value.get('chartmogul_lake', '/opt/airflow/chartmogul') }}",
    "path_conn_id": "{{ var.value.get('chartmogul_lake_conn_id', '') }}",
}

with DAG(
    dag_id="chartmogul_account_to_lake",
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={
        "chartmogul_conn_id": "chartmogul_default",
        "pool": "chartmogul",
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
    },
    tags=["chartmogul"],
) as dag:
    # lists have no dates to select by: one file of each, as it is now
    sync_account(
        ChartMogulToObjectStorageOperator,
        streams=["account", "data_sources", "customers", "plans", "invoices", "subscriptions", "subscription_events"],
        group_id="lists",
        **LAKE,
    )

    # metrics are small: their whole history, right after every restatement
    sync_account(
        ChartMogulToObjectStorageOperator,
        streams=["metrics_all", {"stream": "metrics_mrr", "interval": "day"}],
        group_id="metrics",
        load_mode="replace",
        interval_start="2023-01-01",
        **LAKE,
    )

    # a file for each month; those of the last 35 days are written anew, since history changes
    ChartMogulToObjectStorageOperator(
        task_id="activities", stream="activities", partition="month", lookback_days=35, **LAKE
    )
