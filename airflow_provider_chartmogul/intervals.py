"""Data intervals as the dates that ChartMogul takes. Pure functions, shared by all that asks for a range of days."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.moments import as_utc

if TYPE_CHECKING:
    from datetime import date, datetime, tzinfo

    from airflow_provider_chartmogul.moments import Moment

DATA_INTERVAL_START = "{{ data_interval_start | default('', true) }}"
DATA_INTERVAL_END = "{{ data_interval_end | default('', true) }}"
"""Default bounds of what asks for a range; empty where a run has no data interval."""

NO_INTERVAL = (
    "Runs without a data interval of their own (manual ones, and cron schedules of Airflow 3 unless they use "
    "CronDataIntervalTimetable) have none or an empty one: give interval_start and interval_end"
)


def inclusive_dates(
    interval_start: Moment | None, interval_end: Moment | None, zone: tzinfo = UTC
) -> tuple[date, date]:
    """Return the first and the last day that ``[interval_start, interval_end)`` touches.

    Airflow's intervals exclude their end, ChartMogul's ``start-date`` and ``end-date`` are both inclusive.
    The end is exclusive in every notation: ``2026-01-01`` to ``2026-02-01`` is January, with its last day 31.

    :param interval_start: first moment, as date, datetime or ISO 8601 text; without zone it is UTC.
    :param interval_end: the moment after the last one, in the same notations.
    :param zone: whose days; those of UTC by default.
    :raises ValueError: a bound is missing or unreadable, or the interval is empty or runs backward; names the argument.
    """
    start, last = _first_and_last(interval_start, interval_end)
    return start.astimezone(zone).date(), last.astimezone(zone).date()


def inclusive_instants(interval_start: Moment | None, interval_end: Moment | None) -> tuple[datetime, datetime]:
    """Return the first and the last millisecond of ``[interval_start, interval_end)``, in UTC.

    For endpoints that take points in time, include both and know milliseconds. A date instead would be a whole day in
    the time zone of the account.

    :param interval_start: as in :func:`inclusive_dates`.
    :param interval_end: as in :func:`inclusive_dates`.
    :raises ValueError: as in :func:`inclusive_dates`.
    """
    start, last = _first_and_last(interval_start, interval_end)
    return start, last.replace(microsecond=last.microsecond // 1000 * 1000)


def _first_and_last(interval_start: Moment | None, interval_end: Moment | None) -> tuple[datetime, datetime]:
    start = named_utc("interval_start", interval_start)
    end = named_utc("interval_end", interval_end)
    if end <= start:
        raise ValueError(
            f"interval_end ({end.isoformat()}) must be later than interval_start ({start.isoformat()}). {NO_INTERVAL}."
        )
    return start, end - timedelta(microseconds=1)


def named_utc(name: str, value: Moment | None) -> datetime:
    """Return an instant in UTC.

    :param name: of the argument that holds it, for the error.
    :raises ValueError: missing or unreadable; names the argument.
    """
    # a template without a value renders as one of these
    if value is None or str(value).strip() in ("", "None"):
        raise ValueError(f"{name} is empty. {NO_INTERVAL}.")
    try:
        return as_utc(value)
    except ValueError:
        raise ValueError(
            f"{name} must be a date, a datetime or ISO 8601 text such as 2026-01-31, not {value!r}"
        ) from None
