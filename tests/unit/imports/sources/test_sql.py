"""A query of each database is read a page at a time, and changes nothing."""

from __future__ import annotations

import datetime as dt
import decimal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError, ChartMogulError, ChartMogulLoadError
from airflow_provider_chartmogul.imports.sources import open_source
from tests.unit.imports.sources.reading import given, records
from tests.unit.transfers.conftest import Warehouse, postgres, postgres_warehouse, warehouse

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["postgres", "postgres_warehouse", "warehouse"]


@pytest.fixture
def customers(warehouse: Warehouse) -> Warehouse:
    warehouse.execute(
        "CREATE TABLE customers (id VARCHAR(9), name VARCHAR(99), paid DECIMAL(12, 2), since TIMESTAMP, seats INTEGER)",
        "INSERT INTO customers VALUES ('acct-1', 'Jürgen 100%', 12.50, '2026-03-01 12:00:00', 3)",
        "INSERT INTO customers VALUES ('acct-2', NULL, 12.00, NULL, NULL)",
    )
    return warehouse


def query(text: str, **more: Any) -> dict[str, Any]:
    return {"sql": text, "conn_id": "warehouse", **more}


def test_rows_are_records(customers: Warehouse) -> None:
    first, second = given(query("SELECT id AS external_id, name, seats FROM customers ORDER BY id"))
    assert first.record == {"external_id": "acct-1", "name": "Jürgen 100%", "seats": 3}
    assert second.record == {"external_id": "acct-2", "name": None, "seats": None}
    assert [(one.kind, one.place, one.problems) for one in (first, second)] == [
        ("customers", "row 1", ()),
        ("customers", "row 2", ()),
    ]


def test_the_text_of_a_query_is_enough_where_a_connection_is_given(customers: Warehouse) -> None:
    text = "SELECT id AS external_id FROM customers WHERE name LIKE '%100%%' ;"
    assert records(text, sql_conn_id="warehouse") == [{"external_id": "acct-1"}]
    assert records({"sql": text}, sql_conn_id="warehouse") == [{"external_id": "acct-1"}]


def test_values_are_plain(customers: Warehouse) -> None:
    first, second = records(query("SELECT paid, since FROM customers ORDER BY id"))
    if customers.kind == "sqlite":
        # it has neither decimals nor dates
        assert [first, second] == [{"paid": 12.5, "since": "2026-03-01 12:00:00"}, {"paid": 12, "since": None}]
        return
    noon = dt.datetime(2026, 3, 1, 12)  # noqa: DTZ001 - without a zone it is UTC
    assert repr(first) == repr({"paid": decimal.Decimal("12.50"), "since": noon})
    assert repr(second) == repr({"paid": 12, "since": None})


def test_parameters_are_in_the_style_of_the_driver(customers: Warehouse) -> None:
    styles: dict[str, list[tuple[str, Any]]] = {
        "sqlite": [("?", ["acct-2"]), (":id", {"id": "acct-2"})],
        "duckdb": [("?", ["acct-2"]), ("?", ("acct-2",))],
        "postgresql": [("%s", ["acct-2"]), ("%(id)s", {"id": "acct-2"})],
    }
    for mark, parameters in styles[customers.kind]:
        text = f"SELECT id FROM customers WHERE id = {mark}"
        assert records(query(text, parameters=parameters)) == [{"id": "acct-2"}]


def test_columns_are_mapped(customers: Warehouse) -> None:
    mapping = {
        "external_id": "id",
        "primary_contact.first_name": "name",
        "lead_created_at": {"column": "since", "convert": "date"},
        "attributes.custom.paid": {"column": "paid", "convert": "cents"},
    }
    assert records(query("SELECT * FROM customers ORDER BY id", mapping=mapping)) == [
        {
            "external_id": "acct-1",
            "primary_contact": {"first_name": "Jürgen 100%"},
            "lead_created_at": "2026-03-01T12:00:00Z",
            "attributes": {"custom": {"paid": 1250}},
        },
        {"external_id": "acct-2", "attributes": {"custom": {"paid": 1200}}},
    ]


def test_a_name_with_dots_is_a_whole_one(customers: Warehouse) -> None:
    found = records(query('SELECT id AS "primary_contact.email" FROM customers WHERE seats = 3'))
    assert found == [{"primary_contact.email": "acct-1"}]


def test_columns_with_the_same_name_are_an_error(customers: Warehouse) -> None:
    with pytest.raises(ValueError, match=r"^the query of connection 'warehouse' has more than one column 'id'$"):
        given(query("SELECT id, name, seats AS id FROM customers"))


def test_a_column_that_is_not_there_is_an_error_that_names_those_that_are(customers: Warehouse) -> None:
    with pytest.raises(ValueError) as error:
        given(query("SELECT id, name FROM customers", mapping={"external_id": "ident", "name": "name"}))
    assert str(error.value) == (
        "the query of connection 'warehouse' has no column 'ident', which mapping names; it has 'id', 'name'"
    )


def test_no_rows_are_no_records(customers: Warehouse) -> None:
    assert given(query("SELECT id FROM customers WHERE seats > 5")) == []


def test_nothing_is_asked_before_the_first_record_is(warehouse: Warehouse) -> None:
    source = open_source("customers", query("SELECT id FROM later"))
    warehouse.execute("CREATE TABLE later (id VARCHAR(20))", "INSERT INTO later VALUES ('acct-1')")
    assert next(source).record == {"id": "acct-1"}
    source.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["DELETE FROM customers", "DELETE FROM customers RETURNING id"])
