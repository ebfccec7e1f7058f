"""What goes into a bulk import: customers, plans, invoices with their parts, and subscription events."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.moments import as_text

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from airflow_provider_chartmogul.client.values import Record

INPUT_KINDS: Final = ("plans", "customers", "invoices", "line_items", "transactions", "subscription_events")
"""Fields are those of a bulk import (``/reference/bulk-import``), joined by external ids. Line items and transactions
stand in their invoice, or are records of their own that name it by ``invoice_external_id``."""

PARTS: Final = ("line_items", "transactions")
"""Kinds that an invoice is made of."""

_NAMES: Final = {"line_items": "line", "transactions": "transaction"}


def sendable(value: Any) -> Any:
    """Copy a record with dates as ISO 8601 text and without fields that are None."""
    if isinstance(value, Mapping):
        return {str(key): sendable(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [sendable(inner) for inner in value]
    return as_text(value) if isinstance(value, date) else value


def flat(kind: str, record: Record, equal_before: Counter[str]) -> Iterator[tuple[str, Record]]:
    """Yield the flat records that a bulk import takes of one, each with its kind.

    Parts of invoices and events without ``external_id`` get one that is made of their content: a repeated run makes it
    again, and without it the API would take them twice. Equal parts of one invoice may be meant: they are numbered.

    :param record: as :func:`sendable` makes it; is consumed.
    :param equal_before: how often each such id was given in the same import.
    """
    if kind == "invoices":
        parts = {name: record.pop(name, ()) for name in PARTS}
        yield kind, record
        for name, those in parts.items():
            yield from ((name, _part(name, part, record["external_id"], equal_before)) for part in those)
    elif kind in PARTS:
        yield kind, _part(kind, record, record.pop("invoice_external_id"), equal_before)
    else:
        if kind == "subscription_events" and not record.get("external_id"):
            record["external_id"] = event_id(record)
        yield kind, record


def event_id(event: Record) -> str:
    """Return the external id that an event without one is sent with."""
    return f"event-{digest(event)}"


def _part(kind: str, part: Record, invoice: str, equal_before: Counter[str]) -> Record:
    if not part.get("external_id"):
        derived = f"{invoice}-{_NAMES[kind]}-{digest(part)[:12]}"
        equal_before[derived] += 1
        part["external_id"] = derived if equal_before[derived] == 1 else f"{derived}-{equal_before[derived]}"
    part["invoice_external_id"] = invoice
    return part


def digest(content: Any) -> str:
    """Return 32 hexadecimal digits that equal content gives again, whatever the order of its fields."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()[:32]


def canonical(content: Any) -> str:
    """Return the one JSON text of some content."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
