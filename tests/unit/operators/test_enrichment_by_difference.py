"""The operator that pushes tags and attributes: its sources, files, errors, and what it checks early."""

from __future__ import annotations

import gzip
import json
import sqlite3
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import pyarrow.parquet as pq
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_chartmogul import json_lines
from airflow_provider_chartmogul.enrichment import ledger
from airflow_provider_chartmogul.enrichment.sending import Sender
from airflow_provider_chartmogul.exceptions import (
    ChartMogulAuthenticationError,
    ChartMogulImportFailedError,
    ChartMogulImportIncompleteError,
    ChartMogulPermissionError,
)
from airflow_provider_chartmogul.operators.base import storage_path
from airflow_provider_chartmogul.operators.enrichment_by_difference import ChartMogulEnrichCustomersOperator

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

pytestmark = pytest.mark.usefixtures("chartmogul_conn")

SEATS = {"customer": "external_id", "attributes": {"seats": "Integer"}}


@pytest.fixture
def source(client: ChartMogulClient) -> str:
    """A data source with customers ``a`` to ``h``."""
    uuid = str(client.data_sources.create(name="billing")["uuid"])
    for name in "abcdefgh":
        client.customers.create(data_source_uuid=uuid, external_id=name, email=f"{name}@firm.example")
    return uuid


def build(**arguments: Any) -> ChartMogulEnrichCustomersOperator:
    return ChartMogulEnrichCustomersOperator(task_id="enrich", **{**SEATS, **arguments})


def enrich(**arguments: Any) -> Any:
    return build(**arguments).execute({})


def seats(client: ChartMogulClient) -> dict[str, Any]:
    found = {one["external_id"]: one["attributes"]["custom"].get("seats") for one in client.customers.list()}
    return {name: number for name, number in found.items() if number is not None}


def lines(path: Path) -> list[dict[str, Any]]:
    read = gzip.open if path.suffix == ".gz" else open
    with read(path, "rt") as file:
        return [json.loads(line) for line in file]


def rows(numbers: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"external_id": name, "seats": number} for name, number in numbers.items()]


class TestSources:
    def test_inline(self, client: ChartMogulClient, source: str) -> None:
        result = enrich(rows=rows({"a": 1, "b": "2"}), data_source_uuid=source)
        assert seats(client) == {"a": 1, "b": 2}
        assert json.loads(json.dumps(result)) == {
            "rows": 2,
            "customers": 2,
            "unchanged": 0,
            "changed": 2,
            "rejected": 0,
            "unknown": 0,
            "not_found": 0,
            "writes": 2,
            "fan_out": {"rows": 2, "customers": 2, "largest": 1},
        }

    def test_files(self, client: ChartMogulClient, source: str, tmp_path: Path) -> None:
        (tmp_path / "1.jsonl").write_text('{"external_id": "a", "seats": 1}\n\n{"external_id": "b", "seats": "2"}\n')
        (tmp_path / "2.csv").write_text("external_id,name,seats\nc,Carla,3\nd,Dora,\n")
        enrich(rows=f"{tmp_path}/*", data_source_uuid=source)
        assert seats(client) == {"a": 1, "b": 2, "c": 3}

    @pytest.mark.parametrize("spec", ["text", "mapping"])
    def test_a_query(self, client: ChartMogulClient, source: str, sqlite_conn: str, tmp_path: Path, spec: str) -> None:
        with sqlite3.connect(tmp_path / "warehouse.sqlite") as database:
            database.execute(
                "CREATE TABLE customers (account TEXT, source TEXT, seats INTEGER, vip INTEGER, tags TEXT)"
            )
            database.executemany(
                "INSERT INTO customers VALUES (?, ?, ?, ?, ?)",
                [("a", source, 1, 1, '["x", "y"]'), ("b", source, None, 0, "")],
            )
        query = "SELECT * FROM customers ORDER BY account"
        given = {"rows": query, "sql_conn_id": sqlite_conn}
        if spec == "mapping":
            given = {"rows": {"sql": query, "conn_id": sqlite_conn}}
        arguments = {
            "customer": {"external_id": "account", "data_source_uuid": "source"},
            "attributes": {"seats": "Integer", "is_vip": {"column": "vip", "type": "Boolean"}},
            "tags_column": "tags",
        }
        assert enrich(**given, **arguments)["writes"] == 3
        found = {one["external_id"]: one["attributes"] for one in client.customers.list()}
        assert found["a"]["custom"] == {"seats": 1, "is_vip": True}
        assert found["b"]["custom"] == {"is_vip": False}
        assert (found["a"]["tags"], found["b"]["tags"]) == (["x", "y"], [])
        assert enrich(**given, **arguments)["writes"] == 0

    def test_templates_are_rendered(self, client: ChartMogulClient, source: str) -> None:
        operator = build(
            rows=[{"external_id": "a", "seats": "{{ seats }}"}], data_source_uuid="{{ source }}", result_path="{{ no }}"
        )
        operator.render_template_fields({"seats": 7, "source": source, "no": ""})
        operator.execute({})
        assert seats(client) == {"a": 7}


