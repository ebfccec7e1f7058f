"""Metrics and activities over HTTP: parameters, pages, freshness. The figures have tests of their own."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.emulator.routes.metrics import NAMES
from tests.unit.emulator.account import invoice, subscription_item

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api

RANGE = {"start-date": "2026-01-01", "end-date": "2026-03-15"}


@pytest.fixture
def busy(api: Api, customer: str, plan: str) -> str:
    """Five movements: bought, doubled, reduced, left, came back."""
    amounts = {"2026-01-10": 5000, "2026-01-20": 10000, "2026-02-01": 3000, "2026-03-01": 4000}
    for number, (start, amount) in enumerate(amounts.items()):
        fields: dict[str, Any] = {"amount_in_cents": amount}
        if start == "2026-02-01":
            fields["cancelled_at"] = "2026-02-20"
        api.bill(customer, invoice(f"inv-{number}", subscription_item(plan, start, **fields)))
    return customer


def test_mrr(api: Api, busy: str) -> None:
    body = api.json("GET", "/metrics/mrr", interval="month", **RANGE)
    assert [(entry["date"], entry["mrr"]) for entry in body["entries"]] == [
        ("2026-01-31", 10000),
        ("2026-02-28", 0),
        ("2026-03-15", 4000),
    ]
    february = {name: value for name, value in body["entries"][1].items() if name.startswith("mrr-")}
    assert february == {
        "mrr-new-business": 0,
        "mrr-expansion": 0,
        "mrr-contraction": -7000,
        "mrr-churn": -3000,
        "mrr-reactivation": 0,
    }
    assert body["summary"]["current"] == 4000


@pytest.mark.parametrize("name", NAMES)
def test_all_nine_answer_and_need_their_dates(api: Api, busy: str, name: str) -> None:
    body = api.json("GET", f"/metrics/{name}", **RANGE)
    assert set(body) == {"entries", "summary"}
    assert body["entries"][-1]["date"] == "2026-03-15"
    for missing in RANGE:
        query = {key: value for key, value in RANGE.items() if key != missing}
        answer = api.json("GET", f"/metrics/{name}", expect=400, **query)
        assert answer == {"code": 400, "message": f"parameter '{missing}' is required", "param": missing}


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"start-date": "01.01.2026"}, "start-date"),
        ({"end-date": "2025-12-31"}, "end-date"),
        ({"interval": "decade"}, "interval"),
        ({"filters": "shoe_size~EQ~44"}, "filters"),
    ],
)
def test_wrong_parameters_are_400(api: Api, query: dict[str, str], param: str) -> None:
    assert api.json("GET", "/metrics/mrr", expect=400, **(RANGE | query))["param"] == param


def test_filters_reach_the_figures_and_see_new_tags_at_once(api: Api, busy: str) -> None:
    def mrr(**query: str) -> int:
        entry: dict[str, int] = api.json("GET", "/metrics/mrr", interval="year", **RANGE, **query)["entries"][-1]
        return entry["mrr"]

    api.json("PATCH", f"/customers/{busy}", {"country": "DE"})
    assert (mrr(geo="DE,FR"), mrr(geo="US")) == (4000, 0)
    assert (mrr(plans="Team"), mrr(plans="Other")) == (4000, 0)
    tagged = "tags~ANY~'vip'"
    assert mrr(filters=tagged) == 0
    api.json("POST", f"/customers/{busy}/attributes/tags", {"tags": ["vip"]})
    assert mrr(filters=tagged) == 4000


def test_rates_and_currency_of_the_account(api: Api, source: str, customer: str, plan: str) -> None:
    api.bill(customer, invoice("inv-1", subscription_item(plan), currency="EUR"))
    assert api.json("GET", f"/customers/{customer}")["mrr"] == 5500, "EUR 1.10 unless configured"
    api.emulator.configure(fx_rates={"EUR": 1.2})
    assert api.json("GET", f"/customers/{customer}")["mrr"] == 6000
    api.emulator.configure(fx_rates={"EUR": {"2026-01-05": 1.3, "2026-01-11": 1.4}})
    assert api.json("GET", f"/customers/{customer}")["mrr"] == 6500
    api.emulator.configure(fx_rates=None, account={"currency": "EUR"})
    shown = api.json("GET", f"/customers/{customer}")
    assert (shown["mrr"], shown["currency"], shown["currency-sign"]) == (5000, "EUR", "€")


def test_figures_follow_after_the_processing_lag(api: Api, source: str, customer: str, plan: str) -> None:
    api.emulator.configure(processing_ms=1500)
    started = time.monotonic()
    (stored,) = api.bill(customer, invoice("inv-1", subscription_item(plan)))
    assert api.json("GET", f"/invoices/{stored['uuid']}")["external_id"] == "inv-1"
    early = api.json("GET", f"/customers/{customer}")
    assert (early["mrr"], early["status"]) == (0, "New Lead")
    status = api.json("GET", f"/data_sources/{source}", with_processing_status="true")
    assert time.monotonic() < started + 1.5, "the machine is too slow for this test to say anything"
    assert status["processing_status"] == {"processed": 1, "failed": 0, "pending": 2}
    assert status["status"] != "idle"
    while api.json("GET", f"/customers/{customer}")["mrr"] != 5000:
        assert time.monotonic() < started + 10
    assert time.monotonic() - started >= 1.5
    assert len(api.walk("/activities", "entries")) == 1


def test_activities(api: Api, busy: str) -> None:
    found = api.walk("/activities", "entries", per_page=2)
    assert [(one["type"], one["activity-mrr-movement"], one["activity-mrr"]) for one in found] == [
        ("new_biz", 5000, 5000),
        ("expansion", 5000, 10000),
        ("contraction", -7000, 3000),
        ("churn", -3000, 0),
        ("reactivation", 4000, 4000),
    ]
    assert found[0] == {
        "description": "purchased the Team plan",
        "activity-mrr-movement": 5000,
        "activity-mrr": 5000,
        "activity-arr": 60000,
        "date": "2026-01-10T00:00:00+00:00",
        "type": "new_biz",
        "currency": "USD",
        "subscription-external-id": "sub-1",
        "subscription-set-external-id": "sub-1",
        "plan-external-id": "team",
        "customer-name": "ACCT-1",
        "customer-uuid": busy,
        "customer-external-id": "acct-1",
        "billing-connector-uuid": found[0]["billing-connector-uuid"],
        "uuid": found[0]["uuid"],
    }
    assert api.walk("/activities", "entries", order="-date", per_page=2) == found[::-1]
    page = api.json("GET", "/activities", per_page=5)
    assert (page["per_page"], page["has_more"]) == (5, False)
    assert base64.b64decode(page["cursor"]).startswith(b"2026-03-01T00:00:00.000000000Z&")
    assert "per_page" not in api.json("GET", "/activities", cursor=page["cursor"])
    after = api.json("GET", "/activities", **{"start-after": found[1]["uuid"]})["entries"]
    assert after == found[2:]


def test_activities_of_one_customer_are_newest_first(api: Api, busy: str) -> None:
    path = f"/customers/{busy}/activities"
    found = api.walk(path, "entries", per_page=2)
    assert [one["type"] for one in found] == ["reactivation", "churn", "contraction", "expansion", "new_biz"]
    assert {"id", "currency-sign"} <= set(found[0])
    assert not {"uuid", "customer-uuid", "customer-name"} & set(found[0])
    page = api.json("GET", path)
    assert (page["per_page"], page["page"], page["has_more"]) == (200, 1, False)
    api.json("GET", "/customers/cus_1/activities", expect=404)


def test_a_walk_goes_on_when_the_activity_in_the_cursor_is_gone(api: Api, busy: str) -> None:
    page = api.json("GET", "/activities", per_page=2)
    expansion = next(found for found in api.walk("/invoices", "invoices") if found["external_id"] == "inv-1")
    api.json("DELETE", f"/invoices/{expansion['uuid']}", expect=204)
    following = api.json("GET", "/activities", cursor=page["cursor"])["entries"]
    assert [one["type"] for one in following] == ["contraction", "churn", "reactivation"]


def test_many_movements_at_one_instant(api: Api, source: str, plan: str) -> None:
    for number in range(7):
        uuid = api.customer(source, f"c{number}")
        api.bill(uuid, invoice(f"inv-{number}", subscription_item(plan)))
    found = [one["customer-external-id"] for one in api.walk("/activities", "entries", per_page=2)]
    assert sorted(found) == [f"c{number}" for number in range(7)]
    backwards = api.walk("/activities", "entries", per_page=3, order="-date")
    assert [one["customer-external-id"] for one in backwards] == found[::-1]


def test_filters_of_activities(api: Api, busy: str) -> None:
    def types(**query: str) -> list[str]:
        return [one["type"] for one in api.walk("/activities", "entries", **query)]

    assert types(type="churn") == ["churn"]
    both_ends = {"start-date": "2026-01-20", "end-date": "2026-02-01"}
    assert types(**both_ends) == ["expansion", "contraction"], "both ends are inclusive"
    assert types(**{"start-date": "2026-02-01T00:00:01Z"}) == ["churn", "reactivation"]
    api.emulator.configure(account={"time_zone": "America/New_York"})
    # Midnight UTC is the evening of the day before over there.
    assert types(**{"start-date": "2026-01-19", "end-date": "2026-01-31"}) == ["expansion", "contraction"]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"type": "sale"}, "type"),
        ({"order": "up"}, "order"),
        ({"start-date": "x"}, "start-date"),
        ({"end-date": "2026-01-01"}, "start-date"),
        ({"start-after": "x"}, "start-after"),
    ],
)
def test_wrong_parameters_of_activities_are_400(api: Api, query: dict[str, str], param: str) -> None:
    assert api.json("GET", "/activities", expect=400, **query)["param"] == param


def test_figures_end_with_the_present(api: Api, customer: str, plan: str) -> None:
    api.bill(customer, invoice("inv-1", subscription_item(plan, "2026-04-01"), date="2026-03-15"))
    assert api.walk("/activities", "entries") == []
    assert api.json("GET", f"/customers/{customer}")["status"] == "New Lead"
    api.emulator.configure(now="2026-04-01T00:00:00Z")
    assert len(api.walk("/activities", "entries")) == 1


def test_refunds_leave_the_figures_alone_unless_the_account_says_otherwise(api: Api, customer: str, plan: str) -> None:
    (stored,) = api.bill(customer, invoice("inv-1", subscription_item(plan)))
    refund = {"type": "refund", "date": "2026-02-01", "result": "successful"}
    api.json("POST", f"/import/invoices/{stored['uuid']}/transactions", refund, 201)
    assert api.json("GET", f"/customers/{customer}")["mrr"] == 5000
    api.emulator.configure(account={"refund_handling": "refund_full_only"})
    assert api.json("GET", f"/customers/{customer}")["mrr"] == 0
