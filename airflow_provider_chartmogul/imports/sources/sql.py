"""Read a query of a database a page at a time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.databases import engine_of, error_codes
from airflow_provider_chartmogul.exceptions import ChartMogulConfigError, ChartMogulError, ChartMogulLoadError
from airflow_provider_chartmogul.imports.sources.rows import Row, UnfitSourceError
from airflow_provider_chartmogul.imports.sources.values import plain_row

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from sqlalchemy.engine import CursorResult, Engine

    from airflow_provider_chartmogul.imports.sources.rows import Columns

_PAGE: Final = 2_000
"""How many rows are taken from the server at a time."""
# no retry mends them: the query is wrong, names what is not there or must not be read
_HOPELESS: Final = ("42", "3F", "SQLITE_ERROR", "ParserException", "BinderException", "CatalogException")


def read_sql(conn_id: str, query: str, parameters: Any, columns: Columns, name: str) -> Generator[Row, None, None]:
    """Yield a row for each row of a query, which is rolled back at the end.

    :param conn_id: Airflow connection of any database with a ``DbApiHook``.
    :param query: in the words of the database.
    :param parameters: in the style of its driver: a mapping or a sequence.
    :param name: of what is read, in errors.
    :raises ChartMogulConfigError: the connection or the query cannot work.
    :raises ChartMogulLoadError: the database failed.
    :raises UnfitSourceError: columns have the same name, or one that a mapping names is not there.
    """
    engine = engine_of(conn_id, "Reading from")
    try:
        yield from _rows(engine, conn_id, query, parameters, columns, name)
    finally:
        engine.dispose()


def _rows(engine: Engine, conn_id: str, query: str, parameters: Any, columns: Columns, name: str) -> Iterator[Row]:
    with _failing_of(conn_id, name), _result(engine, query, parameters) as result:
        names = list(result.keys())
        chosen = set(columns.chosen(names, f"the query of connection '{conn_id}'"))
        picked = [(position, name) for position, name in enumerate(names) if name in chosen]
        chosen_names = [name for _, name in picked]
        count = 0
        for page in result.partitions(_PAGE):
            for values in page:
                count += 1
                record, faults = plain_row(chosen_names, tuple([values[position] for position, _ in picked]))
                yield Row(record, f"row {count}", faults)


@contextmanager
def _result(engine: Engine, query: str, parameters: Any) -> Iterator[CursorResult[Any]]:
    # without parameters, a percent sign is one
    options = {
        "stream_results": True,
        "max_row_buffer": _PAGE,
        "no_parameters": True,
    }
    given = tuple(parameters) if isinstance(parameters, list) else parameters
    with engine.connect().execution_options(**options) as connection:
        # one that is begun here commits nothing by itself, whatever the query is
        transaction = connection.begin()
        try:
            result = connection.exec_driver_sql(query, given or None)
            if not result.returns_rows:
                raise UnfitSourceError("sql must be a query: it gives no rows")
            yield result.yield_per(_PAGE)
            result.close()
        finally:
            transaction.rollback()


@contextmanager
def _failing_of(conn_id: str, name: str) -> Iterator[None]:
    """Turn whatever a driver raises into an error that names source, connection and code, and never a value."""
    try:
        yield
    except (ChartMogulError, UnfitSourceError):
        raise
    except Exception as err:  # noqa: BLE001 - what a driver raises is not always its own kind of error
        codes = error_codes(err)
        kind = ChartMogulConfigError if any(code.startswith(_HOPELESS) for code in codes) else ChartMogulLoadError
        # drivers quote rows in their messages: neither text nor cause may pass
        raise kind(f"Reading {name} from connection '{conn_id}' failed: {' '.join(codes)}") from None
