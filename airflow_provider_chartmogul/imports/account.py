"""Read from a journal what became of each record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from airflow_provider_chartmogul.imports.rejections import Rejection

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.journal import Journal

_UNKNOWN: Final = "was sent, and ChartMogul has not said what became of it; a repeated run asks before it sends again"


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
    """Yield each fault of each record that was rejected or is unknown.

    :param limit: most of them.
    """
    names = ("kind", "position", "external_id", "customer", "field", "message", "place", "input_kind")
    for *told, retryable in journal.ask(
        """SELECT p.kind, r.position, p.external_id, r.customer, p.field, p.message, r.place, r.kind, p.retryable
        FROM problems p JOIN records r ON r.id = p.record ORDER BY r.id, p.rowid LIMIT ?""",
        (limit,),
    ):
        yield Rejection(**dict(zip(names, told, strict=True)), retryable=bool(retryable))


def rejected(journal: Journal) -> Iterator[Record]:
    """Yield each record that was rejected or is unknown, as it was given, with its problems."""
    for number, kind, body, given, position, place, replaces, state in journal.ask(
        """SELECT id, kind, body, given, position, place, replaces, state FROM records
        WHERE state IN ('rejected', 'unknown') ORDER BY id"""
    ):
        line = {
            "kind": kind,
            "record": None if body is None else json.loads(body),
            "problems": _problems_of(journal, number),
            "retryable": state == "unknown",
            "position": position,
            "place": place,
        }
        yield line | ({"text": given} if given is not None else {}) | ({"replace": True} if replaces else {})


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
