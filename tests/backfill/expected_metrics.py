"""The nine metrics that a set of billing records must give, as the API would answer.

Written from the documented formulas (``/reference/metrics/*`` and the help pages of each metric); see
:mod:`tests.backfill.expected_movements` for how MRR comes about. After a backfill::

    expected = ExpectedMetrics(history.as_records(), fx_rates=history.fx_rates)
    assert observed_series(client, history.first_day, history.last_day) == expected.all_series(
        history.first_day, history.last_day
    )
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from math import trunc
from typing import TYPE_CHECKING, Any

from tests.backfill.expected_movements import Movement, follow_customers, rounded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_provider_chartmogul.client import ChartMogulClient

SERIES = ("all", "mrr", "arr", "arpa", "asp", "customer_count", "customer_churn_rate", "mrr_churn_rate", "ltv")
"""The nine, by the names of the methods of ``client.metrics``."""

SERIES_BY_DAY = ("all", "mrr", "arr", "arpa", "customer_count", "customer_churn_rate", "mrr_churn_rate")
"""Those that can be had day by day."""

_SIDE_BY_SIDE = ("mrr", "arr", "customer-churn-rate", "mrr-churn-rate", "ltv", "customers", "asp", "arpa")
_OF_A_MONTH = ("asp", "customer-churn-rate", "mrr-churn-rate", "ltv")
_FIELDS = {"customer_count": "customers"}
_FLOWS = {
    "mrr-new-business": "new_biz",
    "mrr-expansion": "expansion",
    "mrr-contraction": "contraction",
    "mrr-churn": "churn",
    "mrr-reactivation": "reactivation",
}
_DAY = timedelta(days=1)

Figures = dict[str, Any]


class ExpectedMetrics:
    """What ChartMogul must make of these records. Days are those of UTC.

    :param records: a list of records for each kind of a bulk import, line items and transactions beside the invoices.
    :param currency: of the account.
    :param fx_rates: ``{currency: {day: value of one unit in the account currency}}``; on a day without a rate that of
        the latest day before it counts. As the emulator takes them.
    :param window: movements of a customer that are at most so far apart are classified as one; zero is off.
    """

    def __init__(
        self,
        records: Mapping[str, Sequence[Mapping[str, Any]]],
        *,
        currency: str = "USD",
        fx_rates: Mapping[str, Mapping[str, Any]] | None = None,
        window: timedelta = timedelta(hours=1),
    ) -> None:
        self._currency = currency
        self._rates = {code: sorted(by_day.items()) for code, by_day in (fx_rates or {}).items()}
        self._customers = follow_customers(records, self._rate, window)
        movements = [movement for customer in self._customers.values() for movement in customer.movements]
        self.movements: list[Movement] = sorted(movements, key=lambda movement: movement.at)

    def series(self, name: str, first: date, last: date, interval: str = "month") -> list[Figures]:
        """Return the entries of one of :data:`SERIES` as the API answers them.

        :param interval: ``month``, or ``day`` for :data:`SERIES_BY_DAY`.
        """
        if name == "all":
            return _changing(
                list(self._side_by_side(first, last, interval)), {field: f"{field}-" for field in _SIDE_BY_SIDE}
            )
        field = _FIELDS.get(name, name.replace("_", "-"))
        shown = (field, *_FLOWS) if name == "mrr" else (field,)
        entries = [_only(("date", *shown), self.figures(*bucket)) for bucket in _buckets(first, last, interval)]
        return _changing(entries, {field: ""})

    def all_series(self, first: date, last: date, interval: str = "month") -> dict[str, list[Figures]]:
        """Return the entries of every series that this interval has, by name."""
        return {name: self.series(name, first, last, interval) for name in _series_of(interval)}

    def figures(self, first: date, last: date) -> Figures:
        """Return every metric and the movements of one bucket, by the API's field names."""
        start, end = self._mrr_by_customer(first - _DAY), self._mrr_by_customer(last)
        paying, mrr, mrr_before = _paying(end), sum(end.values()), sum(start.values())
        flows = {field: self._flow(first, last, kind) for field, kind in _FLOWS.items()}
        newly = {movement.customer for movement in self._within(first, last) if movement.type == "new_biz"}
        lost = flows["mrr-churn"] + flows["mrr-contraction"] + flows["mrr-expansion"] + flows["mrr-reactivation"]
        customer_churn = _per_cent(len(_paying(start) - paying), len(_paying(start)))
        arpa = trunc(_share(mrr, len(paying)))
        return {
            "date": last.isoformat(),
            "mrr": mrr,
            **flows,
            "arr": 12 * mrr,
            "customers": len(paying),
            "arpa": arpa,
            "asp": int(rounded(_share(flows["mrr-new-business"], len(newly)))),
            "customer-churn-rate": float(customer_churn),
            "mrr-churn-rate": float(_per_cent(-lost, mrr_before)),
            "ltv": trunc(_share(arpa, customer_churn / 100)),
        }

    def _side_by_side(self, first: date, last: date, interval: str) -> Iterator[Figures]:
        for bucket in _buckets(first, last, interval):
            figures = self.figures(*bucket)
            if interval == "day":
                figures.update(_only(_OF_A_MONTH, self.figures(*_month_of(bucket[1]))))
            yield _only(("date", *_SIDE_BY_SIDE), figures)

    def _rate(self, currency: str, day: date) -> Fraction:
        if currency == self._currency:
            return Fraction(1)
        return Fraction(str([rate for given, rate in self._rates[currency] if given <= day.isoformat()][-1]))

    def _mrr_by_customer(self, day: date) -> dict[str, int]:
        """Return the MRR of each customer at the close of a day."""
        close = datetime.combine(day + _DAY, time.min, tzinfo=UTC)
        mrr = {}
        for customer, history in self._customers.items():
            position = bisect_left(history.after, close, key=lambda step: step[0])
            mrr[customer] = history.after[position - 1][1] if position else 0
        return mrr

    def _within(self, first: date, last: date) -> list[Movement]:
        return [movement for movement in self.movements if first <= movement.at.date() <= last]

    def _flow(self, first: date, last: date, kind: str) -> int:
        return sum(movement.amount for movement in self._within(first, last) if movement.type == kind)


