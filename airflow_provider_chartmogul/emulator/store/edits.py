"""Changes of stored invoices, line items and transactions.

A change is checked as a new record would be that has the stored values and, on top, those sent; null takes a value
away. Identifiers and owners stay whatever is sent.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator.reading import Reader
from airflow_provider_chartmogul.emulator.store.drafts import Drafts, overdrawn, terms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.emulator.store.drafts import Errors, Terms
    from airflow_provider_chartmogul.emulator.store.ledger import Ledger
    from airflow_provider_chartmogul.emulator.store.records import Invoice, LineItem, Transaction


def invoice_terms(ledger: Ledger, invoice: Invoice, changes: Mapping[str, Any]) -> tuple[Terms, Errors]:
    """Return the new date, due date, currency and collection method of an invoice, and what is wrong with them."""
    reader = Reader(_changed(invoice, changes))
    return terms(reader, ledger.now()), reader.errors


def line_item(ledger: Ledger, invoice: Invoice, item: LineItem, changes: Mapping[str, Any]) -> tuple[LineItem, Errors]:
    """Return the changed line item, and what is wrong with it."""
    made, wrong = Drafts(ledger, invoice.data_source_uuid).line_item(_changed(item, changes))
    kept = {name: getattr(item, name) for name in ("seq", "uuid", "external_id", "disabled_at")}
    return replace(made, **kept), wrong


def transaction(
    ledger: Ledger, invoice: Invoice, old: Transaction, changes: Mapping[str, Any]
) -> tuple[Transaction, Errors]:
    """Return the changed transaction, and what is wrong with it; the invoice may not be overpaid by it."""
    made, wrong = Drafts(ledger, invoice.data_source_uuid).transaction(_changed(old, changes))
    new = replace(made, uuid=old.uuid, external_id=old.external_id, disabled_at=old.disabled_at)
    sentence = overdrawn(invoice, [new if one is old else one for one in invoice.transactions])
    if sentence and not wrong:
        wrong = {"amount_in_cents": sentence}
    return new, wrong


def _changed(stored: Invoice | LineItem | Transaction, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what could be sent to store the record changed; without its external id, which it has taken itself."""
    known = {field.name: _as_sent(getattr(stored, field.name)) for field in fields(stored)}
    return {**known, **changes, "external_id": None}


def _as_sent(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
