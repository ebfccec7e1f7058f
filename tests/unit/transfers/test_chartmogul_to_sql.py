from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import traceback
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.sqlite.hooks.sqlite import SqliteHook

from airflow_provider_chartmogul.exceptions import (
    ChartMogulConfigError,
    ChartMogulConnectionError,
    ChartMogulInvalidResponseError,
    ChartMogulLoadError,
    ChartMogulServerError,
)
from airflow_provider_chartmogul.streams import STREAMS, metrics
from airflow_provider_chartmogul.transfers.chartmogul_to_sql import ChartMogulToSqlOperator
from tests.billing import import_customers
from tests.unit.client.servers import answer, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator
    from tests.unit.transfers.conftest import Warehouse

pytestmark = pytest.mark.usefixtures("chartmogul_conn")

NOW = "2026-03-20T12:00:00Z"
QUARTER = {"interval_start": "2026-01-01", "interval_end": "2026-03-21"}


@pytest.fixture(autouse=True)
def set_clock(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the time for ChartMogul and for the worker."""

    def set_to(now: str) -> None:
        emulator.configure(now=now)
        instant = datetime.fromisoformat(now)
        monkeypatch.setattr(metrics, "today", lambda zone: instant.astimezone(zone).date())

    set_to(NOW)
    return set_to


class Billing:
    """Puts monthly subscriptions into the emulator."""

    def __init__(self, client: ChartMogulClient) -> None:
        self.client = client
        self.data_source_uuid = client.data_sources.create(name="billing")["uuid"]
        self.plan_uuid = client.plans.create(
            data_source_uuid=self.data_source_uuid,
            external_id="plan",
            name="Größe M",
            interval_count=1,
            interval_unit="month",
        )["uuid"]

    def customer(self, external_id: str, **fields: Any) -> str:
        fields = {"name": f"{external_id} & Söhne 🦊", **fields}
        customer = self.client.customers.create(
            data_source_uuid=self.data_source_uuid, external_id=external_id, **fields
        )
        return customer["uuid"]

    def invoice(self, customer_uuid: str, external_id: str, start: str, end: str, cents: int) -> str:
        line_item = {
            "type": "subscription",
            "external_id": f"{external_id}-line",
            "subscription_external_id": f"sub-{customer_uuid}",
            "plan_uuid": self.plan_uuid,
            "service_period_start": start,
            "service_period_end": end,
            "amount_in_cents": cents,
            "tax_amount_in_cents": 0,
        }
        payment = {"type": "payment", "external_id": f"{external_id}-paid", "date": start, "result": "successful"}
        invoice = {"external_id": external_id, "date": start, "currency": "USD", "line_items": [line_item]}
        answer = self.client.invoices.create(customer_uuid, [{**invoice, "transactions": [payment]}])
        return answer["invoices"][0]["uuid"]


@pytest.fixture
def billing(client: ChartMogulClient) -> Billing:
    return Billing(client)


def run(warehouse: Warehouse, stream: str, **arguments: Any) -> dict[str, Any]:
    operator = ChartMogulToSqlOperator(task_id="load", stream=stream, sql_conn_id=warehouse.conn_id, **arguments)
    return operator.execute({})


def lasting(summary: dict[str, Any]) -> dict[str, Any]:
    """What is said of a load but for how long it took."""
    return {name: value for name, value in summary.items() if name not in ("seconds", "waited_seconds")}


def two_customers(billing: Billing) -> tuple[str, str]:
    """MRR: Anna 4000 from 5 January, 5000 from 5 February; Bert 2000 from 10 February, without a fixed end."""
    anna, bert = billing.customer("anna", country="DE"), billing.customer("bert", country="FR")
    billing.invoice(anna, "a1", "2026-01-05", "2026-02-05", 4000)
    billing.invoice(anna, "a2", "2026-02-05", "2026-03-05", 5000)
    billing.invoice(bert, "b1", "2026-02-10", "2026-03-10", 2000)
    return anna, bert


# streams --------------------------------------------------------------------------------------------------------------


def test_customers_invoices_and_subscriptions_hold_what_was_billed(warehouse: Warehouse, billing: Billing) -> None:
    anna, bert = two_customers(billing)

    for stream in ("customers", "invoices", "subscriptions"):
        run(warehouse, stream)

    assert warehouse.query(
        "SELECT uuid, name, mrr, arr, country, status FROM chartmogul_customers ORDER BY external_id"
    ) == [
        (anna, "anna & Söhne 🦊", 5000, 60000, "DE", "Active"),
        (bert, "bert & Söhne 🦊", 2000, 24000, "FR", "Active"),
    ]
    assert warehouse.query(
        "SELECT i.external_id, i.customer_uuid, l.external_id, l.amount_in_cents, t.external_id, t.result"
        " FROM chartmogul_invoices i"
        " JOIN chartmogul_invoices_line_items l ON l.invoice_uuid = i.uuid"
        " JOIN chartmogul_invoices_transactions t ON t.invoice_uuid = i.uuid ORDER BY 1"
    ) == [
        ("a1", anna, "a1-line", 4000, "a1-paid", "successful"),
        ("a2", anna, "a2-line", 5000, "a2-paid", "successful"),
        ("b1", bert, "b1-line", 2000, "b1-paid", "successful"),
    ]
    started = warehouse.utc("start_date")
    assert warehouse.query(
        f"SELECT customer_uuid, plan, mrr, billing_cycle, {started} FROM chartmogul_subscriptions ORDER BY mrr"
    ) == [
        (bert, "Größe M", 2000, "month", "2026-02-10 00:00:00"),
        (anna, "Größe M", 5000, "month", "2026-01-05 00:00:00"),
    ]


def test_a_data_source_can_be_loaded_alone(warehouse: Warehouse, billing: Billing, client: ChartMogulClient) -> None:
    billing.customer("anna")
    other = client.data_sources.create(name="other")["uuid"]
    client.customers.create(data_source_uuid=other, external_id="zoe", name="Zoe")

    run(warehouse, "customers", data_source_uuid=other)

    assert warehouse.column("chartmogul_customers", "external_id") == ["zoe"]


# restated history -----------------------------------------------------------------------------------------------------


def test_customers_that_are_gone_vanish_unless_merged(
    warehouse: Warehouse, billing: Billing, client: ChartMogulClient
) -> None:
    gone = billing.customer("gone")
    changed = billing.customer("changed")
    for table in ("replaced", "merged"):
        run(warehouse, "customers", table=table)

    client.customers.delete(gone)
    client.customers.update(changed, company="New Company")
    run(warehouse, "customers", table="replaced")
    run(warehouse, "customers", table="merged", load_mode="merge")

    assert warehouse.query("SELECT external_id, company FROM replaced ORDER BY 1") == [("changed", "New Company")]
    assert warehouse.query("SELECT external_id, company FROM merged ORDER BY 1") == [
        ("changed", "New Company"),
        ("gone", ""),
    ]


def test_activities_are_restated_as_far_back_as_the_lookback(
    warehouse: Warehouse, billing: Billing, client: ChartMogulClient
) -> None:
    anna, _ = two_customers(billing)
    march = {"interval_start": "2026-03-01", "interval_end": "2026-03-21"}

    assert run(warehouse, "activities", **QUARTER)["rows"] == {"chartmogul_activities": 3}
    columns = f"{warehouse.utc('date')}, type, activity_mrr_movement, activity_mrr"
    rows = f"SELECT {columns} FROM chartmogul_activities ORDER BY 1"
    assert warehouse.query(rows) == [
        ("2026-01-05 00:00:00", "new_biz", 4000, 4000),
        ("2026-02-05 00:00:00", "expansion", 1000, 5000),
        ("2026-02-10 00:00:00", "new_biz", 2000, 2000),
    ]

    (second,) = [one["uuid"] for one in client.invoices.list(customer_uuid=anna) if one["external_id"] == "a2"]
    client.invoices.delete(second)
    run(warehouse, "activities", **march, lookback_days=5)
    assert len(warehouse.query(rows)) == 3
    result = run(warehouse, "activities", **march, lookback_days=28)
    assert result["interval_start"] == "2026-02-01T00:00:00+00:00"
    assert warehouse.query(rows) == [
        ("2026-01-05 00:00:00", "new_biz", 4000, 4000),
        ("2026-02-10 00:00:00", "new_biz", 2000, 2000),
    ]


def test_activities_at_the_bounds_belong_to_one_interval_each(warehouse: Warehouse, billing: Billing) -> None:
    two_customers(billing)

    for start, end in [("2026-02-04", "2026-02-05"), ("2026-02-05", "2026-02-10"), ("2026-02-10", "2026-02-11")]:
        run(warehouse, "activities", interval_start=start, interval_end=end)

    assert warehouse.column("chartmogul_activities", "activity_mrr_movement") == [1000, 2000]


# metrics --------------------------------------------------------------------------------------------------------------

MRR = "SELECT date, mrr, mrr_new_business, mrr_expansion, percentage_change FROM chartmogul_metrics_mrr ORDER BY date"
MONTHS = [("2026-01-31", 4000, 4000, 0, 0.0), ("2026-02-28", 7000, 2000, 1000, 75.0), ("2026-03-20", 7000, 0, 0, 0.0)]


def mrr(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return [(str(day), *rest, float(change)) for day, *rest, change in warehouse.query(MRR)]


def test_metrics_of_months(warehouse: Warehouse, billing: Billing) -> None:
    two_customers(billing)

    result = run(warehouse, "metrics_mrr", **QUARTER)

    assert lasting(result) == {
        "stream": "metrics_mrr",
        "load_mode": "replace_interval",
        "target": "warehouse.chartmogul_metrics_mrr",
        "rows": {"chartmogul_metrics_mrr": 3},
        "pages": 1,
        "requests": 2,
        "refused_429": 0,
        "refused_503": 0,
        "bytes_received": result["bytes_received"],
        "bytes_written": None,
        "interval_start": "2026-01-01T00:00:00+00:00",
        "cursor": "2026-03-21T00:00:00+00:00",
    }
    assert result["bytes_received"] > 500
    assert mrr(warehouse) == MONTHS


def test_daily_runs_leave_one_row_per_month_and_the_same_as_one_run(warehouse: Warehouse, billing: Billing) -> None:
    two_customers(billing)

    days = [
        "2026-01-30",
        "2026-01-31",
        "2026-02-01",
        "2026-02-27",
        "2026-02-28",
        "2026-03-01",
        "2026-03-19",
        "2026-03-20",
    ]
    for day, end in zip(days, [*days[1:], "2026-03-21"], strict=True):
        run(warehouse, "metrics_mrr", interval_start=day, interval_end=end)

    assert mrr(warehouse) == MONTHS


@pytest.mark.parametrize("load_mode", ["replace_interval", "merge"])
@pytest.mark.parametrize(
    ("interval", "row"),
    [
        ("week", ("2026-02-08", 5000, 0, 1000, 25.0)),
        ("month", ("2026-02-28", 7000, 2000, 1000, 75.0)),
        ("quarter", ("2026-03-20", 7000, 6000, 1000, 0.0)),
    ],
)
def test_running_an_old_day_again_leaves_its_bucket_whole(
    warehouse: Warehouse, billing: Billing, interval: str, row: tuple[Any, ...], load_mode: str
) -> None:
    two_customers(billing)
    how = {"interval": interval, "load_mode": load_mode}
    run(warehouse, "metrics_mrr", **QUARTER, **how)
    at_once = mrr(warehouse)
    assert row in at_once

    # the bucket of the quarter is still running: of that one the last day comes last
    days = [4, 5] if interval != "quarter" else [5, 47]
    for day in days:
        start = date(2026, 2, 1) + timedelta(days=day)
        run(warehouse, "metrics_mrr", interval_start=start, interval_end=start + timedelta(days=1), **how)

    assert mrr(warehouse) == at_once


@pytest.mark.parametrize("load_mode", ["replace_interval", "merge"])
def test_a_running_bucket_has_one_row_that_grows(
    warehouse: Warehouse, billing: Billing, set_clock: Callable[[str], None], load_mode: str
) -> None:
    two_customers(billing)
    for day in (4, 5, 10):
        set_clock(f"2026-02-{day + 1:02}T00:10:00Z")
        bounds = {"interval_start": f"2026-02-{day:02}", "interval_end": f"2026-02-{day + 1:02}"}
        run(warehouse, "metrics_mrr", **bounds, load_mode=load_mode)

    assert mrr(warehouse) == [("2026-02-10", 7000, 2000, 1000, 75.0)]


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        ("America/Los_Angeles", "2026-02-15T01:00:00Z", "2026-02-14"),
        ("Pacific/Auckland", "2026-02-14T12:00:00Z", "2026-02-15"),
        ("UTC", "2026-02-14T23:00:00Z", "2026-02-14"),
    ],
)
def test_daily_runs_complete_the_days_of_accounts_in_other_zones(
    warehouse: Warehouse,
    billing: Billing,
    emulator: Emulator,
    set_clock: Callable[[str], None],
    zone: str,
    instant: str,
    day: str,
) -> None:
    emulator.configure(account={"time_zone": zone})
    billing.invoice(billing.customer("anna"), "a1", instant, "2026-03-15", 4000)

    for number in range(13, 17):
        set_clock(f"2026-02-{number + 1:02}T00:10:00Z")
        bounds = {"interval_start": f"2026-02-{number:02}", "interval_end": f"2026-02-{number + 1:02}"}
        run(warehouse, "metrics_mrr", interval="day", **bounds)

    moved = [row for row in mrr(warehouse) if row[2]]
    assert moved == [(day, 4000, 4000, 0, 0.0)]
    answer = billing.client.metrics.mrr(start_date="2026-02-13", end_date="2026-02-16", interval="day")
    loaded = [row[:2] for row in mrr(warehouse) if "2026-02-13" <= row[0] <= "2026-02-16"]
    assert loaded == [(entry["date"], entry["mrr"]) for entry in answer["entries"]]


def test_the_account_is_asked_once_in_each_load(warehouse: Warehouse, emulator: Emulator) -> None:
    run(warehouse, "metrics_mrr", **QUARTER, interval="week")

    assert emulator.stats()["requests_by_operation"] == {"GET /account": 1, "GET /metrics/mrr": 1}


def test_changes_do_not_depend_on_how_the_range_was_cut(warehouse: Warehouse, billing: Billing) -> None:
    two_customers(billing)
    run(warehouse, "metrics_mrr", interval="day", interval_start="2026-02-01", interval_end="2026-02-15")
    at_once = mrr(warehouse)
    assert [row for row in at_once if row[4]] == [
        ("2026-02-05", 5000, 0, 1000, 25.0),
        ("2026-02-10", 7000, 2000, 0, 40.0),
    ]

    for day in range(1, 15):
        bounds = {"interval_start": f"2026-02-{day:02}", "interval_end": f"2026-02-{day + 1:02}"}
        run(warehouse, "metrics_mrr", interval="day", **bounds)

    assert mrr(warehouse) == at_once


def test_weeks_end_as_the_account_says(warehouse: Warehouse, billing: Billing, emulator: Emulator) -> None:
    two_customers(billing)
    emulator.configure(account={"week_start_on": "sunday"})

    # Wednesday 4 February to Tuesday 10 February, in weeks that are over
    bounds = {"interval_start": "2026-02-04", "interval_end": "2026-02-11"}
    run(warehouse, "metrics_mrr", interval="week", **bounds)

    assert mrr(warehouse) == [("2026-02-07", 5000, 0, 1000, 25.0), ("2026-02-14", 7000, 2000, 0, 40.0)]


def test_intervals_and_segments_share_a_table(warehouse: Warehouse, billing: Billing) -> None:
    two_customers(billing)
    february = {"interval_start": "2026-02-01", "interval_end": "2026-03-01"}

    for _ in range(2):
        run(warehouse, "metrics_mrr", **february)
        run(warehouse, "metrics_mrr", **february, interval="year")
        run(warehouse, "metrics_mrr", **february, geo="FR")

    rows = warehouse.query("SELECT interval, geo, mrr FROM chartmogul_metrics_mrr ORDER BY mrr, interval")
    assert sorted(rows) == [("month", "", 7000), ("month", "FR", 2000), ("year", "", 7000)]


@pytest.mark.parametrize("geo", [["FR", "DE"], ("FR", "DE"), "FR,DE"], ids=["list", "tuple", "text"])
@pytest.mark.parametrize("plans", [["Größe M"], "Größe M"], ids=["list", "text"])
def test_segments_can_be_lists(warehouse: Warehouse, billing: Billing, geo: Any, plans: Any) -> None:
    two_customers(billing)
    february = {"interval_start": "2026-02-01", "interval_end": "2026-03-01"}

    run(warehouse, "metrics_mrr", **february, geo="FR,DE", plans="Größe M")
    run(warehouse, "metrics_mrr", **february, geo=geo, plans=plans)
    run(warehouse, "metrics_mrr", **february, geo=["FR"], plans=[])

    rows = warehouse.query("SELECT geo, plans, mrr FROM chartmogul_metrics_mrr ORDER BY mrr")
    assert rows == [("FR", "", 2000), ("FR,DE", "Größe M", 7000)]


# failures -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def impatient(chartmogul_conn: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"requests_per_second": 10_000, "max_retry_seconds": 0.2}
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", emulator.connection(**extra))


@pytest.mark.usefixtures("impatient")
def test_a_server_that_fails_midway_leaves_the_table_as_it_was(
    warehouse: Warehouse, billing: Billing, client: ChartMogulClient, emulator: Emulator
) -> None:
    anna, bert = two_customers(billing)
    run(warehouse, "subscriptions")
    client.customers.delete(anna)
    emulator.set_faults([{"kind": "500_html", "path": f"/customers/{bert}/subscriptions"}])

    with pytest.raises(ChartMogulServerError):
        run(warehouse, "subscriptions")

    assert sorted(warehouse.column("chartmogul_subscriptions", "customer_uuid")) == sorted([anna, bert])
    assert warehouse.tables() == {"chartmogul_subscriptions"}


@pytest.fixture
def many_customers(billing: Billing) -> int:
    """More customers than two pages hold."""
    import_customers(billing.client, billing.data_source_uuid, 450)
    return 450


def test_all_pages_are_loaded(warehouse: Warehouse, many_customers: int) -> None:
    assert run(warehouse, "customers")["rows"] == {
        "chartmogul_customers": many_customers,
        "chartmogul_customers_tags": 0,
        "chartmogul_customers_custom_attributes": 0,
    }
    assert warehouse.query("SELECT count(DISTINCT uuid) FROM chartmogul_customers") == [(many_customers,)]


@pytest.mark.usefixtures("impatient", "many_customers")
@pytest.mark.parametrize("kind", ["500_text", "drop_before", "truncate"])
def test_a_second_page_that_does_not_come_leaves_no_table(warehouse: Warehouse, emulator: Emulator, kind: str) -> None:
    emulator.set_faults([{"kind": kind, "path": "/customers$", "every": 2}])

    with pytest.raises((ChartMogulServerError, ChartMogulConnectionError)):
        run(warehouse, "customers")

    assert emulator.stats()["requests_by_operation"]["GET /customers"] >= 2
    assert warehouse.tables() == set()


def test_blips_on_the_way_cost_only_time(warehouse: Warehouse, billing: Billing, emulator: Emulator) -> None:
    two_customers(billing)
    emulator.set_faults([{"kind": kind, "times": 1} for kind in ("500_html", "drop_after", "truncate")])

    assert run(warehouse, "invoices")["rows"]["chartmogul_invoices"] == 3


def test_database_errors_quote_no_customer(warehouse: Warehouse, billing: Billing, emulator: Emulator) -> None:
    anna = billing.customer("anna", email="anna@secret.example")
    run(warehouse, "customers")
    definition = warehouse.query(warehouse.definition_of("chartmogul_customers"))
    warehouse.execute("DROP TABLE chartmogul_customers")
    # e-mails do not fit in here
    columns = ", ".join(
        f"{name} {kind}{' CHECK (length(email) < 3)' if name == 'email' else ''}" for name, kind in definition
    )
    warehouse.execute(f"CREATE TABLE chartmogul_customers ({columns})")

    with pytest.raises(ChartMogulLoadError, match="chartmogul_customers failed while inserting") as caught:
        run(warehouse, "customers")

    text = "".join(traceback.format_exception(caught.value))
    assert "secret.example" not in text
    assert anna not in text


def test_logs_quote_no_customer(warehouse: Warehouse, billing: Billing, caplog: pytest.LogCaptureFixture) -> None:
    billing.customer("anna", email="anna@secret.example")
    caplog.set_level(logging.DEBUG, "sqlalchemy.engine")
    caplog.set_level(logging.DEBUG)

    run(warehouse, "customers")

    assert "INSERT INTO" in caplog.text
    assert "secret.example" not in caplog.text
    assert "test-key" not in caplog.text


SOURCES: dict[str, Any] = {"data_sources": []}
ACCOUNT = {"name": "Acme", "currency": "USD", "time_zone": "UTC", "week_start_on": "monday"}


@pytest.mark.usefixtures("sqlite_conn")
@pytest.mark.parametrize(
    ("stream", "bodies", "complaint"),
    [
        ("metrics_mrr", [{**ACCOUNT, "week_start_on": None}], "metrics_mrr.*'week_start_on'"),
        ("metrics_mrr", [{**ACCOUNT, "time_zone": "Nowhere"}], "metrics_mrr.*'time_zone'"),
        ("metrics_mrr", [{"name": "Acme", "currency": "USD"}], "'time_zone'"),
        ("metrics_mrr", [ACCOUNT, {}], "metrics/mrr.*'entries'"),
        ("metrics_mrr", [ACCOUNT, {"entries": None}], "metrics/mrr.*'entries'"),
        ("metrics_mrr", [ACCOUNT, {"entries": [5]}], "metrics/mrr.*not an object"),
        ("metrics_mrr", [ACCOUNT, {"entries": [{"mrr": 1}]}], "metrics/mrr.*'date'"),
        ("subscriptions", [{"entries": [{"name": "x"}], "has_more": False}], "customers.*'uuid'"),
        (
            "invoices",
            [SOURCES, {"invoices": [{"uuid": "i", "line_items": [5]}], "has_more": False}],
            "invoices.*'line_items'",
        ),
        ("activities", [{"entries": [{"uuid": "a"}], "has_more": False}], "activities.*'date'"),
        ("customers", [SOURCES, {"entries": [5], "has_more": False}], "customers.*not an object"),
    ],
)
def test_an_answer_of_another_shape_is_named(
    monkeypatch: pytest.MonkeyPatch, stream: str, bodies: list[Any], complaint: str
) -> None:
    bounds = {**QUARTER, **({"interval": "week"} if "metrics" in stream else {})} if STREAMS[stream].windowed else {}
    with serving(*(answer(body=body) for body in bodies)) as server:
        extra = {"max_retry_seconds": 0.01}
        connection = {"conn_type": "chartmogul", "password": "test-key", "host": server.url, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", json.dumps(connection))
        operator = ChartMogulToSqlOperator(task_id="load", stream=stream, sql_conn_id="warehouse", **bounds)

        with pytest.raises(ChartMogulInvalidResponseError, match=complaint):
            operator.execute({})


def test_a_database_that_cannot_be_reached_is_named_without_what_it_said(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    connection = json.loads(os.environ["AIRFLOW_CONN_WAREHOUSE"])
    connection["host"] = str(tmp_path / "missing-folder" / "file")
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection))

    with pytest.raises(ChartMogulLoadError, match=r"public\.mine failed while connecting: [A-Za-z]+") as caught:
        run(warehouse, "customers", table="mine", schema="public")

    assert caught.value.__suppress_context__
    assert "missing-folder" not in "".join(traceback.format_exception(caught.value))


def test_a_connection_that_is_no_database_is_refused() -> None:
    operator = ChartMogulToSqlOperator(task_id="load", stream="customers", sql_conn_id="chartmogul_default")

    with pytest.raises(ChartMogulConfigError, match="'chartmogul_default' is no SQL database: ChartMogulHook"):
        operator.execute({})


@pytest.mark.usefixtures("sqlite_conn")
@pytest.mark.parametrize(
    ("absent", "advice"),
    [("airflow.providers.common.sql.hooks.sql", r"chartmogul\[sql\]"), ("sqlalchemy.exc", r"chartmogul\[sql\]")],
)
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, absent: str, advice: str) -> None:
    monkeypatch.setitem(sys.modules, absent, None)
    operator = ChartMogulToSqlOperator(task_id="load", stream="customers", sql_conn_id="warehouse")

    with pytest.raises(ChartMogulConfigError, match=advice):
        operator.execute({})


@pytest.mark.usefixtures("sqlite_conn")
def test_a_missing_dialect_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqliteHook, "get_uri", lambda _: "nosuchdb:///")
    operator = ChartMogulToSqlOperator(task_id="load", stream="customers", sql_conn_id="warehouse")

    with pytest.raises(ChartMogulConfigError, match="no SQLAlchemy dialect for connection 'warehouse'"):
        operator.execute({})


# in a DAG -------------------------------------------------------------------------------------------------------------


def test_bounds_come_from_the_data_interval_by_default(warehouse: Warehouse, billing: Billing) -> None:
    two_customers(billing)
    operator = ChartMogulToSqlOperator(
        task_id="load",
        stream="activities",
        sql_conn_id="{{ 'ware' ~ 'house' }}",
        table="activities_{{ 1 + 1 }}",
        lookback_days="{{ 30 + 1 }}",
    )
    operator.render_template_fields(
        {"data_interval_start": "2026-02-05 00:00:00+00:00", "data_interval_end": "2026-02-06T00:00:00+00:00"}
    )

    result = operator.execute({})
    assert result["rows"] == {"activities_2": 2}
    assert (result["interval_start"], result["cursor"]) == ("2026-01-05T00:00:00+00:00", "2026-02-06T00:00:00+00:00")


@pytest.mark.usefixtures("sqlite_conn")
def test_runs_without_a_data_interval_load_whole_streams_only(billing: Billing) -> None:
    billing.customer("anna")
    whole = ChartMogulToSqlOperator(task_id="whole", stream="customers", sql_conn_id="warehouse")
    by_time = ChartMogulToSqlOperator(task_id="by_time", stream="activities", sql_conn_id="warehouse")
    for operator in (whole, by_time):
        operator.render_template_fields({})

    assert whole.execute({})["rows"]["chartmogul_customers"] == 1
    with pytest.raises(ValueError, match="interval_start"):
        by_time.execute({})


@pytest.mark.parametrize(
    "arguments",
    [
        {"stream": "custommers"},
        {"stream": "customers", "load_mode": "replace_interval"},
        {"stream": "customers", "load_mode": "upsert"},
        {"stream": "customers", "detect_deletes": True},
        {"stream": "customers", "only_changed": True},
        {"stream": "subscriptions", "only_changed": True, "load_mode": "replace"},
        {"stream": "subscriptions", "only_changed": True, "data_source_uuid": "ds_1"},
        {"stream": "customers", "load_mode": "snapshot", "data_source_uuid": "ds_1"},
        {"stream": "activities", "lookback_days": 1.5},
        {"stream": "activities", "interval_end": "later"},
        {"stream": "metrics_mrr", "split_by": "country"},
        {"stream": "metrics_mrr", "split_by": "filters"},
        {"stream": "activities", "split_by": "geo"},
        {"stream": "customers", "geo": "DE"},
        {"stream": "metrics_asp", "interval": "day"},
        {"stream": "activities", "interval": "day"},
        {"stream": "metrics_mrr", "data_source_uuid": "ds_1"},
        {"stream": "customers", "geo": ["DE"]},
    ],
)
def test_what_cannot_work_is_refused_when_the_dag_is_parsed(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"stream|load_mode|interval|split_by|data_source_uuid|lookback_days"):
        ChartMogulToSqlOperator(task_id="load", sql_conn_id="warehouse", **arguments)


REFUSED = [
    ("customers", "table", "public.customers", r"table .*'public.customers'.* schema"),
    ("customers", "sql_conn_id", "", "sql_conn_id is empty"),
    ("customers", "sql_conn_id", "None", "sql_conn_id is empty"),
    ("customers", "data_source_uuid", "", "data_source_uuid is empty"),
    ("customers", "data_source_uuid", " ", "data_source_uuid is empty"),
    ("customers", "data_source_uuid", "None", "data_source_uuid is empty"),
]


@pytest.mark.parametrize(("stream", "name", "value", "complaint"), REFUSED)
def test_names_that_cannot_be_are_refused_when_the_dag_is_parsed(
    stream: str, name: str, value: str, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        ChartMogulToSqlOperator(**{"task_id": "load", "stream": stream, "sql_conn_id": "warehouse", name: value})


@pytest.mark.usefixtures("sqlite_conn")
@pytest.mark.parametrize(
    ("stream", "name", "value", "complaint"),
    [
        *REFUSED,
        ("metrics_mrr", "geo", "None", "geo is empty"),
        ("metrics_mrr", "geo", 5, "geo must be text or a list of texts"),
        ("metrics_mrr", "geo", {"DE", "FR"}, "geo must be text or a list of texts"),
        ("metrics_mrr", "plans", ["Gold", 5], "plans must be text or a list of texts"),
        ("metrics_mrr", "plans", ["Gold", ""], "plans must be text or a list of texts"),
        ("metrics_mrr", "filters", ["mrr~GT~1"], "filters must be text, not"),
    ],
)
def test_what_a_template_made_of_them_is_refused_before_any_request(
    emulator: Emulator, stream: str, name: str, value: Any, complaint: str
) -> None:
    bounds = QUARTER if STREAMS[stream].windowed else {}
    arguments = {"sql_conn_id": "warehouse", **bounds, name: "{{ params.value }}"}
    operator = ChartMogulToSqlOperator(task_id="load", stream=stream, **arguments)
    setattr(operator, name, value)

    with pytest.raises(ValueError, match=complaint):
        operator.execute({})

    assert emulator.stats()["requests"] == 0


@pytest.mark.usefixtures("sqlite_conn")
def test_what_templates_hide_is_refused_when_the_task_runs() -> None:
    operator = ChartMogulToSqlOperator(
        task_id="load", stream="metrics_asp", sql_conn_id="warehouse", interval="{{ 'day' }}", **QUARTER
    )
    operator.render_template_fields({})

    with pytest.raises(ValueError, match="interval of stream metrics_asp must be one of month, quarter, year"):
        operator.execute({})


def test_parsing_a_dag_does_not_import_databases() -> None:
    script = (
        "import sys\n"
        "from airflow.providers.common.compat.sdk import BaseHook, BaseOperator\n"
        "before = set(sys.modules)\n"
        "from airflow_provider_chartmogul.transfers.chartmogul_to_sql import ChartMogulToSqlOperator\n"
        "ChartMogulToSqlOperator(task_id='t', stream='customers', sql_conn_id='w')\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "heavy = {'sqlalchemy', 'duckdb', 'duckdb_engine', 'pandas', 'pyarrow', 'numpy', 'psycopg2'}\n"
        "assert not new & heavy, new & heavy\n"
        "assert 'airflow_provider_chartmogul.transfers.sql' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
