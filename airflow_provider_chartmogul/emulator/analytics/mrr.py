"""The MRR of one line item, in its own currency."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.emulator.analytics.arithmetic import divide

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_chartmogul.emulator.analytics.model import LineItem, Plan

#: 30.4375 days in a month, as a ratio of integers.
_DAYS_PER_MONTH = (487, 16)
_SECOND = timedelta(seconds=1)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def shift(moment: datetime, plan: Plan, cycles: int) -> datetime:
    """Move a moment by whole billing cycles; the day is clamped to the length of the month, all to the calendar."""
    count = plan.interval_count * cycles
    try:
        return _shifted(moment, plan, count)
    except (OverflowError, ValueError):
        return _LAST if count > 0 else _FIRST


def _shifted(moment: datetime, plan: Plan, count: int) -> datetime:
    if plan.interval_unit == "day":
        return moment + timedelta(days=count)
    months = moment.year * 12 + moment.month - 1 + count * (12 if plan.interval_unit == "year" else 1)
    year, month = divmod(months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def period_end(item: LineItem) -> datetime:
    """End of the service period; one billing cycle after its start where none was sent."""
    return item.service_period_end or shift(item.service_period_start, item.plan, 1)


def line_mrr(item: LineItem, siblings: Iterable[LineItem]) -> int:
    """MRR of a line item in hundredths of its own currency.

    :param siblings: the items of the same subscription; they tell how long a prorated item's full cycle is.
    """
    net = item.amount_in_cents - item.tax_amount_in_cents
    if item.type == "trial":
        return 0
    if item.prorated and item.proration_type == "differential_mrr":
        return net
    month, cycle = _month_per_cycle(item.plan)
    full, part = _proration(item, siblings) if item.prorated else (1, 1)
    return divide(net * month * full, cycle * part)


def _month_per_cycle(plan: Plan) -> tuple[int, int]:
    """One month divided by the plan interval, as numerator and denominator."""
    if plan.interval_unit == "day":
        days, per = _DAYS_PER_MONTH
        return days, per * plan.interval_count
    return 1, plan.interval_count * (12 if plan.interval_unit == "year" else 1)


def _proration(item: LineItem, siblings: Iterable[LineItem]) -> tuple[int, int]:
    """Full and prorated service period in seconds."""
    cycle = _cycle_around(item, siblings)
    end = item.service_period_end or (period_end(cycle) if cycle else period_end(item))
    part = (end - item.service_period_start) // _SECOND
    if part <= 0:
        return 1, 1
    if cycle:
        return (period_end(cycle) - cycle.service_period_start) // _SECOND, part
    return (end - shift(end, item.plan, -1)) // _SECOND, part


def _cycle_around(item: LineItem, siblings: Iterable[LineItem]) -> LineItem | None:
    """The latest whole-cycle item whose service period contains the start of a prorated one."""
    start = item.service_period_start
    around = [
        other
        for other in siblings
        if not other.prorated and other.type != "trial" and other.service_period_start <= start < period_end(other)
    ]
    return max(around, key=lambda other: (other.service_period_start, other.sequence), default=None)
