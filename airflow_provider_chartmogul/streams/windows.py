"""Intervals of time that are read, and the calendar buckets of metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Self

import pendulum

from airflow_provider_chartmogul.intervals import NO_INTERVAL, named_utc

if TYPE_CHECKING:
    from airflow_provider_chartmogul.moments import Moment

_WIDTHS = {
    "day": {"days": 1},
    "week": {"weeks": 1},
    "month": {"months": 1},
    "quarter": {"months": 3},
    "year": {"years": 1},
}


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
        start = named_utc("interval_start", interval_start) - timedelta(days=lookback_days)
        end = named_utc("interval_end", interval_end)
        if end <= start:
            raise ValueError(
                f"nothing lies between interval_start ({start.isoformat()}) and interval_end ({end.isoformat()}). "
                f"{NO_INTERVAL}, or set lookback_days."
            )
        return cls(start, end)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the window of its own text."""
        start, _, end = text.partition("/")
        return cls(datetime.fromisoformat(start), datetime.fromisoformat(end))

    def partitioned(self, partition: str) -> list[Self]:
        """Return the days or months of UTC that the window touches, each of them whole.

        One that is still running is read as far as it goes: not to the window's end, or a run for an earlier day would
        take away what later ones have read.

        :param partition: ``day`` or ``month``.
        """
        buckets = Buckets(partition)
        days = [buckets.start(self.start.date())]
        while _midnight(days[-1]) < self.end:
            days.append(buckets.after(days[-1]))
        return [type(self)(start, end) for start, end in pairwise(map(_midnight, days))]

    def __str__(self) -> str:
        return f"{self.start.isoformat()}/{self.end.isoformat()}"


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
        return _plain(self._start(day))

    def after(self, day: date) -> date:
        """Return the first day of the bucket that follows the one of a day."""
        return _plain(self._start(day).add(**_WIDTHS[self.interval]))

    def _start(self, day: date) -> pendulum.Date:
        first = pendulum.date(day.year, day.month, day.day)
        if self.interval == "day":
            return first
        if self.interval == "week":
            first_weekday = 6 if self.week_start_on == "sunday" else 0
            return first.subtract(days=(day.weekday() - first_weekday) % 7)
        return first.first_of(self.interval)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _plain(day: pendulum.Date) -> date:
    # database drivers are not sure to know a subclass
    return date(day.year, day.month, day.day)
