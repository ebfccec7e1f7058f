"""The three real databases that every load is tried on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from airflow.providers.common.compat.sdk import BaseHook

if TYPE_CHECKING:
    from pathlib import Path

_UTC_TEXT = {
    "sqlite": "substr({0}, 1, 19)",
    "duckdb": "strftime({0} AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S')",
    "postgresql": "to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')",
}
_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "duckdb": "SELECT table_name FROM information_schema.tables",
    "postgresql": "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'",
}


@dataclass
class Warehouse:
    """A database behind the Airflow connection ``conn_id``, looked at without the code under test."""

    conn_id: str
    kind: str

    def engine(self) -> sa.engine.Engine:
        hook = BaseHook.get_connection(self.conn_id).get_hook()
        return hook.get_sqlalchemy_engine(engine_kwargs={"hide_parameters": True})

    def url(self) -> str:
        """Return what another process reaches it by."""
        url = self.engine().url
        if self.kind == "postgresql":
            # the path of a socket is no host that a URL can name
            place = {"host": url.host, "port": str(url.port or 5432)}
            url = sa.engine.URL.create(url.drivername, url.username, url.password, database=url.database, query=place)
        return url.render_as_string(hide_password=False)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        engine = self.engine()
        with engine.begin() as connection:
            rows = [tuple(row) for row in connection.execute(sa.text(sql))]
        engine.dispose()
        return rows

    def execute(self, *statements: str) -> None:
        engine = self.engine()
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))
        engine.dispose()

    def column(self, table: str, column: str) -> list[Any]:
        """All values of a column, ascending."""
        return [value for (value,) in self.query(f"SELECT {column} FROM {table} ORDER BY {column}")]

    def utc(self, column: str) -> str:
        """Return the SQL of a timestamp as text in UTC."""
        return _UTC_TEXT[self.kind].format(column)

    def definition_of(self, table: str) -> str:
        """Return the query for the names and types of a table's columns."""
        if self.kind == "sqlite":
            return f"SELECT name, type FROM pragma_table_info('{table}')"
        return f"SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '{table}'"

    def tables(self) -> set[str]:
        return {name for (name,) in self.query(_TABLES[self.kind])}


@pytest.fixture(params=["sqlite", "duckdb", "postgresql"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """An empty database of each kind."""
    if request.param == "postgresql":
        return postgres(request.getfixturevalue("postgres_uri"), monkeypatch)
    connection = {"conn_type": request.param, "host": str(tmp_path / f"warehouse.{request.param}")}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection))
    return Warehouse("warehouse", request.param)


@pytest.fixture
def postgres_warehouse(postgres_uri: str, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    return postgres(postgres_uri, monkeypatch)


def postgres(uri: str, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    parts = urlsplit(uri)
    connection = {
        "conn_type": "postgres",
        "host": parse_qs(parts.query)["host"][0] if parts.query else parts.hostname,
        "port": parts.port,
        "login": parts.username,
        "password": parts.password,
        "schema": parts.path.strip("/"),
    }
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection))
    warehouse = Warehouse("warehouse", "postgresql")
    warehouse.execute("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return warehouse
