"""The nine metric series: formulas, changes, summaries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from math import trunc
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator.analytics.arithmetic import divide, percentage_change, two_decimals
from airflow_provider_chartmogul.emulator.analytics.buckets import (
    INTERVALS,
    Bucket,
    buckets,
    day_of,
    month_before,
    month_of,
    opening,
    window,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.emulator.analytics.index import Index
    from airflow_provider_chartmogul.emulator.analytics.model import Account, MovementType

    Figure = int | Fraction

#: Fields of ``/metrics/all`` in the order of recorded bodies.
ALL_FIELDS = ("mrr", "arr", "customer-churn-rate", "mrr-churn-rate", "ltv", "customers", "asp", "arpa")
#: Intervals of each series; the first is the default.
ALLOWED_INTERVALS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("all", "mrr", "arr", "arpa", "customer-count"), INTERVALS),
    **dict.fromkeys(("customer-churn-rate", "mrr-churn-rate"), ("month", "day", "week", "quarter", "year")),
    "asp": ("month", "quarter", "year"),
    "ltv": ("month",),
}
_MOVEMENT_FIELDS: dict[str, MovementType] = {
    "mrr-new-business": "new_biz",
    "mrr-expansion": "expansion",
    "mrr-contraction": "contraction",
    "mrr-churn": "churn",
    "mrr-reactivation": "reactivation",
}
_BY_MONTH = ("customer-churn-rate", "mrr-churn-rate", "ltv")
_INSTANT = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_SUMMARY_DAYS = 30


class MetricsParameterError(ValueError):
    """A request for metrics that cannot be answered; the API says 400.

    :param param: the query parameter at fault.
    """

    def __init__(self, message: str, param: str) -> None:
        super().__init__(message)
        self.param = param


def check_interval(series: str, interval: str | None) -> str:
    """The interval to use for a series: the given one, or the default.

    ``ltv`` has no such parameter, so whatever is given is ignored.

    :raises MetricsParameterError: where the series does not offer it.
    """
    allowed = ALLOWED_INTERVALS[series]
    if interval is None or series == "ltv":
        return allowed[0]
    if interval not in allowed:
        raise MetricsParameterError(f"parameter 'interval' has an unknown value: {interval}", "interval")
    return interval


@dataclass(slots=True)
class Metrics:
    """Figures of an account as known at some moment: what happens later does not count yet.

    :param now: UTC.
    """

    index: Index
    account: Account
    now: datetime
    _figures: dict[tuple[str, Bucket], Figure] = field(default_factory=dict)

    def series(self, name: str, start: date, end: date, interval: str | None) -> dict[str, Any]:
        """Body of ``GET /metrics/<name>``.

        :raises MetricsParameterError: for an interval that the series does not offer, or an end before the start.
        """
        interval = check_interval(name, interval)
        if end < start:
            raise MetricsParameterError("parameter 'end-date' is before 'start-date'", "end-date")
        spans = buckets(start, end, interval, self.account.week_start_on)
        if name == "all":
            return {"entries": self._all_entries(spans, interval), "summary": self._all_summary()}
        name = "customers" if name == "customer-count" else name
        current, previous = self._now_and_before(name)
        return {
            "entries": self._entries(name, spans),
            "summary": {
                "current": _plain(current),
                "previous": _plain(previous),
                "percentage-change": percentage_change(current, previous),
            },
        }

    def _entries(self, name: str, spans: list[Bucket]) -> list[dict[str, Any]]:
        figures = [self.figure(name, span) for span in spans]
        return [
            {
                "date": span.last.isoformat(),
                name: _plain(figure),
                "percentage-change": change,
                **(self._flows(span) if name == "mrr" else {}),
            }
            for span, figure, change in zip(spans, figures, _changes(figures), strict=True)
        ]

    def _all_entries(self, spans: list[Bucket], interval: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = [{"date": span.last.isoformat()} for span in spans]
        for name in ALL_FIELDS:
            monthly = interval in ("day", "week") and (name in _BY_MONTH or name == "asp")
            figures = [self.figure(name, month_of(span.last) if monthly else span) for span in spans]
            for entry, figure, change in zip(entries, figures, _changes(figures), strict=True):
                entry[name] = _plain(figure)
                entry[f"{name}-percentage-change"] = change
        return entries

    def _all_summary(self) -> dict[str, Any]:
        summary: dict[str, Any] = {}
        for name in ALL_FIELDS:
            current, previous = self._now_and_before(name)
            summary[f"current-{name}"] = _plain(current)
            summary[f"previous-{name}"] = _plain(previous)
            summary[f"{name}-percentage-change"] = percentage_change(current, previous)
        return summary

    def _now_and_before(self, name: str) -> tuple[Figure, Figure]:
        """The two figures of the summary, which describes the present, whatever range was asked for."""
        today = day_of(self.now, self.account.time_zone)
        if name in _BY_MONTH:
            complete = month_before(month_of(today))
            return self.figure(name, complete), self.figure(name, month_before(complete))
        before = today - timedelta(days=_SUMMARY_DAYS)
        return self.figure(name, window(today, _SUMMARY_DAYS)), self.figure(name, window(before, _SUMMARY_DAYS))

    def figure(self, name: str, span: Bucket) -> Figure:
        """One metric of one bucket, rounded as shown: money in whole hundredths, rates in hundredths of a per cent."""
        known = self._figures.get((name, span))
        if known is None:
            known = self._figures[name, span] = _FORMULAS[name](self, span)
        return known

    def start(self, span: Bucket) -> datetime:
        """The bound before which things belong to the state at the start of a bucket."""
        return self._bound(span.first)

    def end(self, span: Bucket) -> datetime:
        """The bound before which things belong to the state at the end of a bucket."""
        return self._bound(span.last + _DAY)

    def _bound(self, day: date) -> datetime:
        return min(opening(day, self.account.time_zone), self.now + _INSTANT)

    def _flows(self, span: Bucket) -> dict[str, int]:
        return {name: self.flow(kind, span) for name, kind in _MOVEMENT_FIELDS.items()}

    def flow(self, kind: MovementType, span: Bucket) -> int:
        """Signed sum of the movements of a type in a bucket."""
        return self.index.flow(kind, self.start(span), self.end(span))


def _mrr(metrics: Metrics, span: Bucket) -> Figure:
    return metrics.index.mrr(metrics.end(span))


def _arr(metrics: Metrics, span: Bucket) -> Figure:
    return 12 * metrics.figure("mrr", span)


def _customers(metrics: Metrics, span: Bucket) -> Figure:
    return metrics.index.paying(metrics.end(span))


def _arpa(metrics: Metrics, span: Bucket) -> Figure:
    customers = metrics.figure("customers", span)
    return trunc(Fraction(metrics.figure("mrr", span)) / customers) if customers else 0


def _asp(metrics: Metrics, span: Bucket) -> Figure:
    buyers = metrics.index.buyers(metrics.start(span), metrics.end(span))
    return divide(metrics.flow("new_biz", span), buyers) if buyers else 0


def _customer_churn_rate(metrics: Metrics, span: Bucket) -> Figure:
    start, end = metrics.start(span), metrics.end(span)
    paying = metrics.index.paying(start)
    return two_decimals(100 * metrics.index.lost(start, end), paying) if paying else Fraction(0)


def _mrr_churn_rate(metrics: Metrics, span: Bucket) -> Figure:
    base = metrics.index.mrr(metrics.start(span))
    kinds: tuple[MovementType, ...] = ("churn", "contraction", "expansion", "reactivation")
    net_loss = -sum(metrics.flow(kind, span) for kind in kinds)
    return two_decimals(100 * net_loss, base) if base else Fraction(0)


def _ltv(metrics: Metrics, span: Bucket) -> Figure:
    rate = metrics.figure("customer-churn-rate", span)
    return trunc(100 * Fraction(metrics.figure("arpa", span)) / rate) if rate else 0


_FORMULAS: dict[str, Callable[[Metrics, Bucket], Figure]] = {
    "mrr": _mrr,
    "arr": _arr,
    "customers": _customers,
    "arpa": _arpa,
    "asp": _asp,
    "customer-churn-rate": _customer_churn_rate,
    "mrr-churn-rate": _mrr_churn_rate,
    "ltv": _ltv,
}


def _changes(figures: list[Figure]) -> list[float]:
    """Change of each figure against the one before; none for the first."""
    return [0.0, *(percentage_change(this, before) for before, this in pairwise(figures))]


def _plain(figure: Figure) -> int | float:
    return figure if isinstance(figure, int) else float(figure)
