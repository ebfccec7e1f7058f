"""Python arguments to what the API takes: flags, comma lists, path segments."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow_provider_chartmogul.exceptions import ChartMogulInvalidResponseError
from airflow_provider_chartmogul.moments import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Record = dict[str, Any]


def comma(value: str | Iterable[str] | None) -> str | None:
    """Return several values as the API's comma-separated text; text passes as it is."""
    return value if value is None or isinstance(value, str) else ",".join(value)


def query(params: Mapping[str, Any]) -> dict[str, str | int]:
    """Drop what was not given, and write flags as the words ``true`` and ``false``."""
    return {
        name: ("true" if value else "false") if isinstance(value, bool) else value
        for name, value in params.items()
        if value is not None
    }


def path(template: str, *ids: str | int) -> str:
    """Fill ids into a path, escaped.

    :raises ValueError: for an empty id, which would address the whole collection.
    """
    segments = [str(value) for value in ids]
    if any(segment in ("", ".", "..") for segment in segments):
        raise ValueError(f"an id for {template} is empty or not an id")
    return template.format(*(quote(segment, safe="") for segment in segments))


def with_fields(record: object, names: Sequence[str], request: str) -> Record:
    """Return a record of an answer if it is an object that has these fields, with something in them.

    :param request: ``METHOD /path``.
    :raises ChartMogulInvalidResponseError: it lacks one.
    """
    if not isinstance(record, dict):
        raise ChartMogulInvalidResponseError(f"{request}: a record of the answer is not an object")
    for name in names:
        if record.get(name) is None:
            raise ChartMogulInvalidResponseError(f"{request}: the answer lacks the field {name!r}")
    return record


def json_default(value: object) -> str:
    """Write dates inside of request bodies; anything else that JSON lacks is the caller's mistake."""
    if isinstance(value, date):
        return as_text(value)
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
