"""The status of an invoice, from its transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.store.records import Invoice


def total(invoice: Invoice) -> int:
    """Return the sum of the lines, cents."""
    return sum(item.amount_in_cents for item in invoice.line_items)


def status(invoice: Invoice) -> str:
    """Return ``voided`` or ``written_off`` where set, else ``refunded``, ``paid`` or ``open``."""
    if invoice.final_status:
        return invoice.final_status
    if _covers(invoice, "refund"):
        return "refunded"
    return "paid" if _covers(invoice, "payment") else "open"


def _covers(invoice: Invoice, kind: str) -> bool:
    whole = total(invoice)
    successful = [one for one in invoice.transactions if one.type == kind and one.result == "successful"]
    amounts = [whole if one.amount_in_cents is None else one.amount_in_cents for one in successful]
    return bool(amounts) and sum(amounts) >= whole
