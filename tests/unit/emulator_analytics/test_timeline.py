"""MRR of subscriptions and customers over time."""

from __future__ import annotations

from datetime import date

from tests.unit.emulator_analytics.billing import (
    analytics,
    at,
    cancelled,
    customer,
    item,
    movements,
    mrr,
    plan,
)

STARTER, PRO = plan("Starter"), plan("Pro")


def test_renewal_without_proration_replaces_and_counts_until_cancelled() -> None:
    engine = analytics(customer(item(4000, "2026-01-01", "2026-02-01"), item(4000, "2026-02-01", "2026-03-01")))

    assert movements(engine) == [("new_biz", 4000, 4000)]
    assert mrr(engine, "2026-11-01") == 4000


def test_change_takes_effect_at_the_start_of_its_service_period() -> None:
    engine = analytics(customer(item(4000, "2026-01-01"), item(5000, "2026-02-01")))

    assert mrr(engine, "2026-01-31 23:59:59") == 4000
    assert mrr(engine, "2026-02-01") == 5000


def test_two_whole_items_at_one_instant_the_last_one_holds() -> None:
    engine = analytics(customer(item(4000, "2026-01-01"), item(1000, "2026-01-01")))

    assert movements(engine) == [("new_biz", 1000, 1000)]


def test_event_order_beats_order_of_arrival() -> None:
    engine = analytics(customer(item(4000, "2026-01-01", event_order=2), item(1000, "2026-01-01", event_order=1)))

    assert mrr(engine, "2026-01-01") == 4000


def test_unset_event_order_is_zero() -> None:
    engine = analytics(customer(item(4000, "2026-01-01"), item(1000, "2026-01-01", event_order=-1)))

    assert mrr(engine, "2026-01-01") == 4000


def test_upgrade_with_credit_is_one_net_movement() -> None:  # example 8
    engine = analytics(
        customer(
            item(6000, "2026-06-01", "2026-07-01", plan=STARTER),
            item(10000, "2026-06-11", "2026-07-01", plan=PRO, prorated=True, event_order=2),
            item(-4000, "2026-06-11", "2026-07-01", plan=STARTER, prorated=True, event_order=1),
        )
    )

    assert movements(engine) == [("new_biz", 6000, 6000), ("expansion", 9000, 15000)]
    assert engine.activities()[-1].plan == PRO


def test_prorated_full_replaces() -> None:  # example 9
    engine = analytics(
        customer(
            item(6000, "2026-06-01", "2026-07-01", plan=STARTER),
            item(10000, "2026-06-11", "2026-07-01", plan=PRO, prorated=True, proration_type="full"),
        )
    )

    assert movements(engine)[-1] == ("expansion", 9000, 15000)


def test_cancellation_beats_a_renewal_of_the_same_instant() -> None:
    engine = analytics(customer(cancelled("2026-02-01"), item(4000, "2026-01-01"), item(4000, "2026-02-01")))

    assert movements(engine) == [("new_biz", 4000, 4000), ("churn", -4000, 0)]


def test_renewal_with_a_later_event_order_survives_the_cancellation() -> None:
    engine = analytics(
        customer(cancelled("2026-02-01"), item(4000, "2026-01-01"), item(5000, "2026-02-01", event_order=1))
    )

    assert movements(engine) == [("new_biz", 4000, 4000), ("expansion", 1000, 5000)]


def test_item_after_a_cancellation_revives_the_subscription() -> None:
    engine = analytics(customer(item(4000, "2026-01-01"), cancelled("2026-02-01"), item(3000, "2026-03-01")))

    assert movements(engine)[1:] == [("churn", -4000, 0), ("reactivation", 3000, 3000)]


def test_cancellation_of_something_unknown_or_already_cancelled_is_nothing() -> None:
    engine = analytics(
        customer(
            item(4000, "2026-01-01"),
            cancelled("2026-01-02", sub="s9"),
            cancelled("2026-02-01"),
            cancelled("2026-03-01"),
        )
    )

    assert movements(engine) == [("new_biz", 4000, 4000), ("churn", -4000, 0)]


