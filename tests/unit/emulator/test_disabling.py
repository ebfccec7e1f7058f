"""Disabling records: those of automatic sources are hidden from all figures and can be shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.emulator.account import event, invoice, subscription_item

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api

OWNER = "owner@emulated-account.example"
HIDDEN = {"disabled": True, "disabled_at": "2026-03-15T12:00:00.000Z", "disabled_by": OWNER, "user_created": False}
SHOWN = {"disabled": False, "disabled_at": None, "disabled_by": None, "user_created": False}
PAYMENT = {"external_id": "pay-1", "type": "payment", "date": "2026-01-11", "result": "successful"}


@pytest.fixture
def stripe(api: Api) -> str:
    return api.emulator.add_source("Stripe EU", "Stripe")


@pytest.fixture
def subscriber(api: Api, stripe: str) -> str:
    """A customer of an automatic source who pays 50.00 a month since 2026-01-10."""
    customer = api.customer(stripe)
    item = subscription_item(api.plan(stripe), external_id="li-1")
    api.bill(customer, invoice("inv-1", item, transactions=[PAYMENT]))
    return customer


def state(api: Api, customer: str) -> tuple[int, str]:
    shown = api.json("GET", f"/customers/{customer}")
    return shown["mrr"], shown["status"]


def record(api: Api, source: str, kind: str) -> dict[str, Any]:
    """The invoice, its line item or its transaction."""
    query = {"data_source_uuid": source, "external_id": "inv-1", "with_disabled": "true"}
    (stored,) = api.json("GET", "/invoices", **query)["invoices"]
    found: dict[str, Any] = stored if kind == "invoices" else stored[kind][0]
    return found


def test_automatic_sources_are_made_by_a_control(api: Api, stripe: str) -> None:
    assert api.json("GET", f"/data_sources/{stripe}")["system"] == "Stripe"
    made = api.call("POST", "/../_emulator/data_sources", json={"name": "Recurly", "system": "Recurly"})
    assert (made.status_code, made.json()["system"]) == (201, "Recurly")
    assert len(api.json("GET", "/data_sources")["data_sources"]) == 2
    for wrong in ({"name": "Recurly"}, {"name": ""}, {"name": "x", "system": 5}):
        assert api.call("POST", "/../_emulator/data_sources", json=wrong).status_code == 400


def test_a_disabled_invoice_counts_for_nothing(api: Api, stripe: str, subscriber: str) -> None:
    before = record(api, stripe, "invoices")
    path = f"/invoices/{before['uuid']}/disabled_state"
    hidden = api.json("PATCH", path, {"disabled": True})
    assert hidden == {**before, "line_items": [], "transactions": [], **HIDDEN}
    assert hidden["status"] == "paid"
    assert state(api, subscriber) == (0, "New Lead")
    assert api.walk("/activities", "entries") == []
    (item,) = before["line_items"]
    assert api.json("GET", f"/line_items/{item['uuid']}", with_disabled="true") == {**item, **HIDDEN}
    api.json("GET", f"/line_items/{item['uuid']}", expect=404)
    api.json("GET", f"/invoices/{before['uuid']}", expect=404)
    assert api.json("GET", f"/invoices/{before['uuid']}", with_disabled="true") == hidden
    assert api.json("GET", "/invoices")["invoices"] == []
    assert api.json("GET", "/invoices", with_disabled="true")["invoices"] == [hidden]
    assert api.json("PATCH", path, {"disabled": False}) == before
    assert state(api, subscriber) == (5000, "Active")


def test_a_disabled_line_item_has_no_mrr(api: Api, stripe: str, subscriber: str) -> None:
    item = record(api, stripe, "line_items")
    path = f"/line_items/{item['uuid']}/disabled_state"
    assert api.json("PATCH", path, {"disabled": True}) == {**item, **HIDDEN}
    assert state(api, subscriber) == (0, "New Lead")
    assert api.json("GET", "/invoices")["invoices"][0]["line_items"] == []
    assert record(api, stripe, "line_items") == {**item, **HIDDEN}
    assert api.json("PATCH", f"/line_items/{item['uuid']}", {"quantity": 2})["disabled"] is True, "a change keeps it"
    api.json("PATCH", path, {"disabled": False})
    assert state(api, subscriber) == (5000, "Active")


def test_nothing_of_a_disabled_invoice_counts(api: Api, stripe: str, subscriber: str) -> None:
    (plan,) = api.json("GET", "/plans")["plans"]
    stored = record(api, stripe, "invoices")
    path = f"/invoices/{stored['uuid']}/disabled_state"
    api.json("PATCH", path, {"disabled": True})
    shown = f"/line_items/{stored['line_items'][0]['uuid']}/disabled_state"
    assert api.json("PATCH", shown, {"disabled": False})["disabled"] is False
    assert state(api, subscriber) == (0, "New Lead")
    api.bill(subscriber, invoice("inv-2", subscription_item(plan["uuid"], "2026-02-10", external_id="li-2")))
    ended = {"cancelled_at": "2026-03-01"}
    api.json("PATCH", f"/line_items/{stored['line_items'][0]['uuid']}", ended)
    api.json("PATCH", shown, {"disabled": False})
    assert state(api, subscriber) == (5000, "Active"), "it ends nothing either"
    api.json("PATCH", path, {"disabled": False})
    assert state(api, subscriber) == (0, "Cancelled")


def test_what_a_line_item_cancelled_goes_with_it(api: Api, stripe: str, subscriber: str) -> None:
    (plan,) = api.json("GET", "/plans")["plans"]
    last = subscription_item(plan["uuid"], "2026-02-10", external_id="li-2", cancelled_at="2026-03-01")
    api.bill(subscriber, invoice("inv-2", last))
    assert state(api, subscriber) == (0, "Cancelled")
    query = {"data_source_uuid": stripe, "external_id": "li-2"}
    api.json("PATCH", "/line_items/disabled_state", {"disabled": True}, **query)
    assert state(api, subscriber) == (5000, "Active")
    api.json("PATCH", "/line_items/disabled_state", {"disabled": False}, **query)
    assert state(api, subscriber) == (0, "Cancelled")


def test_a_disabled_payment_pays_nothing(api: Api, stripe: str, subscriber: str) -> None:
    payment = record(api, stripe, "transactions")
    path = f"/transactions/{payment['uuid']}/disabled_state"
    assert api.json("PATCH", path, {"disabled": True}) == {**payment, **HIDDEN}
    assert record(api, stripe, "invoices")["status"] == "open"
    api.json("GET", f"/transactions/{payment['uuid']}", expect=404)
    assert api.json("GET", f"/transactions/{payment['uuid']}", with_disabled="true")["disabled"] is True
    api.json("PATCH", path, {"disabled": False})
    assert record(api, stripe, "invoices")["status"] == "paid"


@pytest.mark.parametrize(
    ("kind", "external_id"), [("invoices", "inv-1"), ("line_items", "li-1"), ("transactions", "pay-1")]
)
def test_records_named_by_external_id(api: Api, stripe: str, subscriber: str, kind: str, external_id: str) -> None:
    query = {"data_source_uuid": stripe, "external_id": external_id}
    answer = api.json("PATCH", f"/{kind}/disabled_state", {"disabled": True}, **query)
    assert answer.items() >= {"external_id": external_id, **HIDDEN}.items()
    assert api.json("PATCH", f"/{kind}/disabled_state", {"disabled": False}, **query).items() >= SHOWN.items()


def test_a_disabled_event_cancels_nothing(api: Api, stripe: str, subscriber: str) -> None:
    created = api.json("POST", "/subscription_events", event(stripe), 201)
    assert state(api, subscriber) == (0, "Cancelled")
    path = f"/subscription_events/{created['id']}/disabled_state"
    hidden = api.json("PATCH", path, {"disabled": True})
    assert hidden == {**created, **HIDDEN, "disabled_at": "2026-03-15T12:00:00Z"}
    assert state(api, subscriber) == (5000, "Active")
    assert api.walk("/subscription_events", "subscription_events") == []
    assert api.walk("/subscription_events", "subscription_events", with_disabled="true") == [hidden]
    changed = {"subscription_event": {"id": created["id"], "effective_date": "2026-02-20"}}
    assert api.json("PATCH", "/subscription_events", changed)["disabled"] is True, "a change keeps it"
    api.json("PATCH", path, {"disabled": False})
    assert state(api, subscriber) == (0, "Cancelled")


def test_a_new_subscription_is_not_ended_by_a_disabled_event(api: Api, stripe: str, subscriber: str) -> None:
    created = api.json("POST", "/subscription_events", event(stripe), 201)
    api.json("PATCH", f"/subscription_events/{created['id']}/disabled_state", {"disabled": True})
    stored = record(api, stripe, "invoices")
    api.json("DELETE", f"/invoices/{stored['uuid']}", expect=204)
    (plan,) = api.json("GET", "/plans")["plans"]
    api.bill(subscriber, invoice("inv-1", subscription_item(plan["uuid"])))
    assert state(api, subscriber) == (5000, "Active")


def test_events_named_in_the_body_with_and_without_envelope(api: Api, stripe: str, subscriber: str) -> None:
    api.json("POST", "/subscription_events", event(stripe), 201)
    name = {"external_id": "evt-1", "data_source_uuid": stripe}
    flat = api.json("PATCH", "/subscription_events/disabled_state", {**name, "disabled": True})
    assert flat["disabled"] is True
    enveloped = {"subscription_event": name, "disabled": False}
    assert api.json("PATCH", "/subscription_events/disabled_state", enveloped)["disabled"] is False


@pytest.mark.parametrize("envelope", [True, False])
def test_events_in_the_body_are_named_by_source_and_external_id(
    api: Api, stripe: str, subscriber: str, envelope: bool
) -> None:
    created = api.json("POST", "/subscription_events", event(stripe), 201)
    for name, lacking in (({}, {"external_id", "data_source_uuid"}), ({"external_id": "evt-1"}, {"data_source_uuid"})):
        named = {"id": created["id"], **name}
        body = {"subscription_event": named, "disabled": True} if envelope else {**named, "disabled": True}
        refused = api.json("PATCH", "/subscription_events/disabled_state", body, 422)
        assert refused == {"errors": dict.fromkeys(lacking, "can't be blank")}
    assert state(api, subscriber) == (0, "Cancelled")


@pytest.mark.parametrize("body", [{}, {"disabled": None}, {"disabled": "true"}, {"disabled": 1}])
def test_only_true_and_false_are_understood(api: Api, stripe: str, subscriber: str, body: dict[str, Any]) -> None:
    path = f"/invoices/{record(api, stripe, 'invoices')['uuid']}/disabled_state"
    assert list(api.json("PATCH", path, body, 422)["errors"]) == ["disabled"]
    assert state(api, subscriber) == (5000, "Active")


def test_records_without_external_ids_cannot_be_disabled(api: Api, stripe: str, subscriber: str) -> None:
    (plan,) = api.json("GET", "/plans")["plans"]
    item = subscription_item(plan["uuid"], external_id=None)
    (stored,) = api.bill(subscriber, invoice("inv-2", item))
    refused = {"error": "Record cannot be disabled"}
    item_path = f"/line_items/{stored['line_items'][0]['uuid']}/disabled_state"
    for path in (f"/invoices/{stored['uuid']}/disabled_state", item_path):
        assert api.json("PATCH", path, {"disabled": True}, 422) == refused
    unnamed = api.json("POST", "/subscription_events", event(stripe, external_id=None), 201)
    assert api.json("PATCH", f"/subscription_events/{unnamed['id']}/disabled_state", {"disabled": True}, 422) == refused


def test_records_of_custom_sources_cannot_be_disabled(api: Api, source: str, paying: str) -> None:
    created = api.json("POST", "/subscription_events", event(source), 201)
    path = f"/subscription_events/{created['id']}/disabled_state"
    assert api.json("PATCH", path, {"disabled": True}, 422) == {"error": "Record cannot be disabled"}
    assert state(api, paying) == (0, "Cancelled")


def test_unknown_events_are_404(api: Api) -> None:
    for name in ("1", "x"):
        answer = api.json("PATCH", f"/subscription_events/{name}/disabled_state", {"disabled": True}, 404)
        assert answer == {"error": "Subscription event not found"}
    unknown = {"external_id": "evt-7", "data_source_uuid": "ds_1", "disabled": True}
    api.json("PATCH", "/subscription_events/disabled_state", unknown, 404)
