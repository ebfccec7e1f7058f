"""Give customers the tags and attributes that a table of the warehouse says, every night, by sending only what differs.

Needs: connections ``chartmogul_default`` and ``warehouse``; a pool ``chartmogul`` (``airflow pools set chartmogul 4
"ChartMogul API"``); Variables ``chartmogul_data_source``, the uuid of the data source whose ``external_id`` the table
holds, and ``chartmogul_enrichment_folder``, for two files that say what was done and what was not. The table:

    CREATE TABLE customer_facts (
        external_id VARCHAR, seats INTEGER, health_score DECIMAL(5, 2), last_seen_at TIMESTAMP, segment VARCHAR,
        at_risk BOOLEAN
    )

Set ``check_only=True`` for a first run that only says what it would do.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_chartmogul.operators.enrichment_by_difference import ChartMogulEnrichCustomersOperator

FACTS = """
SELECT external_id, seats, health_score, last_seen_at, 'segment:' || segment AS segment_tag, at_risk
FROM customer_facts
"""
FOLDER = "{{ var.value.chartmogul_enrichment_folder }}"

with DAG(
    dag_id="chartmogul_enrichment_by_difference",
    schedule=CronDataIntervalTimetable("0 3 * * *", timezone="UTC"),
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"pool": "chartmogul", "retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["chartmogul"],
) as dag:
    ChartMogulEnrichCustomersOperator(
        task_id="enrich",
        chartmogul_conn_id="chartmogul_default",
        rows=FACTS,
        sql_conn_id="warehouse",
        customer="external_id",
        data_source_uuid="{{ var.value.chartmogul_data_source }}",
        attributes={
            "seats": "Integer",
            "health_score": "Decimal",
            "last_seen": {"column": "last_seen_at", "type": "Timestamp"},
        },
        tags_column="segment_tag",
        tag_flags={"at risk": "at_risk"},
        # whoever moves to another segment loses the tag of the old one; tags that people set stay
        owned_tags=["segment:*", "at risk"],
        # what the warehouse does not know any more, ChartMogul should not show
        nulls="clear",
        # leads that are in the warehouse only
        ignore_missing=True,
        max_rejected=0.01,
        rejected_path=f"{FOLDER}/rejected.jsonl",
        result_path=f"{FOLDER}/done.jsonl",
    )
