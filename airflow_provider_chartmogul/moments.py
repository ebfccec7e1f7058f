"""Dates and times in the forms that the API reads. Without a zone they are UTC, as they are to the API."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time

Moment = str | date | datetime
"""Text such as ``2026-02-11``, ``2026-02-11 00:00:00``, ``… UTC``, ``… +0200`` or ISO 8601, or Python's own types."""

_FORM = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d.*)?")


def as_utc(value: Moment) -> datetime:
    """Return the instant; of a date, its first moment.

    :raises ValueError: text in another form, or something else than a :data:`Moment`. Does not quote the value.
    """
    if isinstance(value, str):
        value = _read(value.strip())
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time.min, tzinfo=UTC)
    raise ValueError("not a date or time")


def as_day(value: Moment) -> date:
    """Return the calendar day; of an instant, the day in UTC.

    :raises ValueError: as in :func:`as_utc`.
    """
    return as_utc(value).date()


def as_text(value: Moment) -> str:
    """Return what the API reads: text as it is, an instant in UTC with ``Z``, a date as a date.

    :raises ValueError: as in :func:`as_utc`.
    """
    instant = as_utc(value)
    if isinstance(value, str):
        return value
    return instant.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value.isoformat()


def _read(text: str) -> datetime:
    if not _FORM.fullmatch(text):
        raise ValueError("not a date such as 2026-02-11 or 2026-02-11T00:00:00Z")
    if " " in text or text.endswith("UTC"):
        text = re.sub(r" ?UTC$", "Z", text).replace(" +", "+").replace(" -", "-")
    return datetime.fromisoformat(text)
