"""Data sources."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.unit.emulator.account import event, invoice, subscription_item

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api


def test_create_and_retrieve(api: Api) -> None:
    created = api.json("POST", "/data_sources", {"name": "Ledger", "system": "Stripe"}, 201)
    assert created == {
        "uuid": created["uuid"],
        "name": "Ledger",
        "system": "Custom",
        "created_at": "2026-03-15T12:00:00.000Z",
        "status": "idle",
    }
    assert created["uuid"].startswith("ds_")
    assert api.json("GET", f"/data_sources/{created['uuid']}") == created


def test_names_are_required_and_unique(api: Api, source: str) -> None:
    assert api.json("POST", "/data_sources", {"name": "Ledger"}, 422) == {"errors": {"name": "Has already been taken."}}
    missing = {"errors": {"name": "A name is required for each data source."}}
    for body in ({}, {"name": None}, {"name": " "}, {"name": 5}):
        assert api.json("POST", "/data_sources", body, 422) == missing


def test_list_is_not_paged_and_filters_exactly(api: Api) -> None:
    uuids = [api.source(name) for name in ("Ledger", "ledger", "Shop")]
    listed = api.json("GET", "/data_sources", per_page=1)
    assert set(listed) == {"data_sources"}
    assert [source["uuid"] for source in listed["data_sources"]] == uuids
    named = api.json("GET", "/data_sources", name="ledger")["data_sources"]
    assert [source["uuid"] for source in named] == uuids[1:2]
    assert len(api.json("GET", "/data_sources", system="Custom")["data_sources"]) == 3
    assert api.json("GET", "/data_sources", system="custom") == {"data_sources": []}


def test_flags_add_settings_only_for_the_word_true(api: Api, source: str) -> None:
    plain = api.json("GET", f"/data_sources/{source}", with_processing_status="1", with_invoice_handling_setting="True")
    assert set(plain) == {"uuid", "name", "system", "created_at", "status"}
    flags = ("with_processing_status", "with_auto_churn_subscription_setting", "with_invoice_handling_setting")
    full = api.json("GET", f"/data_sources/{source}", **dict.fromkeys(flags, "true"))
    assert full["processing_status"] == {}, "an untouched source"
    assert full["auto_churn_subscription_setting"]["enabled"] is False
    handling = {
        "create_subscription_when_invoice_is": "open",
        "update_subscription_when_invoice_is": "open",
        "prevent_subscription_for_invoice_voided": True,
        "prevent_subscription_for_invoice_refunded": False,
        "prevent_subscription_for_invoice_written_off": True,
    }
    assert full["invoice_handling_setting"] == {"manual": handling, "automatic": handling}


def test_processing_status_counts_imported_records(api: Api, source: str, paying: str) -> None:
    listed = api.json("GET", "/data_sources", with_processing_status="true")["data_sources"]
    # The customer, the invoice and its line item.
    assert listed[0]["processing_status"] == {"processed": 3, "failed": 0, "pending": 0}


@pytest.mark.parametrize("uuid", ["ds_00000000-0000-4000-8000-000000000000", "malformed"])
def test_unknown_and_malformed_ids_are_404(api: Api, uuid: str) -> None:
    for method in ("GET", "DELETE"):
        assert api.json(method, f"/data_sources/{uuid}", expect=404) == {"error": "Data source not found"}


def test_deletion_takes_everything_along(api: Api, source: str, paying: str, plan: str) -> None:
    api.json("POST", "/subscription_events", event(source), 201)
    other = api.source("Shop")
    kept = api.customer(other)
    api.bill(kept, invoice("inv-1", subscription_item(api.plan(other))))
    api.json("DELETE", f"/data_sources/{source}", expect=204)
    assert [found["uuid"] for found in api.walk("/customers", "entries")] == [kept]
    assert len(api.walk("/invoices", "invoices")) == 1
    assert [found["data_source_uuid"] for found in api.walk("/plans", "plans")] == [other]
    assert api.walk("/subscription_events", "subscription_events") == []
    assert [activity["customer-uuid"] for activity in api.walk("/activities", "entries")] == [kept]
    # Name and external ids are free again.
    again = api.source()
    api.bill(api.customer(again), invoice("inv-1", subscription_item(api.plan(again), external_id="li-1")))


def test_purging_keeps_customers_and_plans(api: Api, source: str, paying: str, plan: str) -> None:
    api.json("POST", "/subscription_events", event(source), 201)
    api.json("DELETE", f"/data_sources/{source}/dependent", expect=204)
    assert api.json("GET", "/invoices")["invoices"] == []
    assert api.json("GET", "/subscription_events")["subscription_events"] == []
    assert api.json("GET", f"/import/customers/{paying}/subscriptions")["subscriptions"] == []
    assert api.json("GET", "/activities")["entries"] == []
    shown = api.json("GET", f"/customers/{paying}")
    assert (shown["status"], shown["mrr"], shown["customer-since"]) == ("New Lead", 0, None)
    assert api.json("GET", f"/plans/{plan}")["external_id"] == "team"
    api.bill(paying, invoice("inv-1", subscription_item(plan)))
    assert api.json("GET", f"/customers/{paying}")["mrr"] == 5000


def test_emptying_keeps_the_source_alone(api: Api, source: str, paying: str, plan: str) -> None:
    other = api.source("Shop")
    kept = api.customer(other)
    payload = {"external_id": "backfill", "plans": []}
    api.json("POST", f"/data_sources/{source}/json_imports", payload)
    api.json("DELETE", f"/data_sources/{source}/all", expect=204)
    assert [customer["uuid"] for customer in api.walk("/customers", "entries")] == [kept]
    api.json("GET", f"/plans/{plan}", expect=404)
    assert (
        api.json("GET", "/metrics/mrr", **{"start-date": "2026-03-01", "end-date": "2026-03-01"})["entries"][0]["mrr"]
        == 0
    )
    shown = api.json("GET", f"/data_sources/{source}", with_processing_status="true")
    assert (shown["name"], shown["processing_status"]) == ("Ledger", {})
    api.json("POST", f"/data_sources/{source}/json_imports", payload)
    api.customer(source)


@pytest.mark.parametrize("path", ["", "/all", "/dependent"])
def test_data_disappears_after_the_lag(api: Api, source: str, paying: str, path: str) -> None:
    api.json("GET", f"/customers/{paying}")
    api.emulator.configure(processing_ms=3_600_000)
    api.json("DELETE", f"/data_sources/{source}{path}", expect=204)
    api.json("GET", f"/data_sources/{source}", expect=200 if path else 404)
    assert api.json("GET", f"/customers/{paying}")["mrr"] == 5000
    assert len(api.json("GET", "/invoices")["invoices"]) == 1


@pytest.mark.parametrize("path", ["", "/all", "/dependent"])
def test_data_is_gone_after_the_lag(api: Api, source: str, paying: str, path: str) -> None:
    api.json("GET", f"/customers/{paying}")
    api.emulator.configure(processing_ms=50)
    api.json("DELETE", f"/data_sources/{source}{path}", expect=204)
    deadline = time.monotonic() + 30
    while api.json("GET", "/invoices")["invoices"]:
        assert time.monotonic() < deadline
    assert api.json("GET", "/activities")["entries"] == []


@pytest.mark.parametrize("path", ["all", "dependent"])
def test_unknown_sources_cannot_be_emptied(api: Api, path: str) -> None:
    assert api.json("DELETE", f"/data_sources/ds_1/{path}", expect=404) == {"error": "Data source not found"}
