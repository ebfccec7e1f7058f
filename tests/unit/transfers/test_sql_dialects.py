"""Databases that no test can have: that their SQL can be written at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from snowflake.sqlalchemy.snowdialect import SnowflakeDialect
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql
from sqlalchemy_bigquery import BigQueryDialect

from airflow_provider_chartmogul.exceptions import ChartMogulServerError
from airflow_provider_chartmogul.streams import STREAMS
from airflow_provider_chartmogul.streams.columns import ColumnType, columns
from airflow_provider_chartmogul.streams.model import LoadMode, Page, Scope, Table
from airflow_provider_chartmogul.transfers.loading import Plan
from airflow_provider_chartmogul.transfers.sql import staging
from airflow_provider_chartmogul.transfers.sql.modes import Swap
from airflow_provider_chartmogul.transfers.sql.schema import AddColumn, _fits
from airflow_provider_chartmogul.transfers.sql.staging import Staging
from airflow_provider_chartmogul.transfers.sql.tables import TYPES, marks_of, target_table
from airflow_provider_chartmogul.transfers.sql.target import SqlTarget
from tests.unit.transfers import sql_orders
from tests.unit.transfers.sql_orders import DURABLE, load_reading, order, reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_chartmogul.streams.model import Record
    from tests.unit.transfers.conftest import Warehouse

DIALECTS: dict[str, Any] = {
    "mysql": mysql.dialect,
    "mssql": mssql.dialect,
    "oracle": oracle.dialect,
    # Redshift has no dialect for SQLAlchemy 2; its SQL is close to this
    "postgresql": postgresql.dialect,
    "snowflake": SnowflakeDialect,
    "bigquery": BigQueryDialect,
}
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


def statements(plan: Plan, dialect: str) -> Iterator[Any]:
    targets = {table.suffix: target_table(table, "target", "analytics", marks_of(plan)) for table in plan.tables}
    staged = Staging(dialect, plan.tables, "load", schema="analytics", durable=True)
    swap = Swap(plan, targets, staged)
    yield from (statement for _, statement in swap.clearing())
    for table in plan.tables:
        yield from (swap.count(table), swap.insertion(table))
    for table in (*targets.values(), *staged.tables):
        yield from (sa.schema.CreateTable(table), table.insert(), sa.schema.DropTable(table))
        yield from (AddColumn(column) for column in table.columns)


def without_condition(written: Sequence[str]) -> list[str]:
    """Return what BigQuery refuses."""
    return [text for text in written if text.startswith(("DELETE", "UPDATE")) and "WHERE" not in text]


@pytest.mark.parametrize("marks", [{}, {"mark_vanished": True}, {"drop_vanished": True}], ids=str)
@pytest.mark.parametrize("mode", list(LoadMode))
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_statement_can_be_written(dialect: str, mode: LoadMode, marks: dict[str, bool]) -> None:
    scopes: dict[str, Scope | None] = {
        "metrics_all": Scope("date", date(2026, 1, 1), date(2026, 2, 1), {"interval": "month", "geo": ("DE", "FR")}),
        "activities": Scope("date", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)),
        "invoices": None,
    }
    for stream, scope in scopes.items():
        if mode is not LoadMode.REPLACE_INTERVAL or scope:
            plan = Plan(STREAMS[stream].tables, mode, scope, as_of=AS_OF, **marks)
            written = [str(one.compile(dialect=DIALECTS[dialect]())) for one in statements(plan, dialect)]
            assert all(text.strip() for text in written)
            assert not without_condition(written)


@pytest.mark.parametrize("mode", list(LoadMode))
def test_no_load_deletes_or_changes_rows_without_a_condition(postgres_warehouse: Warehouse, mode: LoadMode) -> None:
    engine = postgres_warehouse.engine()
    executed: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *arguments: executed.append(arguments[2]))
    first, again = (SqlTarget(engine, sql_orders.plan(mode), table="orders") for _ in range(2))

    first.begin(DURABLE)
    first.stage(Page([order("a", "a1")]), [("", "1")])
    first.end(keep=True)
    again.begin(replace(DURABLE, going_on=True))
    again.put_in_place()
    again.end(keep=False)

    assert sum(text.startswith("UPDATE chartmogul_staging_") for text in executed) == 4
    assert not without_condition(executed)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_created_column_is_one_that_fits_the_next_time(dialect: str) -> None:
    one = DIALECTS[dialect]()
    for kind in TYPES.values():
        assert _fits(kind, kind, one)


def test_mysql_keeps_split_seconds() -> None:
    table = target_table(Table(columns=columns(ColumnType.TIMESTAMP, "at"), key=("at",)), "t")

    assert "DATETIME(6)" in str(sa.schema.CreateTable(table).compile(dialect=mysql.dialect()))


def test_mysql_never_names_a_table_twice_that_it_writes_but_in_a_subquery() -> None:
    """It refuses to delete from what a plain subquery reads (error 1093); one within FROM is read first."""
    plan = Plan(STREAMS["invoices"].tables, LoadMode.MERGE, drop_vanished=True)
    targets = {table.suffix: target_table(table, "target") for table in plan.tables}
    swap = Swap(plan, targets, Staging("mysql", plan.tables, "load", schema=None, durable=True))

    for table, statement in swap.clearing():
        sql = str(statement.compile(dialect=mysql.dialect()))
        name = targets[table.suffix].name
        if f"FROM {name} AS present" in sql:
            assert f"(SELECT DISTINCT present.{table.record_key} AS gone \nFROM {name} AS present" in sql
            assert "AS vanished" in sql


@pytest.mark.parametrize("fails", [True, False], ids=["failing", "succeeding"])
def test_databases_without_temporary_tables_get_ordinary_ones_that_are_dropped(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    monkeypatch.setattr(staging, "WITH_TEMPORARY_TABLES", ())
    seen: list[set[str]] = []

    def pages() -> Iterator[Sequence[Record]]:
        yield [order("a", "a1")]
        seen.append(warehouse.tables())
        if fails:
            raise ChartMogulServerError("GET /customers: 500", status_code=500)

    if fails:
        with pytest.raises(ChartMogulServerError):
            load_reading(warehouse, reading(pages()))
    else:
        load_reading(warehouse, reading(pages()))

    assert sum("chartmogul_staging_" in name for name in seen[0]) == 4
    assert warehouse.tables() == (set() if fails else {"orders", "orders_items"})
