"""Read JSON Lines in which some lines may be bad."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.imports.sources.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BOM: Final = b"\xef\xbb\xbf"


class UnfitJsonError(ValueError):
    """JSON that is read by some and refused by others; the text says what is wrong."""


def parse_json(text: str) -> Any:
    """Parse what every reader of JSON takes for the same.

    :raises ValueError: it is not JSON, or (:class:`UnfitJsonError`) it has the same key twice in an object, or a
        number that JSON has not.
    """
    try:
        return _parse(text)
    except RecursionError:
        raise UnfitJsonError("is nested too deeply") from None


def read_json_lines(lines: Iterable[bytes], name: str) -> Iterator[Row]:
    """Yield a row for each line that is not blank.

    :param name: what to call the file.
    """
    for number, line in enumerate(lines, start=1):
        raw = line.removeprefix(BOM) if number == 1 else line
        if not raw.isspace() and raw:
            yield _row(raw, f"{name}, line {number}")


def as_shown(raw: bytes) -> str:
    """Return a line as text for people, and for the file of what was refused."""
    return raw.decode(errors="backslashreplace").rstrip("\r\n")


def _row(raw: bytes, place: str) -> Row:
    try:
        record = parse_json(raw.decode())
    except ValueError as error:
        return Row(None, place, (("", _complaint(raw, error)),), as_shown(raw))
    if not isinstance(record, dict):
        return Row(None, place, (("", "is no JSON object"),), as_shown(raw))
    return Row(record, place)


def _complaint(raw: bytes, error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8"
    if b"\0" in raw:
        return "holds a NUL byte"
    return str(error) if isinstance(error, UnfitJsonError) else "is not JSON"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnfitJsonError("has the same key more than once in an object")
    return found


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise UnfitJsonError("holds a number that is too large")
    return number


def _no_number(_: str) -> Any:
    raise UnfitJsonError("holds NaN or Infinity, which JSON has not")


_parse: Final = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_constant=_no_number).decode
