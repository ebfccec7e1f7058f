"""Scenarios of the key, the account and data sources with what is uploaded into them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.contract.account import Account
    from tests.contract.scenarios import Steps


def ping(a: Account) -> Steps:
    assert (yield {}) == {"data": "pong!"}


def retrieve_account(a: Account) -> Steps:
    account = yield {"include": ["refund_handling"]}
    assert (account["currency"], account["time_zone"], account["refund_handling"]) == ("USD", "UTC", "refund_ignore")


def list_data_sources(a: Account) -> Steps:
    second = a.client.data_sources.create(name="Cards")
    listed = yield {"name": "Cards"}
    assert [source["uuid"] for source in listed] == [second["uuid"]]


def create_data_source(a: Account) -> Steps:
    made = yield {"name": "Cards"}
    assert made["uuid"].startswith("ds_")
    assert {source["name"] for source in a.client.data_sources.list()} == {"Ledger", "Cards"}


def retrieve_data_source(a: Account) -> Steps:
    source = yield {"data_source_uuid": a.source, "with_processing_status": True}
    assert (source["name"], source["processing_status"]["failed"]) == ("Ledger", 0)


def delete_data_source(a: Account) -> Steps:
    assert (yield {"data_source_uuid": a.source}) is None
    assert list(a.client.data_sources.list()) == []
    assert list(a.client.customers.list()) == []


def purge_data_source(a: Account) -> Steps:
    assert a.mrr() == 5000
    assert (yield {"data_source_uuid": a.source}) is None
    assert list(a.client.invoices.list()) == []
    assert a.mrr() == 0
    assert {row["uuid"] for row in a.client.customers.list()} == {a.paying, a.lead}
    assert [row["uuid"] for row in a.client.plans.list()] == [a.plan]


def empty_data_source(a: Account) -> Steps:
    assert (yield {"data_source_uuid": a.source}) is None
    assert list(a.client.customers.list()) == []
    assert list(a.client.plans.list()) == []
    assert a.client.data_sources.retrieve(a.source)["name"] == "Ledger"


def import_csv_into_data_source(a: Account) -> Steps:
    csv = "Name,External ID\nNine,acct-9\n"
    batch = yield {"data_source_uuid": a.source, "file": csv, "type": "customer", "batch_name": "March"}
    assert isinstance(batch["id"], int)
    assert batch["status"] == "queued"


def create_json_import(a: Account) -> Steps:
    customers = [{"external_id": "acct-9", "name": "Nine"}]
    queued = yield {"data_source_uuid": a.source, "external_id": "batch-1", "customers": customers}
    done = a.settled(lambda: a.client.json_imports.retrieve(a.source, queued["id"]), "processing")
    assert (done["external_id"], done["status"]) == ("batch-1", "completed")
    assert [row["name"] for row in a.client.customers.list(external_id="acct-9")] == ["Nine"]


def retrieve_json_import(a: Account) -> Steps:
    customers = [{"external_id": "acct-9", "name": "Nine"}]
    queued = a.client.json_imports.create(a.source, external_id="batch-1", customers=customers)
    a.settled(lambda: a.client.json_imports.retrieve(a.source, queued["id"]), "processing")
    done = yield {"data_source_uuid": a.source, "import_id": "batch-1"}
    assert (done["id"], done["status"]) == (queued["id"], "completed")
