"""Find out what became of the records of a finished bulk import.

``status_details`` holds a status for each customer and, below it, for each kind: all of a kind were stored, or one or
more were not. Which ones, and why, is told by the lists of what the data source has, where refused invoices stand with
their errors. What is in no list was refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.client.errors import short
from airflow_provider_chartmogul.imports.records import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_chartmogul.imports.journal import Journal
    from airflow_provider_chartmogul.imports.packing import Batch
    from airflow_provider_chartmogul.imports.present import Present

_GOOD: Final = frozenset({"imported", "completed", "succeeded", "success"})
_NO_REASON: Final = "was refused; ChartMogul does not say why"
_STANDS_OR_FALLS_WITH: Final = {
    "plans": ("plans",),
    "customers": ("customers",),
    "subscription_events": ("subscription_events",),
    **dict.fromkeys(("invoices", *PARTS), ("invoices", *PARTS)),
}
"""The kinds whose failure leaves a record of some kind in doubt."""


def failed_in(finished: Mapping[str, Any]) -> bool:
    """Tell whether a finished import left something out."""
    if finished.get("status") == "failed":
        return True
    details = finished.get("status_details") or {}
    return any(_failed_kinds(about) for about in details.values())


def judge(journal: Journal, batch: Batch, finished: Mapping[str, Any], state: str) -> None:
    """Note what a finished import tells of the records of a batch that have no state yet.

    :param state: what became of records that are stored.
    """
    details = finished.get("status_details") or {}
    ended = short(str(finished.get("error") or f"the import ended as {finished.get('status')!r} without naming it"))
    good: list[int] = []
    doubts: list[tuple[int, str]] = []
    for record, kind, customer in journal.ask(
        """SELECT r.id, r.kind, r.customer FROM batched b JOIN records r ON r.id = b.record
        WHERE b.batch = ? AND r.state IS NULL""",
        (batch.number,),
    ):
        about = details.get("plans" if kind == "plans" else customer)
        if not isinstance(about, Mapping):
            doubts.append((record, ended))
        elif failed := _failed_kinds(about).keys() & {"", *_STANDS_OR_FALLS_WITH[kind]}:
            doubts.append((record, next(filter(None, (_failed_kinds(about)[name] for name in failed)), "")))
        else:
            good.append(record)
    journal.settle(state, good)
    journal.change_each("INSERT OR REPLACE INTO doubts VALUES (?, ?)", doubts)


def resolve_doubts(journal: Journal, present: Present) -> None:
    """Ask for what finished imports do not tell, and note what became of each record."""
    if journal.one("SELECT 1 FROM doubts") is None:
        return
    of_kind = "FROM doubts d JOIN records r ON r.id = d.record WHERE r.kind"
    doubtful = _values(journal.ask(f"SELECT DISTINCT r.customer {of_kind} <> 'plans'"))
    if journal.one(f"SELECT 1 {of_kind} = 'plans'") is not None:
        present.read_plans()
    present.find_customers(doubtful, len(doubtful), again=True)
    present.find_belongings(doubtful, again=True)
    for record, reason in list(journal.ask("SELECT record, reason FROM doubts")):
        _resolve(journal, record, reason)
    journal.change("DELETE FROM doubts")


def missing_parts(journal: Journal, invoice: str, present_parts: str | None) -> bool:
    """Tell whether an invoice that is there lacks parts of the one that was to be sent.

    :param present_parts: JSON of the external ids that it has of each kind.
    """
    there = json.loads(present_parts or "{}")
    for kind in PARTS:
        ids = list(
            _values(
                journal.ask(
                    """SELECT p.external_id FROM parts p JOIN records r ON r.id = p.record
                    WHERE p.kind = ? AND ((r.kind = 'invoices' AND r.external_id = ?) OR r.invoice = ?)""",
                    (kind, invoice, invoice),
                )
            )
        )
        if set(ids) - set(there.get(kind, ())) or len(there.get(kind, ())) < _count(journal, kind, invoice):
            return True
    return False


def _count(journal: Journal, kind: str, invoice: str) -> int:
    nested = sum(
        len(json.loads(body).get(kind) or ())
        for body in _values(
            journal.ask("SELECT body FROM records WHERE kind = 'invoices' AND external_id = ?", (invoice,))
        )
    )
    return nested + int(journal.one("SELECT count(*) FROM records WHERE invoice = ? AND kind = ?", (invoice, kind)))


def _resolve(journal: Journal, record: int, reason: str) -> None:
    kind, external_id, invoice = next(
        journal.ask("SELECT kind, external_id, invoice FROM records WHERE id = ?", (record,))
    )
    named = ("invoices", invoice) if kind in PARTS else (kind, external_id)
    found = next(journal.ask("SELECT errors, parts FROM there WHERE kind = ? AND external_id = ?", named), None)
    faults = _faults(journal, kind, named, found, reason)
    if faults:
        journal.reject((record, kind, external_id, field, message) for field, message in faults)
    else:
        # an invoice was asked for before it was sent
        journal.settle("created" if named[0] == "invoices" else "already_there", [record])


def _faults(
    journal: Journal, kind: str, named: tuple[str, str], found: tuple[str | None, str | None] | None, reason: str
) -> list[tuple[str, str]]:
    if found is None:
        return [("", reason or _NO_REASON)]
    errors, parts = found
    if errors:
        told = list(json.loads(errors).items())
        return told if kind not in PARTS else [("invoice_external_id", f"its invoice was refused: {told[0][1]}")]
    if kind == "invoices" and missing_parts(journal, named[1], parts):
        return [("", "was stored without some of its line items or transactions")]
    return []


def _failed_kinds(about: Any) -> dict[str, str]:
    """Return the kinds of a customer that failed, each with the reason if there is one; empty text is all kinds."""
    if not isinstance(about, Mapping):
        return {"": ""}
    kinds = {kind: inner for kind, inner in about.items() if isinstance(inner, Mapping) and "status" in inner}
    failed = {kind: _reason(inner) for kind, inner in kinds.items() if inner["status"] not in _GOOD}
    if about.get("status") not in _GOOD and not failed:
        return {"": _reason(about)}
    return failed


def _reason(about: Mapping[str, Any]) -> str:
    """Return what a failed kind says of itself, of which nothing is documented."""
    told = about.get("errors") or about.get("error") or about.get("message")
    return short(told if isinstance(told, str) else json.dumps(told)) if told else ""


def _values(rows: Iterable[tuple[Any, ...]]) -> list[Any]:
    return [row[0] for row in rows]
