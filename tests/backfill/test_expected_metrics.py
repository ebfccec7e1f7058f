"""The oracle against the worked examples of the API facts, then the emulator against the oracle."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.backfill.billing_history import BillingHistory
from tests.backfill.expected_metrics import ExpectedMetrics, observed_series
from tests.backfill.expected_movements import line_mrr
from tests.backfill.importing import import_customer_by_customer

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator


Record = dict[str, Any]

MONTHLY = {"external_id": "monthly", "name": "Monthly", "interval_count": 1, "interval_unit": "month"}
QUARTERLY = {"external_id": "quarterly", "name": "Quarterly", "interval_count": 3, "interval_unit": "month"}
YEARLY = {"external_id": "yearly", "name": "Yearly", "interval_count": 1, "interval_unit": "year"}
WEEKLY = {"external_id": "weekly", "name": "Weekly", "interval_count": 7, "interval_unit": "day"}
PLANS = [MONTHLY, QUARTERLY, YEARLY, WEEKLY]


def item(amount: int, start: str, end: str, *, customer: str = "A", sub: str = "s", **fields: Any) -> Record:
    """A recurring line item; ``customer`` and ``currency`` go into its invoice."""
    given = {
        "type": "subscription",
        "subscription_external_id": sub,
        "plan_external_id": "monthly",
        "customer": customer,
    }
    return {**given, "service_period_start": start, "service_period_end": end, "amount_in_cents": amount, **fields}


def cancelled(day: str, *, customer: str = "A", sub: str = "s") -> Record:
    return {
        "customer_external_id": customer,
        "subscription_external_id": sub,
        "event_type": "subscription_cancelled",
        "event_date": day,
        "effective_date": day,
    }


def expect(*given: Record, **settings: Any) -> ExpectedMetrics:
    """The metrics of line items, each on an invoice of its own, and of cancellations."""
    invoices, items = [], []
    for number, record in enumerate(record for record in given if "type" in record):
        line = dict(record)
        customer, currency = line.pop("customer"), line.pop("currency", "USD")
        invoices.append({"external_id": f"i{number}", "customer_external_id": customer, "currency": currency})
        items.append({**line, "invoice_external_id": f"i{number}"})
    events = [record for record in given if "event_type" in record]
    records = {"plans": PLANS, "invoices": invoices, "line_items": items, "subscription_events": events}
    return ExpectedMetrics(records, **settings)


def mrr(expected: ExpectedMetrics, day: str) -> int:
    figures = expected.figures(date.fromisoformat(day), date.fromisoformat(day))
    return int(figures["mrr"])


def flows(expected: ExpectedMetrics) -> list[tuple[str, int, int]]:
    return [(movement.type, movement.amount, movement.mrr) for movement in expected.movements]


@pytest.mark.parametrize(
    ("plan", "amount", "tax", "figure"),
    [
        (MONTHLY, 4800, 800, 4000),
        (YEARLY, 120000, 0, 10000),
        (YEARLY, 119000, 19000, 8333),
        (QUARTERLY, 29700, 4950, 8250),
        (WEEKLY, 2500, 0, 10871),
        (WEEKLY, 1000, 0, 4348),
        (MONTHLY, 10710, 1710, 9000),
        (MONTHLY, 9000, 1710, 7290),
    ],
)
def test_mrr_of_a_whole_cycle(plan: Record, amount: int, tax: int, figure: int) -> None:
    line = item(amount, "2026-03-10", "2027-03-10", tax_amount_in_cents=tax)
    assert line_mrr(line, plan) == figure
    assert line_mrr({**line, "amount_in_cents": -amount, "tax_amount_in_cents": -tax}, plan) == -figure


JUNE = item(9000, "2026-06-01", "2026-07-01")
PRORATED: Record = {"prorated": True}


@pytest.mark.parametrize(
    ("items", "day", "figure"),
    [
        ([item(4000, "2026-04-01", "2026-05-01"), item(1000, "2026-04-16", "2026-05-01", **PRORATED)], "04-16", 6000),
        ([JUNE, item(3000, "2026-06-16", "2026-07-01", **PRORATED)], "06-16", 15000),
        ([JUNE, item(3000, "2026-06-16", "2026-07-01", **PRORATED)], "06-15", 9000),
        ([item(9000, "2026-10-01", "2026-11-01"), item(2100, "2026-10-11", "2026-11-01", **PRORATED)], "10-11", 12100),
        (
            [
                item(6000, "2026-06-01", "2026-07-01"),
                item(10000, "2026-06-11", "2026-07-01", event_order=2, **PRORATED),
                item(-4000, "2026-06-11", "2026-07-01", event_order=1, **PRORATED),
            ],
            "06-11",
            15000,
        ),
        (
            [
                item(6000, "2026-06-01", "2026-07-01"),
                item(10000, "2026-06-11", "2026-07-01", proration_type="full", **PRORATED),
            ],
            "06-11",
            15000,
        ),
        (
            [
                item(0, "2026-01-01", "2027-01-01", plan_external_id="yearly"),
                item(4800, "2026-10-20", "2027-01-01", plan_external_id="yearly", **PRORATED),
            ],
            "10-20",
            2000,
        ),
        ([JUNE, item(3000, "2026-06-16", "2026-07-01")], "06-16", 3000),
        ([JUNE, item(1500, "2026-06-16", "2026-07-01", proration_type="differential_mrr", **PRORATED)], "06-16", 10500),
        (
            [
                JUNE,
                item(3000, "2026-06-16", "2026-07-01", **PRORATED),
                item(15000, "2026-07-01", "2026-08-01"),
            ],
            "07-01",
            15000,
        ),
        ([item(5000, "2026-04-16", "2026-05-01", **PRORATED)], "04-16", 10000),  # no cycle: a month back from the end
        ([JUNE, item(0, "2026-06-20", "2026-07-20")], "06-20", 0),
        ([JUNE, cancelled("2026-06-20"), item(9000, "2026-06-20", "2026-07-20")], "06-20", 0),
        ([{**JUNE, "cancelled_at": "2026-06-20"}], "06-20", 0),
        ([{**JUNE, "cancelled_at": "2026-06-20"}, cancelled("2026-06-25")], "06-20", 9000),
    ],
)
def test_mrr_over_time(items: list[Record], day: str, figure: int) -> None:
    assert mrr(expect(*items), f"2026-{day}") == figure


def test_a_renewal_at_the_same_price_is_no_movement_and_a_forgotten_flag_a_contraction() -> None:
    seat = item(3000, "2026-06-16", "2026-07-01", **PRORATED)
    renewal = item(15000, "2026-07-01", "2026-08-01")
    assert flows(expect(JUNE, seat, renewal)) == [("new_biz", 9000, 9000), ("expansion", 6000, 15000)]
    forgotten = item(3000, "2026-06-16", "2026-07-01")
    assert flows(expect(JUNE, forgotten))[1:] == [("contraction", -6000, 3000)]


def test_one_time_items_do_not_count() -> None:
    assert flows(expect(item(25000, "2026-06-01", "2026-06-01", type="one_time"))) == []


def test_rates_of_the_day_on_which_the_period_starts() -> None:
    lines = [
        item(5000, "2026-02-01", "2026-03-01", currency="USD"),
        item(5000, "2026-03-01", "2026-04-01", currency="USD"),
    ]
    rates = {"USD": {"2026-02-01": "0.92", "2026-03-01": "0.90"}}
    expected = expect(*lines, currency="EUR", fx_rates=rates)
    february, march = expected.series("mrr", date(2026, 2, 1), date(2026, 3, 31))
    assert (february["mrr"], february["mrr-new-business"]) == (4600, 4600)
    assert march == {
        "date": "2026-03-31",
        "mrr": 4500,
        "mrr-new-business": 0,
        "mrr-expansion": 0,
        "mrr-contraction": 0,
        "mrr-churn": 0,
        "mrr-reactivation": 0,
        "percentage-change": -2.17,
    }


@pytest.mark.parametrize(
    ("bought", "window", "kind"),
    [("10:20", 60, "new_biz"), ("11:00", 60, "new_biz"), ("13:00", 60, "expansion"), ("10:20", 0, "expansion")],
)
def test_what_is_bought_together_is_new_business(bought: str, window: int, kind: str) -> None:
    basic = item(4000, "2026-01-08T10:00", "2026-02-08")
    add_on = item(1500, f"2026-01-08T{bought}", "2026-02-08", sub="t")
    ends = [cancelled("2026-03-01"), cancelled("2026-03-01", sub="t")]
    expected = expect(basic, add_on, *ends, window=timedelta(minutes=window))
    assert flows(expected)[:2] == [("new_biz", 4000, 4000), (kind, 1500, 5500)]
    if window:
        assert flows(expected)[2:] == [("churn", -4000, 1500), ("churn", -1500, 0)]


def test_who_comes_back_is_reactivated() -> None:
    expected = expect(
        item(4000, "2026-01-08", "2026-02-08"),
        cancelled("2026-02-01"),
        item(3000, "2026-02-10", "2026-03-10", sub="t"),
    )
    assert [movement.type for movement in expected.movements] == ["new_biz", "churn", "reactivation"]


def lines_of_the_worked_example() -> list[Record]:
    """An account of 28000 with four customers at the close of 2025, and what happened in the first quarter of 2026."""
    mrr_from = [
        *(("2025-12-01", name, amount) for name, amount in zip("ABCD", (4000, 8000, 4000, 12000), strict=True)),
        ("2026-01-08", "E", 4000),
        ("2026-01-15", "B", 9500),
        ("2026-01-27", "F", 8000),
        ("2026-02-03", "D", 9000),
        ("2026-02-10", "C", 3000),
        ("2026-02-17", "G", 7001),
        ("2026-03-05", "F", 8750),
    ]
    lines = [item(amount, day, "2026-04-01", customer=name, sub=name) for day, name, amount in mrr_from]
    ends = [cancelled(day, customer=name, sub=name) for day, name in (("2026-01-20", "C"), ("2026-02-26", "A"))]
    return lines + ends


EXAMPLE_ALL = {
    "date": ["2026-01-31", "2026-02-28", "2026-03-15"],
    "mrr": [37500, 40501, 41251],
    "arr": [450000, 486012, 495012],
    "customer-churn-rate": [25.0, 20.0, 0.0],
    "mrr-churn-rate": [8.93, 10.67, -1.85],
    "ltv": [30000, 33750, 0],
    "customers": [5, 6, 6],
    "asp": [6000, 7001, 0],
    "arpa": [7500, 6750, 6875],
}


def test_the_worked_example_side_by_side() -> None:
    entries = expect(*lines_of_the_worked_example()).series("all", date(2026, 1, 1), date(2026, 3, 15))
    assert {field: [entry[field] for entry in entries] for field in EXAMPLE_ALL} == EXAMPLE_ALL
    assert entries[2]["mrr-churn-rate-percentage-change"] == -117.34
    assert {value for field, value in entries[0].items() if field.endswith("-change")} == {0.0}


def test_the_worked_example_by_series() -> None:
    expected = expect(*lines_of_the_worked_example())
    flows_by_month = {
        "mrr-new-business": [12000, 7001, 0],
        "mrr-expansion": [1500, 0, 750],
        "mrr-contraction": [0, -3000, 0],
        "mrr-churn": [-4000, -4000, 0],
        "mrr-reactivation": [0, 3000, 0],
    }
    entries = expected.series("mrr", date(2026, 1, 1), date(2026, 3, 15))
    assert {field: [entry[field] for entry in entries] for field in flows_by_month} == flows_by_month
    assert [entry["percentage-change"] for entry in entries] == [0.0, 8.0, 1.85]
    churn = expected.series("customer_churn_rate", date(2026, 1, 1), date(2026, 3, 15))
    assert churn[1] == {"date": "2026-02-28", "customer-churn-rate": 20.0, "percentage-change": -20.0}


def test_day_by_day_side_by_side_repeats_the_figures_of_the_month() -> None:
    entries = expect(*lines_of_the_worked_example()).series("all", date(2026, 1, 7), date(2026, 1, 8), "day")
    assert [(entry["date"], entry["mrr"], entry["customers"], entry["asp"], entry["ltv"]) for entry in entries] == [
        ("2026-01-07", 28000, 4, 6000, 30000),
        ("2026-01-08", 32000, 5, 6000, 30000),
    ]


HISTORY = BillingHistory(customers=150)


@pytest.fixture
def expected() -> ExpectedMetrics:
    return ExpectedMetrics(HISTORY.as_records(), fx_rates=HISTORY.fx_rates)


@pytest.fixture
def imported(emulator: Emulator, client: ChartMogulClient) -> ChartMogulClient:
    """A client of an account into which the history was imported."""
    emulator.configure(now="2026-06-01T00:00:00Z", fx_rates=HISTORY.fx_rates)
    import_customer_by_customer(client, HISTORY.as_records())
    return client


def test_the_history_has_movements_of_every_type(expected: ExpectedMetrics) -> None:
    of_type = Counter(movement.type for movement in expected.movements)
    assert of_type.keys() == {"new_biz", "expansion", "contraction", "churn", "reactivation"}
    assert min(of_type.values()) > 5


def test_the_emulator_gives_the_same_metrics(imported: ChartMogulClient, expected: ExpectedMetrics) -> None:
    days = HISTORY.first_day, HISTORY.last_day
    assert observed_series(imported, *days) == expected.all_series(*days)
    days = date(2025, 9, 20), date(2025, 11, 5)
    assert observed_series(imported, *days, "day") == expected.all_series(*days, "day")
    assert movements_in(imported) == sorted(
        (movement.at, movement.customer, movement.subscription, movement.type, movement.amount, movement.mrr)
        for movement in expected.movements
    )


def movements_in(client: ChartMogulClient) -> list[tuple[datetime, str, str, str, int, int]]:
    fields = ("customer-external-id", "subscription-external-id", "type", "activity-mrr-movement", "activity-mrr")
    return sorted(
        (datetime.fromisoformat(activity["date"]), *(activity[field] for field in fields))
        for activity in client.activities.list()
    )
