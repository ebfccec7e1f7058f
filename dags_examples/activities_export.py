"""Fetch last month's MRR movements as a file, computed by ChartMogul in the background.

Needs: connection ``chartmogul_default``; a pool ``chartmogul`` (``airflow pools set chartmogul 4 "ChartMogul API"``);
Variable ``chartmogul_export_folder`` if the files shall go elsewhere, e.g. ``s3://bucket/chartmogul``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_chartmogul.operators.activities_export import (
    ChartMogulCreateActivitiesExportOperator,
    ChartMogulDownloadActivitiesExportOperator,
)
from airflow_provider_chartmogul.sensors.activities_export import ChartMogulActivitiesExportSensor

with DAG(
    dag_id="chartmogul_activities_export",
    schedule=CronDataIntervalTimetable("0 0 1 * *", timezone="UTC"),
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args={
        "chartmogul_conn_id": "chartmogul_default",
        "pool": "chartmogul",
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
    },
    tags=["chartmogul"],
) as dag:
    create = ChartMogulCreateActivitiesExportOperator(task_id="create")

    finished = ChartMogulActivitiesExportSensor(
        task_id="finished", export_id=create.output, deferrable=True, poke_interval=15, timeout=3600
    )

    download = ChartMogulDownloadActivitiesExportOperator(
        task_id="download",
        export_id=create.output,
        path="{{ var.value.get('chartmogul_export_folder', '/opt/airflow/chartmogul') }}"
        "/activities-{{ data_interval_start.strftime('%Y-%m') }}.zip",
    )

    finished >> download
