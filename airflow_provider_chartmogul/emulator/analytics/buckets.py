"""Days, weeks, months, quarters and years of an account, and the instants at which its days begin."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

INTERVALS = ("day", "week", "month", "quarter", "year")

_DAY = timedelta(days=1)
_SATURDAY, _SUNDAY = 5, 6


@dataclass(frozen=True, slots=True)
class Bucket:
    """A run of days, both ends included. Its label in the metrics is the last day."""

    first: date
    last: date


def buckets(start: date, end: date, interval: str, week_start_on: str) -> list[Bucket]:
    """Split a range of days; the first and the last bucket are cut at the range.

    :param interval: one of :data:`INTERVALS`.
    :param week_start_on: ``monday`` or ``sunday``.
    """
    found = []
    while start <= end:
        last = min(end, last_day(start, interval, week_start_on))
        found.append(Bucket(start, last))
        start = last + _DAY
    return found


def last_day(day: date, interval: str, week_start_on: str) -> date:
    """Last day of the day, week, month, quarter or year that a day is in."""
    if interval == "day":
        return day
    if interval == "week":
        closing = _SATURDAY if week_start_on == "sunday" else _SUNDAY
        return day + timedelta(days=(closing - day.weekday()) % 7)
    month = {"month": day.month, "quarter": day.month + -day.month % 3, "year": 12}[interval]
    return date(day.year, month, calendar.monthrange(day.year, month)[1])


def month_of(day: date) -> Bucket:
    """The whole calendar month of a day."""
    return Bucket(day.replace(day=1), last_day(day, "month", "monday"))


def month_before(month: Bucket) -> Bucket:
    """The calendar month before one."""
    return month_of(month.first - _DAY)


def window(last: date, days: int) -> Bucket:
    """So many days up to and including a day."""
    return Bucket(last - timedelta(days=days - 1), last)


@cache
def opening(day: date, time_zone: str) -> datetime:
    """The instant (UTC) at which a day begins in a time zone."""
    return datetime.combine(day, time.min, ZoneInfo(time_zone)).astimezone(UTC)


def day_of(instant: datetime, time_zone: str) -> date:
    """The day of an instant in a time zone."""
    return instant.astimezone(ZoneInfo(time_zone)).date()
