"""The MRR that billing records imply, by the worked examples of the documented formula."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from airflow_provider_chartmogul.reconcile.mrr import (
    Cancellation,
    Charge,
    Interval,
    UnclearMrrError,
    charge_mrr,
    implied_mrr,
)

MONTH, YEAR = Interval(1, "month"), Interval(1, "year")
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def charge(
    net: int,
    at: str = "2026-06-01",
    end: str | None = None,
    interval: Interval = MONTH,
    proration: str | None = None,
    *,
    order: int = 0,
    subscription: str = "seats",
) -> Charge:
    return Charge(subscription, interval, net, day(at), day(end) if end else None, proration, order)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(charge(4800 - 800), 4000, id="tax is taken off, quantity plays no part"),
        pytest.param(charge(120000, "2026-03-10", "2027-03-10", YEAR), 10000, id="year"),
        pytest.param(charge(29700 - 4950, interval=Interval(3, "month")), 8250, id="three months"),
        pytest.param(charge(2500, interval=Interval(7, "day")), 10871, id="week"),
        pytest.param(charge(10710 - 1710), 9000, id="discount is off already"),
        pytest.param(charge(100000, interval=YEAR), 8333, id="rounded"),
        pytest.param(charge(-30, interval=YEAR), -3, id="halves away from zero"),
        pytest.param(charge(5000, "2026-02-01", "2026-03-03"), 5000, id="the length of the period does not matter"),
    ],
)
def test_whole_cycles(one: Charge, expected: int) -> None:
    assert charge_mrr(one) == expected
    assert implied_mrr([one], [], NOW) == expected


JUNE = charge(9000, "2026-06-01", "2026-07-01")
SEAT = charge(3000, "2026-06-16", "2026-07-01", proration="differential")
STARTER = charge(6000, "2026-06-01", "2026-07-01")
CREDIT = charge(-4000, "2026-06-11", "2026-07-01", proration="differential", order=1)
PRO = charge(10000, "2026-06-11", "2026-07-01", proration="differential", order=2)


@pytest.mark.parametrize(
    ("charges", "expected"),
    [
        pytest.param([JUNE, SEAT], 15000, id="seat added in the middle of a cycle"),
        pytest.param(
            [
                charge(9000, "2026-10-01", "2026-11-01"),
                charge(2100, "2026-10-11", "2026-11-01", proration="differential"),
            ],
            12100,
            id="the same in a month of 31 days",
        ),
        pytest.param([STARTER, CREDIT, PRO], 15000, id="upgrade with a credit"),
        pytest.param(
            [STARTER, charge(10000, "2026-06-11", "2026-07-01", proration="full")], 15000, id="upgrade billed as one"
        ),
        pytest.param(
            [
                charge(120000, "2026-01-01", "2027-01-01", YEAR),
                charge(4800, "2026-10-20", "2027-01-01", YEAR, "differential"),
            ],
            12000,
            id="seat of a year with 73 days left",
        ),
        pytest.param([JUNE, charge(3000, "2026-06-16", "2026-07-01")], 3000, id="a forgotten flag sets it anew"),
        pytest.param([JUNE, SEAT, charge(15000, "2026-07-01")], 15000, id="renewal as it was"),
        pytest.param([JUNE, SEAT, charge(9000, "2026-07-01")], 9000, id="renewal for less"),
        pytest.param([JUNE, charge(0, "2026-07-01")], 0, id="pause"),
        pytest.param([JUNE, charge(500, subscription="add-on")], 9500, id="two subscriptions add up"),
        pytest.param([charge(1), charge(2)], 2, id="of two at one instant the last one holds"),
        pytest.param([charge(2, order=2), charge(1, order=1)], 2, id="unless their order says otherwise"),
    ],
)
def test_examples(charges: list[Charge], expected: int) -> None:
    assert implied_mrr(charges, [], NOW) == expected
    assert implied_mrr(sorted(charges, key=lambda one: one.order), [], NOW) == expected


def test_a_part_of_a_cycle_that_nobody_billed_is_one_of_the_plan() -> None:
    # from 1 June, a month before its end: 30 days, of which 15 are billed
    assert charge_mrr(charge(3000, "2026-06-16", "2026-07-01", proration="differential")) == 6000


def test_the_cycle_before_a_short_month_ends_on_its_last_day() -> None:
    # from 28 February to 31 March: 31 days, of which 10 are billed
    assert charge_mrr(charge(1000, "2026-03-21", "2026-03-31", proration="differential")) == 3100


def test_cancellations() -> None:
    charges = [charge(9000, "2026-06-01"), charge(9000, "2026-07-01"), charge(500, subscription="add-on")]
    assert implied_mrr(charges, [Cancellation("seats", day("2026-08-01"))], NOW) == 500
    assert implied_mrr(charges, [Cancellation("seats", day("2026-07-01"))], NOW) == 500, "beats a renewal"
    assert implied_mrr(charges, [Cancellation("seats", day("2026-06-20"))], NOW) == 9500, "paid again"
    assert implied_mrr(charges, [Cancellation("seats", day("2026-07-01"), order=-1)], NOW) == 9500, "goes first"


def test_what_is_still_to_come_does_not_count() -> None:
    charges = [charge(9000, "2026-06-01"), charge(100, "2027-02-01")]
    assert implied_mrr(charges, [Cancellation("seats", day("2027-01-02"))], NOW) == 9000


@pytest.mark.parametrize("end", [None, "2026-06-16"])
def test_a_part_without_an_end_says_nothing(end: str | None) -> None:
    with pytest.raises(UnclearMrrError, match="for which time"):
        implied_mrr([charge(3000, "2026-06-16", end, proration="full")], [], NOW)
