"""Send years of billing history from files into ChartMogul, a task for each shard, as often as needed.

Needs: connection ``chartmogul_default``; a pool ``chartmogul`` (``airflow pools set chartmogul 4 "ChartMogul API"``);
beside this file ``billing_mappings.json``, which says how the fields of ChartMogul are made of the files' columns.

The folder, which may be on object storage, holds ``plans.jsonl`` (or ``.csv``, ``.parquet``) and a folder for each
shard, ``shard-…``, with files ``accounts``, ``invoices``, ``invoice_lines``, ``payments`` and ``cancellations`` in it.
All records of a customer must be in one shard. Several workers need one rate budget: see ``budget_storage`` of the
connection.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, ObjectStoragePath, Param, task

from airflow_provider_chartmogul.operators.data_sources import ChartMogulGetOrCreateDataSourceOperator
from airflow_provider_chartmogul.sensors.processing import ChartMogulProcessingSensor
from airflow_provider_chartmogul.transfers.object_storage_to_chartmogul import ObjectStorageToChartMogulOperator

MAPPINGS = json.loads(Path(__file__).with_name("billing_mappings.json").read_text())
FILES = {
    "customers": "accounts",
    "invoices": "invoices",
    "line_items": "invoice_lines",
    "transactions": "payments",
    "subscription_events": "cancellations",
}

with DAG(
    dag_id="chartmogul_backfill_from_files",
    schedule=None,
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    # two imports of the same customers must not be under way at once
    max_active_runs=1,
    default_args={"pool": "chartmogul", "retries": 3, "retry_delay": timedelta(minutes=1)},
    params={
        "data_source": Param("Billing system", type="string", description="Name of the data source to fill"),
        "folder": Param("/opt/airflow/billing", type="string", description="Folder or URL of the files"),
        "folder_conn_id": Param(None, type=["null", "string"], description="Connection of the object storage"),
        "scope": Param("", type="string", description="Another one sends what was deleted in ChartMogul once more"),
    },
    tags=["chartmogul"],
) as dag:
    data_source = ChartMogulGetOrCreateDataSourceOperator(task_id="data_source", name="{{ params.data_source }}")

    shared = {
        "data_source_uuid": data_source.output,
        "path_conn_id": "{{ params.folder_conn_id or '' }}",
        "mappings": MAPPINGS,
        "scope": "{{ params.scope }}",
    }

    # line items of every shard name them
    plans = ObjectStorageToChartMogulOperator(
        task_id="plans",
        plans="{{ params.folder }}/plans.*",
        rejected_path="{{ params.folder }}/_rejected-plans.jsonl",
        **shared,
    )

    @task
    def shards(params: dict[str, str | None]) -> list[dict[str, str]]:
        """Return the arguments of the task of each shard."""
        folder = ObjectStoragePath(params["folder"], conn_id=params["folder_conn_id"] or None)
        found = sorted(str(path) for path in folder.iterdir() if path.name.startswith("shard-"))
        return [
            {kind: f"{shard}/{name}.*" for kind, name in FILES.items()}
            | {"rejected_path": f"{shard}/rejected.jsonl", "result_path": f"{shard}/result.jsonl"}
            for shard in found
        ]

    backfill = ObjectStorageToChartMogulOperator.partial(
        task_id="backfill", max_rejected=0.01, deferrable=True, **shared
    ).expand_kwargs(shards())

    # records are stored when the imports end, but metrics are computed after that
    ready = ChartMogulProcessingSensor(
        task_id="ready", data_source_uuid=data_source.output, deferrable=True, poke_interval=60, timeout=6 * 3600
    )

    plans >> backfill >> ready
