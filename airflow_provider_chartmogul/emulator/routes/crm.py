"""What contacts, notes, tasks and opportunities share: they hang on a customer, and five operations handle them."""

from __future__ import annotations

import operator
import random
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import dates, errors, paging
from airflow_provider_chartmogul.emulator.http import Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.store import custom_attributes
from airflow_provider_chartmogul.emulator.store.crm import Crm, Entries, Entry, is_key
from airflow_provider_chartmogul.emulator.store.crm_fields import day

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_chartmogul.emulator.store.crm_fields import Field
    from airflow_provider_chartmogul.emulator.store.ledger import Ledger
    from airflow_provider_chartmogul.emulator.store.records import Customer

    #: Reads a query parameter and returns what tells the entries that it asks for; ValueError if it cannot be read.
    Filter = Callable[[str], Callable[[Entry], bool]]


class Resource:
    """One kind of record that hangs on customers, with its list, create, retrieve, update and delete.

    :param name: ``contact``, ``note``, ``task`` or ``opportunity``: in sentences, and in the name of the id in paths.
    :param path: of the list.
    :param entries: where they are stored.
    :param fields: all that can be sent, in the order of answers.
    :param filters: query parameters of the list besides ``customer_uuid``.
    :param prefix: of the ids.
    """

    def __init__(
        self,
        name: str,
        path: str,
        entries: Callable[[Crm], Entries],
        fields: Mapping[str, Field],
        filters: Mapping[str, Filter],
        prefix: str = "",
    ) -> None:
        self.name = name
        self.path = path
        self.entries = entries
        self.fields = fields
        self.filters = filters
        self.prefix = prefix

    def operations(self) -> tuple[Operation, ...]:
        """Return the five operations."""
        one = f"{self.path}/{{{self.name}_uuid}}"
        return (
            Operation("GET", self.path, self.list_all),
            Operation("POST", self.path, self.create),
            Operation("GET", one, self.retrieve),
            Operation("PATCH", one, self.update),
            Operation("DELETE", one, self.delete),
        )

    # Operations

    def list_all(self, call: Call) -> Answer:
        """``GET``: those of all customers or of one, newest first."""
        return self.page(call, call.query.get("customer_uuid"))

    def create(self, call: Call) -> Answer:
        """``POST``: hangs a new one on the customer that the body names."""
        body = call.json()
        customer_uuid = body.get("customer_uuid")
        if customer_uuid is None:
            raise errors.missing("customer_uuid")
        if not isinstance(customer_uuid, str):
            raise errors.coded(400, "customer_uuid must be a string", "customer_uuid")
        return self.create_for(call, customer_uuid, body)

    def retrieve(self, call: Call) -> Answer:
        """``GET`` of one."""
        return answer(self.show(self.named(call)))

    def update(self, call: Call) -> Answer:
        """``PATCH``: only the given fields change."""
        entry = self.named(call)
        changes = self.read(call, call.json(), {name: field for name, field in self.fields.items() if not field.fixed})
        self.change(call.ledger, entry, changes)
        return answer(self.show(entry))

    def delete(self, call: Call) -> Answer:
        """``DELETE``: 200 with an empty object."""
        self.entries(call.ledger.crm).remove(self.named(call))
        return answer({})

    # Their parts

    def named(self, call: Call, parameter: str | None = None) -> Entry:
        """Return the entry that the path names.

        :raises ApiError: 404 for an unknown or malformed id.
        """
        entry = self.entries(call.ledger.crm).get(call.path[parameter or f"{self.name}_uuid"])
        if entry is None:
            raise errors.coded(404, f"{self.name.capitalize()} not found", "uuid")
        return entry

    def page(self, call: Call, customer_uuid: str | None) -> Answer:
        """Answer with a page of the entries of one customer, or of all, that the query asks for.

        :raises ApiError: 400 for a page size, cursor or filter that cannot be read.
        """
        request = paging.read(call.query, is_key)
        asked = [_asked(name, read, call) for name, read in self.filters.items() if name in call.query]
        page = self.entries(call.ledger.crm).page(
            request, lambda entry: all(matches(entry) for matches in asked), customer_uuid
        )
        entries = [self.show(entry) for entry in page.records]
        return answer({"entries": entries, "cursor": page.cursor, "has_more": page.has_more})

    def create_for(self, call: Call, customer_uuid: str, body: Mapping[str, Any]) -> Answer:
        """Store what the body describes, and answer with 201.

        :raises ApiError: 400, 404 or 422 as the reference has it; nothing is stored then.
        """
        for name, field in self.fields.items():
            if field.required and body.get(name) is None:
                raise errors.missing(name)
        given = self.read(call, body, self.fields)
        return answer(self.show(self.store(call.ledger, customer_of(call, customer_uuid), given)), 201)

    def store(self, ledger: Ledger, customer: Customer, given: Mapping[str, Any]) -> Entry:
        """Store a new entry of a customer.

        :param given: checked values; the other fields get their defaults.
        """
        now = ledger.now()
        times = {"created_at": now, "updated_at": now}
        values = {name: field.default for name, field in self.fields.items()} | times | dict(given)
        entry = Entry(_new_uuid(self.prefix, ledger.next_number()), customer.uuid, values)
        self.complete(ledger, customer, entry)
        self.entries(ledger.crm).add(entry)
        return entry

    def change(self, ledger: Ledger, entry: Entry, changes: Mapping[str, Any]) -> None:
        """Give an entry checked values; custom attributes that are not among them stay."""
        merged = {"updated_at": ledger.now(), **changes}
        if "custom" in changes:
            merged["custom"] = entry.values["custom"] | changes["custom"]
        self.entries(ledger.crm).change(entry, merged)

    def read(self, call: Call, body: Mapping[str, Any], fields: Mapping[str, Field]) -> dict[str, Any]:
        """Check the fields that were sent.

        :raises ApiError: 400 for the first of a wrong type, 422 with all that are refused.
        """
        values: dict[str, Any] = {}
        refused: dict[str, str] = {}
        for name, field in fields.items():
            if name not in body:
                continue
            try:
                values[name] = field.check(body[name])
                if name == "custom":
                    values[name] = _defined(call.ledger, values[name])
            except TypeError as error:
                raise errors.coded(400, f"{name} {error}", name) from error
            except ValueError as error:
                refused[name] = str(error)
        if refused:
            raise errors.fields(refused)
        return values

    # What kinds may do in their own way

    def complete(self, ledger: Ledger, customer: Customer, entry: Entry) -> None:
        """Fill in what follows from the customer.

        :raises ApiError: 422 when the values do not fit the customer.
        """

    def show(self, entry: Entry) -> dict[str, Any]:
        """Return the body of an entry."""
        shown = {"uuid": entry.uuid, "customer_uuid": entry.customer_uuid, **entry.values}
        return {name: dates.millis(value) if isinstance(value, datetime) else value for name, value in shown.items()}


