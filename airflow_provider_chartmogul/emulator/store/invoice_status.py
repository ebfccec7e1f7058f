"""The status of an invoice, from its transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.store.records import Invoice, LineItem, Transaction


def total(invoice: Invoice) -> int:
    """Return the sum of the lines, cents; those that are disabled do not count."""
    return sum(item.amount_in_cents for item in invoice.line_items if _counts(invoice, item))


def status(invoice: Invoice) -> str:
    """Return ``voided`` or ``written_off`` where set, else ``refunded``, ``paid`` or ``open``."""
    if invoice.final_status:
        return invoice.final_status
    if _covers(invoice, "refund"):
        return "refunded"
    return "paid" if _covers(invoice, "payment") else "open"


def _covers(invoice: Invoice, kind: str) -> bool:
    whole = total(invoice)
    amounts = [
        whole if one.amount_in_cents is None else one.amount_in_cents
        for one in invoice.transactions
        if one.type == kind and one.result == "successful" and _counts(invoice, one)
    ]
    return bool(amounts) and sum(amounts) >= whole


def _counts(invoice: Invoice, part: LineItem | Transaction) -> bool:
    # The status of a disabled invoice stays what it was.
    return part.disabled_at is None or invoice.disabled_at is not None
