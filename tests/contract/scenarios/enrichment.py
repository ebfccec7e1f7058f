"""Scenarios of tags and custom attributes of customers, subscriptions and subscription sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.contract.account import Account, Record
    from tests.contract.scenarios import Steps

SEATS = [{"type": "Integer", "key": "seats", "value": 12}]
REGION = {"type": "String", "key": "region", "value": "north"}


def _tags(a: Account) -> list[str]:
    return list(a.client.customers.retrieve(a.paying)["attributes"]["tags"])


def _custom(a: Account) -> Record:
    return dict(a.client.customers.retrieve(a.paying)["attributes"]["custom"])


def retrieve_customer_attributes(a: Account) -> Steps:
    a.client.custom_attributes.add(a.paying, SEATS)
    attributes = yield {"customer_uuid": a.paying}
    assert (attributes["tags"], attributes["custom"]) == (["pilot"], {"seats": 12})


def add_tags_to_customer(a: Account) -> Steps:
    assert (yield {"customer_uuid": a.paying, "tags": ["vip"]}) == {"tags": ["pilot", "vip"]}
    assert _tags(a) == ["pilot", "vip"]


def remove_tags_from_customer(a: Account) -> Steps:
    a.client.tags.add(a.paying, ["vip"])
    assert (yield {"customer_uuid": a.paying, "tags": ["pilot"]}) == {"tags": ["vip"]}
    assert _tags(a) == ["vip"]


def add_tags_to_customers_by_email(a: Account) -> Steps:
    answer = yield {"email": "ida@firm.example", "tags": ["vip"]}
    assert [row["uuid"] for row in answer["entries"]] == [a.paying]
    assert _tags(a) == ["pilot", "vip"]


def add_custom_attributes_to_customer(a: Account) -> Steps:
    assert (yield {"customer_uuid": a.paying, "custom": [*SEATS, REGION]})["custom"] == {"seats": 12, "region": "north"}
    assert _custom(a) == {"seats": 12, "region": "north"}


def update_custom_attributes_of_customer(a: Account) -> Steps:
    a.client.custom_attributes.add(a.paying, [*SEATS, REGION])
    assert (yield {"customer_uuid": a.paying, "custom": {"seats": 20}})["custom"] == {"seats": 20, "region": "north"}
    assert _custom(a) == {"seats": 20, "region": "north"}


def remove_custom_attributes_from_customer(a: Account) -> Steps:
    a.client.custom_attributes.add(a.paying, [*SEATS, REGION])
    assert (yield {"customer_uuid": a.paying, "custom": ["region"]})["custom"] == {"seats": 12}
    assert _custom(a) == {"seats": 12}


def add_custom_attributes_to_customers_by_email(a: Account) -> Steps:
    answer = yield {"email": "ida@firm.example", "custom": SEATS}
    assert [row["uuid"] for row in answer["entries"]] == [a.paying]
    assert _custom(a) == {"seats": 12}


def retrieve_subscription_attributes(a: Account) -> Steps:
    uuid = a.subscription()["uuid"]
    a.client.subscription_attributes.add(uuid, SEATS)
    assert (yield {"subscription_uuid": uuid})["custom"] == {"seats": 12}


def add_custom_attributes_to_subscription(a: Account) -> Steps:
    uuid = a.subscription()["uuid"]
    assert (yield {"subscription_uuid": uuid, "custom": SEATS})["custom"] == {"seats": 12}
    assert a.client.subscription_attributes.retrieve(uuid)["custom"] == {"seats": 12}


def update_custom_attributes_of_subscription(a: Account) -> Steps:
    uuid = a.subscription()["uuid"]
    a.client.subscription_attributes.add(uuid, SEATS)
    assert (yield {"subscription_uuid": uuid, "custom": {"seats": 20}})["custom"] == {"seats": 20}
    assert a.client.subscription_attributes.retrieve(uuid)["custom"] == {"seats": 20}


def remove_custom_attributes_from_subscription(a: Account) -> Steps:
    uuid = a.subscription()["uuid"]
    a.client.subscription_attributes.add(uuid, SEATS)
    answer = yield {"subscription_uuid": uuid, "custom": ["seats"]}
    assert (answer["custom"], answer["message"]) == ({}, "success")
    assert a.client.subscription_attributes.retrieve(uuid)["custom"] == {}


def retrieve_subscription_set_attributes(a: Account) -> Steps:
    uuid = a.subscription_set
    a.client.subscription_set_attributes.add(uuid, SEATS)
    assert (yield {"subscription_set_uuid": uuid})["custom"] == {"seats": 12}


def add_custom_attributes_to_subscription_set(a: Account) -> Steps:
    uuid = a.subscription_set
    assert (yield {"subscription_set_uuid": uuid, "custom": SEATS})["custom"] == {"seats": 12}
    assert a.client.subscription_set_attributes.retrieve(uuid)["custom"] == {"seats": 12}


def update_custom_attributes_of_subscription_set(a: Account) -> Steps:
    uuid = a.subscription_set
    a.client.subscription_set_attributes.add(uuid, SEATS)
    assert (yield {"subscription_set_uuid": uuid, "custom": {"seats": 20}})["custom"] == {"seats": 20}
    assert a.client.subscription_set_attributes.retrieve(uuid)["custom"] == {"seats": 20}


def remove_custom_attributes_from_subscription_set(a: Account) -> Steps:
    uuid = a.subscription_set
    a.client.subscription_set_attributes.add(uuid, SEATS)
    answer = yield {"subscription_set_uuid": uuid, "custom": ["seats"]}
    assert (answer["custom"], answer["message"]) == ({}, "success")
    assert a.client.subscription_set_attributes.retrieve(uuid)["custom"] == {}
