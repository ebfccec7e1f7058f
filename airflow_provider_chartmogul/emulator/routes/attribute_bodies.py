"""Reads custom attributes from the bodies of requests: those of customers, subscriptions and subscription sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import errors
from airflow_provider_chartmogul.emulator.store import custom_attributes

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.http import Call


def read_array(call: Call) -> dict[str, Any]:
    """Read the ``custom`` of a POST: an array of typed values; new keys are defined for the account.

    :raises ApiError: 400 without a filled array, 422 for a key, type or value that is refused.
    """
    try:
        return custom_attributes.typed(call.ledger, read_list(call, "custom"))
    except custom_attributes.AttributeValueError as error:
        raise errors.coded(422, str(error), error.key) from error


def read_map(call: Call) -> dict[str, Any]:
    """Read the ``custom`` of a PUT: a map of defined keys.

    :raises ApiError: 400 without a filled map, 422 for a key or value that is refused.
    """
    custom = call.json().get("custom")
    if not isinstance(custom, dict) or not custom:
        raise errors.missing("custom")
    try:
        return custom_attributes.untyped(call.ledger, custom)
    except custom_attributes.AttributeValueError as error:
        raise errors.coded(422, str(error), error.key) from error


def read_keys(call: Call) -> list[str]:
    """Read the ``custom`` of a DELETE: an array of keys.

    :raises ApiError: 400 without a filled array of texts.
    """
    keys = read_list(call, "custom")
    if not all(isinstance(key, str) for key in keys):
        raise errors.invalid("custom")
    return keys


def read_list(call: Call, name: str) -> list[Any]:
    """Read an array with at least one item.

    :raises ApiError: 400 for anything else.
    """
    values = call.json().get(name)
    if not isinstance(values, list) or not values:
        raise errors.missing(name)
    return values
