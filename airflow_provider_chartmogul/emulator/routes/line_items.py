"""Line items and transactions of an invoice that exists already."""

from __future__ import annotations

from airflow_provider_chartmogul.emulator import errors
from airflow_provider_chartmogul.emulator.http import Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.routes.invoices import invoice_in_path
from airflow_provider_chartmogul.emulator.store.drafts import Drafts
from airflow_provider_chartmogul.emulator.views.invoices import (
    created_transaction_json,
    line_item_json,
    transaction_json,
)


def create_line_item(call: Call) -> Answer:
    """``POST /import/invoices/{uuid}/line_items``."""
    invoice = invoice_in_path(call)
    item, wrong = Drafts(call.ledger, invoice.data_source_uuid).line_item(call.json())
    if wrong:
        raise errors.fields(wrong)
    call.ledger.add_line_item(invoice, item)
    return answer(line_item_json(call.ledger, item), 201)


def retrieve_line_item(call: Call) -> Answer:
    """``GET /line_items/{uuid}``."""
    found = call.ledger.line_items.get(call.path["line_item_uuid"])
    if found is None:
        raise errors.not_found("line item")
    return answer(line_item_json(call.ledger, found[1]))


def create_transaction(call: Call) -> Answer:
    """``POST /import/invoices/{uuid}/transactions``."""
    invoice = invoice_in_path(call)
    drafts = Drafts(call.ledger, invoice.data_source_uuid)
    transaction, wrong = drafts.transaction(call.json())
    wrong = wrong or drafts.add_transaction(invoice, transaction)
    if wrong:
        raise errors.fields(wrong)
    return answer(created_transaction_json(transaction), 201)


def retrieve_transaction(call: Call) -> Answer:
    """``GET /transactions/{uuid}``."""
    found = call.ledger.transactions.get(call.path["transaction_uuid"])
    if found is None:
        raise errors.not_found("transaction")
    return answer(transaction_json(found[1]))


OPERATIONS = (
    Operation("POST", "/import/invoices/{invoice_uuid}/line_items", create_line_item, "billing"),
    Operation("GET", "/line_items/{line_item_uuid}", retrieve_line_item, "billing"),
    Operation("POST", "/import/invoices/{invoice_uuid}/transactions", create_transaction, "billing"),
    Operation("GET", "/transactions/{transaction_uuid}", retrieve_transaction, "billing"),
)
