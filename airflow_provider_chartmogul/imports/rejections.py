"""What is wrong with records, as it is told to people."""

from __future__ import annotations

import itertools
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN: Final = 5
"""How many sorts of problems an error's text holds."""

# the index of a part in a field; which other record is meant
_NUMBERS: Final = re.compile(r"\[\d+\]|, in (?:\w+ )?record \d+.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rejection:
    """One thing that is wrong with one record.

    :param kind: kind of the bad record, also of one within another.
    :param position: of the input record, counted from 1 among those of its kind.
    :param external_id: external id of the bad record, or None where it has none.
    :param customer: external id of the customer it belongs to, or None.
    :param field: the field at fault; empty where it is none.
    :param message: what is wrong, without quoting the value.
    :param place: where the input record stands in its source, or empty.
    :param input_kind: kind of the input record.
    :param retryable: whether the same record may do another time.
    """

    kind: str
    position: int
    external_id: str | None
    customer: str | None
    field: str
    message: str
    place: str = ""
    input_kind: str = ""
    retryable: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the rejection as plain JSON."""
        row = asdict(self)
        del row["input_kind"]
        return row

    @property
    def where(self) -> str:
        """The record that it is about, for people."""
        # records that are given inline have no place but their position
        place = f" ({self.place})" if self.place not in ("", f"record {self.position}") else ""
        named = f" {self.external_id!r}" if self.external_id else ""
        return f"{self.input_kind or self.kind} record {self.position}{place}{named}"

    def __str__(self) -> str:
        fault = f" {self.field}" if self.field else ""
        return f"{self.where}:{fault} {self.message}"


@dataclass(slots=True)
class Sort:
    """Problems that are alike: of the same kind, field and message, whichever part or other record is meant.

    :param first: the first of them.
    :param count: how many there are.
    """

    first: Rejection
    count: int

    def __str__(self) -> str:
        if self.count == 1:
            return str(self.first)
        kind, field = self.first.input_kind or self.first.kind, unnumbered(self.first.field)
        fault = f"{kind}.{field}" if field else f"{kind}:"
        return f"{self.count} x {fault} {unnumbered(self.first.message)}, first in {self.first.where}"


def unnumbered(text: str) -> str:
    """Return a field or a message without what tells it from those of the same sort."""
    return _NUMBERS.sub("", text)


def sorts_of(problems: Iterable[Rejection]) -> list[Sort]:
    """Return the sorts of some problems, the most frequent first."""
    found: dict[tuple[str, ...], Sort] = {}
    for problem in problems:
        key = problem.input_kind, problem.kind, unnumbered(problem.field), unnumbered(problem.message)
        found.setdefault(key, Sort(problem, 0)).count += 1
    return sorted(found.values(), key=lambda sort: -sort.count)


def summarised(sorts: Iterable[Sort], held_back: int = 0) -> str:
    """Return a sentence with the first sorts of problems, and how many there are besides.

    :param sorts: causes only.
    :param held_back: how many records have failed only because others have.
    """
    rest = iter(sorts)
    told = [str(sort) for sort in itertools.islice(rest, _SHOWN)]
    if more := sum(1 for _ in rest):
        told.append(f"and {more} more sorts" if more > 1 else "and 1 more sort")
    if held_back:
        told.append(
            f"{held_back} others are held back with them" if held_back > 1 else "1 other is held back with them"
        )
    return "; ".join(told)
