"""What was read, beside the target: its rows, the records that they came from, and the position behind them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import sqlalchemy as sa

from airflow_provider_chartmogul.transfers.sql.errors import OvertakenError
from airflow_provider_chartmogul.transfers.sql.inserts import insert
from airflow_provider_chartmogul.transfers.sql.tables import LONG_KEY, child_name, sql_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_chartmogul.streams.model import Page, Table
    from airflow_provider_chartmogul.streams.reading import Position

NUMBER = "chartmogul_record"
"""Number of a record, in order of reading."""
KEY = "record_key"
READ = "was_read"
"""1 for a record that was read, 0 for one that is there but unchanged."""

# A temporary table goes with its connection and locks nothing. Those of MySQL cannot be named twice in a query.
WITH_TEMPORARY_TABLES = ("sqlite", "duckdb", "postgresql", "redshift", "snowflake")


class Staging:
    """The staging tables of one load, as one try of it sees them.

    They belong to the try that was the last to create them or to go on from them. An older one that is still alive,
    since its worker only seemed to be dead, is told with its next page, or when that is to take its place.

    :param dialect: SQLAlchemy's name of the database.
    :param tables: the stream's tables.
    :param load_id: names them, so that another try of the load finds them.
    :param schema: where they lie unless they are temporary.
    :param durable: they outlive the connection.
    """

    def __init__(
        self, dialect: str, tables: Sequence[Table], load_id: str, *, schema: str | None, durable: bool
    ) -> None:
        self.temporary = not durable and dialect in WITH_TEMPORARY_TABLES
        # a temporary table has a schema of its own
        self._schema = None if self.temporary else schema
        # after a crash of the server they are empty, all of them: then the load begins anew
        unlogged = ["UNLOGGED"] if dialect == "postgresql" else []
        self._prefixes = ["TEMPORARY"] if self.temporary else unlogged
        self._name = f"chartmogul_staging_{hashlib.sha256(load_id.encode()).hexdigest()[:12]}"
        number = (NUMBER, sa.BigInteger())
        self.rows = {one.suffix: self._table(one.suffix, number, *_declared(one)) for one in tables}
        # names that no suffix can make
        self.records = self._table("_records", number, (KEY, LONG_KEY), (READ, sa.SmallInteger()))
        position = (("position", sa.UnicodeText()), ("columns", sa.UnicodeText()), ("try_id", sa.Unicode(32)))
        self._position = self._table("_position", *position)
        self._try_id = uuid4().hex
        self._columns = json.dumps({suffix: list(table.columns.keys()) for suffix, table in self.rows.items()})
        self._next = 0

    def _table(self, suffix: str, *columns: tuple[str, Any]) -> sa.Table:
        return sa.Table(
            child_name(self._name, suffix),
            sa.MetaData(),
            *(sa.Column(name, kind) for name, kind in columns),
            schema=self._schema,
            prefixes=self._prefixes,
        )

    @property
    def tables(self) -> list[sa.Table]:
        """All staging tables; the last to be created says that all were."""
        return [*self.rows.values(), self.records, self._position]

    def create(self, connection: sa.engine.Connection) -> None:
        """Create the tables, empty."""
        for table in self.tables:
            table.create(connection)
        row = {"position": None, "columns": self._columns, "try_id": self._try_id}
        connection.execute(self._position.insert(), row)

    def drop(self, connection: sa.engine.Connection) -> None:
        """Drop those tables that are there."""
        for table in reversed(self.tables):
            table.drop(connection, checkfirst=True)

    def go_on(self, connection: sa.engine.Connection) -> Position | None:
        """Take over what is staged and return the position behind it; ``None`` if there is nothing of use."""
        if not all(_is_there(connection, table) for table in self.tables):
            return None
        # before it is looked at: an older try may be about to add a page
        connection.execute(self._position.update().values(try_id=self._try_id).where(sa.text("1 = 1")))
        stored = connection.execute(sa.select(self._position.c["position"], self._position.c["columns"])).first()
        if stored is None or stored[0] is None or stored[1] != self._columns:
            return None
        last = connection.execute(sa.select(sa.func.max(self.records.c[NUMBER]))).scalar_one()
        self._next = 0 if last is None else last + 1
        return [(part, cursor) for part, cursor in json.loads(stored[0])]

    def drop_own(self, connection: sa.engine.Connection) -> None:
        """Drop those tables that are there, unless a newer try has taken them over."""
        there = _is_there(connection, self._position)
        foreign = there and not self._update(connection, try_id=self._try_id)
        # without a row they are nobody's
        if not (foreign and connection.execute(sa.select(self._position.c["try_id"])).first()):
            self.drop(connection)

    def add(self, connection: sa.engine.Connection, page: Page, position: Position) -> None:
        """Add the records of a page, and keep the position behind it, in the caller's transaction.

        :raises OvertakenError: they belong to a newer try; the transaction is to be undone.
        """
        numbered = list(enumerate(page.records, start=self._next))
        for suffix, table in self.rows.items():
            rows = [
                {**row, NUMBER: number}
                for number, record in numbered
                if record.rows is not None
                for row in record.rows.get(suffix, ())
            ]
            insert(connection, table, rows)
        records = [{NUMBER: i, KEY: record.key, READ: int(record.rows is not None)} for i, record in numbered]
        insert(connection, self.records, records)
        self._keep(connection, position=json.dumps(position))
        self._next += len(numbered)

    def hold(self, connection: sa.engine.Connection) -> None:
        """Let no newer try take the tables over before the caller's transaction ends.

        :raises OvertakenError: one has done so.
        """
        self._keep(connection, try_id=self._try_id)

    def is_gone(self, connection: sa.engine.Connection) -> bool:
        """Tell whether a newer try has dropped the tables."""
        return not (self.temporary or _is_there(connection, self._position))

    def _keep(self, connection: sa.engine.Connection, **values: str) -> None:
        if not (self.temporary or self._update(connection, **values)):
            raise OvertakenError

    def _update(self, connection: sa.engine.Connection, **values: str) -> bool:
        """Update the row of the position if it is this try's own; tell whether it is."""
        own = self._position.c["try_id"] == self._try_id
        count = connection.execute(self._position.update().values(**values).where(own)).rowcount
        if count < 0:
            # not all drivers count
            count = connection.execute(sa.select(sa.func.count()).select_from(self._position).where(own)).scalar_one()
        return bool(count)


def _is_there(connection: sa.engine.Connection, table: sa.Table) -> bool:
    return bool(sa.inspect(connection).has_table(table.name, schema=table.schema))


def _declared(table: Table) -> list[tuple[str, Any]]:
    return [(column.name, column.type) for column in sql_columns(table)]
