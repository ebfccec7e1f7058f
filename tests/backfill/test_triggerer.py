"""The triggerer is killed and started again while an import waits in it."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.backfill.billing_history import BillingHistory
from tests.backfill.dag_files import wait_until, write_dag, write_records
from tests.backfill.dag_process import kill, running, running_dag
from tests.backfill.holdings import assert_holds_exactly
from tests.backfill.runs import LOOK, calls, lines, sent

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

# a triggerer that has not been heard of for so long counts as dead, and another takes over
PATIENCE = {
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "3",
}


def triggerer(log: Path) -> AbstractContextManager[Any]:
    command = [str(Path(sys.executable).with_name("airflow")), "triggerer", "--skip-serve-logs"]
    return running(*command, log=log, environment=PATIENCE)


def state_of_the_task(home: str, dag_id: str) -> str | None:
    with closing(sqlite3.connect(f"file:{home}/airflow.db?mode=ro", uri=True, timeout=30)) as database:
        row = database.execute("SELECT state FROM task_instance WHERE dag_id = ?", (dag_id,)).fetchone()
    return row and str(row[0])


def test_a_triggerer_that_is_killed_while_an_import_waits_in_it(
    emulator: Emulator,
    client: ChartMogulClient,
    data_source: str,
    chartmogul_conn: str,
    airflow_db: str,
    tmp_path: Path,
) -> None:
    records = BillingHistory(customers=12, months=6).as_records()
    account = tmp_path / "account.jsonl"
    dag = write_dag(
        "waiting",
        **write_records(tmp_path, records),
        data_source_uuid=data_source,
        customers_per_request=1,
        deferrable=True,
        result_path=str(account),
    )
    logs = {name: tmp_path / f"{name}.log" for name in ("dag", "first", "second")}
    with running_dag(dag, "triggerer", log=logs["dag"]) as run:
        wait_until(lambda: state_of_the_task(airflow_db, "waiting") == "deferred" or run.poll() is not None)
        assert sent(emulator) == 13, logs["dag"].read_text()
        # as long as this lasts, the wait does not end
        emulator.set_faults([{"kind": "503", "method": "GET", "path": "/json_imports/"}])
        looks = calls(emulator, LOOK)
        with triggerer(logs["first"]) as first:
            wait_until(lambda: calls(emulator, LOOK) > looks or first.poll() is not None)
            kill(first)
        looks = calls(emulator, LOOK)
        assert state_of_the_task(airflow_db, "waiting") == "deferred"
        with triggerer(logs["second"]) as second:
            wait_until(lambda: calls(emulator, LOOK) > looks or second.poll() is not None)
            assert second.poll() is None, logs["second"].read_text()
            emulator.set_faults([])
            assert run.wait(120) == 0, logs["dag"].read_text()
    assert_holds_exactly(client, data_source, records)
    assert sent(emulator) == 13
    assert {line["state"] for line in lines(account)} == {"created"}
    assert len(lines(account)) == sum(map(len, records.values()))
