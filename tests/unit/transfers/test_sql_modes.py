from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.streams.columns import ColumnType, columns
from airflow_provider_chartmogul.streams.model import Record, Scope, Table
from tests.unit.transfers.sql_orders import AS_OF, ITEM, ORDER, SCOPE, contents, load, order, unchanged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.unit.transfers.conftest import Warehouse

LATER = AS_OF + timedelta(days=1)


def at(warehouse: Warehouse, column: str, table: str = "orders") -> list[Any]:
    return warehouse.query(f"SELECT uuid, {warehouse.utc(column)} FROM {table} ORDER BY uuid, {column}")


# append ---------------------------------------------------------------------------------------------------------------


def test_append_adds_what_is_new_and_never_touches_what_is_there(warehouse: Warehouse) -> None:
    load(warehouse, [order("a", "a1", label="old"), order("gone")])

    rows = load(warehouse, [order("a", "a1", "a2", label="new"), order("b", label="new")], mode="append")

    assert rows == {"orders": 1, "orders_items": 1}
    assert contents(warehouse) == (
        [("a", "old", None), ("b", "new", None), ("gone", None, None)],
        [("a1", "a"), ("a2", "a")],
    )


def test_append_knows_rows_by_all_columns_of_their_key(warehouse: Warehouse) -> None:
    by_both = replace(ORDER, key=("slice", "uuid"), record_key="uuid")

    load(warehouse, [order("a", slice="x")], mode="append", tables=(by_both,))
    load(warehouse, [order("a", slice="y"), order("b", slice="x")], mode="append", tables=(by_both,))
    load(warehouse, [order("a", slice="y"), order("b", slice="x")], mode="append", tables=(by_both,))

    assert warehouse.query("SELECT uuid, slice FROM orders ORDER BY uuid, slice") == [
        ("a", "x"),
        ("a", "y"),
        ("b", "x"),
    ]


def test_append_takes_a_record_that_was_read_twice_once(warehouse: Warehouse) -> None:
    load(warehouse, [order("a", "a1", label="first")], [order("a", "a1", label="last")], mode="append")

    assert contents(warehouse) == ([("a", "last", None)], [("a1", "a")])


# snapshot -------------------------------------------------------------------------------------------------------------


def test_snapshots_keep_what_earlier_loads_reported(warehouse: Warehouse) -> None:
    load(warehouse, [order("a", "a1", label="then"), order("gone")], mode="snapshot")
    rows = load(warehouse, [order("a", "a1", label="now")], mode="snapshot", as_of=LATER)

    assert rows == {"orders": 1, "orders_items": 1}
    assert at(warehouse, "as_of") == [
        ("a", "2026-03-01 00:00:00"),
        ("a", "2026-03-02 00:00:00"),
        ("gone", "2026-03-01 00:00:00"),
    ]
    assert at(warehouse, "as_of", "orders_items") == [("a1", "2026-03-01 00:00:00"), ("a1", "2026-03-02 00:00:00")]
    assert warehouse.query("SELECT label FROM orders WHERE uuid = 'a' ORDER BY as_of") == [("then",), ("now",)]


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5))])
def test_a_snapshot_replaces_rows_of_the_same_moment(warehouse: Warehouse, zone: timezone) -> None:
    moment = datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=UTC)
    load(warehouse, [order("a", "a1"), order("gone", "g1")], mode="snapshot", as_of=moment)
    load(warehouse, [order("a", "a2")], mode="snapshot", as_of=moment.astimezone(zone))

    assert at(warehouse, "as_of") == [("a", "2026-03-01 23:59:59")]
    assert warehouse.column("orders_items", "uuid") == ["a2"]


def test_a_snapshot_of_one_slice_leaves_the_others_of_its_moment_alone(warehouse: Warehouse) -> None:
    for slice_ in ("x", "y", "x"):
        load(
            warehouse,
            [order("a", slice=slice_)],
            mode="snapshot",
            tables=(ORDER,),
            scope=replace(SCOPE, constants={"slice": slice_}),
        )

    assert warehouse.column("orders", "slice") == ["x", "y"]


