"""Databases that Airflow connections name. SQLAlchemy takes long to import, so it is imported where it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


def engine_of(conn_id: str, doing: str) -> Engine:
    """Return the SQLAlchemy engine of a connection. Its errors hide parameters; drivers may still quote rows.

    :param doing: what needs the database, for people: ``Loading into``.
    :raises ChartMogulConfigError: the extra is not installed, or the connection is no database with a dialect.
    """
    try:
        from airflow.providers.common.sql.hooks.sql import DbApiHook
        from sqlalchemy.exc import NoSuchModuleError
    except ImportError as err:
        raise ChartMogulConfigError(
            f"{doing} a database needs: pip install 'airflow-provider-chartmogul[sql]'"
        ) from err
    hook = BaseHook.get_connection(conn_id).get_hook()  # type: ignore[no-untyped-call]
    if not isinstance(hook, DbApiHook):
        raise ChartMogulConfigError(f"Connection '{conn_id}' is no SQL database: {type(hook).__name__}")
    try:
        return hook.get_sqlalchemy_engine(engine_kwargs={"hide_parameters": True})
    except NoSuchModuleError:
        raise ChartMogulConfigError(
            f"There is no SQLAlchemy dialect for connection '{conn_id}' (for DuckDB: "
            "pip install 'airflow-provider-chartmogul[duckdb]')"
        ) from None


def error_codes(err: BaseException) -> list[str]:
    """Return type and codes of a database error: the SQLSTATE or its like."""
    original = getattr(err, "orig", None) or err
    codes = (getattr(original, name, None) for name in ("sqlstate", "pgcode", "sqlite_errorname"))
    return [type(original).__name__, *(str(code) for code in codes if code)]
