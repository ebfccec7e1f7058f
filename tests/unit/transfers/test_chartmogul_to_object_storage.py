from __future__ import annotations

import io
import json
import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from airflow.providers.common.compat.sdk import Asset

from airflow_provider_chartmogul.exceptions import ChartMogulServerError
from airflow_provider_chartmogul.streams import metrics
from airflow_provider_chartmogul.transfers import progress
from airflow_provider_chartmogul.transfers.chartmogul_to_object_storage import ChartMogulToObjectStorageOperator
from tests.billing import import_customers
from tests.contract.account import Account
from tests.unit.transfers.storage import S3_CONN_ID, Storage, local_storage, s3_server, s3_storage, storage

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

__all__ = ["local_storage", "s3_server", "s3_storage", "storage"]

pytestmark = pytest.mark.usefixtures("chartmogul_conn")


@pytest.fixture
def account(emulator: Emulator, client: ChartMogulClient) -> Account:
    """MRR begins on 10 January; another customer joins on 3 February."""
    account = Account(emulator, client)
    item = account.line_item(5, service_period_start="2026-02-03", service_period_end="2026-05-03")
    account.bill(account.lead, "inv-5", date="2026-02-03", line_items=[item])
    return account


def run(storage: Storage, stream: str, **arguments: Any) -> dict[str, Any]:
    conn_id = S3_CONN_ID if storage.root.protocol == "s3" else None
    operator = ChartMogulToObjectStorageOperator(
        task_id="load", stream=stream, path=str(storage.root), path_conn_id=conn_id, **arguments
    )
    return operator.execute({})


def parquet(storage: Storage, name: str) -> list[dict[str, Any]]:
    return pq.read_table(io.BytesIO(storage.read(name))).to_pylist()


def test_each_table_has_a_folder_and_each_interval_a_file(storage: Storage, account: Account) -> None:
    summary = run(storage, "activities", interval_start="2026-01-01", interval_end="2026-02-01")
    run(storage, "activities", interval_start="2026-02-01", interval_end="2026-02-01T12:30:00Z")
    run(storage, "invoices", file_format="jsonl.gz")

    assert storage.names() == {
        "activities/2026-01-01--2026-02-01.parquet",
        "activities/2026-02-01--2026-02-01T123000Z.parquet",
        "invoices/invoices.jsonl.gz",
        "invoices_line_items/invoices_line_items.jsonl.gz",
        "invoices_transactions/invoices_transactions.jsonl.gz",
    }
    (row,) = parquet(storage, "activities/2026-01-01--2026-02-01.parquet")
    assert (row["customer_uuid"], row["activity_mrr_movement"]) == (account.paying, 5000)
    (path,) = summary["rows"]
    assert path.endswith("activities/2026-01-01--2026-02-01.parquet")
    assert summary["rows"][path] == 1
    assert summary["bytes_written"] == len(storage.read("activities/2026-01-01--2026-02-01.parquet"))


def test_a_lookback_writes_the_files_of_the_days_before_anew(storage: Storage, account: Account) -> None:
    days = {"interval_start": "2026-02-03", "interval_end": "2026-02-04", "lookback_days": 25, "partition": "day"}
    run(storage, "activities", **days)
    names = {f"activities/day=2026-01-{day:02}.parquet" for day in range(9, 32)}
    assert storage.names() == names | {f"activities/day=2026-02-{day:02}.parquet" for day in range(1, 4)}
    assert len(parquet(storage, "activities/day=2026-01-10.parquet")) == 1

    account.client.invoices.delete(account.invoice["uuid"])
    summary = run(storage, "activities", **days)

    assert parquet(storage, "activities/day=2026-01-10.parquet") == []
    assert len(parquet(storage, "activities/day=2026-02-03.parquet")) == 1
    assert (summary["interval_start"], summary["cursor"]) == ("2026-01-09T00:00:00+00:00", "2026-02-04T00:00:00+00:00")


def test_a_run_for_an_earlier_day_does_not_cut_the_file_of_its_month(storage: Storage, account: Account) -> None:
    late = account.line_item(6, service_period_start="2026-02-10", service_period_end="2026-05-10")
    account.bill(account.lead, "inv-6", date="2026-02-10", line_items=[late])

    run(storage, "activities", interval_start="2026-02-04", interval_end="2026-02-05", partition="month")

    assert storage.names() == {"activities/month=2026-02.parquet"}
    days = [str(row["date"].date()) for row in parquet(storage, "activities/month=2026-02.parquet")]
    assert sorted(days) == ["2026-02-03", "2026-02-10"]


def test_slices_of_a_stream_do_not_replace_each_other(storage: Storage, account: Account) -> None:
    january = {"interval_start": "2026-01-01", "interval_end": "2026-02-01", "file_format": "csv"}
    run(storage, "metrics_mrr", **january)
    run(storage, "metrics_mrr", **january, interval="day")
    run(storage, "metrics_mrr", **january, geo=["DE", "FR"], filters="currency~ANY~'USD'")
    run(storage, "metrics_mrr", **january, split_by="plans")
    run(storage, "customers", file_format="csv", data_source_uuid=account.source)

    file = "2026-01-01--2026-02-01.csv"
    source = f"data_source_uuid-{account.source}"
    assert storage.names() == {
        f"metrics_mrr/interval-month/{file}",
        f"metrics_mrr/interval-day/{file}",
        f"metrics_mrr/interval-month/geo-DE,FR/filters-currency~ANY~%27USD%27/{file}",
        f"metrics_mrr/interval-month/split_by-plans/{file}",
        f"customers/{source}/customers.csv",
        f"customers_tags/{source}/customers_tags.csv",
        f"customers_custom_attributes/{source}/customers_custom_attributes.csv",
    }


