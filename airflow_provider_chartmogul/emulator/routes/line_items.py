"""Line items of an invoice that exists already; each named by its uuid, or by source and external id."""

from __future__ import annotations

from airflow_provider_chartmogul.emulator import errors
from airflow_provider_chartmogul.emulator.http import NO_CONTENT, Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.routes.addressing import disabled_wanted, hidden, named
from airflow_provider_chartmogul.emulator.routes.invoices import visible
from airflow_provider_chartmogul.emulator.store import disabling, edits
from airflow_provider_chartmogul.emulator.store.drafts import Drafts
from airflow_provider_chartmogul.emulator.views.invoices import line_item_json


def create_line_item(call: Call) -> Answer:
    """``POST /import/invoices/{uuid}/line_items``."""
    invoice = named(call, call.ledger.invoices, "invoice")
    item, wrong = Drafts(call.ledger, invoice.data_source_uuid).line_item(call.json())
    if wrong:
        raise errors.fields(wrong)
    call.ledger.add_line_item(invoice, item)
    return answer(line_item_json(call.ledger, item), 201)


def retrieve_line_item(call: Call) -> Answer:
    """``GET /line_items/{uuid}`` or by external id: the bare object in both cases."""
    invoice, item = named(call, call.ledger.line_items, "line item")
    if not visible(call)(invoice) or hidden(call, item):
        raise errors.not_found("line item")
    return answer(line_item_json(call.ledger, item))


def update_line_item(call: Call) -> Answer:
    """``PATCH /line_items/{uuid}`` or by external id."""
    invoice, item = named(call, call.ledger.line_items, "line item")
    changed, wrong = edits.line_item(call.ledger, invoice, item, call.json())
    if wrong:
        raise errors.fields(wrong)
    call.ledger.change_line_item(invoice, item, changed)
    return answer(line_item_json(call.ledger, changed))


def delete_line_item(call: Call) -> Answer:
    """``DELETE /line_items/{uuid}`` or by external id."""
    call.ledger.remove_line_item(*named(call, call.ledger.line_items, "line item"))
    return NO_CONTENT


def disable_line_item(call: Call) -> Answer:
    """``PATCH /line_items/{uuid}/disabled_state`` or by external id."""
    invoice, item = named(call, call.ledger.line_items, "line item")
    disabling.set_line_item(call.ledger, invoice, item, disabled_wanted(call, invoice.data_source_uuid, item))
    return answer(line_item_json(call.ledger, item))


OPERATIONS = (
    Operation("POST", "/import/invoices/{invoice_uuid}/line_items", create_line_item, "billing"),
    Operation("GET", "/line_items", retrieve_line_item, "billing"),
    Operation("PATCH", "/line_items", update_line_item, "billing"),
    Operation("DELETE", "/line_items", delete_line_item, "billing"),
    Operation("PATCH", "/line_items/disabled_state", disable_line_item, "billing"),
    Operation("GET", "/line_items/{line_item_uuid}", retrieve_line_item, "billing"),
    Operation("PATCH", "/line_items/{line_item_uuid}", update_line_item, "billing"),
    Operation("DELETE", "/line_items/{line_item_uuid}", delete_line_item, "billing"),
    Operation("PATCH", "/line_items/{line_item_uuid}/disabled_state", disable_line_item, "billing"),
)
