"""The nine series of the Metrics API, a table each, one row per bucket."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from airflow_provider_chartmogul.exceptions import ChartMogulInvalidResponseError
from airflow_provider_chartmogul.intervals import inclusive_dates
from airflow_provider_chartmogul.streams.columns import DATE, DECIMAL, INTEGER, STRING, columns
from airflow_provider_chartmogul.streams.model import LoadMode, Reading, Scope, Stream, Table
from airflow_provider_chartmogul.streams.windows import Buckets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.streams.columns import Column
    from airflow_provider_chartmogul.streams.model import Options, Page

ANY_INTERVAL = ("month", "quarter", "year", "week", "day")
_SEGMENT = ("geo", "plans", "filters")
_CENTS_AND_COUNTS = ("mrr", "arr", "asp", "arpa", "customers")
_MOVEMENTS = ("mrr-new-business", "mrr-expansion", "mrr-contraction", "mrr-churn", "mrr-reactivation")
_OF_ALL = ("mrr", "arr", "customer-churn-rate", "mrr-churn-rate", "ltv", "customers", "asp", "arpa")


def _table(*fields: str) -> Table:
    """Return the table of a series, with the slice that each row belongs to."""
    return Table(
        columns=(
            *columns(DATE, "date"),
            *columns(STRING, "interval", *_SEGMENT),
            *(column for name in fields for column in _figure(name)),
        ),
        key="date",
    )


def _figure(name: str) -> tuple[Column, ...]:
    whole = name in _CENTS_AND_COUNTS or name in _MOVEMENTS
    return columns(INTEGER if whole else DECIMAL, name)


def _open(metric: str, table: Table, client: ChartMogulClient, options: Options) -> Reading:
    """Begin a reading of whole buckets: all that the window touches, by the days of the account's time zone.

    Only the bucket that is still running is read as far as the window's last day, and dated so. The scope spans all of
    that bucket: tomorrow's row of the same bucket takes the place of today's.
    """
    window = options.required_window()
    interval = options.interval or "month"
    stream = f"metrics_{metric}"
    zone, buckets = _calendar(stream, client.account.retrieve(), interval)
    first, last = inclusive_dates(window.start, window.end, zone)
    slice_ = {"interval": interval, **{name: getattr(options, name) or "" for name in _SEGMENT}}
    scope = Scope("date", buckets.start(first), buckets.after(last), slice_)
    # The row of a bucket that is over must not depend on which of its days a run was for. The clock tells only whether
    # it is over: what ChartMogul answers for days to come is not known, so a running bucket is not asked for whole.
    end_of_bucket = scope.end - timedelta(days=1)
    if end_of_bucket < today(zone):
        last = end_of_bucket
    # One bucket more in front: percentage-change compares with the entry before, and is 0 in the first of an answer.
    arguments: dict[str, Any] = {"start_date": buckets.start(scope.start - timedelta(days=1)), "end_date": last}
    if metric != "ltv":
        arguments["interval"] = interval
    request = partial(
        getattr(client.metrics, metric), **arguments, **{name: getattr(options, name) for name in _SEGMENT}
    )
    return Reading(_pages(stream, table, request, scope), scope)


def today(zone: ZoneInfo) -> date:
    """Return the day that it is in a time zone, by the clock of this machine."""
    return datetime.now(zone).date()


def _calendar(stream: str, account: Mapping[str, Any], interval: str) -> tuple[ZoneInfo, Buckets]:
    """Return whose days the account's metrics are summed by, and its buckets."""
    try:
        zone = ZoneInfo(account["time_zone"])
    except (KeyError, TypeError, ValueError, OSError):
        # all of these come of names that are none; KeyError also of a zone that is not known here
        raise ChartMogulInvalidResponseError(f"Stream {stream}: the account has no known 'time_zone'") from None
    week_start_on = account.get("week_start_on") if interval == "week" else "monday"
    if week_start_on not in ("monday", "sunday"):
        raise ChartMogulInvalidResponseError(f"Stream {stream}: the account has no known 'week_start_on'")
    return zone, Buckets(interval, week_start_on)


def _pages(stream: str, table: Table, request: Callable[[], Mapping[str, Any]], scope: Scope) -> Iterator[Page]:
    rows = (table.row(stream, {**entry, **scope.constants}) for entry in request()["entries"])
    yield [{"": [row]} for row in rows if row["date"] >= scope.start]


def _stream(metric: str, fields: tuple[str, ...], intervals: tuple[str, ...] = ANY_INTERVAL) -> Stream:
    table = _table(*fields)
    return Stream(
        name=f"metrics_{metric}",
        tables=(table,),
        open=partial(_open, metric, table),
        default_mode=LoadMode.REPLACE_INTERVAL,
        options=frozenset({"interval", *_SEGMENT}),
        intervals=intervals,
    )


METRICS: tuple[Stream, ...] = (
    _stream("all", tuple(name for field in _OF_ALL for name in (field, f"{field}-percentage-change"))),
    _stream("mrr", ("mrr", "percentage-change", *_MOVEMENTS)),
    _stream("arr", ("arr", "percentage-change")),
    _stream("arpa", ("arpa", "percentage-change")),
    _stream("asp", ("asp", "percentage-change"), ("month", "quarter", "year")),
    _stream("customer_count", ("customers", "percentage-change")),
    _stream("customer_churn_rate", ("customer-churn-rate", "percentage-change")),
    _stream("mrr_churn_rate", ("mrr-churn-rate", "percentage-change")),
    _stream("ltv", ("ltv", "percentage-change"), ("month",)),
)