# records that are there but unchanged ---------------------------------------------------------------------------------


def test_merge_keeps_what_is_unchanged(warehouse: Warehouse) -> None:
    load(warehouse, [order("a", "a1", label="old"), order("b", "b1", label="old"), order("c")])

    rows = load(warehouse, [unchanged("a"), order("b", "b2", label="new")], mode="merge")

    assert rows == {"orders": 1, "orders_items": 1}
    assert contents(warehouse) == (
        [("a", "old", None), ("b", "new", None), ("c", None, None)],
        [("a1", "a"), ("b2", "b")],
    )


def test_vanished_records_are_dropped_with_their_children_if_that_is_asked_for(warehouse: Warehouse) -> None:
    load(warehouse, [order("a", "a1", label="old"), order("b", "b1"), order("gone", "g1")])

    for _ in range(2):
        load(warehouse, [unchanged("a"), order("b", "b2", label="new")], mode="merge", scope=None, drop_vanished=True)

    assert contents(warehouse) == ([("a", "old", None), ("b", "new", None)], [("a1", "a"), ("b2", "b")])


@pytest.mark.parametrize("marks", [{"drop_vanished": True}, {"mark_vanished": True}])
def test_what_lies_outside_of_the_scope_has_not_vanished(warehouse: Warehouse, marks: dict[str, bool]) -> None:
    load(
        warehouse,
        [order("gone", "g1", slice="x"), order("earlier", "e1", slice="x", happened="2025-12-31")],
        [order("other", "o1", slice="y")],
    )

    scope = replace(SCOPE, constants={"slice": "x"})
    load(warehouse, [order("new", slice="x")], mode="merge", scope=scope, **marks)

    left = "deleted_at IS NULL" if "mark_vanished" in marks else "1 = 1"
    assert warehouse.query(f"SELECT uuid FROM orders WHERE {left} ORDER BY uuid") == [
        ("earlier",),
        ("new",),
        ("other",),
    ]
    assert warehouse.query(f"SELECT uuid FROM orders_items WHERE {left} ORDER BY uuid") == [("e1",), ("o1",)]


@pytest.mark.parametrize("order_of_reading", ["unchanged last", "unchanged first"])
def test_a_record_that_was_read_and_also_seen_unchanged_counts_as_read(
    warehouse: Warehouse, order_of_reading: str
) -> None:
    load(warehouse, [order("a", "a1", label="old")])
    pages: list[Sequence[Record]] = [[order("a", "a2", label="new")], [unchanged("a")]]

    load(warehouse, *(pages if order_of_reading == "unchanged last" else pages[::-1]), mode="merge", drop_vanished=True)

    assert contents(warehouse) == ([("a", "new", None)], [("a2", "a")])


# marking what is gone -------------------------------------------------------------------------------------------------


def merge_marking(warehouse: Warehouse, *pages: Sequence[Record], as_of: datetime = AS_OF) -> dict[str, int]:
    return load(warehouse, *pages, mode="merge", scope=None, mark_vanished=True, as_of=as_of)


FIRST, SECOND = "2026-03-01 00:00:00", "2026-03-02 00:00:00"


def test_vanished_records_are_marked_once_with_their_children(warehouse: Warehouse) -> None:
    load(warehouse, [order("a", "a1"), order("gone", "g1")])

    for as_of in (AS_OF, AS_OF, LATER):
        merge_marking(warehouse, [order("a", "a1")], as_of=as_of)

    assert at(warehouse, "deleted_at") == [("a", None), ("gone", FIRST)]
    assert at(warehouse, "deleted_at", "orders_items") == [("a1", None), ("g1", FIRST)]


def test_a_child_that_is_gone_from_a_record_that_was_read_is_marked(warehouse: Warehouse) -> None:
    load(warehouse, [order("a", "a1", "a2"), order("b", "b1")])

    rows = merge_marking(warehouse, [order("a", "a2", "a3"), unchanged("b")])
    merge_marking(warehouse, [order("a", "a2", "a3"), unchanged("b")], as_of=LATER)

    assert rows == {"orders": 1, "orders_items": 2}
    assert at(warehouse, "deleted_at") == [("a", None), ("b", None)]
    assert at(warehouse, "deleted_at", "orders_items") == [("a1", FIRST), ("a2", None), ("a3", None), ("b1", None)]


