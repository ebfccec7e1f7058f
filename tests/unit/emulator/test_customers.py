"""Customers: bodies, validation, search, deletion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.emulator.account import invoice, subscription_item

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api

UNKNOWN = "cus_00000000-0000-4000-8000-000000000000"
NOT_FOUND = {"code": 404, "message": "Customer not found", "param": "uuid"}


def create(api: Api, expect: int = 201, **body: Any) -> Any:
    return api.json("POST", "/customers", body, expect)


def test_a_new_customer_is_a_lead(api: Api, source: str) -> None:
    created = create(
        api,
        data_source_uuid=source,
        external_id="acct-1042",
        name="Ida Vestergaard",
        email="ida@northwindlabs.example",
        company="Northwind Labs, Inc.",
        country="US",
        state="US-WA",
        city="Tacoma",
        lead_created_at="2026-02-11 00:00:00",
        owner="sales@tenant.example",
        attributes={"tags": ["beta"], "custom": [{"type": "Integer", "key": "seats", "value": 24}]},
        primary_contact={"first_name": "Ida"},
        website_url="https://northwindlabs.example",
    )
    number = created["id"]
    assert created == {
        "id": number,
        "uuid": created["uuid"],
        "external_id": "acct-1042",
        "name": "Ida Vestergaard",
        "email": "ida@northwindlabs.example",
        "status": "New Lead",
        "customer-since": None,
        "attributes": {"custom": {"seats": 24}, "stripe": {}, "tags": ["beta"]},
        "data_source_uuid": source,
        "data_source_uuids": [source],
        "external_ids": ["acct-1042"],
        "company": "Northwind Labs, Inc.",
        "country": "US",
        "state": "WA",
        "city": "Tacoma",
        "zip": None,
        "lead_created_at": "2026-02-11T00:00:00.000Z",
        "free_trial_started_at": None,
        "address": {"country": "United States", "state": "Washington", "city": "Tacoma", "address_zip": None},
        "mrr": 0,
        "arr": 0,
        "billing-system-url": None,
        "chartmogul-url": f"https://app.chartmogul.com/#/customers/{number}-Northwind_Labs_Inc",
        "billing-system-type": "Custom",
        "currency": "USD",
        "currency-sign": "$",
        "owner": "sales@tenant.example",
        "website_url": "https://northwindlabs.example",
    }
    assert api.json("GET", f"/customers/{created['uuid']}") == created


def test_empty_values(api: Api, source: str) -> None:
    created = create(api, data_source_uuid=source, external_id="bare")
    assert {created[name] for name in ("name", "email", "company")} == {""}
    for name in ("country", "state", "city", "zip", "lead_created_at", "owner", "website_url"):
        assert created[name] is None
    assert created["address"] == {"country": None, "state": None, "city": None, "address_zip": None}


def test_computed_fields_follow_the_billing_data(api: Api, paying: str) -> None:
    shown = api.json("GET", f"/customers/{paying}")
    assert (shown["mrr"], shown["arr"], shown["status"]) == (5000, 60000, "Active")
    assert shown["customer-since"] == "2026-01-10T00:00:00+00:00"


def test_computed_fields_follow_the_clock(api: Api, paying: str) -> None:
    api.json("PATCH", f"/customers/{paying}", {"status": "Qualified Lead"})
    assert api.json("GET", f"/customers/{paying}")["status"] == "Active"
    api.emulator.configure(now="2026-01-09T23:59:59Z")
    early = api.json("GET", f"/customers/{paying}")
    assert (early["mrr"], early["status"], early["customer-since"]) == (0, "Qualified Lead", None)
    api.emulator.configure(now="2026-01-10T00:00:00Z")
    assert api.json("GET", f"/customers/{paying}")["mrr"] == 5000


def test_computed_fields_follow_the_passing_of_time(api: Api, customer: str, plan: str) -> None:
    api.emulator.configure(now=None)
    start = datetime.now(UTC) + timedelta(seconds=2)
    api.bill(customer, invoice("inv-1", subscription_item(plan, start.isoformat())))
    assert api.json("GET", f"/customers/{customer}")["status"] == "New Lead"
    assert datetime.now(UTC) < start, "the machine is too slow for this test to say anything"
    while api.walk("/customers", "entries")[0]["status"] != "Active":
        assert datetime.now(UTC) < start + timedelta(seconds=10)
    assert datetime.now(UTC) >= start


def test_the_same_external_id_in_two_sources_gives_two_customers(api: Api, source: str) -> None:
    first, second = api.customer(source, "same"), api.customer(api.source("Shop"), "same")
    found = api.walk("/customers", "entries", external_id="same")
    assert [customer["uuid"] for customer in found] == [first, second]
    one = api.json("GET", "/customers", external_id="same", data_source_uuid=source)
    assert [customer["uuid"] for customer in one["entries"]] == [first]
    assert (one["has_more"], one["total_pages"]) == (False, 1)


def test_duplicates_change_nothing(api: Api, source: str, customer: str) -> None:
    answer = create(api, 422, data_source_uuid=source, external_id="acct-1", name="Other")
    sentence = "The external ID for this customer already exists in our system."
    assert answer == {"errors": {"external_id": sentence}}
    assert api.json("GET", f"/customers/{customer}")["name"] == "ACCT-1"
    assert len(api.walk("/customers", "entries")) == 1


@pytest.mark.parametrize("missing", ["data_source_uuid", "external_id"])
def test_a_missing_key_is_400(api: Api, source: str, missing: str) -> None:
    body = {"data_source_uuid": source, "external_id": "acct-1"}
    del body[missing]
    answer = create(api, 400, **body)
    assert (answer["code"], answer["param"]) == (400, missing)


def test_an_unknown_source_is_404(api: Api) -> None:
    assert create(api, 404, data_source_uuid="ds_1", external_id="a") == {"error": "Data source not found"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lead_created_at", "2026-03-16"),
        ("lead_created_at", "never"),
        ("country", "ZZ"),
        ("status", "Active"),
        ("name", ["x"]),
    ],
)
def test_values_that_are_refused(api: Api, source: str, customer: str, field: str, value: object) -> None:
    answer = create(api, 422, data_source_uuid=source, external_id="new", **{field: value})
    assert list(answer["errors"]) == [field]
    before = api.json("GET", f"/customers/{customer}")
    assert list(api.json("PATCH", f"/customers/{customer}", {field: value, "city": "Rome"}, 422)["errors"]) == [field]
    assert api.json("GET", f"/customers/{customer}") == before


@pytest.mark.parametrize(
    ("country", "state", "shown", "name"),
    [
        ("US", "US-NY", "NY", "New York"),
        ("us", "ca", "CA", "California"),
        ("DE", "DE-BE", None, None),
        ("US", "XX", None, None),
    ],
)
def test_states_exist_for_the_us_only(
    api: Api, source: str, country: str, state: str, shown: str | None, name: str | None
) -> None:
    created = create(api, data_source_uuid=source, external_id="a", country=country, state=state)
    assert (created["country"], created["state"], created["address"]["state"]) == (country.upper(), shown, name)


def test_update_changes_the_given_fields_only(api: Api, customer: str) -> None:
    before = api.json("GET", f"/customers/{customer}")
    changes = {"city": "Seattle", "name": None, "external_id": "other", "data_source_uuid": "ds_other"}
    answer = api.json("PATCH", f"/customers/{customer}", changes)
    assert answer == before | {
        "city": "Seattle",
        "name": "",
        "address": before["address"] | {"city": "Seattle"},
        "chartmogul-url": f"https://app.chartmogul.com/#/customers/{before['id']}-",
    }


def test_update_of_attributes(api: Api, source: str) -> None:
    custom = [{"type": "Integer", "key": "seats", "value": 24}, {"type": "String", "key": "channel", "value": "Ads"}]
    uuid = api.customer(source, attributes={"tags": ["beta"], "custom": custom})
    body = {"attributes": {"tags": ["renewal"], "custom": {"seats": 30, "channel": {"value": "Fair", "source": "crm"}}}}
    attributes = api.json("PATCH", f"/customers/{uuid}", body)["attributes"]
    assert attributes == {"tags": ["renewal"], "custom": {"seats": 30, "channel": "Fair"}, "stripe": {}}
    typed = {"attributes": {"custom": [{"type": "Boolean", "key": "vip", "value": "t"}]}}
    assert api.json("PATCH", f"/customers/{uuid}", typed)["attributes"]["custom"]["vip"] is True


def test_lead_states_can_be_set(api: Api, customer: str) -> None:
    assert api.json("PATCH", f"/customers/{customer}", {"status": "Working Lead"})["status"] == "Working Lead"
    assert len(api.walk("/customers", "entries", status="Working_Lead")) == 1
    assert api.walk("/customers", "entries", status="New_Lead") == []


@pytest.mark.parametrize("uuid", [UNKNOWN, "malformed"])
def test_unknown_and_malformed_ids_are_404(api: Api, uuid: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        assert api.json(method, f"/customers/{uuid}", {} if method == "PATCH" else None, 404) == NOT_FOUND


def test_deletion_takes_the_billing_data_along_and_frees_the_external_id(api: Api, source: str, paying: str) -> None:
    api.json("DELETE", f"/customers/{paying}", expect=204)
    api.json("GET", f"/customers/{paying}", expect=404)
    assert api.walk("/invoices", "invoices") == []
    assert api.walk("/activities", "entries") == []
    api.customer(source)


def test_search_by_email_in_all_sources(api: Api, source: str) -> None:
    first = api.customer(source, "a", email="Books@Firm.example")
    second = api.customer(api.source("Shop"), "b", email="books@firm.example")
    api.customer(source, "c", email="other@firm.example")
    page = api.json("GET", "/customers/search", email="books@FIRM.example")
    assert [entry["uuid"] for entry in page["entries"]] == [first, second]
    assert (page["has_more"], page["total_pages"], page["current_page"], page["page"]) == (False, None, 1, 1)
    assert page["cursor"]
    assert len(api.walk("/customers/search", "entries", email="books@firm.example", per_page=1)) == 2


def test_search_without_a_hit_is_404(api: Api, customer: str) -> None:
    assert api.json("GET", "/customers/search", expect=404, email="no+body@firm.example") == {
        "code": 404,
        "message": 'Can\'t find any customers with email: "no+body@firm.example"',
        "param": "email",
    }
    assert api.json("GET", "/customers/search", expect=400)["param"] == "email"


def test_filters(api: Api, source: str, paying: str) -> None:
    lead = api.customer(source, "lead")
    found = {
        status: [customer["uuid"] for customer in api.walk("/customers", "entries", status=status)]
        for status in ("Active", "New_Lead", "Cancelled")
    }
    assert found == {"Active": [paying], "New_Lead": [lead], "Cancelled": []}
    assert len(api.walk("/customers", "entries", system="Custom")) == 2
    assert api.walk("/customers", "entries", system="Stripe") == []
    assert api.json("GET", "/customers", expect=400, status="Past Due")["param"] == "status"


def test_customers_of_automatic_sources_stay(api: Api, source: str) -> None:
    billed, own = api.customer(api.emulator.add_source("Cards", "Stripe")), api.customer(source)
    refused = {"errors": {"customer_uuid": "Customer cannot be deleted"}}
    assert api.json("DELETE", f"/customers/{billed}", expect=422) == refused
    merge = {"from": {"customer_uuid": billed}, "into": {"customer_uuid": own}}
    api.json("POST", "/customers/merges", merge, 202)
    assert api.json("DELETE", f"/customers/{own}", expect=422) == refused
    assert api.json("GET", f"/customers/{own}")["external_ids"] == ["acct-1", "acct-1"]
