"""The nine series of the Metrics API, a table each, one row per bucket."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from airflow_provider_chartmogul.exceptions import ChartMogulInvalidResponseError
from airflow_provider_chartmogul.intervals import inclusive_dates
from airflow_provider_chartmogul.streams.columns import DATE, DECIMAL, INTEGER, STRING, columns
from airflow_provider_chartmogul.streams.model import SEGMENTS, LoadMode, Page, Reading, Record, Scope, Stream, Table
from airflow_provider_chartmogul.streams.windows import Buckets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.streams.columns import Column
    from airflow_provider_chartmogul.streams.model import Options

DEFAULT_INTERVAL = "month"
ANY_INTERVAL = ("month", "quarter", "year", "week", "day")
_CENTS_AND_COUNTS = ("mrr", "arr", "asp", "arpa", "customers")
_MOVEMENTS = ("mrr-new-business", "mrr-expansion", "mrr-contraction", "mrr-churn", "mrr-reactivation")
RESTATED = (
    "ChartMogul restates metrics when billing data changes. Buckets that the interval touches are read and replaced as "
    "a whole, by the days of the account's time zone; give `lookback_days`."
)
_OF_ALL = ("mrr", "arr", "customer-churn-rate", "mrr-churn-rate", "ltv", "customers", "asp", "arpa")


def _table(*fields: str) -> Table:
    """Return the table of a series, with the slice that each row belongs to."""
    return Table(
        columns=(
            *columns(DATE, "date"),
            *columns(STRING, "interval", *SEGMENTS),
            *(column for name in fields for column in _figure(name)),
        ),
        key=("interval", *SEGMENTS, "date"),
        record_key="date",
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
    interval = options.interval or DEFAULT_INTERVAL
    stream = f"metrics_{metric}"
    zone, buckets = _calendar(stream, client.account.retrieve(), interval)
    first, last = inclusive_dates(window.start, window.end, zone)
    slices = _slices(client, options)
    values = {name: tuple(dict.fromkeys(slice_[name] for slice_ in slices.values())) for name in SEGMENTS}
    scope = Scope("date", buckets.start(first), buckets.after(last), {"interval": interval, **values})
    # The row of a bucket that is over must not depend on which of its days a run was for. The clock tells only whether
    # it is over: what ChartMogul answers for days to come is not known, so a running bucket is not asked for whole.
    end_of_bucket = scope.end - timedelta(days=1)
    if end_of_bucket < today(zone):
        last = end_of_bucket
    # One bucket more in front: percentage-change compares with the entry before, and is 0 in the first of an answer.
    arguments: dict[str, Any] = {"start_date": buckets.start(scope.start - timedelta(days=1)), "end_date": last}
    if metric != "ltv":
        arguments["interval"] = interval
    request = partial(getattr(client.metrics, metric), **arguments)

    def walk(part: str, cursor: str | None) -> Iterator[Page]:
        slice_ = slices[part]
        answer = request(**{name: value or None for name, value in slice_.items()})
        rows = (table.row(stream, {**entry, **slice_, "interval": interval}) for entry in answer["entries"])
        yield Page([Record(f"{part} {row['date']}", {"": [row]}) for row in rows if row["date"] >= scope.start])

    return Reading(walk, lambda: tuple(slices), scope)


def _slices(client: ChartMogulClient, options: Options) -> dict[str, dict[str, str]]:
    """Return what narrows each request: the one for all together, or one for each value of what is split by.

    If there is no value, such as in an account without plans, there is no request. The scope then spans no rows: none
    is read, and none of earlier loads is replaced. So it is with the rows of a value that is there no more.
    """
    common = {name: getattr(options, name) or "" for name in SEGMENTS}
    if not options.split_by:
        return {"": common}
    values = options.split_values or _VALUES[options.split_by](client)
    return {value: {**common, options.split_by: value} for value in values}


def _plans(client: ChartMogulClient) -> tuple[str, ...]:
    return tuple(plan["uuid"] for plan in client.plans.list())


def _countries(client: ChartMogulClient) -> tuple[str, ...]:
    return tuple(sorted({customer["country"] for customer in client.customers.list() if customer.get("country")}))


# of filter expressions there is no list
_VALUES: dict[str, Callable[[ChartMogulClient], tuple[str, ...]]] = {"plans": _plans, "geo": _countries}


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


def _stream(metric: str, about: str, fields: tuple[str, ...], intervals: tuple[str, ...] = ANY_INTERVAL) -> Stream:
    table = _table(*fields)
    return Stream(
        name=f"metrics_{metric}",
        about=f"a bucket of time with its {about}",
        endpoint=f"GET /metrics/{metric.replace('_', '-')}",
        tables=(table,),
        open=partial(_open, metric, table),
        split="values of `split_by`",
        time_column="date",
        default_mode=LoadMode.REPLACE_INTERVAL,
        remarks=RESTATED,
        options=frozenset({"interval", "split_by", *SEGMENTS}),
        intervals=intervals,
    )


METRICS: tuple[Stream, ...] = (
    _stream("all", "key metrics", tuple(name for field in _OF_ALL for name in (field, f"{field}-percentage-change"))),
    _stream("mrr", "monthly recurring revenue and its movements", ("mrr", "percentage-change", *_MOVEMENTS)),
    _stream("arr", "annual run rate", ("arr", "percentage-change")),
    _stream("arpa", "average revenue per account", ("arpa", "percentage-change")),
    _stream("asp", "average sale price", ("asp", "percentage-change"), ("month", "quarter", "year")),
    _stream("customer_count", "number of paying customers", ("customers", "percentage-change")),
    _stream("customer_churn_rate", "share of customers lost", ("customer-churn-rate", "percentage-change")),
    _stream("mrr_churn_rate", "net share of MRR lost", ("mrr-churn-rate", "percentage-change")),
    _stream("ltv", "customer lifetime value", ("ltv", "percentage-change"), ("month",)),
)