def test_what_comes_back_is_marked_no_more(warehouse: Warehouse) -> None:
    load(warehouse, [order("a", "a1", "a2"), order("b", "b1")])
    merge_marking(warehouse, [order("a", "a1")])

    merge_marking(warehouse, [order("a", "a1", "a2"), order("b", "b1")], as_of=LATER)

    assert at(warehouse, "deleted_at") == [("a", None), ("b", None)]
    assert at(warehouse, "deleted_at", "orders_items") == [("a1", None), ("a2", None), ("b1", None)]


def test_a_child_that_moved_to_another_record_is_neither_doubled_nor_marked(warehouse: Warehouse) -> None:
    load(warehouse, [order("a", "moved"), order("b")])

    merge_marking(warehouse, [order("a"), order("b", "moved")])

    assert contents(warehouse)[1] == [("moved", "b")]
    assert at(warehouse, "deleted_at", "orders_items") == [("moved", None)]


def test_a_record_that_was_read_and_has_no_rows_any_more_is_marked(warehouse: Warehouse) -> None:
    load(warehouse, [order("a", "a1")])

    merge_marking(warehouse, [Record("a", {"": [], "items": []})])

    assert at(warehouse, "deleted_at") == [("a", FIRST)]
    assert at(warehouse, "deleted_at", "orders_items") == [("a1", FIRST)]


def test_rows_with_keys_of_several_columns_are_marked_one_by_one(warehouse: Warehouse) -> None:
    by_both = replace(ITEM, key=("order_uuid", "uuid"))
    tables = (ORDER, by_both)
    load(warehouse, [order("a", "1", "2"), order("b", "1", "2")], tables=tables)

    load(
        warehouse,
        [order("a", "1"), order("b", "2")],
        mode="merge",
        scope=None,
        mark_vanished=True,
        tables=tables,
    )

    rows = warehouse.query("SELECT order_uuid, uuid, deleted_at IS NULL FROM orders_items ORDER BY order_uuid, uuid")
    assert [(*key, bool(there)) for *key, there in rows] == [
        ("a", "1", True),
        ("a", "2", False),
        ("b", "1", False),
        ("b", "2", True),
    ]


# slices ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["merge", "replace_interval"])
@pytest.mark.parametrize(
    ("values", "left"),
    [
        (("x", "y"), ["new-x", "z"]),
        (("x",), ["new-x", "y", "z"]),
        ((), ["new-x", "x", "y", "z"]),
        ("x", ["new-x", "y", "z"]),
    ],
)
def test_a_scope_can_span_several_slices(
    warehouse: Warehouse, mode: str, values: str | tuple[str, ...], left: list[str]
) -> None:
    # as metrics are: placed by time, and by time only
    bucket = Table(
        columns=(*columns(ColumnType.DATE, "date"), *columns(ColumnType.STRING, "slice", "label")),
        key=("slice", "date"),
        record_key="date",
    )

    def rows(*labels: str) -> list[Record]:
        day = date(2026, 1, 10)
        return [
            Record(f"{label} {day}", {"": [{"date": day, "slice": label[-1], "label": label, "extra": None}]})
            for label in labels
        ]

    load(warehouse, rows("x", "y", "z"), tables=(bucket,), scope=None)

    for _ in range(2):
        load(
            warehouse,
            rows("new-x") if values else [],
            mode=mode,
            tables=(bucket,),
            scope=Scope("date", date(2026, 1, 1), date(2026, 2, 1), {"slice": values}),
        )

    assert warehouse.column("orders", "label") == [one for one in left if values or one != "new-x"]


