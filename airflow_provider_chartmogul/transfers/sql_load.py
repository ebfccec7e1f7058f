"""Loading pages of records into the tables of a database that SQLAlchemy speaks to.

What is read goes into staging tables, page by page. Only then does one transaction create the target tables if need be,
delete what is restated and insert what was read: whatever fails, and whenever, the targets stay as they were, and they
are not locked while ChartMogul is being asked. This module imports SQLAlchemy: import it where it is used.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import sqlalchemy as sa

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError, ChartMogulError, ChartMogulLoadError
from airflow_provider_chartmogul.streams.columns import ColumnType
from airflow_provider_chartmogul.streams.model import LoadMode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from airflow_provider_chartmogul.streams.model import Page, Reading, Row, Scope, Table

log = logging.getLogger(__name__)

# number of the record that a staged row comes from, in order of reading
_RECORD = "chartmogul_record"
# A temporary table goes with its connection and locks nothing. Those of MySQL cannot be named twice in a query.
_WITH_TEMPORARY_TABLES = ("sqlite", "duckdb", "postgresql", "redshift", "snowflake")
_TYPES: dict[ColumnType, Any] = {
    ColumnType.STRING: sa.UnicodeText(),
    ColumnType.INTEGER: sa.BigInteger(),
    ColumnType.DECIMAL: sa.Numeric(38, 9),
    ColumnType.BOOLEAN: sa.Boolean(),
    ColumnType.TIMESTAMP: sa.DateTime(timezone=True),
    ColumnType.DATE: sa.Date(),
    ColumnType.JSON: sa.UnicodeText(),
}


def load(
    engine: sa.engine.Engine,
    tables: Sequence[Table],
    reading: Reading,
    mode: LoadMode,
    *,
    table: str,
    schema: str | None = None,
) -> dict[str, int]:
    """Load a reading of a stream and return how many rows each target table got.

    A record that was read twice, because it moved from page to page during the walk, counts as it was read last.

    :param engine: engine of the database; disposed of at the end.
    :param tables: the stream's tables, the main one first.
    :param reading: what to load; not begun before the targets are found fit.
    :param mode: how it takes the place of what the targets hold.
    :param table: name of the main target table; those of children are ``<table>_<suffix>``.
    :param schema: schema of the target tables; the connection's default if ``None``.
    :raises ChartMogulConfigError: a target table exists and lacks columns.
    :raises ChartMogulLoadError: the database refused something; names table, step and SQLSTATE, never a value.
    """
    try:
        with _failing_as(target_table(tables[0], table, schema).fullname, "connecting"):
            connection = engine.connect()
        with connection:
            return _Load(connection, tables, table, schema).run(reading, mode)
    finally:
        engine.dispose()


class _Load:
    def __init__(
        self, connection: sa.engine.Connection, tables: Sequence[Table], name: str, schema: str | None
    ) -> None:
        self.connection = connection
        self.dialect = connection.dialect.name
        self.main, *self.children = self.tables = tuple(tables)
        self.temporary = self.dialect in _WITH_TEMPORARY_TABLES
        staging = f"chartmogul_staging_{uuid4().hex[:12]}"
        self.targets = {one.suffix: target_table(one, name, schema) for one in tables}
        self.staging = {one.suffix: self._staging_table(one, staging, schema) for one in tables}

    def _staging_table(self, table: Table, name: str, schema: str | None) -> sa.Table:
        # a temporary table has a schema of its own
        return sa.Table(
            _child_name(name, table.suffix),
            sa.MetaData(),
            sa.Column(_RECORD, sa.BigInteger()),
            *_sql_columns(table),
            schema=None if self.temporary else schema,
            prefixes=["TEMPORARY"] if self.temporary else [],
        )

    def run(self, reading: Reading, mode: LoadMode) -> dict[str, int]:
        self._check_targets()
        try:
            with self._step("creating staging tables"), self.connection.begin():
                for staging in self.staging.values():
                    staging.create(self.connection)
            self._stage(reading.pages)
            with self._step("committing"), self.connection.begin():
                return self._put_in_place(mode, reading.scope)
        finally:
            if not self.temporary:
                self._drop_staging()

    def _check_targets(self) -> None:
        with self._step("inspecting"), self.connection.begin():
            inspector = sa.inspect(self.connection)
            for target in self.targets.values():
                if not inspector.has_table(target.name, schema=target.schema):
                    continue
                # asked by a query, since the reflection of some dialects fails on current versions
                no_rows = sa.select(sa.text("*")).select_from(target).where(sa.false())
                present = set(self.connection.execute(no_rows).keys())
                if missing := [column.name for column in target.columns if column.name not in present]:
                    raise ChartMogulConfigError(
                        f"Table {target.fullname} exists but has no column {', '.join(missing)}. "
                        "Add what is missing or load into another table."
                    )

    def _stage(self, pages: Iterator[Page]) -> None:
        number = 0
        for page in pages:
            numbered = list(enumerate(page, start=number))
            number += len(page)
            for suffix, staging in self.staging.items():
                rows = [{**row, _RECORD: i} for i, record in numbered for row in record.get(suffix, ())]
                if rows:
                    with self._step("staging"), self.connection.begin():
                        _INSERTS.get(self.dialect, _insert_rows)(self.connection, staging, rows)

    def _put_in_place(self, mode: LoadMode, scope: Scope | None) -> dict[str, int]:
        with self._step("waiting for other loads"):
            self._wait_for_other_loads()
        for target in self.targets.values():
            with self._step("creating the table"):
                target.create(self.connection, checkfirst=True)
        for table in self.tables:
            with self._step("deleting"):
                self.connection.execute(self._deletion(table, mode, scope))
        return {self.targets[table.suffix].name: self._insert(table) for table in self.tables}

    def _wait_for_other_loads(self) -> None:
        """Let concurrent loads into one table take turns, where the database does not see to it unasked."""
        if self.dialect == "postgresql":
            name = self.targets[""].fullname
            self.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))
        elif self.dialect == "sqlite":
            # and the driver begins no transaction before CREATE TABLE of its own accord
            self.connection.exec_driver_sql("BEGIN IMMEDIATE")

    def _deletion(self, table: Table, mode: LoadMode, scope: Scope | None) -> sa.sql.dml.Delete:
        target = self.targets[table.suffix]
        if mode == LoadMode.REPLACE:
            return sa.delete(target)
        # rows of other slices of the table are no concern of this reading
        deletion = sa.delete(target).where(
            *(target.c[name] == value for name, value in (scope.constants if scope else {}).items())
        )
        # The row of a bucket that is still running has another date each day: by its key nothing would be found.
        if mode == LoadMode.REPLACE_INTERVAL or (scope and scope.column == table.key):
            assert scope is not None  # noqa: S101 - only streams with a scope have this mode
            return deletion.where(target.c[scope.column] >= scope.start, target.c[scope.column] < scope.end)
        return deletion.where(target.c[table.parent_key or table.key].in_(sa.select(self.staging[""].c[self.main.key])))

    def _insert(self, table: Table) -> int:
        target, staging, main = self.targets[table.suffix], self.staging[table.suffix], self.staging[""]
        last_read = sa.select(sa.func.max(main.c[_RECORD])).group_by(main.c[self.main.key])
        chosen = staging.c[_RECORD].in_(last_read)
        names = [column.name for column in target.columns]
        with self._step("inserting", table):
            self.connection.execute(
                target.insert().from_select(names, sa.select(*(staging.c[name] for name in names)).where(chosen))
            )
            count = sa.select(sa.func.count()).select_from(staging).where(chosen)
            return int(self.connection.execute(count).scalar_one())

    def _drop_staging(self) -> None:
        for staging in self.staging.values():
            try:
                with self.connection.begin():
                    staging.drop(self.connection, checkfirst=True)
            except Exception as err:  # noqa: BLE001 - the outcome of the load matters more
                log.warning("Staging table %s could not be dropped: %s", staging.fullname, error_code(err))

    def _step(self, step: str, table: Table | None = None) -> AbstractContextManager[None]:
        return _failing_as(self.targets[table.suffix if table else ""].fullname, step)


@contextmanager
def _failing_as(target: str, step: str) -> Iterator[None]:
    try:
        yield
    except ChartMogulError:
        raise
    except Exception as err:  # noqa: BLE001 - what a driver raises is not always its own kind of error
        # drivers quote rows in their messages: neither text nor cause may pass
        raise ChartMogulLoadError(f"Loading into {target} failed while {step}: {error_code(err)}") from None


def _insert_rows(connection: sa.engine.Connection, staging: sa.Table, rows: list[Row]) -> None:
    connection.execute(staging.insert(), rows)


def _insert_columns(connection: sa.engine.Connection, staging: sa.Table, rows: list[Row]) -> None:
    """Insert all rows in one statement, as a list per column: DuckDB's driver executes many rows one at a time."""
    names = [column.name for column in staging.columns]
    quoted = ", ".join(connection.dialect.identifier_preparer.quote(name) for name in names)
    types = (column.type.compile(connection.dialect) for column in staging.columns)
    lists = ", ".join(f"unnest(CAST(:{name} AS {kind}[]))" for name, kind in zip(names, types, strict=True))
    statement = sa.text(f"INSERT INTO {staging.name} ({quoted}) SELECT {lists}")
    connection.execute(statement, {name: [row[name] for row in rows] for name in names})


