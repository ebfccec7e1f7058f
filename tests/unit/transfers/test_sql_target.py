from __future__ import annotations

import threading
import traceback
import tracemalloc
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from airflow_provider_chartmogul.exceptions import ChartMogulLoadError, ChartMogulServerError
from airflow_provider_chartmogul.streams.model import LoadMode, Scope
from airflow_provider_chartmogul.transfers.sql.target import SqlTarget
from tests.unit.transfers.sql_orders import (
    DURABLE,
    MODES,
    ONCE,
    SCOPE,
    contents,
    load,
    load_reading,
    order,
    plan,
    reading,
)

ATTEMPTS = pytest.mark.parametrize("attempt", [ONCE, DURABLE], ids=["temporary", "durable"])

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.streams.model import Record
    from airflow_provider_chartmogul.transfers.loading import Attempt
    from tests.unit.transfers.conftest import Warehouse


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
    assert row.rows is not None
    row.rows[""][0]["happened"] = datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=-5))).astimezone(UTC)
    load(warehouse, [row])

    assert warehouse.column("orders", warehouse.utc("happened")) == ["2026-01-01 05:30:00"]


@pytest.mark.parametrize("mode", MODES)
@ATTEMPTS
def test_loading_twice_leaves_the_same_tables(warehouse: Warehouse, mode: str, attempt: Attempt) -> None:
    pages = [[order("a", "a1", "a2"), order("b", "b1")], [order("c")]]

    assert load(warehouse, *pages, mode=mode, attempt=attempt) == {"orders": 3, "orders_items": 3}
    once = contents(warehouse)
    for _ in range(2):
        added = load(warehouse, *pages, mode=mode, attempt=attempt)["orders"]
        assert added == (0 if mode == LoadMode.APPEND else 3)
        assert contents(warehouse) == once

    assert [len(rows) for rows in once] == [3, 3]
    assert warehouse.tables() == {"orders", "orders_items"}


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
        load_reading(warehouse, reading([page], scope), "replace_interval")

    load_days(1, 10)
    load_days(6, 15)

    assert warehouse.column("orders", "uuid") == [f"day-{day:02}" for day in range(1, 16)]
    assert warehouse.query("SELECT cents, count(*) FROM orders GROUP BY cents ORDER BY cents") == [(1, 5), (6, 10)]


@pytest.mark.parametrize("mode", ["merge", "replace_interval"])
def test_other_slices_of_a_table_are_left_alone(warehouse: Warehouse, mode: str) -> None:
    load(warehouse, [order("a", slice="month"), order("b", slice="month")])
    scope = Scope("happened", SCOPE.start, SCOPE.end, {"slice": "day"})

    for _ in range(2):
        load_reading(warehouse, reading([[order("a", slice="day")]], scope), mode)

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


def failing(*pages: list[Record]) -> Iterator[list[Record]]:
    yield from pages
    raise ChartMogulServerError("GET /customers: 500", status_code=500)


@pytest.mark.parametrize("mode", MODES)
def test_a_walk_that_fails_leaves_the_tables_as_they_were(warehouse: Warehouse, mode: str) -> None:
    load(warehouse, [order("a", "a1", label="old"), order("b")])
    before = contents(warehouse), warehouse.tables()

    with pytest.raises(ChartMogulServerError):
        load_reading(warehouse, reading(failing([order("a", label="new")], [order("c", "c1")])), mode)

    assert (contents(warehouse), warehouse.tables()) == before


def test_a_first_load_that_fails_leaves_no_table_behind(warehouse: Warehouse) -> None:
    with pytest.raises(ChartMogulServerError):
        load_reading(warehouse, reading(failing([order("a", "a1")])))

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
    assert {"sqlite": "OverflowError", "duckdb": "OverflowError", "postgresql": "22003"}[warehouse.kind] in text
    assert not [value for value in values.values() if str(value) in text]


def test_columns_added_to_a_table_stay_and_stay_empty(warehouse: Warehouse) -> None:
    load(warehouse, [order("a", "a1")])
    warehouse.execute("ALTER TABLE orders ADD COLUMN own INTEGER")

    load(warehouse, [order("a", "a1"), order("b")], mode="merge")

    assert warehouse.query("SELECT uuid, own FROM orders ORDER BY uuid") == [("a", None), ("b", None)]


