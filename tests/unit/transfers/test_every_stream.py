"""Each stream, in each kind of target, twice over: the same rows everywhere, in the types of the catalogue."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_provider_chartmogul.streams import STREAMS, metrics
from airflow_provider_chartmogul.streams.columns import ColumnType
from airflow_provider_chartmogul.transfers.chartmogul_to_object_storage import ChartMogulToObjectStorageOperator
from airflow_provider_chartmogul.transfers.chartmogul_to_sql import ChartMogulToSqlOperator
from tests.contract.account import NOW, Account
from tests.unit.transfers.conftest import Warehouse, postgres

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator
    from airflow_provider_chartmogul.streams.model import Stream, Table

Rows = list[dict[str, Any]]

QUARTER = {"interval_start": "2026-01-01", "interval_end": "2026-03-15"}
TEXT = {"text", "character varying", "VARCHAR", "VARCHAR(255)", "TEXT"}
TYPES: dict[ColumnType, set[Any]] = {
    ColumnType.STRING: {*TEXT, pa.string()},
    ColumnType.INTEGER: {"bigint", "BIGINT", pa.int64()},
    ColumnType.DECIMAL: {"numeric", "DECIMAL(38,9)", "NUMERIC(38, 9)", pa.decimal128(38, 9)},
    ColumnType.BOOLEAN: {"boolean", "BOOLEAN", pa.bool_()},
    ColumnType.TIMESTAMP: {
        "timestamp with time zone",
        "TIMESTAMP WITH TIME ZONE",
        # SQLite has no type of its own for it
        "DATETIME",
        pa.timestamp("us", tz="UTC"),
    },
    ColumnType.DATE: {"date", "DATE", pa.date32()},
    ColumnType.JSON: {*TEXT, pa.string()},
}


@pytest.fixture
def account(emulator: Emulator, client: ChartMogulClient, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account that holds something of everything, in two data sources."""
    account = Account(emulator, client)
    for record in ("event", "contact", "note", "task", "opportunity", "plan_group", "subscription_set"):
        getattr(account, record)
    attributes = [
        {"type": "String", "key": "segment", "value": "Ünï 🦊"},
        {"type": "Integer", "key": "seats", "value": 24},
        {"type": "Decimal", "key": "discount", "value": 2.5},
        {"type": "Boolean", "key": "vip", "value": True},
        {"type": "Timestamp", "key": "met_at", "value": "2026-01-31T00:00:00Z"},
    ]
    client.custom_attributes.add(account.paying, attributes)
    other = client.data_sources.create(name="Shop")["uuid"]
    client.customers.create(data_source_uuid=other, external_id="acct-1", name="Shopper")
    monkeypatch.setattr(metrics, "today", lambda zone: datetime.fromisoformat(NOW).astimezone(zone).date())
    return account


@pytest.fixture
def warehouses(postgres_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Warehouse]:
    """An empty database of each kind, under a connection of its own."""
    made = []
    for kind in ("sqlite", "duckdb"):
        connection = {"conn_type": kind, "host": str(tmp_path / f"warehouse.{kind}")}
        monkeypatch.setenv(f"AIRFLOW_CONN_{kind.upper()}", json.dumps(connection))
        made.append(Warehouse(kind, kind))
    return [*made, postgres(postgres_uri, monkeypatch)]


def bounds(stream: Stream) -> dict[str, str]:
    return QUARTER if stream.windowed else {}


def plain(kind: ColumnType, value: Any) -> Any:
    """Return a value as every target can be made to give it."""
    if value is None:
        return None
    if kind is ColumnType.TIMESTAMP:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)).isoformat()
    if kind is ColumnType.DATE:
        return value.isoformat() if isinstance(value, date) else value
    if kind is ColumnType.DECIMAL:
        return Decimal(str(value)).normalize()
    if kind is ColumnType.BOOLEAN:
        return bool(value)
    if kind is ColumnType.JSON:
        return json.loads(value) if isinstance(value, str) else value
    return value


def plain_rows(table: Table, rows: Iterable[dict[str, Any]]) -> Rows:
    kinds = {column.name: column.type for column in table.all_columns}
    found = [{name: plain(kinds[name], value) for name, value in row.items()} for row in rows]
    return sorted(found, key=repr)


