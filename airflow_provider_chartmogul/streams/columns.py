"""Columns of a stream's tables, and how a JSON value of the API becomes a value of a column."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.moments import as_utc

if TYPE_CHECKING:
    from collections.abc import Callable


class ColumnType(StrEnum):
    """What a column holds, independent of any database.

    Money is ``INTEGER``: cents of the account's (on invoices: the invoice's) currency. ``DECIMAL`` is for rates in
    per cent and for lifetime values. ``TIMESTAMP`` is an instant in UTC. ``JSON`` is JSON text.
    """

    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    DATE = "date"
    JSON = "json"


STRING, INTEGER, DECIMAL, BOOLEAN = ColumnType.STRING, ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.BOOLEAN
TIMESTAMP, DATE, JSON = ColumnType.TIMESTAMP, ColumnType.DATE, ColumnType.JSON


def column_name(api_field: str) -> str:
    """Return the column of an API field: ``customer-since`` becomes ``customer_since``, all else stays as it is."""
    return api_field.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    :param api_field: the field as the API spells it; ``name`` is its form without hyphens.
    :param type: what it holds.
    """

    api_field: str
    type: ColumnType
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", column_name(self.api_field))

    def parse(self, value: Any) -> Any:
        """Turn a JSON value into a Python value of this column's type; ``None`` stays ``None``.

        :raises ValueError: the value is of another kind. The text does not quote it.
        """
        if value is None:
            return None
        try:
            return PARSERS[self.type](value)
        except UNFIT:
            raise ValueError(f"field {self.api_field!r} does not hold a {self.type}") from None


def _string(value: Any) -> str:
    if type(value) is str:
        return value
    if isinstance(value, (dict, list)):
        raise TypeError
    return json.dumps(value)


def _integer(value: Any) -> int:
    if type(value) is int:
        return value
    # some bodies spell whole numbers with a decimal point
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise TypeError
    return int(value)


def _decimal(value: Any) -> Decimal:
    # through text, so that 2.92 stays 2.92
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError
    return number


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _timestamp(value: Any) -> datetime:
    # nearly all are in UTC and of a form that needs no closer look
    if type(value) is str and value[10:11] == "T" and (moment := datetime.fromisoformat(value)).tzinfo is UTC:
        return moment
    return as_utc(_string(value))


# made once: json.dumps would make one for each value
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def json_text(value: Any) -> str:
    """Return compact JSON with the characters as they are."""
    return _ENCODER.encode(value)


PARSERS: dict[ColumnType, Callable[[Any], Any]] = {
    STRING: _string,
    INTEGER: _integer,
    DECIMAL: _decimal,
    BOOLEAN: _boolean,
    TIMESTAMP: _timestamp,
    DATE: date.fromisoformat,
    JSON: json_text,
}

"""How a JSON value that is not null becomes a value of a column of each type."""

FIT: dict[ColumnType, type] = {STRING: str, INTEGER: int, BOOLEAN: bool}
"""Types of JSON values that are values of a column as they are; most are."""

UNFIT = (TypeError, ValueError, ArithmeticError)
"""What a parser raises for a value of another kind."""


def number(text: str) -> int | float | str | None:
    """Return the number that a text spells, null of an empty one; other text stays, for the column to refuse it."""
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text or None


def columns(kind: ColumnType, *api_fields: str) -> tuple[Column, ...]:
    """Return several columns of one type."""
    return tuple(Column(api_field, kind) for api_field in api_fields)
