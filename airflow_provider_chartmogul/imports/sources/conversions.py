"""Make values of the API of what other systems write. Each raises ``ValueError`` for what it cannot read."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from airflow_provider_chartmogul.imports.sources.json_lines import parse_json
from airflow_provider_chartmogul.moments import as_text, as_utc

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client.fields import Fields

Convert = Callable[[Any], Any]

_DECIMAL: Final = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_INTEGER: Final = re.compile(r"[+-]?\d+(\.0+)?", re.ASCII)
_DIGITS: Final = re.compile(r"-?\d{1,18}", re.ASCII)
_ZONED: Final = re.compile(r"(Z|UTC|[+-]\d\d(:?\d\d)*)$")
_TRUTH: Final = {
    **dict.fromkeys(("true", "yes", "y", "t", "1"), True),
    **dict.fromkeys(("false", "no", "n", "f", "0"), False),
}
_EXACT: Final = Context(prec=60, traps=[Inexact])
_OF_TIMES: Final = re.compile(r"%-?[HIMSfcXs]")


def cents(value: Any) -> int:
    """Read units of a currency: ``"12.50"`` is 1250. Nothing is rounded, and no separator of thousands is guessed."""
    number = _EXACT.scaleb(_decimal(value), 2)
    whole = int(number)
    if whole != number:
        raise ValueError("has parts of a cent")
    return whole


def integer(value: Any) -> int:
    """Read a whole number, be it written as ``5.0``."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = _EXACT.plus(_decimal(value, _INTEGER))
    whole = int(number)
    if whole != number:
        raise ValueError("is not whole")
    return whole


def boolean(value: Any) -> bool:
    """Read a truth value, also of the words and digits that stand for one."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        found = _TRUTH.get(value.strip().lower())
        if found is not None:
            return found
    elif isinstance(value, int | float | Decimal) and value in (0, 1):
        return bool(value)
    raise ValueError("is no truth value")


def text(value: Any) -> str:
    """Write a single value as text; a whole number without decimals."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return as_text(value)
    if isinstance(value, int | float | Decimal):
        return str(int(value)) if value == int(value) else str(value)
    raise ValueError("is no single value")


def json(value: Any) -> Any:
    """Read text that holds JSON; what is a list or dict already stays."""
    if isinstance(value, dict | list):
        return value
    if not isinstance(value, str):
        raise ValueError("is no text")
    return parse_json(value)


def date_reader(form: str | None, timezone: str | None) -> Convert:
    """Return what reads dates and times, as text that the API reads: times in UTC, days as days.

    :param form: of text, as ``strptime`` knows it; ``None`` stands for what the API reads itself.
    :param timezone: of times that name none; ``None`` stands for UTC. A day is the same in all.
    """
    zone = ZoneInfo(timezone) if timezone else UTC

    def instant(moment: datetime) -> str:
        return as_text((moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC))

    @functools.lru_cache(maxsize=4096)
    def of_text(value: str) -> str:
        if form is not None:
            moment = datetime.strptime(value, form)  # noqa: DTZ007 - instant() gives it its zone
            return instant(moment) if _OF_TIMES.search(form) else moment.date().isoformat()
        moment = as_utc(value)
        if len(value) == len("2026-03-01"):
            return value
        return instant(moment if _ZONED.search(value) else moment.replace(tzinfo=None))

    def read(value: Any) -> str:
        if isinstance(value, datetime):
            return instant(value)
        if isinstance(value, date):
            return value.isoformat()
        if form is not None and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise ValueError("is no date")
        return of_text(value.strip())

    return read


CONVERSIONS: Final[Mapping[str, Callable[[str | None, str | None], Convert]]] = {
    "cents": lambda *_: cents,
    "integer": lambda *_: integer,
    "boolean": lambda *_: boolean,
    "text": lambda *_: text,
    "date": date_reader,
    "json": lambda *_: json,
}
"""What makes each conversion, given ``format`` and ``timezone``."""


_READABLE: Final = {
    "cents": "a number such as 49.90 without more than two decimals",
    "integer": "a whole number such as 5 or 5.0",
    "boolean": "true, false, yes, no, y, n, t, f, 1, 0",
    "text": "a single value",
    "date": "a date such as 2026-03-01 or 2026-03-01T09:30:00Z; others need a format",
    "json": "JSON",
}


def readable(name: str, form: str | None = None) -> str:
    """Return what a conversion can read, for people.

    :param name: one of :data:`CONVERSIONS`.
    :param form: of dates, if there is one.
    """
    return f"text in the format {form}" if name == "date" and form else _READABLE[name]


def typed_text(fields: Fields) -> dict[str, Callable[[str], Any]]:
    """Return what reads numbers and truth values that are written as text, by field.

    What is not one stays as it is, and so does what has decimals: of ``12.00`` nobody knows whether it is cents.
    """
    return {name: read for name, check in fields.checks.items() if (read := _read_typed(check))}


def _read_typed(check: Callable[[Any], str | None]) -> Callable[[str], Any] | None:
    if check("word") is None:
        return None
    if check(1) is None:
        return lambda value: int(value) if _DIGITS.fullmatch(value) else value
    if check(True) is None:
        return lambda value: _TRUTH.get(value.strip().lower(), value)
    return None


def _decimal(value: Any, form: re.Pattern[str] = _DECIMAL) -> Decimal:
    if isinstance(value, bool):
        raise ValueError("is no number")
    if isinstance(value, int | Decimal):
        return Decimal(value)
    written = repr(value) if isinstance(value, float) else value
    if not isinstance(written, str):
        raise ValueError("is no number")
    if isinstance(value, str):
        written = written.strip()
        if not form.fullmatch(written):
            raise ValueError("is no number")
    return Decimal(written)
