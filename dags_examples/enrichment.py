"""Write back what the warehouse knows: tag the largest customers, and note when they were found.

Needs: connections ``chartmogul_default`` and ``warehouse``, filled by ``chartmogul_metrics_to_warehouse``; a pool
``chartmogul`` (``airflow pools set chartmogul 4 "ChartMogul API"``).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, BaseHook, Param, task
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_chartmogul.operators.enrichment import (
    ChartMogulAddCustomAttributesOperator,
    ChartMogulAddTagsOperator,
)

LARGEST = "SELECT uuid FROM chartmogul_customers WHERE status = 'Active' ORDER BY mrr DESC, uuid"

with DAG(
    dag_id="chartmogul_enrichment",
    schedule=CronDataIntervalTimetable("0 0 * * MON", timezone="UTC"),
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args={"pool": "chartmogul", "retries": 3, "retry_delay": timedelta(minutes=5)},
    params={"customers": Param(20, type="integer", minimum=1, description="How many of the largest customers")},
    render_template_as_native_obj=True,
    tags=["chartmogul"],
) as dag:

    @task
    def largest_customers(how_many: int) -> list[str]:
        """Return the uuids of the customers with the highest MRR."""
        rows = BaseHook.get_connection("warehouse").get_hook().get_records(LARGEST)
        return [uuid for (uuid,) in rows[:how_many]]

    uuids = largest_customers("{{ params.customers }}")

    ChartMogulAddTagsOperator.partial(task_id="tag", chartmogul_conn_id="chartmogul_default", tags=["largest"]).expand(
        customer_uuid=uuids
    )

    ChartMogulAddCustomAttributesOperator.partial(
        task_id="note",
        chartmogul_conn_id="chartmogul_default",
        custom_attributes=[
            {"type": "Timestamp", "key": "among_largest_on", "value": "{{ data_interval_end.strftime('%Y-%m-%d') }}"}
        ],
    ).expand(customer_uuid=uuids)
