"""Make up the billing of a subscription company: deterministic, realistic, as JSON Lines.

One calendar year. Customers sign up throughout it, some after a free trial; they pay monthly or yearly, in USD or EUR;
they upgrade and add seats in mid-cycle (prorated), downgrade at renewal, fail to pay, get refunds, cancel, come back.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

Record = dict[str, Any]

COUNTRIES: Final = ("US", "US", "US", "CA", "GB", "AU", "DE", "DE", "FR", "NL", "AT", "ES")
EURO: Final = frozenset({"DE", "FR", "NL", "AT", "ES"})
VAT: Final = 0.2

FIRST_WORDS: Final = ("North", "Blue", "Bright", "Iron", "Silver", "Quiet", "Rapid", "Green", "High", "Clear")
SECOND_WORDS: Final = ("wind", "field", "river", "stone", "bridge", "harbor", "forest", "light", "gate", "mill")
FORMS: Final = ("Labs", "Analytics", "Systems", "Studio", "Logistics", "Foods", "Health", "Works")


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan with its price for one seat and one cycle, in cents."""

    name: str
    unit: str
    price: int

    @property
    def external_id(self) -> str:
        """Such as ``team-month``."""
        return f"{self.name.lower()}-{self.unit}"


TIERS: Final = ("Starter", "Team", "Business")
PLANS: Final = {
    (tier, unit): Plan(tier, unit, price * (10 if unit == "year" else 1))
    for tier, price in zip(TIERS, (2_900, 7_900, 19_900), strict=True)
    for unit in ("month", "year")
}


