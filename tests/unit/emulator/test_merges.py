"""Merging customers, and taking data source customers out again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.emulator.account import invoice, subscription_item

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api

MERGES = "/customers/merges"
UNMERGES = "/customers/unmerges"


@pytest.fixture
def shop(api: Api) -> str:
    return api.source("Shop")


@pytest.fixture
def other(api: Api, shop: str) -> str:
    """A customer of another source who pays 20.00 a month since 1 February, with tags and attributes."""
    custom = [{"type": "String", "key": "tier", "value": "b"}, {"type": "Integer", "key": "seats", "value": 3}]
    attributes = {"tags": ["shop", "shared"], "custom": custom}
    customer = api.customer(shop, "shop-1", email="ada@example.com", attributes=attributes)
    plan = api.plan(shop, "basic")
    item = subscription_item(plan, "2026-02-01", subscription_external_id="sub-9", amount_in_cents=2000)
    api.bill(customer, invoice("inv-9", item))
    return customer


def merge(api: Api, giver: str, taker: str) -> None:
    body = {"from": {"customer_uuid": giver}, "into": {"customer_uuid": taker}}
    assert api.json("POST", MERGES, body, 202) == {}


def unmerge(api: Api, customer: str, source: str, external_id: str, **fields: Any) -> None:
    body = {"customer_uuid": customer, "data_source_uuid": source, "external_id": external_id, **fields}
    assert api.json("POST", UNMERGES, body, 202) == {}


def found(api: Api, source: str, external_id: str) -> dict[str, Any]:
    (entry,) = api.json("GET", "/customers", data_source_uuid=source, external_id=external_id)["entries"]
    customer: dict[str, Any] = entry
    return customer


def test_one_record_is_left_with_both_parts(api: Api, source: str, paying: str, shop: str, other: str) -> None:
    merge(api, other, paying)
    assert api.json("GET", f"/customers/{other}", expect=404)["code"] == 404
    merged = api.json("GET", f"/customers/{paying}")
    assert merged["data_source_uuids"] == [source, shop]
    assert merged["external_ids"] == ["acct-1", "shop-1"]
    assert (merged["data_source_uuid"], merged["external_id"], merged["name"]) == (source, "acct-1", "ACCT-1")
    assert found(api, shop, "shop-1") == found(api, source, "acct-1") == merged
    assert len(api.walk("/customers", "entries")) == 1


def test_both_ids_must_be_those_of_one_part(api: Api, source: str, paying: str, shop: str, other: str) -> None:
    merge(api, other, paying)
    assert api.json("GET", "/customers", data_source_uuid=shop, external_id="acct-1")["entries"] == []


def test_billing_records_and_figures_move(api: Api, paying: str, other: str) -> None:
    merge(api, other, paying)
    merged = api.json("GET", f"/customers/{paying}")
    assert (merged["mrr"], merged["status"], merged["customer-since"]) == (7000, "Active", "2026-01-10T00:00:00+00:00")
    invoices = api.walk(f"/import/customers/{paying}/invoices", "invoices", per_page=1)
    assert [one["external_id"] for one in invoices] == ["inv-1", "inv-9"]
    assert {one["customer_uuid"] for one in invoices} == {paying}
    imported = api.walk(f"/import/customers/{paying}/subscriptions", "subscriptions")
    assert [one["external_id"] for one in imported] == ["sub-1", "sub-9"]
    # The second subscription of a paying customer is an expansion, no new business any more.
    activities = api.walk("/activities", "entries")
    assert [(one["type"], one["activity-mrr"]) for one in activities] == [("new_biz", 5000), ("expansion", 7000)]
    assert {one["customer-uuid"] for one in activities} == {paying}
    span = {"start-date": "2026-02-01", "end-date": "2026-02-28", "interval": "month"}
    (february,) = api.json("GET", "/metrics/all", **span)["entries"]
    assert (february["mrr"], february["customers"]) == (7000, 1)


def test_tags_are_joined_and_attributes_of_the_target_hold(api: Api, paying: str, other: str) -> None:
    api.json("POST", f"/customers/{paying}/attributes/tags", {"tags": ["own", "shared"]})
    tier = {"custom": [{"type": "String", "key": "tier", "value": "a"}]}
    api.json("POST", f"/customers/{paying}/attributes/custom", tier)
    merge(api, other, paying)
    attributes = api.json("GET", f"/customers/{paying}")["attributes"]
    assert attributes["tags"] == ["own", "shared", "shop", "merged-customer"]
    assert attributes["custom"] == {"tier": "a", "seats": 3}


def test_parties_can_be_named_by_external_id(api: Api, source: str, paying: str, shop: str, other: str) -> None:
    body = {
        "from": {"data_source_uuid": shop, "external_id": "shop-1"},
        "into": {"data_source_uuid": source, "external_id": "acct-1"},
    }
    api.json("POST", MERGES, body, 202)
    api.json("GET", f"/customers/{other}", expect=404)
    assert found(api, shop, "shop-1")["uuid"] == paying


def test_what_hangs_on_the_customer_moves(api: Api, paying: str, shop: str, other: str) -> None:
    note = api.json("POST", "/customer_notes", {"customer_uuid": other, "type": "note", "text": "hello"}, 201)
    task = {"customer_uuid": other, "assignee": "a@example.com", "task_details": "call", "due_date": "2026-04-01"}
    api.json("POST", "/tasks", task, 201)
    contact = {"data_source_uuid": shop, "first_name": "Ada"}
    api.json("POST", f"/customers/{other}/contacts", contact, 201)
    merge(api, other, paying)
    assert api.json("GET", f"/customer_notes/{note['uuid']}")["customer_uuid"] == paying
    for path in ("/tasks", "/contacts"):
        assert {one["customer_uuid"] for one in api.walk(path, "entries")} == {paying}


def test_an_invoice_names_the_part_that_it_is_for(api: Api, paying: str, shop: str, other: str) -> None:
    merge(api, other, paying)
    plan = api.plan(shop, "extra")
    item = subscription_item(plan, subscription_external_id="sub-10")
    api.bill(paying, invoice("inv-10", item, data_source_uuid=shop, customer_external_id="shop-1"))
    stored = api.json("GET", "/invoices", data_source_uuid=shop, external_id="inv-10")["invoices"]
    assert [one["customer_external_id"] for one in stored] == ["shop-1"]


@pytest.mark.parametrize("named", [(), ("data_source_uuid",), ("customer_external_id",)])
def test_an_invoice_of_a_merged_customer_names_the_part_in_full(
    api: Api, paying: str, shop: str, other: str, named: tuple[str, ...]
) -> None:
    merge(api, other, paying)
    part = {"data_source_uuid": shop, "customer_external_id": "shop-1"}
    sent = {"type": "one_time", "amount_in_cents": 1}
    draft = invoice("inv-10", sent, **{name: part[name] for name in named})
    (refused,) = api.bill(paying, draft, expect=422)
    assert refused["errors"] == dict.fromkeys(part.keys() - set(named), "can't be blank")
    assert api.json("GET", "/invoices", external_id="inv-10")["invoices"] == []


def test_an_invoice_of_one_part_need_not_name_it(api: Api, paying: str, source: str) -> None:
    (stored,) = api.bill(paying, invoice("inv-10", {"type": "one_time", "amount_in_cents": 1}))
    assert api.json("GET", f"/invoices/{stored['uuid']}")["customer_external_id"] == "acct-1"
    (stored,) = api.bill(paying, invoice("inv-11", {"type": "one_time", "amount_in_cents": 1}, data_source_uuid=source))
    assert api.json("GET", f"/invoices/{stored['uuid']}")["data_source_uuid"] == source


def test_subscriptions_of_the_same_name_stay_apart(api: Api, source: str, paying: str, plan: str) -> None:
    twin = api.customer(source, "acct-2")
    api.bill(twin, invoice("inv-2", subscription_item(plan, "2026-02-10")))
    merge(api, twin, paying)
    imported = api.walk(f"/import/customers/{paying}/subscriptions", "subscriptions")
    assert [one["external_id"] for one in imported] == ["sub-1", "sub-1"]
    rows = api.walk(f"/customers/{paying}/subscriptions", "entries")
    assert len({one["uuid"] for one in rows}) == 2
    assert api.json("GET", f"/customers/{paying}")["mrr"] == 10000


def test_the_row_of_a_subscription_keeps_its_uuid(api: Api, paying: str, other: str) -> None:
    (before,) = api.walk(f"/customers/{other}/subscriptions", "entries")
    merge(api, other, paying)
    assert before in api.walk(f"/customers/{paying}/subscriptions", "entries")


def test_merges_take_effect_after_the_lag(api: Api, paying: str, other: str) -> None:
    api.emulator.configure(processing_ms=3_600_000)
    merge(api, other, paying)
    assert api.json("GET", f"/customers/{other}")["mrr"] == 2000
    assert api.json("GET", f"/customers/{paying}")["external_ids"] == ["acct-1"]


def test_records_and_figures_follow_together(api: Api, paying: str, other: str) -> None:
    api.emulator.configure(processing_ms=50)
    merge(api, other, paying)
    deadline = time.monotonic() + 30
    while api.get(f"/customers/{other}").status_code != 404:
        assert time.monotonic() < deadline
    assert api.json("GET", f"/customers/{paying}")["mrr"] == 7000


def test_merges_one_after_another(api: Api, source: str, paying: str, other: str) -> None:
    third = api.customer(source, "acct-3")
    api.emulator.configure(processing_ms=50)
    merge(api, other, paying)
    merge(api, paying, third)
    deadline = time.monotonic() + 30
    while api.json("GET", f"/customers/{third}")["external_ids"] != ["acct-3", "acct-1", "shop-1"]:
        assert time.monotonic() < deadline
    assert api.json("GET", f"/customers/{third}")["mrr"] == 7000


def test_deleting_a_source_leaves_the_other_part(api: Api, source: str, paying: str, shop: str, other: str) -> None:
    merge(api, other, paying)
    api.json("DELETE", f"/data_sources/{shop}", expect=204)
    left = api.json("GET", f"/customers/{paying}")
    assert (left["external_ids"], left["data_source_uuids"], left["mrr"]) == (["acct-1"], [source], 5000)
    assert (left["attributes"]["tags"], left["attributes"]["custom"]) == ([], {})


def test_deleting_the_first_source_leaves_what_the_other_part_brought(
    api: Api, source: str, paying: str, shop: str, other: str
) -> None:
    tier = {"custom": [{"type": "String", "key": "tier", "value": "a"}]}
    api.json("POST", f"/customers/{paying}/attributes/custom", tier)
    merge(api, other, paying)
    api.json("DELETE", f"/data_sources/{source}", expect=204)
    left = api.json("GET", f"/customers/{paying}")
    assert (left["name"], left["email"], left["external_id"]) == ("SHOP-1", "ada@example.com", "shop-1")
    assert left["attributes"]["tags"] == ["shop", "shared"]
    assert left["attributes"]["custom"] == {"tier": "b", "seats": 3}


@pytest.mark.parametrize(
    ("change", "status", "param"),
    [
        ({"from": None}, 400, "from"),
        ({"into": "cus_1"}, 400, "into"),
        ({"from": {}}, 400, "from"),
        ({"from": {"data_source_uuid": "ds_1"}}, 400, "from"),
        ({"into": {"customer_uuid": 5}}, 400, "into"),
        ({"into": {"customer_uuid": "cus_1"}}, 404, "uuid"),
        ({"from": {"data_source_uuid": "ds_1", "external_id": "x"}}, 404, "uuid"),
    ],
)
def test_wrong_parties(api: Api, paying: str, other: str, change: dict[str, Any], status: int, param: str) -> None:
    body = {"from": {"customer_uuid": other}, "into": {"customer_uuid": paying}, **change}
    assert api.json("POST", MERGES, body, status)["param"] == param


def test_nobody_is_merged_with_themselves(api: Api, source: str, paying: str) -> None:
    itself = {"data_source_uuid": source, "external_id": "acct-1"}
    answer = api.json("POST", MERGES, {"from": itself, "into": {"customer_uuid": paying}}, 422)
    assert answer == {"errors": {"from": "is invalid"}}


def test_unmerging_makes_a_new_customer(api: Api, source: str, paying: str, shop: str, other: str) -> None:
    lead = {"lead_created_at": "2025-12-01", "country": "DE", "owner": "sales@example.com"}
    api.json("PATCH", f"/customers/{paying}", lead)
    merge(api, other, paying)
    api.json("POST", f"/customers/{paying}/attributes/tags", {"tags": ["later"]})
    unmerge(api, paying, shop, "shop-1")
    split, left = found(api, shop, "shop-1"), api.json("GET", f"/customers/{paying}")
    assert split["uuid"] not in (paying, other)
    assert (split["external_ids"], left["external_ids"]) == (["shop-1"], ["acct-1"])
    assert (split["name"], split["email"], left["name"]) == ("SHOP-1", "ada@example.com", "ACCT-1")
    assert (split["mrr"], left["mrr"]) == (2000, 5000)
    # Lead dates, owner and place are copied; what a part brought goes with it, what came later stays.
    assert (split["country"], split["owner"], split["lead_created_at"]) == (
        "DE",
        "sales@example.com",
        "2025-12-01T00:00:00.000Z",
    )
    assert split["attributes"]["tags"] == ["shop", "shared"]
    assert split["attributes"]["custom"] == {"tier": "b", "seats": 3}
    assert (left["attributes"]["tags"], left["attributes"]["custom"]) == (["later"], {})
    assert [one["type"] for one in api.walk("/activities", "entries")] == ["new_biz", "new_biz"]
    invoices = api.walk(f"/import/customers/{split['uuid']}/invoices", "invoices")
    assert [one["external_id"] for one in invoices] == ["inv-9"]


def test_the_first_part_can_leave(api: Api, source: str, paying: str, shop: str, other: str) -> None:
    tier = {"custom": [{"type": "String", "key": "tier", "value": "a"}]}
    api.json("POST", f"/customers/{paying}/attributes/custom", tier)
    merge(api, other, paying)
    unmerge(api, paying, source, "acct-1")
    left, split = api.json("GET", f"/customers/{paying}"), found(api, source, "acct-1")
    assert (left["external_id"], left["data_source_uuid"], left["mrr"]) == ("shop-1", shop, 2000)
    assert (split["mrr"], split["uuid"] != paying) == (5000, True)
    # Each part has again what it brought.
    assert (left["name"], left["email"], split["name"]) == ("SHOP-1", "ada@example.com", "ACCT-1")
    assert (left["attributes"]["tags"], split["attributes"]["tags"]) == (["shop", "shared"], [])
    assert left["attributes"]["custom"] == {"tier": "b", "seats": 3}
    assert split["attributes"]["custom"] == {"tier": "a"}


def test_what_was_changed_after_the_merge_stays(api: Api, source: str, paying: str, shop: str, other: str) -> None:
    tier = {"custom": [{"type": "String", "key": "tier", "value": "a"}]}
    api.json("POST", f"/customers/{paying}/attributes/custom", tier)
    merge(api, other, paying)
    api.json("PATCH", f"/customers/{paying}", {"name": "Ada Ltd"})
    api.json("PUT", f"/customers/{paying}/attributes/custom", {"custom": {"tier": "c"}})
    unmerge(api, paying, source, "acct-1")
    left, split = api.json("GET", f"/customers/{paying}"), found(api, source, "acct-1")
    assert (left["name"], left["attributes"]["custom"]) == ("Ada Ltd", {"tier": "c", "seats": 3})
    assert (split["name"], split["attributes"]["custom"]) == ("ACCT-1", {"tier": "a"})


def test_tags_that_both_brought_stay_with_both(api: Api, paying: str, shop: str, other: str) -> None:
    api.json("POST", f"/customers/{paying}/attributes/tags", {"tags": ["shared"]})
    merge(api, other, paying)
    unmerge(api, paying, shop, "shop-1")
    assert api.json("GET", f"/customers/{paying}")["attributes"]["tags"] == ["shared"]
    assert found(api, shop, "shop-1")["attributes"]["tags"] == ["shop", "shared"]


def test_what_moves_along_is_chosen(api: Api, paying: str, shop: str, other: str) -> None:
    merge(api, other, paying)
    api.json("POST", "/customer_notes", {"customer_uuid": paying, "type": "note", "text": "hello"}, 201)
    task = {"customer_uuid": paying, "assignee": "a@example.com", "task_details": "call", "due_date": "2026-04-01"}
    api.json("POST", "/tasks", task, 201)
    unmerge(api, paying, shop, "shop-1", move_to_new_customer=["notes"])
    split = found(api, shop, "shop-1")["uuid"]
    assert [one["customer_uuid"] for one in api.walk("/customer_notes", "entries", customer_uuid=split)] == [split]
    assert [one["customer_uuid"] for one in api.walk("/tasks", "entries")] == [paying]


@pytest.mark.parametrize(
    ("change", "status", "name"),
    [
        ({"customer_uuid": None}, 400, "customer_uuid"),
        ({"data_source_uuid": ""}, 400, "data_source_uuid"),
        ({"external_id": 5}, 400, "external_id"),
        ({"move_to_new_customer": ["contacts"]}, 400, "move_to_new_customer"),
        ({"move_to_new_customer": "notes"}, 400, "move_to_new_customer"),
        ({"customer_uuid": "cus_1"}, 404, "uuid"),
        ({"external_id": "acct-7"}, 422, "external_id"),
    ],
)
def test_wrong_unmerges(
    api: Api, paying: str, shop: str, other: str, change: dict[str, Any], status: int, name: str
) -> None:
    merge(api, other, paying)
    body = {"customer_uuid": paying, "data_source_uuid": shop, "external_id": "shop-1", **change}
    answer = api.json("POST", UNMERGES, body, status)
    assert name in (answer["errors"] if status == 422 else [answer["param"]])
    assert api.json("GET", f"/customers/{paying}")["external_ids"] == ["acct-1", "shop-1"]


def test_only_merged_customers_come_apart(api: Api, source: str, paying: str) -> None:
    body = {"customer_uuid": paying, "data_source_uuid": source, "external_id": "acct-1"}
    assert api.json("POST", UNMERGES, body, 422) == {"errors": {"customer_uuid": "has not been merged"}}