@pytest.mark.parametrize("mode", ["merge", "replace_interval"])
def test_children_go_and_stay_with_the_records_of_the_scope(warehouse: Warehouse, mode: str) -> None:
    load(
        warehouse,
        [order("in", "i1", slice="x"), order("before", "b1", slice="x", happened="2025-01-01")],
        [order("other", "o1", slice="y")],
    )

    load(warehouse, [order("in", "i2", slice="x")], mode=mode, scope=replace(SCOPE, constants={"slice": "x"}))

    assert warehouse.column("orders", "uuid") == ["before", "in", "other"]
    assert warehouse.column("orders_items", "uuid") == ["b1", "i2", "o1"]


# rows that moved ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("marks", [{}, {"drop_vanished": True}, {"mark_vanished": True}], ids=str)
def test_a_row_that_moved_to_another_record_is_there_once(warehouse: Warehouse, marks: dict[str, bool]) -> None:
    load(warehouse, [order("a", "moved", "a1"), order("b"), order("c", "c1")])

    # the record that it moved from is gone, or was not read
    load(warehouse, [unchanged("c"), order("b", "moved")], mode="merge", scope=None, **marks)

    left = "deleted_at IS NULL" if "mark_vanished" in marks else "1 = 1"
    rows = warehouse.query(f"SELECT uuid, order_uuid FROM orders_items WHERE {left} ORDER BY uuid")
    assert rows == [*([] if marks else [("a1", "a")]), ("c1", "c"), ("moved", "b")]


@pytest.mark.parametrize("mode", ["merge", "replace_interval"])
def test_a_record_whose_place_in_time_moved_is_there_once_with_its_children(warehouse: Warehouse, mode: str) -> None:
    load(warehouse, [order("a", "a1", "a2", happened="2025-12-31"), order("b", "b1", happened="2025-12-31")])

    load(warehouse, [order("a", "a2")], mode=mode)

    assert at(warehouse, "happened") == [("a", "2026-01-10 00:00:00"), ("b", "2025-12-31 00:00:00")]
    assert contents(warehouse)[1] == [("a2", "a"), ("b1", "b")]


@pytest.mark.parametrize("mode", ["merge", "replace_interval"])
def test_a_row_with_the_same_key_in_another_slice_is_left_alone(warehouse: Warehouse, mode: str) -> None:
    tables = (replace(ORDER, key=("uuid",), record_key="label"),)
    scopes = {one: replace(SCOPE, constants={"slice": one}) for one in ("x", "y")}

    def load_one(slice_: str, label: str, **fields: str) -> None:
        record = Record(label, order("a", slice=slice_, label=label, **fields).rows)
        load(warehouse, [record], mode=mode, tables=tables, scope=scopes[slice_])

    for slice_ in scopes:
        load_one(slice_, "old", happened="2025-01-01")
    load_one("y", "new")

    assert warehouse.query("SELECT slice, label FROM orders ORDER BY slice") == [("x", "old"), ("y", "new")]


@pytest.mark.parametrize("mode", ["append", "merge", "replace", "replace_interval", "snapshot"])
def test_a_row_that_moved_while_it_was_read_counts_as_it_was_read_last(warehouse: Warehouse, mode: str) -> None:
    rows = load(
        warehouse, [order("a", "moved", "a1"), order("b", "b1")], [order("b", "b1", "moved"), order("c")], mode=mode
    )

    assert rows == {"orders": 3, "orders_items": 3}
    assert contents(warehouse)[1] == [("a1", "a"), ("b1", "b"), ("moved", "b")]


def test_a_row_counts_by_all_columns_of_its_key(warehouse: Warehouse) -> None:
    by_both = replace(ITEM, columns=(*ITEM.columns, *columns(ColumnType.STRING, "kind")), key=("kind", "uuid"))
    rows = [{"uuid": "1", "order_uuid": uuid, "kind": kind, "extra": None} for uuid, kind in ("ax", "bx", "by")]
    records = [Record(uuid, {"": [], "items": [row for row in rows if row["order_uuid"] == uuid]}) for uuid in "ab"]

    for _ in range(2):
        load(warehouse, records, mode="merge", tables=(ORDER, by_both))

    assert warehouse.query("SELECT kind, order_uuid FROM orders_items ORDER BY kind") == [("x", "b"), ("y", "b")]
