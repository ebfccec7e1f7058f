"""Databases that refuse a load: one clear error, and the tables as they were."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError, ChartMogulLoadError
from airflow_provider_chartmogul.transfers import loading
from airflow_provider_chartmogul.transfers.sql.target import SqlTarget
from tests.unit.transfers.sql_orders import DURABLE, ONCE, contents, load, load_reading, order, plan, reading
from tests.unit.transfers.sql_processes import load_and_tell, load_onto_full_disk, processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from airflow_provider_chartmogul.streams.model import Record
    from airflow_provider_chartmogul.transfers.loading import Attempt
    from tests.unit.transfers.conftest import Warehouse

ATTEMPTS = pytest.mark.parametrize("attempt", [ONCE, DURABLE], ids=["temporary", "durable"])


def never_read() -> Iterator[list[Record]]:
    raise AssertionError("nothing is read for a target that refuses it")
    yield


def load_with(
    engine: sa.engine.Engine, pages: Iterator[Sequence[Record]] | list[Any], attempt: Attempt, mode: str = "replace"
) -> None:
    loading.load(reading(pages), SqlTarget(engine, plan(mode), table="orders"), attempt)


# who may only read ----------------------------------------------------------------------------------------------------


def role(warehouse: Warehouse, *grants: str) -> sa.engine.Engine:
    """Return an engine that speaks for a role with some rights only."""
    warehouse.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'limited') THEN"
        " EXECUTE 'DROP OWNED BY limited'; DROP ROLE limited; END IF; END $$",
        "CREATE ROLE limited LOGIN PASSWORD 'limited'",
        *(f"GRANT {grant} TO limited" for grant in grants),
    )
    engine = warehouse.engine()
    return sa.create_engine(engine.url.set(username="limited", password="limited"))


@ATTEMPTS
@pytest.mark.parametrize("exists", [True, False], ids=["existing table", "new table"])
def test_a_role_of_postgres_that_may_only_read_is_refused_before_anything_is_read(
    postgres_warehouse: Warehouse, exists: bool, attempt: Attempt
) -> None:
    if exists:
        load(postgres_warehouse, [order("a", "a1")])
    before = postgres_warehouse.tables()
    engine = role(postgres_warehouse, "USAGE ON SCHEMA public", "SELECT ON ALL TABLES IN SCHEMA public")

    step = r"(orders failed while deleting|orders_items failed while deleting|orders failed while creating the table)"
    with pytest.raises(ChartMogulConfigError, match=rf"^Loading into {step}: InsufficientPrivilege 42501$"):
        load_with(engine, never_read(), attempt)

    assert postgres_warehouse.tables() == before
    assert not exists or contents(postgres_warehouse) == ([("a", None, None)], [("a1", "a")])


def test_a_role_that_may_create_no_tables_stages_in_temporary_ones(
    postgres_warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    load(postgres_warehouse, [order("a", "a1")])
    engine = role(
        postgres_warehouse,
        "USAGE ON SCHEMA public",
        "SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA public",
    )

    load_with(engine, [[order("b", "b1")]], DURABLE)

    assert contents(postgres_warehouse) == ([("b", None, None)], [("b1", "b")])
    assert "Staging in temporary tables instead" in caplog.text


def test_a_file_of_sqlite_that_is_read_only_is_refused(sqlite_conn: str, tmp_path: Any) -> None:
    from tests.unit.transfers.conftest import Warehouse

    warehouse = Warehouse(sqlite_conn, "sqlite")
    load(warehouse, [order("a", "a1")])
    engine = sa.create_engine(f"sqlite:///file:{tmp_path}/warehouse.sqlite?mode=ro&uri=true")

    with pytest.raises(ChartMogulConfigError, match=r"^Loading into \w+ failed while .*: \w+ SQLITE_READONLY$"):
        load_with(engine, never_read(), ONCE)

    assert contents(warehouse) == ([("a", None, None)], [("a1", "a")])


def test_a_file_of_duckdb_that_is_read_only_is_refused(duckdb_conn: str, tmp_path: Any) -> None:
    from tests.unit.transfers.conftest import Warehouse

    warehouse = Warehouse(duckdb_conn, "duckdb")
    load(warehouse, [order("a", "a1")])
    engine = sa.create_engine(f"duckdb:///{tmp_path}/warehouse.duckdb", connect_args={"read_only": True})

    with pytest.raises(ChartMogulLoadError, match=r"^Loading into \w+ failed while deleting: InvalidInputException$"):
        load_with(engine, never_read(), ONCE)

    assert contents(warehouse) == ([("a", None, None)], [("a1", "a")])


# what is not there ----------------------------------------------------------------------------------------------------


@ATTEMPTS
def test_a_schema_that_is_missing_is_named_before_anything_is_read(warehouse: Warehouse, attempt: Attempt) -> None:
    with pytest.raises(ChartMogulLoadError if warehouse.kind == "sqlite" else ChartMogulConfigError) as caught:
        load_reading(warehouse, reading(never_read()), schema="nowhere", attempt=attempt)

    code = {"sqlite": "OperationalError", "duckdb": "CatalogException", "postgresql": "3F000"}[warehouse.kind]
    assert str(caught.value).startswith("Loading into nowhere.orders failed while ")
    assert code in str(caught.value)
    assert warehouse.tables() == set()


def test_a_server_that_is_not_there_is_one_clear_error() -> None:
    engine = sa.create_engine("postgresql+psycopg2://me:hidden-secret@127.0.0.1:1/db")

    with pytest.raises(ChartMogulLoadError, match=r"^Loading into orders failed while connecting: \w+$") as caught:
        load_with(engine, never_read(), ONCE)

    assert "hidden-secret" not in "".join(traceback.format_exception(caught.value))


def test_a_file_of_duckdb_that_another_process_holds_is_one_clear_error(duckdb_conn: str) -> None:
    from tests.unit.transfers.conftest import Warehouse

    warehouse = Warehouse(duckdb_conn, "duckdb")
    load(warehouse, [order("a", "a1")])
    held = warehouse.engine().connect()

    try:
        told = in_a_process(load_and_tell, warehouse.url(), ONCE, [[order("b")]])
    finally:
        held.close()

    assert told == "Loading into orders failed while connecting: IOException"
    assert contents(warehouse) == ([("a", None, None)], [("a1", "a")])


# a full disk ----------------------------------------------------------------------------------------------------------


def in_a_process(load: Callable[..., None], url: str, attempt: Attempt, *arguments: Any) -> str:
    """Load in a process of its own, and return the error of it."""
    inlet, outlet = processes.Pipe(duplex=False)
    process = processes.Process(target=load, args=(url, attempt, outlet, *arguments))
    process.start()
    outlet.close()
    told: str = inlet.recv()
    process.join()
    return told


@ATTEMPTS
@pytest.mark.parametrize("warehouse", ["sqlite", "duckdb"], indirect=True)
def test_files_that_cannot_grow_any_more_keep_the_tables_as_they_were(warehouse: Warehouse, attempt: Attempt) -> None:
    load(warehouse, [order("a", "a1", label="old")])
    before = contents(warehouse), warehouse.tables()

    assert in_a_process(load_onto_full_disk, warehouse.url(), attempt).startswith("Loading into orders failed while ")

    assert contents(warehouse) == before[0]
    # what could not be removed on a full disk is removed by the next load of that name
    load(warehouse, [order("a", "a1", label="old")], attempt=attempt)
    assert (contents(warehouse), warehouse.tables()) == before


@ATTEMPTS
def test_a_full_disk_of_postgres_keeps_the_tables_as_they_were(postgres_warehouse: Warehouse, attempt: Attempt) -> None:
    load(postgres_warehouse, [order("a", "a1", label="old")])
    before = contents(postgres_warehouse), postgres_warehouse.tables()
    # a disk cannot be filled here: what the server would say is said by a trigger
    postgres_warehouse.execute(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'row % ', NEW USING ERRCODE = '53100'; END $$",
        "CREATE TRIGGER full_disk BEFORE INSERT ON orders_items FOR EACH ROW EXECUTE FUNCTION full_disk()",
    )

    with pytest.raises(ChartMogulLoadError, match=r"^Loading into orders_items failed while inserting: \w+ 53100$"):
        load(postgres_warehouse, [order("b", "b1", label="new")], attempt=attempt)

    assert (contents(postgres_warehouse), postgres_warehouse.tables()) == before
