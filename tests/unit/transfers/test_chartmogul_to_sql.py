from __future__ import annotations

import json
import logging
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.sqlite.hooks.sqlite import SqliteHook

from airflow_provider_chartmogul.exceptions import (
    ChartMogulConfigError,
    ChartMogulConnectionError,
    ChartMogulLoadError,
    ChartMogulServerError,
)
from airflow_provider_chartmogul.streams import STREAMS
from airflow_provider_chartmogul.transfers.chartmogul_to_sql import ChartMogulToSqlOperator

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator
    from tests.unit.transfers.conftest import Warehouse

pytestmark = pytest.mark.usefixtures("chartmogul_conn")

NOW = "2026-03-20T12:00:00Z"
QUARTER = {"interval_start": "2026-01-01", "interval_end": "2026-03-21"}


@pytest.fixture(autouse=True)
def _clock(emulator: Emulator) -> None:
    emulator.configure(now=NOW)


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


def two_customers(billing: Billing) -> tuple[str, str]:
    """MRR: Anna 4000 from 5 January, 5000 from 5 February; Bert 2000 from 10 February, without a fixed end."""
    anna, bert = billing.customer("anna", country="DE"), billing.customer("bert", country="FR")
    billing.invoice(anna, "a1", "2026-01-05", "2026-02-05", 4000)
    billing.invoice(anna, "a2", "2026-02-05", "2026-03-05", 5000)
    billing.invoice(bert, "b1", "2026-02-10", "2026-03-10", 2000)
    return anna, bert


# every stream ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", STREAMS)
def test_every_stream_lands_and_lands_again(warehouse: Warehouse, billing: Billing, stream: str) -> None:
    two_customers(billing)
    bounds = QUARTER if STREAMS[stream].windowed else {}

    first = run(warehouse, stream, **bounds)
    tables = {name: warehouse.query(f"SELECT count(*), count(extra) FROM {name}") for name in first["rows"]}
    second = run(warehouse, stream, **bounds)

    assert first == second
    assert json.loads(json.dumps(first)) == first
    assert all(count > 0 for count in first["rows"].values())
    # every field of the API has a column
    assert tables == {name: [(count, 0)] for name, count in first["rows"].items()}
    assert {name: warehouse.query(f"SELECT count(*), count(extra) FROM {name}") for name in first["rows"]} == tables


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

    assert result == {
        "rows": {"chartmogul_metrics_mrr": 3},
        "interval_start": "2026-01-01T00:00:00+00:00",
        "interval_end": "2026-03-21T00:00:00+00:00",
    }
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

    # Wednesday 4 February to Tuesday 10 February
    bounds = {"interval_start": "2026-02-04", "interval_end": "2026-02-11"}
    run(warehouse, "metrics_mrr", interval="week", **bounds)

    assert mrr(warehouse) == [("2026-02-07", 5000, 0, 1000, 25.0), ("2026-02-10", 7000, 2000, 0, 40.0)]


def test_intervals_and_segments_share_a_table(warehouse: Warehouse, billing: Billing) -> None:
    two_customers(billing)
    february = {"interval_start": "2026-02-01", "interval_end": "2026-03-01"}

    for _ in range(2):
        run(warehouse, "metrics_mrr", **february)
        run(warehouse, "metrics_mrr", **february, interval="year")
        run(warehouse, "metrics_mrr", **february, geo="FR")

    rows = warehouse.query("SELECT interval, geo, mrr FROM chartmogul_metrics_mrr ORDER BY mrr, interval")
    assert sorted(rows) == [("month", "", 7000), ("month", "FR", 2000), ("year", "", 7000)]


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
    customers = [{"external_id": f"c{number}", "name": f"Customer {number}"} for number in range(450)]
    billing.client.json_imports.create(billing.data_source_uuid, external_id="many", customers=customers)
    while billing.client.json_imports.retrieve(billing.data_source_uuid, "many")["status"] != "completed":
        pass
    return len(customers)


def test_all_pages_are_loaded(warehouse: Warehouse, many_customers: int) -> None:
    assert run(warehouse, "customers")["rows"] == {"chartmogul_customers": many_customers}
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
    warehouse.execute("DROP TABLE chartmogul_customers")
    names = [column.name for column in STREAMS["customers"].tables[0].all_columns]
    # e-mails do not fit in here
    columns = ", ".join(
        f"{name} {'VARCHAR CHECK (length(email) < 3)' if name == 'email' else 'VARCHAR'}" for name in names
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

    assert operator.execute({}) == {
        "rows": {"activities_2": 2},
        "interval_start": "2026-01-05T00:00:00+00:00",
        "interval_end": "2026-02-06T00:00:00+00:00",
    }


@pytest.mark.usefixtures("sqlite_conn")
def test_runs_without_a_data_interval_load_whole_streams_only(billing: Billing) -> None:
    billing.customer("anna")
    whole = ChartMogulToSqlOperator(task_id="whole", stream="customers", sql_conn_id="warehouse")
    by_time = ChartMogulToSqlOperator(task_id="by_time", stream="activities", sql_conn_id="warehouse")
    for operator in (whole, by_time):
        operator.render_template_fields({})

    assert whole.execute({})["rows"] == {"chartmogul_customers": 1}
    with pytest.raises(ValueError, match="interval_start"):
        by_time.execute({})


@pytest.mark.parametrize(
    "arguments",
    [
        {"stream": "custommers"},
        {"stream": "customers", "load_mode": "replace_interval"},
        {"stream": "customers", "load_mode": "append"},
        {"stream": "customers", "geo": "DE"},
        {"stream": "metrics_asp", "interval": "day"},
        {"stream": "activities", "interval": "day"},
        {"stream": "metrics_mrr", "data_source_uuid": "ds_1"},
    ],
)
def test_what_cannot_work_is_refused_when_the_dag_is_parsed(arguments: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"stream|load_mode|interval"):
        ChartMogulToSqlOperator(task_id="load", sql_conn_id="warehouse", **arguments)


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
        "assert 'airflow_provider_chartmogul.transfers.sql_load' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
