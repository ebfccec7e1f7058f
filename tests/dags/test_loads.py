"""Loads as scheduled tasks: after history was restated, after a failed try, mapped over streams, with asset events."""

from __future__ import annotations

import importlib.util
import runpy
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq
import pytest

from airflow_provider_chartmogul.imports import Pace, import_billing
from airflow_provider_chartmogul.transfers.sync_account import EVERYTHING
from demo.billing import generate
from tests.billing import import_customers
from tests.conftest import DAGS_OF_TESTS
from tests.dags.running import run_dag

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

# Airflow keeps state of tasks since 3.3
KEEPS_STATE = importlib.util.find_spec("airflow.state") is not None


@pytest.fixture(autouse=True)
def deployment(airflow_db: str, chartmogul_conn: str, duckdb_conn: str) -> None:
    """A metadata database, and connections to ChartMogul and to a warehouse."""


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


@pytest.fixture
def billed(client: ChartMogulClient) -> None:
    made = generate(customers=25)
    source = client.data_sources.create(name="Billing system")["uuid"]
    import_billing(client, source, asdict(made), pace=Pace(poll_interval=0.05)).raise_for_failures()


def written(name: str, body: str) -> Any:
    """Write a DAG where Airflow finds it, and return it."""
    file = DAGS_OF_TESTS / f"{name}.py"
    file.write_text(HEAD.format(name=name) + body)
    return runpy.run_path(str(file))["dag"]


HEAD = """
from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG, Asset
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_chartmogul.transfers.chartmogul_to_object_storage import ChartMogulToObjectStorageOperator
from airflow_provider_chartmogul.transfers.chartmogul_to_sql import ChartMogulToSqlOperator
from airflow_provider_chartmogul.transfers.sync_account import sync_account

dag = DAG(
    dag_id="{name}",
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args={{"sql_conn_id": "warehouse"}},
)
"""


def rows(warehouse: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(warehouse), read_only=True) as database:
        return database.execute(query).fetchall()


def as_the_api_says(client: ChartMogulClient, first: date, last: date) -> tuple[list[Any], list[Any]]:
    """Return the MRR of each day with its movements, and the activities, of some days."""
    entries = client.metrics.mrr(start_date=first, end_date=last, interval="day")["entries"]
    activities = client.activities.list(start_date=first, end_date=last)
    return (
        [(date.fromisoformat(e["date"]), e["mrr"], e["mrr-new-business"], e["mrr-churn"]) for e in entries],
        sorted((a["uuid"], a["activity-mrr-movement"], a["activity-mrr"]) for a in activities),
    )


@pytest.mark.usefixtures("billed")
def test_the_next_run_is_right_again_after_history_was_restated(client: ChartMogulClient, warehouse: Path) -> None:
    dag = written(
        "restated",
        """
with dag:
    for stream, interval in (("metrics_mrr", "day"), ("activities", None)):
        ChartMogulToSqlOperator(task_id=stream, stream=stream, interval=interval, lookback_days=60)
""",
    )
    first, last = date(2025, 9, 17), date(2025, 11, 15)

    def loaded() -> tuple[list[Any], list[Any]]:
        days = f"BETWEEN '{first}' AND '{last}'"
        return (
            rows(
                warehouse,
                "SELECT date, mrr, mrr_new_business, mrr_churn FROM chartmogul_metrics_mrr "
                f"WHERE date {days} ORDER BY date",
            ),
            sorted(
                rows(
                    warehouse,
                    "SELECT uuid, activity_mrr_movement, activity_mrr FROM chartmogul_activities "
                    f"WHERE CAST(date AS DATE) {days}",
                )
            ),
        )

    run_dag(dag, logical_date=datetime(2025, 11, 16, tzinfo=UTC))
    before = loaded()
    assert before == as_the_api_says(client, first, last)

    # the invoice with which somebody became a customer, weeks ago
    beginner = client.activities.list(start_date=first, end_date=last, type="new_biz").first()["customer-uuid"]
    old = min(client.invoices.list(customer_uuid=beginner), key=lambda invoice: invoice["date"])
    client.invoices.delete(old["uuid"])
    assert as_the_api_says(client, first, last) != before
    run_dag(dag, logical_date=datetime(2025, 11, 17, tzinfo=UTC))

    assert loaded() == as_the_api_says(client, first, last)


