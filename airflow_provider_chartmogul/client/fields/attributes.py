"""Tags and typed custom attributes as people and templates write them, made into what ChartMogul takes.

Messages name the place and the type but never the value, which may be personal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from airflow_provider_chartmogul.client.fields.values import anything, attribute_key, text
from airflow_provider_chartmogul.moments import as_text

MAX_STRING = 255
_FIELDS = {"type", "key", "value", "source"}
_TRUTH = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


def checked_tags(tags: Any) -> list[str]:
    """Return tags as a list.

    :raises ValueError: not a list, an empty one, or one with something else than text in it.
    """
    return _texts("tags", tags, "tag")


def checked_attributes(attributes: Any) -> list[dict[str, Any]]:
    """Return typed attributes with values of their types; text that stands for a number or a truth value is read.

    :param attributes: mappings with ``type``, ``key``, ``value`` and perhaps ``source``.
    :raises ValueError: names position and field of what cannot be taken.
    """
    if not _is_list(attributes):
        raise ValueError("custom_attributes must be a list with at least one attribute")
    return [_attribute(f"custom_attributes[{position}]", attribute) for position, attribute in enumerate(attributes)]


def checked_values(values: Any) -> dict[str, Any]:
    """Return values of attributes that the account defines already, by key.

    :param values: key to value, or to a mapping with ``value`` and perhaps ``source``.
    :raises ValueError: no mapping, an empty one, one with a key that cannot be, or with a value that is none.
    """
    if not isinstance(values, Mapping) or not values:
        raise ValueError("custom_attributes must be a mapping of at least one key to its value")
    for key, value in values.items():
        _check_key("each key of custom_attributes", key)
        if isinstance(value, Mapping) and not {"value"} <= value.keys() <= {"value", "source"}:
            raise ValueError(f"custom_attributes.{key} must be a value, or a mapping with value and perhaps source")
        if complaint := anything(value):
            raise ValueError(f"custom_attributes.{key} {complaint}")
    return dict(values)


def checked_keys(keys: Any) -> list[str]:
    """Return keys of attributes as a list.

    :raises ValueError: not a list, an empty one, or one with something else than keys in it.
    """
    return [_check_key(f"keys[{position}]", key) for position, key in enumerate(_texts("keys", keys, "key"))]


def _texts(name: str, values: Any, what: str) -> list[str]:
    if not _is_list(values):
        raise ValueError(f"{name} must be a list with at least one {what}")
    for position, value in enumerate(values):
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{name}[{position}] must be text that is not empty")
        if complaint := text(value):
            raise ValueError(f"{name}[{position}] {complaint}")
    return list(values)


def _check_key(place: str, key: Any) -> str:
    if complaint := attribute_key(key):
        raise ValueError(f"{place} {complaint}")
    return str(key)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes) and len(value) > 0


def _attribute(place: str, attribute: Any) -> dict[str, Any]:
    if not isinstance(attribute, Mapping) or not {"type", "key", "value"} <= attribute.keys() <= _FIELDS:
        raise ValueError(f"{place} must be a mapping with type, key and value, and nothing else but source")
    _check_key(f"{place}.key", attribute["key"])
    if complaint := anything(attribute):
        raise ValueError(f"{place} {complaint}")
    read = READERS.get(str(attribute["type"]))
    if read is None:
        raise ValueError(f"{place}.type must be one of {', '.join(READERS)}")
    try:
        return {**attribute, "value": read(attribute["value"])}
    except (TypeError, ValueError):
        # from None: the cause quotes the value
        raise ValueError(f"{place}.value does not fit type {attribute['type']} of key {attribute['key']}") from None


def _string(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_STRING:
        raise ValueError
    return value


def _integer(value: Any) -> int:
    return int(str(value))


def _decimal(value: Any) -> float:
    number = float(str(value))
    if not math.isfinite(number):
        raise ValueError
    return number


def _boolean(value: Any) -> bool:
    truth = _TRUTH.get(str(value).lower())
    if truth is None:
        raise ValueError
    return truth


READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "String": _string,
    "Integer": _integer,
    "Decimal": _decimal,
    "Timestamp": as_text,
    "Boolean": _boolean,
}
"""The types of custom attributes, each with what makes a value of that type of what was given."""
