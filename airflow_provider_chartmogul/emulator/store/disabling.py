"""Hiding billing records of automatic sources from all figures, and showing them again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_chartmogul.emulator.store.ledger import Ledger
    from airflow_provider_chartmogul.emulator.store.records import Invoice, LineItem, SubscriptionEvent, Transaction

    Record = Invoice | LineItem | Transaction | SubscriptionEvent


def possible(ledger: Ledger, data_source_uuid: str, records: Iterable[Record]) -> bool:
    """Tell whether records can be disabled: those of an automatic source which all have external ids."""
    return ledger.is_automatic(data_source_uuid) and all(record.external_id for record in records)


def set_invoice(ledger: Ledger, invoice: Invoice, disabled: bool) -> None:
    """Disable or enable an invoice with all its line items and transactions."""
    invoice.disabled_at = ledger.now() if disabled else None
    for item in invoice.line_items:
        _set_item(ledger, invoice, item, disabled)
    for transaction in invoice.transactions:
        transaction.disabled_at = invoice.disabled_at
    ledger.projection.touch(invoice.customer_uuid, None)


def set_line_item(ledger: Ledger, invoice: Invoice, item: LineItem, disabled: bool) -> None:
    """Disable or enable a line item; what it cancelled goes and comes with it, unless the invoice is disabled."""
    _set_item(ledger, invoice, item, disabled)
    ledger.projection.touch(invoice.customer_uuid, None)


def set_transaction(ledger: Ledger, invoice: Invoice, transaction: Transaction, disabled: bool) -> None:
    """Disable or enable a transaction; the status of the invoice follows."""
    transaction.disabled_at = ledger.now() if disabled else None
    ledger.projection.touch(invoice.customer_uuid, None)


def set_event(ledger: Ledger, event: SubscriptionEvent, disabled: bool) -> SubscriptionEvent:
    """Disable or enable an event; without its cancellation event a subscription lives again."""
    changed = replace(event, disabled_at=ledger.now() if disabled else None)
    ledger.churn.replace_event(event, changed)
    return changed


def _set_item(ledger: Ledger, invoice: Invoice, item: LineItem, disabled: bool) -> None:
    item.disabled_at = ledger.now() if disabled else None
    subscription = ledger.subscriptions.named(invoice.subscription_key(item))
    if subscription is not None:
        ledger.churn.withdraw_item(subscription, item)
        ledger.churn.cancel_by_item(subscription, invoice, item)
