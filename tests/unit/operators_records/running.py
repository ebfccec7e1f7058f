"""Run a task of a class."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.operators.records import ChartMogulRecordsOperator


def run(operator: type[ChartMogulRecordsOperator], **arguments: Any) -> dict[str, Any]:
    """Return the result of a task with these arguments."""
    return operator(task_id="task", **arguments).execute({})


def counts(result: dict[str, Any]) -> dict[str, int]:
    """Return the counts that are not zero."""
    return {name: count for name, count in result.items() if name != "uuids" and count}


def lines(path: Path) -> list[dict[str, Any]]:
    """Read JSON Lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]
