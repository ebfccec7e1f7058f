"""Tasks on invoices, their line items and transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulError, ChartMogulImportFailedError
from airflow_provider_chartmogul.operators.invoices import (
    ChartMogulDeleteCustomerInvoicesOperator,
    ChartMogulDeleteInvoicesOperator,
    ChartMogulImportInvoicesOperator,
    ChartMogulUpdateInvoiceStatusOperator,
)
from airflow_provider_chartmogul.operators.line_items import ChartMogulImportLineItemsOperator
from airflow_provider_chartmogul.operators.transactions import ChartMogulImportTransactionsOperator
from tests.unit.imports.samples import customer, invoice, line_item
from tests.unit.operators_records.running import counts, lines, run

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

pytestmark = pytest.mark.usefixtures("team")


@pytest.fixture
def customers(client: ChartMogulClient, data_source: str) -> list[str]:
    return [client.customers.create(data_source_uuid=data_source, **customer(number))["uuid"] for number in (1, 2)]


@pytest.fixture
def invoices(data_source: str, customers: list[str]) -> list[str]:
    assert customers
    made: list[str] = import_invoices(data_source, [invoice(1), invoice(2)])["uuids"]
    return made


def import_invoices(data_source: str, records: Any, **arguments: Any) -> dict[str, Any]:
    return run(ChartMogulImportInvoicesOperator, records=records, data_source_uuid=data_source, **arguments)


class TestImport:
    def test_customers_and_plans_are_looked_up_once(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str, customers: list[str]
    ) -> None:
        before = dict(emulator.stats()["requests_by_operation"])
        records = [invoice(number, customer_external_id=f"acct-{1 + number % 2}") for number in range(30)]
        result = import_invoices(data_source, records)
        assert counts(result) == {"records": 30, "created": 30}
        after = emulator.stats()["requests_by_operation"]
        asked = {name: after[name] - before.get(name, 0) for name in ("GET /customers", "GET /plans")}
        assert asked == {"GET /customers": 2, "GET /plans": 1}
        assert len(list(client.invoices.list(customer_uuid=customers[0]))) == 15
        assert client.invoices.retrieve(result["uuids"][7])["external_id"] == "inv-7"

    def test_uuids_need_no_data_source(
        self, client: ChartMogulClient, customers: list[str], team: dict[str, Any]
    ) -> None:
        item = {**line_item(), "plan_uuid": team["uuid"]}
        record = {**invoice(), "customer_uuid": customers[0], "line_items": [item]}
        del record["customer_external_id"], item["plan_external_id"]
        result = run(ChartMogulImportInvoicesOperator, records=record)
        assert client.invoices.retrieve(result["uuids"][0])["customer_uuid"] == customers[0]

    def test_an_external_id_without_data_source_names_nothing(self) -> None:
        with pytest.raises(ChartMogulImportFailedError) as caught:
            run(ChartMogulImportInvoicesOperator, records=invoice())
        assert [row["field"] for row in caught.value.rejected] == ["data_source_uuid", "line_items[0].plan_uuid"]

    def test_what_is_no_line_item_is_not_passed_over(self, data_source: str, customers: list[str]) -> None:
        assert customers
        with pytest.raises(ChartMogulImportFailedError, match="line_items must be a list of objects"):
            import_invoices(data_source, invoice(line_items=[line_item(), 7]))

    def test_a_customer_uuid_of_nobody(self, data_source: str) -> None:
        record = {**invoice(), "customer_uuid": "cus_00000000-0000-0000-0000-000000000000"}
        with pytest.raises(ChartMogulImportFailedError, match="customer_uuid names no customer"):
            import_invoices(data_source, record)

    def test_if_exists(self, client: ChartMogulClient, data_source: str, invoices: list[str]) -> None:
        changed = {**invoice(1), "due_date": "2026-04-01"}
        assert counts(import_invoices(data_source, changed)) == {"records": 1, "already_there": 1}
        assert client.invoices.retrieve(invoices[0])["due_date"] is None
        result = import_invoices(data_source, changed, if_exists="update")
        assert (counts(result), result["uuids"]) == ({"records": 1, "updated": 1}, invoices[:1])
        assert client.invoices.retrieve(invoices[0])["due_date"] == "2026-04-01T00:00:00.000Z"
        with pytest.raises(ChartMogulImportFailedError, match="external_id"):
            import_invoices(data_source, changed, if_exists="fail")

    @pytest.mark.parametrize("if_exists", ["skip", "update"])
    def test_the_invoice_of_another_customer_is_not_taken_for_the_same(
        self, data_source: str, invoices: list[str], if_exists: str
    ) -> None:
        assert invoices
        stolen = {**invoice(1), "customer_external_id": "acct-2"}
        with pytest.raises(ChartMogulImportFailedError, match="already exists") as caught:
            import_invoices(data_source, stolen, if_exists=if_exists)
        assert caught.value.rejected[0]["field"] == "external_id"

    def test_one_part_of_a_merged_customer_is_billed(
        self, client: ChartMogulClient, data_source: str, customers: list[str]
    ) -> None:
        client.customers.merge(from_=customers[0], into=customers[1])
        result = import_invoices(data_source, invoice(1))
        assert client.invoices.retrieve(result["uuids"][0])["customer_uuid"] == customers[1]

    @pytest.mark.parametrize("if_exists", ["skip", "update", "fail"])
    def test_of_a_merged_customer_the_data_source_must_be_named(
        self, client: ChartMogulClient, invoices: list[str], customers: list[str], team: dict[str, Any], if_exists: str
    ) -> None:
        other = client.data_sources.create(name="Other")["uuid"]
        moved = client.customers.create(data_source_uuid=other, **customer(1))["uuid"]
        client.customers.merge(from_=moved, into=customers[0])
        items = [{**line_item(1), "plan_uuid": team["uuid"]}]
        record = {**invoice(1), "line_items": items, "customer_uuid": customers[0], "due_date": "2027-01-01"}
        del record["customer_external_id"]
        with pytest.raises(ChartMogulImportFailedError, match="data_source_uuid is missing, though the customer"):
            run(ChartMogulImportInvoicesOperator, records=record, if_exists=if_exists)
        assert client.invoices.retrieve(invoices[0])["due_date"] is None


class TestStatus:
    def test_voided(self, client: ChartMogulClient, data_source: str, invoices: list[str]) -> None:
        record = {"external_id": "inv-1", "status": "voided"}
        for _ in range(2):
            result = run(ChartMogulUpdateInvoiceStatusOperator, records=record, data_source_uuid=data_source)
            assert result == {"records": 1, "updated": 1, "rejected": 0, "unknown": 0}
        assert client.invoices.retrieve(invoices[0])["status"] == "voided"

    def test_what_cannot_be_set(self, data_source: str, invoices: list[str]) -> None:
        assert invoices
        records = [{"external_id": "inv-1", "status": "paid"}, {"external_id": "inv-2", "status": "written_off"}]
        arguments = {"data_source_uuid": data_source, "max_rejected": 1}
        result = run(ChartMogulUpdateInvoiceStatusOperator, records=records, **arguments)
        assert counts(result) == {"records": 2, "updated": 1, "rejected": 1}


class TestDelete:
    def test_by_uuid_and_external_id(self, client: ChartMogulClient, data_source: str, invoices: list[str]) -> None:
        records = [{"uuid": invoices[0]}, {"external_id": "inv-2"}, {"external_id": "inv-3"}]
        result = run(ChartMogulDeleteInvoicesOperator, records=records, data_source_uuid=data_source)
        assert counts(result) == {"records": 3, "deleted": 2, "missing": 1}
        assert list(client.invoices.list(data_source_uuid=data_source)) == []

    def test_all_of_a_customer(
        self, client: ChartMogulClient, data_source: str, customers: list[str], invoices: list[str]
    ) -> None:
        arguments = {"uuids": customers[0], "data_source_uuid": data_source}
        result = run(ChartMogulDeleteCustomerInvoicesOperator, **arguments)
        assert counts(result) == {"records": 1, "deleted": 1}
        assert [found["uuid"] for found in client.invoices.list()] == invoices[1:]
        with pytest.raises(ChartMogulImportFailedError, match="data_source_uuid is missing"):
            run(ChartMogulDeleteCustomerInvoicesOperator, uuids=customers)


class TestLineItems:
    def item(self, **fields: Any) -> dict[str, Any]:
        return {**line_item(1), "external_id": "extra", "amount_in_cents": 700, **fields}

    def items(self, client: ChartMogulClient, invoice_uuid: str) -> list[tuple[str | None, int]]:
        found = client.invoices.retrieve(invoice_uuid)["line_items"]
        return [(item["external_id"], item["amount_in_cents"]) for item in found]

    def test_names_of_invoice_and_plan_are_looked_up(
        self, client: ChartMogulClient, data_source: str, invoices: list[str]
    ) -> None:
        record = self.item(invoice_external_id="inv-1")
        for state in ("created", "already_there"):
            result = run(ChartMogulImportLineItemsOperator, records=record, data_source_uuid=data_source)
            assert counts(result) == {"records": 1, state: 1}
        assert self.items(client, invoices[0])[1:] == [("extra", 700)]

    def test_update(
        self, client: ChartMogulClient, data_source: str, invoices: list[str], team: dict[str, Any]
    ) -> None:
        record = self.item(invoice_uuid=invoices[0], plan_uuid=team["uuid"])
        del record["plan_external_id"]
        run(ChartMogulImportLineItemsOperator, records=record)
        changed = {**record, "amount_in_cents": 900}
        result = run(ChartMogulImportLineItemsOperator, records=changed, if_exists="update")
        assert counts(result) == {"records": 1, "updated": 1}
        assert self.items(client, invoices[0])[1:] == [("extra", 900)]
        assert data_source

    def test_without_external_id_it_is_not_doubled(
        self, client: ChartMogulClient, data_source: str, invoices: list[str]
    ) -> None:
        record = self.item(invoice_uuid=invoices[0], external_id=None)
        for _ in range(2):
            run(ChartMogulImportLineItemsOperator, records=record, data_source_uuid=data_source)
        assert len(self.items(client, invoices[0])) == 2

    def test_equal_ones_of_the_same_input_are_all_meant(
        self, client: ChartMogulClient, data_source: str, invoices: list[str]
    ) -> None:
        record = self.item(invoice_uuid=invoices[0])
        del record["external_id"]
        for state in ("created", "already_there"):
            result = run(ChartMogulImportLineItemsOperator, records=[record] * 3, data_source_uuid=data_source)
            assert counts(result) == {"records": 3, state: 3}
        assert len(self.items(client, invoices[0])) == 4

    def test_of_equal_ones_each_is_sent_again_as_itself(
        self, client: ChartMogulClient, emulator: Emulator, data_source: str, invoices: list[str], tmp_path: Path
    ) -> None:
        record = self.item(invoice_uuid=invoices[0])
        del record["external_id"]
        arguments = {"data_source_uuid": data_source, "rejected_path": str(tmp_path / "rejected.jsonl")}
        emulator.set_faults([{"kind": "403", "method": "POST"}])
        with pytest.raises(ChartMogulError):
            run(ChartMogulImportLineItemsOperator, records=[record] * 2, **arguments)
        emulator.set_faults([])
        letters = lines(tmp_path / "rejected.jsonl")
        # one that was not refused would not be among them: each by itself, and then the whole once more
        for number, letter in enumerate(letters, start=1):
            run(ChartMogulImportLineItemsOperator, records=[letter], data_source_uuid=data_source)
            assert len(self.items(client, invoices[0])) == 1 + number
        result = run(ChartMogulImportLineItemsOperator, records=[record] * 2, data_source_uuid=data_source)
        assert counts(result) == {"records": 2, "already_there": 2}

    def test_what_is_at_fault_is_written_as_it_was_given(
        self, data_source: str, invoices: list[str], tmp_path: Path
    ) -> None:
        record = self.item(invoice_uuid=invoices[0], amount_in_cents="much")
        del record["external_id"]
        with pytest.raises(ChartMogulImportFailedError, match="amount_in_cents"):
            run(
                ChartMogulImportLineItemsOperator,
                records=record,
                data_source_uuid=data_source,
                rejected_path=str(tmp_path / "rejected.jsonl"),
            )
        # corrected, it is another record, which gets another id
        assert [letter["record"] for letter in lines(tmp_path / "rejected.jsonl")] == [record]

    def test_of_another_invoice(self, data_source: str, invoices: list[str]) -> None:
        run(
            ChartMogulImportLineItemsOperator,
            records=self.item(invoice_uuid=invoices[0]),
            data_source_uuid=data_source,
        )
        with pytest.raises(ChartMogulImportFailedError, match="external_id"):
            run(
                ChartMogulImportLineItemsOperator,
                records=self.item(invoice_uuid=invoices[1]),
                data_source_uuid=data_source,
            )

    def test_no_invoice(self, data_source: str) -> None:
        records = [self.item(), self.item(invoice_external_id="inv-9")]
        with pytest.raises(ChartMogulImportFailedError) as caught:
            run(ChartMogulImportLineItemsOperator, records=records, data_source_uuid=data_source, max_rejected=1)
        assert [row["field"] for row in caught.value.rejected] == ["invoice_uuid", "invoice_external_id"]


class TestTransactions:
    REFUND = {
        "external_id": "tr-1",
        "type": "refund",
        "result": "successful",
        "date": "2026-03-05",
        "amount_in_cents": 1000,
    }

    def test_they_are_added_once(self, client: ChartMogulClient, data_source: str, invoices: list[str]) -> None:
        records = [{**self.REFUND, "invoice_external_id": "inv-1"}, {**self.REFUND, "invoice_uuid": invoices[1]}]
        records[1]["external_id"] = "tr-2"
        for state in ("created", "already_there"):
            result = run(ChartMogulImportTransactionsOperator, records=records, data_source_uuid=data_source)
            assert counts(result) == {"records": 2, state: 2}
        for uuid in invoices:
            types = [transaction["type"] for transaction in client.invoices.retrieve(uuid)["transactions"]]
            assert types == ["payment", "refund"]

    def test_update(self, client: ChartMogulClient, invoices: list[str]) -> None:
        record = {**self.REFUND, "invoice_uuid": invoices[0]}
        run(ChartMogulImportTransactionsOperator, records=record)
        changed = {**record, "amount_in_cents": 500}
        result = run(ChartMogulImportTransactionsOperator, records=changed, if_exists="update")
        assert counts(result) == {"records": 1, "updated": 1}
        assert client.invoices.retrieve(invoices[0])["transactions"][1]["amount_in_cents"] == 500
