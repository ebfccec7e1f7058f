"""Invoices, with their line items and transactions as tables of their own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.streams.columns import BOOLEAN, INTEGER, JSON, STRING, TIMESTAMP, columns
from airflow_provider_chartmogul.streams.lists import list_stream
from airflow_provider_chartmogul.streams.model import Table
from airflow_provider_chartmogul.streams.records import Member, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# keys that newer answers add to invoices, line items and transactions alike
_EDITS = (
    *columns(BOOLEAN, "disabled"),
    *columns(TIMESTAMP, "disabled_at"),
    *columns(STRING, "disabled_by"),
    *columns(BOOLEAN, "user_created"),
    *columns(JSON, "errors"),
)

INVOICE = Table(
    columns=(
        *columns(STRING, "uuid", "external_id", "customer_uuid", "customer_external_id", "data_source_uuid"),
        *columns(TIMESTAMP, "date", "due_date"),
        *columns(STRING, "currency", "collection_method", "status"),
        *_EDITS,
    ),
    key=("uuid",),
    elsewhere=("line_items", "transactions"),
)

LINE_ITEM = Table(
    suffix="line_items",
    columns=(
        *columns(STRING, "invoice_uuid", "uuid", "external_id", "type"),
        *columns(STRING, "subscription_uuid", "subscription_external_id", "subscription_set_external_id"),
        *columns(STRING, "plan_uuid", "plan_external_id"),
        *columns(BOOLEAN, "prorated"),
        *columns(STRING, "proration_type"),
        *columns(TIMESTAMP, "service_period_start", "service_period_end"),
        *columns(STRING, "description"),
        *columns(INTEGER, "amount_in_cents", "quantity", "discount_amount_in_cents", "tax_amount_in_cents"),
        *columns(INTEGER, "transaction_fees_in_cents"),
        *columns(STRING, "transaction_fees_currency", "discount_code", "discount_description", "account_code"),
        *columns(INTEGER, "event_order"),
        *columns(BOOLEAN, "balance_transfer"),
        *_EDITS,
    ),
    key=("uuid",),
    record_key="invoice_uuid",
)

TRANSACTION = Table(
    suffix="transactions",
    columns=(
        *columns(STRING, "invoice_uuid", "uuid", "external_id", "type"),
        *columns(TIMESTAMP, "date"),
        *columns(STRING, "result"),
        *columns(INTEGER, "amount_in_cents", "transaction_fees_in_cents"),
        *columns(STRING, "transaction_fees_currency"),
        *_EDITS,
    ),
    key=("uuid",),
    record_key="invoice_uuid",
)


def _parts(field: str, stream: str, invoice: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    uuid = invoice["uuid"]
    return ({**item, "invoice_uuid": uuid} for item in listed(stream, invoice, field, dict))


_LINE_ITEMS = Member(LINE_ITEM, partial(_parts, "line_items"))
_TRANSACTIONS = Member(TRANSACTION, partial(_parts, "transactions"))

INVOICES = list_stream(
    "invoices", "a valid, enabled invoice", "invoices", Member(INVOICE), _LINE_ITEMS, _TRANSACTIONS, by_source=True
)
LINE_ITEMS = list_stream(
    "line_items", "a line item of a valid, enabled invoice", "invoices", _LINE_ITEMS.alone(), by_source=True
)
TRANSACTIONS = list_stream(
    "transactions", "a transaction of a valid, enabled invoice", "invoices", _TRANSACTIONS.alone(), by_source=True
)
