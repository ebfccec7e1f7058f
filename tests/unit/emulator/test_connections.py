"""Connected subscriptions: one goes on where another one ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.emulator.account import invoice, subscription_item

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api


@pytest.fixture
def moved(api: Api, source: str, paying: str, plan: str) -> str:
    """A customer whose ``sub-1`` ended on 1 March, and whose ``sub-2`` of 60.00 began on 5 March."""
    (first,) = imported(api, paying)
    api.json("PATCH", f"/import/subscriptions/{first['uuid']}", {"cancelled_at": "2026-03-01"}, 202)
    item = subscription_item(plan, "2026-03-05", subscription_external_id="sub-2", amount_in_cents=6000)
    api.bill(paying, invoice("inv-2", item))
    return paying


def imported(api: Api, customer: str) -> list[dict[str, Any]]:
    return api.walk(f"/import/customers/{customer}/subscriptions", "subscriptions")


def rows(api: Api, customer: str) -> list[dict[str, Any]]:
    return api.walk(f"/customers/{customer}/subscriptions", "entries")


def movements(api: Api) -> list[tuple[str, str, int]]:
    found = api.walk("/activities", "entries")
    return [(one["date"][:10], one["type"], one["activity-mrr-movement"]) for one in found]


def change(api: Api, verb: str, customer: str, source: str, *names: str) -> None:
    references = [
        {"data_source_uuid": source, "uuid" if name.startswith("sub_") or len(name) == 36 else "external_id": name}
        for name in names
    ]
    path = f"/customers/{customer}/{verb}_subscriptions"
    assert api.json("POST", path, {"subscriptions": references}, 202) == {}


APART = [("2026-01-10", "new_biz", 5000), ("2026-03-01", "churn", -5000), ("2026-03-05", "reactivation", 6000)]
TOGETHER = [("2026-01-10", "new_biz", 5000), ("2026-03-05", "expansion", 1000)]


def test_no_churn_between_connected_subscriptions(api: Api, source: str, moved: str) -> None:
    assert movements(api) == APART
    change(api, "connect", moved, source, "sub-1", "sub-2")
    assert movements(api) == TOGETHER
    span = {"start-date": "2026-03-02", "end-date": "2026-03-03", "interval": "day"}
    assert [day["mrr"] for day in api.json("GET", "/metrics/mrr", **span)["entries"]] == [5000, 5000]
    assert api.json("GET", f"/customers/{moved}")["mrr"] == 6000


def test_the_first_one_stands_for_all(api: Api, source: str, moved: str) -> None:
    change(api, "connect", moved, source, "sub-1", "sub-2")
    (row,) = rows(api, moved)
    assert (row["external_id"], row["mrr"], row["status"]) == ("sub-1", 6000, "active")
    assert row["start-date"] == "2026-01-10T00:00:00+00:00"
    change(api, "connect", moved, source, "sub-2", "sub-1")
    assert [row["external_id"] for row in rows(api, moved)] == ["sub-2"]
    assert [one["external_id"] for one in imported(api, moved)] == ["sub-1", "sub-2"], "the import side stays"


def test_the_last_cancellation_stands(api: Api, source: str, moved: str) -> None:
    change(api, "connect", moved, source, "sub-1", "sub-2")
    second = imported(api, moved)[1]["uuid"]
    api.json("PATCH", f"/import/subscriptions/{second}", {"cancelled_at": "2026-03-10"}, 202)
    assert movements(api) == [*TOGETHER, ("2026-03-10", "churn", -6000)]


def test_disconnecting_undoes_it(api: Api, source: str, moved: str) -> None:
    before = rows(api, moved)
    change(api, "connect", moved, source, "sub-1", "sub-2")
    change(api, "disconnect", moved, source, "sub-1", "sub-2")
    assert movements(api) == APART
    assert rows(api, moved) == before


def test_groups_grow_and_come_apart(api: Api, source: str, moved: str, plan: str) -> None:
    for name in ("sub-3", "sub-4"):
        api.bill(moved, invoice(f"inv-{name}", subscription_item(plan, "2026-03-12", subscription_external_id=name)))
    change(api, "connect", moved, source, "sub-1", "sub-2")
    change(api, "connect", moved, source, "sub-3", "sub-4")
    assert [row["external_id"] for row in rows(api, moved)] == ["sub-1", "sub-3"]
    change(api, "connect", moved, source, "sub-2", "sub-4")
    assert [row["external_id"] for row in rows(api, moved)] == ["sub-2"]
    change(api, "disconnect", moved, source, "sub-1", "sub-2")
    # The one that stood for all leaves; the others stay together.
    assert sorted(row["external_id"] for row in rows(api, moved)) == ["sub-1", "sub-2"]


def test_references_by_uuid_of_both_sides(api: Api, source: str, moved: str) -> None:
    first, second = imported(api, moved)[0]["uuid"], rows(api, moved)[1]["uuid"]
    change(api, "connect", moved, source, first, second)
    assert movements(api) == TOGETHER


def test_subscriptions_of_two_sources_after_a_merge(api: Api, source: str, paying: str) -> None:
    (first,) = imported(api, paying)
    api.json("PATCH", f"/import/subscriptions/{first['uuid']}", {"cancelled_at": "2026-03-01"}, 202)
    shop = api.source("Shop")
    other = api.customer(shop, "shop-1")
    item = subscription_item(api.plan(shop, "basic"), "2026-03-05", amount_in_cents=6000)
    api.bill(other, invoice("inv-9", item))
    merge = {"from": {"customer_uuid": other}, "into": {"customer_uuid": paying}}
    api.json("POST", "/customers/merges", merge, 202)
    assert movements(api) == APART
    both = [{"data_source_uuid": place, "external_id": "sub-1"} for place in (source, shop)]
    api.json("POST", f"/customers/{paying}/connect_subscriptions", {"subscriptions": both}, 202)
    assert movements(api) == TOGETHER
    unmerge = {"customer_uuid": paying, "data_source_uuid": shop, "external_id": "shop-1"}
    api.json("POST", "/customers/unmerges", unmerge, 202)
    assert [kind for _, kind, _ in movements(api)] == ["new_biz", "churn", "new_biz"], "nothing connects them any more"


def test_an_ambiguous_external_id_is_400(api: Api, source: str, moved: str, plan: str) -> None:
    twin = api.customer(source, "acct-2")
    api.bill(twin, invoice("inv-3", subscription_item(plan)))
    merge = {"from": {"customer_uuid": twin}, "into": {"customer_uuid": moved}}
    api.json("POST", "/customers/merges", merge, 202)
    references = [{"data_source_uuid": source, "external_id": name} for name in ("sub-1", "sub-2")]
    answer = api.json("POST", f"/customers/{moved}/connect_subscriptions", {"subscriptions": references}, 400)
    assert answer["param"] == "external_id"
    change(api, "connect", moved, source, *(one["uuid"] for one in imported(api, moved)))
    assert len(rows(api, moved)) == 1


def test_the_connection_goes_with_the_subscription_that_stood_for_all(api: Api, source: str, moved: str) -> None:
    change(api, "connect", moved, source, "sub-1", "sub-2")
    (first,) = api.json("GET", "/invoices", data_source_uuid=source, external_id="inv-1")["invoices"]
    api.json("DELETE", f"/invoices/{first['uuid']}", expect=204)
    assert movements(api) == [("2026-03-05", "new_biz", 6000)]
    assert [row["external_id"] for row in rows(api, moved)] == ["sub-2"]


def test_figures_follow_after_the_lag(api: Api, source: str, moved: str) -> None:
    assert movements(api) == APART
    api.emulator.configure(processing_ms=50)
    change(api, "connect", moved, source, "sub-1", "sub-2")
    deadline = time.monotonic() + 30
    while movements(api) != TOGETHER:
        assert time.monotonic() < deadline
    api.emulator.configure(processing_ms=3_600_000)
    change(api, "disconnect", moved, source, "sub-1", "sub-2")
    assert movements(api) == TOGETHER


@pytest.mark.parametrize("verb", ["connect", "disconnect"])
@pytest.mark.parametrize(
    "subscriptions",
    [
        None,
        [],
        "sub-1",
        ["sub-1", "sub-2"],
        [{"external_id": "sub-1"}],
        [{"external_id": "sub-1"}] * 2,
        [{"external_id": "sub-1"}, {}],
        [{"external_id": "sub-1"}, {"external_id": "sub-7"}],
        [{"external_id": "sub-1"}, {"uuid": "sub_1"}],
        [{"external_id": "sub-1"}, {"external_id": "sub-2", "data_source_uuid": "ds_1"}],
        [{"external_id": "sub-1"}, {"external_id": "sub-2", "data_source_uuid": None}],
    ],
)
def test_wrong_references(api: Api, source: str, moved: str, verb: str, subscriptions: Any) -> None:
    if isinstance(subscriptions, list):
        subscriptions = [{"data_source_uuid": source, **one} if isinstance(one, dict) else one for one in subscriptions]
    api.json("POST", f"/customers/{moved}/{verb}_subscriptions", {"subscriptions": subscriptions}, 400)
    assert movements(api) == APART


def test_an_unknown_customer_is_404(api: Api) -> None:
    for verb in ("connect", "disconnect"):
        answer = api.json("POST", f"/customers/cus_1/{verb}_subscriptions", {"subscriptions": []}, 404)
        assert answer == {"error": "Customer not found"}
