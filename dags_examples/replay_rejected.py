"""Send the records that a backfill has rejected once more, when somebody has corrected them.

Needs: connection ``chartmogul_default``; a pool ``chartmogul`` (``airflow pools set chartmogul 4 "ChartMogul API"``);
the file that ``rejected_path`` of the backfill named, with each ``record`` in it corrected in its place. What is still
wrong is written into a file beside it, named after the run.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_chartmogul.operators.data_sources import ChartMogulGetOrCreateDataSourceOperator
from airflow_provider_chartmogul.operators.imports import ChartMogulReplayRejectedOperator
from airflow_provider_chartmogul.sensors.processing import ChartMogulProcessingSensor

with DAG(
    dag_id="chartmogul_replay_rejected",
    schedule=None,
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    max_active_runs=1,
    default_args={
        "chartmogul_conn_id": "chartmogul_default",
        "pool": "chartmogul",
        "retries": 3,
        "retry_delay": timedelta(minutes=1),
    },
    params={
        "data_source": Param("Billing system", type="string", description="Name of the data source of the backfill"),
        "path": Param("/opt/airflow/billing/rejected.jsonl", type="string", description="The corrected file"),
        "path_conn_id": Param(None, type=["null", "string"], description="Connection of the object storage"),
    },
    tags=["chartmogul"],
) as dag:
    data_source = ChartMogulGetOrCreateDataSourceOperator(task_id="data_source", name="{{ params.data_source }}")

    replay = ChartMogulReplayRejectedOperator(
        task_id="replay",
        data_source_uuid=data_source.output,
        path="{{ params.path }}",
        path_conn_id="{{ params.path_conn_id or '' }}",
        # those that are still wrong do not hold the others back
        max_rejected=0.99,
        rejected_path="{{ params.path }}-{{ run_id | replace(':', '-') }}.jsonl",
        deferrable=True,
    )

    ready = ChartMogulProcessingSensor(
        task_id="ready", data_source_uuid=data_source.output, deferrable=True, poke_interval=60, timeout=6 * 3600
    )

    replay >> ready
