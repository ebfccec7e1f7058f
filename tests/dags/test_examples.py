"""Each example DAG, run as it is against a local ChartMogul and a DuckDB file."""

from __future__ import annotations

import json
import runpy
import zipfile
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq
import pytest

from airflow_provider_chartmogul.imports import Pace, import_billing
from demo.billing import generate
from tests.conftest import REPOSITORY
from tests.dags.running import NEW_YEAR, run_dag

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient

DAGS = REPOSITORY / "dags_examples"
YEAR = {"interval_start": "2025-01-01", "interval_end": "2026-01-01"}


@pytest.fixture(autouse=True)
def deployment(airflow_db: str, chartmogul_conn: str, duckdb_conn: str) -> None:
    """What the examples say they need."""
    from airflow.models.pool import Pool

    Pool.create_or_update_pool("chartmogul", slots=4, description="", include_deferred=False)


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


@pytest.fixture
def billing_folder(tmp_path: Path) -> str:
    folder = tmp_path / "billing"
    generate(customers=25).write(folder)
    return str(folder)


@pytest.fixture
def billed(client: ChartMogulClient) -> None:
    """Import a small year of billing, without the DAG that is for that: it has its own test."""
    made = generate(customers=25)
    source = client.data_sources.create(name="Billing system")["uuid"]
    import_billing(client, source, asdict(made), pace=Pace(poll_interval=0.05)).raise_for_failures()


def run(name: str, conf: dict[str, Any] | None = None, logical_date: datetime = NEW_YEAR) -> dict[str, Any]:
    """Run an example, expect every task to succeed, and return what the tasks returned."""
    return run_dag(runpy.run_path(str(DAGS / f"{name}.py"))["dag"], conf, logical_date)


def rows(warehouse: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(warehouse), read_only=True) as database:
        return database.execute(query).fetchall()


def test_each_example_is_tested_here() -> None:
    tested = {"billing_backfill", "metrics_to_warehouse", "account_to_lake", "activities_export", "enrichment"}
    # in a module of its own
    tested |= {"enrichment_by_difference", "billing_system_change"}
    # tests/backfill/test_examples.py
    tested |= {"backfill_from_sql", "backfill_from_files", "replay_rejected", "reconcile_and_fix"}
    assert {path.stem for path in DAGS.glob("*.py")} == tested


@pytest.mark.parametrize("path", sorted(DAGS.glob("*.py")), ids=lambda path: path.stem)
def test_examples_can_be_copied(path: Path) -> None:
    text = path.read_text()
    for word in ("emulator", "127.0.0.1", "localhost", "demo"):
        assert word not in text


def test_billing_backfill(client: ChartMogulClient, billing_folder: str) -> None:
    made = generate(customers=25)
    result = run("billing_backfill", {"folder": billing_folder})["import_billing"]
    assert result["records"]["customers"]["created"] == 25
    assert sorted(i["external_id"] for i in client.invoices.list()) == sorted(i["external_id"] for i in made.invoices)
    again = run("billing_backfill", {"folder": billing_folder}, datetime(2026, 1, 2, tzinfo=UTC))["import_billing"]
    assert again["sent"] == 0
    assert again["records"]["invoices"]["already_there"] == len(made.invoices)


