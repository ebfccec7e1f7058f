"""Find what is wrong with a record before it is sent."""

from __future__ import annotations

import difflib
import functools
import logging
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from airflow_provider_chartmogul.client.fields.tables import table
from airflow_provider_chartmogul.exceptions import ChartMogulInvalidRecordError

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

NEAR: Final = 0.8
"""From which likeness on an unknown field name is taken for a typing error."""


class Problem(NamedTuple):
    """One thing that is wrong with a record.

    :param field: the field at fault, with its place where it is nested: ``line_items[0].plan_uuid``.
    :param message: what is wrong, without quoting the value.
    """

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field} {self.message}".strip()


def checked(kind: str, fields: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
    """Return the fields of one record as they came, if they can be sent.

    A field that the API is not known to have passes, since the API grows; where it looks like a misspelt one, the log
    warns of it.

    :param kind: a kind of :data:`~airflow_provider_chartmogul.client.fields.tables.SINGLE`.
    :param partial: these are changes of a record that is there: fields may be left out, though none that every record
        must have may be emptied.
    :raises ChartMogulInvalidRecordError: something is missing or of the wrong shape; names every field at fault.
    """
    for _, inner, record in _within(kind, fields):
        for name, meant in misspelt(inner, record).items():
            log.warning("%s: unknown field %r is sent as it is; is %r meant?", inner, name, meant)
    if found := problems(kind, fields, partial=partial):
        raise ChartMogulInvalidRecordError(f"{kind}: {'; '.join(map(str, found))}", found)
    return dict(fields)


@contextmanager
def each_warning_once() -> Iterator[None]:
    """Let :func:`checked` say only once of many records that a field looks misspelt."""
    seen: set[str] = set()

    def first_time(entry: logging.LogRecord) -> bool:
        text = entry.getMessage()
        return not (text in seen or seen.add(text))  # type: ignore[func-returns-value]

    log.addFilter(first_time)
    try:
        yield
    finally:
        log.removeFilter(first_time)


def problems(kind: str, record: Mapping[str, Any], *, partial: bool = False, bulk: bool = False) -> list[Problem]:
    """Return everything that is wrong with a record and the records in it.

    :param kind: a kind of :data:`~airflow_provider_chartmogul.client.fields.tables.SINGLE`.
    :param partial: as in :func:`checked`.
    :param bulk: judge by what a bulk import takes.
    """
    return [
        Problem(f"{place}{problem.field}", problem.message)
        for place, inner, part in _within(kind, record, bulk=bulk)
        for problem in own_problems(inner, part, partial=partial and not place, bulk=bulk)
    ]


def own_problems(kind: str, record: Mapping[str, Any], *, partial: bool = False, bulk: bool = False) -> list[Problem]:
    """Return what is wrong with a record, the records in it left aside. Arguments as in :func:`problems`."""
    fields = table(kind, bulk=bulk)
    suspects = {meant: name for name, meant in misspelt(kind, record, bulk=bulk).items()}
    required = [name for name in fields.required if name in record] if partial else fields.required_of(record)
    missing = [name for name in required if record.get(name) in (None, "")]
    found = []
    for name in missing:
        hint = f"; is {suspects[name]!r} meant?" if name in suspects and name not in record else ""
        found.append(Problem(name, "must not be empty" if partial else f"is missing{hint}"))
    for name, complaint_about in fields.checks.items():
        value = record.get(name)
        if value is not None and name not in missing and (complaint := complaint_about(value)):
            found.append(Problem(name, complaint))
    return found


def misspelt(kind: str, record: Mapping[str, Any], *, bulk: bool = False) -> dict[str, str]:
    """Map the unknown fields of a record that look like known ones to the known ones."""
    unknown = (str(name) for name in record if name not in table(kind, bulk=bulk).checks)
    near = {name: _nearest(kind, name, bulk) for name in unknown}
    return {name: meant for name, meant in near.items() if meant is not None}


def parts(record: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the records in a list that is a field of another, also of one that is not well formed."""
    value = record.get(name)
    return [part for part in value if isinstance(part, Mapping)] if isinstance(value, list | tuple) else []


def _within(
    kind: str, record: Mapping[str, Any], place: str = "", *, bulk: bool = False
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield a record and those in it, each with its place (``line_items[0].``, empty for itself) and kind."""
    yield place, kind, record
    fields = table(kind, bulk=bulk)
    for name, inner in fields.objects.items():
        if isinstance(record.get(name), Mapping):
            yield from _within(inner, record[name], f"{place}{name}.", bulk=bulk)
    for name, inner in fields.parts.items():
        for index, part in enumerate(parts(record, name)):
            yield from _within(inner, part, f"{place}{name}[{index}].", bulk=bulk)


@functools.lru_cache(maxsize=1024)
def _nearest(kind: str, name: str, bulk: bool) -> str | None:
    known = table(kind, bulk=bulk).checks
    matches = difflib.get_close_matches(name.lower().replace("-", "_"), known, n=1, cutoff=NEAR)
    return matches[0] if matches else None
