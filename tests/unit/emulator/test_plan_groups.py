"""Plan groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api


def create(api: Api, *plans: str, name: str = "Team plans") -> Any:
    return api.json("POST", "/plan_groups", {"name": name, "plans": plans})


def members(api: Api, group: str, **query: Any) -> list[str]:
    return [plan["uuid"] for plan in api.walk(f"/plan_groups/{group}/plans", "plans", **query)]


def test_create_retrieve_update_delete(api: Api, source: str) -> None:
    first, second = api.plan(source, "a"), api.plan(api.source("Shop"), "b")
    created = create(api, first, second)
    assert created == {"name": "Team plans", "uuid": created["uuid"], "plans_count": 2}
    assert created["uuid"].startswith("plg_")
    one = f"/plan_groups/{created['uuid']}"
    assert api.json("GET", one) == created
    assert api.json("PATCH", one, {"name": "All"}) == created | {"name": "All"}
    assert api.json("PATCH", one, {"plans": [second]}) == created | {"name": "All", "plans_count": 1}
    assert members(api, created["uuid"]) == [second]
    response = api.call("DELETE", one)
    assert (response.status_code, response.content) == (204, b"")
    assert api.json("GET", one, expect=404)["error"] == "Plan group not found"
    assert api.json("GET", f"/plans/{first}")["uuid"] == first


def test_its_plans_are_whole_plans(api: Api, source: str) -> None:
    plans = [api.plan(source, f"p{number}") for number in range(3)]
    api.plan(source, "other")
    group = create(api, *plans)["uuid"]
    page = api.json("GET", f"/plan_groups/{group}/plans", per_page=2)
    assert page["plans"] == [api.json("GET", f"/plans/{uuid}") for uuid in (plans[2], plans[1])]
    assert (page["has_more"], page["current_page"], page["total_pages"]) == (True, 1, 2)
    assert members(api, group, per_page=1) == plans[::-1]


def test_deleted_plans_are_members_no_more(api: Api, source: str) -> None:
    shop = api.source("Shop")
    kept, gone, of_shop = api.plan(source, "a"), api.plan(source, "b"), api.plan(shop, "c")
    group = create(api, kept, gone, of_shop)["uuid"]
    api.json("DELETE", f"/plans/{gone}", expect=204)
    api.json("DELETE", f"/data_sources/{shop}", expect=204)
    assert api.json("GET", f"/plan_groups/{group}")["plans_count"] == 1
    assert members(api, group) == [kept]


def test_list_is_newest_first(api: Api, plan: str) -> None:
    assert api.json("GET", "/plan_groups") == {
        "plan_groups": [],
        "current_page": 1,
        "total_pages": 0,
        "cursor": None,
        "has_more": False,
    }
    groups = [create(api, plan, name=f"g{number}") for number in range(3)]
    first = api.json("GET", "/plan_groups", per_page=2)
    assert (first["plan_groups"], first["has_more"], first["total_pages"]) == ([groups[2], groups[1]], True, 2)
    last = api.json("GET", "/plan_groups", per_page=2, cursor=first["cursor"])
    assert set(last) == {"plan_groups", "cursor", "has_more"}
    assert (last["plan_groups"], last["has_more"]) == ([groups[0]], False)


def test_what_is_missing_is_told_in_the_form_of_plan_groups(api: Api) -> None:
    assert api.json("POST", "/plan_groups", {}, 422) == {
        "name": ["Name can't be blank"],
        "plan_ids": ["Plan ids can't be blank"],
        "error_details": [
            {"param": "name", "code": "blank", "message": "Name can't be blank"},
            {"param": "plan_ids", "code": "blank", "message": "Plan ids can't be blank"},
        ],
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": 5}, "name"),
        ({"name": ""}, "name"),
        ({"plans": ["pl_unknown"]}, "plan_ids"),
        ({"plans": "pl_unknown"}, "plan_ids"),
        ({"plans": 0}, "plan_ids"),
        ({"plans": {}}, "plan_ids"),
        ({"plans": [["x"]]}, "plan_ids"),
    ],
)
def test_values_that_are_refused(api: Api, plan: str, change: dict[str, Any], field: str) -> None:
    group = create(api, plan)
    body = {"name": "x", "plans": [plan], **change}
    assert list(api.json("POST", "/plan_groups", body, 422)) == [field, "error_details"]
    assert list(api.json("PATCH", f"/plan_groups/{group['uuid']}", body, 422)) == [field, "error_details"]
    assert api.walk("/plan_groups", "plan_groups") == [group]


@pytest.mark.parametrize("uuid", ["plg_00000000-0000-4000-8000-000000000000", "malformed"])
def test_unknown_and_malformed_ids_are_404(api: Api, uuid: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        assert api.json(method, f"/plan_groups/{uuid}", {}, 404)["error"] == "Plan group not found"
    assert api.json("GET", f"/plan_groups/{uuid}/plans", expect=404)["error"] == "Plan group not found"
