"""Ten thousand billing records, of which a hundred cannot be imported, for as many reasons as there are."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final

from tests.backfill.holdings import KINDS, Records

if TYPE_CHECKING:
    from pathlib import Path

Record = dict[str, Any]
Spoil = Callable[[Record], Any]

TOTAL: Final = {
    "plans": 10,
    "customers": 4_000,
    "invoices": 4_800,
    "line_items": 100,
    "transactions": 90,
    "subscription_events": 1_000,
}
BAD: Final = 100
FIRST_BAD: Final = {"customers": 3_000, "invoices": 1_000}
"""Nothing hangs on the records of these kinds from here on, so that each fault is one of one record."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a record can be bad.

    :param name: for people.
    :param kind: of the record.
    :param field: the field that is named.
    :param message: part of what is said.
    :param spoil: changes a good record, or returns what stands in its line.
    :param can_be_mended: whether there is a good record in its place.
    """

    name: str
    kind: str
    field: str
    message: str
    spoil: Spoil
    can_be_mended: bool = True


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be imported, and what is to be said of it."""

    fault: Fault
    position: int
    text: bytes
    mended: Record


@dataclass(slots=True)
class Input:
    """Files, and what is in them.

    :param good: the records that can be imported.
    :param bad: the lines that cannot, by place.
    :param places: kind and place of each line.
    """

    good: Records = field(default_factory=lambda: {kind: [] for kind in KINDS})
    bad: dict[str, BadLine] = field(default_factory=dict)
    places: list[tuple[str, str]] = field(default_factory=list)


def given(**fields: Any) -> Spoil:
    """Return what puts other values into a record."""
    return lambda record: record.update(fields)


def without(name: str) -> Spoil:
    """Return what takes a field away."""

    def spoil(record: Record) -> None:
        del record[name]

    return spoil


def item(**fields: Any) -> Spoil:
    """Return what puts other values into the line item of an invoice; None takes a field away."""

    def spoil(record: Record) -> None:
        changed = {**record["line_items"][0], **fields}
        record["line_items"] = [{name: value for name, value in changed.items() if value is not None}]

    return spoil


def payment(**fields: Any) -> Spoil:
    """Return what puts other values into the payment of an invoice."""
    return lambda record: record["transactions"][0].update(fields)


def line(change: Callable[[bytes], bytes]) -> Spoil:
    """Return what makes a line that is not JSON."""
    return lambda record: change(json.dumps(record).encode())


ITEM, PAYMENT = "line_items[0].", "transactions[0]."
HUGE = Fault("a customer of 6 MB", "customers", "", "takes more than the", given(name="x" * 6_000_000))
FAULTS: Final = (
    Fault("no id of a customer", "customers", "external_id", "is missing", without("external_id")),
    Fault("a number as name", "customers", "name", "must be text", given(name=12)),
    Fault("a customer twice", "customers", "external_id", "is used before", given(external_id="c-0000")),
    Fault("a null byte in a text", "customers", "name", "must not hold a null byte", given(name="a\0b")),
    Fault(
        "a null byte in a line", "customers", "", "NUL byte", line(lambda text: text.replace(b'"name"', b'"na\0me"'))
    ),
    Fault("not UTF-8", "customers", "", "is not UTF-8", line(lambda text: text.replace(b"Inc", b"Ltd\xe9"))),
    Fault("a line cut short", "customers", "", "is not JSON", line(lambda text: text[:-7])),
    Fault("an array", "customers", "", "is no JSON object", line(lambda text: b"[" + text + b"]")),
    Fault("a key twice", "customers", "", "same key", line(lambda text: text[:-1] + b', "name": "other"}')),
    Fault(
        "another form of dates", "customers", "lead_created_at", "must be a date", given(lead_created_at="03/24/2025")
    ),
    Fault("a lead of the future", "customers", "lead_created_at", "in the future", given(lead_created_at="2999-01-01")),
    Fault("an unknown status", "customers", "status", "must be one of", given(status="Great Lead")),
    Fault("no id of an invoice", "invoices", "external_id", "is missing", without("external_id")),
    Fault(
        "an unknown customer", "invoices", "customer_external_id", "names a customer", given(customer_external_id="?")
    ),
    Fault("a bad currency", "invoices", "currency", "ISO 4217", given(currency="US dollar")),
    Fault("an invoice of the future", "invoices", "date", "in the future", given(date="2999-01-01")),
    Fault("no date", "invoices", "date", "is missing", without("date")),
    Fault("no line item", "invoices", "line_items", "at least one line item", given(line_items=[])),
    Fault(
        "an amount as text", "invoices", f"{ITEM}amount_in_cents", "must be an integer", item(amount_in_cents="5000")
    ),
    Fault("parts of a cent", "invoices", f"{ITEM}amount_in_cents", "must be an integer", item(amount_in_cents=50.5)),
    Fault("no number", "invoices", "", "NaN", line(lambda text: text.replace(b"5000", b"NaN"))),
    Fault("an unknown plan", "invoices", f"{ITEM}plan_external_id", "names plan", item(plan_external_id="gold")),
    Fault(
        "an end before the start",
        "invoices",
        f"{ITEM}service_period_end",
        "must be after",
        item(service_period_end="2024-12-01"),
    ),
    Fault(
        "a part of a period without its end",
        "invoices",
        f"{ITEM}service_period_end",
        "is missing",
        item(prorated=True, service_period_end=None),
    ),
    Fault(
        "a form of proration without proration",
        "invoices",
        f"{ITEM}proration_type",
        "needs prorated",
        item(proration_type="full"),
    ),
    Fault("an unknown sort of item", "invoices", f"{ITEM}type", "must be one of", item(type="recurring")),
    Fault("an item twice", "invoices", f"{ITEM}external_id", "is used before", item(external_id="inv-0000-item")),
    Fault("an invoice twice", "invoices", "external_id", "is used before", given(external_id="inv-0000")),
    Fault("more paid than billed", "invoices", "transactions", "more than the line", payment(amount_in_cents=5_001)),
    Fault("a negative payment", "invoices", f"{PAYMENT}amount_in_cents", "negative", payment(amount_in_cents=-1)),
    Fault(
        "no result of a payment",
        "invoices",
        f"{PAYMENT}result",
        "is missing",
        lambda one: one["transactions"][0].pop("result"),
    ),
    Fault("an orphan", "line_items", "invoice_external_id", "names an invoice", given(invoice_external_id="?"), False),
    Fault(
        "an orphan", "transactions", "invoice_external_id", "names an invoice", given(invoice_external_id="?"), False
    ),
    Fault("no day of effect", "subscription_events", "effective_date", "is missing", without("effective_date")),
    Fault("an unknown sort of event", "subscription_events", "event_type", "must be", given(event_type="subscription")),
    Fault(
        "an event without its price",
        "subscription_events",
        "plan_external_id",
        "is missing",
        given(event_type="subscription_updated", currency="USD", amount_in_cents=5_000),
    ),
    Fault(
        "an event of an unknown customer",
        "subscription_events",
        "customer_external_id",
        "names a customer",
        given(customer_external_id="?"),
    ),
)


