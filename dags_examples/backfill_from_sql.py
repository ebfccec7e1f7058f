"""Send years of billing history from a database into ChartMogul, by hand, as often as needed: nothing is sent twice.

Needs: connections ``chartmogul_default`` and ``billing`` (any database with an SQLAlchemy dialect); a pool
``chartmogul`` (``airflow pools set chartmogul 4 "ChartMogul API"``); beside this file ``billing_mappings.json``, which
says how the fields of ChartMogul are made of the columns of the queries; Variable ``chartmogul_backfill_folder`` for
the account of every record, for example ``s3://bucket/backfill``.

Trigger it with ``check_only`` first: it reads and checks all records, writes down what is wrong, and sends nothing.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_chartmogul.operators.data_sources import ChartMogulGetOrCreateDataSourceOperator
from airflow_provider_chartmogul.sensors.processing import ChartMogulProcessingSensor
from airflow_provider_chartmogul.transfers.sql_to_chartmogul import SqlToChartMogulOperator

FOLDER = "{{ var.value.chartmogul_backfill_folder }}/{{ run_id | replace(':', '-') }}"
# not of invoices that are there: lines and payments without an invoice are to be found out
LATER = "SELECT invoice_no FROM invoices WHERE issued_at >= '{{ params.until }}'"

with DAG(
    dag_id="chartmogul_backfill_from_sql",
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
        "until": Param("2026-01-01", type="string", format="date", description="Day after the last invoice to send"),
        "check_only": Param(False, type="boolean", description="Check everything and send nothing"),
        "scope": Param("", type="string", description="Another one sends what was deleted in ChartMogul once more"),
    },
    tags=["chartmogul"],
) as dag:
    data_source = ChartMogulGetOrCreateDataSourceOperator(task_id="data_source", name="{{ params.data_source }}")

    backfill = SqlToChartMogulOperator(
        task_id="backfill",
        data_source_uuid=data_source.output,
        sql_conn_id="billing",
        plans="SELECT * FROM plans",
        customers="SELECT * FROM accounts",
        invoices="SELECT * FROM invoices WHERE issued_at < '{{ params.until }}'",
        line_items=f"SELECT * FROM invoice_lines WHERE invoice_no NOT IN ({LATER})",  # noqa: S608 - no input
        transactions=f"SELECT * FROM payments WHERE invoice_no NOT IN ({LATER})",  # noqa: S608
        subscription_events="SELECT * FROM cancellations WHERE requested_at < '{{ params.until }}'",
        mappings=json.loads(Path(__file__).with_name("billing_mappings.json").read_text()),
        check_only="{{ params.check_only }}",
        scope="{{ params.scope }}",
        # a few bad records do not hold the others back: they are written down, to be corrected and replayed
        max_rejected=0.01,
        rejected_path=f"{FOLDER}/rejected.jsonl",
        result_path=f"{FOLDER}/result.parquet",
        deferrable=True,
    )

    # records are stored when the import ends, but metrics are computed after that
    ready = ChartMogulProcessingSensor(
        task_id="ready", data_source_uuid=data_source.output, deferrable=True, poke_interval=60, timeout=6 * 3600
    )

    backfill >> ready
