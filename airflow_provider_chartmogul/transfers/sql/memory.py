"""What earlier loads into a database remember, looked up while the next one reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from airflow_provider_chartmogul.moments import as_utc
from airflow_provider_chartmogul.transfers.loading import DELETED_AT
from airflow_provider_chartmogul.transfers.sql.errors import failing_as
from airflow_provider_chartmogul.transfers.sql.tables import target_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow_provider_chartmogul.streams.model import Row, Table


class SqlMemory:
    """Rows of :data:`~airflow_provider_chartmogul.streams.changes.READ_CUSTOMER` in a database.

    A connection is held only while something is looked up.

    :param engine: engine of the database, for this only: it is used by another thread than the load.
    :param remembered: the table, as a child of the main one.
    :param table: name of the main table.
    :param schema: of both; the connection's default if ``None``.
    """

    def __init__(self, engine: sa.engine.Engine, remembered: Table, *, table: str, schema: str | None) -> None:
        self._engine = engine
        self._table = target_table(remembered, table, schema)
        self._found = False

    def last_load(self) -> datetime | None:
        """Return the latest ``read_at``, if there is any."""
        rows = self._rows(sa.select(sa.func.max(self._table.c.read_at).label("read_at")))
        return as_utc(rows[0]["read_at"]) if rows and rows[0]["read_at"] else None

    def of(self, customer_uuids: Sequence[str]) -> Mapping[str, Row]:
        """Return what is remembered of some customers, by their uuid; those marked as gone are not."""
        key = self._table.c.customer_uuid
        # all columns: one that marks what is gone may be among them
        everything = sa.select(sa.text("*")).select_from(self._table).where(key.in_(list(customer_uuids)))
        rows = (row for row in self._rows(everything) if row.get(DELETED_AT) is None)
        return {row["customer_uuid"]: {**row, "read_at": as_utc(row["read_at"])} for row in rows}

    def _rows(self, query: sa.sql.Select[Any]) -> list[Row]:
        with failing_as(self._table.fullname, "looking for what changed"):
            try:
                with self._engine.connect() as connection:
                    if not self._is_there(connection):
                        return []
                    return [dict(row) for row in connection.execute(query).mappings()]
            finally:
                # nobody says when the last look-up was, and DuckDB's file is let go with the last connection only
                self._engine.dispose()

    def _is_there(self, connection: sa.engine.Connection) -> bool:
        if not self._found:
            self._found = sa.inspect(connection).has_table(self._table.name, schema=self._table.schema)
        return self._found
