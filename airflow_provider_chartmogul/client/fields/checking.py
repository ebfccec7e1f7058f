"""Find what is wrong with a record before it is sent."""

from __future__ import annotations

import difflib
import functools
import logging
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from airflow_provider_chartmogul.client.fields.shape import parts
from airflow_provider_chartmogul.client.fields.tables import table
from airflow_provider_chartmogul.client.fields.values import anything
from airflow_provider_chartmogul.exceptions import ChartMogulInvalidRecordError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.client.fields.shape import Fields

log = logging.getLogger(__name__)

_SLIPS: Final = {4: 1, 8: 2}
"""How many letters of a name may be out of place for it to be a misspelt one of a length from here on."""


_OF_ANSWERS: Final = ("external_ids", "data_source_uuids")
"""What the API itself says of merged customers: no misspellings, though one letter off."""


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
    for _, inner, record in within(kind, fields):
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
        for place, inner, part in within(kind, record, bulk=bulk)
        for problem in own_problems(inner, part, partial=partial and not place, bulk=bulk)
    ]


def own_problems(kind: str, record: Mapping[str, Any], *, partial: bool = False, bulk: bool = False) -> list[Problem]:
    """Return what is wrong with a record, the records in it left aside. Arguments as in :func:`problems`."""
    fields = table(kind, bulk=bulk)
    missing = fields.missing(record, partial=partial)
    complaints = _complaints(fields, record, missing, partial)
    if not (missing or complaints):
        return []
    return [
        *(Problem(name, "must not be empty" if partial else _is_missing(kind, name, record, bulk)) for name in missing),
        *(Problem(name, complaint) for name, complaint in complaints),
    ]


def _complaints(fields: Fields, record: Mapping[str, Any], missing: list[str], partial: bool) -> list[tuple[str, str]]:
    """Return what is wrong with the fields that are there, each with its name."""
    checks = {**fields.checks, **fields.changes} if partial else fields.checks
    found = []
    for name, value in record.items():
        if value is None:
            complaint = "must not be null" if name in fields.never_null and name not in missing else None
        elif check := checks.get(name):
            complaint = check(value) if name not in missing else None
        elif complaint := anything(name):
            # not as it is, since whoever keeps the problem could not store it either
            name, complaint = ascii(name)[1:-1], f"{complaint} in its name"
        else:
            complaint = anything(value)
        if complaint:
            found.append((name, complaint))
    return [*found, *_broken_rules(fields, record, {name for name, _ in found}.union(missing), partial)]


def _broken_rules(
    fields: Fields, record: Mapping[str, Any], faulty: set[str], partial: bool
) -> Iterator[tuple[str, str]]:
    for rule in fields.rules:
        if record.get(rule.field) is None or rule.field in faulty:
            continue
        if partial and any(other not in record for other in rule.others):
            continue
        if complaint := rule.judge(record):
            yield rule.field, complaint


def _is_missing(kind: str, name: str, record: Mapping[str, Any], bulk: bool) -> str:
    suspects = {meant: given for given, meant in misspelt(kind, record, bulk=bulk).items()}
    hint = f"; is {suspects[name]!r} meant?" if name in suspects and name not in record else ""
    return f"is missing{hint}"


def misspelt(kind: str, record: Mapping[str, Any], *, bulk: bool = False) -> dict[str, str]:
    """Map the unknown fields of a record that look like known ones to the known ones."""
    names = _names(kind, bulk)
    if record.keys() <= names:
        return {}
    near = {name: _nearest(kind, name, bulk) for name in map(str, record) if name not in names}
    return {name: meant for name, meant in near.items() if meant is not None}


@functools.cache
def _names(kind: str, bulk: bool) -> frozenset[str]:
    """Return the names that are no misspellings."""
    return frozenset((*table(kind, bulk=bulk).checks, *_OF_ANSWERS))


def within(
    kind: str, record: Mapping[str, Any], place: str = "", *, bulk: bool = False
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield a record and those in it, each with its place (``line_items[0].``, empty for itself) and kind.

    Arguments as in :func:`problems`.

    :param place: of the record itself.
    """
    yield place, kind, record
    fields = table(kind, bulk=bulk)
    for name, inner in fields.objects.items():
        if isinstance(record.get(name), Mapping):
            yield from within(inner, record[name], f"{place}{name}.", bulk=bulk)
    for name, inner in fields.parts.items():
        for index, part in enumerate(parts(record, name)):
            yield from within(inner, part, f"{place}{name}[{index}].", bulk=bulk)


@functools.lru_cache(maxsize=1024)
def _nearest(kind: str, name: str, bulk: bool) -> str | None:
    slips = {known: _slips(_letters(name), _letters(known)) for known in table(kind, bulk=bulk).checks}
    near = [known for known, count in slips.items() if count <= _allowed(_letters(known))]
    return min(near, key=slips.__getitem__, default=None)


def _allowed(letters: str) -> int:
    return max((slips for length, slips in _SLIPS.items() if length <= len(letters)), default=0)


def _slips(name: str, known: str) -> int:
    """Count the letters that have no equal in the other name, in the same order; two that are swapped count once."""
    # a ratio, as difflib has it, asks more of short names than of long ones
    blocks = difflib.SequenceMatcher(None, name, known, autojunk=False).get_matching_blocks()
    return max(len(name), len(known)) - sum(block.size for block in blocks)


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))