class TestFiles:
    def test_rejected_rows_and_what_was_done(self, client: ChartMogulClient, source: str, tmp_path: Path) -> None:
        given = rows({"a": 1, "b": "many", "zz": 3})
        arguments = {
            "data_source_uuid": source,
            "rejected_path": str(tmp_path / "rejected.jsonl"),
            "result_path": str(tmp_path / "done.jsonl.gz"),
        }
        enrich(rows=given, max_rejected=2, **arguments)
        letters = lines(tmp_path / "rejected.jsonl")
        assert [(letter["kind"], letter["record"]) for letter in letters] == [("enrichment", row) for row in given[1:]]
        assert [(letter["position"], letter["problems"]) for letter in letters] == [
            (2, [{"field": "seats", "message": "does not fit type Integer of attribute seats"}]),
            (3, [{"field": "external_id", "message": "names no customer"}]),
        ]
        assert [(line["position"], line["state"], line["set"]) for line in lines(tmp_path / "done.jsonl.gz")] == [
            (1, "changed", {"seats": 1}),
            (2, "rejected", {}),
            (3, "not_found", {}),
        ]
        corrected = [{**letters[0], "record": {"external_id": "b", "seats": 5}}]
        json_lines.write(storage_path(str(tmp_path / "corrected.jsonl"), None), corrected)
        enrich(**{**arguments, "rows": str(tmp_path / "corrected.jsonl")})
        assert seats(client) == {"a": 1, "b": 5}
        assert lines(tmp_path / "rejected.jsonl") == []

    def test_they_are_written_although_the_task_fails(self, source: str, tmp_path: Path) -> None:
        path = tmp_path / "rejected.jsonl"
        with pytest.raises(ChartMogulImportFailedError):
            enrich(rows=rows({"a": "many"}), data_source_uuid=source, rejected_path=str(path))
        assert len(lines(path)) == 1

    def test_lines_that_cannot_be_read_are_rejected_like_rows(
        self, client: ChartMogulClient, source: str, tmp_path: Path
    ) -> None:
        (tmp_path / "rows.jsonl").write_text('{"external_id": "a", "seats": 1}\n{"external_id": "b", "se\n')
        path = tmp_path / "rejected.jsonl"
        result = enrich(
            rows=str(tmp_path / "rows.jsonl"), data_source_uuid=source, rejected_path=str(path), max_rejected=0.5
        )
        assert (result["rejected"], seats(client)) == (1, {"a": 1})
        (letter,) = lines(path)
        assert (letter["record"], letter["text"]) == (None, '{"external_id": "b", "se')
        assert (letter["position"], letter["place"]) == (2, "rows.jsonl, line 2")
        # as it is, it is rejected once more and keeps its text
        enrich(rows=str(path), data_source_uuid=source, rejected_path=str(path), max_rejected=1)
        assert lines(path)[0]["text"] == letter["text"]

    def test_tables_of_parquet(self, client: ChartMogulClient, source: str, tmp_path: Path) -> None:
        rejected, done = tmp_path / "rejected.parquet", tmp_path / "done.parquet"
        arguments = {"data_source_uuid": source, "rejected_path": str(rejected), "max_rejected": 1}
        enrich(rows=rows({"a": 1, "b": "many"}), **arguments, result_path=str(done))
        assert [(line["state"], json.loads(line["set"])) for line in pq.read_table(done).to_pylist()] == [
            ("changed", {"seats": 1}),
            ("rejected", {}),
        ]
        table = pq.read_table(rejected).to_pylist()
        assert enrich(rows=str(rejected), **arguments)["rejected"] == 1
        assert pq.read_table(rejected).to_pylist() == [{**table[0], "position": 1, "place": ANY}]


