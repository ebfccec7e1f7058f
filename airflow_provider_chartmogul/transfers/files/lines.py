"""Files of text in UTF-8, a line for each row: JSON Lines and CSV.

Half of a surrogate pair, of which UTF-8 knows nothing, is written as JSON escapes it: ``\\ud83d``.
"""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import IO, TYPE_CHECKING, Any

from airflow_provider_chartmogul.files import gzipped
from airflow_provider_chartmogul.streams.columns import BOOLEAN, DATE, DECIMAL, INTEGER, JSON, STRING, TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from airflow_provider_chartmogul.streams.columns import Column, ColumnType
    from airflow_provider_chartmogul.streams.model import Row

    Cell = Callable[[Any], str]


def _iso(value: date) -> str:
    return value.isoformat().replace("+00:00", "Z")


def _in_quotes(cell: Cell) -> Cell:
    return lambda value: f'"{cell(value)}"'


def _escaped_for_csv(text: str) -> str:
    return text.replace('"', '""')


_BARE: dict[ColumnType, Cell] = {
    INTEGER: str,
    # as it was read, but never with an exponent
    DECIMAL: "{:f}".format,
    BOOLEAN: lambda value: "true" if value else "false",
    TIMESTAMP: _iso,
    DATE: _iso,
    JSON: str,
}
_IN_JSON = _BARE | {
    STRING: encode_basestring,
    TIMESTAMP: _in_quotes(_iso),
    DATE: _in_quotes(_iso),
}
_IN_CSV = _BARE | {STRING: _in_quotes(_escaped_for_csv), JSON: _in_quotes(_escaped_for_csv)}


class JsonLinesCodec:
    """JSON Lines: an object for each row, with all columns in their order.

    Instants and days are ISO 8601 text, instants with ``Z``. Numbers keep the digits that they were read with. What is
    JSON in a database is nested here as it is, and not as text.

    :param packed: pack the file with gzip.
    """

    def __init__(self, columns: Sequence[Column], *, packed: bool) -> None:
        # names of columns need no escaping
        self._cells = [(column.name, f'"{column.name}":', _IN_JSON[column.type]) for column in columns]
        self._packed = packed

    def encode(self, rows: Sequence[Row]) -> bytes:
        """Return rows as lines."""
        cells = [
            [prefix + ("null" if (value := row[name]) is None else cell(value)) for row in rows]
            for name, prefix, cell in self._cells
        ]
        return _encoded("{" + ",".join(line) + "}\n" for line in zip(*cells, strict=True))

    def writer(self, sink: IO[bytes]) -> LinesWriter:
        """Begin a file."""
        return PackedLinesWriter(sink) if self._packed else LinesWriter(sink)


class CsvCodec:
    """CSV as of RFC 4180, always with a header.

    Null is an empty field without quotes. Texts, JSON among them, are always in quotes, so that empty text is none.
    Instants and days are as ISO 8601 has them, instants with ``Z``; booleans are ``true`` and ``false``.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._cells = [(column.name, _IN_CSV[column.type]) for column in columns]
        self._header = _encoded([",".join(column.name for column in columns) + "\r\n"])

    def encode(self, rows: Sequence[Row]) -> bytes:
        """Return rows as lines."""
        cells = [["" if (value := row[name]) is None else cell(value) for row in rows] for name, cell in self._cells]
        return _encoded(",".join(line) + "\r\n" for line in zip(*cells, strict=True))

    def writer(self, sink: IO[bytes]) -> LinesWriter:
        """Begin a file with the header."""
        writer = LinesWriter(sink)
        writer.add(self._header)
        return writer


def _encoded(lines: Iterable[str]) -> bytes:
    return "".join(lines).encode(errors="backslashreplace")


class LinesWriter:
    """A file of lines."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink

    def add(self, payload: bytes) -> None:
        """Append lines."""
        self._sink.write(payload)

    def close(self) -> None:
        """Do nothing: the file is complete."""


class PackedLinesWriter(LinesWriter):
    """A file of lines, packed with gzip."""

    def __init__(self, sink: IO[bytes]) -> None:
        super().__init__(gzipped(sink))

    def close(self) -> None:
        """Pack what is left."""
        self._sink.close()
