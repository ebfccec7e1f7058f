"""The example that gives customers what a table of the warehouse says, run as it is."""

from __future__ import annotations

import json
import runpy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.conftest import REPOSITORY
from tests.dags.running import run_dag

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

EXAMPLE = REPOSITORY / "dags_examples" / "enrichment_by_difference.py"

FACTS = [
    ("a", 12, "87.50", "2026-01-05 09:30:00", "smb", True),
    ("b", 3, None, None, "enterprise", False),
    ("c", None, "10.25", None, None, None),
    ("only in the warehouse", 1, None, None, "smb", False),
]


@pytest.fixture(autouse=True)
def deployment(airflow_db: str, chartmogul_conn: str, duckdb_conn: str) -> None:
    """What the example says it needs, beyond its table and Variables."""
    from airflow.models.pool import Pool

    Pool.create_or_update_pool("chartmogul", slots=4, description="", include_deferred=False)


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """The table of the example, made as its docstring says."""
    example = EXAMPLE.read_text()
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute(example[example.index("CREATE TABLE") : example.index("Set ``check_only")])
        database.executemany("INSERT INTO customer_facts VALUES (?, ?, ?, ?, ?, ?)", FACTS)
    return path


@pytest.fixture
def folder(client: ChartMogulClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Customers ``a`` to ``c``, one of them tagged by hand and by an earlier run; where the files go."""
    source = client.data_sources.create(name="Billing system")["uuid"]
    uuids = [client.customers.create(data_source_uuid=source, external_id=name)["uuid"] for name in "abc"]
    client.tags.add(uuids[0], ["key account", "segment:enterprise"])
    client.custom_attributes.add(uuids[2], [{"type": "Integer", "key": "seats", "value": 7}])
    monkeypatch.setenv("AIRFLOW_VAR_CHARTMOGUL_DATA_SOURCE", source)
    monkeypatch.setenv("AIRFLOW_VAR_CHARTMOGUL_ENRICHMENT_FOLDER", str(tmp_path / "enrichment"))
    return tmp_path / "enrichment"


def run(day: int) -> dict[str, Any]:
    logical_date = datetime(2026, 1, day, 3, tzinfo=UTC)
    return dict(run_dag(runpy.run_path(str(EXAMPLE))["dag"], logical_date=logical_date)["enrich"])


def writes(emulator: Emulator) -> int:
    return sum(n for name, n in emulator.stats()["requests_by_operation"].items() if not name.startswith("GET"))


def test_it_sends_what_differs_and_nothing_the_next_night(
    client: ChartMogulClient, emulator: Emulator, warehouse: Path, folder: Path
) -> None:
    result = run(6)
    assert {name: result[name] for name in ("rows", "customers", "changed", "not_found", "rejected")} == {
        "rows": 4,
        "customers": 3,
        "changed": 3,
        "not_found": 1,
        "rejected": 0,
    }
    found = {one["external_id"]: one["attributes"] for one in client.customers.list()}
    assert {name: attributes["custom"] for name, attributes in found.items()} == {
        "a": {"seats": 12, "health_score": 87.5, "last_seen": "2026-01-05T09:30:00.000Z"},
        "b": {"seats": 3},
        "c": {"health_score": 10.25},
    }
    assert {name: sorted(attributes["tags"]) for name, attributes in found.items()} == {
        "a": ["at risk", "key account", "segment:smb"],
        "b": ["segment:enterprise"],
        "c": [],
    }
    states = [json.loads(line)["state"] for line in (folder / "done.jsonl").read_text().splitlines()]
    assert states == ["changed", "changed", "changed", "not_found"]
    assert (folder / "rejected.jsonl").read_text() == ""
    before = writes(emulator)
    assert run(7)["writes"] == 0
    assert writes(emulator) == before