def observed_series(
    client: ChartMogulClient, first: date, last: date, interval: str = "month"
) -> dict[str, list[Figures]]:
    """Ask ChartMogul for the entries of every series that this interval has; see :class:`ExpectedMetrics`."""
    every = {} if interval == "month" else {"interval": interval}
    ask = {name: getattr(client.metrics, name) for name in _series_of(interval)}
    return {name: ask[name](start_date=first, end_date=last, **every)["entries"] for name in ask}


def _series_of(interval: str) -> tuple[str, ...]:
    return SERIES if interval == "month" else SERIES_BY_DAY


def _buckets(first: date, last: date, interval: str) -> Iterator[tuple[date, date]]:
    while first <= last:
        end = first if interval == "day" else min(_month_of(first)[1], last)
        yield first, end
        first = end + _DAY


def _month_of(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - _DAY


def _changing(entries: list[Figures], fields: Mapping[str, str]) -> list[Figures]:
    """Add to each entry how much per cent its fields differ from the entry before, as shown."""
    for before, entry in zip([None, *entries], entries, strict=False):
        for field, prefix in fields.items():
            this = Fraction(str(entry[field]))
            base = Fraction(str(before[field])) if before else Fraction(0)
            entry[f"{prefix}percentage-change"] = float(_per_cent(this - base, abs(base)))
    return entries


def _only(fields: Sequence[str], figures: Figures) -> Figures:
    return {field: figures[field] for field in fields}


def _paying(mrr: Mapping[str, int]) -> set[str]:
    return {customer for customer, amount in mrr.items() if amount > 0}


def _share(amount: Fraction | int, parts: Fraction | int) -> Fraction:
    return Fraction(amount) / Fraction(parts) if parts else Fraction(0)


def _per_cent(part: Fraction | int, whole: Fraction | int) -> Fraction:
    return rounded(100 * _share(part, whole), 2)
