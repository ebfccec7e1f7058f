"""Custom attributes: types are defined once per account (``/reference/customers/attributes``)."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import dates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_chartmogul.emulator.store.ledger import Ledger

TYPES = ("String", "Integer", "Decimal", "Timestamp", "Boolean")
_TRUE, _FALSE = ("TRUE", "true", "t", "1"), ("FALSE", "false", "f", "0")


class AttributeValueError(ValueError):
    """A value or key that cannot be taken, with the key it belongs to."""

    def __init__(self, key: str, sentence: str) -> None:
        super().__init__(f"{key} {sentence}")
        self.key = key
        self.sentence = sentence


def typed(ledger: Ledger, attributes: Sequence[Any]) -> dict[str, Any]:
    """Read the array form; keys the account has never seen are defined with the given type.

    :return: key -> value as it is read back.
    :raises AttributeValueError: for a bad key, type or value; nothing is defined then.
    """
    values: dict[str, Any] = {}
    defined: dict[str, str] = {}
    for attribute in attributes:
        entry = attribute if isinstance(attribute, dict) else {}
        key, kind = str(entry.get("key", "")), str(entry.get("type", ""))
        if not re.fullmatch(r"[A-Za-z0-9_]+", key):
            raise AttributeValueError(key or "key", "may hold letters, digits and underscores only")
        known = defined.get(key) or ledger.attribute_types.get(key, kind)
        if kind not in TYPES or not (known == kind or (known == "Decimal" and kind == "Integer")):
            raise AttributeValueError(key, f"is not an attribute of type {kind}")
        defined[key] = known
        values[key] = _value(key, known, entry.get("value"))
    ledger.attribute_types.update(defined)
    return values


def untyped(ledger: Ledger, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Read the map form; values are bare or ``{value, source}``, keys must be defined.

    :raises AttributeValueError: for an unknown key or a bad value.
    """
    values = {}
    for key, given in attributes.items():
        if key not in ledger.attribute_types:
            raise AttributeValueError(key, "is not a custom attribute of this account")
        bare = given.get("value") if isinstance(given, dict) else given
        values[key] = _value(key, ledger.attribute_types[key], bare)
    return values


def _value(key: str, kind: str, value: Any) -> Any:
    try:
        if kind == "Boolean":
            return _boolean(value)
        if kind == "Timestamp":
            return dates.millis(dates.parse(value))
        if isinstance(value, bool) or value is None or isinstance(value, (dict, list)):
            raise ValueError
        if kind == "Integer":
            return int(str(value))
        if kind == "Decimal":
            return _decimal(value)
    except (ValueError, OverflowError) as error:
        raise AttributeValueError(key, f"is not a {kind}") from error
    if len(str(value)) > 255:
        raise AttributeValueError(key, "is longer than 255 characters")
    return str(value)


def _decimal(value: Any) -> float:
    if not math.isfinite(float(value)):
        raise ValueError
    return value if isinstance(value, (int, float)) else float(value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value) not in (*_TRUE, *_FALSE):
        raise ValueError
    return str(value) in _TRUE
