"""Payments and refunds of an invoice that exists already; each named by its uuid, or by source and external id."""

from __future__ import annotations

from airflow_provider_chartmogul.emulator import errors
from airflow_provider_chartmogul.emulator.http import NO_CONTENT, Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.routes.addressing import disabled_wanted, hidden, named
from airflow_provider_chartmogul.emulator.store import disabling, edits
from airflow_provider_chartmogul.emulator.store.drafts import Drafts
from airflow_provider_chartmogul.emulator.views.invoices import created_transaction_json, transaction_json


def create_transaction(call: Call) -> Answer:
    """``POST /import/invoices/{uuid}/transactions``."""
    invoice = named(call, call.ledger.invoices, "invoice")
    drafts = Drafts(call.ledger, invoice.data_source_uuid)
    transaction, wrong = drafts.transaction(call.json())
    wrong = wrong or drafts.add_transaction(invoice, transaction)
    if wrong:
        raise errors.fields(wrong)
    return answer(created_transaction_json(transaction), 201)


def retrieve_transaction(call: Call) -> Answer:
    """``GET /transactions/{uuid}`` or by external id: the bare object in both cases."""
    _, transaction = named(call, call.ledger.transactions, "transaction")
    if hidden(call, transaction):
        raise errors.not_found("transaction")
    return answer(transaction_json(transaction))


def update_transaction(call: Call) -> Answer:
    """``PATCH /transactions/{uuid}`` or by external id; the status of the invoice follows."""
    invoice, transaction = named(call, call.ledger.transactions, "transaction")
    changed, wrong = edits.transaction(call.ledger, invoice, transaction, call.json())
    if wrong:
        raise errors.fields(wrong)
    call.ledger.change_transaction(invoice, transaction, changed)
    return answer(transaction_json(changed))


def delete_transaction(call: Call) -> Answer:
    """``DELETE /transactions/{uuid}`` or by external id; the status of the invoice follows."""
    call.ledger.remove_transaction(*named(call, call.ledger.transactions, "transaction"))
    return NO_CONTENT


def disable_transaction(call: Call) -> Answer:
    """``PATCH /transactions/{uuid}/disabled_state`` or by external id; the status of the invoice follows."""
    invoice, transaction = named(call, call.ledger.transactions, "transaction")
    disabled = disabled_wanted(call, invoice.data_source_uuid, transaction)
    disabling.set_transaction(call.ledger, invoice, transaction, disabled)
    return answer(transaction_json(transaction))


OPERATIONS = (
    Operation("POST", "/import/invoices/{invoice_uuid}/transactions", create_transaction, "billing"),
    Operation("GET", "/transactions", retrieve_transaction, "billing"),
    Operation("PATCH", "/transactions", update_transaction, "billing"),
    Operation("DELETE", "/transactions", delete_transaction, "billing"),
    Operation("PATCH", "/transactions/disabled_state", disable_transaction, "billing"),
    Operation("GET", "/transactions/{transaction_uuid}", retrieve_transaction, "billing"),
    Operation("PATCH", "/transactions/{transaction_uuid}", update_transaction, "billing"),
    Operation("DELETE", "/transactions/{transaction_uuid}", delete_transaction, "billing"),
    Operation("PATCH", "/transactions/{transaction_uuid}/disabled_state", disable_transaction, "billing"),
)
