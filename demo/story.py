"""The Airflow side of the demo: run the example DAGs, then show the warehouse and compare it with the API."""

from __future__ import annotations

import json
import os
import runpy
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from inspect import signature
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow.providers.common.compat.sdk import DAG

REPOSITORY: Final = Path(__file__).resolve().parents[1]
DAGS: Final = REPOSITORY / "dags_examples"


def main(folder: Path, base_url: str, api_key: str, year: int) -> int:
    """Return 0 if all DAGs succeeded and the warehouse holds what the API says."""
    warehouse = folder / "warehouse.duckdb"
    report = _silence(folder / "airflow.log")
    _configure(folder, warehouse, base_url, api_key)
    with _step(report, "Airflow's throw-away database"):
        _create_database()
    range_ = {"interval_start": f"{year}-01-01", "interval_end": f"{year + 1}-01-01"}
    end = datetime(year + 1, 1, 1, tzinfo=UTC)
    for name, conf in (
        ("billing_backfill", {"folder": str(folder / "billing")}),
        ("metrics_to_warehouse", range_),
        ("activities_export", {}),
        ("enrichment", {"customers": 5}),
    ):
        with _step(report, f"DAG {name}"):
            run = run_dag(_load(DAGS / f"{name}.py"), conf, end)
        if run.state != "success":
            print(f"DAG {name} is {run.state}: see {folder / 'airflow.log'}", file=report)
            return 1
    from demo.warehouse import compare, monthly_table

    print(f"\n{monthly_table(warehouse, year)}\n", file=report)
    with _step(report, "Comparison with the API"):
        differences = compare(warehouse, base_url, api_key, year)
    for difference in differences:
        print(f"DIFFERENT: {difference}", file=report)
    if not differences:
        print("The warehouse holds what the API says.", file=report)
    print(f"Warehouse: {warehouse}\nMovements as exported: {folder / 'exports'}", file=report)
    return 1 if differences else 0


def run_dag(dag: DAG, conf: Mapping[str, Any], logical_date: datetime, retries: int = 0) -> Any:
    """Run a DAG once, in this process, and return the run as Airflow keeps it.

    :param retries: of each task; without, a failure shows at once.
    """
    from airflow_provider_chartmogul.sensors.processing import ChartMogulProcessingSensor

    for task in dag.tasks:
        task.retries = retries
        if isinstance(task, ChartMogulProcessingSensor):
            # minutes of quiet are for ChartMogul; the emulator's metrics are there at once
            task.settle_seconds = task.poke_interval = 1
    # Airflow 2 calls the logical date by its old name
    named = "logical_date" if "logical_date" in signature(dag.test).parameters else "execution_date"
    arguments: dict[str, Any] = {named: logical_date, "run_conf": dict(conf)}
    return dag.test(**arguments)


def _load(path: Path) -> DAG:
    dag: DAG = runpy.run_path(str(path))["dag"]
    return dag


def _configure(folder: Path, warehouse: Path, base_url: str, api_key: str) -> None:
    home = folder / "airflow"
    home.mkdir(parents=True)
    os.environ.update(
        AIRFLOW_HOME=str(home),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__DAGS_FOLDER=str(DAGS),
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home}/airflow.db",
        AIRFLOW_CONN_CHARTMOGUL_DEFAULT=json.dumps({"conn_type": "chartmogul", "password": api_key, "host": base_url}),
        AIRFLOW_CONN_WAREHOUSE=json.dumps({"conn_type": "duckdb", "host": str(warehouse)}),
        AIRFLOW_VAR_CHARTMOGUL_EXPORT_FOLDER=str(folder / "exports"),
    )


def _create_database() -> None:
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb

    initdb()
    Pool.create_or_update_pool("chartmogul", slots=4, description="ChartMogul API", include_deferred=False)


def _silence(log: Path) -> IO[str]:
    """Send all that Airflow and its libraries print into a file; return what still goes to the terminal."""
    report = os.fdopen(os.dup(1), "w", buffering=1)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    return report


@contextmanager
def _step(report: IO[str], name: str) -> Iterator[None]:
    began = time.monotonic()
    report.write(f"{name} … ")
    report.flush()
    try:
        yield
    except BaseException:
        report.write("failed\n")
        raise
    report.write(f"{time.monotonic() - began:.1f} s\n")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
