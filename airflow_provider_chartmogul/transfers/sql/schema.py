"""Making a target table fit what a stream declares: creating it, or checking it and adding columns."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError

if TYPE_CHECKING:
    from collections.abc import Collection

log = logging.getLogger(__name__)

# from the special to the general
_FAMILIES: tuple[tuple[str, type[Any]], ...] = (
    ("boolean", sa.Boolean),
    ("integer", sa.Integer),
    ("decimal", sa.Numeric),
    ("decimal", sa.Float),
    ("timestamp", sa.DateTime),
    ("date", sa.Date),
    ("text", sa.String),
)
# what may be in the place of what; timestamps without a zone are in UTC, as all are
_FITTING = {
    "boolean": {"boolean"},
    "integer": {"integer", "decimal"},
    "decimal": {"decimal"},
    "timestamp": {"timestamp"},
    "date": {"date", "timestamp"},
    "text": {"text"},
}
# there an INTEGER has 64 bits, or no fixed size
_WITH_WIDE_INTEGERS = ("sqlite", "bigquery", "oracle", "snowflake")
_DIGITS_OF_BIGINT = 19
_DUCKDB_TYPES: dict[str, Any] = {
    "BOOLEAN": sa.Boolean(),
    "BIGINT": sa.BigInteger(),
    "HUGEINT": sa.BigInteger(),
    "INTEGER": sa.Integer(),
    "SMALLINT": sa.SmallInteger(),
    "TINYINT": sa.SmallInteger(),
    "DOUBLE": sa.Float(),
    "TIMESTAMP WITH TIME ZONE": sa.DateTime(timezone=True),
    "TIMESTAMP": sa.DateTime(),
    "DATE": sa.Date(),
    "VARCHAR": sa.String(),
}


def missing_columns(
    connection: sa.engine.Connection, target: sa.Table, never_null: Collection[str]
) -> list[sa.Column[Any]] | None:
    """Return the columns to add to a target table; ``None`` if there is no table.

    :param never_null: columns that cannot be added, since rows that are there would have none.
    :raises ChartMogulConfigError: the table cannot take the rows of the stream; names table, columns and types.
    """
    if not sa.inspect(connection).has_table(target.name, schema=target.schema):
        return None
    types = _column_types(connection, target)
    missing = [column for column in target.columns if column.name.lower() not in types]
    if keys := [column.name for column in missing if column.name in never_null]:
        raise ChartMogulConfigError(
            f"Table {target.fullname} exists but has no column {', '.join(keys)}, which no row can be without. "
            "Add what is missing or load into another table."
        )
    for column in target.columns:
        present = types.get(column.name.lower(), column.type)
        if not _fits(column.type, present, connection.dialect):
            raise ChartMogulConfigError(
                f"Table {target.fullname}: column {column.name} is {_told(present, connection)}, which does not hold "
                f"every {_told(column.type, connection)}. Change its type or load into another table."
            )
    return missing


def make_fit(connection: sa.engine.Connection, target: sa.Table, never_null: Collection[str]) -> list[str]:
    """Create a target table or add the columns that it lacks, and return the names of these."""
    missing = missing_columns(connection, target, never_null)
    if missing is None:
        target.create(connection)
        return []
    for column in missing:
        connection.execute(AddColumn(column))
    return [column.name for column in missing]


def _column_types(connection: sa.engine.Connection, target: sa.Table) -> dict[str, Any]:
    """Return the types of the columns that are there, by name in lower case."""
    if connection.dialect.name != "duckdb":
        columns = sa.inspect(connection).get_columns(target.name, schema=target.schema)
        return {column["name"].lower(): column["type"] for column in columns}
    # the reflection of its dialect fails on current versions
    name = connection.dialect.identifier_preparer.format_table(target)
    described = connection.execute(sa.text(f"DESCRIBE {name}"))
    return {column.lower(): _duckdb_type(kind) for column, kind, *_ in described}


def _duckdb_type(name: str) -> Any:
    if digits := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", name):
        return sa.Numeric(int(digits[1]), int(digits[2]))
    return _DUCKDB_TYPES.get(name, sa.types.NullType())


def _family(kind: Any) -> str | None:
    return next((family for family, types in _FAMILIES if isinstance(kind, types)), None)


def _fits(declared: Any, present: Any, dialect: sa.engine.Dialect) -> bool:
    """Tell whether a column of one type holds every value of another; of unknown types the database will judge."""
    family, other = _family(declared), _family(present)
    if other is None or family is None:
        return True
    if other not in _FITTING[family]:
        return _is_usual(family, other, dialect)
    return dialect.name == "sqlite" or not _is_narrow(family, present, dialect)


def _is_usual(family: str, other: str, dialect: sa.engine.Dialect) -> bool:
    """Tell of what is no fitting type whether a database has no other for it."""
    if family == "boolean" and other == "integer":
        return not dialect.supports_native_boolean
    return dialect.name == "sqlite" and family in ("timestamp", "date") and other == "text"


def _is_narrow(family: str, present: Any, dialect: sa.engine.Dialect) -> bool:
    precision, scale = getattr(present, "precision", None), getattr(present, "scale", None)
    if family == "decimal":
        # digits would be rounded away, without a word
        return scale is not None and scale < 9
    if family == "integer" and isinstance(present, sa.Integer):
        return not isinstance(present, sa.BigInteger) and dialect.name not in _WITH_WIDE_INTEGERS
    return family == "integer" and precision is not None and precision - (scale or 0) < _DIGITS_OF_BIGINT


def _told(kind: Any, connection: sa.engine.Connection) -> str:
    return str(kind.compile(connection.dialect))


class AddColumn(sa.schema.DDLElement):
    """``ALTER TABLE … ADD COLUMN``.

    :param column: of the table that lacks it.
    """

    inherit_cache = False

    def __init__(self, column: sa.Column[Any]) -> None:
        self.column = column


@compiles(AddColumn)
def _add_column(element: AddColumn, compiler: Any, **_: Any) -> str:
    return _alter(element, compiler, "ADD COLUMN")


@compiles(AddColumn, "mssql", "oracle")
def _add(element: AddColumn, compiler: Any, **_: Any) -> str:
    return _alter(element, compiler, "ADD")


def _alter(element: AddColumn, compiler: Any, verb: str) -> str:
    table = compiler.preparer.format_table(element.column.table)
    return f"ALTER TABLE {table} {verb} {compiler.get_column_specification(element.column)}"
