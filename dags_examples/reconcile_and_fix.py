"""Hold ChartMogul against the billing database, mend what differs, and see that nothing differs any more.

Needs: connections ``chartmogul_default`` and ``billing`` (any database with an SQLAlchemy dialect); a pool
``chartmogul`` (``airflow pools set chartmogul 4 "ChartMogul API"``); beside this file ``billing_mappings.json``, which
says how the fields of ChartMogul are made of the columns of the queries; Variable ``chartmogul_backfill_folder`` for
the table of differences and the plans that mend them, for example ``s3://bucket/backfill``.

Invoices that are missing are imported, different ones give way to those of the database, or only get their terms.
Invoices that only ChartMogul has are deleted if the run is triggered with ``delete_extra``; otherwise they stay, and
the last task tells of them. It tells as well of what no plan holds, since to mend it might destroy what only ChartMogul
has: the column ``message`` of the differences says why.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_chartmogul.operators.data_sources import ChartMogulGetOrCreateDataSourceOperator
from airflow_provider_chartmogul.operators.imports import ChartMogulBulkImportOperator
from airflow_provider_chartmogul.operators.invoices import (
    ChartMogulDeleteInvoicesOperator,
    ChartMogulImportInvoicesOperator,
)
from airflow_provider_chartmogul.operators.reconcile import ChartMogulReconcileOperator
from airflow_provider_chartmogul.sensors.processing import ChartMogulProcessingSensor

FOLDER = "{{ var.value.chartmogul_backfill_folder }}/{{ run_id | replace(':', '-') }}"
MAPPINGS = json.loads(Path(__file__).with_name("billing_mappings.json").read_text())

with DAG(
    dag_id="chartmogul_reconcile_and_fix",
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
        "data_source": Param("Billing system", type="string", description="Name of the data source"),
        "delete_extra": Param(False, type="boolean", description="Delete invoices that the database does not have"),
    },
    tags=["chartmogul"],
) as dag:
    data_source = ChartMogulGetOrCreateDataSourceOperator(task_id="data_source", name="{{ params.data_source }}")

    billing = {
        "data_source_uuid": data_source.output,
        "sql_conn_id": "billing",
        "plans": "SELECT * FROM plans",
        "customers": "SELECT * FROM accounts",
        "invoices": "SELECT * FROM invoices",
        "line_items": "SELECT * FROM invoice_lines",
        "transactions": "SELECT * FROM payments",
        "subscription_events": "SELECT * FROM cancellations",
        "mappings": MAPPINGS,
    }

    compare = ChartMogulReconcileOperator(
        task_id="compare",
        differences_path=f"{FOLDER}/differences.parquet",
        fix_path=f"{FOLDER}/fix.jsonl",
        update_path=f"{FOLDER}/update.jsonl",
        extra_path=f"{FOLDER}/extra.jsonl",
        **billing,
    )

    fix = ChartMogulBulkImportOperator(
        task_id="fix",
        data_source_uuid=data_source.output,
        records=f"{FOLDER}/fix.jsonl",
        rejected_path=f"{FOLDER}/rejected.jsonl",
        deferrable=True,
    )

    update = ChartMogulImportInvoicesOperator(
        task_id="update",
        records=f"{FOLDER}/update.jsonl",
        if_exists="update",
        rejected_path=f"{FOLDER}/not_updated.jsonl",
    )

    @task.short_circuit(ignore_downstream_trigger_rules=False)
    def may_delete(params: dict[str, bool]) -> bool:
        """Tell whether whoever triggered the run wants extra invoices to be deleted."""
        return params["delete_extra"]

    delete = ChartMogulDeleteInvoicesOperator(task_id="delete", records=f"{FOLDER}/extra.jsonl")

    ready = ChartMogulProcessingSensor(
        task_id="ready",
        data_source_uuid=data_source.output,
        deferrable=True,
        poke_interval=60,
        timeout=6 * 3600,
        trigger_rule="none_failed",
    )

    compare_again = ChartMogulReconcileOperator(
        task_id="compare_again",
        differences_path=f"{FOLDER}/left.parquet",
        fail_on_difference=True,
        retries=0,
        **billing,
    )

    compare >> fix >> update >> may_delete() >> delete >> ready >> compare_again
