from __future__ import annotations

import threading
import traceback
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError, ChartMogulLoadError, ChartMogulServerError
from airflow_provider_chartmogul.streams import STREAMS
from airflow_provider_chartmogul.streams.columns import ColumnType, columns
from airflow_provider_chartmogul.streams.model import LoadMode, Reading, Scope, Table
from airflow_provider_chartmogul.transfers import sql_load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.streams.model import Page, Record
    from tests.unit.transfers.conftest import Warehouse

ORDER = Table(
    columns=(
        *columns(ColumnType.STRING, "uuid", "label", "slice"),
        *columns(ColumnType.INTEGER, "cents"),
        *columns(ColumnType.DECIMAL, "rate"),
        *columns(ColumnType.BOOLEAN, "paid"),
        *columns(ColumnType.TIMESTAMP, "happened"),
        *columns(ColumnType.DATE, "due"),
    ),
    key="uuid",
)
ITEM = Table(
    suffix="items", columns=columns(ColumnType.STRING, "order_uuid", "uuid"), key="uuid", parent_key="order_uuid"
)
MODES = list(LoadMode)
SCOPE = Scope("happened", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))


def order(uuid: str, *items: str, happened: str | None = "2026-01-10", **fields: Any) -> Record:
    return {
        "": [ORDER.row("orders", {"uuid": uuid, "happened": happened, **fields})],
        "items": [ITEM.row("orders", {"uuid": item, "order_uuid": uuid}) for item in items],
    }


def load(warehouse: Warehouse, *pages: Page, mode: str = "replace", **arguments: Any) -> dict[str, int]:
    return load_reading(warehouse, Reading(iter(pages), SCOPE), mode, **arguments)


def load_reading(
    warehouse: Warehouse, reading: Reading, mode: str = "replace", schema: str | None = None
) -> dict[str, int]:
    # streams that are read by time or by slices have no children
    alone = mode == LoadMode.REPLACE_INTERVAL or (reading.scope and reading.scope.constants)
    tables = (ORDER,) if alone else (ORDER, ITEM)
    return sql_load.load(warehouse.engine(), tables, reading, LoadMode(mode), table="orders", schema=schema)


def contents(warehouse: Warehouse) -> tuple[list[Any], list[Any]]:
    return (
        warehouse.query("SELECT uuid, label, cents FROM orders ORDER BY uuid"),
        warehouse.query("SELECT uuid, order_uuid FROM orders_items ORDER BY uuid"),
    )


def test_values_come_back_as_they_went_in(warehouse: Warehouse) -> None:
    full = {
        "label": 'Ünï "cö\'de" 🦊, \\ % :x \t\n',
        "cents": -(2**62),
        "rate": 2.92,
        "paid": True,
        "happened": "2026-01-01T00:30:00.000+01:00",
        "due": "2026-02-28",
        "unknown-field": {"ü": [1, None]},
    }
    load(warehouse, [order("a", **full), order("b", happened=None)])

    utc = warehouse.utc("happened")
    (first, second) = warehouse.query(
        f"SELECT uuid, label, cents, rate, paid, {utc}, due, extra FROM orders ORDER BY uuid"
    )
    uuid, label, cents, rate, paid, at, due, extra = first
    assert (uuid, label, cents, bool(paid)) == ("a", full["label"], -(2**62), True)
    assert Decimal(str(rate)) == Decimal("2.92")
    assert at == "2025-12-31 23:30:00"
    assert str(due) == "2026-02-28"
    assert extra == '{"unknown-field":{"ü":[1,null]}}'
    assert second == ("b", *[None] * 7)


def test_timestamps_of_other_zones_are_stored_in_utc(warehouse: Warehouse) -> None:
    row = order("a")
    row[""][0]["happened"] = datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=-5))).astimezone(UTC)
    load(warehouse, [row])

    assert warehouse.column("orders", warehouse.utc("happened")) == ["2026-01-01 05:30:00"]


@pytest.mark.parametrize("mode", MODES)
def test_loading_twice_leaves_the_same_tables(warehouse: Warehouse, mode: str) -> None:
    pages = [[order("a", "a1", "a2"), order("b", "b1")], [order("c")]]
    load(warehouse, *pages)
    once = contents(warehouse)

    for _ in range(2):
        assert load(warehouse, *pages, mode=mode)["orders"] == 3
        assert contents(warehouse) == once


