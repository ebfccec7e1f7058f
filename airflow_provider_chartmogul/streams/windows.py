"""Intervals of time that are read, and the calendar buckets of metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Self

from airflow_provider_chartmogul.intervals import _utc

if TYPE_CHECKING:
    from airflow_provider_chartmogul.intervals import Moment

# by adding this much to the first day of any bucket one arrives in the next
_LONGEST = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}


@dataclass(frozen=True, slots=True)
class Window:
    """The instants ``[start, end)`` in UTC."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, interval_start: Moment, interval_end: Moment, lookback_days: int = 0) -> Self:
        """Return the window of a data interval, begun earlier by ``lookback_days``.

        :raises ValueError: a bound is missing or unreadable, or nothing lies between them.
        """
        if lookback_days < 0:
            raise ValueError(f"lookback_days must not be negative, not {lookback_days}")
        start = _utc("interval_start", interval_start) - timedelta(days=lookback_days)
        end = _utc("interval_end", interval_end)
        if end <= start:
            raise ValueError(
                f"nothing lies between interval_start ({start.isoformat()}) and interval_end ({end.isoformat()}). Runs "
                "without a data interval of their own (manual ones, and cron schedules of Airflow 3 unless they use "
                "CronDataIntervalTimetable) have an empty one: set lookback_days, or interval_start and interval_end."
            )
        return cls(start, end)


@dataclass(frozen=True, slots=True)
class Buckets:
    """The days, weeks, months, quarters or years into which metrics are summed.

    :param interval: ``day``, ``week``, ``month``, ``quarter`` or ``year``.
    :param week_start_on: ``monday`` or ``sunday``, a setting of the ChartMogul account.
    """

    interval: str
    week_start_on: str = "monday"

    def start(self, day: date) -> date:
        """Return the first day of the bucket that holds a day."""
        if self.interval == "day":
            return day
        if self.interval == "week":
            first_weekday = 6 if self.week_start_on == "sunday" else 0
            return day - timedelta(days=(day.weekday() - first_weekday) % 7)
        months = {"month": 1, "quarter": 3, "year": 12}[self.interval]
        return day.replace(month=day.month - (day.month - 1) % months, day=1)

    def after(self, day: date) -> date:
        """Return the first day of the bucket that follows the one of a day."""
        return self.start(self.start(day) + timedelta(days=_LONGEST[self.interval]))
