"""What the fields of contacts, notes, tasks and opportunities may hold.

A check takes the JSON value that was sent and returns what is stored. It raises ``TypeError`` for a value of another
JSON type than the reference names (answered with 400), and ``ValueError`` for one that is understood but refused (422).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import dates, geo

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    Check = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind of record.

    :param check: reads what was sent.
    :param default: what a new record has when nothing was sent.
    :param required: must be sent for a new record.
    :param fixed: cannot be changed; an update may name it, to no effect.
    """

    check: Check
    default: Any = None
    required: bool = False
    fixed: bool = False


def text(value: Any) -> str:
    """Read any text."""
    if not isinstance(value, str):
        raise TypeError("must be a string")
    return value


def optional(value: Any) -> str | None:
    """Read text, or null; empty text is null, too."""
    return None if value is None else text(value) or None


def filled(limit: int | None = None) -> Check:
    """Read text that says something, of at most ``limit`` characters."""

    def check(value: Any) -> str:
        if not text(value).strip():
            raise ValueError("can't be blank")
        if limit is not None and len(value) > limit:
            raise ValueError(f"is too long (maximum is {limit} characters)")
        return text(value)

    return check


def email(value: Any) -> str:
    """Read the e-mail of a user; every one is a user of the emulated account."""
    name, at, domain = text(value).rpartition("@")
    if not (name and at and domain):
        raise ValueError("is invalid")
    return text(value)


def word(*allowed: str) -> Check:
    """Read one of a set of words."""

    def check(value: Any) -> str:
        if text(value) not in allowed:
            raise ValueError("is not included in the list")
        return text(value)

    return check


def integer(least: int | None = None, most: int | None = None) -> Check:
    """Read an integer between two bounds."""

    def check(value: Any) -> int:
        if isinstance(value, float) and value.is_integer():  # JSON knows one kind of number: 5.0 is an integer
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError("must be an integer")
        if least is not None and value < least:
            raise ValueError(f"must be greater than or equal to {least}")
        if most is not None and value > most:
            raise ValueError(f"must be less than or equal to {most}")
        return value

    return check


def moment(value: Any) -> datetime:
    """Read a date or timestamp."""
    try:
        return dates.parse(text(value))
    except ValueError as error:
        raise ValueError("is invalid") from error


def day(value: Any) -> str:
    """Read a date, or the UTC date of a timestamp; it is shown without a time."""
    return moment(value).date().isoformat()


def currency(value: Any) -> str:
    """Read the code of a currency."""
    if text(value) not in geo.CURRENCIES:
        raise ValueError("is invalid")
    return text(value)


def nullable(check: Check) -> Check:
    """Let null take the value of a field away."""
    return lambda value: None if value is None else check(value)


def key_values(value: Any) -> dict[str, Any]:
    """Read custom attributes: an array of ``{key, value}``; the types of the account are looked at later."""
    if not isinstance(value, list):
        raise TypeError("must be an array")
    for item in value:
        if not isinstance(item, dict) or "value" not in item or not isinstance(item.get("key"), str):
            raise TypeError("must hold objects with key and value")
    return {item["key"]: item["value"] for item in value}
