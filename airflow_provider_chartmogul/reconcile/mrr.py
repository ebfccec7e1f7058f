"""The MRR that line items and cancellations of a customer imply.

By the formula of ``/docs/how-mrr-is-calculated-from-prorated-invoices``, in whole cents of the invoices' currency.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_DAYS_OF_A_MONTH: Final = Fraction(487, 16)
"""30.4375, for plans that are counted in days."""


class UnclearMrrError(ValueError):
    """What the records say is not enough to tell the MRR; the text says why."""


class Interval(NamedTuple):
    """How long a cycle of a plan is."""

    length: int
    unit: str


@dataclass(frozen=True, slots=True)
class Charge:
    """A recurring line item.

    :param net: amount without tax, in cents.
    :param at: begin of the service period; ``end`` is the end of it.
    :param proration: ``None`` for a whole cycle; else ``differential`` or ``full``.
    :param order: ``event_order``.
    """

    subscription: str
    interval: Interval
    net: int
    at: datetime
    end: datetime | None = None
    proration: str | None = None
    order: int = 0


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The end of a subscription."""

    subscription: str
    at: datetime
    order: int = 0


def implied_mrr(charges: Sequence[Charge], cancellations: Iterable[Cancellation], now: datetime) -> int:
    """Return the MRR of a customer.

    :param charges: in the order in which they came, which decides between equal ones.
    :param now: what takes effect later does not count yet.
    :raises UnclearMrrError: a prorated charge does not say for which time it is.
    """
    siblings: dict[str, list[Charge]] = defaultdict(list)
    for charge in charges:
        siblings[charge.subscription].append(charge)
    mrr: dict[str, int] = defaultdict(int)
    steps: list[Charge | Cancellation] = [*charges, *cancellations]
    for step in sorted((step for step in steps if step.at <= now), key=_when):
        if isinstance(step, Cancellation):
            mrr[step.subscription] = 0
            continue
        before = mrr[step.subscription] if step.proration == "differential" else 0
        mrr[step.subscription] = before + charge_mrr(step, siblings[step.subscription])
    return sum(mrr.values())


def _when(step: Charge | Cancellation) -> tuple[datetime, int, bool]:
    """Return what puts steps in order: a cancellation beats a renewal of the same instant."""
    return step.at, step.order, isinstance(step, Cancellation)


def charge_mrr(charge: Charge, siblings: Iterable[Charge] = ()) -> int:
    """Return the MRR of one line item; of a differential one, what it adds.

    :param siblings: charges of the same subscription, which tell how long a full cycle is.
    """
    length, unit = charge.interval
    ratio = {
        "month": Fraction(1, length),
        "year": Fraction(1, 12 * length),
        "day": _DAYS_OF_A_MONTH / length,
    }[unit]
    return _rounded(charge.net * ratio * (1 if charge.proration is None else _prorate_factor(charge, siblings)))


def _prorate_factor(charge: Charge, siblings: Iterable[Charge]) -> Fraction:
    if charge.end is None or charge.end <= charge.at:
        raise UnclearMrrError("a prorated line item does not say for which time it is")
    around = [
        (whole.at, end)
        for whole in siblings
        if whole.proration is None
        for end in [whole.end or _shifted(whole.at, whole.interval, 1)]
        if whole.at <= charge.at < end
    ]
    start, end = max(around) if around else (_shifted(charge.end, charge.interval, -1), charge.end)
    return Fraction((end - start) // _MICROSECOND, (charge.end - charge.at) // _MICROSECOND)


_MICROSECOND: Final = timedelta(microseconds=1)


def _shifted(moment: datetime, interval: Interval, cycles: int) -> datetime:
    """Return a moment so many cycles later; the day is that of the month's end where the month is too short."""
    count = interval.length * cycles
    if interval.unit == "day":
        return moment + timedelta(days=count)
    year, month = divmod(moment.year * 12 + moment.month - 1 + count * (12 if interval.unit == "year" else 1), 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def _rounded(value: Fraction) -> int:
    """Round to whole cents, halves away from zero."""
    return floor(abs(value) + Fraction(1, 2)) * (-1 if value < 0 else 1)