_INSERTS = {"duckdb": _insert_columns}


def target_table(table: Table, name: str, schema: str | None = None) -> sa.Table:
    """Return a stream's table as SQLAlchemy knows it.

    It declares no constraints: not every warehouse enforces them, and some refuse to delete and insert one key in one
    transaction. The load keeps keys unique.
    """
    return sa.Table(_child_name(name, table.suffix), sa.MetaData(), *_sql_columns(table), schema=schema)


def error_code(err: Exception) -> str:
    """Return what may be told of a database error: its type, and the SQLSTATE or its like."""
    original = getattr(err, "orig", None) or err
    codes = (getattr(original, name, None) for name in ("sqlstate", "pgcode", "sqlite_errorname"))
    return " ".join([type(original).__name__, *(str(code) for code in codes if code)])


def _child_name(name: str, suffix: str) -> str:
    return f"{name}_{suffix}" if suffix else name


def _sql_columns(table: Table) -> list[sa.Column[Any]]:
    # keys are compared and grouped, which not all databases do with unbounded text
    keys = (table.key, table.parent_key)
    return [
        sa.Column(
            column.name,
            sa.Unicode(255) if column.type is ColumnType.STRING and column.name in keys else _TYPES[column.type],
        )
        for column in table.all_columns
    ]
