"""What ChartMogul holds in a data source, taken into the journal page by page."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.imports.present import errors_of
from airflow_provider_chartmogul.imports.records import PARTS
from airflow_provider_chartmogul.reconcile.invoices import as_held, totals
from airflow_provider_chartmogul.reconcile.values import meant, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.pagination import Listing
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.journal import Journal

log = logging.getLogger(__name__)

_TABLES: Final = """
CREATE TABLE held_customers (
    external_id TEXT, uuid TEXT, mrr INTEGER, currency TEXT, parts INTEGER, PRIMARY KEY (external_id, uuid)
) WITHOUT ROWID;
CREATE TABLE held_invoices (
    uuid TEXT PRIMARY KEY, external_id TEXT, customer TEXT, customer_uuid TEXT, moment TEXT, currency TEXT,
    status TEXT, errors TEXT, amount INTEGER, payments INTEGER, paid INTEGER, refunds INTEGER, refunded INTEGER,
    body TEXT, was TEXT
);
CREATE TABLE held_parts (kind TEXT, external_id TEXT, invoice TEXT);
CREATE TABLE held_events (
    id TEXT PRIMARY KEY, external_id TEXT, customer TEXT, errors TEXT, content TEXT, body TEXT, record INTEGER
);
"""
_INDEXES: Final = """
CREATE INDEX held_customers_by_uuid ON held_customers (uuid);
CREATE INDEX held_invoices_by_name ON held_invoices (external_id);
CREATE INDEX held_invoices_by_customer ON held_invoices (customer);
CREATE INDEX held_parts_by_name ON held_parts (kind, external_id);
CREATE INDEX held_events_by_customer ON held_events (customer);
CREATE INDEX held_events_by_name ON held_events (external_id);
CREATE INDEX held_events_by_content ON held_events (content);
"""
_PROGRESS: Final = 100
CONTENT_OF_EVENTS: Final = (
    "customer_external_id",
    "subscription_external_id",
    "event_type",
    "event_date",
    "effective_date",
)
"""What tells events without a name apart."""


class Held:
    """Takes in what ChartMogul holds. Memory is a page, and the plans.

    :param client: client of the account.
    :param data_source_uuid: data source, ``ds_…``.
    :param journal: where it goes.
    """

    def __init__(self, client: ChartMogulClient, data_source_uuid: str, journal: Journal) -> None:
        self.plans: dict[str, Record] = {}
        """By external id."""
        self._client = client
        self._source = data_source_uuid
        self._journal = journal
        journal.define(_TABLES)

    def read(self, *, invoices: bool, events: bool) -> None:
        """Read plans and customers, and what else is wanted, to the end."""
        listed = self._client.plans.list(data_source_uuid=self._source)
        plans = {plan["uuid"]: plan["external_id"] for plan in map(self._noted, listed)}
        self._walk("customers", self._client.customers.list(data_source_uuid=self._source), self._customer, 5)
        if invoices:
            listing = self._client.invoices.list(data_source_uuid=self._source, validation_type="all")
            self._walk("invoices", listing, lambda invoice: [_invoice(invoice, plans)], 15)
        if events:
            listing = self._client.subscription_events.list(data_source_uuid=self._source)
            self._walk("events", listing, _event, 7)
        self._journal.define(_INDEXES)
        self._name_customers()

    def _noted(self, plan: Record) -> Record:
        if plan.get("external_id"):
            self.plans[plan["external_id"]] = plan
        return plan

    def _walk(self, kind: str, listing: Listing, rows: Callable[[Record], list[tuple[Any, ...]]], columns: int) -> None:
        # what moves to a later page while the list is read comes twice
        insert = f"INSERT OR REPLACE INTO held_{kind} VALUES ({', '.join('?' * columns)})"  # noqa: S608 - our own names
        for number, page in enumerate(listing.pages(), start=1):
            self._journal.change_each(insert, [row for record in page.records for row in rows(record)])
            if kind == "invoices":
                names = (row for invoice in page.records for row in _parts(invoice))
                self._journal.change_each("INSERT INTO held_parts VALUES (?, ?, ?)", names)
            if number % _PROGRESS == 0:
                log.info("%d pages of %s are read", number, kind)

    def _customer(self, customer: Record) -> list[tuple[Any, ...]]:
        """Return a row for each external id that a customer has in the data source."""
        names = customer.get("external_ids") or [customer.get("external_id")]
        sources = customer.get("data_source_uuids") or []
        if len(sources) == len(names):
            names = [name for name, source in zip(names, sources, strict=True) if source == self._source]
        told = (customer["uuid"], customer.get("mrr"), customer.get("currency"), max(len(names), len(sources)))
        return [(name, *told) for name in names if name]

    def _name_customers(self) -> None:
        """Find the customers of invoices that name them by uuid alone, as older answers do."""
        self._journal.change(
            """UPDATE held_invoices SET customer = ifnull(
            (SELECT r.customer FROM records r JOIN held_customers c
             ON c.uuid = held_invoices.customer_uuid AND c.external_id = r.customer
             WHERE r.kind = 'invoices' AND r.external_id = held_invoices.external_id),
            (SELECT min(c.external_id) FROM held_customers c WHERE c.uuid = held_invoices.customer_uuid))
            WHERE customer IS NULL"""
        )


def _invoice(invoice: Record, plans: Mapping[str, str]) -> tuple[Any, ...]:
    held = as_held(invoice, plans)
    sums = totals(held)
    return (
        invoice["uuid"],
        invoice.get("external_id"),
        invoice.get("customer_external_id"),
        invoice.get("customer_uuid"),
        # what was refused may be so for want of a date
        moment(invoice["date"]) if invoice.get("date") else "",
        invoice.get("currency"),
        invoice.get("status"),
        errors_of(invoice),
        sums.amount,
        sums.payments,
        sums.paid,
        sums.refunds,
        sums.refunded,
        json.dumps(held),
        json.dumps(invoice),
    )


def _parts(invoice: Record) -> Iterator[tuple[str, str, str]]:
    for kind in PARTS:
        for part in invoice.get(kind) or ():
            if part.get("external_id"):
                yield kind, part["external_id"], invoice["uuid"]


def _event(event: Record) -> list[tuple[Any, ...]]:
    customer = event.get("customer_external_id")
    return [
        (
            str(event["id"]),
            event.get("external_id") or None,
            customer,
            errors_of(event),
            content_of(event),
            json.dumps(event),
            None,
        )
    ]


def content_of(event: Mapping[str, Any]) -> str:
    """Return what an event says, without its name."""
    return json.dumps([meant_of_event(name, event.get(name)) for name in CONTENT_OF_EVENTS])


def meant_of_event(name: str, value: Any) -> Any:
    """Return the one form of what means the same in events, whose dates are told without milliseconds."""
    found = meant(name, value)
    return f"{found[:19]}Z" if found and name.endswith("_date") else found
