"""Subscriptions of both sides, churn history and events."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.emulator.account import event, invoice, subscription_item

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api

UNKNOWN = "cus_00000000-0000-4000-8000-000000000000"


def imported(api: Api, customer: str) -> list[dict[str, Any]]:
    return api.walk(f"/import/customers/{customer}/subscriptions", "subscriptions")


def state(api: Api, customer: str) -> tuple[int, str]:
    shown = api.json("GET", f"/customers/{customer}")
    return shown["mrr"], shown["status"]


def test_import_side(api: Api, source: str, customer: str, plan: str) -> None:
    yearly = api.plan(source, "yearly", unit="year")
    addon = {"subscription_external_id": "sub-2", "subscription_set_external_id": "set-1"}
    api.bill(customer, invoice("inv-1", subscription_item(plan), subscription_item(plan, **addon)))
    api.bill(customer, invoice("inv-2", subscription_item(yearly, "2026-02-10")))
    first, second = imported(api, customer)
    assert first == {
        "uuid": first["uuid"],
        "external_id": "sub-1",
        "cancellation_dates": [],
        "plan_uuid": yearly,
        "data_source_uuid": source,
    }
    assert second["subscription_set_external_id"] == "set-1"
    page = api.json("GET", f"/import/customers/{customer}/subscriptions", per_page=1)
    assert (page["customer_uuid"], page["total_pages"], page["has_more"]) == (customer, 2, True)
    assert base64.b64decode(page["cursor"]).startswith(b"2026-03-15T12:00:00.000000000Z&")
    assert api.json("GET", f"/import/customers/{UNKNOWN}/subscriptions", expect=404)["error"] == "Customer not found"


def test_metrics_side(api: Api, customer: str, plan: str) -> None:
    api.bill(customer, invoice("inv-1", subscription_item(plan, quantity=3)))
    page = api.json("GET", f"/customers/{customer}/subscriptions")
    (entry,) = page["entries"]
    assert (
        entry.items()
        >= {
            "external_id": "sub-1",
            "subscription_set_external_id": "sub-1",
            "quantity": 3,
            "mrr": 5000,
            "arr": 60000,
            "status": "active",
            "plan": "Team",
            "billing-cycle": "month",
            "billing-cycle-count": 1,
            "start-date": "2026-01-10T00:00:00+00:00",
            "end-date": "2026-04-10T00:00:00+00:00",
            "currency": "USD",
            "currency-sign": "$",
        }.items()
    )
    assert entry["uuid"] != imported(api, customer)[0]["uuid"]
    assert not entry["uuid"].startswith("sub_")
    assert (page["has_more"], page["per_page"], page["page"]) == (False, 200, 1)
    after = api.json("GET", f"/customers/{customer}/subscriptions", cursor=page["cursor"])
    assert after == {"entries": [], "has_more": False, "cursor": page["cursor"]}
    api.json("GET", f"/customers/{UNKNOWN}/subscriptions", expect=404)


def test_metrics_side_pages(api: Api, customer: str, plan: str) -> None:
    names = [f"sub-{number}" for number in range(5)]
    api.bill(customer, invoice("inv-1", *(subscription_item(plan, subscription_external_id=name) for name in names)))
    found = api.walk(f"/customers/{customer}/subscriptions", "entries", per_page=2)
    assert sorted(entry["external_id"] for entry in found) == names


def test_a_lead_has_no_subscriptions(api: Api, customer: str) -> None:
    assert imported(api, customer) == []
    empty = api.json("GET", f"/customers/{customer}/subscriptions")
    assert (empty["entries"], empty["has_more"], empty["cursor"]) == ([], False, None)


def test_cancelled_at_of_a_line_item(api: Api, customer: str, plan: str) -> None:
    (stored,) = api.bill(customer, invoice("inv-1", subscription_item(plan, cancelled_at="2026-03-01 00:00:00")))
    assert "cancelled_at" not in stored["line_items"][0]
    assert imported(api, customer)[0]["cancellation_dates"] == ["2026-03-01T00:00:00.000Z"]
    assert state(api, customer) == (0, "Cancelled")


def test_cancel_appends_and_replaces(api: Api, paying: str, plan: str) -> None:
    (subscription,) = imported(api, paying)
    path = f"/import/subscriptions/{subscription['uuid']}"
    first = api.json("PATCH", path, {"cancelled_at": "2026-02-01T00:00:00Z"}, 202)
    assert first == {**subscription, "cancellation_dates": ["2026-02-01T00:00:00.000Z"], "customer_uuid": paying}
    assert state(api, paying) == (0, "Cancelled")
    api.bill(paying, invoice("inv-2", subscription_item(plan, "2026-02-10")))
    assert state(api, paying) == (5000, "Active")
    second = api.json("PATCH", path, {"cancelled_at": "2026-03-01"}, 202)
    assert second["cancellation_dates"] == ["2026-02-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"]
    replaced = api.json("PATCH", path, {"cancellation_dates": ["2026-03-05"]}, 202)
    assert replaced["cancellation_dates"] == ["2026-03-05T00:00:00.000Z"]
    types = [one["type"] for one in api.walk("/activities", "entries")]
    assert types == ["new_biz", "churn"]
    assert api.json("PATCH", path, {"cancellation_dates": []}, 202)["cancellation_dates"] == []
    assert state(api, paying) == (5000, "Active")


@pytest.mark.parametrize(
    "body",
    [
        {"cancelled_at": "2026-03-16"},
        {"cancelled_at": "never"},
        {"cancellation_dates": ["2026-03-01", "x"]},
        {"cancellation_dates": "2026-03-01"},
        {"cancelled_at": "2026-03-01", "cancellation_dates": []},
        {},
    ],
)
def test_wrong_cancellations_change_nothing(api: Api, paying: str, body: dict[str, Any]) -> None:
    (subscription,) = imported(api, paying)
    answer = api.json("PATCH", f"/import/subscriptions/{subscription['uuid']}", body, 422)
    assert answer["error"] == "Invalid cancellation date"
    assert imported(api, paying) == [subscription]
    unknown = api.json("PATCH", "/import/subscriptions/sub_1", body, 404)
    assert unknown["error"] == "Subscription not found"


def test_create_an_event(api: Api, source: str, paying: str) -> None:
    prices = {"plan_external_id": "team", "currency": "USD", "amount_in_cents": "9600", "quantity": ""}
    body = event(source, event_type="subscription_update_scheduled", effective_date="2027-01-01", **prices)
    created = api.json("POST", "/subscription_events", body, 201)
    assert isinstance(created["id"], int)
    assert created == {
        "id": created["id"],
        "data_source_uuid": source,
        "customer_external_id": "acct-1",
        "subscription_set_external_id": None,
        "subscription_external_id": "sub-1",
        "plan_external_id": "team",
        "event_date": "2026-03-01T00:00:00Z",
        "effective_date": "2027-01-01T00:00:00Z",
        "event_type": "subscription_update_scheduled",
        "external_id": "evt-1",
        "errors": {},
        "created_at": "2026-03-15T12:00:00Z",
        "updated_at": "2026-03-15T12:00:00Z",
        "quantity": "",
        "currency": "USD",
        "amount_in_cents": "9600",
        "tax_amount_in_cents": 0,
        "retracted_event_id": None,
        "event_order": None,
        "disabled": False,
        "disabled_at": None,
        "disabled_by": None,
        "user_created": False,
    }
    assert state(api, paying) == (5000, "Active"), "scheduled events leave MRR alone"


def test_the_envelope_is_needed(api: Api, source: str, paying: str) -> None:
    bare = event(source)["subscription_event"]
    for method in ("POST", "PATCH", "DELETE"):
        answer = api.json(method, "/subscription_events", bare, 400)
        assert answer == {
            "code": 400,
            "message": 'Parameter "subscription_event" is missing',
            "param": "subscription_event",
        }


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize("name", [{}, {"external_id": "evt-1"}, {"data_source_uuid": "ds_1"}, {"id": None}])
def test_an_event_is_named_in_full(api: Api, method: str, name: dict[str, Any]) -> None:
    refused = api.json(method, "/subscription_events", {"subscription_event": {"quantity": 1, **name}}, 422)
    lacking = {"external_id", "data_source_uuid"} - name.keys()
    assert refused == {"errors": dict.fromkeys(lacking, "can't be blank")}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"event_type": "subscription_paused"}, "event_type"),
        ({"customer_external_id": "nobody"}, "customer_external_id"),
        ({"subscription_external_id": "none"}, "subscription_external_id"),
        ({"data_source_uuid": "ds_1"}, "data_source_uuid"),
        ({"event_date": "soon"}, "event_date"),
        ({"effective_date": None}, "effective_date"),
        ({"effective_date": "2026-03-16"}, "effective_date"),
        ({"event_type": "subscription_event_retracted"}, "retracted_event_id"),
        ({"event_type": "subscription_start"}, "plan_external_id"),
        ({"event_type": "subscription_start"}, "amount_in_cents"),
        ({"amount_in_cents": "a lot"}, "amount_in_cents"),
    ],
)
def test_wrong_events(api: Api, source: str, paying: str, change: dict[str, Any], field: str) -> None:
    assert field in api.json("POST", "/subscription_events", event(source, **change), 422)["errors"]
    assert api.walk("/subscription_events", "subscription_events") == []


def test_a_cancellation_event_churns_and_its_deletion_revives(api: Api, source: str, paying: str) -> None:
    created = api.json("POST", "/subscription_events", event(source), 201)
    assert state(api, paying) == (0, "Cancelled")
    assert imported(api, paying)[0]["cancellation_dates"] == ["2026-03-01T00:00:00.000Z"]
    assert api.json("POST", "/subscription_events", event(source), 422)["errors"] == {
        "external_id": "has already been taken"
    }
    api.json("DELETE", "/subscription_events", {"subscription_event": {"id": created["id"]}}, 204)
    assert state(api, paying) == (5000, "Active")
    api.json("POST", "/subscription_events", event(source), 201)


def test_an_event_overrules_cancelled_at(api: Api, source: str, customer: str, plan: str) -> None:
    api.bill(customer, invoice("inv-1", subscription_item(plan, cancelled_at="2026-02-01")))
    api.json("POST", "/subscription_events", event(source), 201)
    churn = api.walk("/activities", "entries", type="churn", **{"start-date": "2026-01-01"})
    assert [one["date"] for one in churn] == ["2026-03-01T00:00:00+00:00"]


def test_events_outlive_their_subscription(api: Api, source: str, customer: str, plan: str) -> None:
    (stored,) = api.bill(customer, invoice("inv-1", subscription_item(plan)))
    api.json("POST", "/subscription_events", event(source), 201)
    api.json("DELETE", f"/invoices/{stored['uuid']}", expect=204)
    assert len(api.walk("/subscription_events", "subscription_events")) == 1
    api.bill(customer, invoice("inv-1", subscription_item(plan)))
    assert state(api, customer) == (0, "Cancelled")


@pytest.mark.parametrize("amount", ["", "49.90", "-12", 0, 4990.0])
def test_amounts_stay_what_was_sent(api: Api, source: str, paying: str, amount: Any) -> None:
    prices = {"plan_external_id": "team", "currency": "USD", "amount_in_cents": amount, "quantity": amount}
    body = event(source, event_type="subscription_updated", **prices)
    created = api.json("POST", "/subscription_events", body, 201)
    assert (created["amount_in_cents"], created["quantity"]) == (amount, amount)
    (listed,) = api.walk("/subscription_events", "subscription_events")
    assert listed["amount_in_cents"] == amount
    changed = {"subscription_event": {"id": created["id"], "effective_date": "2026-02-20"}}
    assert api.json("PATCH", "/subscription_events", changed)["amount_in_cents"] == amount


def test_update_an_event(api: Api, source: str, paying: str) -> None:
    created = api.json("POST", "/subscription_events", event(source), 201)
    api.emulator.configure(now="2026-03-20T00:00:00Z")
    key = {"external_id": "evt-1", "data_source_uuid": source}
    changed = api.json("PATCH", "/subscription_events", {"subscription_event": {**key, "effective_date": "2026-02-20"}})
    assert changed == created | {"effective_date": "2026-02-20T00:00:00Z", "updated_at": "2026-03-20T00:00:00Z"}
    assert imported(api, paying)[0]["cancellation_dates"] == ["2026-02-20T00:00:00.000Z"]
    kind = {"subscription_event": {"id": created["id"], "event_type": "subscription_cancellation_scheduled"}}
    api.json("PATCH", "/subscription_events", kind)
    assert state(api, paying) == (5000, "Active")
    wrong = {"subscription_event": {"id": created["id"], "event_date": "x"}}
    assert list(api.json("PATCH", "/subscription_events", wrong, 422)["errors"]) == ["event_date"]
    unknown = {"subscription_event": {"id": 1}}
    for method in ("PATCH", "DELETE"):
        assert api.json(method, "/subscription_events", unknown, 404) == {"error": "Subscription event not found"}


def test_deletion_through_the_query(api: Api, source: str, paying: str) -> None:
    created = api.json("POST", "/subscription_events", event(source), 201)
    api.json("DELETE", "/subscription_events", expect=204, **{"subscription_event[id]": created["id"]})
    api.json("POST", "/subscription_events", event(source), 201)
    named = {"subscription_event[external_id]": "evt-1", "subscription_event[data_source_uuid]": source}
    api.json("DELETE", "/subscription_events", expect=204, **named)
    assert api.walk("/subscription_events", "subscription_events") == []


def test_list_of_events(api: Api, source: str, paying: str) -> None:
    prices = {"plan_external_id": "team", "currency": "USD", "amount_in_cents": 1}
    for number in range(3):
        body = event(
            source, event_type="subscription_updated", external_id=f"evt-{number}", event_date="2026-02-01", **prices
        )
        api.json("POST", "/subscription_events", body, 201)
    api.json("POST", "/subscription_events", event(source, external_id="evt-c"), 201)

    def found(**query: str) -> list[str]:
        return [one["external_id"] for one in api.walk("/subscription_events", "subscription_events", **query)]

    assert found(per_page="2") == ["evt-c", "evt-2", "evt-1", "evt-0"]
    assert found(external_id="evt-1", data_source_uuid=source) == ["evt-1"]
    assert found(event_type="subscription_cancelled") == ["evt-c"]
    assert found(event_date="2026-03-01T00:00:00Z") == ["evt-c"]
    assert len(found(plan_external_id="team", customer_uuid="ignored")) == 3
    assert found(customer_external_id="nobody") == []
    first = api.json("GET", "/subscription_events", per_page=3)
    assert first["meta"].items() >= {"next_key": None, "prev_key": None, "page": 1, "total_pages": 2}.items()
    assert "meta" not in api.json("GET", "/subscription_events", cursor=first["cursor"])
    assert api.json("GET", "/subscription_events", expect=400, event_date="x")["param"] == "event_date"
