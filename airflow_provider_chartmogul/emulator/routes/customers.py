"""Customers: list, search, create, retrieve, update, delete."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import errors, paging
from airflow_provider_chartmogul.emulator.http import NO_CONTENT, Answer, Call, Operation
from airflow_provider_chartmogul.emulator.routes.contacts import CONTACTS
from airflow_provider_chartmogul.emulator.routes.crm import customer_of
from airflow_provider_chartmogul.emulator.store import customer_drafts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_provider_chartmogul.emulator.store.projection import Shown
    from airflow_provider_chartmogul.emulator.store.records import Customer

_STATUSES = {
    status.replace(" ", "_"): status for status in (*customer_drafts.LEAD_STATES, "Active", "Past Due", "Cancelled")
}


def list_customers(call: Call) -> Answer:
    """``GET /customers``: oldest customer-since first, leads last."""
    query, projection = call.query, call.ledger.projection
    request = paging.read(query)
    if query.get("status") is not None and query["status"] not in _STATUSES:
        raise errors.invalid("status")
    matches = _filter(call)
    source, external_id = query.get("data_source_uuid"), query.get("external_id")
    if source and external_id:
        known = call.ledger.customer_of(source, external_id)
        few = [shown for shown in ([projection.shown(known)] if known else []) if matches(shown)]
        return _page([] if request.after else few, request, len(few))
    total = sum(1 for shown in projection.shown_after(None) if matches(shown)) if request.is_first else 0
    return _page(filter(matches, projection.shown_after(request.after)), request, total)


def search_customers(call: Call) -> Answer:
    """``GET /customers/search``: by e-mail; nobody is 404."""
    email = call.query.get("email")
    if not email:
        raise errors.missing("email")
    request = paging.read(call.query)
    found = {customer.uuid for customer in with_email(call, email, call.flag("with_associated_emails"))}
    if not found:
        raise nobody(email)
    following = call.ledger.projection.shown_after(request.after)
    return _page((shown for shown in following if shown.customer.uuid in found), request, total=None)


def create_customer(call: Call) -> Answer:
    """``POST /customers``: no upsert."""
    body = call.json()
    for name in ("data_source_uuid", "external_id"):
        if not body.get(name):
            raise errors.missing(name)
    contact = CONTACTS.read_primary(call)
    if call.ledger.data_sources.get(str(body["data_source_uuid"])) is None:
        raise errors.not_found("data source")
    customer, wrong = customer_drafts.create(call.ledger, body, body["data_source_uuid"])
    if wrong:
        raise errors.fields(wrong)
    call.ledger.add_customer(customer)
    CONTACTS.put_primary(call.ledger, customer, contact)
    return _one(call, customer, 201)


def retrieve_customer(call: Call) -> Answer:
    """``GET /customers/{uuid}``."""
    return _one(call, customer_in_path(call), 200)


def update_customer(call: Call) -> Answer:
    """``PATCH /customers/{uuid}``: only the given fields change."""
    customer = customer_in_path(call)
    contact = CONTACTS.read_primary(call)
    wrong = customer_drafts.update(call.ledger, customer, call.json())
    if wrong:
        raise errors.fields(wrong)
    CONTACTS.put_primary(call.ledger, customer, contact)
    call.ledger.projection.relearn(customer)
    return _one(call, customer, 200)


def delete_customer(call: Call) -> Answer:
    """``DELETE /customers/{uuid}``: with invoices, subscriptions and attributes; refused for automatic sources."""
    customer = customer_in_path(call)
    if any(call.ledger.is_automatic(part.data_source_uuid) for part in customer.parts):
        raise errors.fields({"customer_uuid": "Customer cannot be deleted"})
    call.ledger.remove_customer(customer)
    return NO_CONTENT


def customer_in_path(call: Call) -> Customer:
    """Return the customer that the path names.

    :raises ApiError: 404 for an unknown or malformed id.
    """
    return customer_of(call, call.path["customer_uuid"])


def with_email(call: Call, email: str, associated: bool) -> list[Customer]:
    """Find the customers of all sources with an e-mail, compared in lower case.

    :param associated: find also those with a contact of that e-mail.
    """
    by_contact = call.ledger.crm.customers_with(email) if associated else set()
    return [
        customer
        for customer in call.ledger.customers
        if customer.email.lower() == email.lower() or customer.uuid in by_contact
    ]


def nobody(email: str) -> errors.ApiError:
    """404 for an e-mail without a customer."""
    return errors.coded(404, f'Can\'t find any customers with email: "{email}"', "email")


def _one(call: Call, customer: Customer, status: int) -> Answer:
    return Answer(status, call.ledger.projection.shown(customer).json)


def _filter(call: Call) -> Callable[[Shown], bool]:
    query, sources = call.query, call.ledger.data_sources
    source_uuid, external_id, system = query.get("data_source_uuid"), query.get("external_id"), query.get("system")
    status = _STATUSES.get(query.get("status", ""))
    if not (source_uuid or external_id or system or status):
        return lambda shown: True

    def matches(shown: Shown) -> bool:
        primary = sources.get(shown.customer.data_source_uuid)
        return (
            (status is None or shown.status == status)
            and (system is None or (primary is not None and primary.system == system))
            and any(
                source_uuid in (None, part.data_source_uuid) and external_id in (None, part.external_id)
                for part in shown.customer.parts
            )
        )

    return matches


def _page(matching: Iterable[Shown], request: paging.PageRequest, total: int | None) -> Answer:
    """Put a page together from kept bytes, which costs no serialisation.

    :param matching: customers in order, from behind the cursor.
    :param total: of all pages; None when it is not shown.
    """
    entries, has_more = paging.cut(matching, request.per_page)
    rest: dict[str, Any] = {"has_more": has_more, "cursor": _cursor(entries[-1]) if entries else None}
    if request.is_first:
        rest |= {**paging.page_numbers(total, request.per_page), "per_page": request.per_page, "page": 1}
    tail = json.dumps(rest, separators=(",", ":")).encode()
    return Answer(200, b'{"entries":[' + b",".join([shown.json for shown in entries]) + b"]," + tail[1:])


def _cursor(shown: Shown) -> str:
    return paging.encode(shown.summary["customer_since"], shown.customer.seq)


OPERATIONS = (
    Operation("GET", "/customers", list_customers),
    Operation("POST", "/customers", create_customer),
    Operation("GET", "/customers/search", search_customers),
    Operation("GET", "/customers/{customer_uuid}", retrieve_customer),
    Operation("PATCH", "/customers/{customer_uuid}", update_customer),
    Operation("DELETE", "/customers/{customer_uuid}", delete_customer),
)
