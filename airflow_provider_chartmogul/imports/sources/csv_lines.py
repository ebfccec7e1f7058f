"""Read CSV in which some lines may be bad."""

from __future__ import annotations

import csv
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from airflow_provider_chartmogul.imports.sources.json_lines import BOM, as_shown
from airflow_provider_chartmogul.imports.sources.rows import Row, UnfitSourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_chartmogul.imports.sources.rows import Columns

_LONGEST_CELL: Final = 16 * 2**20
"""The module's own limit is shorter than a customer's history; more than this follows a quote that is not closed."""


def read_csv(lines: Iterable[bytes], name: str, columns: Columns) -> Iterator[Row]:
    """Yield a row for each line, or for each several lines that quotes hold together; blank lines are skipped.

    :param lines: the first holds the names of the columns.
    :param name: what to call the file.
    :raises UnfitSourceError: the names of the columns cannot be used.
    """
    table = _Table(lines)
    header = _header(table, name, columns)
    picked = [
        (position, column, columns.typed.get(column))
        for position, column in enumerate(header.cells)
        if column in header.chosen
    ]
    for line in table:
        place = f"{name}, line {line.number}"
        fault = line.fault or _miscounted(line.cells, header.cells)
        if fault:
            yield Row(None, place, (("", fault),), as_shown(line.raw))
            continue
        record: dict[str, Any] = {}
        for position, column, read in picked:
            cell = line.cells[position] or None
            record[column] = read(cell) if read is not None and cell is not None else cell
        yield Row(record, place)


def check_csv(lines: Iterable[bytes], name: str, columns: Columns) -> None:
    """Refuse a file whose columns cannot be used; arguments and errors are those of :func:`read_csv`."""
    _header(_Table(lines), name, columns)


class _Header(NamedTuple):
    cells: list[str]
    chosen: frozenset[str]


def _header(table: _Table, name: str, columns: Columns) -> _Header:
    first = next(table, None)
    if first is None:
        return _Header([], frozenset())
    if first.fault:
        raise UnfitSourceError(f"{name}: the header {first.fault}")
    return _Header(first.cells, frozenset(columns.chosen(first.cells, name)))


def _miscounted(cells: list[str], header: list[str]) -> str:
    return f"has {len(cells)} cells, the header has {len(header)}" if len(cells) != len(header) else ""


class _Line:
    """Cells, what stood there, the number of the (first) line, and what is wrong with it, if anything is."""

    __slots__ = ("cells", "fault", "number", "raw")

    def __init__(self, cells: list[str], raw: bytes, number: int, fault: str) -> None:
        self.cells = cells
        self.raw = raw
        self.number = number
        self.fault = fault


class _Table:
    """An iterator of lines, cut into cells.

    A quote that is not closed takes many lines with it: only the first of these counts as bad, and what follows is
    read anew.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
        self._lines = iter(lines)
        self._returned: deque[bytes] = deque()
        self._taken: list[bytes] = []
        self._fault = ""
        self._number = 1
        self._reader = csv.reader(self._texts(), strict=True)

    def __iter__(self) -> Iterator[_Line]:
        return self

    def __next__(self) -> _Line:
        while True:
            try:
                cells = next(self._reader)
            except csv.Error:
                return self._first_taken()
            line = _Line(cells, b"".join(self._taken), self._number, self._fault)
            self._settle()
            if cells:
                return line

    def _texts(self) -> Iterator[str]:
        return _Texts(self._next_text)

    def _next_text(self) -> str:
        raw = self._returned.popleft() if self._returned else next(self._lines)
        if self._number == 1 and not self._taken:
            raw = raw.removeprefix(BOM)
        self._taken.append(raw)
        if b"\0" in raw:
            self._fault = "holds a NUL byte"
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self._fault = "is not UTF-8"
            return raw.decode(errors="backslashreplace")

    def _first_taken(self) -> _Line:
        first, *others = self._taken
        self._returned.extendleft(reversed(others))
        self._taken = [first]
        line = _Line([], first, self._number, "is no CSV: a quote is not closed, or is followed by text")
        self._settle()
        return line

    def _settle(self) -> None:
        self._number += len(self._taken)
        self._taken = []
        self._fault = ""


class _Texts:
    """An iterator that goes on after its end if there is more to read by then."""

    def __init__(self, read: Any) -> None:
        self._read = read

    def __iter__(self) -> _Texts:
        return self

    def __next__(self) -> str:
        text: str = self._read()
        return text
