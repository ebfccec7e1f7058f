"""Invoices of both sides, brought into one form and compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.imports.records import PARTS, flat
from airflow_provider_chartmogul.reconcile.values import Difference, differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from airflow_provider_chartmogul.client.values import Record

INVOICE_FIELDS: Final = ("customer_external_id", "date", "currency", "due_date", "collection_method")
PART_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "line_items": (
        "type",
        "amount_in_cents",
        "tax_amount_in_cents",
        "discount_amount_in_cents",
        "discount_code",
        "quantity",
        "plan_external_id",
        "subscription_external_id",
        "service_period_start",
        "service_period_end",
        "prorated",
        "proration_type",
        "event_order",
    ),
    "transactions": ("type", "result", "date", "amount_in_cents"),
}


@dataclass(frozen=True, slots=True)
class Totals:
    """What an invoice adds up to, in cents; payments and refunds are the successful ones."""

    amount: int
    payments: int
    paid: int
    refunds: int
    refunded: int


def as_sent(body: Record, beside: Iterable[tuple[str, Record]]) -> Record:
    """Return an invoice of the source with its parts in it, each with the ``external_id`` that an import gives it.

    :param body: the invoice; is consumed.
    :param beside: kind and record of the parts that are records of their own, in their order; consumed as well.
    """
    equal_before: Counter[str] = Counter()
    parts: dict[str, list[Record]] = {name: [] for name in PARTS}
    invoice: Record = {}
    for kind, record in flat("invoices", body, equal_before):
        if kind == "invoices":
            invoice = record
        else:
            parts[kind].append(record)
    for kind, part in beside:
        parts[kind] += [record for _, record in flat(kind, part, equal_before)]
    for part in (*parts["line_items"], *parts["transactions"]):
        part.pop("invoice_external_id", None)
    return {**invoice, **parts}


def as_held(invoice: Record, plans: Mapping[str, str]) -> Record:
    """Return what counts of an invoice as ChartMogul has it.

    :param plans: external ids of plans by uuid.
    """
    held: Record = {name: invoice[name] for name in INVOICE_FIELDS if name in invoice}
    for kind, fields in PART_FIELDS.items():
        held[kind] = [_part(part, fields, plans) for part in invoice.get(kind) or ()]
    whole = abs(_amount(held["line_items"]))
    for transaction in held["transactions"]:
        # without an amount it is about all of the invoice
        if transaction.get("amount_in_cents") is None:
            transaction["amount_in_cents"] = whole
    return held


def totals(invoice: Mapping[str, Any]) -> Totals:
    """Add an invoice up."""
    amount = _amount(invoice["line_items"])
    done: dict[str, list[int]] = {"payment": [], "refund": []}
    for part in invoice["transactions"]:
        if part.get("result") == "successful" and part.get("type") in done:
            given = part.get("amount_in_cents")
            done[part["type"]].append(abs(amount) if given is None else given)
    payments, refunds = done["payment"], done["refund"]
    return Totals(amount, len(payments), sum(payments), len(refunds), sum(refunds))


def compare(ours: Record, theirs: Record, *, with_transactions: bool) -> Iterator[Difference]:
    """Yield what differs between an invoice of the source and the one that ChartMogul has of this name.

    :param with_transactions: whether the source knows of payments.
    """
    yield from differences(INVOICE_FIELDS, ours, theirs)
    mine, its = totals(ours), totals(theirs)
    pairs = [
        ("line_items", len(ours["line_items"]), len(theirs["line_items"])),
        ("amount_in_cents", mine.amount, its.amount),
    ]
    if with_transactions:
        pairs += [("payments_in_cents", mine.paid, its.paid), ("refunds_in_cents", mine.refunded, its.refunded)]
    yield from (pair for pair in pairs if pair[1] != pair[2])
    for kind in PARTS if with_transactions else PARTS[:1]:
        yield from _compare_parts(kind, ours[kind], theirs[kind])


def _part(part: Mapping[str, Any], fields: Sequence[str], plans: Mapping[str, str]) -> Record:
    held = {name: part[name] for name in ("external_id", "uuid", *fields) if name in part}
    if held.get("plan_external_id") is None:
        # older answers have only the uuid; of one that nobody knows nothing can be said
        held.pop("plan_external_id", None)
        if part.get("plan_uuid") in plans:
            held["plan_external_id"] = plans[part["plan_uuid"]]
    return held


def _amount(items: Iterable[Mapping[str, Any]]) -> int:
    return sum(item.get("amount_in_cents") or 0 for item in items)


def _compare_parts(kind: str, ours: Sequence[Record], theirs: Sequence[Record]) -> Iterator[Difference]:
    fields = PART_FIELDS[kind]
    left = {part.get("external_id") or part["uuid"]: part for part in theirs}
    unmatched = []
    for part in ours:
        name = part["external_id"]
        if same := left.pop(name, None):
            yield from differences(fields, part, same, f"{kind}[{name}].")
        else:
            unmatched.append(part)
    by_amount: dict[Any, list[str]] = defaultdict(list)
    for name, part in left.items():
        by_amount[part.get("amount_in_cents")].append(name)
    for part in unmatched:
        if (alike := _alike(part, left, by_amount, fields)) is None:
            yield f"{kind}[{part['external_id']}]", part.get("amount_in_cents"), None
        else:
            del left[alike]
    for name, part in left.items():
        yield f"{kind}[{name}]", None, part.get("amount_in_cents")


def _alike(
    part: Record, left: Mapping[str, Record], by_amount: Mapping[Any, list[str]], fields: Sequence[str]
) -> str | None:
    """Return the name of a part that differs in nothing but its name."""
    given = part.get("amount_in_cents")
    names = left if given is None else by_amount.get(given, ())
    return next((name for name in names if name in left and not any(differences(fields, part, left[name]))), None)
