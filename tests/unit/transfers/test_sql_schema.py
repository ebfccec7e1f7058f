from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError, ChartMogulLoadError, ChartMogulServerError
from airflow_provider_chartmogul.streams.columns import ColumnType, columns
from airflow_provider_chartmogul.streams.model import Record
from airflow_provider_chartmogul.transfers.loading import Attempt
from tests.unit.transfers.sql_orders import ORDER, SCOPE, load, load_reading, order, reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.transfers.conftest import Warehouse

TYPES = {
    "sqlite": {
        "uuid": "VARCHAR(255)",
        "label": "TEXT",
        "slice": "TEXT",
        "cents": "BIGINT",
        "rate": "NUMERIC(38, 9)",
        "paid": "BOOLEAN",
        "happened": "DATETIME",
        "due": "DATE",
        "extra": "TEXT",
        "as_of": "DATETIME",
    },
    "duckdb": {
        "uuid": "VARCHAR",
        "label": "VARCHAR",
        "slice": "VARCHAR",
        "cents": "BIGINT",
        "rate": "DECIMAL(38,9)",
        "paid": "BOOLEAN",
        "happened": "TIMESTAMP WITH TIME ZONE",
        "due": "DATE",
        "extra": "VARCHAR",
        "as_of": "TIMESTAMP WITH TIME ZONE",
    },
    "postgresql": {
        "uuid": "character varying",
        "label": "text",
        "slice": "text",
        "cents": "bigint",
        "rate": "numeric",
        "paid": "boolean",
        "happened": "timestamp with time zone",
        "due": "date",
        "extra": "text",
        "as_of": "timestamp with time zone",
    },
}


def definition(warehouse: Warehouse, table: str = "orders") -> dict[str, str]:
    return dict(warehouse.query(warehouse.definition_of(table)))


def never_read() -> Iterator[list[Record]]:
    raise AssertionError("nothing is read for a target that is unfit")
    yield


def failing() -> Iterator[list[Record]]:
    yield [order("b")]
    raise ChartMogulServerError("GET /customers: 500", status_code=500)


def test_a_new_table_has_the_types_of_the_stream(warehouse: Warehouse) -> None:
    load(warehouse, [order("a")], mode="snapshot")

    assert definition(warehouse) == TYPES[warehouse.kind]


# columns that are missing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("durable", [False, True], ids=["temporary", "durable"])
def test_columns_that_a_table_lacks_are_added_and_null_in_the_rows_that_it_has(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture, durable: bool
) -> None:
    load(warehouse, [order("a", label="old", rate=1.5)])
    warehouse.execute("ALTER TABLE orders DROP COLUMN rate", "ALTER TABLE orders DROP COLUMN label")
    caplog.set_level(logging.INFO, "airflow_provider_chartmogul")

    load(warehouse, [order("b", label="new", rate=2.5)], mode="merge", attempt=Attempt("load", durable))

    rows = warehouse.query("SELECT uuid, label, rate FROM orders ORDER BY uuid")
    assert [(uuid, label, rate and float(rate)) for uuid, label, rate in rows] == [("a", None, None), ("b", "new", 2.5)]
    expected = TYPES[warehouse.kind]
    assert {name: definition(warehouse)[name] for name in ("label", "rate")} == {
        name: expected[name] for name in ("label", "rate")
    }
    assert [record.message for record in caplog.records if "Adding" in record.message] == [
        "Adding to table orders, empty in the rows that it has: label, rate"
    ]


@pytest.mark.parametrize(("mode", "mark"), [("snapshot", "as_of"), ("merge", "deleted_at")])
def test_the_column_of_a_mode_is_added_to_a_table_of_another(warehouse: Warehouse, mode: str, mark: str) -> None:
    load(warehouse, [order("a", "a1")])

    load(warehouse, [order("b", "b1")], mode=mode, scope=None, mark_vanished=mode == "merge")

    marked = [("a", mode == "merge"), ("b", mode == "snapshot")]
    rows = warehouse.query(f"SELECT uuid, {mark} IS NOT NULL FROM orders ORDER BY uuid")
    assert [(uuid, bool(is_marked)) for uuid, is_marked in rows] == marked
    assert mark in definition(warehouse, "orders_items")