def test_replace_leaves_only_what_was_read(warehouse: Warehouse) -> None:
    load(warehouse, [order("gone", "g1"), order("a", "a1", "a2", label="old")])

    load(warehouse, [order("a", "a2", "a3", label="new")])

    assert contents(warehouse) == ([("a", "new", None)], [("a2", "a"), ("a3", "a")])


def test_replacing_with_nothing_empties_the_tables(warehouse: Warehouse) -> None:
    load(warehouse, [order("a", "a1")])

    assert load(warehouse) == {"orders": 0, "orders_items": 0}
    assert contents(warehouse) == ([], [])


def test_merge_replaces_what_was_read_with_its_children_and_keeps_the_rest(warehouse: Warehouse) -> None:
    load(warehouse, [order("kept", "k1"), order("a", "a1", "a2", label="old")])

    rows = load(warehouse, [order("a", "a2", label="new"), order("b", "b1")], mode="merge")

    assert rows == {"orders": 2, "orders_items": 2}
    assert contents(warehouse) == (
        [("a", "new", None), ("b", None, None), ("kept", None, None)],
        [("a2", "a"), ("b1", "b"), ("k1", "kept")],
    )


def test_replace_interval_replaces_from_the_start_up_to_but_not_including_the_end(warehouse: Warehouse) -> None:
    times = {
        "before": "2025-12-31T23:59:59.999Z",
        "start": "2026-01-01T00:00:00Z",
        "inside": "2026-01-31T23:59:59.999Z",
        "end": "2026-02-01T00:00:00Z",
    }
    load(warehouse, [order(uuid, happened=happened) for uuid, happened in times.items()])

    load(warehouse, [order("new", happened="2026-01-15")], mode="replace_interval")

    assert warehouse.column("orders", "uuid") == ["before", "end", "new"]


def test_overlapping_intervals_hold_each_row_once(warehouse: Warehouse) -> None:
    def load_days(first: int, last: int) -> None:
        scope = Scope("happened", datetime(2026, 1, first, tzinfo=UTC), datetime(2026, 1, last + 1, tzinfo=UTC))
        page = [order(f"day-{day:02}", happened=f"2026-01-{day:02}", cents=first) for day in range(first, last + 1)]
        load_reading(warehouse, Reading(iter([page]), scope), "replace_interval")

    load_days(1, 10)
    load_days(6, 15)

    assert warehouse.column("orders", "uuid") == [f"day-{day:02}" for day in range(1, 16)]
    assert warehouse.query("SELECT cents, count(*) FROM orders GROUP BY cents ORDER BY cents") == [(1, 5), (6, 10)]


@pytest.mark.parametrize("mode", ["merge", "replace_interval"])
def test_other_slices_of_a_table_are_left_alone(warehouse: Warehouse, mode: str) -> None:
    load(warehouse, [order("a", slice="month"), order("b", slice="month")])
    scope = Scope("happened", SCOPE.start, SCOPE.end, {"slice": "day"})

    for _ in range(2):
        load_reading(warehouse, Reading(iter([[order("a", slice="day")]]), scope), mode)

    rows = warehouse.query("SELECT uuid, slice FROM orders ORDER BY slice, uuid")
    assert rows == [("a", "day"), ("a", "month"), ("b", "month")]


@pytest.mark.parametrize("mode", ["merge", "replace"])
def test_a_record_read_twice_counts_as_it_was_read_last(warehouse: Warehouse, mode: str) -> None:
    rows = load(
        warehouse,
        [order("a", "a1", "a2", label="first"), order("b")],
        [order("a", "a2", label="second")],
        [order("a", "a2", "a3", label="third"), order("a", "a3", label="last")],
        mode=mode,
    )

    assert rows == {"orders": 2, "orders_items": 1}
    assert contents(warehouse) == ([("a", "last", None), ("b", None, None)], [("a3", "a")])


# failures -------------------------------------------------------------------------------------------------------------


def failing(*pages: Page) -> Iterator[Page]:
    yield from pages
    raise ChartMogulServerError("GET /customers: 500", status_code=500)


@pytest.mark.parametrize("mode", MODES)
def test_a_walk_that_fails_leaves_the_tables_as_they_were(warehouse: Warehouse, mode: str) -> None:
    load(warehouse, [order("a", "a1", label="old"), order("b")])
    before = contents(warehouse), warehouse.tables()

    with pytest.raises(ChartMogulServerError):
        load_reading(warehouse, Reading(failing([order("a", label="new")], [order("c", "c1")]), SCOPE), mode)

    assert (contents(warehouse), warehouse.tables()) == before


