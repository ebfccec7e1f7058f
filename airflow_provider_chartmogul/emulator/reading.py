"""Reads the fields of a request body and gathers what is wrong with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import dates, geo

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

BLANK = "can't be blank"

_DIGITS = re.compile(r"-?[0-9]{1,19}")
_TOO_MUCH = 2**63


class Reader:
    """One record of a request.

    :param record: the JSON object; keys nobody asks for are ignored, null counts as absent.
    :ivar errors: field -> sentence, filled while reading.
    """

    def __init__(self, record: Mapping[str, Any]) -> None:
        self._record = record
        self.errors: dict[str, str] = {}

    def has(self, name: str) -> bool:
        """Tell whether a field was sent."""
        return self._record.get(name) is not None

    def fail(self, name: str, sentence: str) -> None:
        """Note what is wrong with a field; the first sentence stays."""
        self.errors.setdefault(name, sentence)

    def require(self, *names: str) -> None:
        """Note the fields that are absent or empty."""
        for name in names:
            if self._record.get(name) in (None, ""):
                self.fail(name, BLANK)

    def text(self, name: str) -> str | None:
        """Read a string; numbers are taken as their digits."""
        value = self._record.get(name)
        if isinstance(value, (dict, list, bool)):
            self.fail(name, "is invalid")
            return None
        return None if value is None else str(value)

    def integer(self, name: str, default: int | None = None) -> int | None:
        """Read an integer, also from its digits as text."""
        value = self._record.get(name)
        if value is None:
            return default
        if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail(name, "is not a number")
            return default
        if abs(value) >= _TOO_MUCH:
            self.fail(name, "is out of range")
            return default
        return value

    def number(self, name: str) -> int:
        """Read an integer whose default is 0."""
        return self.integer(name) or 0

    def currency(self, name: str) -> str | None:
        """Read the code of a currency."""
        code = self.text(name)
        if code and code not in geo.CURRENCIES:
            self.fail(name, "Currency is invalid")
        return code

    def flag(self, name: str) -> bool:
        """Read a boolean whose default is false; as text in any case."""
        return str(self._record.get(name)).lower() == "true"

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        """Read one of a set of words."""
        value = self._record.get(name)
        if value is not None and value not in allowed:
            self.fail(name, "is not included in the list")
            return None
        return value

    def moment(self, name: str) -> datetime | None:
        """Read a date or timestamp in one of the accepted forms."""
        value = self._record.get(name)
        if value in (None, ""):
            return None
        try:
            return dates.parse(value)
        except ValueError:
            self.fail(name, "is invalid")
            return None

    def records(self, name: str) -> list[dict[str, Any]]:
        """Read a list of objects."""
        value = self._record.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fail(name, "is invalid")
            return []
        return value