class TestFailures:
    def test_the_error_names_rows_and_columns_and_no_values(self, source: str) -> None:
        with pytest.raises(ChartMogulImportFailedError) as caught:
            enrich(rows=rows({"a": "secret", "b": "hidden", "c": 3, "zz": 4}), data_source_uuid=source, max_rejected=2)
        text = str(caught.value)
        assert text.startswith("3 rows failed (2 allowed), 1 others were not sent: 2 x enrichment.seats does not fit")
        assert "first in enrichment record 1 'a'" in text
        assert "names no customer" in text
        assert "secret" not in text
        assert "hidden" not in text
        assert [row["position"] for row in caught.value.rejected] == [1, 2, 4]

    def test_addresses_are_not_quoted(self, source: str) -> None:
        with pytest.raises(ChartMogulImportFailedError) as caught:
            enrich(rows=[{"email": "ida@private.example", "seats": 1}], customer="email")
        assert "ida" not in str(caught.value)
        assert "ida" not in str(caught.value.rejected)

    def test_what_chartmogul_refuses_is_rejected_and_the_rest_is_sent(
        self, client: ChartMogulClient, emulator: Emulator, source: str
    ) -> None:
        other = client.data_sources.create(name="other")["uuid"]
        uuid = client.customers.create(data_source_uuid=other, external_id="x")["uuid"]
        # the rows are about other customers, so that only the server knows of this type
        client.custom_attributes.add(uuid, [{"type": "String", "key": "seats", "value": "much"}])
        given = [{**row, "tags": "t"} for row in rows({"a": 1, "b": None})]
        result = enrich(rows=given, data_source_uuid=source, tags_column="tags", max_rejected=1)
        assert (result["rejected"], result["changed"], result["writes"]) == (1, 1, 2)
        assert [one["external_id"] for one in client.customers.list() if one["attributes"]["tags"]] == ["b"]

    def test_an_outage_leaves_the_rest_to_a_retry(
        self,
        client: ChartMogulClient,
        emulator: Emulator,
        source: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        connection = emulator.connection(requests_per_second=10_000, max_connections=1, max_retry_seconds=0.01)
        monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", connection)
        path = tmp_path / "done.jsonl"
        # what differs is read in portions
        monkeypatch.setattr(ledger, "_PAGE", 6)
        given = rows(dict.fromkeys("abcdefgh", 1))
        emulator.set_faults([{"kind": "drop_before", "method": "POST"}])
        with pytest.raises(ChartMogulImportIncompleteError) as caught:
            enrich(rows=given, data_source_uuid=source, result_path=str(path))
        assert not isinstance(caught.value, AirflowFailException)
        assert [line["state"] for line in lines(path)] == ["unknown"] * 5 + ["not_sent"] * 3
        assert {json.dumps(line["set"]) for line in lines(path)} == {"{}"}
        emulator.set_faults([])
        assert enrich(rows=given, data_source_uuid=source)["changed"] == 8
        assert seats(client) == dict.fromkeys("abcdefgh", 1)

    def test_what_was_done_before_a_request_failed_is_told(
        self, client: ChartMogulClient, emulator: Emulator, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connection = emulator.connection(requests_per_second=10_000, max_retry_seconds=0.01)
        monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", connection)
        emulator.set_faults([{"kind": "500", "method": "POST", "path": "tags"}])
        arguments = {"data_source_uuid": source, "tags_column": "tags", "result_path": str(tmp_path / "done.jsonl")}
        result = enrich(rows=[{"external_id": "a", "seats": 1, "tags": "t"}], max_rejected=1, **arguments)
        assert (result["unknown"], result["writes"]) == (1, 2)
        (line,) = lines(tmp_path / "done.jsonl")
        assert (line["state"], line["set"], line["tags_added"]) == ("unknown", {"seats": 1}, [])

    def test_what_is_known_is_written_whatever_ends_the_task(
        self, client: ChartMogulClient, emulator: Emulator, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connection = emulator.connection(requests_per_second=10_000, max_connections=1)
        monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", connection)
        original = Sender.__call__

        def call(sender: Sender, record: dict[str, Any]) -> Any:
            sent = original(sender, record)
            if record["position"] == 3:
                raise RuntimeError
            return sent

        monkeypatch.setattr(Sender, "__call__", call)
        path = tmp_path / "done.jsonl"
        with pytest.raises(RuntimeError):
            enrich(rows=rows(dict.fromkeys("abcde", 1)), data_source_uuid=source, result_path=str(path))
        assert [line["state"] for line in lines(path)] == ["changed"] * 2 + ["unknown"] + ["not_sent"] * 2
        assert seats(client) == dict.fromkeys("abc", 1)

    def test_a_key_that_may_not_write_ends_it_at_once(self, emulator: Emulator, source: str) -> None:
        emulator.set_faults([{"kind": "403", "method": "POST"}])
        with pytest.raises(ChartMogulPermissionError):
            enrich(rows=rows(dict.fromkeys("abcdef", 1)), data_source_uuid=source, max_rejected=6)

    def test_a_wrong_key(self, emulator: Emulator, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
        connection = {**json.loads(emulator.connection()), "password": "another"}
        monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", json.dumps(connection))
        with pytest.raises(ChartMogulAuthenticationError):
            enrich(rows=rows({"a": 1}), data_source_uuid=source)


@pytest.mark.parametrize("check_only", [True, "True"])
def test_a_dry_run(client: ChartMogulClient, source: str, check_only: bool | str) -> None:
    result = enrich(rows=rows({"a": 1}), data_source_uuid=source, check_only=check_only)
    assert (result["changed"], result["writes"], result["check_only"]) == (1, 1, True)
    assert seats(client) == {}


WRONG = [
    ({"customer": "name"}, "customer must be one of"),
    ({"attributes": None}, "give at least one of"),
    ({"nulls": "drop"}, "nulls must be"),
    ({"max_fan_out": 0}, "max_fan_out must be at least 1"),
    ({"max_fan_out": "{{ x }}"}, "max_fan_out must be a number"),
    ({"ignore_missing": None}, "ignore_missing must be True or False"),
    ({"max_rejected": -1}, "max_rejected must be at least 0"),
    ({"max_rejected": 1.5}, "max_rejected must be at least 0, a number of records or below 1 a share"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_what_cannot_be_is_refused_when_the_dag_is_parsed(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**{"rows": [], **arguments})


WRONG_WHEN_RENDERED = [
    ({"rows": ""}, "rows is empty, or its template has no value"),
    ({"rows": "None"}, "rows is empty, or its template has no value"),
    ({"rows": "[{}]"}, "render_template_as_native_obj"),
    ({"rows": {"path": "/nowhere.csv", "mapping": {"a": "b"}}}, "rows takes no mapping"),
    ({"rows": [], "data_source_uuid": "None"}, "data_source_uuid is empty"),
    ({"rows": [], "rejected_path": "None"}, "rejected_path is empty"),
    ({"rows": [], "check_only": "perhaps"}, "check_only must be true or false"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG_WHEN_RENDERED)
def test_templates_without_a_value_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        enrich(**arguments)