def test_a_first_load_that_fails_leaves_no_table_behind(warehouse: Warehouse) -> None:
    with pytest.raises(ChartMogulServerError):
        load_reading(warehouse, Reading(failing([order("a", "a1")])))

    assert warehouse.tables() == set()


@pytest.mark.parametrize("mode", MODES)
def test_a_database_that_refuses_the_last_step_keeps_the_tables_as_they_were(warehouse: Warehouse, mode: str) -> None:
    last = "orders" if mode == LoadMode.REPLACE_INTERVAL else "orders_items"
    load(warehouse, [order("a", "a1", label="old")])
    # nothing fills this column: inserting fails, after everything else was done
    definitions = ", ".join(f"{name} {kind}" for name, kind in warehouse.query(warehouse.definition_of(last)))
    warehouse.execute(f"DROP TABLE {last}", f"CREATE TABLE {last} ({definitions}, own INTEGER NOT NULL)")
    before = contents(warehouse), warehouse.tables()
    value = "secret value"

    with pytest.raises(ChartMogulLoadError, match=f"{last} failed while inserting") as caught:
        load(warehouse, [order("a", value, label=value), order("b")], mode=mode)

    assert (contents(warehouse), warehouse.tables()) == before
    assert value not in "".join(traceback.format_exception(caught.value))


def test_a_table_created_by_a_load_that_fails_is_gone_again(warehouse: Warehouse) -> None:
    warehouse.execute(
        "CREATE TABLE orders_items (order_uuid VARCHAR(255), uuid VARCHAR(255), extra VARCHAR, own INTEGER NOT NULL)"
    )

    with pytest.raises(ChartMogulLoadError):
        load(warehouse, [order("a", "a1")])

    assert warehouse.tables() == {"orders_items"}


def test_an_error_tells_table_step_and_state_but_no_value(warehouse: Warehouse) -> None:
    values = {"uuid": "secret uuid", "label": "secret label", "cents": 2**70 + 12345}

    with pytest.raises(ChartMogulLoadError) as caught:
        load(warehouse, [order(**values)])

    text = "".join(traceback.format_exception(caught.value))
    assert "Loading into orders failed while staging" in text
    assert {"sqlite": "OverflowError", "duckdb": "ConversionException", "postgresql": "22003"}[warehouse.kind] in text
    assert not [value for value in values.values() if str(value) in text]


def test_a_table_of_other_columns_is_refused_before_anything_is_read(warehouse: Warehouse) -> None:
    load(warehouse, [order("a", "a1")])
    warehouse.execute("ALTER TABLE orders DROP COLUMN rate", "ALTER TABLE orders DROP COLUMN paid")
    before = warehouse.column("orders", "uuid")

    with pytest.raises(ChartMogulConfigError, match="Table orders exists but has no column rate, paid"):
        load_reading(warehouse, Reading(failing()))

    assert warehouse.column("orders", "uuid") == before


def test_columns_added_to_a_table_stay_and_stay_empty(warehouse: Warehouse) -> None:
    load(warehouse, [order("a", "a1")])
    warehouse.execute("ALTER TABLE orders ADD COLUMN own INTEGER")

    load(warehouse, [order("a", "a1"), order("b")], mode="merge")

    assert warehouse.query("SELECT uuid, own FROM orders ORDER BY uuid") == [("a", None), ("b", None)]


# others at work -------------------------------------------------------------------------------------------------------


def test_a_target_can_be_written_while_chartmogul_is_read(warehouse: Warehouse) -> None:
    load(warehouse, [order("a")])

    def pages() -> Iterator[Page]:
        yield [order("b")]
        warehouse.execute("INSERT INTO orders (uuid) VALUES ('by-hand')")
        yield [order("c")]

    load_reading(warehouse, Reading(pages()), "merge")

    assert warehouse.column("orders", "uuid") == ["a", "b", "by-hand", "c"]


@pytest.mark.parametrize("exists", [True, False], ids=["existing table", "new table"])
def test_loads_into_one_table_take_turns(postgres_warehouse: Warehouse, exists: bool) -> None:
    """Four loads of the same interval have read everything before the first of them writes."""
    if exists:
        load(postgres_warehouse, [order("old", "o1")])
    all_have_read = threading.Barrier(4, timeout=30)

    def load_one(number: int) -> None:
        def pages() -> Iterator[Page]:
            yield [order(f"a{i}", f"i{i}", cents=number) for i in range(50)]
            all_have_read.wait()

        load_reading(postgres_warehouse, Reading(pages(), SCOPE), "merge" if exists else "replace")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(load_one, range(4)))

    rows = postgres_warehouse.query("SELECT count(*), count(DISTINCT uuid), count(DISTINCT cents) FROM orders")
    assert rows == [(51, 51, 1) if exists else (50, 50, 1)]
    assert postgres_warehouse.query("SELECT count(*) FROM orders_items") == [(51 if exists else 50,)]


