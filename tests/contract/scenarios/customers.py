"""Scenarios of customers and contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError

if TYPE_CHECKING:
    from tests.contract.account import Account
    from tests.contract.scenarios import Steps


def list_customers(a: Account) -> Steps:
    listed = yield {"status": "Active"}
    assert [row["uuid"] for row in listed] == [a.paying]


def create_customer(a: Account) -> Steps:
    made = yield {"data_source_uuid": a.source, "external_id": "acct-3", "name": "Cleo", "country": "DE"}
    assert (made["name"], made["status"], made["address"]["country"]) == ("Cleo", "New Lead", "Germany")
    assert a.client.customers.retrieve(made["uuid"])["external_id"] == "acct-3"


def search_customers_by_email(a: Account) -> Steps:
    found = yield {"email": "ida@firm.example"}
    assert [row["uuid"] for row in found] == [a.paying]


def retrieve_customer(a: Account) -> Steps:
    customer = yield {"customer_uuid": a.paying}
    assert (customer["external_id"], customer["mrr"], customer["status"]) == ("acct-1", 5000, "Active")


def update_customer(a: Account) -> Steps:
    changed = yield {"customer_uuid": a.lead, "company": "Firm", "status": "Working Lead"}
    assert (changed["company"], changed["status"], changed["name"]) == ("Firm", "Working Lead", "ACCT-2")
    assert a.client.customers.retrieve(a.lead)["company"] == "Firm"


def delete_customer(a: Account) -> Steps:
    assert (yield {"customer_uuid": a.paying}) is None
    assert [row["uuid"] for row in a.client.customers.list()] == [a.lead]
    assert a.mrr() == 0


def merge_customers(a: Account) -> Steps:
    assert (yield {"from_": a.paying, "into": a.lead}) is None
    merged = a.client.customers.retrieve(a.lead)
    assert sorted(merged["external_ids"]) == ["acct-1", "acct-2"]
    assert "pilot" in merged["attributes"]["tags"]
    assert merged["mrr"] == 5000
    with pytest.raises(ChartMogulNotFoundError):
        a.client.customers.retrieve(a.paying)


def unmerge_customers(a: Account) -> Steps:
    a.client.customers.merge(from_=a.paying, into=a.lead)
    assert len(list(a.client.customers.list())) == 1
    arguments = {"customer_uuid": a.lead, **a.named("acct-1"), "move_to_new_customer": ["notes"]}
    assert (yield arguments) is None
    split = a.client.customers.list(**a.named("acct-1")).first()
    assert split is not None
    assert split["uuid"] != a.lead
    assert (split["mrr"], a.client.customers.retrieve(a.lead)["mrr"]) == (5000, 0)


def list_customer_contacts(a: Account) -> Steps:
    a.client.contacts.create(customer_uuid=a.lead, data_source_uuid=a.source, email="lou@firm.example")
    uuid = a.contact["uuid"]
    listed = yield {"customer_uuid": a.paying}
    assert [row["uuid"] for row in listed] == [uuid]


def create_customer_contact(a: Account) -> Steps:
    made = yield {"customer_uuid": a.paying, "data_source_uuid": a.source, "first_name": "Max", "title": "CFO"}
    assert (made["first_name"], made["title"], made["customer_external_id"]) == ("Max", "CFO", "acct-1")
    assert [row["uuid"] for row in a.client.contacts.list_for_customer(a.paying)] == [made["uuid"]]


def list_contacts(a: Account) -> Steps:
    uuids = [a.contact["uuid"], a.new_contact(email="mia@firm.example")["uuid"]]
    listed = yield {"customer_uuid": a.paying}
    assert [row["uuid"] for row in listed] == uuids[::-1], "newest first"


def create_contact(a: Account) -> Steps:
    made = yield {"customer_uuid": a.paying, "data_source_uuid": a.source, "email": "max@firm.example"}
    assert a.client.contacts.retrieve(made["uuid"])["email"] == "max@firm.example"


def retrieve_contact(a: Account) -> Steps:
    uuid = a.contact["uuid"]
    assert (yield {"contact_uuid": uuid})["first_name"] == "Max"


def update_contact(a: Account) -> Steps:
    uuid = a.contact["uuid"]
    changed = yield {"contact_uuid": uuid, "title": "CFO"}
    assert (changed["title"], changed["first_name"]) == ("CFO", "Max")
    assert a.client.contacts.retrieve(uuid)["title"] == "CFO"


def delete_contact(a: Account) -> Steps:
    uuid = a.contact["uuid"]
    assert (yield {"contact_uuid": uuid}) is None
    assert list(a.client.contacts.list()) == []


def merge_contacts(a: Account) -> Steps:
    other = a.new_contact(title="CFO", first_name="Maximilian")
    uuid = a.contact["uuid"]
    merged = yield {"into_contact_uuid": uuid, "from_contact_uuid": other["uuid"]}
    assert (merged["uuid"], merged["first_name"], merged["title"]) == (uuid, "Max", "CFO")
    assert [row["uuid"] for row in a.client.contacts.list()] == [uuid]
