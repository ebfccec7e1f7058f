"""Where records come from that are sent one by one, and what is told of places that are bad."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulImportFailedError
from airflow_provider_chartmogul.operators.contacts import ChartMogulCreateContactsOperator
from airflow_provider_chartmogul.operators.customer_notes import ChartMogulUpdateCustomerNotesOperator
from airflow_provider_chartmogul.operators.customers import (
    ChartMogulDeleteCustomersOperator,
    ChartMogulImportCustomersOperator,
    ChartMogulUpdateCustomersOperator,
)
from airflow_provider_chartmogul.operators.invoices import ChartMogulImportInvoicesOperator
from airflow_provider_chartmogul.operators.line_items import ChartMogulImportLineItemsOperator
from airflow_provider_chartmogul.operators.plans import ChartMogulImportPlansOperator
from airflow_provider_chartmogul.operators.subscriptions import ChartMogulCancelSubscriptionsOperator
from airflow_provider_chartmogul.operators.transactions import ChartMogulImportTransactionsOperator
from tests.unit.imports.samples import customer, invoice
from tests.unit.operators_records.running import counts, lines, run

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator
    from airflow_provider_chartmogul.operators.records import ChartMogulRecordsOperator


def stored(client: ChartMogulClient) -> dict[str, dict[str, Any]]:
    return {found["external_id"]: found for found in client.customers.list()}


@pytest.fixture
def accounts(sqlite_conn: str, tmp_path: Path) -> str:
    """A database with a table of accounts; its connection."""
    with sqlite3.connect(tmp_path / "warehouse.sqlite") as database:
        database.execute("CREATE TABLE accounts (external_id TEXT, name TEXT, city TEXT)")
        rows = [("acct-1", "Acme", "Paris"), ("acct-2", "Babel", None), ("acct-3", "Corso", "Rome")]
        database.executemany("INSERT INTO accounts VALUES (?, ?, ?)", rows)
    return sqlite_conn


class TestFiles:
    def test_text_of_csv_becomes_the_numbers_that_fields_want(
        self, client: ChartMogulClient, data_source: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "plans.csv"
        path.write_text("external_id,name,interval_count,interval_unit\ngold,007,12,month\n")
        run(ChartMogulImportPlansOperator, records=str(path), data_source_uuid=data_source)
        (plan,) = client.plans.list()
        assert (plan["name"], plan["interval_count"]) == ("007", 12)

    def test_files_of_several_forms_are_one_source(
        self, client: ChartMogulClient, data_source: str, tmp_path: Path
    ) -> None:
        (tmp_path / "1.jsonl").write_text(json.dumps(customer(1)))
        (tmp_path / "2.csv").write_text("external_id,name\nacct-2,Babel\n")
        pq.write_table(pa.table({"external_id": ["acct-3"], "name": ["Corso"]}), tmp_path / "3.parquet")
        result = tmp_path / "result" / "result.jsonl"
        arguments = {"data_source_uuid": data_source, "result_path": str(result)}
        assert counts(run(ChartMogulImportCustomersOperator, records=f"{tmp_path}/*", **arguments)) == {
            "records": 3,
            "created": 3,
        }
        assert [(line["external_id"], line["place"]) for line in lines(result)] == [
            ("acct-1", "1.jsonl, line 1"),
            ("acct-2", "2.csv, line 2"),
            ("acct-3", "3.parquet, row 1"),
        ]
        assert stored(client)["acct-3"]["name"] == "Corso"
        spec = {"path": [str(tmp_path / "2.csv")], "format": "csv"}
        assert run(ChartMogulImportCustomersOperator, records=spec, **arguments)["already_there"] == 1

    def test_a_new_record_has_no_field_for_a_column_without_a_value(
        self, client: ChartMogulClient, data_source: str, tmp_path: Path
    ) -> None:
        uuid = client.customers.create(data_source_uuid=data_source, **customer())["uuid"]
        path = tmp_path / "people.csv"
        people = ["customer_uuid,data_source_uuid,first_name,position,email"]
        people += [f"{uuid},{data_source},{name},{position}," for name, position in (("Ida", 3), ("Lea", ""))]
        path.write_text("\n".join(people))
        assert run(ChartMogulCreateContactsOperator, records=str(path))["created"] == 2
        assert {one["first_name"] for one in client.contacts.list()} == {"Ida", "Lea"}

    def test_lines_that_cannot_be_read_are_rejected_records(
        self, client: ChartMogulClient, data_source: str, tmp_path: Path
    ) -> None:
        path, rejected, result = (tmp_path / name for name in ("in.jsonl", "rejected.jsonl", "result.jsonl"))
        path.write_bytes(b'{"external_id": "acct-1"}\n\n{"external_id": "acct-2", "na\n["acct-3"]\n"\xff"\n')
        arguments = {"data_source_uuid": data_source, "rejected_path": str(rejected), "result_path": str(result)}
        imported = run(ChartMogulImportCustomersOperator, records=str(path), max_rejected=3, **arguments)
        assert counts(imported) == {"records": 4, "created": 1, "rejected": 3}
        letters = lines(rejected)
        assert [(one["record"], one["text"], one["place"], one["problems"][0]["message"]) for one in letters] == [
            (None, '{"external_id": "acct-2", "na', "in.jsonl, line 3", "is not JSON"),
            (None, '["acct-3"]', "in.jsonl, line 4", "is no JSON object"),
            (None, '"\\xff"', "in.jsonl, line 5", "is not UTF-8"),
        ]
        assert [line["state"] for line in lines(result)] == ["created", "rejected", "rejected", "rejected"]
        told = r"customers record 2 \(in.jsonl, line 3\): is not JSON"
        with pytest.raises(ChartMogulImportFailedError, match=told) as caught:
            run(ChartMogulImportCustomersOperator, records=str(path), **arguments)
        assert caught.value.rejected[0]["place"] == "in.jsonl, line 3"
        # as it is, it is rejected once more and keeps its text; corrected, it is a record
        corrected = {**letters[1], "record": {"external_id": "acct-3"}}
        rejected.write_text("\n".join(map(json.dumps, [letters[0], corrected])))
        again = run(ChartMogulImportCustomersOperator, records=str(rejected), max_rejected=1, **arguments)
        assert counts(again) == {"records": 2, "created": 1, "rejected": 1}
        assert [one["text"] for one in lines(rejected)] == ['{"external_id": "acct-2", "na']
        assert stored(client).keys() == {"acct-1", "acct-3"}

    def test_rejected_records_may_be_a_table(self, client: ChartMogulClient, data_source: str, tmp_path: Path) -> None:
        rejected = tmp_path / "rejected.parquet"
        arguments = {"data_source_uuid": data_source, "rejected_path": str(rejected), "max_rejected": 1}
        run(ChartMogulImportCustomersOperator, records=[customer(1, country="XX"), customer(2)], **arguments)
        (letter,) = pq.read_table(rejected).to_pylist()
        assert (json.loads(letter["record"]), letter["place"]) == (customer(1, country="XX"), "record 1")
        fixed = {**letter, "record": letter["record"].replace("XX", "FR")}
        pq.write_table(pa.Table.from_pylist([fixed]), rejected)
        again = run(ChartMogulImportCustomersOperator, records=str(rejected), **arguments)
        assert counts(again) == {"records": 1, "created": 1}
        assert stored(client)["acct-1"]["country"] == "FR"
        assert pq.read_table(rejected).num_rows == 0

    def test_decimals_are_numbers(self, client: ChartMogulClient, data_source: str, tmp_path: Path) -> None:
        path, rejected = tmp_path / "scores.parquet", tmp_path / "rejected.jsonl"
        scores = pa.array([Decimal("1.50"), Decimal("2.00")], pa.decimal128(5, 2))
        pq.write_table(pa.table({"external_id": ["acct-1", "acct-2"], "score": scores}), path)
        custom = {"each": [{"type": {"constant": "Decimal"}, "key": {"constant": "score"}, "value": "score"}]}
        mapping = {"external_id": "external_id", "attributes.custom": custom}
        run(ChartMogulImportCustomersOperator, records=str(path), mapping=mapping, data_source_uuid=data_source)
        found = {name: one["attributes"]["custom"]["score"] for name, one in stored(client).items()}
        assert found == {"acct-1": 1.5, "acct-2": 2}
        with pytest.raises(ChartMogulImportFailedError, match="amount_in_cents must be an integer"):
            run(
                ChartMogulImportTransactionsOperator,
                records=str(path),
                mapping={"external_id": "external_id", "amount_in_cents": "score"},
                rejected_path=str(rejected),
            )
        assert [line["record"]["amount_in_cents"] for line in lines(rejected)] == [1.5, 2]


class TestDatabases:
    @pytest.mark.parametrize("form", ["text", "mapping"])
    def test_a_query(
        self, client: ChartMogulClient, data_source: str, accounts: str, form: str, tmp_path: Path
    ) -> None:
        query, result = "SELECT * FROM accounts WHERE external_id < 'acct-3'", tmp_path / "result.jsonl"
        given: dict[str, Any] = {"records": query, "sql_conn_id": accounts}
        if form == "mapping":
            query = query.replace("'acct-3'", "?")
            given = {"records": {"sql": query, "conn_id": accounts, "parameters": ["acct-3"]}}
        run(ChartMogulImportCustomersOperator, **given, data_source_uuid=data_source, result_path=str(result))
        assert {name: (one["name"], one["city"] or "") for name, one in stored(client).items()} == {
            "acct-1": ("Acme", "Paris"),
            "acct-2": ("Babel", ""),
        }
        assert [line["place"] for line in lines(result)] == ["row 1", "row 2"]

    def test_a_query_in_a_file(self, client: ChartMogulClient, data_source: str, accounts: str, tmp_path: Path) -> None:
        from airflow.providers.common.compat.sdk import DAG

        (tmp_path / "accounts.sql").write_text("SELECT * FROM accounts WHERE name = '{{ name }}'")
        with DAG("dag", schedule=None, template_searchpath=str(tmp_path)):
            task = ChartMogulImportCustomersOperator(
                task_id="task", records="accounts.sql", sql_conn_id="{{ conn }}", data_source_uuid=data_source
            )
        task.resolve_template_files()
        task.render_template_fields({"name": "Corso", "conn": accounts})
        task.execute({})
        assert stored(client).keys() == {"acct-3"}

    def test_changes_and_deletions_come_from_queries_too(
        self, client: ChartMogulClient, data_source: str, accounts: str
    ) -> None:
        fixed = {"data_source_uuid": data_source, "sql_conn_id": accounts}
        query = "SELECT * FROM accounts"
        run(ChartMogulImportCustomersOperator, records=f"{query} WHERE city IS NOT NULL", **fixed)
        # without a mapping NULL empties, with one it leaves a field as it is
        records = "SELECT 'acct-1' AS external_id, 'New' AS name, NULL AS city"
        mapping = {name: name for name in ("external_id", "name", "city")}
        run(ChartMogulUpdateCustomersOperator, records=records, mapping=mapping, **fixed)
        assert (stored(client)["acct-1"]["name"], stored(client)["acct-1"]["city"]) == ("New", "Paris")
        run(ChartMogulUpdateCustomersOperator, records=records, **fixed)
        assert not stored(client)["acct-1"]["city"]
        gone = "SELECT external_id FROM accounts WHERE name = 'Corso'"
        assert run(ChartMogulDeleteCustomersOperator, records=gone, **fixed)["deleted"] == 1
        assert stored(client).keys() == {"acct-1"}


class TestMapping:
    def test_an_invoice_is_made_of_a_row(
        self, client: ChartMogulClient, data_source: str, team: dict[str, Any], tmp_path: Path
    ) -> None:
        uuid = client.customers.create(data_source_uuid=data_source, **customer())["uuid"]
        path = tmp_path / "bills.csv"
        path.write_text(f"number,day,customer,euro,plan\nB-1,03.02.2026,{uuid},49.00,{team['external_id']}\n")
        item = {
            "type": {"constant": "subscription"},
            "subscription_external_id": "number",
            "plan_external_id": "plan",
            "amount_in_cents": {"column": "euro", "convert": "cents"},
            "service_period_start": {"column": "day", "convert": "date", "format": "%d.%m.%Y"},
            "service_period_end": {"constant": "2026-03-03"},
        }
        mapping = {
            "external_id": "number",
            "customer_uuid": "customer",
            "currency": {"constant": "EUR"},
            "date": {"column": "day", "convert": "date", "format": "%d.%m.%Y"},
            "line_items": {"each": [item]},
        }
        arguments = {"records": str(path), "mapping": mapping, "data_source_uuid": data_source}
        assert run(ChartMogulImportInvoicesOperator, **arguments)["created"] == 1
        (made,) = client.invoices.list()
        assert (made["external_id"], made["line_items"][0]["amount_in_cents"]) == ("B-1", 4900)
        assert run(ChartMogulImportInvoicesOperator, **arguments)["already_there"] == 1

    def test_what_cannot_be_converted_is_told_once_with_what_else_is_wrong(
        self, data_source: str, tmp_path: Path
    ) -> None:
        path, rejected = tmp_path / "bills.csv", tmp_path / "rejected.jsonl"
        path.write_text("number,day\n,soon\n")
        mapping = {"external_id": "number", "lead_created_at": {"column": "day", "convert": "date"}}
        arguments = {"data_source_uuid": data_source, "rejected_path": str(rejected), "max_rejected": 1}
        run(ChartMogulImportCustomersOperator, records=str(path), mapping=mapping, **arguments)
        (line,) = lines(rejected)
        assert line["record"] == {"lead_created_at": "soon"}
        assert [(one["field"], one["message"].partition(":")[0]) for one in line["problems"]] == [
            ("lead_created_at", "cannot be read as date"),
            ("external_id", "is missing"),
        ]

    def test_one_of_the_source_goes_before(self, client: ChartMogulClient, data_source: str, tmp_path: Path) -> None:
        path = tmp_path / "accounts.csv"
        path.write_text("id,title\nacct-1,Acme\n")
        own = {"path": str(path), "mapping": {"external_id": "id", "name": "title"}}
        arguments = {"mapping": "{{ params.mapping }}", "data_source_uuid": data_source}
        task = ChartMogulImportCustomersOperator(task_id="task", records=own, **arguments)
        task.mapping = {"external_id": "title"}
        task.execute({})
        assert stored(client)["acct-1"]["name"] == "Acme"

    @pytest.mark.parametrize(
        ("operator", "mapping", "complaint"),
        [
            (ChartMogulImportCustomersOperator, {"extrenal_id": "id"}, "extrenal_id .*is 'external_id' meant"),
            (ChartMogulImportCustomersOperator, {"name": {"colunm": "id"}}, "name has an unknown key 'colunm'"),
            (ChartMogulImportCustomersOperator, {}, "must be a mapping of fields to columns"),
            (ChartMogulUpdateCustomerNotesOperator, {"uuid": "id", "invoice_uuid": "x"}, "invoice_uuid is no field"),
            (
                ChartMogulImportInvoicesOperator,
                {"line_items": {"each": [{"plan": "p"}]}},
                "plan is no field of line",
            ),
        ],
    )
    def test_one_that_names_no_field_is_refused_when_the_dag_is_parsed(
        self, operator: type[ChartMogulRecordsOperator], mapping: Any, complaint: str
    ) -> None:
        with pytest.raises(ValueError, match=complaint):
            operator(task_id="task", records="/records.csv", mapping=mapping)

    @pytest.mark.parametrize(
        ("operator", "names"),
        [
            (ChartMogulImportInvoicesOperator, ["customer_uuid", "customer_external_id", "data_source_uuid"]),
            (
                ChartMogulImportLineItemsOperator,
                ["invoice_uuid", "invoice_external_id", "plan_uuid", "plan_external_id", "data_source_uuid"],
            ),
            (ChartMogulImportTransactionsOperator, ["invoice_uuid", "invoice_external_id", "data_source_uuid"]),
            (ChartMogulUpdateCustomersOperator, ["uuid", "external_id", "data_source_uuid", "name"]),
            (ChartMogulUpdateCustomerNotesOperator, ["uuid", "text"]),
            (ChartMogulCancelSubscriptionsOperator, ["uuid", "customer_uuid", "cancelled_at"]),
        ],
    )
    def test_names_of_what_is_there_are_fields(
        self, operator: type[ChartMogulRecordsOperator], names: list[str]
    ) -> None:
        operator(task_id="task", records="/records.csv", mapping=dict.fromkeys(names, "column"))

    def test_a_rendered_one_is_checked_before_anything_is_sent(
        self, emulator: Emulator, data_source: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "accounts.csv"
        path.write_text("id\nacct-1\n")
        task = ChartMogulImportCustomersOperator(
            task_id="task", records=str(path), mapping={"{{ field }}": "{{ column }}"}, data_source_uuid=data_source
        )
        before = emulator.stats()["requests"]
        task.mapping = {"external_id": "{{ column }}"}
        task.render_template_fields({"column": "number"})
        with pytest.raises(ValueError, match="has no column 'number', which mapping names"):
            task.execute({})
        assert emulator.stats()["requests"] == before


@pytest.mark.parametrize("spec", ["/nowhere/customers.jsonl", {"path": "/nowhere/*.csv"}])
def test_a_file_that_is_not_there(spec: Any) -> None:
    with pytest.raises(ValueError, match="there is no file /nowhere"):
        run(ChartMogulImportInvoicesOperator, records=spec)


def test_a_query_needs_a_connection() -> None:
    with pytest.raises(ValueError, match="records with sql needs the connection of a database: conn_id"):
        run(ChartMogulImportInvoicesOperator, records={"sql": "SELECT 1"})


def test_invoices_of_lines_are_as_before(client: ChartMogulClient, data_source: str, team: Any, tmp_path: Path) -> None:
    client.customers.create(data_source_uuid=data_source, **customer())
    path = tmp_path / "invoices.jsonl"
    path.write_text(json.dumps(invoice()))
    assert run(ChartMogulImportInvoicesOperator, records=str(path), data_source_uuid=data_source)["created"] == 1
