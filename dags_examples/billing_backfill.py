"""Send years of billing history into ChartMogul, by hand, as often as needed: what is there is not sent twice.

Needs: connection ``chartmogul_default``; a pool ``chartmogul`` (``airflow pools set chartmogul 4 "ChartMogul API"``).
The folder holds ``customers.jsonl``, ``plans.jsonl``, ``invoices.jsonl`` and ``subscription_events.jsonl``, one record
in each line. It may be on object storage; then name its connection.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_chartmogul.operators.data_sources import ChartMogulGetOrCreateDataSourceOperator
from airflow_provider_chartmogul.operators.imports import ChartMogulBulkImportOperator
from airflow_provider_chartmogul.sensors.processing import ChartMogulProcessingSensor

with DAG(
    dag_id="chartmogul_billing_backfill",
    schedule=None,
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    # two imports of the same customers must not be under way at once
    max_active_runs=1,
    default_args={
        "chartmogul_conn_id": "chartmogul_default",
        "pool": "chartmogul",
        "retries": 3,
        "retry_delay": timedelta(minutes=1),
    },
    params={
        "data_source": Param("Billing system", type="string", description="Name of the data source to fill"),
        "folder": Param("/opt/airflow/billing", type="string", description="Folder or URL of the files"),
        "folder_conn_id": Param(None, type=["null", "string"], description="Connection of the object storage"),
    },
    tags=["chartmogul"],
) as dag:
    data_source = ChartMogulGetOrCreateDataSourceOperator(task_id="data_source", name="{{ params.data_source }}")

    import_billing = ChartMogulBulkImportOperator(
        task_id="import_billing",
        data_source_uuid=data_source.output,
        customers="{{ params.folder }}/customers.jsonl",
        plans="{{ params.folder }}/plans.jsonl",
        invoices="{{ params.folder }}/invoices.jsonl",
        subscription_events="{{ params.folder }}/subscription_events.jsonl",
        path_conn_id="{{ params.folder_conn_id or '' }}",
        rejected_path="{{ params.folder }}/rejected.jsonl",
        timeout=6 * 3600,
    )

    # records are stored when the import ends, but metrics are computed after that: they must have come to rest
    processed = ChartMogulProcessingSensor(
        task_id="processed",
        data_source_uuid=data_source.output,
        deferrable=True,
        poke_interval=60,
        timeout=6 * 3600,
    )

    import_billing >> processed
