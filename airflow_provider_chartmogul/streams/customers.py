"""Customers, leads included, as they are now, with their tags and custom attributes as tables of their own."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.streams.columns import (
    BOOLEAN,
    DECIMAL,
    INTEGER,
    JSON,
    STRING,
    TIMESTAMP,
    ColumnType,
    columns,
)
from airflow_provider_chartmogul.streams.lists import list_stream
from airflow_provider_chartmogul.streams.model import Table
from airflow_provider_chartmogul.streams.records import Member, listed, mapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CUSTOMER = Table(
    columns=(
        *columns(STRING, "uuid"),
        *columns(INTEGER, "id"),
        *columns(STRING, "external_id", "name", "email", "company", "status"),
        *columns(TIMESTAMP, "customer-since", "lead_created_at", "free_trial_started_at"),
        *columns(INTEGER, "mrr", "arr"),
        *columns(STRING, "currency", "currency-sign", "country", "state", "city", "zip", "owner", "website_url"),
        *columns(STRING, "data_source_uuid", "billing-system-type", "billing-system-url", "chartmogul-url"),
        *columns(JSON, "data_source_uuids", "external_ids", "attributes", "address"),
    ),
    key=("uuid",),
)

TAG = Table(suffix="tags", columns=columns(STRING, "customer_uuid", "tag"), key=("customer_uuid", "tag"))

CUSTOM_ATTRIBUTE = Table(
    suffix="custom_attributes",
    columns=(
        *columns(STRING, "customer_uuid", "key", "type", "value_string"),
        *columns(INTEGER, "value_integer"),
        *columns(DECIMAL, "value_decimal"),
        *columns(BOOLEAN, "value_boolean"),
        *columns(TIMESTAMP, "value_timestamp"),
    ),
    key=("customer_uuid", "key"),
)

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


def _tags(stream: str, customer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    tags = listed(stream, mapped(stream, customer, "attributes"), "tags", str)
    return ({"customer_uuid": customer["uuid"], "tag": tag} for tag in dict.fromkeys(tags))


def _custom_attributes(stream: str, customer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the attributes that have a value.

    The API tells values without their types, so the type is that of the JSON value. Two things cannot be told apart:
    a decimal without fraction may come as an integer, and a text that reads like ``2016-01-31T00:00:00.000Z`` counts as
    a timestamp. A value of a kind that is not documented has no type and is kept in ``extra``. Null is no value.
    """
    custom = mapped(stream, mapped(stream, customer, "attributes"), "custom")
    for key, value in custom.items():
        if value is not None:
            kind = _kind(value)
            field = f"value_{kind}" if kind else "value"
            yield {"customer_uuid": customer["uuid"], "key": key, "type": kind and kind.value, field: value}


def _kind(value: object) -> ColumnType | None:
    match value:
        case bool():
            return BOOLEAN
        case int():
            return INTEGER
        case float():
            return DECIMAL
        case str():
            return TIMESTAMP if _is_moment(value) else STRING
    return None


def _is_moment(text: str) -> bool:
    try:
        return _MOMENT.fullmatch(text) is not None and bool(datetime.fromisoformat(text))
    except ValueError:
        return False


_TYPES = (
    "The API tells custom attributes without their types: a decimal without fraction may come as an integer, and a "
    "text that reads like `2016-01-31T00:00:00.000Z` counts as a timestamp."
)
_TAGS = Member(TAG, _tags)
_CUSTOM_ATTRIBUTES = Member(CUSTOM_ATTRIBUTE, _custom_attributes)

CUSTOMERS = list_stream(
    "customers",
    "a customer or lead, as it is now",
    "customers",
    Member(CUSTOMER),
    _TAGS,
    _CUSTOM_ATTRIBUTES,
    by_source=True,
    remarks=_TYPES,
)
CUSTOMER_TAGS = list_stream("customer_tags", "a tag of a customer", "customers", _TAGS.alone(), by_source=True)
CUSTOMER_CUSTOM_ATTRIBUTES = list_stream(
    "customer_custom_attributes",
    "a custom attribute of a customer, with its value in the column of its type",
    "customers",
    _CUSTOM_ATTRIBUTES.alone(),
    by_source=True,
    remarks=_TYPES,
)
