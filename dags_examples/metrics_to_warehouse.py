"""Copy metrics, customers, subscriptions, invoices and activities into the warehouse, every day.

Needs: connections ``chartmogul_default`` and ``warehouse`` (any database with an SQLAlchemy dialect); a pool
``chartmogul`` (``airflow pools set chartmogul 4 "ChartMogul API"``).

To load a longer history once, trigger it by hand with ``interval_start`` and ``interval_end`` (exclusive).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, Param
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_chartmogul.transfers.chartmogul_to_sql import ChartMogulToSqlOperator

with DAG(
    dag_id="chartmogul_metrics_to_warehouse",
    # named, since a cron text means runs without a data interval in Airflow 3
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    # the row of a month that is still running is replaced by the next day's: keep the order
    max_active_runs=1,
    default_args={
        "chartmogul_conn_id": "chartmogul_default",
        "sql_conn_id": "warehouse",
        "pool": "chartmogul",
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
    },
    params={
        "interval_start": Param(None, type=["null", "string"], description="First day, instead of the run's own"),
        "interval_end": Param(None, type=["null", "string"], description="Day after the last one"),
    },
    tags=["chartmogul"],
) as dag:
    interval = {
        "interval_start": "{{ params.interval_start or data_interval_start }}",
        "interval_end": "{{ params.interval_end or data_interval_end }}",
        # ChartMogul restates the past when billing data changes
        "lookback_days": 35,
    }

    ChartMogulToSqlOperator(task_id="mrr_by_day", stream="metrics_mrr", interval="day", **interval)
    ChartMogulToSqlOperator(
        task_id="mrr_by_month", stream="metrics_mrr", table="chartmogul_mrr_by_month", interval="month", **interval
    )
    ChartMogulToSqlOperator(task_id="key_metrics_by_month", stream="metrics_all", interval="month", **interval)
    ChartMogulToSqlOperator(task_id="activities", stream="activities", **interval)

    # a request for each customer that changed, instead of one for each customer
    ChartMogulToSqlOperator(task_id="subscriptions", stream="subscriptions", only_changed=True, **interval)

    # these have no dates to select by: they are read as a whole
    ChartMogulToSqlOperator(task_id="customers", stream="customers")
    ChartMogulToSqlOperator(task_id="invoices", stream="invoices")
