"""MRR of one line item."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_chartmogul.emulator.analytics.mrr import line_mrr, shift
from tests.unit.emulator_analytics.billing import MONTH, YEAR, at, item, plan

WEEK = plan("Weekly", 7, "day")


@pytest.mark.parametrize(
    ("amount", "fields", "expected"),
    [
        pytest.param(4800, {"tax_amount_in_cents": 800, "quantity": 4}, 4000, id="1-tax-off-quantity-ignored"),
        pytest.param(120000, {"plan": YEAR}, 10000, id="2-year"),
        pytest.param(29700, {"plan": plan("Quarter", 3), "tax_amount_in_cents": 4950}, 8250, id="3-three-months"),
        pytest.param(2500, {"plan": WEEK}, 10871, id="4-week"),
        pytest.param(1000, {"plan": WEEK}, 4348, id="4-week-as-recorded"),
        pytest.param(10710, {"tax_amount_in_cents": 1710}, 9000, id="5-discount-and-tax"),
        pytest.param(119000, {"plan": YEAR, "tax_amount_in_cents": 19000}, 8333, id="2a-not-a-twelfth-of-gross"),
        pytest.param(-120006, {"plan": YEAR}, -10001, id="negative-half-away-from-zero"),
        pytest.param(120006, {"plan": YEAR}, 10001, id="half-away-from-zero"),
        pytest.param(24000, {"plan": plan("Biennial", 2, "year")}, 1000, id="two-years"),
        pytest.param(9900, {"type": "trial"}, 0, id="trial"),
    ],
)
def test_whole_cycle(amount: int, fields: dict[str, Any], expected: int) -> None:
    assert line_mrr(item(amount, "2026-03-10", **fields), []) == expected


def test_service_period_of_a_whole_cycle_is_irrelevant() -> None:
    assert line_mrr(item(4000, "2026-03-01", "2026-03-02"), []) == 4000


@pytest.mark.parametrize(
    ("cycle", "part", "expected"),
    [
        pytest.param(
            item(9000, "2026-06-01", "2026-07-01"),
            item(3000, "2026-06-16", "2026-07-01", prorated=True),
            6000,
            id="6-seat-added",
        ),
        pytest.param(
            item(9000, "2026-10-01", "2026-11-01"),
            item(2100, "2026-10-11", "2026-11-01", prorated=True),
            3100,
            id="7-in-october",
        ),
        pytest.param(
            item(100000, "2026-01-01", "2027-01-01", plan=YEAR),
            item(4800, "2026-10-20", "2027-01-01", plan=YEAR, prorated=True),
            2000,
            id="10-73-days-of-a-year",
        ),
        pytest.param(
            item(1000, "2026-04-01", "2026-05-01"),
            item(1000, "2026-04-16", "2026-05-01", prorated=True),
            2000,
            id="2b-half-of-april",
        ),
    ],
)
def test_prorated_item_is_scaled_by_the_cycle_it_falls_into(cycle: Any, part: Any, expected: int) -> None:
    assert line_mrr(part, [cycle, part]) == expected


def test_without_a_cycle_the_plan_interval_is_counted_back_from_the_end() -> None:
    february = item(1000, "2026-02-15", "2026-03-01", prorated=True)

    assert line_mrr(february, [february]) == 2000  # 28 days by 14


def test_the_latest_cycle_counts_and_one_that_has_ended_does_not() -> None:
    cycles = [item(1, "2026-01-01", "2026-12-01"), item(1, "2026-06-01", "2026-06-16")]
    before, after = (item(100, f"2026-06-{day}", f"2026-06-{day + 1}", prorated=True) for day in (10, 20))

    assert line_mrr(before, cycles) == 1500
    assert line_mrr(after, cycles) == 33400


def test_prorated_item_without_end_runs_to_the_end_of_its_cycle() -> None:
    cycle, part = item(9000, "2026-06-01", "2026-07-01"), item(3000, "2026-06-16", prorated=True)

    assert line_mrr(part, [cycle]) == 6000


def test_prorated_flag_alone_scales() -> None:
    cycle, part = item(9000, "2026-06-01", "2026-07-01"), item(3000, "2026-06-16", "2026-07-01")

    assert line_mrr(part, [cycle]) == 3000


def test_differential_mrr_is_not_scaled() -> None:
    part = item(500, "2026-06-16", "2026-07-01", plan=YEAR, prorated=True, proration_type="differential_mrr")

    assert line_mrr(part, []) == 500


def test_period_of_no_length_is_not_scaled() -> None:
    assert line_mrr(item(500, "2026-06-16", "2026-06-16", prorated=True), []) == 500


@pytest.mark.parametrize(
    ("start", "interval", "cycles", "expected"),
    [
        ("2026-01-31", MONTH, 1, "2026-02-28"),
        ("2024-02-29", YEAR, 1, "2025-02-28"),
        ("2026-03-31", MONTH, -1, "2026-02-28"),
        ("2026-01-05", WEEK, -2, "2025-12-22"),
        ("2026-11-15", plan("Quarter", 3), 1, "2027-02-15"),
    ],
)
def test_shift_by_cycles(start: str, interval: Any, cycles: int, expected: str) -> None:
    assert shift(at(start), interval, cycles) == at(expected)