def test_trial_shows_but_carries_no_mrr() -> None:
    engine = analytics(customer(item(4000, "2026-01-01", "2026-01-15", type="trial"), item(4000, "2026-01-15")))

    assert [row["mrr"] for row in engine.subscriptions("cus_1", at("2026-01-10"))] == [0]
    assert engine.customer_summary("cus_1", at("2026-01-10"))["status"] == "New Lead"
    assert [one.at for one in engine.activities()] == [at("2026-01-15")]


def test_subscription_below_zero_takes_from_the_others() -> None:
    engine = analytics(customer(item(4000, "2026-01-01"), item(-1000, "2026-01-01", sub="s2")))

    assert mrr(engine, "2026-01-02") == 3000


def test_exchange_rate_moves_mrr_without_a_movement() -> None:  # example 2c
    engine = analytics(
        customer(item(5000, "2026-02-01"), item(5000, "2026-03-01")),
        currency="EUR",
        rates={("USD", date(2026, 2, 1)): "0.92", ("USD", date(2026, 3, 1)): "0.90"},
    )

    assert movements(engine) == [("new_biz", 4600, 4600)]
    assert mrr(engine, "2026-03-01") == 4500


def test_price_change_in_foreign_currency_is_measured_at_the_new_rate() -> None:
    engine = analytics(
        customer(item(5000, "2026-02-01"), item(6000, "2026-03-01")),
        currency="EUR",
        rates={("USD", date(2026, 2, 1)): "0.92", ("USD", date(2026, 3, 1)): "0.90"},
    )

    assert movements(engine)[-1] == ("expansion", 900, 5400)  # 1000 at 0.90; 4600 -> 5400 holds 100 of exchange loss


def test_differential_in_foreign_currency_adds_its_own_conversion() -> None:
    engine = analytics(
        customer(
            item(5000, "2026-03-01", "2026-03-31"),
            item(1000, "2026-03-16", "2026-03-31", prorated=True),
            item(7000, "2026-04-01", "2026-05-01"),
        ),
        currency="EUR",
        rates={
            ("USD", date(2026, 3, 1)): "0.92",
            ("USD", date(2026, 3, 16)): "0.90",
            ("USD", date(2026, 4, 1)): "0.80",
        },
    )

    assert movements(engine) == [("new_biz", 4600, 4600), ("expansion", 1800, 6400)]
    assert mrr(engine, "2026-04-01") == 5600


def test_change_of_currency_is_a_movement_of_the_whole_difference() -> None:
    engine = analytics(
        customer(item(5000, "2026-02-01"), item(5000, "2026-03-01", currency="EUR")),
        currency="EUR",
        rates={"USD": "0.92"},
    )

    assert movements(engine)[-1] == ("expansion", 400, 5000)


def test_rounds_in_own_currency_then_again_after_conversion() -> None:
    week = plan("Weekly", 7, "day")
    engine = analytics(customer(item(2500, "2026-02-01", plan=week)), currency="EUR", rates={"USD": "1.5"})

    assert mrr(engine, "2026-02-01") == 16307  # 10870.5 -> 10871; 16306.5 -> 16307


def test_rate_is_that_of_the_day_in_the_time_zone_of_the_account() -> None:
    engine = analytics(
        customer(item(1000, "2026-02-01 23:30")),
        currency="EUR",
        time_zone="Europe/Berlin",
        rates={("USD", date(2026, 2, 1)): "0.5", ("USD", date(2026, 2, 2)): "0.9"},
    )

    assert mrr(engine, "2026-02-02") == 900


def test_yen_are_hundredths_like_everything() -> None:
    engine = analytics(customer(item(100000, "2026-02-01", currency="JPY")), currency="USD", rates={"JPY": "0.0067"})

    assert mrr(engine, "2026-02-01") == 670
