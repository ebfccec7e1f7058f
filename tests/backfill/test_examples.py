"""The example DAGs that send billing history, run as they are; then every metric is what the history says it is."""

from __future__ import annotations

import json
import runpy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from tests.backfill.billing_database import write_database
from tests.backfill.billing_files import write_files
from tests.backfill.billing_history import BillingHistory
from tests.backfill.expected_metrics import ExpectedMetrics, observed_series
from tests.conftest import REPOSITORY
from tests.dags.running import NEW_YEAR, run_dag

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

DAGS = REPOSITORY / "dags_examples"
LATER = datetime(2026, 1, 2, tzinfo=UTC)
CUSTOMERS = 60


@pytest.fixture(scope="module")
def history() -> BillingHistory:
    return BillingHistory(customers=CUSTOMERS)


@pytest.fixture(autouse=True)
def deployment(
    airflow_db: str,
    chartmogul_conn: str,
    emulator: Emulator,
    history: BillingHistory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the examples say they need, and an account whose currency is that of most invoices."""
    from airflow.models.pool import Pool

    Pool.create_or_update_pool("chartmogul", slots=4, description="", include_deferred=False)
    monkeypatch.setenv("AIRFLOW_VAR_CHARTMOGUL_BACKFILL_FOLDER", str(tmp_path / "account"))
    emulator.configure(now="2026-06-01T00:00:00Z", fx_rates=history.fx_rates)


@pytest.fixture
def billing(history: BillingHistory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sa.engine.Engine:
    """The billing database, and the connection to it."""
    path = tmp_path / "billing.sqlite"
    monkeypatch.setenv("AIRFLOW_CONN_BILLING", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    engine = sa.create_engine(f"sqlite:///{path}")
    write_database(history, engine)
    return engine


def run(name: str, conf: dict[str, Any] | None = None, logical_date: datetime = NEW_YEAR) -> dict[str, Any]:
    return run_dag(runpy.run_path(str(DAGS / f"{name}.py"))["dag"], conf, logical_date)


def assert_metrics_are_those_of(history: BillingHistory, client: ChartMogulClient) -> None:
    """Compare all nine, month by month, with a computation of their own."""
    expected = ExpectedMetrics(history.as_records(), fx_rates=history.fx_rates)
    found = observed_series(client, history.first_day, history.last_day)
    assert found == expected.all_series(history.first_day, history.last_day)
    assert len(found) == 9


def created(history: BillingHistory) -> dict[str, int]:
    return {kind: len(records) for kind, records in history.as_records().items() if records}


def counts(result: dict[str, Any], state: str) -> dict[str, int]:
    return {kind: count[state] for kind, count in result["records"].items() if count[state]}


UNTIL = {"until": "2026-06-01"}


@pytest.mark.usefixtures("billing")
class TestFromSql:
    def test_the_metrics_are_those_of_the_database(
        self, history: BillingHistory, client: ChartMogulClient, tmp_path: Path
    ) -> None:
        result = run("backfill_from_sql", UNTIL)["backfill"]
        assert counts(result, "created") == created(history)
        assert_metrics_are_those_of(history, client)
        (folder,) = (tmp_path / "account").iterdir()
        account = pq.read_table(folder / "result.parquet").to_pylist()
        assert len(account) == sum(created(history).values())
        assert {row["state"] for row in account} == {"created"}
        assert (folder / "rejected.jsonl").read_text() == ""

    def test_a_second_run_sends_nothing(
        self, history: BillingHistory, client: ChartMogulClient, emulator: Emulator
    ) -> None:
        run("backfill_from_sql", UNTIL)
        before = emulator.stats()["requests_by_operation"]["POST /data_sources/{data_source_uuid}/json_imports"]
        result = run("backfill_from_sql", UNTIL, LATER)["backfill"]
        assert (result["sent"], counts(result, "already_there")) == (0, created(history))
        after = emulator.stats()["requests_by_operation"]["POST /data_sources/{data_source_uuid}/json_imports"]
        assert after == before
        assert_metrics_are_those_of(history, client)

    def test_a_dry_run_reads_all_and_sends_nothing(self, history: BillingHistory, client: ChartMogulClient) -> None:
        result = run("backfill_from_sql", {**UNTIL, "check_only": True})["backfill"]
        assert result["check_only"] is True
        assert counts(result, "not_sent") == created(history)
        assert list(client.customers.list()) == []

    def test_history_goes_on(self, history: BillingHistory, client: ChartMogulClient) -> None:
        """First the history until some day, then all of it: only what is new is sent, and customers may have more."""
        first = run("backfill_from_sql", {"until": "2025-06-01"})["backfill"]
        result = run("backfill_from_sql", UNTIL, LATER)["backfill"]
        there = counts(first, "created")
        assert counts(result, "already_there") == there
        new = {kind: count - there.get(kind, 0) for kind, count in created(history).items()}
        assert counts(result, "created") == {kind: count for kind, count in new.items() if count}
        assert_metrics_are_those_of(history, client)


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_from_files_by_shards(history: BillingHistory, client: ChartMogulClient, tmp_path: Path, form: str) -> None:
    folder = tmp_path / "billing"
    shards = write_files(history, folder, format=form, shards=3)
    run("backfill_from_files", {"folder": str(folder)})
    assert_metrics_are_those_of(history, client)
    account = [json.loads(line) for shard in shards for line in (shard / "result.jsonl").read_text().splitlines()]
    assert len(account) == sum(created(history).values()) - created(history)["plans"]
    assert {row["state"] for row in account} == {"created"}
    assert len(list(client.customers.list())) == CUSTOMERS


def test_replay(history: BillingHistory, client: ChartMogulClient, billing: sa.engine.Engine, tmp_path: Path) -> None:
    """An invoice in a currency that is none, and a line item that is bad: both invoices are held back, then mended."""
    bad = history.tables["invoices"][3]["invoice_no"]
    (lines,) = [history.tables["invoice_lines"][-1]["line_no"]]
    with billing.begin() as database:
        database.execute(sa.text("UPDATE invoices SET currency = 'EURO' WHERE invoice_no = :no"), {"no": bad})
        database.execute(sa.text("UPDATE invoice_lines SET line_type = 'odd' WHERE line_no = :no"), {"no": lines})
    result = run("backfill_from_sql", UNTIL)["backfill"]
    rejected = counts(result, "rejected")
    assert rejected["invoices"] == 2
    (path,) = (tmp_path / "account").glob("*/rejected.jsonl")
    assert len(path.read_text().splitlines()) == sum(rejected.values())
    line_type = history.tables["invoice_lines"][-1]["line_type"]
    currency = history.tables["invoices"][3]["currency"]
    text = path.read_text().replace('"EURO"', f'"{currency}"').replace('"odd"', f'"{line_type}"')
    path.write_text(text)
    replayed = run("replay_rejected", {"path": str(path)}, LATER)["replay"]
    assert counts(replayed, "created") == rejected
    (left,) = path.parent.glob("rejected.jsonl-*.jsonl")
    assert left.read_text() == ""
    assert_metrics_are_those_of(history, client)


def test_reconcile_and_fix(
    history: BillingHistory, client: ChartMogulClient, billing: sa.engine.Engine, tmp_path: Path
) -> None:
    """Break ChartMogul in five ways and the database in one; the DAG mends them, and finds nothing in a second run."""
    run("backfill_from_sql", UNTIL)
    source = client.data_sources.list().first()["uuid"]
    invoices = {i["external_id"]: i for i in client.invoices.list(data_source_uuid=source)}
    names = sorted(invoices)
    client.invoices.delete(invoices[names[0]]["uuid"])
    client.line_items.update(invoices[names[1]]["line_items"][0]["uuid"], amount_in_cents=1)
    client.transactions.delete(next(i for i in invoices.values() if i["transactions"])["transactions"][0]["uuid"])
    client.invoices.update(invoices[names[3]]["uuid"], date="2024-01-01")
    stranger = invoices[names[2]]
    with billing.begin() as database:
        for table in ("payments", "invoice_lines", "invoices"):
            database.execute(sa.text(f"DELETE FROM {table} WHERE invoice_no = :no"), {"no": stranger["external_id"]})

    found = run("reconcile_and_fix", {"delete_extra": True}, LATER)
    assert found["compare"]["equal"] is False
    assert found["compare"]["differences"]["missing"]["invoice"] == 1
    assert found["compare"]["differences"]["extra"]["invoice"] == 1
    assert found["compare"]["open"] == {}
    assert found["update"]["updated"] == 1
    assert found["delete"]["deleted"] == 1
    assert found["compare_again"]["equal"] is True
    after = {i["external_id"] for i in client.invoices.list(data_source_uuid=source)}
    assert after == set(names) - {stranger["external_id"]}

    again = run("reconcile_and_fix", {"delete_extra": True}, datetime(2026, 1, 3, tzinfo=UTC))
    assert again["compare"]["equal"] is True
    (first, second) = sorted((tmp_path / "account").glob("*/left.parquet"))
    assert first.read_bytes() == second.read_bytes()
