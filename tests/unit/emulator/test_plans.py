"""Plans."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.emulator.account import invoice, subscription_item

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api

UNIT = "Only 'day', 'month' or 'year' are valid values for interval_unit."


def test_create_and_retrieve(api: Api, source: str) -> None:
    body = {"data_source_uuid": source, "name": "Team", "interval_count": 1, "interval_unit": "month"}
    created = api.json("POST", "/plans", {**body, "external_id": "team"}, 201)
    assert created == {**body, "external_id": "team", "uuid": created["uuid"]}
    assert created["uuid"].startswith("pl_")
    assert api.json("GET", f"/plans/{created['uuid']}") == created
    generated = api.json("POST", "/plans", body, 201)
    assert generated["external_id"] == generated["uuid"].removeprefix("pl_")


def test_all_that_is_wrong_is_told(api: Api) -> None:
    body = {"data_source_uuid": "ds_1", "interval_count": "many", "interval_unit": "week"}
    assert api.json("POST", "/plans", body, 422) == {
        "errors": {
            "name": "A unique name is required for each plan.",
            "interval_count": "is not a number",
            "interval_unit": UNIT,
            "data_source_uuid": "A valid data source UUID is required for each plan.",
        }
    }


def test_external_ids_are_unique_in_a_source(api: Api, source: str, plan: str) -> None:
    body = {"data_source_uuid": source, "external_id": "team", "name": "T", "interval_count": 1, "interval_unit": "day"}
    taken = {"errors": {"external_id": "A plan with this identifier already exists in our system."}}
    assert api.json("POST", "/plans", body, 422) == taken
    api.json("POST", "/plans", {**body, "data_source_uuid": api.source("Shop")}, 201)


def test_update_is_202_and_recalculates(api: Api, plan: str, paying: str) -> None:
    changes: dict[str, Any] = {"name": "Team (yearly)", "interval_unit": "year", "external_id": "x"}
    updated = api.json("PATCH", f"/plans/{plan}", changes, 202)
    assert (updated["name"], updated["interval_count"], updated["interval_unit"]) == ("Team (yearly)", 1, "year")
    assert updated["external_id"] == "team"
    assert api.json("GET", f"/customers/{paying}")["mrr"] == 417  # 5000 / 12
    assert api.json("PATCH", f"/plans/{plan}", {"interval_count": "x"}, 422) == {
        "errors": {"interval_count": "is not a number"}
    }
    assert "interval_unit" in api.json("PATCH", f"/plans/{plan}", {"interval_unit": "week"}, 422)["errors"]
    assert "name" in api.json("PATCH", f"/plans/{plan}", {"name": ""}, 422)["errors"]


def test_a_plan_in_use_cannot_be_deleted(api: Api, plan: str, customer: str) -> None:
    (stored,) = api.bill(customer, invoice("inv-1", subscription_item(plan)))
    assert api.json("DELETE", f"/plans/{plan}", expect=422)["error"] == "Plan cannot be deleted"
    api.json("DELETE", f"/invoices/{stored['uuid']}", expect=204)
    api.json("DELETE", f"/plans/{plan}", expect=204)
    api.json("GET", f"/plans/{plan}", expect=404)


@pytest.mark.parametrize("uuid", ["pl_00000000-0000-4000-8000-000000000000", "malformed"])
def test_unknown_and_malformed_ids_are_404(api: Api, uuid: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        assert api.json(method, f"/plans/{uuid}", {}, 404)["error"] == "Plan not found"


def test_list_is_newest_first(api: Api, source: str) -> None:
    uuids = [api.plan(source, f"p{number}") for number in range(3)]
    other = api.plan(api.source("Shop"), "p0")
    first = api.json("GET", "/plans", per_page=2)
    assert [plan["uuid"] for plan in first["plans"]] == [other, uuids[2]]
    assert (first["current_page"], first["total_pages"], first["has_more"]) == (1, 2, True)
    assert base64.b64decode(first["cursor"]).startswith(b"2026-03-15T12:00:00.000000000Z&")
    added = api.plan(source, "p3")  # in front of the walk
    second = api.json("GET", "/plans", per_page=2, cursor=first["cursor"])
    assert [plan["uuid"] for plan in second["plans"]] == [uuids[1], uuids[0]]
    assert set(second) == {"plans", "cursor", "has_more"}
    assert second["has_more"] is False
    assert second["cursor"] is not None
    assert [p["uuid"] for p in api.walk("/plans", "plans", per_page=2)] == [added, other, uuids[2], uuids[1], uuids[0]]


def test_filters(api: Api, source: str) -> None:
    uuid = api.plan(source, "a")
    api.plan(source, "b")
    api.plan(api.source("Shop"), "a")
    found = api.json("GET", "/plans", external_id="a", data_source_uuid=source)
    assert [plan["uuid"] for plan in found["plans"]] == [uuid]
    assert (found["total_pages"], found["has_more"]) == (1, False)
    assert len(api.walk("/plans", "plans", system="Custom")) == 3
    nothing = api.json("GET", "/plans", system="Stripe")
    assert (nothing["plans"], nothing["cursor"], nothing["total_pages"]) == ([], None, 0)


def test_plans_of_automatic_sources_stay(api: Api) -> None:
    plan = api.plan(api.emulator.add_source("Cards", "Stripe"))
    assert api.json("DELETE", f"/plans/{plan}", expect=422)["error"] == "Plan cannot be deleted"
    assert api.json("GET", f"/plans/{plan}")["uuid"] == plan