def customer_of(call: Call, uuid: str) -> Customer:
    """Return a customer.

    :raises ApiError: 404 for an unknown or malformed id.
    """
    customer = call.ledger.customers.get(uuid)
    if customer is None:
        raise errors.not_found("customer")
    return customer


def equal(name: str) -> Filter:
    """Ask for one value of a field."""
    return lambda wanted: lambda entry: entry.values[name] == wanted


def on_or_after(name: str) -> Filter:
    """Ask for dates from one on, inclusive."""
    return _compared(name, operator.ge)


def on_or_before(name: str) -> Filter:
    """Ask for dates up to one, inclusive."""
    return _compared(name, operator.le)


def _compared(name: str, holds: Callable[[str, str], bool]) -> Filter:
    def read(wanted: str) -> Callable[[Entry], bool]:
        bound = day(wanted)
        return lambda entry: holds(_day_of(entry.values[name]), bound)

    return read


def _day_of(value: datetime | str) -> str:
    return value if isinstance(value, str) else value.date().isoformat()


def _asked(name: str, read: Filter, call: Call) -> Callable[[Entry], bool]:
    try:
        return read(call.query[name])
    except ValueError as error:
        raise errors.invalid(name) from error


def _defined(ledger: Ledger, custom: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the keys that the account has defined; the others are dropped silently, as recorded."""
    return custom_attributes.untyped(
        ledger, {key: value for key, value in custom.items() if key in ledger.attribute_types}
    )


def _new_uuid(prefix: str, number: int) -> str:
    """Return a uuid that begins with a number: entries of one moment are in the order in which they came."""
    return f"{prefix}{uuid.UUID(int=number << 96 | random.getrandbits(96), version=4)}"
