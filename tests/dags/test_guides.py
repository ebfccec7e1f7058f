"""The DAGs of the guides run as they are written, and between them show every core operation of the API."""

from __future__ import annotations

import re
import runpy
from typing import TYPE_CHECKING

import pytest

from tests.conftest import DAGS_OF_TESTS, REPOSITORY
from tests.contract import specification
from tests.contract.account import Account
from tests.dags.running import run_dag

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[[str], None]
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

GUIDES = sorted((REPOSITORY / "docs" / "guides").glob("*.md"))

# what a person would type into the form of "Trigger DAG"
PARAMS: dict[str, Callable[[Account], str]] = {
    "data_source_uuid": lambda account: account.source,
    "customer_uuid": lambda account: account.paying,
    "customer_email": lambda account: "ida@firm.example",
    "plan_uuid": lambda account: account.plan,
}


def _snippets() -> dict[str, str]:
    """Return the DAGs of all guides by their ids."""
    found = {}
    for guide in GUIDES:
        for block in re.findall(r"^```python\n(.*?)^```$", guide.read_text(), re.DOTALL | re.MULTILINE):
            (dag_id,) = re.findall(r'dag_id="(\w+)"', block)
            assert dag_id not in found
            found[dag_id] = block
    return found


SNIPPETS = _snippets()

SHOWN: dict[str, set[str]] = {}
"""The operations that each DAG called, of those that ran."""


@pytest.fixture
def run(
    emulator: Emulator,
    client: ChartMogulClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    airflow_db: str,
    chartmogul_conn: str,
    duckdb_conn: str,
) -> Run:
    """Runs the DAG of an id on a small account, and notes in :data:`SHOWN` what it called."""

    monkeypatch.setenv("AIRFLOW_VAR_CHARTMOGUL_FOLDER", str(tmp_path))

    def run_it(dag_id: str) -> None:
        emulator.reset()
        account = Account(emulator, client)
        account.bill(account.paying, "inv-5")
        file = DAGS_OF_TESTS / f"{dag_id}.py"
        file.write_text(SNIPPETS[dag_id])
        dag = runpy.run_path(str(file))["dag"]
        before = emulator.stats()["requests_by_operation"]
        run_dag(dag, {name: PARAMS[name](account) for name in dag.params})
        after = emulator.stats()["requests_by_operation"]
        SHOWN[dag_id] = {specification.unnamed(name) for name, count in after.items() if count > before.get(name, 0)}

    return run_it


@pytest.mark.parametrize("dag_id", SNIPPETS)
def test_dag(dag_id: str, run: Run) -> None:
    run(dag_id)
    assert SHOWN[dag_id]


def test_every_core_operation_is_shown(run: Run) -> None:
    for dag_id in SNIPPETS.keys() - SHOWN.keys():
        run(dag_id)
    core = {name for name, operation in specification.operations().items() if operation.core}
    assert len(core) == 67
    assert core - set().union(*SHOWN.values()) == set()
