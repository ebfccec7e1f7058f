"""Contacts: the people at a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import errors
from airflow_provider_chartmogul.emulator.http import Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.routes.crm import Resource, customer_of, equal
from airflow_provider_chartmogul.emulator.store.crm_fields import (
    Field,
    integer,
    key_values,
    moment,
    nullable,
    optional,
    text,
)

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.store.crm import Entry
    from airflow_provider_chartmogul.emulator.store.ledger import Ledger
    from airflow_provider_chartmogul.emulator.store.records import Customer

_HIDDEN = ("created_at", "updated_at")


class _Contacts(Resource):
    def operations(self) -> tuple[Operation, ...]:
        """Return the operations, also those below a customer, and the merge."""
        return (
            *super().operations(),
            Operation("GET", "/customers/{customer_uuid}/contacts", self.list_of_customer),
            Operation("POST", "/customers/{customer_uuid}/contacts", self.create_of_customer),
            Operation("POST", "/contacts/{into_contact_uuid}/merge/{from_contact_uuid}", self.merge),
        )

    def list_of_customer(self, call: Call) -> Answer:
        """``GET /customers/{uuid}/contacts``."""
        return self.page(call, customer_of(call, call.path["customer_uuid"]).uuid)

    def create_of_customer(self, call: Call) -> Answer:
        """``POST /customers/{uuid}/contacts``."""
        return self.create_for(call, call.path["customer_uuid"], call.json())

    def merge(self, call: Call) -> Answer:
        """``POST /contacts/{into}/merge/{from}``: the first is completed from the second, which goes."""
        into, source = self.named(call, "into_contact_uuid"), self.named(call, "from_contact_uuid")
        if into is source:
            raise errors.fields({"base": "A contact cannot be merged with itself"})
        if into.customer_uuid != source.customer_uuid:
            raise errors.fields({"base": "Contacts belong to different customers"})
        self.change(call.ledger, into, _folded(into, source))
        self.entries(call.ledger.crm).remove(source)
        return answer(self.show(into) | {"customer_uuid": None})

    def read_primary(self, call: Call) -> dict[str, Any]:
        """Read the ``primary_contact`` in the body of a customer; empty if there is none.

        :raises ApiError: 400 or 422 for what cannot be a contact.
        """
        given = call.json().get("primary_contact")
        if given is None:
            return {}
        if not isinstance(given, dict):
            raise errors.coded(400, "primary_contact must be an object", "primary_contact")
        return self.read(call, given, {name: self.fields[name] for name in _OF_PRIMARY})

    def put_primary(self, ledger: Ledger, customer: Customer, given: dict[str, Any]) -> None:
        """Make or change the contact that stands first in the profile of a customer."""
        contacts = self.entries(ledger.crm).of(customer.uuid)
        if given and contacts:
            self.change(ledger, min(contacts, key=lambda contact: contact.values["position"]), given)
        elif given:
            self.store(ledger, customer, {"data_source_uuid": customer.data_source_uuid, **given})

    def complete(self, ledger: Ledger, customer: Customer, entry: Entry) -> None:
        """Find the data source customer, and the place in the customer's profile."""
        values = entry.values
        part = next((part for part in customer.parts if part.data_source_uuid == values["data_source_uuid"]), None)
        if part is None:
            raise errors.fields({"data_source_uuid": "is invalid"})
        values["customer_external_id"] = part.external_id
        if values["position"] is None:
            values["position"] = ledger.crm.next_position(customer.uuid)

    def show(self, entry: Entry) -> dict[str, Any]:
        """Return the body of a contact, which shows no times."""
        return {name: value for name, value in super().show(entry).items() if name not in _HIDDEN}


def _folded(into: Entry, source: Entry) -> dict[str, Any]:
    """Return what a contact takes over: values for its empty fields, and the notes of both."""
    taken = {name: source.values[name] for name in _FIELDS if into.values[name] is None}
    notes = [entry.values["notes"] for entry in (into, source) if entry.values["notes"]]
    return taken | {
        "notes": " ".join(notes) or None,
        "custom": source.values["custom"] | into.values["custom"],
    }


#: What can be said of the main contact of a customer in the body of the customer.
_OF_PRIMARY = ("first_name", "last_name", "email", "title", "phone", "linked_in", "twitter", "notes", "external_id")
_FIELDS = {
    "data_source_uuid": Field(text, required=True, fixed=True),
    "external_id": Field(optional),
    "last_seen": Field(nullable(moment)),
    "position": Field(integer()),
    "first_name": Field(optional),
    "last_name": Field(optional),
    "title": Field(optional),
    "email": Field(optional),
    "phone": Field(optional),
    "linked_in": Field(optional),
    "twitter": Field(optional),
    "notes": Field(optional),
    "custom": Field(key_values, {}),
}
CONTACTS = _Contacts(
    "contact",
    "/contacts",
    lambda crm: crm.contacts,
    fields=_FIELDS,
    filters={name: equal(name) for name in ("email", "customer_external_id", "data_source_uuid")},
    prefix="con_",
)
OPERATIONS = CONTACTS.operations()