# databases ------------------------------------------------------------------------------------------------------------


def test_tables_can_lie_in_a_schema(warehouse: Warehouse) -> None:
    if warehouse.kind == "sqlite":
        schema = "main"
    else:
        schema = "analytics"
        warehouse.execute("DROP SCHEMA IF EXISTS analytics CASCADE", "CREATE SCHEMA analytics")

    for _ in range(2):
        assert load(warehouse, [order("a", "a1")], schema=schema, mode="merge") == {"orders": 1, "orders_items": 1}

    assert warehouse.column(f"{schema}.orders", "uuid") == ["a"]


@pytest.mark.parametrize("fails", [True, False], ids=["failing", "succeeding"])
def test_databases_without_temporary_tables_get_ordinary_ones_that_are_dropped(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    monkeypatch.setattr(sql_load, "_WITH_TEMPORARY_TABLES", ())
    seen: list[set[str]] = []

    def pages() -> Iterator[Page]:
        yield [order("a", "a1")]
        seen.append(warehouse.tables())
        if fails:
            raise ChartMogulServerError("GET /customers: 500", status_code=500)

    if fails:
        with pytest.raises(ChartMogulServerError):
            load_reading(warehouse, Reading(pages()))
    else:
        load_reading(warehouse, Reading(pages()))

    assert sum("chartmogul_staging_" in name for name in seen[0]) == 2
    assert warehouse.tables() == (set() if fails else {"orders", "orders_items"})


def test_duckdb_gets_by_columns_what_others_get_by_rows(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("duckdb_conn")
    from tests.unit.transfers.conftest import Warehouse

    warehouse = Warehouse("warehouse", "duckdb")
    page = [
        order(f"u{i}", label=None if i % 3 else 'ü"', cents=i - 5, rate=i / 7, paid=bool(i % 2), due="2026-01-31")
        for i in range(20)
    ] + [order("empty", happened=None)]
    select = "SELECT * REPLACE (CAST(epoch_ms(happened) AS VARCHAR) AS happened) FROM orders ORDER BY uuid"

    load(warehouse, page)
    by_columns = warehouse.query(select)
    monkeypatch.setattr(sql_load, "_INSERTS", {})
    load(warehouse, page)

    assert by_columns == warehouse.query(select)
    assert len(by_columns) == 21


def test_memory_is_a_page_whatever_the_number_of_pages(sqlite_conn: str) -> None:
    from tests.unit.transfers.conftest import Warehouse

    def peak(pages: int) -> int:
        reading = Reading([order(f"{n}-{i}", f"i{n}-{i}", label="x" * 200) for i in range(200)] for n in range(pages))
        tracemalloc.start()
        load_reading(Warehouse(sqlite_conn, "sqlite"), reading)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(2)  # what is loaded and cached once
    assert peak(40) < 1.3 * peak(4)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "dialect", [mysql, mssql, oracle, postgresql], ids=lambda module: module.__name__.split(".")[-1]
)
@pytest.mark.parametrize("stream", ["customers", "invoices", "metrics_all", "activities"])
def test_statements_compile_for_other_databases(dialect: Any, stream: str, mode: str) -> None:
    tables = STREAMS[stream].tables
    constants = {"interval": "month", "geo": ""} if stream == "metrics_all" else {}
    column = "created" if stream in ("customers", "invoices") else "date"
    statements: list[Any] = []
    connection = SimpleNamespace(
        dialect=dialect.dialect(),
        execute=lambda one, *_: statements.append(one) or SimpleNamespace(scalar_one=lambda: 0),
    )
    one_load = sql_load._Load(connection, tables, "target", "analytics")
    for table in tables:
        if mode != LoadMode.REPLACE_INTERVAL or column == "date":
            statements.append(
                one_load._deletion(table, LoadMode(mode), Scope(column, date(2026, 1, 1), date(2026, 2, 1), constants))
            )
        one_load._insert(table)
        statements += [sa.schema.CreateTable(one_load.targets[table.suffix]), one_load.staging[table.suffix].insert()]
        statements.append(sa.schema.CreateTable(one_load.staging[table.suffix]))

    for statement in statements:
        assert str(statement.compile(dialect=connection.dialect)).strip()
