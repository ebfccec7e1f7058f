"""What a reader makes of each place of a source, before it is mapped to fields of the API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class UnfitSourceError(ValueError):
    """A source cannot be read as it is; the text never quotes a value."""


class Row(NamedTuple):
    """What stands in one place.

    :param record: a value for each column; ``None`` where nothing could be read.
    :param place: for people: ``invoices.jsonl, line 12``.
    :param faults: pairs of column and message; the column is empty where it is the whole.
    :param text: what stood there, as far as it can be shown, where nothing could be read.
    """

    record: Any
    place: str
    faults: tuple[tuple[str, str], ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns are read, and how.

    :param needed: those that a mapping names; ``None`` stands for all.
    :param typed: columns of text, each with what makes a number or truth value of it where it is one.
    """

    needed: frozenset[str] | None = None
    typed: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)

    def chosen(self, found: Sequence[str], where: str) -> list[str]:
        """Return the columns to read, of those that a source has.

        :param where: names the source in errors.
        :raises UnfitSourceError: two have the same name, or one that a mapping names is not there.
        """
        if repeated := [name for name, count in Counter(found).items() if count > 1]:
            raise UnfitSourceError(f"{where} has more than one column {_listed(repeated)}")
        if self.needed is None:
            return list(found)
        if missing := sorted(self.needed.difference(found)):
            raise UnfitSourceError(
                f"{where} has no column {_listed(missing)}, which mapping names; it has {_listed(found)}"
            )
        return [name for name in found if name in self.needed]


Reader = Callable[[Columns], Generator[Row, None, None]]
"""Reads a source from its beginning."""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "none"
