"""Getting many rows into a staging table: for some databases faster than with INSERT."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from airflow_provider_chartmogul.transfers.sql.errors import UnfitValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_chartmogul.streams.model import Row

    Insert = Callable[[sa.engine.Connection, sa.Table, Sequence[Row]], None]


def insert(connection: sa.engine.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert rows in the fastest way that is known for the database.

    :param rows: with a value for each column of the table.
    """
    if rows:
        FAST.get(connection.dialect.name, insert_rows)(connection, table, rows)


def insert_rows(connection: sa.engine.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert rows into any database."""
    connection.execute(table.insert(), list(rows))


# Postgres -------------------------------------------------------------------------------------------------------------


def copy_rows(connection: sa.engine.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Send rows by COPY, in its text format."""
    columns = [_copy_column(column, [row[column.name] for row in rows]) for column in table.columns]
    text = "".join("\t".join(values) + "\n" for values in zip(*columns, strict=True))
    statement = f"COPY {_name(connection, table)} ({_columns(connection, table)}) FROM STDIN"
    cursor = connection.connection.cursor()
    try:
        if hasattr(cursor, "copy_expert"):
            cursor.copy_expert(statement, io.StringIO(text))
        else:
            # psycopg 3
            with cursor.copy(statement) as copy:
                copy.write(text)
    finally:
        cursor.close()


def _copy_column(column: sa.Column[Any], values: list[Any]) -> list[str]:
    if not isinstance(column.type, sa.String):
        return [r"\N" if value is None else str(value) for value in values]
    if any(value is not None and "\0" in value for value in values):
        raise UnfitValueError(f"a value of column {column.name} holds a NUL, which Postgres cannot store")
    return [r"\N" if value is None else _escaped(value) for value in values]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


# DuckDB ---------------------------------------------------------------------------------------------------------------

_PAGE = "chartmogul_page"


def insert_arrow(connection: sa.engine.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Let DuckDB scan a table of Arrow."""
    try:
        import pyarrow as pa  # type: ignore[import-untyped]
    except ImportError:
        insert_lists(connection, table, rows)
        return
    arrays = [_array(pa, column.type, [row[column.name] for row in rows]) for column in table.columns]
    cursor = connection.connection.cursor()
    # takes the place of the page before it
    cursor.register(_PAGE, pa.table(arrays, names=[column.name for column in table.columns]))
    names = _columns(connection, table)
    cursor.execute(f"INSERT INTO {_name(connection, table)} ({names}) SELECT {names} FROM {_PAGE}")  # noqa: S608


def _array(pa: Any, kind: Any, values: list[Any]) -> Any:
    if isinstance(kind, sa.Numeric):
        # Arrow refuses digits that the column does not hold; DuckDB rounds them, as other databases do
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    arrow_type = next(arrow for ours, arrow in _arrow_types(pa) if isinstance(kind, ours))
    return pa.array(values, arrow_type)


def _arrow_types(pa: Any) -> tuple[tuple[type, Any], ...]:
    return (
        (sa.String, pa.string()),
        (sa.Integer, pa.int64()),
        (sa.Boolean, pa.bool_()),
        (sa.DateTime, pa.timestamp("us", tz="UTC")),
        (sa.Date, pa.date32()),
    )


def insert_lists(connection: sa.engine.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert all rows in one statement, as a list per column: DuckDB's driver executes many rows one at a time."""
    types = (column.type.compile(connection.dialect) for column in table.columns)
    lists = ", ".join(f"unnest(CAST(:v{i} AS {kind}[]))" for i, kind in enumerate(types))
    statement = f"INSERT INTO {_name(connection, table)} ({_columns(connection, table)}) SELECT {lists}"
    values = {f"v{i}": [row[column.name] for row in rows] for i, column in enumerate(table.columns)}
    connection.execute(sa.text(statement), values)


FAST: dict[str, Insert] = {"postgresql": copy_rows, "duckdb": insert_arrow}
"""Ways faster than :func:`insert_rows`, by SQLAlchemy's name of the database."""


def _name(connection: sa.engine.Connection, table: sa.Table) -> str:
    return connection.dialect.identifier_preparer.format_table(table)


def _columns(connection: sa.engine.Connection, table: sa.Table) -> str:
    return ", ".join(connection.dialect.identifier_preparer.quote(column.name) for column in table.columns)
