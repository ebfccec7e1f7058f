"""Checks customers that a request wants to store or change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import geo
from airflow_provider_chartmogul.emulator.reading import BLANK, Reader
from airflow_provider_chartmogul.emulator.store import custom_attributes
from airflow_provider_chartmogul.emulator.store.ledger import new_uuid
from airflow_provider_chartmogul.emulator.store.records import Customer, Part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.emulator.store.ledger import Ledger

CUSTOMER_TAKEN = "The external ID for this customer already exists in our system."
LEAD_STATES = ("New Lead", "Working Lead", "Qualified Lead", "Unqualified Lead")

_EMPTY_AS_TEXT = ("name", "email", "company")
_EMPTY_AS_NULL = ("city", "zip", "owner", "website_url")


def create(ledger: Ledger, record: Mapping[str, Any], data_source_uuid: str) -> tuple[Customer, dict[str, str]]:
    """Check a new customer; returns it with what is wrong."""
    reader = Reader(record)
    external_id = reader.text("external_id") or ""
    if not external_id:
        reader.fail("external_id", BLANK)
    if ledger.customer_of(data_source_uuid, external_id):
        reader.fail("external_id", CUSTOMER_TAKEN)
    customer = Customer(ledger.next_number(), new_uuid("cus_"), [Part(data_source_uuid, external_id)], ledger.now())
    changes = _changes(ledger, record, reader, customer)
    if not reader.errors:
        apply(customer, changes)
    return customer, reader.errors


def update(ledger: Ledger, customer: Customer, record: Mapping[str, Any]) -> dict[str, str]:
    """Change the given fields of a customer, unless one of them is wrong; returns what is wrong."""
    reader = Reader(record)
    changes = _changes(ledger, record, reader, customer)
    if not reader.errors:
        apply(customer, changes)
    return reader.errors


def apply(customer: Customer, changes: Mapping[str, Any]) -> None:
    """Set checked values."""
    for name, value in changes.items():
        setattr(customer, name, value)


def _changes(ledger: Ledger, record: Mapping[str, Any], reader: Reader, customer: Customer) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name in _EMPTY_AS_TEXT:
        if name in record:
            changes[name] = reader.text(name) or ""
    for name in _EMPTY_AS_NULL:
        if name in record:
            changes[name] = reader.text(name) or None
    for name in ("lead_created_at", "free_trial_started_at"):
        if name in record:
            changes[name] = reader.moment(name)
            if changes[name] and changes[name] > ledger.now():
                reader.fail(name, "must be in the past")
    if record.get("status") is not None:
        changes["lead_status"] = reader.choice("status", LEAD_STATES)
    changes |= _place(record, reader, customer)
    if isinstance(record.get("attributes"), dict):
        changes |= _attributes(ledger, record["attributes"], reader, customer)
    return changes


def _place(record: Mapping[str, Any], reader: Reader, customer: Customer) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    country = customer.country
    if "country" in record:
        country = changes["country"] = (reader.text("country") or "").upper() or None
        if country and country not in geo.COUNTRIES:
            reader.fail("country", "is invalid")
    if "state" in record or "country" in record:
        state = reader.text("state") if "state" in record else customer.state
        changes["state"] = geo.state_code(country, state)
    return changes


def _attributes(ledger: Ledger, attributes: Mapping[str, Any], reader: Reader, customer: Customer) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    tags = attributes.get("tags")
    if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
        changes["tags"] = list(dict.fromkeys(tags))
    elif tags is not None:
        reader.fail("tags", "is invalid")
    custom = attributes.get("custom")
    try:
        if isinstance(custom, list):
            changes["custom"] = customer.custom | custom_attributes.typed(ledger, custom)
        elif isinstance(custom, dict):
            changes["custom"] = customer.custom | custom_attributes.untyped(ledger, custom)
    except custom_attributes.AttributeValueError as error:
        reader.fail(error.key, error.sentence)
    return changes
