from __future__ import annotations

import sys
import traceback
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from airflow_provider_chartmogul.exceptions import ChartMogulLoadError
from airflow_provider_chartmogul.transfers.loading import Attempt
from airflow_provider_chartmogul.transfers.sql import inserts
from airflow_provider_chartmogul.transfers.sql.tables import target_table
from tests.unit.transfers.sql_orders import ORDER, load, order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_chartmogul.streams.model import Row
    from tests.unit.transfers.conftest import Warehouse

TEXTS = [
    "",
    " ",
    "\\N",
    "\\.",
    "\\",
    "\\\\t",
    "null",
    "tab\there",
    "line\nbreak",
    "return\r",
    "\r\n",
    "\b\f\v\x01\x7f",
    "\x85\u2028",
    "quote \" and ' and ,;",
    "Ünï 🦊 \u200d",
    "%s :x $1 ?",
]
DECIMALS = [
    "0",
    "-0.000000001",
    "1E-7",
    "1E+3",
    "12345678901234567890123456789.123456789",
    "33.3333333333333336",
    "-2.5",
]
ZONE = timezone(timedelta(hours=-5))


def samples() -> list[Row]:
    empty = dict.fromkeys((column.name for column in ORDER.all_columns), None)
    rows: list[Row] = [{**empty, "uuid": f"text {i}", "label": text, "extra": text} for i, text in enumerate(TEXTS)]
    rows += [{**empty, "uuid": f"decimal {text}", "rate": Decimal(text)} for text in DECIMALS]
    rows += [{**empty, "uuid": f"integer {n}", "cents": n} for n in (0, -1, 2**63 - 1, -(2**63))]
    rows += [{**empty, "uuid": f"boolean {flag}", "paid": flag} for flag in (True, False)]
    moments = [datetime(2026, 1, 1, 0, 30, 15, 123456, tzinfo=ZONE), datetime(1970, 1, 1, tzinfo=ZONE)]
    rows += [{**empty, "uuid": f"moment {n}", "happened": at} for n, at in enumerate(moments)]
    rows += [
        {**empty, "uuid": f"day {day}", "due": day} for day in (date(1, 1, 1), date(2026, 2, 28), date(9999, 12, 31))
    ]
    return [*rows, {**empty, "uuid": "all null"}]


def stored(engine: sa.engine.Engine, insert: Callable[..., None], rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Return what becomes of rows, as text of the database."""
    table = target_table(ORDER, "samples")
    names = ", ".join(f"CAST({column.name} AS VARCHAR)" for column in table.columns)
    with engine.connect() as connection:
        with connection.begin():
            table.create(connection)
            insert(connection, table, rows)
        with connection.begin():
            query = sa.text(f"SELECT {names} FROM samples ORDER BY uuid")
            values = [tuple(row) for row in connection.execute(query)]
        with connection.begin():
            table.drop(connection)
    engine.dispose()
    return values


@pytest.fixture
def duckdb(duckdb_conn: str) -> Warehouse:
    from tests.unit.transfers.conftest import Warehouse

    return Warehouse(duckdb_conn, "duckdb")


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_copy_stores_what_insert_stores(postgres_warehouse: Warehouse, postgres_uri: str, driver: str) -> None:
    url = sa.engine.make_url(postgres_uri).set(drivername=f"postgresql+{driver}")
    try:
        engine = sa.create_engine(url)
    except sa.exc.NoSuchModuleError:
        # SQLAlchemy 1.4 knows psycopg 3 not yet: its users have the other
        assert driver == "psycopg"
        assert sa.__version__.startswith("1.4")
        return

    by_copy = stored(engine, inserts.copy_rows, samples())

    assert by_copy == stored(postgres_warehouse.engine(), inserts.insert_rows, samples())
    assert {label for _, label, *_ in by_copy} == {*TEXTS, None}
    assert {rate for *_, rate, _, _, _, _ in by_copy} >= {DECIMALS[4], "33.333333333"}


@pytest.mark.parametrize("insert", [inserts.insert_arrow, inserts.insert_lists])
def test_duckdb_gets_by_columns_what_others_get_by_rows(duckdb: Warehouse, insert: Callable[..., None]) -> None:
    # row by row, its driver makes doubles of what has more digits than they hold
    rows = [row for row in samples() if row["rate"] is None or len(row["rate"].as_tuple().digits) < 20]

    by_columns = stored(duckdb.engine(), insert, rows)

    assert by_columns == stored(duckdb.engine(), inserts.insert_rows, rows)
    assert {label for _, label, *_ in by_columns} == {*TEXTS, None}


def test_duckdb_is_loaded_without_arrow_too(duckdb: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    load(duckdb, [order("a", "a1", label="x", rate=2.5), order("b")])

    assert duckdb.query("SELECT uuid, label, rate FROM orders ORDER BY uuid") == [
        ("a", "x", Decimal("2.5")),
        ("b", None, None),
    ]


@pytest.mark.parametrize("fast", ["postgresql", "duckdb"])
def test_the_fast_way_is_taken(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, fast: str) -> None:
    taken: list[str] = []
    insert = inserts.FAST[fast]
    monkeypatch.setitem(
        inserts.FAST, fast, lambda connection, table, rows: taken.append(table.name) or insert(connection, table, rows)
    )

    load(warehouse, [order("a", "a1")])

    assert len(taken) == (3 if warehouse.kind == fast else 0)
    assert warehouse.column("orders", "uuid") == ["a"]


def test_a_nul_that_postgres_cannot_store_is_told_by_its_column(postgres_warehouse: Warehouse) -> None:
    load(postgres_warehouse, [order("before")])
    value = "\0".join(("kept", "private"))

    with pytest.raises(
        ChartMogulLoadError, match=r"orders failed while staging: a value of column label holds a NUL"
    ) as caught:
        load(postgres_warehouse, [order("a", label=value)])

    assert "kept" not in "".join(traceback.format_exception(caught.value))
    assert postgres_warehouse.column("orders", "uuid") == ["before"]


def test_names_that_need_quotes_are_quoted(warehouse: Warehouse) -> None:
    from airflow_provider_chartmogul.streams.columns import ColumnType, columns

    odd = replace(ORDER, columns=columns(ColumnType.STRING, "uuid", "order", "Größe", "a b"), key=("uuid",))
    row = {"uuid": "u", "order": "1", "Größe": "2", "a b": "3", "extra": None}

    from airflow_provider_chartmogul.streams.model import Record

    for durable in (False, True):
        load(
            warehouse,
            [Record("u", {"": [row]})],
            mode="merge",
            tables=(odd,),
            scope=None,
            attempt=Attempt("load", durable),
        )

    assert warehouse.query('SELECT uuid, "order", "Größe", "a b" FROM orders') == [("u", "1", "2", "3")]
