"""Scenarios of plans and plan groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.contract.account import Account
    from tests.contract.scenarios import Steps


def create_plan(a: Account) -> Steps:
    names = {**a.named("yearly"), "name": "Yearly"}
    made = yield {**names, "interval_count": 1, "interval_unit": "year"}
    assert a.client.plans.retrieve(made["uuid"]) == made
    assert (made["name"], made["interval_unit"], made["external_id"]) == ("Yearly", "year", "yearly")


def list_plans(a: Account) -> Steps:
    second = a.new_plan("max")
    listed = yield a.named("max")
    assert [row["uuid"] for row in listed] == [second["uuid"]]


def retrieve_plan(a: Account) -> Steps:
    plan = yield {"plan_uuid": a.plan}
    assert (plan["name"], plan["external_id"], plan["interval_count"]) == ("Team", "team", 1)


def update_plan(a: Account) -> Steps:
    yield {"plan_uuid": a.plan, "name": "Squad"}
    assert a.client.plans.retrieve(a.plan)["name"] == "Squad"


def delete_plan(a: Account) -> Steps:
    second = a.new_plan("max")
    assert (yield {"plan_uuid": second["uuid"]}) is None
    assert [row["uuid"] for row in a.client.plans.list()] == [a.plan]


def create_plan_group(a: Account) -> Steps:
    made = yield {"name": "Standard", "plans": [a.plan]}
    assert (made["name"], made["plans_count"]) == ("Standard", 1)
    assert [row["uuid"] for row in a.client.plan_groups.list()] == [made["uuid"]]


def list_plan_groups(a: Account) -> Steps:
    uuid = a.plan_group["uuid"]
    listed = yield {}
    assert [row["uuid"] for row in listed] == [uuid]


def retrieve_plan_group(a: Account) -> Steps:
    uuid = a.plan_group["uuid"]
    assert (yield {"plan_group_uuid": uuid}) == {"uuid": uuid, "name": "Standard", "plans_count": 1}


def update_plan_group(a: Account) -> Steps:
    uuid, second = a.plan_group["uuid"], a.new_plan("max")["uuid"]
    changed = yield {"plan_group_uuid": uuid, "name": "All", "plans": [a.plan, second]}
    assert (changed["name"], changed["plans_count"]) == ("All", 2)
    assert {row["uuid"] for row in a.client.plan_groups.list_plans(uuid)} == {a.plan, second}


def delete_plan_group(a: Account) -> Steps:
    uuid = a.plan_group["uuid"]
    assert (yield {"plan_group_uuid": uuid}) is None
    assert list(a.client.plan_groups.list()) == []
    assert [row["uuid"] for row in a.client.plans.list()] == [a.plan]


def list_plan_group_plans(a: Account) -> Steps:
    a.new_plan("max")
    uuid = a.plan_group["uuid"]
    listed = yield {"plan_group_uuid": uuid}
    assert [row["uuid"] for row in listed] == [a.plan]
