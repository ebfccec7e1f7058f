"""Invoices, line items and transactions as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import dates
from airflow_provider_chartmogul.emulator.settings import KEY_OWNER
from airflow_provider_chartmogul.emulator.store import invoice_status

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.emulator.store.ledger import Ledger
    from airflow_provider_chartmogul.emulator.store.records import Invoice, LineItem, Transaction


def imported_json(invoice: Invoice) -> dict[str, Any]:
    """Return an invoice as the answer to its import has it: short, without the customer."""
    return {
        "uuid": invoice.uuid,
        "date": dates.millis(invoice.date),
        "due_date": dates.millis(invoice.due_date),
        "errors": {},
        "external_id": invoice.external_id,
        "currency": invoice.currency,
        "line_items": [_short_item(item) for item in invoice.line_items],
        "transactions": [_short_transaction(one) for one in invoice.transactions],
    }


def invoice_json(ledger: Ledger, invoice: Invoice, shows: Callable[[LineItem | Transaction], bool]) -> dict[str, Any]:
    """Return an invoice as it is retrieved and listed; a disabled one without its line items and transactions.

    :param shows: tells which of them are shown.
    """
    items = [] if invoice.disabled_at else filter(shows, invoice.line_items)
    transactions = [] if invoice.disabled_at else filter(shows, invoice.transactions)
    return {
        "uuid": invoice.uuid,
        "customer_uuid": invoice.customer_uuid,
        "customer_external_id": invoice.customer_external_id,
        "data_source_uuid": invoice.data_source_uuid,
        "date": dates.millis(invoice.date),
        "due_date": dates.millis(invoice.due_date),
        "external_id": invoice.external_id,
        "currency": invoice.currency,
        "collection_method": invoice.collection_method,
        "status": invoice_status.status(invoice),
        "errors": invoice.errors,
        "line_items": [line_item_json(ledger, item) for item in items],
        "transactions": [transaction_json(one) for one in transactions],
        **disabled_state(dates.millis(invoice.disabled_at)),
    }


def line_item_json(ledger: Ledger, item: LineItem) -> dict[str, Any]:
    """Return a line item as it is retrieved and listed."""
    plan = ledger.plans.get(item.plan_uuid or "")
    return {
        **_short_item(item),
        "plan_external_id": plan.external_id if plan else None,
        "balance_transfer": item.balance_transfer,
        **disabled_state(dates.millis(item.disabled_at)),
        "errors": {},
    }


def transaction_json(transaction: Transaction) -> dict[str, Any]:
    """Return a transaction as it is retrieved and listed."""
    return {**_short_transaction(transaction), **disabled_state(dates.millis(transaction.disabled_at))}


def created_transaction_json(transaction: Transaction) -> dict[str, Any]:
    """Return a transaction as the answer to its creation has it: no currency, no disabled fields."""
    body = _short_transaction(transaction)
    del body["transaction_fees_currency"]
    return body


def disabled_state(disabled_at: str | None) -> dict[str, Any]:
    """Return the fields that tell whether a record is hidden; the owner of the key has done it."""
    return {
        "disabled": disabled_at is not None,
        "disabled_at": disabled_at,
        "disabled_by": KEY_OWNER if disabled_at else None,
        "user_created": False,
    }


def _short_item(item: LineItem) -> dict[str, Any]:
    body: dict[str, Any] = {"uuid": item.uuid, "external_id": item.external_id, "type": item.type}
    if item.type == "one_time":
        body["description"] = item.description
        if item.plan_uuid:
            body["plan_uuid"] = item.plan_uuid
    else:
        body |= _period(item)
    return body | {
        "amount_in_cents": item.amount_in_cents,
        "quantity": item.quantity,
        "discount_code": item.discount_code,
        "discount_amount_in_cents": item.discount_amount_in_cents,
        "tax_amount_in_cents": item.tax_amount_in_cents,
        "transaction_fees_in_cents": item.transaction_fees_in_cents,
        "account_code": item.account_code,
        "transaction_fees_currency": item.transaction_fees_currency,
        "discount_description": item.discount_description,
        "event_order": item.event_order,
    }


def _period(item: LineItem) -> dict[str, Any]:
    body = {"subscription_uuid": item.subscription_uuid, "subscription_external_id": item.subscription_external_id}
    if item.subscription_set_external_id:
        body["subscription_set_external_id"] = item.subscription_set_external_id
    return body | {
        "prorated": item.prorated,
        "proration_type": item.proration_type,
        "service_period_start": dates.millis(item.service_period_start),
        "service_period_end": dates.millis(item.service_period_end),
        "plan_uuid": item.plan_uuid,
    }


def _short_transaction(transaction: Transaction) -> dict[str, Any]:
    return {
        "uuid": transaction.uuid,
        "external_id": transaction.external_id,
        "amount_in_cents": transaction.amount_in_cents,
        "type": transaction.type,
        "date": dates.millis(transaction.date),
        "result": transaction.result,
        "transaction_fees_in_cents": transaction.transaction_fees_in_cents,
        "transaction_fees_currency": transaction.transaction_fees_currency,
    }
