"""The nine metrics. Days are those of the account's time zone; money is integer cents of the account currency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from airflow_provider_chartmogul.client.pagination import PageShape
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import Record, comma, read_argument
from airflow_provider_chartmogul.moments import Moment, as_day

Interval = Literal["day", "week", "month", "quarter", "year"]
AspInterval = Literal["month", "quarter", "year"]
Names = str | Sequence[str]

_SHAPE = PageShape("entries", paged=False, must_have=("date",))


class MetricsResource(Resource):
    """``client.metrics``.

    All methods take the same arguments:

    * ``start_date``, ``end_date``: first and last day, both included; of a point in time, the day in UTC.
    * ``interval``: width of the buckets. An entry is dated with the last day of its bucket, or with ``end_date``.
    * ``geo``: country codes (ISO 3166-1 alpha-2). ``plans``: names, uuids or external ids.
    * ``filters``: an expression in ChartMogul's filter language, passed on as it is.

    All answer ``{"entries": [...], "summary": {...}}``; the summary describes now, not the range asked for.
    A date or interval that cannot be is a ``ValueError``, an answer without a list of dated entries a
    ``ChartMogulInvalidResponseError``.
    """

    def all(
        self,
        *,
        start_date: Moment,
        end_date: Moment,
        interval: Interval = "month",
        geo: Names | None = None,
        plans: Names | None = None,
        filters: str | None = None,
    ) -> Record:
        """Eight metrics side by side, without the MRR movements.

        Reference: ``/reference/metrics/all``.
        """
        return self._series("all", start_date, end_date, _checked(interval, Interval), geo, plans, filters)

    def mrr(
        self,
        *,
        start_date: Moment,
        end_date: Moment,
        interval: Interval = "month",
        geo: Names | None = None,
        plans: Names | None = None,
        filters: str | None = None,
    ) -> Record:
        """Monthly recurring revenue and its five movements.

        Reference: ``/reference/metrics/mrr``.
        """
        return self._series("mrr", start_date, end_date, _checked(interval, Interval), geo, plans, filters)

    def arr(
        self,
        *,
        start_date: Moment,
        end_date: Moment,
        interval: Interval = "month",
        geo: Names | None = None,
        plans: Names | None = None,
        filters: str | None = None,
    ) -> Record:
        """Annual run rate: twelve times MRR.

        Reference: ``/reference/metrics/arr``.
        """
        return self._series("arr", start_date, end_date, _checked(interval, Interval), geo, plans, filters)

    def arpa(
        self,
        *,
        start_date: Moment,
        end_date: Moment,
        interval: Interval = "month",
        geo: Names | None = None,
        plans: Names | None = None,
        filters: str | None = None,
    ) -> Record:
        """Average revenue per account: MRR by paying customers.

        Reference: ``/reference/metrics/arpa``.
        """
        return self._series("arpa", start_date, end_date, _checked(interval, Interval), geo, plans, filters)

    def asp(
        self,
        *,
        start_date: Moment,
        end_date: Moment,
        interval: AspInterval = "month",
        geo: Names | None = None,
        plans: Names | None = None,
        filters: str | None = None,
    ) -> Record:
        """Average sale price: MRR of new business by new customers; no days or weeks.

        Reference: ``/reference/metrics/asp``.
        """
        return self._series("asp", start_date, end_date, _checked(interval, AspInterval), geo, plans, filters)

    def customer_count(
        self,
        *,
        start_date: Moment,
        end_date: Moment,
        interval: Interval = "month",
        geo: Names | None = None,
        plans: Names | None = None,
        filters: str | None = None,
    ) -> Record:
        """Number of paying customers (``customers``).

        Reference: ``/reference/metrics/customer-count``.
        """
        return self._series("customer-count", start_date, end_date, _checked(interval, Interval), geo, plans, filters)

    def customer_churn_rate(
        self,
        *,
        start_date: Moment,
        end_date: Moment,
        interval: Interval = "month",
        geo: Names | None = None,
        plans: Names | None = None,
        filters: str | None = None,
    ) -> Record:
        """Customers lost, in per cent of those at the start of the bucket.

        Reference: ``/reference/metrics/churn-rate``.
        """
        return self._series(
            "customer-churn-rate", start_date, end_date, _checked(interval, Interval), geo, plans, filters
        )

    def mrr_churn_rate(
        self,
        *,
        start_date: Moment,
        end_date: Moment,
        interval: Interval = "month",
        geo: Names | None = None,
        plans: Names | None = None,
        filters: str | None = None,
    ) -> Record:
        """Net MRR lost, in per cent of that at the start; negative when growth wins.

        Reference: ``/reference/metrics/mrr-churn-rate``.
        """
        return self._series("mrr-churn-rate", start_date, end_date, _checked(interval, Interval), geo, plans, filters)

    def ltv(
        self,
        *,
        start_date: Moment,
        end_date: Moment,
        geo: Names | None = None,
        plans: Names | None = None,
        filters: str | None = None,
    ) -> Record:
        """Customer lifetime value, always by month.

        Reference: ``/reference/metrics/ltv``.
        """
        return self._series("ltv", start_date, end_date, None, geo, plans, filters)

    def _series(
        self,
        name: str,
        start_date: Moment,
        end_date: Moment,
        interval: str | None,
        geo: Names | None,
        plans: Names | None,
        filters: str | None,
    ) -> Record:
        params = {
            "start-date": read_argument("start_date", start_date, as_day).isoformat(),
            "end-date": read_argument("end_date", end_date, as_day).isoformat(),
            "interval": interval,
            "geo": comma(geo),
            "plans": comma(plans),
            "filters": filters,
        }
        url = f"/metrics/{name}"
        answer = self._api.get(url, params)
        _SHAPE.read(answer, f"GET {url}")
        return answer


def _checked(interval: str, allowed: object) -> str:
    if interval not in get_args(allowed):
        raise ValueError(f"interval must be one of {', '.join(get_args(allowed))}, not {interval!r}")
    return interval