def test_snapshots_tell_what_was_reported_when(
    storage: Storage, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "today", lambda zone: metrics.date(2026, 3, 15))
    january = {"interval_start": "2026-01-01", "interval_end": "2026-02-01", "load_mode": "snapshot"}
    run(storage, "metrics_mrr", **january)
    account.client.invoices.delete(account.invoice["uuid"])
    run(storage, "metrics_mrr", **january, as_of="2026-03-01")
    run(storage, "metrics_mrr", **january, as_of="2026-03-01")

    reported = {
        name: [(row["mrr"], str(row["as_of"].date())) for row in parquet(storage, name)] for name in storage.names()
    }
    assert reported == {
        "metrics_mrr/interval-month/as_of=2026-02-01.parquet": [(5000, "2026-02-01")],
        "metrics_mrr/interval-month/as_of=2026-03-01.parquet": [(0, "2026-03-01")],
    }


def test_a_failed_load_leaves_the_old_file_and_nothing_else(
    storage: Storage, account: Account, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(storage, "customers")
    before = {name: storage.read(name) for name in storage.names()}
    import_customers(account.client, account.source, 250)
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", emulator.connection(max_retry_seconds=0.05))
    emulator.set_faults([{"kind": "500_text", "path": "/customers$", "every": 2}])

    with pytest.raises(ChartMogulServerError):
        run(storage, "customers")

    assert {name: storage.read(name) for name in storage.names()} == before


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"stream": "custommers"}, "stream must be one of account, .*'custommers'"),
        ({"stream": "customers", "load_mode": "merge"}, "load_mode must be one of replace_interval, replace, snapshot"),
        ({"stream": "customers", "load_mode": "upsert"}, "load_mode must be one of merge, .*'upsert'"),
        ({"stream": "customers", "file_format": "xlsx"}, "jsonl, jsonl.gz, csv, parquet.*'xlsx'"),
        ({"stream": "customers", "path": ""}, "path is empty"),
        ({"stream": "customers", "partition": "day"}, "partition needs load_mode replace_interval"),
        ({"stream": "activities", "partition": "week"}, "partition must be one of day, month, not 'week'"),
        ({"stream": "activities", "lookback_days": 3}, "with lookback_days give a partition"),
        ({"stream": "metrics_mrr", "partition": "month"}, "no metric"),
        ({"stream": "activities", "lookback_days": -1}, "lookback_days must be a whole number of days, not -1"),
        ({"stream": "activities", "lookback_days": "abc"}, "lookback_days must be a whole number of days, not 'abc'"),
        ({"stream": "activities", "interval_start": "soon"}, "interval_start must be a date.*'soon'"),
    ],
)
def test_what_cannot_work_is_refused_when_the_dag_is_parsed(arguments: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        ChartMogulToObjectStorageOperator(task_id="load", **{"path": "s3://lake", **arguments})


def test_templates_are_rendered_and_checked_when_the_task_runs(local_storage: Storage, account: Account) -> None:
    operator = ChartMogulToObjectStorageOperator(
        task_id="load",
        stream="activities",
        path=f"{local_storage.root}/{{{{ 'a' ~ 'b' }}}}",
        partition="day",
        lookback_days="{{ 1 + 1 }}",
    )
    operator.render_template_fields(
        {"data_interval_start": "2026-02-05 00:00:00+00:00", "data_interval_end": "2026-02-06T00:00:00+00:00"}
    )
    operator.execute({})

    assert {name.split("/")[-1] for name in local_storage.names()} == {
        f"day=2026-02-{day:02}.parquet" for day in (3, 4, 5)
    }


def test_events_of_outlets_carry_the_figures_of_the_load(local_storage: Storage, account: Account) -> None:
    lake = Asset("x-lake://chartmogul/customers")
    operator = ChartMogulToObjectStorageOperator(
        task_id="load", stream="customers", path=str(local_storage.root), outlets=[lake]
    )
    events = {lake: SimpleNamespace(extra={"kept": 1})}

    summary = operator.execute({"outlet_events": events})

    assert events[lake].extra == {"kept": 1, **summary}


# what a person sees ---------------------------------------------------------------------------------------------------


def test_progress_is_told_now_and_then_and_the_figures_at_the_end(
    local_storage: Storage,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    import_customers(account.client, account.source, 900, name="Secret name")
    # ten seconds pass with each page
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    caplog.set_level(logging.INFO, "airflow_provider_chartmogul.transfers")

    summary = run(local_storage, "customers", file_format="jsonl")

    lines = [record.getMessage() for record in caplog.records if record.name == progress.__name__]
    # five pages: every second is told of
    assert len(lines) == 3
    assert "customers: 401 rows, 2 of 5 pages" in lines[0]
    assert "about 30 s left" in lines[0]
    assert "4 of 5 pages" in lines[1]
    assert lines[2].startswith("Loaded stream customers: ")
    assert "902" in lines[2]
    assert (summary["pages"], summary["requests"]) == (5, 6)
    assert summary["bytes_received"] > summary["bytes_written"] / 2
    assert "Secret name" not in caplog.text
    assert json.loads(json.dumps(summary)) == summary
