"""DAGs that import files of billing records, written where Airflow finds them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tests.conftest import DAGS_OF_TESTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

HEAD = """
from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_chartmogul.transfers.object_storage_to_chartmogul import ObjectStorageToChartMogulOperator

with DAG(dag_id={name!r}, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=False) as dag:
    ObjectStorageToChartMogulOperator(task_id="import", **{arguments!r})
"""


def write_records(folder: Path, records: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, str]:
    """Write a file of JSON Lines for each kind, and return the arguments that name them."""
    for kind, those in records.items():
        text = "".join(f"{json.dumps(record)}\n" for record in those)
        (folder / f"{kind}.jsonl").write_text(text, encoding="utf-8")
    return {kind: str(folder / f"{kind}.jsonl") for kind in records}


def write_dag(name: str, **arguments: Any) -> Path:
    """Write a DAG with one task that imports files."""
    file = DAGS_OF_TESTS / f"{name}.py"
    file.write_text(HEAD.format(name=name, arguments=arguments))
    return file


def wait_until(happened: Callable[[], bool], seconds: float = 60) -> None:
    """Return as soon as something has happened.

    :raises AssertionError: it has not in a time that is long enough for any machine.
    """
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.01)
