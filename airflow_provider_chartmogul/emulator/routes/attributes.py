"""Tags and custom attributes of customers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import errors
from airflow_provider_chartmogul.emulator.http import NO_CONTENT, Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.routes import attribute_bodies
from airflow_provider_chartmogul.emulator.routes.customers import customer_in_path, nobody, with_email
from airflow_provider_chartmogul.emulator.views.customers import attributes

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.store.records import Customer

#: What the answers by e-mail show of a customer.
_REDUCED = ("id", "uuid", "external_id", "name", "email", "status", "customer-since", "attributes")


def retrieve_attributes(call: Call) -> Answer:
    """``GET /customers/{uuid}/attributes``."""
    return answer(attributes(customer_in_path(call)))


def add_tags(call: Call) -> Answer:
    """``POST /customers/{uuid}/attributes/tags``: those present are left alone; 200 with all tags."""
    customer = customer_in_path(call)
    _append(call, customer, _tags(call))
    return answer({"tags": customer.tags})


def remove_tags(call: Call) -> Answer:
    """``DELETE /customers/{uuid}/attributes/tags``: unknown ones are ignored; 200 with the rest."""
    customer = customer_in_path(call)
    unwanted = _tags(call)
    customer.tags = [tag for tag in customer.tags if tag not in unwanted]
    call.ledger.projection.relearn(customer)
    return answer({"tags": customer.tags})


def add_tags_by_email(call: Call) -> Answer:
    """``POST /customers/attributes/tags``: every customer with the e-mail, never paged."""
    customers = _addressed(call, associated=False)
    tags = _tags(call)
    for customer in customers:
        _append(call, customer, tags)
    return _reduced(call, customers)


def add_custom(call: Call) -> Answer:
    """``POST /customers/{uuid}/attributes/custom``: sets, and defines new keys for the account."""
    customer = customer_in_path(call)
    _set(call, customer, attribute_bodies.read_array(call))
    return answer({"custom": customer.custom})


def update_custom(call: Call) -> Answer:
    """``PUT /customers/{uuid}/attributes/custom``: merges values of defined keys."""
    customer = customer_in_path(call)
    _set(call, customer, attribute_bodies.read_map(call))
    return answer({"custom": customer.custom})


def remove_custom(call: Call) -> Answer:
    """``DELETE /customers/{uuid}/attributes/custom``: 200 with the rest, 204 when nothing is left."""
    customer = customer_in_path(call)
    for key in attribute_bodies.read_keys(call):
        customer.custom.pop(key, None)
    call.ledger.projection.relearn(customer)
    return answer({"custom": customer.custom}) if customer.custom else NO_CONTENT


def add_custom_by_email(call: Call) -> Answer:
    """``POST /customers/attributes/custom``: every customer with the e-mail, never paged."""
    customers = _addressed(call, call.json().get("with_associated_emails") is True)
    values = attribute_bodies.read_array(call)
    for customer in customers:
        _set(call, customer, values)
    return _reduced(call, customers)


def _tags(call: Call) -> list[str]:
    tags = attribute_bodies.read_list(call, "tags")
    if not all(isinstance(tag, str) for tag in tags):
        raise errors.invalid("tags")
    return tags


def _append(call: Call, customer: Customer, tags: list[str]) -> None:
    customer.tags = list(dict.fromkeys([*customer.tags, *tags]))
    call.ledger.projection.relearn(customer)


def _set(call: Call, customer: Customer, values: dict[str, Any]) -> None:
    customer.custom = customer.custom | values
    call.ledger.projection.relearn(customer)


def _addressed(call: Call, associated: bool) -> list[Customer]:
    email = call.json().get("email")
    if not isinstance(email, str) or not email:
        raise errors.missing("email")
    customers = with_email(call, email, associated)
    if not customers:
        raise nobody(email)
    return customers


def _reduced(call: Call, customers: list[Customer]) -> Answer:
    shown = (json.loads(call.ledger.projection.shown(customer).json) for customer in customers)
    return answer({"entries": [{name: body[name] for name in _REDUCED} for body in shown]})


OPERATIONS = (
    Operation("GET", "/customers/{customer_uuid}/attributes", retrieve_attributes),
    Operation("POST", "/customers/{customer_uuid}/attributes/tags", add_tags),
    Operation("DELETE", "/customers/{customer_uuid}/attributes/tags", remove_tags),
    Operation("POST", "/customers/attributes/tags", add_tags_by_email),
    Operation("POST", "/customers/{customer_uuid}/attributes/custom", add_custom),
    Operation("PUT", "/customers/{customer_uuid}/attributes/custom", update_custom),
    Operation("DELETE", "/customers/{customer_uuid}/attributes/custom", remove_custom),
    Operation("POST", "/customers/attributes/custom", add_custom_by_email),
)
