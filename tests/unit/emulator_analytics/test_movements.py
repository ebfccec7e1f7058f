"""Types of movements."""

from __future__ import annotations

import pytest

from tests.unit.emulator_analytics.billing import analytics, cancelled, customer, item, movements


def kinds(*facts: object, **settings: object) -> list[str]:
    return [one[0] for one in movements(analytics(customer(*facts), **settings))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("moment", "settings", "second"),
    [
        ("2026-01-08 10:20", {}, "new_biz"),
        ("2026-01-08 11:00", {}, "new_biz"),
        ("2026-01-08 11:00:01", {}, "expansion"),
        ("2026-01-08 13:00", {}, "expansion"),
        ("2026-01-08 10:20", {"proximate_window_seconds": 0}, "expansion"),
        ("2026-01-08 13:00", {"proximate_window_seconds": 86400}, "new_biz"),
    ],
)
def test_add_on_bought_soon_after(moment: str, settings: dict[str, int], second: str) -> None:  # example 3
    engine = analytics(customer(item(4000, "2026-01-08 10:00"), item(1500, moment, sub="s2")), **settings)

    assert movements(engine) == [("new_biz", 4000, 4000), (second, 1500, 5500)]


def test_both_cancelled_at_the_same_instant() -> None:  # example 3, second part
    engine = analytics(
        customer(
            item(4000, "2026-01-08 10:00"),
            item(1500, "2026-01-08 10:20", sub="s2"),
            cancelled("2026-02-01"),
            cancelled("2026-02-01", sub="s2"),
        )
    )

    assert movements(engine)[2:] == [("churn", -4000, 1500), ("churn", -1500, 0)]


def test_with_the_window_off_each_cancellation_stands_alone() -> None:
    facts = [
        item(4000, "2026-01-08"),
        item(1500, "2026-01-20", sub="s2"),
        cancelled("2026-02-01"),
        cancelled("2026-02-01", sub="s2"),
    ]

    assert kinds(*facts, proximate_window_seconds=0)[2:] == ["contraction", "churn"]


def test_cancelling_one_of_two_is_contraction() -> None:
    assert kinds(item(4000, "2026-01-01"), item(1500, "2026-01-20", sub="s2"), cancelled("2026-02-01")) == [
        "new_biz",
        "expansion",
        "contraction",
    ]


def test_two_subscriptions_of_a_customer_who_comes_back_are_both_reactivation() -> None:
    assert kinds(
        item(4000, "2026-01-01"),
        cancelled("2026-02-01"),
        item(1000, "2026-03-01 10:00", sub="s2"),
        item(2000, "2026-03-01 10:30", sub="s3"),
    )[2:] == ["reactivation", "reactivation"]


def test_window_runs_from_the_first_event_of_the_group() -> None:
    assert kinds(
        item(1000, "2026-01-01 10:00"),
        item(1000, "2026-01-01 10:50", sub="s2"),
        item(1000, "2026-01-01 11:40", sub="s3"),
    ) == ["new_biz", "new_biz", "expansion"]


def test_a_renewal_without_change_opens_no_group() -> None:
    assert kinds(
        item(1000, "2026-01-01"),
        item(1000, "2026-02-01 10:00"),
        item(2000, "2026-02-01 10:59"),
        item(500, "2026-02-01 11:30", sub="s2"),
        cancelled("2026-02-01 12:00"),
    ) == ["new_biz", "expansion", "expansion", "contraction"]


def test_rise_and_fall_within_one_window_are_reported_by_their_direction() -> None:
    assert kinds(item(1000, "2026-01-01"), item(3000, "2026-02-01 10:00", sub="s2"), cancelled("2026-02-01 10:30")) == [
        "new_biz",
        "expansion",
        "contraction",
    ]


def test_bought_and_cancelled_within_one_window() -> None:
    assert kinds(item(1000, "2026-01-01 10:00"), cancelled("2026-01-01 10:30")) == ["new_biz", "churn"]


def test_free_plan_first_is_still_new_business_later() -> None:
    assert kinds(item(0, "2026-01-01"), item(1000, "2026-02-01")) == ["new_biz"]


def test_pause_is_churn_and_resuming_is_reactivation() -> None:  # example 15
    engine = analytics(customer(item(4000, "2026-01-01"), item(0, "2026-02-01"), item(4000, "2026-03-01")))

    assert movements(engine) == [("new_biz", 4000, 4000), ("churn", -4000, 0), ("reactivation", 4000, 4000)]


def test_pause_is_contraction_where_zero_mrr_is_no_churn() -> None:
    facts = [item(4000, "2026-01-01"), item(0, "2026-02-01"), item(3000, "2026-03-01"), cancelled("2026-04-01")]

    assert kinds(*facts, churn_when_zero_mrr=False) == ["new_biz", "contraction", "expansion", "churn"]


def test_cancellation_is_churn_whatever_zero_mrr_means() -> None:
    facts = [item(4000, "2026-01-01"), cancelled("2026-02-01"), item(3000, "2026-03-01")]

    assert kinds(*facts, churn_when_zero_mrr=False) == ["new_biz", "churn", "reactivation"]


def test_falling_below_zero_is_churn() -> None:
    assert kinds(item(1000, "2026-01-01"), item(-1500, "2026-02-01", sub="s2")) == ["new_biz", "churn"]
