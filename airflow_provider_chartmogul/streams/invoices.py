"""Invoices, with their line items and transactions as tables of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.exceptions import ChartMogulInvalidResponseError
from airflow_provider_chartmogul.streams.columns import BOOLEAN, INTEGER, JSON, STRING, TIMESTAMP, columns
from airflow_provider_chartmogul.streams.model import Record, Stream, Table
from airflow_provider_chartmogul.streams.sources import by_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.streams.model import Options, Reading

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

_CHILDREN = (LINE_ITEM, TRANSACTION)


def _open(client: ChartMogulClient, options: Options) -> Reading:
    """Begin a reading of all valid, enabled invoices: the API has no filter by time."""
    return by_source(client, options, client.invoices.list, _record)


def _record(invoice: Mapping[str, Any]) -> Record:
    own = dict(invoice)
    children = {child.suffix: _objects(child.suffix, own.pop(child.suffix, None)) for child in _CHILDREN}
    row = INVOICE.row("invoices", own)
    uuid = row["uuid"]
    rows = {"": [row]}
    for child in _CHILDREN:
        rows[child.suffix] = [child.row("invoices", {**item, "invoice_uuid": uuid}) for item in children[child.suffix]]
    return Record(uuid, rows)


def _objects(field: str, value: Any) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ChartMogulInvalidResponseError(f"Stream invoices: field {field!r} is no list of objects")
    return value


INVOICES = Stream(
    "invoices",
    "a valid, enabled invoice",
    "GET /invoices",
    (INVOICE, *_CHILDREN),
    _open,
    split="data sources",
    options=frozenset({"data_source_uuid"}),
)
