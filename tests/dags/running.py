"""Run a DAG in this process, as a person would try it out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from demo import story

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import DAG

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def run_dag(
    dag: DAG, conf: dict[str, Any] | None = None, logical_date: datetime = NEW_YEAR, retries: int = 0
) -> dict[str, Any]:
    """Run a DAG, expect every task to succeed, and return what the tasks returned."""
    run = story.run_dag(dag, conf or {}, logical_date, retries)
    states = {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
    assert set(states.values()) == {"success"}, states
    assert set(states) == set(dag.task_ids)
    return {ti.task_id: ti.xcom_pull(task_ids=ti.task_id) for ti in run.get_task_instances() if ti.map_index < 0}
