"""The date forms that the API accepts and returns."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

#: The years that are accepted: far from both ends of the calendar, so that neither zones nor cycles lead out of it.
YEARS = range(1900, 9999)

_ACCEPTED = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<time>\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?) ?(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?)?"
)


def parse(value: Any) -> datetime:
    """Read a date or timestamp as the API does; without an offset it is UTC.

    :param value: ``2026-02-11``, ``2026-02-11 00:00:00``, ``… UTC``, ``… +0200`` or ISO 8601 with Z or an offset.
    :raises ValueError: for every other form, and for everything that is not a string.
    """
    match = _ACCEPTED.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"not a date: {value!r}")
    zone = match["zone"] or "Z"
    text = f"{match['date']}T{match['time'] or '00:00'}{'Z' if zone == 'UTC' else zone}"
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"not in the calendar: {value!r}") from error
    if moment.year not in YEARS:
        raise ValueError(f"out of range: {value!r}")
    return moment


def is_bare_date(value: str) -> bool:
    """Tell whether the text names a day and no moment of it."""
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip()) is not None


def millis(moment: datetime | None) -> str | None:
    """Return the usual form of answers: ``2026-02-11T00:00:00.000Z``."""
    if moment is None:
        return None
    return f"{_text(moment)}.{moment.microsecond // 1000:03d}Z"


def seconds(moment: datetime) -> str:
    """Return the form of bulk imports and events: ``2026-02-11T00:00:00Z``."""
    return f"{_text(moment)}Z"


def offset(moment: datetime | None) -> str | None:
    """Return the form of customers, subscriptions and activities: ``2026-02-11T00:00:00+00:00``."""
    return None if moment is None else f"{_text(moment)}+00:00"


def nanos(moment: datetime) -> str:
    """Return the form inside of cursors: ``2026-02-11T00:00:00.000000000Z``."""
    return f"{_text(moment)}.{moment.microsecond:06d}000Z"


def parse_nanos(text: str) -> datetime:
    """Read the form inside of cursors.

    :raises ValueError: when it is another form.
    """
    return datetime.fromisoformat(f"{text[:26]}+00:00")


def spaced(moment: datetime) -> str:
    """Return the form of export parameters: ``2026-02-11 00:00:00 +0000``."""
    return f"{_text(moment, ' ')} +0000"


def _text(moment: datetime, separator: str = "T") -> str:
    return moment.replace(tzinfo=None).isoformat(separator, "seconds")  # strftime does not fill up early years