@pytest.mark.usefixtures("billed")
def test_metrics_to_warehouse(client: ChartMogulClient, warehouse: Path) -> None:
    run("metrics_to_warehouse", YEAR)
    period = {"start_date": date(2025, 1, 1), "end_date": date(2025, 12, 31)}
    for table, interval in (("chartmogul_metrics_mrr", "day"), ("chartmogul_mrr_by_month", "month")):
        found = rows(warehouse, f"SELECT date, mrr, mrr_churn FROM {table} WHERE date >= '2025-01-01' ORDER BY date")
        entries = client.metrics.mrr(**period, interval=interval)["entries"]
        assert found == [(date.fromisoformat(e["date"]), e["mrr"], e["mrr-churn"]) for e in entries]
    figures = client.metrics.all(**period, interval="month")["entries"]
    found = rows(
        warehouse, "SELECT customers, arpa FROM chartmogul_metrics_all WHERE date >= '2025-01-01' ORDER BY date"
    )
    assert found == [(e["customers"], e["arpa"]) for e in figures]
    assert figures[-1]["mrr"] > 0
    customers = {c["uuid"]: c["mrr"] for c in client.customers.list()}
    assert dict(rows(warehouse, "SELECT uuid, mrr FROM chartmogul_customers")) == customers
    invoices = {i["uuid"] for i in client.invoices.list()}
    assert {uuid for (uuid,) in rows(warehouse, "SELECT uuid FROM chartmogul_invoices")} == invoices
    moves = sorted(a["activity-mrr-movement"] for a in client.activities.list(**period))
    assert sorted(m for (m,) in rows(warehouse, "SELECT activity_mrr_movement FROM chartmogul_activities")) == moves
    subscriptions = {s["external_id"] for uuid in customers for s in client.subscriptions.list(customer_uuid=uuid)}
    assert {e for (e,) in rows(warehouse, "SELECT external_id FROM chartmogul_subscriptions")} == subscriptions
    before = rows(warehouse, "SELECT * FROM chartmogul_mrr_by_month ORDER BY date")
    run("metrics_to_warehouse", YEAR, datetime(2026, 1, 2, tzinfo=UTC))
    assert rows(warehouse, "SELECT * FROM chartmogul_mrr_by_month ORDER BY date") == before


@pytest.mark.usefixtures("billed")
def test_metrics_to_warehouse_takes_the_interval_of_the_run(client: ChartMogulClient, warehouse: Path) -> None:
    run("metrics_to_warehouse", logical_date=datetime(2025, 11, 16, tzinfo=UTC))
    ((first, last),) = rows(warehouse, "SELECT min(date), max(date) FROM chartmogul_metrics_mrr")
    assert (first, last) == (date(2025, 10, 11), date(2025, 11, 15))


@pytest.mark.usefixtures("billed")
def test_account_to_lake(client: ChartMogulClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_CHARTMOGUL_LAKE", f"file://{tmp_path}/lake")
    run("account_to_lake")
    lake = {
        str(path.relative_to(tmp_path / "lake")): pq.read_table(path).to_pylist()
        for path in (tmp_path / "lake").rglob("*.parquet")
    }
    assert len(lake["customers/customers.parquet"]) == 25
    assert len(lake["invoices/invoices.parquet"]) == len(list(client.invoices.list()))
    months = {f"activities/month=2025-{month}.parquet": month for month in (11, 12)}
    assert {name for name in lake if name.startswith("activities/")} == set(months)
    for name, month in months.items():
        period = {"start_date": date(2025, month, 1), "end_date": date(2025, month, 30 if month == 11 else 31)}
        assert len(lake[name]) == len(list(client.activities.list(**period)))
    mrr = client.metrics.mrr(start_date=date(2023, 1, 1), end_date=date(2025, 12, 31), interval="day")["entries"]
    assert [row["mrr"] for row in lake["metrics_mrr/interval-day/metrics_mrr.parquet"]] == [
        entry["mrr"] for entry in mrr
    ]


@pytest.mark.usefixtures("billed")
def test_activities_export(client: ChartMogulClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_CHARTMOGUL_EXPORT_FOLDER", str(tmp_path / "exports"))
    run("activities_export")
    with zipfile.ZipFile(tmp_path / "exports" / "activities-2025-12.zip") as archive:
        (name,) = archive.namelist()
        lines = archive.read(name).decode().splitlines()
    expected = list(client.activities.list(start_date=date(2025, 12, 1), end_date=date(2025, 12, 31)))
    assert len(lines) - 1 == len(expected) > 0


@pytest.mark.usefixtures("billed")
def test_enrichment(client: ChartMogulClient, warehouse: Path) -> None:
    run("metrics_to_warehouse", YEAR)
    run("enrichment", {"customers": 3})
    customers = sorted(client.customers.list(), key=lambda c: (-c["mrr"], c["uuid"]))
    active = [c for c in customers if c["status"] == "Active"]
    tagged = {c["uuid"] for c in customers if c["attributes"]["tags"] == ["largest"]}
    assert tagged == {c["uuid"] for c in active[:3]}
    assert len(tagged) == 3
    noted = {c["uuid"]: c["attributes"]["custom"]["among_largest_on"] for c in active[:3]}
    assert json.dumps(sorted(noted)) == json.dumps(sorted(tagged))
    assert {value[:10] for value in noted.values()} == {"2025-12-29"}
