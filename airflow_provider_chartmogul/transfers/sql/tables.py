"""A stream's tables as SQLAlchemy knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from airflow_provider_chartmogul.streams.columns import ColumnType
from airflow_provider_chartmogul.streams.model import LoadMode
from airflow_provider_chartmogul.transfers.loading import AS_OF, DELETED_AT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_chartmogul.streams.model import Table
    from airflow_provider_chartmogul.transfers.loading import Plan


class Moment(sa.DateTime):
    """An instant, with split seconds also in MySQL: one of an interval's last moment would be rounded out of it."""


@compiles(Moment, "mysql", "mariadb")
def _moment_of_mysql(element: Moment, compiler: Any, **_: Any) -> str:
    return "DATETIME(6)"


class LongKey(sa.UnicodeText):
    """A part of a key that may be long; keys are compared and grouped, which not all do with unbounded text."""


@compiles(LongKey, "oracle")
def _long_key_of_oracle(element: LongKey, compiler: Any, **_: Any) -> str:
    return "NVARCHAR2(2000)"


TIMESTAMP = Moment(timezone=True)
KEY = sa.Unicode(255)
LONG_KEY = LongKey()
TYPES: dict[ColumnType, Any] = {
    ColumnType.STRING: sa.UnicodeText(),
    ColumnType.INTEGER: sa.BigInteger(),
    ColumnType.DECIMAL: sa.Numeric(38, 9),
    ColumnType.BOOLEAN: sa.Boolean(),
    ColumnType.TIMESTAMP: TIMESTAMP,
    ColumnType.DATE: sa.Date(),
    ColumnType.JSON: sa.UnicodeText(),
}


def target_table(table: Table, name: str, schema: str | None = None, marks: Sequence[str] = ()) -> sa.Table:
    """Return a table of a stream.

    It declares no constraints: not every warehouse enforces them, and some refuse to delete and insert one key in one
    transaction. The load keeps keys unique.

    :param name: name of the main table; that of a child is ``<name>_<suffix>``.
    :param marks: further columns with a moment.
    """
    return sa.Table(
        child_name(name, table.suffix),
        sa.MetaData(),
        *sql_columns(table),
        *(sa.Column(mark, TIMESTAMP) for mark in marks),
        schema=schema,
    )


def child_name(name: str, suffix: str) -> str:
    """Return the name of a stream's table beside its main table."""
    return f"{name}_{suffix}" if suffix else name


def marks_of(plan: Plan) -> list[str]:
    """Return the columns that a load adds to those of the stream."""
    return [AS_OF] * (plan.mode is LoadMode.SNAPSHOT) + [DELETED_AT] * plan.mark_vanished


def sql_columns(table: Table) -> list[sa.Column[Any]]:
    """Return the columns of a stream's table."""
    return [sa.Column(column.name, _type(table, column.name, column.type)) for column in table.all_columns]


def _type(table: Table, name: str, kind: ColumnType) -> Any:
    if kind is not ColumnType.STRING:
        return TYPES[kind]
    if name == table.record_key or (name,) == table.key:
        return KEY
    # of a key of several columns, some hold what a DAG author may write: the filters of a metric
    return LONG_KEY if name in table.key else TYPES[kind]
