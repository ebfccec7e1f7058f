"""Key figures of subscription analytics, as small JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from airflow_provider_chartmogul.client.resources.metrics import AspInterval, Interval
from airflow_provider_chartmogul.intervals import DATA_INTERVAL_END, DATA_INTERVAL_START, inclusive_dates
from airflow_provider_chartmogul.operators.base import ChartMogulOperator, is_literal, optional_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.moments import Moment

DEFAULT_INTERVAL = "month"
# which bucket sizes a metric has; its name is that of the method of ``client.metrics``
INTERVALS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("all", "mrr", "arr", "arpa"), get_args(Interval)),
    "asp": get_args(AspInterval),
    **dict.fromkeys(("customer_count", "customer_churn_rate", "mrr_churn_rate"), get_args(Interval)),
    "ltv": (),
}


class ChartMogulMetricsOperator(ChartMogulOperator):
    """Retrieve a series of the Metrics API and return it as it came: ``entries`` and ``summary``.

    Money is integer cents of the account currency, rates are per cent. Each entry is dated with the last day of its
    bucket; a bucket that the range cuts off carries the last day of the range. ``summary`` describes the present,
    whatever the range. The range is taken as days in UTC, and ChartMogul reads them as days in the account's time zone:
    in an account west of UTC the last one has not ended yet when a daily run asks for it. For long histories load the
    ``metrics`` streams into a database instead.

    :param metric: ``all``, ``mrr``, ``arr``, ``arpa``, ``asp``, ``customer_count``, ``customer_churn_rate``,
        ``mrr_churn_rate`` or ``ltv``. (templated)
    :param interval_start: first moment of the range; the start of the data interval by default. (templated)
    :param interval_end: end of the range, exclusive as everywhere in Airflow: ``2026-02-01`` asks for days up to
        31 January. The end of the data interval by default. (templated)
    :param interval: bucket size ``day``, ``week``, ``month`` (default), ``quarter`` or ``year``; ``asp`` has no day and
        week, ``ltv`` takes none. (templated)
    :param geo: country codes (ISO 3166-1 alpha-2), as list or comma-separated. (templated)
    :param plans: plan names, uuids or external ids, as list or comma-separated. (templated)
    :param filters: filter expression of ChartMogul, passed on unread. (templated)
    :raises ValueError: unknown metric or an interval that it does not have; when the DAG is parsed, unless templated.
    """

    template_fields: Sequence[str] = (
        *ChartMogulOperator.template_fields,
        "metric",
        "interval_start",
        "interval_end",
        "interval",
        "geo",
        "plans",
        "filters",
    )

    def __init__(
        self,
        *,
        metric: str,
        interval_start: Moment = DATA_INTERVAL_START,
        interval_end: Moment = DATA_INTERVAL_END,
        interval: str | None = None,
        geo: str | Sequence[str] | None = None,
        plans: str | Sequence[str] | None = None,
        filters: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.metric = metric
        self.interval_start = interval_start
        self.interval_end = interval_end
        self.interval = interval
        self.geo = geo
        self.plans = plans
        self.filters = filters
        if is_literal(metric) and (interval is None or is_literal(interval)):
            bucket_size(metric, interval)

    def execute(self, context: Context) -> dict[str, Any]:
        """Return ``{"entries": [...], "summary": {...}}``."""
        first, last = inclusive_dates(self.interval_start, self.interval_end)
        size = bucket_size(self.metric, self.interval)
        retrieve = getattr(self.hook.get_conn().metrics, self.metric)
        answer: dict[str, Any] = retrieve(
            start_date=first,
            end_date=last,
            **({"interval": size} if size else {}),
            geo=optional_text("geo", self.geo, several=True),
            plans=optional_text("plans", self.plans, several=True),
            filters=optional_text("filters", self.filters),
        )
        self.log.info("%s from %s to %s: %s entries", self.metric, first, last, len(answer["entries"]))
        return answer


def bucket_size(metric: str, interval: str | None) -> str | None:
    """Return the interval to send for a metric, ``None`` where the metric has none.

    :raises ValueError: unknown metric, or an interval that the metric does not have.
    """
    if metric not in INTERVALS:
        raise ValueError(f"metric must be one of {', '.join(INTERVALS)}, not {metric!r}")
    allowed = INTERVALS[metric]
    if not allowed:
        if interval:
            raise ValueError(f"metric {metric} takes no interval")
        return None
    if not interval:
        return DEFAULT_INTERVAL
    if interval not in allowed:
        raise ValueError(f"interval of metric {metric} must be one of {', '.join(allowed)}, not {interval!r}")
    return interval
