"""A database as the place where a load lands."""

from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

import sqlalchemy as sa

from airflow_provider_chartmogul.databases import error_codes
from airflow_provider_chartmogul.exceptions import ChartMogulConfigError
from airflow_provider_chartmogul.transfers.loading import Landed
from airflow_provider_chartmogul.transfers.sql.errors import OvertakenError, failing_as
from airflow_provider_chartmogul.transfers.sql.modes import Swap
from airflow_provider_chartmogul.transfers.sql.schema import make_fit, missing_columns
from airflow_provider_chartmogul.transfers.sql.staging import Staging
from airflow_provider_chartmogul.transfers.sql.tables import marks_of, target_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from airflow_provider_chartmogul.streams.model import Page, Table
    from airflow_provider_chartmogul.streams.reading import Position
    from airflow_provider_chartmogul.transfers.loading import Attempt, Plan

log = logging.getLogger(__name__)

_SESSION = {
    # instants that go into columns without a zone are in UTC
    "postgresql": ("SET TIME ZONE 'UTC'",),
    # it runs within this process, would take most of the machine's memory before it used its disk, and more per thread
    "duckdb": ("SET TimeZone = 'UTC'", "SET memory_limit = '160MB'", "SET threads = 2"),
    # it waits for other writers, as others do unasked
    "sqlite": ("PRAGMA busy_timeout = 600000",),
}
_WITH_TRANSACTIONAL_DDL = ("postgresql", "duckdb", "sqlite")


