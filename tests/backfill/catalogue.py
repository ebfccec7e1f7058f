"""What a made-up company sells, to whom, and what a customer is subscribed to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor
from typing import Any, Final


def months_later(moment: datetime, months: int) -> datetime:
    """Return the same day so many months later, or the last day of a shorter month."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    for day in range(moment.day, 27, -1):
        try:
            return moment.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return moment.replace(year=year, month=month + 1)


def in_units(cents: int) -> str:
    """Write an amount as a billing system does: ``-49.90``."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def share(cents: int, part: Fraction) -> int:
    """Return a part of an amount in whole cents, halves away from zero."""
    exact = abs(cents * part)
    return floor(exact + Fraction(1, 2)) * (-1 if cents * part < 0 else 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan of the catalogue.

    :param price: of one seat and cycle, in cents, without tax.
    """

    code: str
    title: str
    every: int
    unit: str
    price: int

    def row(self) -> dict[str, Any]:
        return {"plan_code": self.code, "title": self.title, "every": self.every, "unit": self.unit}

    def cycle(self, anchor: datetime, number: int) -> tuple[datetime, datetime]:
        """Return a cycle of a subscription that began, or changed its rhythm, at the anchor."""
        return self._after(anchor, number), self._after(anchor, number + 1)

    def _after(self, anchor: datetime, cycles: int) -> datetime:
        if self.unit == "day":
            return anchor + timedelta(days=self.every * cycles)
        return months_later(anchor, cycles * self.every * (12 if self.unit == "year" else 1))


TIERS: Final = ("starter", "team", "pro")
_PAID: Final = [
    Plan(f"{tier}-{rhythm}", f"{tier.title()} {name}", every, unit, price)
    for rhythm, name, every, unit, prices in (
        ("m", "monthly", 1, "month", (1900, 4990, 11900)),
        ("q", "quarterly", 3, "month", (5400, 13900, 32900)),
        ("y", "yearly", 1, "year", (19000, 49900, 119000)),
        ("w", "weekly", 7, "day", (590, 1250, 2990)),
    )
    for tier, price in zip(TIERS, prices, strict=True)
]
CATALOGUE: Final = (*_PAID, Plan("free-m", "Free", 1, "month", 0))
PLANS: Final = {plan.code: plan for plan in CATALOGUE}

COMPANIES: Final = (
    "Birch & Sons",
    "Müller, Söhne",
    'The "Old" Mill',
    "Łódź Tekstil",
    "Plain Ltd",
    "東京計画",
    "Nord;West",
)
PEOPLE: Final = ("Ann Poe", "Zoë Brandt", "Li Wei", "José Ortiz", "Tom O'Neil")
COUNTRIES: Final = {"USD": ("US", 0), "EUR": ("DE", 19), "GBP": ("GB", 20)}  # with the tax on top, per cent


@dataclass(slots=True)
class Subscription:
    """What a customer is subscribed to at present.

    :param discounted: for how many more cycles the discount holds.
    """

    number: str
    plan: Plan
    seats: int
    discount: int = 0
    discounted: int = 0

    def net(self) -> int:
        """Return the price of a cycle without tax, discount taken off."""
        return self.list_price() - self.off()

    def list_price(self) -> int:
        return self.plan.price * self.seats

    def off(self) -> int:
        return share(self.list_price(), Fraction(self.discount, 100)) if self.discounted > 0 else 0

    @property
    def rhythm(self) -> str:
        return self.plan.code[-1]
