"""Read from a journal what became of each record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.imports.rejections import Rejection, Sort, summarised

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.journal import Journal

_UNKNOWN: Final = "was sent, and ChartMogul has not said what became of it; a repeated run asks before it sends again"

_TOLD: Final = "p.kind, r.position, p.external_id, r.customer, p.field, p.message, r.place, r.kind, p.retryable"


def close(journal: Journal, begun: Collection[int]) -> None:
    """Give every record a state.

    :param begun: the batches that are on the server, or may be: what has no state of those is ``unknown``.
    """
    numbers = ", ".join(map(str, sorted(begun))) or "NULL"
    of_these = f"state IS NULL AND id IN (SELECT record FROM batched WHERE batch IN ({numbers}))"  # noqa: S608 - our own
    faults = journal.ask(f"SELECT id, kind, external_id, '', ? FROM records WHERE {of_these}", (_UNKNOWN,))  # noqa: S608
    journal.complain(faults, retryable=True)
    journal.change(f"UPDATE records SET state = 'unknown' WHERE {of_these}")  # noqa: S608
    journal.change("UPDATE records SET state = 'not_sent' WHERE state IS NULL")


def problems(journal: Journal, limit: int) -> Iterator[Rejection]:
    """Yield each fault of each record that was rejected or is unknown, causes before consequences.

    :param limit: most of them.
    """
    for told in journal.ask(
        f"SELECT {_TOLD} FROM problems p JOIN records r ON r.id = p.record"  # noqa: S608 - our own
        " ORDER BY p.consequence, r.id, p.rowid LIMIT ?",
        (limit,),
    ):
        yield _rejection(told)


def reasons(journal: Journal) -> str:
    """Return why records were rejected or are unknown: the sorts of causes, of all of them, and what hangs on those."""
    # with min(), SQLite gives the other columns of the same row
    sorts = (
        Sort(_rejection(told), count)
        for count, _, *told in journal.ask(
            f"SELECT count(*), min(r.id), {_TOLD} FROM problems p JOIN records r ON r.id = p.record"  # noqa: S608
            " WHERE NOT p.consequence GROUP BY r.kind, p.kind, unnumbered(p.field), unnumbered(p.message)"
            " ORDER BY count(*) DESC, min(r.id)"
        )
    )
    held_back = journal.one(
        """SELECT count(*) FROM records WHERE state = 'rejected'
        AND id NOT IN (SELECT record FROM problems WHERE NOT consequence)"""
    )
    return summarised(sorts, held_back)


def _rejection(told: Sequence[Any]) -> Rejection:
    names = ("kind", "position", "external_id", "customer", "field", "message", "place", "input_kind", "retryable")
    rejection = dict(zip(names, told, strict=True))
    return Rejection(**{**rejection, "retryable": bool(rejection["retryable"])})


def rejected(journal: Journal) -> Iterator[Record]:
    """Yield each record that was rejected or is unknown, as it was given, with its problems.

    With an invoice for which another was deleted goes that one, as ChartMogul had it.
    """
    for number, kind, body, given, position, place, replaces, state, gave_way in journal.ask(
        """SELECT r.id, r.kind, r.body, r.given, r.position, r.place, r.replaces, r.state, g.body FROM records r
        LEFT JOIN gave_way g ON r.kind = 'invoices' AND g.external_id = r.external_id
        WHERE r.state IN ('rejected', 'unknown') ORDER BY r.id"""
    ):
        line = {
            "kind": kind,
            "record": None if body is None else json.loads(body),
            "problems": _problems_of(journal, number),
            "retryable": state == "unknown",
            "position": position,
            "place": place,
        }
        more = {"text": given, "replace": bool(replaces) or None, "replaced": gave_way and json.loads(gave_way)}
        yield line | {name: value for name, value in more.items() if value is not None}


def results(journal: Journal) -> Iterator[Record]:
    """Yield what became of each record."""
    names = ("kind", "position", "place", "external_id", "customer_external_id", "state")
    for number, *told in journal.ask(
        "SELECT id, kind, position, place, external_id, customer, state FROM records ORDER BY id"
    ):
        yield {**dict(zip(names, told, strict=True)), "problems": _problems_of(journal, number)}


def _problems_of(journal: Journal, record: int) -> list[Record]:
    return [
        {"kind": kind, "external_id": external_id, "field": name, "message": message}
        for kind, external_id, name, message in journal.ask(
            "SELECT kind, external_id, field, message FROM problems WHERE record = ? ORDER BY rowid", (record,)
        )
    ]
