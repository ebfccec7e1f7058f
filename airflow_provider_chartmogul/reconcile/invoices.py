"""Invoices of both sides, brought into one form and compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.imports.records import PARTS, flat
from airflow_provider_chartmogul.reconcile.values import Difference, differences, meant

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
        "discount_description",
        "transaction_fees_in_cents",
        "account_code",
        "quantity",
        "plan_external_id",
        "subscription_external_id",
        "subscription_set_external_id",
        "service_period_start",
        "service_period_end",
        "prorated",
        "proration_type",
        "event_order",
    ),
    "transactions": ("type", "result", "date", "amount_in_cents"),
}
_ALSO_HELD: Final[Mapping[str, tuple[str, ...]]] = {
    "line_items": ("description", "balance_transfer", "transaction_fees_currency"),
    "transactions": ("transaction_fees_in_cents", "transaction_fees_currency"),
}
"""Fields of parts that are not compared, but would be lost with them."""

TERMS: Final = ("date", "due_date", "currency", "collection_method")
"""What can be changed of an invoice that stays."""


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
        held[kind] = [_part(part, (*fields, *_ALSO_HELD[kind]), plans) for part in invoice.get(kind) or ()]
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

    :param with_transactions: whether the source gives the payments of this invoice.
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


def lost(ours: Record, theirs: Record) -> str | None:
    """Return the first thing that ChartMogul has in an invoice and the source does not give, if there is any.

    ``due_date`` and ``collection_method`` are none: :func:`carried` has them.
    """
    for kind in PARTS:
        pairs, alone, left = _paired(kind, ours[kind], theirs[kind])
        if kind == "transactions" and left:
            return f"transactions[{_name(left[0])}]"
        # which one of the source stands for one of another name cannot be told
        given = {name: True for name in _fields_held(kind) if any(part.get(name) is not None for part in alone)}
        for mine, its in [*pairs, *((given, part) for part in left)]:
            if name := _lost_field(kind, mine, its):
                return f"{kind}[{_name(its)}].{name}"
    return None


def carried(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Record:
    """Return the terms that ChartMogul has of an invoice and the source does not give."""
    return {name: theirs[name] for name in TERMS if ours.get(name) is None and theirs.get(name) is not None}


def _fields_held(kind: str) -> tuple[str, ...]:
    return (*PART_FIELDS[kind], *_ALSO_HELD[kind])


def _lost_field(kind: str, mine: Mapping[str, Any], its: Mapping[str, Any]) -> str | None:
    for name in _fields_held(kind):
        # an amount that a transaction does not give is that of the invoice; a currency alone says nothing
        implied = kind == "transactions" and name == "amount_in_cents"
        implied = implied or (name == "transaction_fees_currency" and not its.get("transaction_fees_in_cents"))
        if not implied and mine.get(name) is None and meant(name, its.get(name)) != meant(name, None):
            return name
    return None


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
    pairs, ours_alone, theirs_alone = _paired(kind, ours, theirs)
    for mine, its in pairs:
        if mine["external_id"] == its.get("external_id"):
            yield from differences(PART_FIELDS[kind], mine, its, f"{kind}[{mine['external_id']}].")
    for part in ours_alone:
        yield f"{kind}[{part['external_id']}]", part.get("amount_in_cents"), None
    for part in theirs_alone:
        yield f"{kind}[{_name(part)}]", None, part.get("amount_in_cents")


def _paired(
    kind: str, ours: Sequence[Record], theirs: Sequence[Record]
) -> tuple[list[tuple[Record, Record]], list[Record], list[Record]]:
    """Return which parts are the same by name, or else differ in nothing but it; and what only each side has."""
    left = {_name(part): part for part in theirs}
    pairs, unmatched, alone = [], [], []
    for part in ours:
        if same := left.pop(part["external_id"], None):
            pairs.append((part, same))
        else:
            unmatched.append(part)
    by_amount: dict[Any, list[str]] = defaultdict(list)
    for name, part in left.items():
        by_amount[part.get("amount_in_cents")].append(name)
    for part in unmatched:
        if (alike := _alike(part, left, by_amount, PART_FIELDS[kind])) is None:
            alone.append(part)
        else:
            pairs.append((part, left.pop(alike)))
    return pairs, alone, list(left.values())


def _name(part: Mapping[str, Any]) -> str:
    return str(part.get("external_id") or part["uuid"])


def _alike(
    part: Record, left: Mapping[str, Record], by_amount: Mapping[Any, list[str]], fields: Sequence[str]
) -> str | None:
    """Return the name of a part that differs in nothing but its name."""
    given = part.get("amount_in_cents")
    names = left if given is None else by_amount.get(given, ())
    return next((name for name in names if name in left and not any(differences(fields, part, left[name]))), None)
