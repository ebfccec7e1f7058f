"""What hangs on customers: contacts, notes and call logs, tasks, opportunities, attributes of subscription sets."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_chartmogul.emulator import dates, paging

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from airflow_provider_chartmogul.emulator.store.records import Part

Kind = Literal["contacts", "notes", "tasks", "opportunities"]

#: Data source uuid, external id of the customer in it, external id of the set: what names a subscription set.
SetKey = tuple[str, str, str]

_KEY = re.compile(r"([a-z]+_)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(slots=True)
class Entry:
    """One contact, note, task or opportunity.

    :param values: its fields under the names of the API, moments as UTC datetimes; always with ``created_at`` and
        ``updated_at``.
    """

    uuid: str
    customer_uuid: str
    values: dict[str, Any]

    @property
    def position(self) -> tuple[str, str]:
        """Place in lists and content of cursors: created time and uuid."""
        return dates.nanos(self.values["created_at"]), self.uuid


class Entries:
    """The entries of one kind, ordered by created time, which can be set and changed."""

    def __init__(self) -> None:
        self._by_uuid: dict[str, Entry] = {}
        #: Positions of the entries of each customer, and under None of all.
        self._order: defaultdict[str | None, list[tuple[str, str]]] = defaultdict(list)

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over all entries, in no order."""
        return iter(self._by_uuid.values())

    def get(self, uuid: str) -> Entry | None:
        """Look an entry up."""
        return self._by_uuid.get(uuid)

    def of(self, customer_uuid: str) -> list[Entry]:
        """Return the entries of a customer, oldest first."""
        return [self._by_uuid[uuid] for _, uuid in self._order.get(customer_uuid, ())]

    def add(self, entry: Entry) -> None:
        """Add an entry."""
        self._by_uuid[entry.uuid] = entry
        for owner in (None, entry.customer_uuid):
            insort(self._order[owner], entry.position)

    def remove(self, entry: Entry) -> None:
        """Remove an entry."""
        del self._by_uuid[entry.uuid]
        for owner in (None, entry.customer_uuid):
            order = self._order[owner]
            del order[bisect_left(order, entry.position)]

    def change(self, entry: Entry, values: dict[str, Any]) -> None:
        """Give an entry new values for some of its fields."""
        self.remove(entry)
        entry.values |= values
        self.add(entry)

    def move(self, entry: Entry, customer_uuid: str) -> None:
        """Hang an entry on another customer."""
        self.remove(entry)
        entry.customer_uuid = customer_uuid
        self.add(entry)

    def page(
        self, request: paging.PageRequest, matches: Callable[[Entry], bool], customer_uuid: str | None
    ) -> paging.Page[Entry]:
        """Cut one page, newest first.

        :param customer_uuid: None for the entries of all customers.
        """
        order = self._order.get(customer_uuid, [])
        end = len(order) if request.after is None else bisect_left(order, request.after)
        following = (self._by_uuid[order[at][1]] for at in range(end - 1, -1, -1))
        entries, has_more = paging.cut(filter(matches, following), request.per_page)
        cursor = paging.encode(entries[-1].values["created_at"], entries[-1].uuid) if entries else None
        return paging.Page(entries, cursor, has_more)


class Crm:
    """The entries of all customers.

    :ivar set_attributes: custom attributes of subscription sets, by data source, external id of the customer and that
        of the set.
    """

    def __init__(self) -> None:
        self.contacts = Entries()
        self.notes = Entries()
        self.tasks = Entries()
        self.opportunities = Entries()
        self.set_attributes: dict[SetKey, dict[str, Any]] = {}

    def forget_customer(self, customer_uuid: str) -> None:
        """Remove all that hangs on a customer."""
        for entries in (self.contacts, self.notes, self.tasks, self.opportunities):
            for entry in entries.of(customer_uuid):
                entries.remove(entry)

    def forget_part(self, customer_uuid: str, part: Part) -> None:
        """Remove what hangs on one data source customer: its contacts and subscription sets."""
        for contact in self._contacts_of(customer_uuid, part):
            self.contacts.remove(contact)
        for key in [key for key in self.set_attributes if key[:2] == (part.data_source_uuid, part.external_id)]:
            del self.set_attributes[key]

    def move_customer(self, from_uuid: str, into_uuid: str) -> None:
        """Hang all of a customer on another one."""
        self.move_entries(from_uuid, into_uuid, ("notes", "tasks", "opportunities"))
        self._move_contacts(self.contacts.of(from_uuid), into_uuid)

    def move_part(self, from_uuid: str, into_uuid: str, part: Part) -> None:
        """Let the contacts of one data source customer follow it to another customer."""
        self._move_contacts(self._contacts_of(from_uuid, part), into_uuid)

    def move_entries(self, from_uuid: str, into_uuid: str, kinds: Collection[Kind]) -> None:
        """Hang the entries of some kinds on another customer."""
        for kind in kinds:
            entries: Entries = getattr(self, kind)
            for entry in entries.of(from_uuid):
                entries.move(entry, into_uuid)

    def customers_with(self, email: str) -> set[str]:
        """Return the uuids of the customers with a contact of an e-mail, compared in lower case."""
        return {
            contact.customer_uuid
            for contact in self.contacts
            if (contact.values["email"] or "").lower() == email.lower()
        }

    def next_position(self, customer_uuid: str) -> int:
        """Return the first free position among the contacts of a customer."""
        return 1 + max((contact.values["position"] for contact in self.contacts.of(customer_uuid)), default=0)

    def _contacts_of(self, customer_uuid: str, part: Part) -> list[Entry]:
        return [
            contact
            for contact in self.contacts.of(customer_uuid)
            if contact.values["data_source_uuid"] == part.data_source_uuid
            and contact.values["customer_external_id"] == part.external_id
        ]

    def _move_contacts(self, contacts: list[Entry], into_uuid: str) -> None:
        for contact in contacts:
            contact.values["position"] = self.next_position(into_uuid)
            self.contacts.move(contact, into_uuid)


def is_key(text: str) -> bool:
    """Tell whether a text has the form of an entry's uuid."""
    return _KEY.fullmatch(text) is not None
