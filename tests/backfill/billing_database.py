"""A billing history as a SQL database."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.backfill.billing_columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Engine

    from tests.backfill.billing_history import BillingHistory


def write_database(history: BillingHistory, engine: Engine, *, prefix: str = "") -> None:
    """Make the tables of a history and fill them; those of another history give way.

    Amounts are ``NUMERIC(12, 2)``, moments ``TIMESTAMP`` without a zone, flags ``BOOLEAN``. SQLite has none of them: it
    keeps numbers, text such as ``2024-05-16 03:25:43.000000``, and 0 or 1.

    :param engine: of SQLite, DuckDB or Postgres.
    :param prefix: put before the names of the tables: ``billing_`` gives ``billing_accounts``.
    """
    import sqlalchemy as sa

    types: dict[str, Callable[[], Any]] = {
        "text": sa.Text,
        "integer": sa.Integer,
        "amount": lambda: sa.Numeric(12, 2),
        "moment": sa.DateTime,
        "day": sa.Date,
        "flag": sa.Boolean,
    }
    metadata = sa.MetaData()
    for name, columns in COLUMNS.items():
        sa.Table(f"{prefix}{name}", metadata, *(sa.Column(column, types[of]()) for column, of in columns.items()))
    with engine.begin() as connection:
        metadata.drop_all(connection)
        metadata.create_all(connection)
        for name, rows in history.tables.items():
            if rows:
                connection.execute(metadata.tables[f"{prefix}{name}"].insert(), [_values(name, row) for row in rows])


def _values(table: str, row: dict[str, Any]) -> dict[str, Any]:
    amounts = {column for column, of in COLUMNS[table].items() if of == "amount"}
    return {column: Decimal(value) if value and column in amounts else value for column, value in row.items()}
