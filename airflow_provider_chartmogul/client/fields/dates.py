"""The instants that fields stand for, and the present one."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from airflow_provider_chartmogul.moments import as_utc

TOLERANCE: Final = timedelta(minutes=5)
"""So far the clock of this machine may be behind that of ChartMogul."""

_LONGEST: Final = 40
"""More characters than a date and time has; longer texts are not worth a place in the cache."""


def now() -> datetime:
    """Return the present instant; the one clock of all checks."""
    return datetime.now(UTC)


def instant(value: Any) -> datetime | None:
    """Return the instant that a value stands for, of a date its first moment, or None if it stands for none."""
    return _of_text(value) if isinstance(value, str) and len(value) < _LONGEST else _read(value)


def is_future(moment: datetime) -> bool:
    """Tell whether an instant is yet to come, also by a clock that is ahead of ours."""
    return moment > now() + TOLERANCE


def _read(value: Any) -> datetime | None:
    try:
        return as_utc(value)
    except (ValueError, OverflowError):
        return None


# the dates of a billing history are few, and each stands in many records
_of_text = functools.lru_cache(maxsize=8192)(_read)
