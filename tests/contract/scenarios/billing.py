"""Scenarios of invoices, line items and transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.contract.account import Account, Record
    from tests.contract.scenarios import Steps


def import_invoices(a: Account) -> Steps:
    answer = yield {"customer_uuid": a.lead, "invoices": [a.draft("inv-2"), a.draft("inv-3")]}
    assert [stored["external_id"] for stored in answer["invoices"]] == ["inv-2", "inv-3"]
    assert a.mrr() == 15000


def list_customer_invoices(a: Account) -> Steps:
    a.bill(a.lead, "inv-2")
    listed = yield {"customer_uuid": a.paying}
    assert [row["uuid"] for row in listed] == [a.invoice["uuid"]]


def list_invoices(a: Account) -> Steps:
    second = a.bill(a.lead, "inv-2")
    listed = yield a.named("inv-2")
    assert [row["uuid"] for row in listed] == [second["uuid"]]


def retrieve_invoice(a: Account) -> Steps:
    invoice = yield {"invoice_uuid": a.invoice["uuid"]}
    assert (invoice["external_id"], invoice["status"], invoice["customer_uuid"]) == ("inv-1", "paid", a.paying)


def _with_due_date(a: Account, named: Record) -> Steps:
    changed = yield {**named, "due_date": "2026-02-01"}
    assert changed["uuid"] == a.invoice["uuid"]
    assert a.client.invoices.retrieve(a.invoice["uuid"])["due_date"].startswith("2026-02-01")


def update_invoice(a: Account) -> Steps:
    yield from _with_due_date(a, {"invoice_uuid": a.invoice["uuid"]})


def update_invoice_by_external_id(a: Account) -> Steps:
    yield from _with_due_date(a, a.named("inv-1"))


def _gone(a: Account, named: Record) -> Steps:
    assert a.mrr() == 5000
    assert (yield named) is None
    assert list(a.client.invoices.list()) == []
    assert a.mrr() == 0


def delete_invoice(a: Account) -> Steps:
    yield from _gone(a, {"invoice_uuid": a.invoice["uuid"]})


def delete_invoice_by_external_id(a: Account) -> Steps:
    yield from _gone(a, a.named("inv-1"))


def delete_customer_invoices(a: Account) -> Steps:
    yield from _gone(a, {"data_source_uuid": a.source, "customer_uuid": a.paying})


def update_invoice_status(a: Account) -> Steps:
    yield {**a.named("inv-1"), "status": "voided"}
    assert a.client.invoices.retrieve(a.invoice["uuid"])["status"] == "voided"
    assert a.mrr() == 0


def _disabled(b: Account, named: Record, mrr: int) -> Steps:
    """The account has the like in a custom source, which keeps its MRR."""
    assert b.mrr() == 10000
    assert (yield {**named, "disabled": True})["disabled"] is True
    assert b.mrr() == mrr


def disable_invoice(a: Account) -> Steps:
    b = a.automatic()
    yield from _disabled(b, {"invoice_uuid": b.invoice["uuid"]}, 5000)
    _hidden(b)


def disable_invoice_by_external_id(a: Account) -> Steps:
    b = a.automatic()
    yield from _disabled(b, b.named("inv-1"), 5000)
    _hidden(b)


def _hidden(b: Account) -> None:
    assert list(b.client.invoices.list(data_source_uuid=b.source)) == []
    shown = b.client.invoices.list(data_source_uuid=b.source, with_disabled=True)
    assert [(row["uuid"], row["line_items"]) for row in shown] == [(b.invoice["uuid"], [])]


def create_line_item(a: Account) -> Steps:
    made = yield {"invoice_uuid": a.invoice["uuid"], **a.line_item(2)}
    assert (made["external_id"], made["amount_in_cents"]) == ("li-2", 5000)
    assert a.mrr() == 10000


def _same_item(a: Account, named: Record) -> Steps:
    item = yield named
    assert (item["uuid"], item["type"], item["amount_in_cents"]) == (a.item, "subscription", 5000)


def retrieve_line_item(a: Account) -> Steps:
    yield from _same_item(a, {"line_item_uuid": a.item})


def retrieve_line_item_by_external_id(a: Account) -> Steps:
    yield from _same_item(a, a.named("li-1"))


def _dearer_item(a: Account, named: Record) -> Steps:
    changed = yield {**named, "amount_in_cents": 7000}
    assert (changed["uuid"], changed["amount_in_cents"]) == (a.item, 7000)
    assert a.mrr() == 7000


def update_line_item(a: Account) -> Steps:
    yield from _dearer_item(a, {"line_item_uuid": a.item})


def update_line_item_by_external_id(a: Account) -> Steps:
    yield from _dearer_item(a, a.named("li-1"))


def _no_item(a: Account, named: Record) -> Steps:
    assert (yield named) is None
    assert a.client.invoices.retrieve(a.invoice["uuid"])["line_items"] == []
    assert a.mrr() == 0


def delete_line_item(a: Account) -> Steps:
    yield from _no_item(a, {"line_item_uuid": a.item})


def delete_line_item_by_external_id(a: Account) -> Steps:
    yield from _no_item(a, a.named("li-1"))


def disable_line_item(a: Account) -> Steps:
    b = a.automatic()
    yield from _disabled(b, {"line_item_uuid": b.item}, 5000)


def disable_line_item_by_external_id(a: Account) -> Steps:
    b = a.automatic()
    yield from _disabled(b, b.named("li-1"), 5000)


def _status(a: Account) -> str:
    return str(a.client.invoices.retrieve(a.invoice["uuid"])["status"])


def create_transaction(a: Account) -> Steps:
    refund = {"type": "refund", "date": "2026-01-20", "result": "successful", "external_id": "tr-2"}
    made = yield {"invoice_uuid": a.invoice["uuid"], **refund}
    assert (made["type"], made["external_id"]) == ("refund", "tr-2")
    assert _status(a) == "refunded"


def _same_transaction(a: Account, named: Record) -> Steps:
    transaction = yield named
    assert (transaction["uuid"], transaction["type"]) == (a.transaction, "payment")


def retrieve_transaction(a: Account) -> Steps:
    yield from _same_transaction(a, {"transaction_uuid": a.transaction})


def retrieve_transaction_by_external_id(a: Account) -> Steps:
    yield from _same_transaction(a, a.named("tr-1"))


def _failed_transaction(a: Account, named: Record) -> Steps:
    changed = yield {**named, "result": "failed"}
    assert (changed["uuid"], changed["result"]) == (a.transaction, "failed")
    assert _status(a) == "open"


def update_transaction(a: Account) -> Steps:
    yield from _failed_transaction(a, {"transaction_uuid": a.transaction})


def update_transaction_by_external_id(a: Account) -> Steps:
    yield from _failed_transaction(a, a.named("tr-1"))


def _no_transaction(a: Account, named: Record) -> Steps:
    assert (yield named) is None
    assert _status(a) == "open"


def delete_transaction(a: Account) -> Steps:
    yield from _no_transaction(a, {"transaction_uuid": a.transaction})


def delete_transaction_by_external_id(a: Account) -> Steps:
    yield from _no_transaction(a, a.named("tr-1"))


def disable_transaction(a: Account) -> Steps:
    b = a.automatic()
    yield from _disabled(b, {"transaction_uuid": b.transaction}, 10000)
    assert _status(b) == "open"


def disable_transaction_by_external_id(a: Account) -> Steps:
    b = a.automatic()
    yield from _disabled(b, b.named("tr-1"), 10000)
    assert _status(b) == "open"
