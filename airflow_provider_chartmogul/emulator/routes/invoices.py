"""Invoices: import, list, retrieve, change, delete, void and write off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import errors, paging
from airflow_provider_chartmogul.emulator.http import NO_CONTENT, Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.reading import Reader
from airflow_provider_chartmogul.emulator.routes.addressing import disabled_wanted, hidden, named
from airflow_provider_chartmogul.emulator.routes.data_sources import source_in_path
from airflow_provider_chartmogul.emulator.store import disabling, edits
from airflow_provider_chartmogul.emulator.store.collection import page_of_few
from airflow_provider_chartmogul.emulator.store.drafts import Drafts, nested
from airflow_provider_chartmogul.emulator.store.records import Part
from airflow_provider_chartmogul.emulator.views.invoices import imported_json, invoice_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.emulator.store.drafts import Errors
    from airflow_provider_chartmogul.emulator.store.records import Customer, Invoice

_UUID = re.compile(r"inv_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def import_invoices(call: Call) -> Answer:
    """``POST /import/customers/{uuid}/invoices``: all of them are stored, or none."""
    customer = call.ledger.customers.get(call.path["customer_uuid"])
    if customer is None:
        raise errors.not_found("invoice")  # the API really says so
    records = call.json().get("invoices")
    if not isinstance(records, list) or not records or not all(isinstance(record, dict) for record in records):
        raise errors.missing_envelope("invoices")
    checkers: dict[str, Drafts] = {}
    checked = [_check(call, customer, record, checkers) for record in records]
    if any(wrong for _, wrong in checked):
        echo = [_echo(record, wrong) for record, (_, wrong) in zip(records, checked, strict=True)]
        return answer({"invoices": echo}, 422)
    stored = [invoice for invoice, _ in checked if invoice is not None]
    for invoice in stored:
        call.ledger.add_invoice(invoice)
    return answer({"invoices": [imported_json(invoice) for invoice in stored]}, 201)


def list_invoices(call: Call) -> Answer:
    """``GET /invoices``: newest first."""
    request, matches = paging.read(call.query), _filter(call)
    source, external_id = call.query.get("data_source_uuid"), call.query.get("external_id")
    invoices = call.ledger.invoices
    if source and external_id:
        known = invoices.by_external_id(source, external_id)
        few = [known] if known and matches(known) else []
        return answer(_page(call, request, page_of_few(few, request), len(few)))
    total = invoices.count(matches) if request.is_first else 0
    return answer(_page(call, request, invoices.page(request, matches), total))


def list_customer_invoices(call: Call) -> Answer:
    """``GET /import/customers/{uuid}/invoices``: oldest first."""
    customer = call.ledger.customers.get(call.path["customer_uuid"])
    if customer is None:
        raise errors.sentence(404, "Customer not found", "customer")
    request = paging.read(call.query)
    found = list(filter(visible(call), call.ledger.invoices_of(customer)))
    return answer({"customer_uuid": customer.uuid, **_page(call, request, page_of_few(found, request), len(found))})


def retrieve_invoice(call: Call) -> Answer:
    """``GET /invoices/{uuid}``."""
    invoice = named(call, call.ledger.invoices, "invoice")
    if not visible(call)(invoice):
        raise errors.not_found("invoice")
    return answer(_json(call, invoice))


def update_invoice(call: Call) -> Answer:
    """``PATCH /invoices/{uuid}`` or by external id: its terms; an invalid one is corrected by a new import."""
    ledger = call.ledger
    invoice = named(call, ledger.invoices, "invoice")
    if invoice.errors:
        raise errors.not_found("invoice")
    terms, wrong = edits.invoice_terms(ledger, invoice, call.json())
    if wrong:
        raise errors.field_lists(wrong)
    ledger.change_terms(invoice, terms)
    return answer(_json(call, invoice))


def delete_invoice(call: Call) -> Answer:
    """``DELETE /invoices/{uuid}`` or by external id: with line items and transactions; a malformed id is 422 here."""
    uuid = call.path.get("invoice_uuid")
    if uuid is not None and not _UUID.fullmatch(uuid):
        raise errors.sentence(422, "Invalid UUID passed", "uuid")
    call.ledger.remove_invoice(named(call, call.ledger.invoices, "invoice"))
    return NO_CONTENT


def delete_customer_invoices(call: Call) -> Answer:
    """``DELETE /data_sources/{uuid}/customers/{uuid}/invoices``: all of one source, and so the subscriptions there."""
    source = source_in_path(call)
    customer = call.ledger.customers.get(call.path["customer_uuid"])
    if customer is None or all(part.data_source_uuid != source.uuid for part in customer.parts):
        raise errors.ApiError(404, {"error": "Customer not found"})
    for invoice in list(call.ledger.invoices_of(customer)):
        if invoice.data_source_uuid == source.uuid:
            call.ledger.remove_invoice(invoice)
    return NO_CONTENT


def disable_invoice(call: Call) -> Answer:
    """``PATCH /invoices/{uuid}/disabled_state`` or by external id: with its line items and transactions."""
    invoice = named(call, call.ledger.invoices, "invoice")
    disabled = disabled_wanted(call, invoice.data_source_uuid, invoice, *invoice.line_items, *invoice.transactions)
    disabling.set_invoice(call.ledger, invoice, disabled)
    return answer(_json(call, invoice))


def update_invoice_status(call: Call) -> Answer:
    """``PUT /data_sources/{uuid}/invoices/{external_id}/status``: ``voided`` or ``written_off``, both final."""
    source = source_in_path(call)
    invoice = call.ledger.invoices.by_external_id(source.uuid, call.path["invoice_external_id"])
    if invoice is None:
        raise errors.not_found("invoice")
    status = call.json().get("status")
    if status not in ("voided", "written_off") or invoice.final_status:
        raise errors.coded(422, "Status transition is not allowed", "status")
    invoice.final_status = status
    call.ledger.projection.touch(invoice.customer_uuid, None)
    return answer({"message": "Invoice updated"})


def visible(call: Call) -> Callable[[Invoice], bool]:
    """Return whether an invoice, with what belongs to it, is shown: by ``validation_type`` and ``with_disabled``.

    :raises ApiError: 400 for an unknown validation type.
    """
    kind = call.query.get("validation_type", "valid")
    if kind not in ("valid", "invalid", "all"):
        raise errors.invalid("validation_type")
    return lambda invoice: not hidden(call, invoice) and (kind == "all" or bool(invoice.errors) == (kind == "invalid"))


def _check(
    call: Call, customer: Customer, record: dict[str, Any], checkers: dict[str, Drafts]
) -> tuple[Invoice | None, Errors]:
    part, wrong = _billed_part(customer, record)
    drafts = checkers.setdefault(part.data_source_uuid, Drafts(call.ledger, part.data_source_uuid))
    reader = Reader(record)
    items = [drafts.line_item(item) for item in reader.records("line_items")]
    payments = [drafts.transaction(one) for one in reader.records("transactions")]
    invoice, own = drafts.invoice(
        record, customer.uuid, part, [item for item, _ in items], [one for one, _ in payments]
    )
    lines = nested("line_items", (errors for _, errors in items))
    return invoice, reader.errors | own | wrong | lines | nested("transactions", (errors for _, errors in payments))


def _echo(record: dict[str, Any], wrong: Errors) -> dict[str, Any]:
    """Return an invoice as it was sent, with what is wrong with it; its external id as it would have been stored."""
    name = {"external_id": Reader(record).text("external_id")} if "external_id" in record else {}
    return {**record, **name, "errors": wrong}


def _billed_part(customer: Customer, record: dict[str, Any]) -> tuple[Part, dict[str, str]]:
    """Find which data source customer gets the invoice; of a merged one it must be named in full."""
    reader = Reader(record)
    if len(customer.parts) > 1:
        reader.require("customer_external_id", "data_source_uuid")
    source, external_id = reader.text("data_source_uuid"), reader.text("customer_external_id")
    if not (source and external_id):
        return customer.parts[0], reader.errors
    wanted = Part(source, external_id)
    if wanted in customer.parts:
        return wanted, {}
    return customer.parts[0], {"customer_external_id": "is not a record of this customer"}


def _filter(call: Call) -> Callable[[Invoice], bool]:
    query, is_visible = call.query, visible(call)
    customer_uuid, source, external_id = (
        query.get(name) for name in ("customer_uuid", "data_source_uuid", "external_id")
    )

    def matches(invoice: Invoice) -> bool:
        return (
            is_visible(invoice)
            and customer_uuid in (None, invoice.customer_uuid)
            and source in (None, invoice.data_source_uuid)
            and external_id in (None, invoice.external_id)
        )

    return matches


def _page(call: Call, request: paging.PageRequest, page: paging.Page[Invoice], total: int) -> dict[str, Any]:
    numbers = paging.page_numbers(total, request.per_page) if request.is_first else {}
    found = [_json(call, invoice) for invoice in page.records]
    return {"invoices": found, **numbers, "cursor": page.cursor, "has_more": page.has_more}


def _json(call: Call, invoice: Invoice) -> dict[str, Any]:
    return invoice_json(call.ledger, invoice, lambda record: not hidden(call, record))


OPERATIONS = (
    Operation("POST", "/import/customers/{customer_uuid}/invoices", import_invoices, "billing"),
    Operation("GET", "/import/customers/{customer_uuid}/invoices", list_customer_invoices, "billing"),
    Operation("GET", "/invoices", list_invoices, "billing"),
    Operation("PATCH", "/invoices", update_invoice, "billing"),
    Operation("DELETE", "/invoices", delete_invoice, "billing"),
    Operation("PATCH", "/invoices/disabled_state", disable_invoice, "billing"),
    Operation("GET", "/invoices/{invoice_uuid}", retrieve_invoice, "billing"),
    Operation("PATCH", "/invoices/{invoice_uuid}", update_invoice, "billing"),
    Operation("DELETE", "/invoices/{invoice_uuid}", delete_invoice, "billing"),
    Operation("PATCH", "/invoices/{invoice_uuid}/disabled_state", disable_invoice, "billing"),
    Operation(
        "DELETE",
        "/data_sources/{data_source_uuid}/customers/{customer_uuid}/invoices",
        delete_customer_invoices,
        "billing",
    ),
    Operation(
        "PUT",
        "/data_sources/{data_source_uuid}/invoices/{invoice_external_id:path}/status",
        update_invoice_status,
        "billing",
    ),
)