def test_a_retried_task_goes_on_where_airflow_keeps_state(
    client: ChartMogulClient, emulator: Emulator, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = client.data_sources.create(name="billing")["uuid"]
    import_customers(client, source, 700)
    extra = {"requests_per_second": 10_000, "max_retry_seconds": 0.05}
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", emulator.connection(**extra))
    emulator.set_faults([{"kind": "500_text", "path": "/customers$", "every": 3, "times": 1}])
    dag = written(
        "retried",
        """
from datetime import timedelta

with dag:
    ChartMogulToSqlOperator(task_id="load", stream="customers", retries=1, retry_delay=timedelta(0))
""",
    )

    summary = run_dag(dag, retries=1)["load"]

    # four pages, and the third asked for twice: by each try once
    expected = 2 if KEEPS_STATE else 4
    assert summary["pages"] == expected
    assert emulator.stats()["requests_by_operation"]["GET /customers"] == 3 + expected
    assert rows(warehouse, "SELECT count(*), count(DISTINCT uuid) FROM chartmogul_customers") == [(700, 700)]
    tables = rows(warehouse, "SELECT table_name FROM information_schema.tables")
    assert not [name for (name,) in tables if name.startswith("chartmogul_staging")]


@pytest.mark.usefixtures("billed")
def test_an_account_is_loaded_by_mapped_tasks(client: ChartMogulClient, warehouse: Path) -> None:
    dag = written(
        "account",
        """
with dag:
    sync_account(
        ChartMogulToSqlOperator,
        streams=["account", "customers", {"stream": "metrics_mrr", "interval": "day"}, "activities"],
        lookback_days=30,
    )
""",
    )
    run_dag(dag, logical_date=datetime(2025, 11, 15, tzinfo=UTC))

    tables = {name for (name,) in rows(warehouse, "SELECT table_name FROM information_schema.tables")}
    assert tables == {
        "chartmogul_account",
        "chartmogul_activities",
        "chartmogul_customers",
        "chartmogul_customers_custom_attributes",
        "chartmogul_customers_tags",
        "chartmogul_metrics_mrr",
    }
    assert rows(warehouse, "SELECT count(*) FROM chartmogul_metrics_mrr") == [(31,)]
    assert rows(warehouse, "SELECT count(*) FROM chartmogul_customers") == [(len(list(client.customers.list())),)]


@pytest.mark.usefixtures("billed")
def test_everything_an_account_holds_lands_in_files(tmp_path: Path) -> None:
    dag = written(
        "account_in_files",
        f"""
with dag:
    sync_account(ChartMogulToObjectStorageOperator, path="file://{tmp_path / "lake"}")
""",
    )
    run_dag(dag, logical_date=datetime(2025, 11, 15, tzinfo=UTC))

    folders = {path.name for path in (tmp_path / "lake").iterdir()}
    assert set(EVERYTHING) <= folders
    customers = pq.read_table(tmp_path / "lake" / "customers" / "customers.parquet")
    assert customers.num_rows == 25


@pytest.mark.parametrize(
    "streams",
    [
        ["custommers"],
        [{"interval": "day"}],
        [],
        [{"stream": "customers", "load_mod": "merge"}],
        [{"stream": "customers", "load_mode": "upsert"}],
        [{"stream": "customers", "load_mode": "replace_interval"}],
    ],
)
def test_streams_that_do_not_exist_are_refused_when_the_dag_is_parsed(streams: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"stream|load_mode"):
        written(
            f"wrong_{len(streams)}", f"\nwith dag:\n    sync_account(ChartMogulToSqlOperator, streams={streams!r})\n"
        )


@pytest.mark.usefixtures("billed")
def test_asset_events_carry_the_figures_of_the_load() -> None:
    dag = written(
        "assets",
        """
with dag:
    ChartMogulToSqlOperator(task_id="load", stream="customers", outlets=[Asset("x-warehouse://chartmogul/customers")])
""",
    )
    summary = run_dag(dag)["load"]

    # that of Airflow 2 registers no events when a DAG is only tried out
    assert extras_of_events() == ([summary] if importlib.util.find_spec("airflow.sdk") else [])


def extras_of_events() -> list[dict[str, Any]]:
    from airflow.utils.session import create_session

    if importlib.util.find_spec("airflow.models.asset"):
        from airflow.models.asset import AssetEvent
    else:
        from airflow.models.dataset import DatasetEvent as AssetEvent
    with create_session() as session:
        return [dict(event.extra) for event in session.query(AssetEvent)]