def test_a_load_that_fails_adds_no_columns(warehouse: Warehouse) -> None:
    load(warehouse, [order("a", "a1")])
    # what lacks a value for this column is refused after all else was done
    warehouse.execute("ALTER TABLE orders DROP COLUMN rate", "DROP TABLE orders_items")
    warehouse.execute("CREATE TABLE orders_items (order_uuid VARCHAR(255), uuid VARCHAR(255), own INTEGER NOT NULL)")
    before = definition(warehouse), definition(warehouse, "orders_items")

    with pytest.raises(ChartMogulServerError):
        load_reading(warehouse, reading(failing()))
    with pytest.raises(ChartMogulLoadError, match="orders_items failed while inserting"):
        load(warehouse, [order("b", "b1")])

    assert (definition(warehouse), definition(warehouse, "orders_items")) == before
    assert warehouse.column("orders", "uuid") == ["a"]


@pytest.mark.parametrize(("table", "column"), [("orders", "uuid"), ("orders_items", "order_uuid")])
def test_a_table_without_a_column_that_no_row_can_be_without_is_refused(
    warehouse: Warehouse, table: str, column: str
) -> None:
    load(warehouse, [order("a", "a1")])
    warehouse.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    before = warehouse.query(f"SELECT * FROM {table}")

    with pytest.raises(ChartMogulConfigError, match=f"Table {table} exists but has no column {column}, which"):
        load_reading(warehouse, reading(never_read()))

    assert warehouse.query(f"SELECT * FROM {table}") == before


@pytest.mark.parametrize("column", ["happened", "slice"])
def test_what_places_a_row_is_not_added(warehouse: Warehouse, column: str) -> None:
    """Rows that are there would have none, never be replaced, and be there twice after the next load."""
    load(warehouse, [order("a")])
    warehouse.execute(f"ALTER TABLE orders DROP COLUMN {column}")

    with pytest.raises(ChartMogulConfigError, match=f"no column {column}"):
        load_reading(
            warehouse,
            reading(never_read(), replace(SCOPE, constants={"slice": "x"})),
            "replace_interval",
            tables=(ORDER,),
        )


def test_names_of_columns_may_be_spelled_otherwise(warehouse: Warehouse) -> None:
    if warehouse.kind == "postgresql":
        # there, unquoted names are in lower case and others are other columns
        warehouse.execute("CREATE TABLE orders (UUID VARCHAR(255), Label TEXT)")
    else:
        warehouse.execute('CREATE TABLE orders ("UUID" VARCHAR(255), "Label" TEXT)')

    for _ in range(2):
        load(warehouse, [order("a", label="x")], mode="merge", scope=None)

    assert warehouse.query("SELECT uuid, label FROM orders") == [("a", "x")]


# types ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "kind", "told"),
    [
        ("label", "BIGINT", "BIGINT"),
        ("cents", "VARCHAR(20)", "VARCHAR"),
        ("cents", "TIMESTAMP", "TIMESTAMP|DATETIME"),
        ("rate", "BIGINT", "BIGINT"),
        ("paid", "VARCHAR(5)", "VARCHAR"),
        ("happened", "DATE", "DATE"),
        ("due", "BIGINT", "BIGINT"),
        ("extra", "BOOLEAN", "BOOLEAN"),
    ],
)
def test_a_column_of_another_type_is_refused_before_anything_is_read(
    warehouse: Warehouse, column: str, kind: str, told: str
) -> None:
    load(warehouse, [order("a", "a1")])
    warehouse.execute(f"ALTER TABLE orders DROP COLUMN {column}", f"ALTER TABLE orders ADD COLUMN {column} {kind}")
    before = warehouse.query("SELECT * FROM orders"), definition(warehouse)

    with pytest.raises(
        ChartMogulConfigError, match=f"^Table orders: column {column} is ({told}).* every [A-Z]+.*"
    ) as e:
        load_reading(warehouse, reading(never_read()))

    assert "Change its type or load into another table" in str(e.value)
    assert (warehouse.query("SELECT * FROM orders"), definition(warehouse)) == before