def in_database(warehouse: Warehouse, stream: Stream) -> dict[str, Rows]:
    """Load a stream, look at its columns, and return the rows of its tables."""
    operator = ChartMogulToSqlOperator(
        task_id="load", stream=stream.name, sql_conn_id=warehouse.conn_id, **bounds(stream)
    )
    assert operator.execute({})["target"] == f"{warehouse.conn_id}.chartmogul_{stream.name}"
    contents = {}
    for table in stream.tables:
        name = f"chartmogul_{stream.name}" + (f"_{table.suffix}" if table.suffix else "")
        columns = warehouse.query(warehouse.definition_of(name))
        assert [column for column, _ in columns] == [column.name for column in table.all_columns]
        for column, (_, kind) in zip(table.all_columns, columns, strict=True):
            assert kind in TYPES[column.type], (name, column.name, kind)
        names = ", ".join(f'"{column}"' for column, _ in columns)
        rows = warehouse.query(f"SELECT {names} FROM {name}")
        contents[table.suffix] = plain_rows(
            table, (dict(zip((column for column, _ in columns), row, strict=True)) for row in rows)
        )
    return contents


def in_files(folder: Path, stream: Stream, file_format: str) -> tuple[dict[str, Rows], list[bytes]]:
    """Load a stream, and return the rows of its files, and their bytes."""
    operator = ChartMogulToObjectStorageOperator(
        task_id="load", stream=stream.name, path=f"file://{folder}", file_format=file_format, **bounds(stream)
    )
    operator.execute({})
    contents, files = {}, []
    for table in stream.tables:
        name = f"{stream.name}_{table.suffix}" if table.suffix else stream.name
        (path,) = (one for one in (folder / name).rglob("*") if one.is_file())
        assert path.name == ("2026-01-01--2026-03-15" if stream.windowed else name) + f".{file_format}"
        files.append(path.read_bytes())
        contents[table.suffix] = plain_rows(table, read_file(path, table))
    return contents, files


def read_file(path: Path, table: Table) -> Rows:
    names = [column.name for column in table.all_columns]
    if path.suffix == ".jsonl":
        rows = [json.loads(line, parse_float=Decimal) for line in path.read_text(encoding="utf-8").splitlines()]
        assert all(list(row) == names for row in rows)
        return rows
    read = pq.read_table(path)
    assert read.schema.names == names
    for column, kind in zip(table.all_columns, read.schema.types, strict=True):
        assert kind in TYPES[column.type], (path.name, column.name, kind)
    return read.to_pylist()


@pytest.mark.usefixtures("chartmogul_conn", "account")
@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_every_stream_lands_everywhere_and_lands_again(
    warehouses: list[Warehouse], tmp_path: Path, stream: Stream
) -> None:
    expected, parquet = in_files(tmp_path / "parquet", stream, "parquet")
    assert all(expected.values())

    again, same_parquet = in_files(tmp_path / "parquet", stream, "parquet")
    assert again == expected
    lines, jsonl = in_files(tmp_path / "jsonl", stream, "jsonl")
    assert lines == expected
    _, same_jsonl = in_files(tmp_path / "jsonl", stream, "jsonl")
    assert (same_parquet, same_jsonl) == (parquet, jsonl)
    for warehouse in warehouses:
        for _ in range(2):
            assert in_database(warehouse, stream) == expected, warehouse.kind


@pytest.mark.usefixtures("chartmogul_conn")
@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_an_account_without_records_gives_empty_tables(
    warehouses: list[Warehouse], emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stream: Stream
) -> None:
    emulator.configure(now=NOW)
    monkeypatch.setattr(metrics, "today", lambda zone: datetime.fromisoformat(NOW).astimezone(zone).date())
    expected, _ = in_files(tmp_path / "parquet", stream, "parquet")
    lines, _ = in_files(tmp_path / "jsonl", stream, "jsonl")
    assert lines == expected
    for warehouse in warehouses:
        assert in_database(warehouse, stream) == expected
    # of an account and its metrics there is always something
    assert any(expected.values()) == (stream.name == "account" or stream.name.startswith("metrics_"))
