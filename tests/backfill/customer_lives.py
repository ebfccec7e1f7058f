"""What happens to one customer of a made-up company, as rows of its billing system."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from tests.backfill.catalogue import (
    COMPANIES,
    COUNTRIES,
    PEOPLE,
    PLANS,
    TIERS,
    Subscription,
    in_units,
    months_later,
    share,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

Row = dict[str, Any]

TABLES: Final = ("accounts", "plans", "invoices", "invoice_lines", "payments", "cancellations")
# How likely a subscription is to end with a cycle.
LEAVING: Final = {"m": 0.05, "q": 0.10, "y": 0.25, "w": 0.015}


class CustomerLife:
    """Everything that the billing system knows of one customer.

    :param random: what decides; nothing else does.
    :param begin: of the history.
    :param end: of the history; nothing happens at or after it.
    """

    def __init__(self, number: int, random: Random, begin: datetime, end: datetime) -> None:
        self.account = f"A{number:06}"
        self.random, self.begin, self.end = random, begin, end
        self.rows: dict[str, list[Row]] = {table: [] for table in TABLES}
        self.currency = random.choices(("USD", "EUR", "GBP"), (84, 9, 7))[0]
        self.country, self.tax = COUNTRIES[self.currency]
        self.subscriptions = 0

    def lived(self) -> dict[str, list[Row]]:
        """Return the rows by table, oldest first."""
        start = self._sign_up()
        if start:
            self._subscribe(start)
        self._number("invoices", "issued_at", "invoice_no", "R")
        self._number("payments", "booked_at", "payment_no", "P")
        self._number("cancellations", "ends_at", "cancellation_no", "C")
        issued = {invoice.pop("key"): invoice["invoice_no"] for invoice in self.rows["invoices"]}
        for row in (*self.rows["invoice_lines"], *self.rows["payments"]):
            row["invoice_no"] = issued[row["invoice_no"]]
        self._number("invoice_lines", "invoice_no", "line_no", "L")
        return self.rows

    def _number(self, table: str, by: str, column: str, letter: str) -> None:
        self.rows[table].sort(key=lambda row: row[by])
        for number, row in enumerate(self.rows[table]):
            row[column] = f"{letter}{self.account[1:]}-{number:04}"

    def _sign_up(self) -> datetime | None:
        """Make the account; return when its first subscription begins, if it ever does."""
        span = (self.end - self.begin - timedelta(days=20)) // timedelta(seconds=1)
        signed_up = self.begin + timedelta(seconds=int(span * self.random.random() ** 2))
        trial = signed_up + timedelta(hours=1) if self.random.random() < 0.4 else None
        self._add(
            "accounts",
            company=self.random.choice(COMPANIES),
            contact=self.random.choice(PEOPLE),
            email=f"{self.account.lower()}@example.com" if self.random.random() < 0.9 else None,
            country=self.country,
            signed_up=signed_up.strftime("%d.%m.%Y"),
            trial_from=_stamp(trial) if trial else None,
        )
        if self.random.random() < 0.1:
            return None
        if self.random.random() < 0.15:  # from the last day of a month on
            return min(months_later(signed_up.replace(day=1), 2) - timedelta(days=1), self.end - timedelta(days=1))
        start = (trial or signed_up) + (timedelta(days=14) if trial else timedelta(minutes=self.random.randrange(5000)))
        return start if start < self.end else None

    def _subscribe(self, start: datetime) -> None:
        """Live with one subscription or two, and perhaps come back."""
        first = self._new_subscription()
        fate = self.random.random()
        if fate < 0.08:
            first.plan = PLANS["free-m"]
        ended = self._run(first, start)
        if 0.08 < fate < 0.25:
            self._second(start, ended)
        if ended and self.random.random() < 0.5:
            again = ended + timedelta(hours=self.random.randrange(400, 4000))
            same = self.random.random() < 0.4
            self._run(first if same else self._new_subscription(), again)

    def _second(self, start: datetime, ended: datetime | None) -> None:
        """Have another subscription: bought with the first or later, perhaps given up with it."""
        together = self.random.random() < 0.5
        start += timedelta(minutes=20) if together else timedelta(hours=self.random.randrange(30, 4000))
        until = ended + timedelta(minutes=self.random.choice((0, 25, 90))) if ended else None
        if until is None or start < until:
            self._run(self._new_subscription(), start, until if self.random.random() < 0.6 else None)

    def _new_subscription(self) -> Subscription:
        self.subscriptions += 1
        rhythm = self.random.choices("mqyw", (62, 14, 18, 6))[0]
        plan = PLANS[f"{self.random.choice(('starter', 'team', 'pro'))}-{rhythm}"]
        discount = self.random.choice((10, 25, 33)) if self.random.random() < 0.2 else 0
        number = f"S{self.account[1:]}-{self.subscriptions}"
        return Subscription(number, plan, self.random.choice((1, 1, 1, 2, 3, 5, 12)), discount, 3 if discount else 0)

    def _run(self, subscription: Subscription, start: datetime, until: datetime | None = None) -> datetime | None:
        """Bill cycle by cycle; return when the subscription was cancelled, None where it goes on to the end."""
        anchor, number = self._anchored(subscription, start), 0
        while True:
            begins, ends = subscription.plan.cycle(anchor, number)
            if begins >= min(self.end, until or self.end):
                return self._cancel_by_event(subscription, until) if until else None
            self._bill_cycle(subscription, begins, ends, first=number == 0)
            last = self._change_plan(subscription, begins, ends, until)
            if until is None and self.random.random() < LEAVING[subscription.rhythm]:
                return self._leave(subscription, last, ends)
            subscription.discounted -= 1
            number += 1
            if self._change_rhythm(subscription):
                anchor, number = ends, 0

    def _anchored(self, subscription: Subscription, start: datetime) -> datetime:
        """Return the start of the first whole cycle; some pay a part first, up to the first of the next month."""
        turn = months_later(start.replace(day=1, hour=0, minute=0, second=0), 1)
        if subscription.rhythm != "m" or turn >= self.end or start >= self.end or self.random.random() > 0.15:
            return start
        part = Fraction((turn - start) // timedelta(seconds=1), (turn - months_later(turn, -1)) // timedelta(seconds=1))
        line = self._line(subscription, start, turn, share(subscription.net(), part), is_prorated=True)
        self._invoice(start, [line])
        return turn

    def _bill_cycle(self, subscription: Subscription, begins: datetime, ends: datetime, *, first: bool) -> None:
        lines = [self._line(subscription, begins, ends, subscription.net(), discount=subscription.off())]
        paid = subscription.plan.price > 0
        if paid and first and self.random.random() < 0.15:
            lines.append(self._one_time("Set-up, once", self.random.choice((4900, 25000))))
        self._invoice(begins, lines)
        if paid and self.random.random() < 0.02:
            self._invoice(self._between(begins, min(ends, self.end)), [self._one_time("Training", 60000)])

    def _change_plan(
        self, subscription: Subscription, begins: datetime, ends: datetime, until: datetime | None
    ) -> datetime:
        """Change seats or tier within the cycle, now and then twice; return the moment of the last change."""
        # not in the last days: a cent of rounding there would be much MRR
        last, limit = begins, min(begins + (ends - begins) * 9 // 10, self.end, until or self.end)
        while subscription.plan.price and self.random.random() < 0.12:
            at = self._between(last, limit)
            if at <= last:
                break
            part = Fraction((ends - at) // timedelta(seconds=1), (ends - begins) // timedelta(seconds=1))
            self._prorate(subscription, at, ends, part)
            last = at
        return last

    def _prorate(self, subscription: Subscription, at: datetime, ends: datetime, part: Fraction) -> None:
        """Bill a change; the credit stands after the charge on purpose, position says that it comes first."""
        way = self.random.choice(("seats", "credit and charge", "full"))
        before = subscription.net()
        credit = self._line(subscription, at, ends, -share(before, part), position=1, is_prorated=True)
        if way == "seats":
            subscription.seats += self.random.choice((1, 2, 4))
            added = share(subscription.net() - before, part)
            self._invoice(at, [self._line(subscription, at, ends, added, is_prorated=True)])
            return
        tiers = [tier for tier in TIERS if not subscription.plan.code.startswith(tier)]
        subscription.plan = PLANS[f"{self.random.choice(tiers)}-{subscription.rhythm}"]
        charge = share(subscription.net(), part)
        if way == "full":
            line = self._line(subscription, at, ends, charge, position=2, is_prorated=True, proration="full")
            self._invoice(at, [line, credit] if self.random.random() < 0.5 else [line])
            return
        line = self._line(subscription, at, ends, charge, position=2, is_prorated=True, proration="differential")
        self._invoice(at, [line, {**credit, "proration": "differential"}])

    def _change_rhythm(self, subscription: Subscription) -> bool:
        """Change to yearly, or from the free plan to a paid one, with the next cycle."""
        if subscription.plan.code == "free-m" and self.random.random() < 0.05:
            subscription.plan = PLANS["starter-m"]
            return True
        if subscription.rhythm == "m" and subscription.plan.price and self.random.random() < 0.03:
            subscription.plan = PLANS[subscription.plan.code.replace("-m", "-y")]
            return True
        return False

    def _leave(self, subscription: Subscription, last: datetime, ends: datetime) -> datetime | None:
        """Cancel at the end of the cycle or within it, by a cancellation or by an end on the last line."""
        at = ends if self.random.random() < 0.6 else self._between(last, min(ends, self.end))
        if not last < at < self.end:
            return None
        if at == ends and self.random.random() < 0.15:  # billed before anybody took note
            self._invoice(at, [self._line(subscription, *subscription.plan.cycle(at, 0), subscription.net())])
        way = self.random.choices(("cancellation", "line", "both"), (60, 30, 10))[0]
        if way == "cancellation":
            return self._cancel_by_event(subscription, at)
        lines = [line for line in self.rows["invoice_lines"] if line["subscription_no"] == subscription.number]
        line = max(lines, key=lambda line: (line["period_from"], line["position"] or 0))
        if way == "line":
            line["ended_at"] = _stamp(at)
            return at
        line["ended_at"] = _stamp(self._between(last, at))  # as somebody noted too early
        return self._cancel_by_event(subscription, at)

    def _cancel_by_event(self, subscription: Subscription, at: datetime) -> datetime | None:
        if at >= self.end:
            return None
        decided = max(at - timedelta(days=self.random.randrange(10)), self.begin)
        number = subscription.number
        self._add("cancellations", subscription_no=number, requested_at=_stamp(decided), ends_at=_stamp(at))
        return at

    def _line(self, subscription: Subscription, begins: datetime, ends: datetime, net: int, **fields: Any) -> Row:
        discount, tax = fields.pop("discount", 0), share(net, Fraction(self.tax, 100))
        line = {
            "line_type": "subscription",
            "subscription_no": subscription.number,
            "plan_code": subscription.plan.code,
            "seats": subscription.seats,
            "period_from": _stamp(begins),
            "period_to": _stamp(ends),
            "discount": in_units(discount) if discount else None,
            "coupon": f"LESS{subscription.discount}" if discount else None,
            "is_prorated": False,
            "proration": None,
            "position": None,
            "text": None,
        }
        return {**line, "total": net + tax, "tax": tax, **fields}

    def _one_time(self, text: str, net: int) -> Row:
        names = (
            "subscription_no",
            "plan_code",
            "period_from",
            "period_to",
            "discount",
            "coupon",
            "proration",
            "position",
        )
        tax = share(net, Fraction(self.tax, 100))
        fields = {
            "line_type": "one_time",
            "seats": 1,
            "is_prorated": False,
            "text": text,
            "tax": tax,
            "total": net + tax,
        }
        return {**dict.fromkeys(names), **fields}

    def _invoice(self, at: datetime, lines: Sequence[Row]) -> None:
        if at >= self.end:
            return
        total, key = sum(line["total"] for line in lines), len(self.rows["invoices"])
        self._add(
            "invoices",
            key=key,
            issued_at=_stamp(at),
            due_on=(at + timedelta(days=14)).date(),
            currency=self.currency,
            collection=self.random.choice(("automatic", "manual")),
            total=in_units(total),
        )
        for line in lines:
            amounts = {"total": in_units(line["total"]), "tax": in_units(line["tax"])}
            self._add("invoice_lines", invoice_no=key, **{**line, **amounts}, ended_at=None)
        if total > 0:
            self._pay(at, key, total)

    def _pay(self, at: datetime, key: int, total: int) -> None:
        """Pay at once, or late after failures, or never; sometimes give money back."""
        for _ in range(self.random.choices((0, 1, 3), (90, 8, 2))[0]):
            self._book(key, "payment", "failed", at, None)
            at += timedelta(days=2)
        if self.random.random() < 0.03:
            return
        self._book(key, "payment", "successful", at + timedelta(hours=2), total if self.random.random() < 0.7 else None)
        if self.random.random() < 0.03:
            back = total if self.random.random() < 0.5 else share(total, Fraction(1, 3))
            self._book(key, "refund", "successful", at + timedelta(days=5), back)

    def _book(self, key: int, kind: str, outcome: str, at: datetime, cents: int | None) -> None:
        total = None if cents is None else in_units(cents)
        if at < self.end:
            self._add("payments", invoice_no=key, kind=kind, outcome=outcome, booked_at=_stamp(at), total=total)

    def _add(self, table: str, **row: Any) -> None:
        self.rows[table].append({"account_no": self.account, **row})

    def _between(self, first: datetime, last: datetime) -> datetime:
        """Return a moment after the first and before the last, to the second."""
        return first + timedelta(seconds=self.random.randrange(1, max(2, (last - first) // timedelta(seconds=1))))


def _stamp(moment: datetime) -> datetime:
    """Return a moment as billing systems keep it: UTC, and silent about it."""
    return moment.replace(tzinfo=None)
