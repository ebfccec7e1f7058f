"""Merging customers and undoing it; both answer at once and take effect after the processing lag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import errors
from airflow_provider_chartmogul.emulator.http import Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.store import merging
from airflow_provider_chartmogul.emulator.store.records import Part

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.store.ledger import Ledger
    from airflow_provider_chartmogul.emulator.store.records import Customer

_MOVABLE = ("tasks", "opportunities", "notes")


def merge_customers(call: Call) -> Answer:
    """``POST /customers/merges``: each customer by its uuid, or by source and external id."""
    ledger, body = call.ledger, call.json()
    giver, taker = (_named(ledger, body, name) for name in ("from", "into"))
    if giver is taker:
        raise errors.fields({"from": "is invalid"})
    ledger.later(lambda: merging.merge(ledger, giver.uuid, taker.uuid))
    return answer({}, 202)


def unmerge_customers(call: Call) -> Answer:
    """``POST /customers/unmerges``: one data source customer of a merged one becomes a customer of its own."""
    ledger, body = call.ledger, call.json()
    customer_uuid, source, external_id = (
        _text(body, name, name) for name in ("customer_uuid", "data_source_uuid", "external_id")
    )
    moved = body.get("move_to_new_customer", [])
    if not isinstance(moved, list) or not all(kind in _MOVABLE for kind in moved):
        raise errors.invalid("move_to_new_customer")
    customer = ledger.customers.get(customer_uuid)
    if customer is None:
        raise errors.not_found("customer")
    part = Part(source, external_id)
    if len(customer.parts) < 2:
        raise errors.fields({"customer_uuid": "has not been merged"})
    if part not in customer.parts:
        raise errors.fields({"external_id": "is not a record of this customer"})
    ledger.later(lambda: merging.unmerge(ledger, customer.uuid, part, moved))
    return answer({}, 202)


def _named(ledger: Ledger, body: dict[str, Any], side: str) -> Customer:
    name = body.get(side)
    if not isinstance(name, dict):
        raise errors.missing(side)
    if "customer_uuid" in name:
        customer = ledger.customers.get(_text(name, "customer_uuid", side))
    else:
        source, external_id = (_text(name, key, side) for key in ("data_source_uuid", "external_id"))
        customer = ledger.customer_of(source, external_id)
    if customer is None:
        raise errors.not_found("customer")
    return customer


def _text(record: dict[str, Any], name: str, param: str) -> str:
    value = record.get(name)
    if not isinstance(value, str) or not value:
        raise errors.missing(param)
    return value


OPERATIONS = (
    Operation("POST", "/customers/merges", merge_customers),
    Operation("POST", "/customers/unmerges", unmerge_customers),
)