# others at work -------------------------------------------------------------------------------------------------------


def test_a_target_can_be_written_while_chartmogul_is_read(warehouse: Warehouse) -> None:
    load(warehouse, [order("a")])

    def pages() -> Iterator[list[Record]]:
        yield [order("b")]
        warehouse.execute("INSERT INTO orders (uuid) VALUES ('by-hand')")
        yield [order("c")]

    load_reading(warehouse, reading(pages()), "merge")

    assert warehouse.column("orders", "uuid") == ["a", "b", "by-hand", "c"]


@ATTEMPTS
@pytest.mark.parametrize("exists", [True, False], ids=["existing table", "new table"])
@pytest.mark.parametrize("warehouse", ["sqlite", "postgresql"], indirect=True)
def test_loads_into_one_table_take_turns(warehouse: Warehouse, exists: bool, attempt: Attempt) -> None:
    """Four loads of the same interval have read everything before the first of them writes."""
    if exists:
        load(warehouse, [order("old", "o1")])
    all_have_read = threading.Barrier(4, timeout=60)

    def load_one(number: int) -> None:
        def pages() -> Iterator[list[Record]]:
            yield [order(f"a{i}", f"i{i}", cents=number) for i in range(50)]
            all_have_read.wait()

        load_reading(
            warehouse,
            reading(pages()),
            "merge" if exists else "replace",
            attempt=replace(attempt, load_id=f"load {number}"),
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(load_one, range(4)))

    rows = warehouse.query("SELECT count(*), count(DISTINCT uuid), count(DISTINCT cents) FROM orders")
    assert rows == [(51, 51, 1) if exists else (50, 50, 1)]
    assert warehouse.query("SELECT count(*) FROM orders_items") == [(51 if exists else 50,)]
    assert warehouse.tables() == {"orders", "orders_items"}


def test_a_load_begins_while_another_puts_the_same_new_table_in_place(postgres_warehouse: Warehouse) -> None:
    first, second = (SqlTarget(postgres_warehouse.engine(), plan("merge"), table="orders") for _ in range(2))
    first.begin(ONCE)
    second_has_looked = threading.Event()

    def on_statement(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        # the last that it does on its way to the table before the other's is there
        if "pg_advisory" in statement or "CREATE TABLE orders" in statement:
            second_has_looked.set()

    sa.event.listen(second._engine, "before_cursor_execute", on_statement)
    beginnings: list[Future[Any]] = []

    def begin_second(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "INSERT INTO orders" in statement and not beginnings:
            beginnings.append(pool.submit(second.begin, ONCE))
            assert second_has_looked.wait(60)

    with ThreadPoolExecutor(1) as pool:
        sa.event.listen(first._engine, "before_cursor_execute", begin_second)
        first.put_in_place()
        first.end(keep=False)
        assert beginnings[0].result(60) is None
    second.end(keep=False)

    assert contents(postgres_warehouse) == ([], [])


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


@ATTEMPTS
@pytest.mark.parametrize("warehouse", ["sqlite", "postgresql"], indirect=True)
def test_memory_is_a_page_whatever_the_number_of_pages(warehouse: Warehouse, attempt: Attempt) -> None:
    def peak(pages: int) -> int:
        read = ([order(f"{n}-{i}", f"i{n}-{i}", label="x" * 200) for i in range(200)] for n in range(pages))
        tracemalloc.start()
        load_reading(warehouse, reading(read), attempt=attempt)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(2)  # what is loaded and cached once
    assert peak(40) < 1.3 * peak(4)


def test_duckdb_takes_little_memory_however_much_the_machine_has(duckdb_conn: str) -> None:
    from tests.unit.transfers.conftest import Warehouse

    warehouse = Warehouse(duckdb_conn, "duckdb")
    limits: list[tuple[str, int]] = []

    def pages() -> Iterator[list[Record]]:
        yield [order("a")]
        # of the whole database, as long as it is open in this process
        limits.extend(warehouse.query("SELECT current_setting('memory_limit'), current_setting('threads')"))

    load_reading(warehouse, reading(pages()))

    assert limits == [("152.5 MiB", 2)]