def good(kind: str, number: int) -> Record:
    """Return one of the records that can be imported."""
    return _GOOD[kind](number)


def _plan(number: int) -> Record:
    return {"external_id": f"plan-{number}", "name": f"Plan {number}", "interval_count": 1, "interval_unit": "month"}


def _customer(number: int) -> Record:
    return {"external_id": f"c-{number:04}", "name": f"Inc {number}", "lead_created_at": "2025-01-01"}


def _item(number: int, name: str, **fields: Any) -> Record:
    return {
        "external_id": name,
        "type": "subscription",
        "subscription_external_id": f"sub-{number}",
        "plan_external_id": f"plan-{number % 10}",
        "service_period_start": "2025-01-01",
        "service_period_end": "2025-02-01",
        "amount_in_cents": 5_000,
        **fields,
    }


def _payment(name: str, **fields: Any) -> Record:
    return {"external_id": name, "type": "payment", "result": "successful", "date": "2025-01-02", **fields}


def _invoice(number: int) -> Record:
    name = f"inv-{number:04}"
    return {
        "external_id": name,
        "customer_external_id": f"c-{number % 3_000:04}",
        "date": "2025-01-01",
        "currency": "USD",
        "line_items": [_item(number, f"{name}-item")],
        "transactions": [_payment(f"{name}-payment", amount_in_cents=2_000)],
    }


def _event(number: int) -> Record:
    return {
        "external_id": f"event-{number}",
        "customer_external_id": f"c-{number:04}",
        "subscription_external_id": f"sub-{number}",
        "event_type": "subscription_cancelled",
        "event_date": "2025-01-20",
        "effective_date": "2025-02-01",
    }


_GOOD: Final[dict[str, Callable[[int], Record]]] = {
    "plans": _plan,
    "customers": _customer,
    "invoices": _invoice,
    "line_items": lambda number: _item(number, f"item-{number}", invoice_external_id=f"inv-{number:04}"),
    "transactions": lambda number: _payment(
        f"payment-{number}", amount_in_cents=100, invoice_external_id=f"inv-{number:04}"
    ),
    "subscription_events": _event,
}


def write_input(folder: Path) -> Input:
    """Write all records, in several files where there are many of a kind, with an empty one among them."""
    faults = [HUGE, *itertools.islice(itertools.cycle(FAULTS), BAD - 1)]
    found = Input()
    for kind, total in TOTAL.items():
        spoiled = [fault for fault in faults if fault.kind == kind]
        numbers = sorted(Random(kind).sample(range(FIRST_BAD.get(kind, 1), total), len(spoiled)))
        at = dict(zip(numbers, spoiled, strict=True))
        lines = (_line(found, kind, number, at.get(number)) for number in range(total))
        _write(folder, kind, lines, found, at)
    (folder / "customers-2a.jsonl").touch()
    return found


def _line(found: Input, kind: str, number: int, fault: Fault | None) -> tuple[Record, bytes]:
    record = good(kind, number)
    if fault is None:
        found.good[kind].append(record)
        if number == 1 and kind == "customers":
            # what nobody knows is sent as it is
            return record, json.dumps(record | {f"column_{n}": n for n in range(300)}).encode()
        return record, json.dumps(record).encode()
    spoiled = deepcopy(record)
    text = fault.spoil(spoiled)
    return record, text if isinstance(text, bytes) else json.dumps(spoiled).encode()


def _write(folder: Path, kind: str, lines: Iterator[tuple[Record, bytes]], found: Input, at: dict[int, Fault]) -> None:
    for part, those in enumerate(_parts(lines), start=1):
        name = f"{kind}-{part}.jsonl"
        with (folder / name).open("wb") as file:
            for row, (number, (record, text)) in enumerate(those, start=1):
                file.write(text + b"\n")
                place = f"{name}, line {row}"
                found.places.append((kind, place))
                if fault := at.get(number):
                    found.bad[place] = BadLine(fault, number + 1, text, record)


def _parts(lines: Iterator[tuple[Record, bytes]]) -> Iterator[list[tuple[int, tuple[Record, bytes]]]]:
    numbered = enumerate(lines)
    while part := list(itertools.islice(numbered, 1_000)):
        yield part
