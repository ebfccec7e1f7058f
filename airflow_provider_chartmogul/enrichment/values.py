"""Values of custom attributes: read by their type, and compared with what ChartMogul has."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from airflow_provider_chartmogul.client.fields.attributes import READERS
from airflow_provider_chartmogul.client.fields.values import text
from airflow_provider_chartmogul.moments import as_utc

TYPES: Final = tuple(READERS)

FITTING: Final = {
    "String": {"String", "Timestamp"},
    "Integer": {"Integer", "Decimal"},
    "Decimal": {"Integer", "Decimal"},
    "Timestamp": {"Timestamp"},
    "Boolean": {"Boolean"},
}
"""Of what kinds values in answers may seem to be, by type: text may look like a moment, and 2 is a decimal as well."""


def read(kind: str, value: Any) -> Any:
    """Return a value of a type as it is sent.

    :param kind: one of :data:`TYPES`.
    :raises ValueError: it is none of this type. Does not quote it.
    :raises TypeError: likewise.
    """
    if kind == "Integer" and isinstance(value, float | Decimal) and value == int(value):
        # a column of whole numbers with a gap is one of floats to many a tool
        return int(value)
    if kind == "Timestamp":
        # in milliseconds, as it comes back: finer it would differ for ever
        return as_utc(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if kind == "String" and text(value):
        raise ValueError
    return READERS[kind](value)


def equal(kind: str, wanted: Any, there: Any) -> bool:
    """Tell whether a value that was read by its type is the one that ChartMogul has.

    :param there: as an answer holds it.
    """
    if not fits(kind, there):
        return False
    if kind == "Timestamp":
        return as_utc(wanted) == as_utc(there)
    return bool(wanted == there)


def fits(kind: str, there: Any) -> bool:
    """Tell whether a value of an answer may be one of an attribute of this type."""
    return seeming(there) in FITTING[kind]


def seeming(there: Any) -> str | None:
    """Return the type that a value of an answer seems to have, or ``None`` if it is of none."""
    if isinstance(there, str):
        return "Timestamp" if _is_moment(there) else "String"
    return {bool: "Boolean", int: "Integer", float: "Decimal"}.get(type(there))


def _is_moment(text: str) -> bool:
    try:
        as_utc(text)
    except (ValueError, OverflowError):
        return False
    return True
