"""Keeping up with changed customers."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from tests.unit.emulator_analytics.billing import analytics, at, cancelled, customer, item

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.analytics.engine import Analytics

NOW = at("2026-03-15")


def account_mrr(engine: Analytics) -> int:
    return int(engine.metric("mrr", date(2026, 3, 1), date(2026, 3, 1), "day", NOW)["entries"][0]["mrr"])


def test_replaced_customer_is_computed_anew() -> None:
    engine = analytics(customer(item(1000, "2026-01-01")), customer(item(10, "2026-01-01"), uuid="cus_2"))
    before = account_mrr(engine), len(engine.activities())

    engine.put_customer(customer(item(1000, "2026-01-01"), item(1500, "2026-02-01")))

    assert before == (1010, 2)
    assert (account_mrr(engine), len(engine.activities())) == (1510, 3)
    assert engine.customer_summary("cus_1", NOW)["mrr"] == 1500


def test_removed_customer_is_gone() -> None:
    engine = analytics(customer(item(1000, "2026-01-01")), customer(item(10, "2026-01-01"), uuid="cus_2"))
    account_mrr(engine)

    engine.remove_customer("cus_1")
    engine.remove_customer("cus_unknown")

    assert account_mrr(engine) == 10
    assert [one.customer.uuid for one in engine.activities()] == ["cus_2"]


def test_filtered_figures_do_not_stick() -> None:
    engine = analytics(customer(item(1000, "2026-01-01"), country="DE"), customer(item(10, "2026-01-01"), uuid="cus_2"))

    engine.metric("mrr", date(2026, 3, 1), date(2026, 3, 1), "day", NOW, geo="DE")

    assert account_mrr(engine) == 1010


def test_summary_of_a_customer_over_time() -> None:
    engine = analytics(customer(item(0, "2026-01-01"), item(1000, "2026-01-10"), cancelled("2026-02-01")))

    lead, active, gone = (
        engine.customer_summary("cus_1", at(day)) for day in ("2026-01-09", "2026-01-10", "2026-02-01")
    )

    assert lead == {"mrr": 0, "arr": 0, "status": "New Lead", "customer_since": None}
    assert active == {"mrr": 1000, "arr": 12000, "status": "Active", "customer_since": at("2026-01-10")}
    assert gone == {"mrr": 0, "arr": 0, "status": "Cancelled", "customer_since": at("2026-01-10")}


def test_paused_customer_is_active_only_where_zero_mrr_is_no_churn() -> None:
    facts = [item(1000, "2026-01-10"), item(0, "2026-02-10")]

    statuses = [
        analytics(customer(*facts), churn_when_zero_mrr=setting).customer_summary("cus_1", NOW)["status"]
        for setting in (True, False)
    ]

    assert statuses == ["Cancelled", "Active"]


def test_currencies_of_the_account_need_no_rate() -> None:
    assert account_mrr(analytics(customer(item(1000, "2026-01-01")), rates={})) == 1000
