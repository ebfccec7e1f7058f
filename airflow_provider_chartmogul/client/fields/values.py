"""What is wrong with a single value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_chartmogul.client.fields.currencies import CURRENCIES
from airflow_provider_chartmogul.client.fields.dates import instant, is_future

_NO_DATE = "must be a date such as 2026-03-01 or 2026-03-01T00:00:00Z"
Check = Callable[[Any], str | None]
"""Takes a value that is not None and returns what is wrong with it, without quoting it, or None."""

_COUNTRY = re.compile(r"[A-Za-z]{2}")
_ATTRIBUTE_KEY = re.compile(r"[A-Za-z0-9_]+")
_ACCOUNT_CODE = re.compile(r"[A-Za-z0-9]{0,30}")


def anything(value: Any) -> str | None:
    """Accept every value whose text, however deep, databases can store and UTF-8 can write."""
    try:
        return _unstorable(value)
    except RecursionError:
        return "must not be nested so deep"


def _unstorable(value: Any) -> str | None:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return _unstorable([*value.keys(), *value.values()])
    if isinstance(value, list | tuple):
        return next(filter(None, map(_unstorable, value)), None)
    return None


def text(value: Any) -> str | None:
    """Want a string that databases can store and UTF-8 can write."""
    if not isinstance(value, str):
        return "must be text"
    if "\0" in value:
        return "must not hold a null byte"
    return None if value.isascii() or _has_pairs_only(value) else "must not hold an unpaired surrogate"


def _has_pairs_only(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def text_up_to(length: int) -> Check:
    """Want a string of at most so many characters."""

    def check(value: Any) -> str | None:
        return text(value) or (None if len(value) <= length else f"must be at most {length} characters")

    return check


def integer(value: Any) -> str | None:
    """Want an integer (cents, counts), be it written as 100.0; True is none."""
    if type(value) is int:
        return None
    whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1
    return None if whole else "must be an integer"


def positive(value: Any) -> str | None:
    """Want an integer above zero."""
    return integer(value) or (None if value > 0 else "must be above 0")


def not_negative(value: Any) -> str | None:
    """Want an integer of at least zero."""
    return integer(value) or (None if value >= 0 else "must not be negative")


def not_zero(value: Any) -> str | None:
    """Want an integer other than zero."""
    return integer(value) or (None if value else "must not be 0")


def percentage(value: Any) -> str | None:
    """Want an integer from 0 to 100."""
    return integer(value) or (None if 0 <= value <= 100 else "must be between 0 and 100")


def number_like(value: Any) -> str | None:
    """Want an integer, or a number written as text (events take both)."""
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return None
    return integer(value)


def boolean(value: Any) -> str | None:
    """Want true or false."""
    return None if isinstance(value, bool) else "must be true or false"


def timestamp(value: Any) -> str | None:
    """Want a date or time in a form that the API reads."""
    return _NO_DATE if instant(value) is None else None


def past(value: Any) -> str | None:
    """Want the same, and not in the future."""
    moment = instant(value)
    if moment is None:
        return _NO_DATE
    return "must not be in the future" if is_future(moment) else None


def currency(value: Any) -> str | None:
    """Want the code of a currency."""
    known = isinstance(value, str) and value in CURRENCIES
    return None if known else "must be an ISO 4217 code such as EUR"


def account_code(value: Any) -> str | None:
    """Want the code of an account in a general ledger, or an empty text."""
    shaped = isinstance(value, str) and _ACCOUNT_CODE.fullmatch(value)
    return None if shaped else "must be at most 30 letters and digits"


def country(value: Any) -> str | None:
    """Want two letters."""
    shaped = isinstance(value, str) and _COUNTRY.fullmatch(value)
    return None if shaped else "must be a code of two letters such as DE"


def attribute_key(value: Any) -> str | None:
    """Want letters, digits and underscores."""
    shaped = isinstance(value, str) and _ATTRIBUTE_KEY.fullmatch(value)
    return None if shaped else "must consist of letters, digits and underscores"


def one_of(*allowed: str) -> Check:
    """Want one of these words."""

    def check(value: Any) -> str | None:
        return None if value in allowed else f"must be one of {', '.join(allowed)}"

    return check


def or_empty(check: Check) -> Check:
    """Want the same, or an empty text."""

    def relaxed(value: Any) -> str | None:
        return None if value == "" else check(value)

    return relaxed


def mapping(value: Any) -> str | None:
    """Want an object."""
    return None if isinstance(value, Mapping) else "must be an object"


def mapping_or_records(value: Any) -> str | None:
    """Want an object, or a list of objects."""
    if isinstance(value, Mapping):
        return anything(value)
    return "must be an object or a list of objects" if records(value) else None


def records(value: Any) -> str | None:
    """Want a list of objects."""
    shaped = isinstance(value, list | tuple) and all(isinstance(item, Mapping) for item in value)
    return None if shaped else "must be a list of objects"


def list_of(check: Check) -> Check:
    """Want a list whose items are each as the check wants them."""

    def check_all(value: Any) -> str | None:
        if not isinstance(value, list | tuple):
            return "must be a list"
        complaints = ((position, check(item)) for position, item in enumerate(value))
        return next((f"[{position}] {complaint}" for position, complaint in complaints if complaint), None)

    return check_all


def at_least(least: int, check: Check, what: str) -> Check:
    """Want the same, and so many items.

    :param what: the sentence's end, such as ``one line item``.
    """

    def check_enough(value: Any) -> str | None:
        return check(value) or (None if len(value) >= least else f"must hold at least {what}")

    return check_enough