@pytest.mark.parametrize(
    ("column", "kind"),
    [("cents", "INTEGER"), ("cents", "SMALLINT"), ("cents", "NUMERIC(18, 0)"), ("rate", "NUMERIC(10, 2)")],
)
def test_a_column_that_would_lose_digits_is_refused_where_types_are_kept(
    warehouse: Warehouse, column: str, kind: str
) -> None:
    warehouse.execute(f"CREATE TABLE orders (uuid VARCHAR(255), {column} {kind})")

    if warehouse.kind == "sqlite":
        load(warehouse, [order("a", cents=2**62, rate=1.123456789)], scope=None)
        assert [str(value) for value in warehouse.column("orders", column)] in (["1.123456789"], [str(2**62)])
    else:
        with pytest.raises(ChartMogulConfigError, match=f"column {column} is {kind.split()[0][:3]}"):
            load_reading(warehouse, reading(never_read(), None))


def test_wider_types_and_types_without_a_zone_are_as_good(warehouse: Warehouse) -> None:
    # the zone of the session must not shift what goes into columns without one
    if warehouse.kind == "postgresql":
        warehouse.execute("ALTER ROLE CURRENT_USER SET timezone = 'America/New_York'")
    warehouse.execute(
        "CREATE TABLE orders (uuid VARCHAR(40) NOT NULL, label VARCHAR(100), slice VARCHAR, cents NUMERIC(30, 0),"
        " rate DOUBLE PRECISION, paid BOOLEAN, happened TIMESTAMP, due TIMESTAMP, extra VARCHAR, own INTEGER)"
    )

    try:
        for mode in ("merge", "replace_interval", "replace_interval"):
            load(
                warehouse,
                [order("a", label="x", cents=2**62, rate=2.5, paid=True, happened="2026-01-01T00:30:00Z")],
                mode=mode,
                tables=(ORDER,),
            )
    finally:
        if warehouse.kind == "postgresql":
            warehouse.execute("ALTER ROLE CURRENT_USER RESET timezone")

    rows: list[Any] = warehouse.query(
        "SELECT uuid, label, cents, rate, paid, substr(CAST(happened AS VARCHAR), 1, 19) FROM orders"
    )
    assert [(uuid, label, int(cents), float(rate), bool(paid), at) for uuid, label, cents, rate, paid, at in rows] == [
        ("a", "x", 2**62, 2.5, True, "2026-01-01 00:30:00")
    ]


def test_a_table_of_types_that_nobody_knows_is_judged_by_the_database(warehouse: Warehouse) -> None:
    kind = {"sqlite": "", "duckdb": "UUID", "postgresql": "UUID"}[warehouse.kind]
    warehouse.execute(f"CREATE TABLE orders (uuid VARCHAR(255), label {kind})")

    if warehouse.kind == "sqlite":
        load(warehouse, [order("a", label="x")], scope=None)
        assert warehouse.column("orders", "label") == ["x"]
    elif warehouse.kind == "postgresql":
        with pytest.raises(ChartMogulConfigError, match=r"orders failed while inserting: .* 42804"):
            load_reading(warehouse, reading(never_read(), None))
    else:
        with pytest.raises(ChartMogulLoadError, match="orders failed while inserting: ConversionException"):
            load(warehouse, [order("a", label="x")], scope=None)


def test_parts_of_a_key_may_be_long(warehouse: Warehouse) -> None:
    """Rows of metrics carry the filter expression that they were read under."""
    bucket = replace(
        ORDER, columns=columns(ColumnType.STRING, "uuid", "slice"), key=("slice", "uuid"), record_key="uuid"
    )
    long = "customer~country~ANY~'DE','FR' " * 40

    for mode in ("append", "append", "replace"):
        row = {"uuid": "a", "slice": long, "extra": None}
        load(warehouse, [Record(f"{long} a", {"": [row]})], mode=mode, tables=(bucket,), scope=None)

    assert warehouse.column("orders", "slice") == [long]