def test_what_a_statement_changes_is_rolled_back(customers: Warehouse, text: str) -> None:
    # Postgres takes only queries, SQLite gives no rows, DuckDB gives their number
    with suppress(ValueError, ChartMogulError):
        given(query(text))
    assert customers.query("SELECT count(*) FROM customers") == [(2,)]


def test_a_statement_without_rows_is_no_query(sqlite_conn: str) -> None:
    with pytest.raises(ValueError, match=r"^sql must be a query: it gives no rows$"):
        given(query("CREATE TABLE customers (id TEXT)"))


def test_a_reading_that_is_closed_holds_nothing(customers: Warehouse) -> None:
    source = open_source("customers", query("SELECT id FROM customers"))
    next(source)
    source.close()  # type: ignore[attr-defined]
    # would wait for a lock that the reading holds
    customers.execute("DROP TABLE customers")


def test_json_of_a_database_is_kept_and_text_is_not_parsed(postgres_warehouse: Warehouse) -> None:
    text = """SELECT '[{"a": 1.50}]'::jsonb AS parsed, '{"a": 1}' AS written, '{a,b}'::text[] AS tags"""
    assert records(query(text)) == [{"parsed": [{"a": 1.5}], "written": '{"a": 1}', "tags": ["a", "b"]}]


def test_lists_and_structs_of_a_database_are_kept(duckdb_conn: str) -> None:
    text = "SELECT [{'amount': 12.50::DECIMAL(12, 2), 'at': DATE '2026-03-01'}] AS l, MAP {'k': 1} AS m, uuid() AS u"
    (record,) = records(query(text))
    assert record["l"] == [{"amount": decimal.Decimal("12.50"), "at": dt.date(2026, 3, 1)}]
    assert record["m"] == {"k": 1}
    assert isinstance(record["u"], str)


@pytest.mark.parametrize("text", ["'\\x00ff'::bytea", "interval '1 day'", "'infinity'::float8"])
def test_a_value_that_the_api_has_no_form_for_is_a_problem(postgres_warehouse: Warehouse, text: str) -> None:
    bad, good = given(query(f"SELECT 'a' AS external_id, {text} AS email UNION ALL SELECT 'b', NULL"))
    ((field, message),) = bad.problems
    assert (field, message.endswith("which the API cannot take")) == ("email", True)
    assert (good.record, good.problems) == ({"external_id": "b", "email": None}, ())


def test_what_is_no_number_is_none(postgres_warehouse: Warehouse) -> None:
    assert records(query("SELECT 'NaN'::float8 AS a, 'NaN'::numeric AS b")) == [{"a": None, "b": None}]


def test_postgres_keeps_the_rows_on_its_side(postgres_warehouse: Warehouse) -> None:
    (record,) = records(query("SELECT count(*) AS cursors FROM pg_cursors"))
    assert record == {"cursors": 1}


@pytest.mark.parametrize("kind", ["sqlite", "duckdb", "postgresql"])
def test_memory_is_a_page(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    counted = "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < {0}) SELECT i, {1} FROM t"
    numbers = "SELECT i, {1} FROM range({0}) t(i)" if kind == "duckdb" else counted
    uri = request.getfixturevalue("postgres_uri") if kind == "postgresql" else str(tmp_path / "w")
    # 200,000 rows of 500 letters are 100 MB
    wide = "repeat('x', 500) AS name" if kind != "sqlite" else "hex(zeroblob(250)) AS name"
    few, many = (_peak(kind, uri, numbers.format(count, wide)) for count in (5_000, 200_000))
    assert many - few < 30


def _peak(kind: str, uri: str, text: str) -> int:
    """Return the most memory, in MB, that a process has in which a query is read."""
    program = [sys.executable, "-m", "tests.unit.imports.sources.peak", kind, uri, text]
    return int(subprocess.run(program, check=True, capture_output=True, text=True, timeout=120).stdout.split()[-1])


@pytest.mark.parametrize("text", ["SELECT nothing FROM customers", "SELECT * FROM nobody", "SELECT FROM WHERE"])
def test_a_query_that_cannot_work_ends_the_task_at_once(customers: Warehouse, text: str) -> None:
    with pytest.raises(ChartMogulConfigError, match=r"^Reading customers from connection 'warehouse' failed: "):
        given(query(text))


def test_an_error_of_a_database_quotes_no_value(customers: Warehouse) -> None:
    text = "SELECT CAST(name AS INTEGER) AS number FROM customers"
    if customers.kind == "sqlite":
        text = "SELECT json(name) AS number FROM customers"
    with pytest.raises(ChartMogulError) as error:
        given(query(text))
    assert isinstance(error.value, ChartMogulLoadError | ChartMogulConfigError)
    assert "Jürgen" not in str(error.value)
    assert error.value.__suppress_context__
    assert error.value.__cause__ is None


def test_a_connection_must_be_one_of_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", '{"conn_type": "aws"}')
    with pytest.raises(ChartMogulConfigError, match=r"^Connection 'warehouse' is no SQL database: "):
        given(query("SELECT 1"))


def test_ids_may_be_numbers(customers: Warehouse) -> None:
    assert [one.record for one in given(query("SELECT 5 AS external_id"))] == [{"external_id": "5"}]
