"""Ask what the data source has of the records that are to be sent."""

from __future__ import annotations

import contextlib
import functools
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_chartmogul.client.errors import short
from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.imports.records import PARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.pagination import Listing, Page
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.journal import Journal

    Row = tuple[str | None, str, str | None, str | None, str | None]
    """External id, uuid, as JSON errors and external ids of parts, and whose it is: uuid, or an event's external id."""

    RowsOf = Callable[[Record], list[Row]]

T = TypeVar("T")


class Present:
    """What the data source has, as far as it was asked. Goes into the table ``there`` of the journal.

    A list is read as a whole, once, unless that takes more requests than to ask for each record.

    :param client: client of the account.
    :param data_source_uuid: data source, ``ds_…``.
    :param journal: the records, and where the answers go.
    """

    def __init__(self, client: ChartMogulClient, data_source_uuid: str, journal: Journal) -> None:
        self._client = client
        self._source = data_source_uuid
        self._journal = journal
        self._walks: dict[str, _Walk] = {}

    def read_plans(self) -> dict[str, Record]:
        """Read all plans of the data source, and return them by external id."""
        plans = {plan["external_id"]: plan for plan in self._client.plans.list(data_source_uuid=self._source)}
        self._note("plans", [(name, plan["uuid"], None, None, None) for name, plan in plans.items()])
        return plans

    def find_customers(self, names: Sequence[str], total: int, *, again: bool = False) -> None:
        """Find customers by external id.

        :param total: how many may be asked for in the whole import.
        :param again: also if they were asked for before.
        """
        if again:
            self._walks.pop("customers", None)
        unclear: list[str] = []

        def rows(customer: Record) -> list[Row]:
            if len(customer.get("external_ids") or ()) <= 1:
                return [(customer.get("external_id"), customer["uuid"], None, None, None)]
            # one that was merged does not tell of which data source each of its ids is
            unclear.extend(name for name in customer["external_ids"] if self._is_meant(name))
            return []

        listing = self._client.customers.list(data_source_uuid=self._source)
        walked = self._walk("customers", listing, rows, lambda: total)
        left = [] if walked else [name for name in names if again or self._uuid("customers", name) is None]
        found = self._ask_each(self._one_customer, [*dict.fromkeys([*unclear, *left])])
        self._note("customers", [row for those in found for row in those])

    def find_belongings(self, customers: Sequence[str], *, again: bool = False) -> None:
        """Find invoices and subscription events of customers that were found before.

        :param customers: their external ids.
        :param again: also if they were asked for before.
        """
        lists: tuple[
            tuple[str, Listing, Callable[[Record], list[Row]], Callable[[tuple[str, str]], list[Row]]], ...
        ] = (
            (
                "invoices",
                self._client.invoices.list(data_source_uuid=self._source, validation_type="all"),
                _invoice,
                self._invoices_of,
            ),
            (
                "subscription_events",
                self._client.subscription_events.list(data_source_uuid=self._source),
                _event,
                self._events_of,
            ),
        )
        for kind, listing, row, of_one in lists:
            wanted = [pair for name in customers for pair in self._with(kind, name)]
            if again:
                self._walks.pop(kind, None)
            most = functools.partial(len, wanted) if again else functools.partial(self._number_with, kind)
            if not wanted or self._walk(kind, listing, row, most):
                continue
            for rows in self._ask_each(of_one, wanted):
                self._note(kind, rows)

    def find_invoices(self, names: Sequence[str]) -> None:
        """Find invoices by external id, whosever they are."""
        for rows in self._ask_each(self._one_invoice, names):
            self._note("invoices", rows)

    def make_way(self, invoices: Mapping[str, str], replaced: Collection[str]) -> list[str]:
        """Delete invoices, several at a time, and keep what they were; return those that stay.

        Refused ones are looked at once more, since by now somebody may have made good ones of them.

        :param invoices: external ids and uuids.
        :param replaced: external ids of those that are deleted though they are good.
        """
        held = dict(zip(invoices, self._ask_each(self._whole_invoice, list(invoices.values())), strict=True))
        going = {
            name: body for name, body in held.items() if body is not None and (name in replaced or errors_of(body))
        }
        # before they are gone
        self._journal.change_each(
            "INSERT OR REPLACE INTO gave_way VALUES (?, ?)", ((name, json.dumps(body)) for name, body in going.items())
        )
        self._ask_each(self._delete_invoice, [invoices[name] for name in going])
        self._journal.change_each(
            "DELETE FROM there WHERE kind = 'invoices' AND external_id = ?",
            ((name,) for name, body in held.items() if name in going or body is None),
        )
        return [name for name, body in held.items() if body is not None and name not in going]

    def _whole_invoice(self, uuid: str) -> Record | None:
        try:
            return self._client.invoices.retrieve(uuid, validation_type="all")
        except ChartMogulNotFoundError:
            # it is gone, by the hand of others
            return None

    def _delete_invoice(self, uuid: str) -> None:
        with contextlib.suppress(ChartMogulNotFoundError):
            self._client.invoices.delete(uuid)

    def _walk(self, kind: str, listing: Listing, rows: RowsOf, most: Callable[[], int]) -> bool:
        """Read a list, or go on with it, and tell whether to its end.

        :param most: most pages of it, as many as there are records to ask for instead.
        """
        walk = self._walks.setdefault(kind, _Walk(listing.pages()))
        if walk.has_more:
            limit = most()
            while walk.has_more and walk.read < limit:
                page = next(walk.pages)
                walk.read, walk.has_more = walk.read + 1, page.has_more
                self._note(kind, [one for record in page.records for one in rows(record)])
        return not walk.has_more

    def _is_meant(self, customer: str) -> bool:
        return self._journal.one("SELECT 1 FROM records WHERE customer = ?", (customer,)) is not None

    def _uuid(self, kind: str, name: str) -> str | None:
        found: str | None = self._journal.one("SELECT uuid FROM there WHERE kind = ? AND external_id = ?", (kind, name))
        return found

    def _with(self, kind: str, customer: str) -> list[tuple[str, str]]:
        """Return external id and uuid of a customer, if it was found and there are records of this kind about it."""
        return list(
            self._journal.ask(
                """SELECT external_id, uuid FROM there WHERE kind = 'customers' AND external_id = ?
                AND EXISTS (SELECT 1 FROM records WHERE customer = ? AND kind = ?)""",
                (customer, customer, kind),
            )
        )

    def _number_with(self, kind: str) -> int:
        """Return of how many customers that were found there are records of this kind."""
        return int(
            self._journal.one(
                """SELECT count(*) FROM there t WHERE t.kind = 'customers'
                AND EXISTS (SELECT 1 FROM records r WHERE r.customer = t.external_id AND r.kind = ?)""",
                (kind,),
            )
        )

    def _ask_each(self, ask: Callable[[Any], T], names: Sequence[Any]) -> Iterable[T]:
        """Ask for several at a time, and return the answers in the order of the names."""
        if not names:
            return ()
        with ThreadPoolExecutor(self._client.max_connections, thread_name_prefix="chartmogul-look") as threads:
            return list(threads.map(ask, names))

    def _one_customer(self, name: str) -> list[Row]:
        found = self._client.customers.list(data_source_uuid=self._source, external_id=name).first()
        return [] if found is None else [(name, found["uuid"], None, None, None)]

    def _invoices_of(self, customer: tuple[str, str]) -> list[Row]:
        uuid = customer[1]
        listed = self._client.invoices.list(data_source_uuid=self._source, customer_uuid=uuid, validation_type="all")
        return [row for invoice in listed for row in _invoice(invoice)]

    def _one_invoice(self, name: str) -> list[Row]:
        listed = self._client.invoices.list(data_source_uuid=self._source, external_id=name, validation_type="all")
        return [row for invoice in listed for row in _invoice(invoice)]

    def _events_of(self, customer: tuple[str, str]) -> list[Row]:
        listed = self._client.subscription_events.list(data_source_uuid=self._source, customer_external_id=customer[0])
        return [row for event in listed for row in _event(event)]

    def _note(self, kind: str, rows: Iterable[Row]) -> None:
        self._journal.change_each(
            # a good record counts, also if there is a refused one of the same name
            """INSERT INTO there VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (kind, external_id) DO UPDATE SET
            uuid = excluded.uuid, errors = excluded.errors, parts = excluded.parts, owner = excluded.owner
            WHERE excluded.errors IS NULL OR there.errors IS NOT NULL""",
            ((kind, *row) for row in rows if row[0] is not None),
        )


@dataclass(slots=True)
class _Walk:
    """A list that is being read."""

    pages: Iterator[Page]
    read: int = 0
    has_more: bool = True


def _invoice(invoice: Record) -> list[Row]:
    parts = {kind: [part.get("external_id") for part in invoice.get(kind) or ()] for kind in PARTS}
    owner = invoice.get("customer_uuid")
    return [(invoice.get("external_id"), invoice["uuid"], errors_of(invoice), json.dumps(parts), owner)]


def _event(event: Record) -> list[Row]:
    return [(event.get("external_id"), str(event["id"]), errors_of(event), None, event.get("customer_external_id"))]


def errors_of(record: Mapping[str, Any]) -> str | None:
    """Return field to sentence as JSON; the API writes lists of sentences, or one."""
    errors = record.get("errors") or {}
    if not isinstance(errors, dict):
        errors = {"": errors}
    told = {
        str(field): short(" ".join(map(str, said)) if isinstance(said, list) else str(said))
        for field, said in errors.items()
    }
    return json.dumps(told, sort_keys=True) if told else None