@dataclass(slots=True)
class Billing:
    """The made-up records, in the form in which they are imported."""

    customers: list[Record] = field(default_factory=list)
    plans: list[Record] = field(default_factory=list)
    invoices: list[Record] = field(default_factory=list)
    subscription_events: list[Record] = field(default_factory=list)

    def write(self, folder: Path) -> dict[str, Path]:
        """Write one JSON Lines file for each kind of record and return their paths by kind."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = {}
        for kind in ("customers", "plans", "invoices", "subscription_events"):
            paths[kind] = folder / f"{kind}.jsonl"
            with paths[kind].open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(record) + "\n" for record in getattr(self, kind))
        return paths


def generate(customers: int = 500, year: int = 2025, seed: int = 7) -> Billing:
    """Make up the billing of one calendar year.

    :param customers: how many sign up in that year.
    :param year: the year; nothing in the records lies outside of it but the ends of service periods.
    :param seed: the same seed gives the same records.
    """
    billing = Billing(
        plans=[
            {
                "external_id": plan.external_id,
                "name": f"{plan.name} ({plan.unit}ly)",
                "interval_count": 1,
                "interval_unit": plan.unit,
            }
            for plan in PLANS.values()
        ]
    )
    for number in range(1, customers + 1):
        # a stream of its own for each customer: one customer more does not change the others
        _Customer(random.Random(f"{seed}-{number}"), number, year).live(billing)  # noqa: S311 - no secret
    return billing


class _Customer:
    """One customer's year, cycle after cycle."""

    def __init__(self, dice: random.Random, number: int, year: int) -> None:
        self.dice = dice
        self.id = f"cust-{number:05d}"
        self.country = dice.choice(COUNTRIES)
        self.currency = "EUR" if self.country in EURO else "USD"
        self.signed_up = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=int(335 * dice.random() ** 1.3))
        self.end = datetime(year + 1, 1, 1, tzinfo=UTC)
        self.tier = dice.choices(TIERS, (5, 4, 2))[0]
        self.unit = dice.choices(("month", "year"), (4, 1))[0]
        self.seats = 1 if self.tier == "Starter" else dice.randint(2, 12)
        self.trial = dice.random() < 0.3
        self.invoices = 0
        self.company = f"{dice.choice(FIRST_WORDS)}{dice.choice(SECOND_WORDS)} {dice.choice(FORMS)}"

    @property
    def plan(self) -> Plan:
        return PLANS[self.tier, self.unit]

    @property
    def charge(self) -> int:
        """Cents for a whole cycle, before tax."""
        return self.plan.price * self.seats

    def live(self, billing: Billing) -> None:
        billing.customers.append(self.as_record())
        start = self.signed_up + timedelta(days=14 if self.trial else 0)
        if self.trial and self.dice.random() < 0.2:
            return  # a trial that came to nothing
        while start < self.end:
            left_at = self.cycles(billing, start)
            if left_at is None or self.dice.random() > 0.35:
                return
            start = left_at + timedelta(days=self.dice.randint(20, 90))

    def as_record(self) -> Record:
        record: Record = {
            "external_id": self.id,
            "name": self.company,
            "company": self.company,
            "email": f"billing@{self.id}.example",
            "country": self.country,
            "lead_created_at": stamp(self.signed_up),
        }
        if self.trial:
            record["free_trial_started_at"] = stamp(self.signed_up)
        return record

    def cycles(self, billing: Billing, start: datetime) -> datetime | None:
        """Bill until the customer leaves; return when, or None where it stays until the end of the year."""
        first = True
        while start < self.end:
            end = add_cycle(start, self.unit)
            items = [self.item(start, end, self.charge)]
            if first and self.tier == "Business":
                items.append(self.setup_fee())
            self.bill(billing, start, items)
            self.change_in(billing, start, end)
            left_at = self.leaves(billing, start, end)
            if left_at:
                return left_at
            start, first = end, False
            if self.tier != "Starter" and self.dice.random() < 0.03:
                self.move(-1)
        return None

    def change_in(self, billing: Billing, start: datetime, end: datetime) -> None:
        """Add seats or move up a plan in the middle of the cycle."""
        when = start + timedelta(days=self.dice.randint(3, 25))
        if when >= self.end:
            return
        rest = (end - when) / (end - start)
        if self.tier != "Starter" and self.dice.random() < 0.07:
            added = self.dice.randint(1, 4)
            extra = self.item(when, end, round(self.plan.price * added * rest), prorated=True, seats=added)
            self.seats += added
            self.bill(billing, when, [extra])
        elif self.tier != "Business" and self.dice.random() < 0.06:
            credit = self.item(when, end, -round(self.charge * rest), prorated=True, order=1)
            self.move(1)
            charge = self.item(when, end, round(self.charge * rest), prorated=True, order=2)
            self.bill(billing, when, [credit, charge])

    def leaves(self, billing: Billing, start: datetime, end: datetime) -> datetime | None:
        """Cancel now and then: at the end of the cycle, or at once."""
        if self.dice.random() > (0.045 if self.unit == "month" else 0.1):
            return None
        decided = start + timedelta(days=self.dice.randint(26, 28))
        effective = end if self.unit == "month" and self.dice.random() < 0.7 else decided
        if effective >= self.end:
            return None
        billing.subscription_events.append(
            {
                "external_id": f"{self.id}-cancel-{effective:%Y%m%d}",
                "customer_external_id": self.id,
                "subscription_external_id": f"{self.id}-main",
                "event_type": "subscription_cancelled",
                "event_date": stamp(decided),
                "effective_date": stamp(effective),
            }
        )
        return effective

    def move(self, steps: int) -> None:
        self.tier = TIERS[TIERS.index(self.tier) + steps]
        self.seats = max(self.seats, 2) if self.tier != "Starter" else 1

    def item(
        self,
        start: datetime,
        end: datetime,
        net: int,
        *,
        prorated: bool = False,
        seats: int | None = None,
        order: int | None = None,
    ) -> Record:
        item: Record = {
            "type": "subscription",
            "subscription_external_id": f"{self.id}-main",
            "plan_external_id": self.plan.external_id,
            "service_period_start": stamp(start),
            "service_period_end": stamp(end),
            "quantity": seats or self.seats,
            "prorated": prorated,
            **self.amount(net),
        }
        if order is not None:
            item["event_order"] = order
        return item

    def setup_fee(self) -> Record:
        return {"type": "one_time", "description": "Onboarding", **self.amount(50_000)}

    def amount(self, net: int) -> Record:
        tax = round(net * VAT) if self.currency == "EUR" else 0
        return {"amount_in_cents": net + tax, "tax_amount_in_cents": tax}

    def bill(self, billing: Billing, when: datetime, items: list[Record]) -> None:
        self.invoices += 1
        external_id = f"{self.id}-{self.invoices:03d}"
        for number, item in enumerate(items, start=1):
            item["external_id"] = f"{external_id}-{number}"
        billing.invoices.append(
            {
                "external_id": external_id,
                "customer_external_id": self.id,
                "date": stamp(when),
                "due_date": stamp(when + timedelta(days=14)),
                "currency": self.currency,
                "line_items": items,
                "transactions": list(self.payments(external_id, when)),
            }
        )

    def payments(self, invoice: str, when: datetime) -> Iterator[Record]:
        tries = 2 if self.dice.random() < 0.04 else 1
        for number in range(1, tries + 1):
            paid_at = min(when + timedelta(days=2 * number), self.end - timedelta(hours=1))
            result = "successful" if number == tries else "failed"
            yield transaction(f"{invoice}-pay-{number}", "payment", result, paid_at)
        refunded_at = when + timedelta(days=9)
        if self.dice.random() < 0.015 and refunded_at < self.end:
            yield transaction(f"{invoice}-refund", "refund", "successful", refunded_at)


def transaction(external_id: str, kind: str, result: str, when: datetime) -> Record:
    """Return a transaction over the whole invoice."""
    return {"external_id": external_id, "type": kind, "result": result, "date": stamp(when)}


def stamp(moment: datetime) -> str:
    """Return the moment as ChartMogul writes it, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def add_cycle(start: datetime, unit: str) -> datetime:
    """Return the same day of the next month or year, or the last day of that month where it is shorter."""
    months = start.month + (12 if unit == "year" else 1)
    year, month = start.year + (months - 1) // 12, (months - 1) % 12 + 1
    first_of_next = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return start.replace(year=year, month=month, day=min(start.day, (first_of_next - timedelta(days=1)).day))


def main() -> None:
    """Write the files into a folder."""
    parser = argparse.ArgumentParser(prog="python -m demo.billing", description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--customers", type=int, default=500)
    parser.add_argument("--year", type=int, default=2025)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    billing = generate(options.customers, options.year, options.seed)
    for kind, path in billing.write(options.folder).items():
        print(f"{len(getattr(billing, kind)):>7,} {kind:<20} {path}")


if __name__ == "__main__":
    main()
