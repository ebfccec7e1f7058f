"""Python arguments to what the API takes: dates, flags, comma lists, path segments."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Record = dict[str, Any]
DateLike = str | date | datetime


def moment(value: DateLike) -> str:
    """Return a point in time as the API reads it.

    :param value: text is checked and passed on as it is; an aware datetime becomes UTC with ``Z``; a date stays a date.
    :raises ValueError: for a naive datetime, whose zone nobody knows, and for text that is not ISO 8601.
    """
    if isinstance(value, str):
        _parse(value)
        return value
    if isinstance(value, datetime):
        return _utc(value).isoformat().replace("+00:00", "Z")
    return value.isoformat()


def day(value: DateLike) -> str:
    """Return a calendar day ``YYYY-MM-DD``; of a point in time, the day in UTC.

    :raises ValueError: as in :func:`moment`.
    """
    if isinstance(value, str):
        value = _parse(value)
    return (_utc(value).date() if isinstance(value, datetime) else value).isoformat()


def _parse(text: str) -> date | datetime:
    """Read the forms that the API accepts; one without zone counts as UTC there, so it does here."""
    if len(text) == len("2026-01-31"):
        return date.fromisoformat(text)
    parsed = datetime.fromisoformat(text.removesuffix(" UTC"))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no time zone; pass an aware datetime")
    return value.astimezone(UTC)


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


def json_default(value: object) -> str:
    """Write dates inside of request bodies; anything else that JSON lacks is the caller's mistake."""
    if isinstance(value, date):
        return moment(value)
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
