"""Go on with another billing system: the same customers, without false churn. By hand, as often as needed.

Needs: connection ``chartmogul_default``; a pool ``chartmogul`` (``airflow pools set chartmogul 4 "ChartMogul API"``);
the old system's data source, and a folder with the new system's ``customers.jsonl``, ``plans.jsonl``,
``invoices.jsonl`` and ``subscription_events.jsonl``. Before customers are merged, somebody has to approve it (Airflow
3.1 and later). What only people can decide is then in ``ambiguous_customers.jsonl`` and
``ambiguous_subscriptions.jsonl`` of the same folder.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import (
    DAG,
    AirflowOptionalProviderFeatureException,
    Param,
    chain,
    task,
)

from airflow_provider_chartmogul.billing_change import find_duplicates, find_false_churn
from airflow_provider_chartmogul.hooks.chartmogul import ChartMogulHook
from airflow_provider_chartmogul.operators.continuations import ChartMogulFindContinuedSubscriptionsOperator
from airflow_provider_chartmogul.operators.customers import ChartMogulMergeCustomersOperator
from airflow_provider_chartmogul.operators.data_sources import ChartMogulGetOrCreateDataSourceOperator
from airflow_provider_chartmogul.operators.duplicates import ChartMogulFindDuplicateCustomersOperator
from airflow_provider_chartmogul.operators.subscriptions import ChartMogulConnectSubscriptionsOperator
from airflow_provider_chartmogul.sensors.processing import ChartMogulProcessingSensor
from airflow_provider_chartmogul.streams.windows import Window
from airflow_provider_chartmogul.transfers.object_storage_to_chartmogul import ObjectStorageToChartMogulOperator

try:
    from airflow.providers.standard.operators.hitl import ApprovalOperator
except (ImportError, AirflowOptionalProviderFeatureException):
    # Airflow before 3.1 cannot ask people: there the customers are merged without
    ApprovalOperator = None

# or external_id, or custom. with the key of a custom attribute
SAME_CUSTOMER_BY = "email"
OLD = "{{ params.old_data_source }}"
FOLDER = "{{ params.folder }}"
STORAGE = {"path_conn_id": "{{ params.folder_conn_id or '' }}"}
WAIT = {"deferrable": True, "poke_interval": 60, "timeout": 6 * 3600}

with DAG(
    dag_id="chartmogul_billing_system_change",
    schedule=None,
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    max_active_runs=1,
    default_args={"pool": "chartmogul", "retries": 3, "retry_delay": timedelta(minutes=5)},
    params={
        "old_data_source": Param(type="string", pattern="^ds_", description="Data source of the old system"),
        "new_data_source": Param("New billing system", type="string", description="Name of the data source to fill"),
        "change_start": Param(type="string", format="date", description="Day on which the first customers moved"),
        "change_end": Param(type="string", format="date", description="Day after the last ones moved"),
        "folder": Param("/opt/airflow/billing", type="string", description="Folder or URL of the files"),
        "folder_conn_id": Param(None, type=["null", "string"], description="Connection of the object storage"),
    },
    tags=["chartmogul"],
) as dag:
    new = ChartMogulGetOrCreateDataSourceOperator(task_id="new_data_source", name="{{ params.new_data_source }}").output

    imported = ObjectStorageToChartMogulOperator(
        task_id="import_billing",
        data_source_uuid=new,
        customers=f"{FOLDER}/customers.jsonl",
        plans=f"{FOLDER}/plans.jsonl",
        invoices=f"{FOLDER}/invoices.jsonl",
        subscription_events=f"{FOLDER}/subscription_events.jsonl",
        rejected_path=f"{FOLDER}/rejected.jsonl",
        **STORAGE,
    )
    import_settled = ChartMogulProcessingSensor(task_id="import_settled", data_source_uuid=new, **WAIT)

    duplicates = ChartMogulFindDuplicateCustomersOperator(
        task_id="duplicates",
        from_data_source_uuid=new,
        into_data_source_uuid=OLD,
        by=SAME_CUSTOMER_BY,
        result_path=f"{FOLDER}/duplicate_customers.jsonl",
        ambiguous_path=f"{FOLDER}/ambiguous_customers.jsonl",
        **STORAGE,
    )

    # in a later run there may be nobody to merge, and nothing to ask; the rest is looked at all the same
    @task.short_circuit(ignore_downstream_trigger_rules=False)
    def anybody_to_merge(found: dict[str, Any]) -> bool:
        """Go on to the merge if there are pairs."""
        return bool(found["pairs"])

    approval = []
    if ApprovalOperator is not None:
        approve = ApprovalOperator(
            task_id="approve",
            subject="Merge {{ ti.xcom_pull('duplicates')['pairs'] }} customers into those of the old billing system?",
            body="The pairs are in {{ ti.xcom_pull('duplicates')['result_path'] }}. Not among them, since it is not "
            "clear who is who: {{ ti.xcom_pull('duplicates')['ambiguous'] }}, which are in "
            "{{ ti.xcom_pull('duplicates')['ambiguous_path'] }}.",
            # who says no ends the run
            ignore_downstream_trigger_rules=True,
        )
        approval = [approve]

    merge = ChartMogulMergeCustomersOperator(task_id="merge", records=f"{FOLDER}/duplicate_customers.jsonl", **STORAGE)

    @task.sensor(mode="reschedule", poke_interval=60, timeout=3600)
    def merged(new: str, old: str) -> bool:
        """Wait until ChartMogul has merged them in the background: then they are found no more."""
        return not find_duplicates(ChartMogulHook().get_conn(), new, old, SAME_CUSTOMER_BY).pairs

    merge_settled = ChartMogulProcessingSensor(
        task_id="merge_settled", data_source_uuid=new, trigger_rule="none_failed", **WAIT
    )

    continued = ChartMogulFindContinuedSubscriptionsOperator(
        task_id="continued",
        old_data_source_uuid=OLD,
        new_data_source_uuid=new,
        interval_start="{{ params.change_start }}",
        interval_end="{{ params.change_end }}",
        result_path=f"{FOLDER}/continued_subscriptions.jsonl",
        ambiguous_path=f"{FOLDER}/ambiguous_subscriptions.jsonl",
        **STORAGE,
    )
    connect = ChartMogulConnectSubscriptionsOperator(
        task_id="connect", records=f"{FOLDER}/continued_subscriptions.jsonl", **STORAGE
    )

    connections_settled = ChartMogulProcessingSensor(task_id="connections_settled", data_source_uuid=new, **WAIT)

    @task
    def no_false_churn(new: str, old: str, change_start: str, change_end: str) -> None:
        """Fail if a merged customer seems to have left in the change and to have come back; retried, as it may lag."""
        change = Window.of(change_start, change_end)
        left = find_false_churn(ChartMogulHook().get_conn(), old, new, change)
        if left:
            names = ", ".join(f"{one.external_id} ({one.customer_uuid})" for one in left[:20])
            raise RuntimeError(f"{len(left)} merged customers left and came back in the change: {names}")

    chain(
        imported,
        import_settled,
        duplicates,
        anybody_to_merge(duplicates.output),
        *approval,
        merge,
        merged(new, OLD),
        merge_settled,
        continued,
        connect,
        connections_settled,
        no_false_churn(new, OLD, "{{ params.change_start }}", "{{ params.change_end }}"),
    )
