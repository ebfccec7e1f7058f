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
_INCOMPLETE: Final = "was stored without some of its line items or transactions"
_STANDS_OR_FALLS_WITH: Final = {
    "plans": ("plans",),
    "customers": ("customers",),
    "subscription_events": ("subscription_events",),
    **dict.fromkeys(("invoices", *PARTS), ("invoices", *PARTS)),
}
"""The kinds whose failure leaves a record of some kind in doubt."""


def judge(journal: Journal, batch: Batch, finished: Mapping[str, Any], state: str, *, final: bool) -> bool:
    """Note what a finished import tells of the records of a batch that have no state yet, and tell whether it did.

    :param state: what became of records that are stored: ``created``, or ``already_there`` where the import is that of
        an earlier run, which may have left out what was there then.
    :param final: whether what it leaves in doubt is to be found out in other ways. If not, nothing is noted.
    """
    details = finished.get("status_details") or {}
    ended = short(str(finished.get("error") or f"the import ended as {finished.get('status')!r} without naming it"))
    good: list[int] = []
    doubts: list[tuple[int, str, str]] = []
    for record, kind, customer in journal.ask(
        """SELECT r.id, r.kind, r.customer FROM batched b JOIN records r ON r.id = b.record
        WHERE b.batch = ? AND r.state IS NULL""",
        (batch.number,),
    ):
        about = details.get("plans" if kind == "plans" else customer)
        if not isinstance(about, Mapping):
            doubts.append((record, ended, state))
        elif failed := _failed_kinds(about).keys() & {"", *_STANDS_OR_FALLS_WITH[kind]}:
            reason = next(filter(None, (_failed_kinds(about)[name] for name in failed)), "")
            # there is one of each customer: if it is there although it was refused, others have made it
            doubts.append((record, reason, "already_there" if "customers" in failed else state))
        elif state == "already_there" and not _is_listed(about, kind):
            doubts.append((record, ended, state))
        else:
            good.append(record)
    if doubts and not final:
        return False
    journal.settle(state, good)
    journal.change_each("INSERT OR REPLACE INTO doubts VALUES (?, ?, ?)", doubts)
    return True


def resolve_doubts(journal: Journal, present: Present) -> None:
    """Ask for what finished imports do not tell, and note what became of each record."""
    of_kind = "FROM doubts d JOIN records r ON r.id = d.record WHERE r.kind"
    if journal.one(f"SELECT 1 {of_kind} = 'plans'") is not None:
        present.read_plans()
    doubtful = _values(journal.ask(f"SELECT DISTINCT r.customer {of_kind} <> 'plans'"))
    if doubtful:
        present.find_customers(doubtful, len(doubtful), again=True)
        present.find_belongings(doubtful, again=True)
    for record, reason, state in journal.ask("SELECT record, reason, state FROM doubts"):
        _resolve(journal, record, reason, state)
    journal.change("DELETE FROM doubts")


def missing_parts(journal: Journal, record: int, present_parts: str | None) -> bool:
    """Tell whether an invoice that is there lacks parts of the one that was to be sent.

    :param record: the one that was to be sent.
    :param present_parts: JSON of the external ids that the one that is there has of each kind.
    """
    there = json.loads(present_parts or "{}")
    invoice, body = next(journal.ask("SELECT external_id, body FROM records WHERE id = ?", (record,)))
    nested = json.loads(body)
    own = list(journal.ask("SELECT kind, external_id FROM records WHERE invoice = ?", (invoice,)))
    for kind in PARTS:
        wanted = [part.get("external_id") for part in nested.get(kind) or ()]
        wanted += [name for inner, name in own if inner == kind]
        present = there.get(kind) or ()
        if len(present) < len(wanted) or {*filter(None, wanted)} - {*present}:
            return True
    return False


def _resolve(journal: Journal, record: int, reason: str, state: str) -> None:
    kind, external_id, invoice = next(
        journal.ask("SELECT kind, external_id, invoice FROM records WHERE id = ?", (record,))
    )
    if faults := _faults(journal, record, kind, invoice or external_id, reason):
        journal.reject(
            ((record, kind, external_id, field, message) for field, message in faults),
            # what is told of the invoice of a part
            consequence=kind in PARTS and faults[0][0] == "invoice_external_id",
        )
    else:
        journal.settle(state, [record])


def _faults(journal: Journal, record: int, kind: str, name: str, reason: str) -> list[tuple[str, str]]:
    """Return what is wrong with a record, by what is there of it, or of its invoice, under this name."""
    of_an_invoice = kind in PARTS
    asked = ("invoices" if of_an_invoice else kind, name)
    found = next(journal.ask("SELECT errors, parts FROM there WHERE kind = ? AND external_id = ?", asked), None)
    if found is None:
        return [("", reason)] if reason else [_refused_with(journal, record, kind) or ("", _NO_REASON)]
    errors, parts = found
    if errors:
        told = list(json.loads(errors).items())
        return [("invoice_external_id", f"its invoice was refused: {told[0][1]}")] if of_an_invoice else told
    if of_an_invoice:
        query = "SELECT id FROM records WHERE kind = 'invoices' AND external_id = ? AND ifnull(state, '') <> 'rejected'"
        whole = journal.one(query, (name,))
        lacking = whole is None or missing_parts(journal, whole, parts)
        return [("invoice_external_id", f"its invoice {_INCOMPLETE}")] if lacking else []
    return [("", _INCOMPLETE)] if kind == "invoices" and missing_parts(journal, record, parts) else []


def _refused_with(journal: Journal, record: int, kind: str) -> tuple[str, str] | None:
    """Return the reason of a record that could not be stored since what it belongs to was not."""
    if kind in PARTS:
        return "invoice_external_id", "its invoice was refused"
    if kind in ("plans", "customers"):
        return None
    orphan = """SELECT 1 FROM records r WHERE r.id = ? AND NOT EXISTS
        (SELECT 1 FROM there t WHERE t.kind = 'customers' AND t.external_id = r.customer)"""
    return None if journal.one(orphan, (record,)) is None else ("customer_external_id", "its customer was refused")


def _is_listed(about: Mapping[str, Any], kind: str) -> bool:
    """Tell whether the kinds that an import had of a customer include this one; they may not be told."""
    listed = {name for name, inner in about.items() if isinstance(inner, Mapping)}
    return not listed or kind == "plans" or ("invoices" if kind in PARTS else kind) in listed


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
