"""``geo``, ``plans`` and the filter language."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from airflow_provider_chartmogul.emulator.analytics.engine import Analytics, FilterError, MetricsParameterError
from tests.unit.emulator_analytics.billing import analytics, at, cancelled, customer, item, plan

BASIC, PRO = plan("Basic"), plan("Pro Yearly", 1, "year")


@pytest.fixture
def engine() -> Analytics:
    """Four customers whose MRR tells them apart: 1 + 10 (Pro), 100, 1000 (gone), 20000."""
    return analytics(
        customer(
            item(1, "2026-01-01", plan=BASIC),
            item(120, "2026-01-01", sub="s2", plan=PRO),
            uuid="cus_1",
            country="DE",
            tags=("vip", "Beta tester"),
            custom={"seats": 5, "tier": "gold", "active": True, "signup": "2026-01-31T00:00:00.000Z"},
        ),
        customer(
            item(100, "2026-01-01", currency="EUR", plan=BASIC),
            uuid="cus_2",
            country="US",
            tags=("vip",),
            custom={"seats": 12},
        ),
        customer(item(1000, "2026-01-01"), cancelled("2026-02-15"), uuid="cus_3", country="AT"),
        customer(item(20000, "2026-01-01"), uuid="cus_4"),
        rates={"EUR": "1"},
    )


def january(engine: Analytics, **filters: Any) -> int:
    """MRR of 31 January of what a filter keeps."""
    body = engine.metric("mrr", date(2026, 1, 1), date(2026, 1, 31), "month", at("2026-03-15"), **filters)
    return int(body["entries"][0]["mrr"])


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ({}, 21111),
        ({"geo": "DE"}, 11),
        ({"geo": "DE,AT"}, 1011),
        ({"geo": "FR"}, 0),
        ({"plans": "Pro Yearly"}, 10),
        ({"plans": "Pro Yearly,Basic"}, 21111),
        ({"plans": "basic"}, 0),
        ({"plans": PRO.uuid}, 10),
        ({"plans": PRO.external_id}, 10),
        ({"geo": "US", "plans": "Pro Yearly"}, 0),
    ],
)
def test_geo_and_plans(engine: Analytics, filters: dict[str, str], kept: int) -> None:
    assert january(engine, **filters) == kept


@pytest.mark.parametrize(
    ("expression", "kept"),
    [
        ("region~ANY~'DE','AT'", 1011),
        ("region~NONE~'DE','AT'", 20100),
        ("region~EQ~'US'", 100),
        ("region~NOT_EQ~'US'", 21011),
        ("currency~ANY~'EUR'", 100),
        ("currency~IS_NOT~'EUR'", 21011),
        ("mrr~GT~150", 20000),
        ("mrr~LT~1", 1011),  # whole currency units, and the MRR of now: the third is at zero
        ("mrr~GTE~1", 20100),
        ("mrr~LTE~0.11", 1011),
        ("mrr~BETWEEN~0.5,1", 100),
        ("customer_status~ANY~'Active'", 20111),
        ("customer_status~EQ~'cancelled'", 1000),
        ("customer_status~ANY~'New_Lead'", 0),
        ("tags~ALL~'vip','Beta tester'", 11),
        ("tags~ANY~'vip'", 111),
        ("tags~NONE~'vip'", 21000),
        ("tags~CONTAINS~'test'", 11),
        ("tags~NOT_CONTAINS~'test'", 21100),
        ("plan~ANY~'Pro Yearly'", 10),
        ("plan~NONE~'Pro Yearly'", 21101),
        ("plan~EQ~pl_Basic-1month", 21101),
        ("custom.seats~GTE~12", 100),
        ("custom.seats~BETWEEN~2,10", 11),
        ("custom.tier~EQ~'gold'", 11),
        ("custom.tier~IS_NOT~'gold'", 21100),
        ("custom.active~IS~true", 11),
        ("custom.signup~GT~2026-01-01", 11),
        ("custom.unknown~EQ~1", 0),
        ("region~ANY~'DE','US'~AND~currency~ANY~'EUR'", 100),
        ("tags~ANY~'vip'~AND~plan~ANY~'Basic'", 101),
    ],
)
def test_filter_language(engine: Analytics, expression: str, kept: int) -> None:
    assert january(engine, filters=expression) == kept


@pytest.mark.parametrize(
    "expression",
    [
        "colour~EQ~'red'",
        "plan_group~ANY~'x'",
        "active_quantity~BETWEEN~2,10",
        "region~LIKE~'DE'",
        "region",
        "region~EQ",
        "region~EQ~",
        "region~EQ~'DE",
        "region~EQ~'DE'~OR~region~EQ~'AT'",
        "region~EQ~'DE'~AND~",
        "mrr~GT~'many'",
        "mrr~BETWEEN~1",
        "mrr~GT~NaN",
    ],
)
def test_what_cannot_be_read_is_refused(engine: Analytics, expression: str) -> None:
    with pytest.raises(FilterError) as error:
        january(engine, filters=expression)

    assert error.value.param == "filters"
    assert isinstance(error.value, MetricsParameterError)


def test_quoted_strings_may_hold_commas_and_tildes() -> None:
    engine = analytics(customer(item(7, "2026-01-01"), tags=("a,b~AND~c",)))

    assert january(engine, filters="tags~ANY~'a,b~AND~c'") == 7


def test_all_filters_apply_together_and_to_the_summary(engine: Analytics) -> None:
    body = engine.metric(
        "mrr",
        date(2026, 1, 1),
        date(2026, 1, 31),
        "month",
        at("2026-03-15"),
        geo="DE,US",
        plans="Basic",
        filters="tags~ANY~'Beta tester'",
    )

    assert body["entries"][0]["mrr"] == body["summary"]["current"] == 1