class SqlTarget:
    """A :class:`~airflow_provider_chartmogul.transfers.loading.Target` of any database that SQLAlchemy speaks to.

    What is read goes into staging tables, page by page. Only then does one transaction create the target tables or add
    columns if need be, make room and insert what was read: the targets are not locked while ChartMogul is being asked.
    Of two tries of a load that are alive at once, the one that began earlier fails without having changed anything.
    DuckDB, which runs within this process, is limited to little memory and two threads as long as the load lasts.

    :param engine: engine of the database; disposed of at the end.
    :param plan: what to do with what is read.
    :param table: name of the main target table; those of children are ``<table>_<suffix>``.
    :param schema: schema of the target tables; the connection's default if ``None``.
    """

    def __init__(self, engine: sa.engine.Engine, plan: Plan, *, table: str, schema: str | None = None) -> None:
        # not all databases keep a zone
        self.plan = replace(plan, as_of=plan.as_of and plan.as_of.astimezone(UTC))
        self._engine = engine
        self._dialect = engine.dialect.name
        self._schema = schema
        self._targets = {one.suffix: target_table(one, table, schema, marks_of(plan)) for one in plan.tables}
        self._connection: sa.engine.Connection
        self._staging: Staging | None = None

    def begin(self, attempt: Attempt) -> Position | None:
        """Check that the target can take the rows, and make room beside it.

        :raises ChartMogulConfigError: it cannot; says what to change.
        :raises ChartMogulLoadError: the database refused something; names table, step and SQLSTATE, never a value.
        """
        with self._step("connecting"):
            self._connection = self._connect()
        with self._step("inspecting"), self._connection.begin():
            for table in self.plan.tables:
                missing_columns(self._connection, self._targets[table.suffix], self._never_null(table))
        position = self._begin_staging(attempt)
        if position is None:
            self._rehearse()
        return position

    def stage(self, page: Page, position: Position) -> None:
        """Keep the records of a page, together with the position behind it, in one transaction.

        :raises ChartMogulLoadError: the database refused something, or another try of the load is under way.
        """
        with self._with_staged("staging"), self._connection.begin():
            self._staged.add(self._connection, page, position)

    def put_in_place(self) -> Landed:
        """Let all that was staged take its place in one transaction.

        :raises ChartMogulLoadError: the database refused something, or another try of the load is under way.
        """
        swap = Swap(self.plan, self._targets, self._staged)
        with self._with_staged("committing"), self._writing():
            self._wait_for_other_loads()
            self._staged.hold(self._connection)
            for table in self.plan.tables:
                if added := self._make_fit(table):
                    log.info("Adding to table %s, empty in the rows that it has: %s", self._name(table), added)
            for table, statement in swap.clearing():
                with self._step("deleting", table):
                    self._connection.execute(statement)
            return Landed({self._targets[table.suffix].name: self._insert(swap, table) for table in self.plan.tables})

    def end(self, *, keep: bool) -> None:
        """Let go of the database; drop what is staged unless it is to be kept, or another's."""
        with suppress(Exception):
            # a connection that was lost is of no use here
            self._connection.close()
        self._engine.dispose()
        if self._staging is None or self._staging.temporary or keep:
            return
        try:
            with self._connect() as connection, connection.begin():
                self._staging.drop_own(connection)
        except Exception as err:  # noqa: BLE001 - the outcome of the load matters more
            log.warning("Staging tables could not be dropped: %s", " ".join(error_codes(err)))
        finally:
            self._engine.dispose()

    def _connect(self) -> sa.engine.Connection:
        connection = self._engine.connect()
        with connection.begin():
            for statement in _SESSION.get(self._dialect, ()):
                connection.exec_driver_sql(statement)
        return connection

    def _make_fit(self, table: Table) -> str:
        with self._step("creating the table", table):
            return ", ".join(make_fit(self._connection, self._targets[table.suffix], self._never_null(table)))

    def _never_null(self, table: Table) -> set[str]:
        scope = self.plan.scope
        placing = {scope.column, *scope.constants} if scope and not table.suffix else set()
        return {*table.key, table.record_key, *table.required, *placing}

    def _begin_staging(self, attempt: Attempt) -> Position | None:
        lasting = self._new_staging(attempt, durable=True)
        with self._step("looking for what is staged"), self._writing():
            position = lasting.go_on(self._connection) if attempt.going_on else None
            if position is not None:
                self._staging = lasting
                return position
            lasting.drop(self._connection)
        try:
            self._create(lasting if attempt.durable else self._new_staging(attempt, durable=False))
        except ChartMogulConfigError as err:
            temporary = self._new_staging(attempt, durable=False)
            if not (attempt.durable and temporary.temporary):
                raise
            log.warning("%s. Staging in temporary tables instead: another try will have to begin anew", err)
            self._create(temporary)
        return None

    def _create(self, staging: Staging) -> None:
        # not all databases undo the creation of the first when that of the second fails
        self._staging = staging
        with self._step("creating staging tables"), self._writing():
            staging.create(self._connection)

    def _rehearse(self) -> None:
        """Do with nothing, and undo, what will be done in the end: what is refused is known before anything is read."""
        if self._dialect not in _WITH_TRANSACTIONAL_DDL:
            return
        swap = Swap(self.plan, self._targets, self._staged)
        with self._step("beginning"), self._writing(undo=True):
            # one may be creating the table
            self._wait_for_other_loads()
            for table in self.plan.tables:
                self._make_fit(table)
            for table, statement in swap.clearing():
                with self._step("deleting", table):
                    self._connection.execute(statement.where(sa.false()))
            for table in self.plan.tables:
                self._insert(swap, table)

    def _new_staging(self, attempt: Attempt, *, durable: bool) -> Staging:
        return Staging(self._dialect, self.plan.tables, attempt.load_id, schema=self._schema, durable=durable)

    @property
    def _staged(self) -> Staging:
        assert self._staging is not None  # noqa: S101 - the load has begun
        return self._staging

    @contextmanager
    def _with_staged(self, step: str) -> Iterator[None]:
        with self._step(step):
            try:
                yield
            except Exception:
                if self._is_gone():
                    raise OvertakenError from None
                raise

    def _is_gone(self) -> bool:
        with suppress(Exception), self._connection.begin():
            return self._staged.is_gone(self._connection)
        # nobody knows without a connection
        return False

    @contextmanager
    def _writing(self, *, undo: bool = False) -> Iterator[None]:
        with self._connection.begin() as transaction:
            if self._dialect == "sqlite":
                # its driver begins no transaction before CREATE TABLE of its own accord
                self._connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield
            if undo:
                transaction.rollback()

    def _wait_for_other_loads(self) -> None:
        """Let concurrent loads into one table take turns, where the database does not see to it unasked."""
        if self._dialect == "postgresql":
            lock = sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(self._name(), 0))
            with self._step("waiting for other loads"):
                self._connection.execute(sa.select(lock))

    def _insert(self, swap: Swap, table: Table) -> int:
        with self._step("inserting", table):
            count = self._connection.execute(swap.count(table)).scalar_one()
            self._connection.execute(swap.insertion(table))
        return int(count)

    def _step(self, step: str, table: Table | None = None) -> AbstractContextManager[None]:
        return failing_as(self._name(table), step)

    def _name(self, table: Table | None = None) -> str:
        return self._targets[table.suffix if table else ""].fullname
