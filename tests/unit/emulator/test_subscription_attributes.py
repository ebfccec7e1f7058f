"""Custom attributes of subscriptions and of subscription sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.emulator.account import invoice, subscription_item

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def typed(kind: str, key: str, value: Any) -> dict[str, Any]:
    return {"custom": [{"type": kind, "key": key, "value": value}]}


def row(api: Api, customer: str) -> dict[str, Any]:
    """The subscription as the list with MRR shows it."""
    (shown,) = api.json("GET", f"/customers/{customer}/subscriptions")["entries"]
    return dict(shown)


@pytest.fixture
def in_set(api: Api, customer: str, plan: str) -> str:
    """A customer with a subscription in the set ``set-1``."""
    api.bill(customer, invoice("inv-1", subscription_item(plan, subscription_set_external_id="set-1")))
    return customer


@pytest.fixture(params=["subscriptions", "subscription_sets"])
def path(request: pytest.FixtureRequest, api: Api, in_set: str) -> str:
    """The attributes of the subscription, and of its set."""
    shown = row(api, in_set)
    uuid = shown["uuid"] if request.param == "subscriptions" else shown["subscription_set_uuid"]
    return f"/{request.param}/{uuid}/attributes"


def test_add_update_remove(api: Api, path: str) -> None:
    assert api.json("GET", path) == {"custom": {}}
    assert api.json("POST", f"{path}/custom", typed("String", "manager", "mira")) == {"custom": {"manager": "mira"}}
    both = api.json("POST", f"{path}/custom", typed("Boolean", "approved", "t"))
    assert both == {"custom": {"manager": "mira", "approved": True}}
    changed = api.json("PUT", f"{path}/custom", {"custom": {"manager": {"value": "rui", "source": "crm"}}})
    assert changed == {"custom": {"manager": "rui", "approved": True}}
    assert api.json("GET", path) == changed
    removed = api.json("DELETE", f"{path}/custom", {"custom": ["manager", "unknown"]})
    assert removed == {"custom": {"approved": True}, "message": "success"}
    noop = api.json("DELETE", f"{path}/custom", {"custom": ["manager"]})
    assert noop == {"custom": {"approved": True}, "message": "noop"}
    # Unlike that of customers, the answer has a body when nothing is left.
    last = api.json("DELETE", f"{path}/custom", {"custom": ["approved"]})
    assert last == {"custom": {}, "message": "success"}


def test_the_definitions_are_those_of_the_account(api: Api, in_set: str, path: str) -> None:
    api.json("POST", f"{path}/custom", typed("Integer", "seats", 5))
    customer = f"/customers/{in_set}/attributes/custom"
    assert api.json("PUT", customer, {"custom": {"seats": 7}}) == {"custom": {"seats": 7}}
    assert api.json("POST", f"{path}/custom", typed("String", "seats", "x"), 422)["param"] == "seats"
    assert api.json("GET", path) == {"custom": {"seats": 5}}


def test_what_is_refused(api: Api, path: str) -> None:
    custom = f"{path}/custom"
    for method in ("POST", "PUT", "DELETE"):
        for broken in ({}, {"custom": []}, {"custom": {}}, {"custom": "x"}, {"custom": None}):
            assert api.json(method, custom, broken, 400)["param"] == "custom"
    assert api.json("PUT", custom, {"custom": {"undefined": 1}}, 422)["param"] == "undefined"
    for value in ("nan", "inf", 10**400, None, [], "x"):
        assert api.json("POST", custom, typed("Decimal", "rate", value), 422)["param"] == "rate"
    assert api.json("GET", path) == {"custom": {}}


def test_both_ids_of_a_subscription_are_taken_with_and_without_prefix(api: Api, in_set: str) -> None:
    shown = row(api, in_set)
    (imported,) = api.json("GET", f"/import/customers/{in_set}/subscriptions")["subscriptions"]
    bare = imported["uuid"].removeprefix("sub_")
    api.json("POST", f"/subscriptions/{bare}/attributes/custom", typed("Integer", "seats", 5))
    for uuid in (imported["uuid"], bare, shown["uuid"], f"sub_{shown['uuid']}"):
        assert api.json("GET", f"/subscriptions/{uuid}/attributes") == {"custom": {"seats": 5}}
    of_set = f"/subscription_sets/sub_{shown['subscription_set_uuid']}/attributes"
    assert api.json("GET", of_set) == {"custom": {}}


def test_a_set_hands_its_attributes_down(api: Api, in_set: str, source: str) -> None:
    shown = row(api, in_set)
    of_set = f"/subscription_sets/{shown['subscription_set_uuid']}/attributes"
    own = f"/subscriptions/{shown['uuid']}/attributes"
    api.json("POST", f"{of_set}/custom", typed("String", "manager", "mira"))
    assert api.json("GET", own) == {"custom": {"manager": "mira"}}
    api.json("POST", f"{own}/custom", typed("String", "manager", "rui"))
    assert api.json("GET", own) == {"custom": {"manager": "rui"}}
    assert api.json("GET", of_set) == {"custom": {"manager": "mira"}}
    removed = api.json("DELETE", f"{own}/custom", {"custom": ["manager"]})
    assert removed == {"custom": {"manager": "mira"}, "message": "success"}
    assert api.json("DELETE", f"{own}/custom", {"custom": ["manager"]})["message"] == "noop"
    next_item = subscription_item(
        api.plan(source, "bigger"), "2026-02-10", subscription_set_external_id="set-1", amount_in_cents=9000
    )
    api.bill(in_set, invoice("inv-2", next_item))
    assert row(api, in_set)["plan"] == "Bigger"
    assert api.json("GET", own) == {"custom": {"manager": "mira"}}, "they survive a change of the plan"


def test_they_stay_when_the_customer_is_merged(api: Api, in_set: str, path: str) -> None:
    api.json("POST", f"{path}/custom", typed("Integer", "seats", 5))
    into = api.customer(api.source("Shop"), "shop-1")
    merge = {"from": {"customer_uuid": in_set}, "into": {"customer_uuid": into}}
    api.json("POST", "/customers/merges", merge, 202)
    assert api.json("GET", path) == {"custom": {"seats": 5}}


def test_they_go_with_the_customer(api: Api, in_set: str, plan: str, path: str) -> None:
    api.json("POST", f"{path}/custom", typed("Integer", "seats", 5))
    (source,) = api.json("GET", f"/customers/{in_set}")["data_source_uuids"]
    api.json("DELETE", f"/customers/{in_set}", expect=204)
    assert api.json("GET", path, expect=404)["code"] == 404
    again = api.customer(source)
    api.bill(again, invoice("inv-1", subscription_item(plan, subscription_set_external_id="set-1")))
    assert api.json("GET", path) == {"custom": {}}


@pytest.mark.parametrize("uuid", [UNKNOWN, "malformed"])
@pytest.mark.parametrize(
    ("kind", "name"), [("subscriptions", "Subscription"), ("subscription_sets", "Subscription set")]
)
def test_unknown_and_malformed_ids_are_404(api: Api, paying: str, kind: str, name: str, uuid: str) -> None:
    root = f"/{kind}/{uuid}/attributes"
    not_found = {"code": 404, "message": f"{name} not found", "param": "uuid"}
    assert api.json("GET", root, expect=404) == not_found
    for method in ("POST", "PUT", "DELETE"):
        assert api.json(method, f"{root}/custom", typed("Integer", "seats", 5), 404) == not_found
