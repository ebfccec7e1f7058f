"""What load modes, marks and splits leave in a table, from the account to the database."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.streams import metrics
from airflow_provider_chartmogul.transfers.chartmogul_to_sql import ChartMogulToSqlOperator
from tests.contract.account import Account

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator
    from tests.unit.transfers.conftest import Warehouse

pytestmark = pytest.mark.usefixtures("chartmogul_conn")

JANUARY = {"interval_start": "2026-01-01", "interval_end": "2026-02-01"}


@pytest.fixture
def account(emulator: Emulator, client: ChartMogulClient, monkeypatch: pytest.MonkeyPatch) -> Account:
    """One customer pays 50.00 from 10 January on; another does nothing yet."""
    monkeypatch.setattr(metrics, "today", lambda zone: date(2026, 3, 15))
    return Account(emulator, client)


def run(warehouse: Warehouse, stream: str, **arguments: Any) -> dict[str, Any]:
    operator = ChartMogulToSqlOperator(task_id="load", stream=stream, sql_conn_id=warehouse.conn_id, **arguments)
    return operator.execute({})


def test_snapshots_tell_what_was_reported_when(warehouse: Warehouse, account: Account) -> None:
    """The question for which history is kept: what did we report for January, on 1 February and on 1 March?"""
    for as_of in ("2026-02-01", "2026-02-01"):
        run(warehouse, "metrics_mrr", load_mode="snapshot", as_of=as_of, **JANUARY)
    account.bill(account.lead, "inv-7")
    run(warehouse, "metrics_mrr", load_mode="snapshot", as_of="2026-03-01", **JANUARY)

    as_of = warehouse.utc("as_of")
    assert warehouse.query(f"SELECT {as_of}, mrr FROM chartmogul_metrics_mrr ORDER BY 1") == [
        ("2026-02-01 00:00:00", 5000),
        ("2026-03-01 00:00:00", 10000),
    ]


def test_snapshots_of_whole_streams_are_of_the_end_of_the_interval(warehouse: Warehouse, account: Account) -> None:
    for day in (1, 2):
        bounds = {"interval_start": f"2026-03-{day:02}", "interval_end": f"2026-03-{day + 1:02}"}
        run(warehouse, "customers", load_mode="snapshot", **bounds)
        account.client.customers.update(account.paying, name=f"Ida {day}")

    as_of = warehouse.utc("as_of")
    assert warehouse.query(f"SELECT {as_of}, name FROM chartmogul_customers WHERE mrr > 0 ORDER BY 1") == [
        ("2026-03-02 00:00:00", "ACCT-1"),
        ("2026-03-03 00:00:00", "Ida 1"),
    ]
    # the tags of each day are there as well
    assert warehouse.query("SELECT count(*) FROM chartmogul_customers_tags") == [(2,)]


def test_appending_keeps_what_was_reported_first(warehouse: Warehouse, account: Account) -> None:
    run(warehouse, "metrics_mrr", load_mode="append", **JANUARY)
    account.bill(account.lead, "inv-7")
    later = {"interval_start": "2026-01-01", "interval_end": "2026-03-01"}
    for _ in range(2):
        run(warehouse, "metrics_mrr", load_mode="append", **later)

    assert warehouse.query("SELECT date, mrr FROM chartmogul_metrics_mrr ORDER BY date") in (
        [(date(2026, 1, 31), 5000), (date(2026, 2, 28), 10000)],
        # SQLite keeps dates as text
        [("2026-01-31", 5000), ("2026-02-28", 10000)],
    )


def test_vanished_records_are_marked_with_the_load_that_first_missed_them(
    warehouse: Warehouse, account: Account
) -> None:
    def load(day: int) -> None:
        bounds = {"interval_start": f"2026-03-{day:02}", "interval_end": f"2026-03-{day + 1:02}"}
        run(warehouse, "customers", load_mode="merge", detect_deletes=True, **bounds)

    load(1)
    account.client.customers.delete(account.paying)
    load(2)
    load(3)

    gone = warehouse.utc("deleted_at")
    assert dict(warehouse.query(f"SELECT uuid, {gone} FROM chartmogul_customers")) == {
        account.paying: "2026-03-03 00:00:00",
        account.lead: None,
    }
    assert warehouse.query(f"SELECT tag, {gone} FROM chartmogul_customers_tags") == [("pilot", "2026-03-03 00:00:00")]


def test_metrics_of_each_plan_stand_beside_those_of_all(warehouse: Warehouse, account: Account) -> None:
    other = account.new_plan("solo")["uuid"]
    item = account.line_item(7, plan_uuid=other, amount_in_cents=900)
    account.bill(account.lead, "inv-7", line_items=[item])

    for _ in range(2):
        run(warehouse, "metrics_mrr", **JANUARY)
        run(warehouse, "metrics_mrr", split_by="plans", **JANUARY)

    assert dict(warehouse.query("SELECT plans, mrr FROM chartmogul_metrics_mrr")) == {
        "": 5900,
        account.plan: 5000,
        other: 900,
    }


def test_metrics_are_split_by_what_is_named(warehouse: Warehouse, account: Account, emulator: Emulator) -> None:
    account.client.customers.update(account.paying, country="DE")
    run(warehouse, "metrics_mrr", split_by="geo", geo=["DE", "FR"], **JANUARY)
    filters = ["currency~ANY~'USD'", "currency~ANY~'EUR'"]
    run(warehouse, "metrics_mrr", split_by="filters", filters=filters, geo="DE", **JANUARY)
    before = emulator.stats()["requests_by_operation"]["GET /metrics/mrr"]

    rows = warehouse.query("SELECT geo, filters, mrr FROM chartmogul_metrics_mrr")

    assert sorted(rows) == sorted([("DE", "", 5000), ("FR", "", 0), ("DE", filters[0], 5000), ("DE", filters[1], 0)])
    assert before == 4


def test_without_names_metrics_are_split_by_the_countries_of_customers(warehouse: Warehouse, account: Account) -> None:
    account.client.customers.update(account.paying, country="DE")
    account.client.customers.update(account.lead, country="US")

    run(warehouse, "metrics_customer_count", split_by="geo", **JANUARY)

    assert dict(warehouse.query("SELECT geo, customers FROM chartmogul_metrics_customer_count")) == {"DE": 1, "US": 0}
