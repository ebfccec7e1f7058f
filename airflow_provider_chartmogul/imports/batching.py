"""Group billing records by customer and cut them into requests of bounded size."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.imports.validation import Source
from airflow_provider_chartmogul.moments import as_text, as_utc

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.records import BillingRecords

MAX_BYTES: Final = 5_000_000
"""The API takes 5 MB; the smaller reading of a megabyte is safe."""

MAX_CUSTOMERS: Final = 500
"""The API advises 100 to 1000 customers per request."""

ENVELOPE: Final = 256
"""Bytes for what surrounds the records: the import's external_id and the names of the arrays."""


@dataclass(frozen=True, slots=True)
class Part:
    """One record as the API takes it, with where it came from."""

    kind: str
    external_id: str
    customer: str | None
    source: Source
    body: Record


@dataclass(slots=True)
class CustomerGroup:
    """Everything that is sent about one customer; it must travel in one request."""

    customer: str
    parts: list[Part] = field(default_factory=list)
    size: int = 0

    def add(self, part: Part) -> None:
        """Take up one record."""
        self.parts.append(part)
        self.size += json_size(part.body)

    def fits(self, max_bytes: int) -> bool:
        """Tell whether one request can hold this customer."""
        return self.size + ENVELOPE <= max_bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """One bulk import request.

    :param parts: its records, in the order they are sent.
    """

    parts: tuple[Part, ...]

    def body(self) -> dict[str, list[Record]]:
        """Return the arrays of the request, by kind."""
        body: dict[str, list[Record]] = {}
        for part in self.parts:
            body.setdefault(part.kind, []).append(part.body)
        return body

    def import_id(self, attempt: int = 1) -> str:
        """Return the ``external_id`` of the import: derived from the content alone, so that a re-run finds it.

        :param attempt: 1, or higher where an earlier import of the same content left records out.
        """
        content = json.dumps(self.body(), sort_keys=True, separators=(",", ":")).encode()
        name = f"airflow-{hashlib.sha256(content).hexdigest()[:32]}"
        return name if attempt == 1 else f"{name}-{attempt}"


def json_size(value: Any) -> int:
    """Return the bytes that a record takes at most inside a request, its separator included."""
    return len(json.dumps(value)) + 2


def plan_parts(records: BillingRecords, rejected: set[Source]) -> list[Part]:
    """Return the good plans, by external id."""
    good = _good(records, "plans", rejected)
    parts = [Part("plans", plan["external_id"], None, source, sendable(plan)) for source, plan in good]
    return sorted(parts, key=lambda part: part.external_id)


def customer_groups(records: BillingRecords, rejected: set[Source]) -> list[CustomerGroup]:
    """Gather the good records by customer, in an order that does not depend on the order of the input.

    Customers are ordered by external id, invoices by date (the API wants the oldest first), events by effective date.
    Line items, transactions and events without ``external_id`` get one that a re-run derives again: without it the API
    would take them twice.
    """
    groups: dict[str, CustomerGroup] = {}

    def add(customer: str, kind: str, external_id: str, source: Source, body: Record) -> None:
        groups.setdefault(customer, CustomerGroup(customer)).add(Part(kind, external_id, customer, source, body))

    for source, record in _good(records, "customers", rejected):
        add(record["external_id"], "customers", record["external_id"], source, sendable(record))
    for source, record in _in_order(records, "invoices", "date", rejected):
        for kind, body in _flat_invoice(sendable(record)):
            add(record["customer_external_id"], kind, body["external_id"], source, body)
    for source, record in _in_order(records, "subscription_events", "effective_date", rejected):
        body = sendable(record)
        body.setdefault("external_id", _event_id(body))
        add(record["customer_external_id"], "subscription_events", body["external_id"], source, body)
    return sorted(groups.values(), key=lambda group: group.customer)


def batches(
    groups: Iterable[CustomerGroup], *, max_customers: int = MAX_CUSTOMERS, max_bytes: int = MAX_BYTES
) -> Iterator[Batch]:
    """Pack customers into requests, in their order.

    :param groups: see :func:`customer_groups`; each must be able to fit (:meth:`CustomerGroup.fits`).
    :param max_customers: most customers in one request.
    :param max_bytes: most bytes of JSON in one request.
    """
    chosen: list[Part] = []
    customers, size = 0, ENVELOPE
    for group in groups:
        full = customers == max_customers or size + group.size > max_bytes
        if full and chosen:
            yield Batch(tuple(chosen))
            chosen, customers, size = [], 0, ENVELOPE
        chosen += group.parts
        customers += 1
        size += group.size
    if chosen:
        yield Batch(tuple(chosen))


def sendable(value: Any) -> Any:
    """Copy a record with dates as ISO 8601 text and without fields that are None."""
    if isinstance(value, Mapping):
        return {str(key): sendable(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [sendable(inner) for inner in value]
    return as_text(value) if isinstance(value, date) else value


def _good(records: BillingRecords, kind: str, rejected: set[Source]) -> Iterator[tuple[Source, Record]]:
    for position, record in enumerate(records.of(kind), start=1):
        source = Source(kind, position)
        if source not in rejected:
            yield source, record


def _in_order(records: BillingRecords, kind: str, moment: str, rejected: set[Source]) -> list[tuple[Source, Record]]:
    def key(entry: tuple[Source, Record]) -> tuple[datetime, str]:
        record = entry[1]
        return as_utc(record[moment]), record.get("external_id") or _canonical(sendable(record))

    return sorted(_good(records, kind, rejected), key=key)


def _flat_invoice(invoice: Record) -> Iterator[tuple[str, Record]]:
    nested = {kind: invoice.pop(kind, []) for kind in ("line_items", "transactions")}
    yield "invoices", invoice
    for kind, suffix in (("line_items", "line"), ("transactions", "transaction")):
        for number, part in enumerate(nested[kind], start=1):
            part.setdefault("external_id", f"{invoice['external_id']}-{suffix}-{number}")
            yield kind, {**part, "invoice_external_id": invoice["external_id"]}


def _event_id(event: Record) -> str:
    return f"event-{hashlib.sha256(_canonical(event).encode()).hexdigest()[:32]}"


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
