"""Formulas, changes and summaries."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.emulator.analytics.arithmetic import percentage_change, two_decimals
from airflow_provider_chartmogul.emulator.analytics.engine import MetricsParameterError
from tests.unit.emulator_analytics.billing import analytics, at, cancelled, customer, item, plan

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.analytics.engine import Analytics

NOW = "2026-03-15 12:00"
FIELDS = ["mrr", "arr", "customer-churn-rate", "mrr-churn-rate", "ltv", "customers", "asp", "arpa"]


def account_of_section_8(**settings: Any) -> Analytics:
    return analytics(
        customer(item(4000, "2025-12-01"), cancelled("2026-02-26"), uuid="cus_A"),
        customer(item(8000, "2025-12-01"), item(9500, "2026-01-15"), uuid="cus_B"),
        customer(item(4000, "2025-12-01"), cancelled("2026-01-20"), item(3000, "2026-02-10"), uuid="cus_C"),
        customer(item(12000, "2025-12-01"), item(9000, "2026-02-03"), uuid="cus_D"),
        customer(item(4000, "2026-01-08"), uuid="cus_E"),
        customer(item(8000, "2026-01-27"), item(8750, "2026-03-05"), uuid="cus_F"),
        customer(item(7001, "2026-02-17"), uuid="cus_G"),
        **settings,
    )


def read(
    engine: Analytics, name: str, start: str, end: str, interval: str | None = None, now: str = NOW, **filters: Any
) -> Any:
    return engine.metric(name, date.fromisoformat(start), date.fromisoformat(end), interval, at(now), **filters)


def figures(body: Any, field: str) -> list[Any]:
    return [entry[field] for entry in body["entries"]]


@pytest.mark.parametrize(
    ("field", "expected", "summary"),
    [
        ("mrr", [37500, 40501, 41251], (41251, 37500, 10.0)),
        ("arr", [450000, 486012, 495012], (495012, 450000, 10.0)),
        ("customer-churn-rate", [25.0, 20.0, 0.0], (20.0, 25.0, -20.0)),
        ("mrr-churn-rate", [8.93, 10.67, -1.85], (10.67, 8.93, 19.48)),
        ("ltv", [30000, 33750, 0], (33750, 30000, 12.5)),
        ("customers", [5, 6, 6], (6, 6, 0.0)),
        ("asp", [6000, 7001, 0], (7001, 8000, -12.49)),
        ("arpa", [7500, 6750, 6875], (6875, 6250, 10.0)),
    ],
)
def test_section_8(field: str, expected: list[float], summary: tuple[float, float, float]) -> None:
    body = read(account_of_section_8(), "all", "2026-01-01", "2026-03-15", "month")

    assert figures(body, "date") == ["2026-01-31", "2026-02-28", "2026-03-15"]
    assert figures(body, field) == expected
    keys = (f"current-{field}", f"previous-{field}", f"{field}-percentage-change")
    assert tuple(body["summary"][key] for key in keys) == summary


def test_section_8_movements() -> None:
    body = read(account_of_section_8(), "mrr", "2026-01-01", "2026-03-15", "month")

    assert [list(entry.values())[1:] for entry in body["entries"]] == [
        [37500, 0.0, 12000, 1500, 0, -4000, 0],
        [40501, 8.0, 7001, 0, -3000, -4000, 3000],
        [41251, 1.85, 0, 750, 0, 0, 0],
    ]
    assert body["summary"] == {"current": 41251, "previous": 37500, "percentage-change": 10.0}


def test_key_order_of_all_is_that_of_recordings() -> None:
    body = read(account_of_section_8(), "all", "2026-01-01", "2026-01-31", "month")

    assert list(body["entries"][0]) == [
        "date",
        *(key for name in FIELDS for key in (name, f"{name}-percentage-change")),
    ]
    assert list(body["summary"]) == [
        key for name in FIELDS for key in (f"current-{name}", f"previous-{name}", f"{name}-percentage-change")
    ]


@pytest.mark.parametrize(
    "name", ["mrr", "arr", "arpa", "asp", "customer-count", "customer-churn-rate", "mrr-churn-rate", "ltv"]
)
def test_single_series_agree_with_all(name: str) -> None:
    engine, field = account_of_section_8(), "customers" if name == "customer-count" else name
    every = read(engine, "all", "2026-01-01", "2026-03-15", "month")

    body = read(engine, name, "2026-01-01", "2026-03-15", "month")

    assert figures(body, field) == figures(every, field)
    assert figures(body, "percentage-change") == figures(every, f"{field}-percentage-change")
    assert list(body["summary"].values()) == [
        every["summary"][key] for key in (f"current-{field}", f"previous-{field}", f"{field}-percentage-change")
    ]


@pytest.mark.parametrize(
    ("name", "first_label"),
    [
        ("all", "2026-01-01"),
        ("mrr", "2026-01-01"),
        ("arr", "2026-01-01"),
        ("arpa", "2026-01-01"),
        ("customer-count", "2026-01-01"),
        ("asp", "2026-01-31"),
        ("customer-churn-rate", "2026-01-31"),
        ("mrr-churn-rate", "2026-01-31"),
        ("ltv", "2026-01-31"),
    ],
)
def test_default_intervals(name: str, first_label: str) -> None:
    body = read(account_of_section_8(), name, "2026-01-01", "2026-02-10")

    assert body["entries"][0]["date"] == first_label


@pytest.mark.parametrize(
    ("name", "start", "end", "interval", "param"),
    [
        ("mrr", "2026-01-02", "2026-01-01", "day", "end-date"),
        ("mrr", "2026-01-01", "2026-01-02", "fortnight", "interval"),
        ("asp", "2026-01-01", "2026-01-02", "day", "interval"),
        ("asp", "2026-01-01", "2026-01-02", "week", "interval"),
    ],
)
def test_wrong_parameters(name: str, start: str, end: str, interval: str, param: str) -> None:
    with pytest.raises(MetricsParameterError) as error:
        read(analytics(), name, start, end, interval)

    assert error.value.param == param


def test_ltv_has_no_interval() -> None:
    assert len(read(account_of_section_8(), "ltv", "2026-01-01", "2026-02-28", "day")["entries"]) == 2


def test_all_by_day_repeats_the_monthly_figures() -> None:
    body = read(account_of_section_8(), "all", "2026-01-30", "2026-02-02", "day")

    assert figures(body, "asp") == [6000, 6000, 7001, 7001]
    assert figures(body, "customer-churn-rate") == [25.0, 25.0, 20.0, 20.0]
    assert figures(body, "mrr-churn-rate") == [8.93, 8.93, 10.67, 10.67]
    assert figures(body, "ltv") == [30000, 30000, 33750, 33750]
    assert figures(body, "asp-percentage-change") == [0.0, 0.0, 16.68, 0.0]
    assert figures(body, "mrr") == [37500, 37500, 37500, 37500]


def test_week_of_two_months_takes_the_month_of_its_label() -> None:
    body = read(account_of_section_8(), "all", "2026-01-26", "2026-02-01", "week")

    assert (figures(body, "date"), figures(body, "asp")) == (["2026-02-01"], [7001])


def test_all_by_quarter_uses_the_quarter() -> None:
    body = read(account_of_section_8(), "all", "2026-01-01", "2026-03-31", "quarter")

    assert figures(body, "asp") == [6334]  # 19001 / 3 = 6333.67
    assert figures(body, "customer-churn-rate") == [25.0]  # A of four; C was back
    assert figures(body, "ltv") == [27500]


def test_churn_rates_by_day() -> None:
    engine = account_of_section_8()

    assert figures(read(engine, "customer-churn-rate", "2026-01-19", "2026-01-21", "day"), "customer-churn-rate") == [
        0.0,
        20.0,
        0.0,
    ]
    assert figures(read(engine, "mrr-churn-rate", "2026-01-19", "2026-01-21", "day"), "mrr-churn-rate") == [
        0.0,
        11.94,
        0.0,
    ]


def test_flows_of_a_bucket_cut_at_its_left_count_from_the_start() -> None:
    body = read(account_of_section_8(), "mrr", "2026-01-10", "2026-01-31", "month")

    assert body["entries"][0]["mrr-new-business"] == 8000
    churn = read(account_of_section_8(), "mrr-churn-rate", "2026-01-16", "2026-01-31", "month")
    assert figures(churn, "mrr-churn-rate") == [11.94]  # 4000 of 33500


def test_future_days_repeat_the_present_and_have_no_flows() -> None:
    engine = analytics(
        customer(item(4000, "2026-01-01"), item(5000, "2026-03-20")), customer(item(1, "2026-04-01"), uuid="cus_2")
    )

    body = read(engine, "mrr", "2026-03-01", "2026-04-30", "month")

    assert figures(body, "mrr") == [4000, 4000]
    assert figures(body, "mrr-expansion") == [0, 0]
    assert body["summary"]["current"] == 4000


def test_what_happens_later_today_does_not_count_yet() -> None:
    engine = analytics(customer(item(4000, "2026-03-15 12:00"), item(5000, "2026-03-15 12:01")))

    assert figures(read(engine, "mrr", "2026-03-15", "2026-03-15", "day"), "mrr") == [4000]


def test_day_boundaries_are_those_of_the_account() -> None:
    engine = analytics(customer(item(4000, "2026-01-31 23:30")), time_zone="Europe/Berlin")

    body = read(engine, "mrr", "2026-01-31", "2026-02-01", "day")

    assert figures(body, "mrr") == [0, 4000]
    assert figures(body, "mrr-new-business") == [0, 4000]


def test_subscribed_and_left_inside_one_bucket() -> None:
    engine = analytics(
        customer(item(1000, "2025-12-01"), uuid="cus_1"),
        customer(item(4000, "2026-01-05"), cancelled("2026-01-25"), uuid="cus_2"),
    )

    assert figures(read(engine, "customer-churn-rate", "2026-01-01", "2026-01-31", "month"), "customer-churn-rate") == [
        0.0
    ]
    assert figures(read(engine, "mrr", "2026-01-01", "2026-01-31", "month"), "mrr-churn") == [-4000]


def test_left_and_back_inside_one_bucket_is_not_lost_but_out_at_its_end_is() -> None:
    engine = analytics(
        customer(item(1000, "2025-12-01"), cancelled("2026-01-05"), item(1000, "2026-01-09"), uuid="cus_1"),
        customer(
            item(1000, "2025-12-01"),
            cancelled("2026-01-05"),
            item(1000, "2026-01-09"),
            cancelled("2026-01-20"),
            uuid="cus_2",
        ),
    )

    assert figures(read(engine, "customer-churn-rate", "2026-01-01", "2026-01-31", "month"), "customer-churn-rate") == [
        50.0
    ]


def test_month_that_began_empty_has_no_rates() -> None:
    engine = analytics(customer(item(1000, "2026-01-05")))

    body = read(engine, "all", "2026-01-01", "2026-01-31", "month")

    assert (figures(body, "customer-churn-rate"), figures(body, "mrr-churn-rate"), figures(body, "ltv")) == (
        [0.0],
        [0.0],
        [0],
    )


def test_account_without_customers() -> None:
    body = read(analytics(), "all", "2026-01-01", "2026-01-31", "month")

    assert {value for key, value in body["entries"][0].items() if key != "date"} == {0}
    assert set(body["summary"].values()) == {0}


def test_asp_divides_by_customers_and_rounds_half_up() -> None:
    engine = analytics(
        customer(item(1000, "2026-01-05"), item(500, "2026-01-05", sub="s2"), uuid="cus_1"),
        customer(item(1, "2026-01-06"), item(2, "2026-01-06", sub="s2"), uuid="cus_2"),
    )

    assert figures(read(engine, "asp", "2026-01-01", "2026-01-31"), "asp") == [752]  # 1503 / 2


def test_arpa_is_truncated() -> None:
    engine = analytics(
        customer(item(1000, "2026-01-05"), uuid="cus_1"), customer(item(1001, "2026-01-05"), uuid="cus_2")
    )

    assert figures(read(engine, "arpa", "2026-01-31", "2026-01-31"), "arpa") == [1000]


def test_ltv_is_made_of_the_rounded_figures() -> None:
    customers = [customer(item(62572, "2025-12-01"), uuid=f"cus_{number}") for number in range(67)]
    leavers = [
        customer(item(62572, "2025-12-01"), cancelled("2026-01-10"), uuid=f"cus_x{number}") for number in range(2)
    ]

    body = read(analytics(*customers, *leavers), "all", "2026-01-01", "2026-01-31", "month")

    assert figures(body, "customer-churn-rate") == [2.9]
    assert figures(body, "ltv") == [2157655]  # 62572 / 0.029, not 62572 * 69 / 2


def test_free_customers_are_not_counted() -> None:
    engine = analytics(customer(item(0, "2026-01-05"), uuid="cus_1"), customer(item(10, "2026-01-05"), uuid="cus_2"))

    assert figures(read(engine, "customer-count", "2026-01-31", "2026-01-31"), "customers") == [1]


def test_customer_with_several_subscriptions_counts_once() -> None:
    engine = analytics(customer(item(10, "2026-01-05"), item(10, "2026-01-06", sub="s2")))

    assert figures(read(engine, "customer-count", "2026-01-31", "2026-01-31"), "customers") == [1]


@pytest.mark.parametrize(
    ("before", "this", "change"),
    [
        ("-0.17", "-74.52", -43735.29),
        ("-0.67", "0.91", 235.82),
        ("0", "5", 0.0),
        ("10.67", "-1.85", -117.34),
        ("200", "201.01", 0.51),
        ("20000", "20001", 0.01),
        ("20000", "19999", -0.01),
    ],
)
def test_percentage_change(before: str, this: str, change: float) -> None:
    assert percentage_change(Fraction(this), Fraction(before)) == change


@pytest.mark.parametrize(
    ("part", "whole", "rate"), [(32, 1097, 2.92), (627332, 68604881, 0.91), (-1, 800, -0.13), (1, 800, 0.13)]
)
def test_rates_have_two_decimals(part: int, whole: int, rate: float) -> None:
    assert float(two_decimals(100 * part, whole)) == rate


def test_summary_describes_now_whatever_the_range() -> None:
    body = read(account_of_section_8(), "mrr", "2020-01-01", "2020-01-31", "month")

    assert body["entries"][0]["mrr"] == 0
    assert body["summary"] == {"current": 41251, "previous": 37500, "percentage-change": 10.0}


def test_summary_of_the_last_day_of_a_month_takes_the_months_before() -> None:
    summary = read(account_of_section_8(), "customer-churn-rate", "2026-01-01", "2026-01-31", now="2026-02-28 23:59")[
        "summary"
    ]

    assert (summary["current"], summary["previous"]) == (25.0, 0.0)


def test_years_of_days_stay_exact() -> None:
    start, days = date(2020, 1, 1), 2000
    engine = analytics(
        *(
            customer(item(100, (start + timedelta(days=day)).isoformat()), uuid=f"cus_{day}")
            for day in range(0, days, 10)
        )
    )

    body = engine.metric("customer-count", start, start + timedelta(days=days - 1), "day", at(NOW))

    assert figures(body, "customers") == [day // 10 + 1 for day in range(days)]


def test_plan_filter_keeps_the_mrr_of_its_plans_only() -> None:
    basic, pro = plan("Basic"), plan("Pro")
    engine = analytics(
        customer(item(1000, "2026-01-05", plan=basic), item(3000, "2026-01-20", sub="s2", plan=pro), uuid="cus_1"),
        customer(item(500, "2026-01-06", plan=basic), item(1500, "2026-02-06", plan=pro), uuid="cus_2"),
    )

    on_basic = read(engine, "mrr", "2026-01-01", "2026-02-28", "month", plans="Basic")
    on_pro = read(engine, "mrr", "2026-01-01", "2026-02-28", "month", plans="Pro")

    assert (figures(on_basic, "mrr"), figures(on_pro, "mrr")) == ([1500, 1000], [3000, 4500])
    # types are those of the whole customer: Pro is expansion for both; leaving Basic shows nowhere
    assert (figures(on_pro, "mrr-new-business"), figures(on_pro, "mrr-expansion")) == ([0, 0], [3000, 1000])
    assert (figures(on_basic, "mrr-new-business"), figures(on_basic, "mrr-contraction")) == ([1500, 0], [0, 0])
    churn = read(engine, "customer-churn-rate", "2026-02-01", "2026-02-28", "month", plans="Basic")
    assert figures(churn, "customer-churn-rate") == [50.0]
