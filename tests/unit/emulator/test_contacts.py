"""Contacts: their fields, their place at a customer, merging two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api

NOT_FOUND = {"code": 404, "message": "Customer not found", "param": "uuid"}
EMPTY = dict.fromkeys(
    ("external_id", "last_seen", "first_name", "last_name", "title", "email", "phone", "linked_in", "twitter", "notes")
)


def create(api: Api, customer: str, source: str, expect: int = 201, **fields: Any) -> Any:
    body = {"customer_uuid": customer, "data_source_uuid": source, **fields}
    return api.json("POST", "/contacts", body, expect)


def contacts(api: Api, customer: str, **query: Any) -> list[dict[str, Any]]:
    """Contacts of a customer, oldest first."""
    return api.walk(f"/customers/{customer}/contacts", "entries", **query)[::-1]


def test_a_contact_with_everything(api: Api, source: str, customer: str) -> None:
    person = {
        "external_id": "person-77",
        "first_name": "Ida",
        "last_name": "Vestergaard",
        "title": "Head of Finance",
        "email": "ida@northwindlabs.example",
        "phone": "+45 20 30 40 50",
        "linked_in": "https://www.linkedin.com/in/ida",
        "twitter": "https://x.com/ida",
        "notes": "Prefers mail.",
    }
    created = create(api, customer, source, **person, last_seen="2026-02-11 08:00:00", position=7)
    assert created == {
        "uuid": created["uuid"],
        "customer_uuid": customer,
        "customer_external_id": "acct-1",
        "data_source_uuid": source,
        "position": 7,
        "last_seen": "2026-02-11T08:00:00.000Z",
        "custom": {},
        **person,
    }


def test_a_contact_with_nothing_shows_nulls(api: Api, source: str, customer: str) -> None:
    created = create(api, customer, source, first_name="", notes="")
    assert {name: created[name] for name in EMPTY} == EMPTY
    assert (created["position"], created["custom"]) == (1, {})


def test_positions_go_on_where_none_is_sent(api: Api, source: str, customer: str) -> None:
    assert create(api, customer, source)["position"] == 1
    assert create(api, customer, source, position=5)["position"] == 5
    assert create(api, customer, source)["position"] == 6


def test_null_clears_a_field(api: Api, source: str, customer: str) -> None:
    created = create(api, customer, source, external_id="person-77", email="ida@northwindlabs.example")
    one = f"/contacts/{created['uuid']}"
    assert api.json("PATCH", one, {"external_id": None}) == created | {"external_id": None}
    assert api.json("PATCH", one, {"position": None}, 400)["param"] == "position"


def test_customer_and_source_stay(api: Api, source: str, customer: str) -> None:
    created = create(api, customer, source)
    other = api.source("Shop")
    changes = {"customer_uuid": api.customer(other, "x"), "data_source_uuid": other, "customer_external_id": "x"}
    assert api.json("PATCH", f"/contacts/{created['uuid']}", changes) == created


def test_the_source_must_be_one_of_the_customer(api: Api, customer: str) -> None:
    refused = {"errors": {"data_source_uuid": "is invalid"}}
    assert create(api, customer, api.source("Shop"), 422) == refused
    assert create(api, customer, "ds_unknown", 422) == refused
    assert contacts(api, customer) == []


def test_below_a_customer(api: Api, source: str, customer: str) -> None:
    path = f"/customers/{customer}/contacts"
    created = api.json("POST", path, {"data_source_uuid": source, "first_name": "Ida"}, 201)
    assert (created["customer_uuid"], created["first_name"]) == (customer, "Ida")
    other = api.customer(source, "acct-2")
    create(api, other, source)
    assert contacts(api, customer, per_page=1) == [created]
    assert contacts(api, customer, data_source_uuid="ds_unknown") == []
    assert api.json("POST", path, {}, 400)["param"] == "data_source_uuid"
    for method in ("GET", "POST"):
        body = {"data_source_uuid": source} if method == "POST" else None
        assert api.json(method, "/customers/cus_unknown/contacts", body, 404) == NOT_FOUND


def test_filters(api: Api, source: str, customer: str) -> None:
    ida = create(api, customer, source, email="ida@northwindlabs.example")
    shop = api.source("Shop")
    rui = create(api, api.customer(shop, "shop-1"), shop, email="rui@tenant.example")
    for name in ("email", "customer_external_id", "customer_uuid", "data_source_uuid"):
        assert api.walk("/contacts", "entries", **{name: rui[name]}) == [rui]
        assert api.walk("/contacts", "entries", **{name: "unknown"}) == []
    assert api.walk("/contacts", "entries") == [rui, ida]


# Merging


def test_the_first_is_completed_from_the_second(api: Api, source: str, customer: str) -> None:
    typed = [{"type": "String", "key": key, "value": "x"} for key in ("a", "b", "c")]
    api.json("POST", f"/customers/{customer}/attributes/custom", {"custom": typed})
    into = create(
        api,
        customer,
        source,
        first_name="Ida",
        notes="Prefers mail.",
        custom=[{"key": "a", "value": "1"}, {"key": "b", "value": "1"}],
    )
    gone = create(
        api,
        customer,
        source,
        first_name="I.",
        last_name="Vestergaard",
        notes="On leave.",
        custom=[{"key": "b", "value": "2"}, {"key": "c", "value": "2"}],
    )
    merged = api.json("POST", f"/contacts/{into['uuid']}/merge/{gone['uuid']}", {})
    stored = into | {
        "last_name": "Vestergaard",
        "notes": "Prefers mail. On leave.",
        "custom": {"a": "1", "b": "1", "c": "2"},
    }
    assert merged == stored | {"customer_uuid": None}
    assert contacts(api, customer) == [stored]
    api.json("GET", f"/contacts/{gone['uuid']}", expect=404)


@pytest.mark.parametrize(("mine", "other", "both"), [(None, "b", "b"), ("a", None, "a"), (None, None, None)])
def test_notes_are_joined_where_there_are_two(
    api: Api, source: str, customer: str, mine: str | None, other: str | None, both: str | None
) -> None:
    into, gone = create(api, customer, source, notes=mine), create(api, customer, source, notes=other)
    assert api.call("POST", f"/contacts/{into['uuid']}/merge/{gone['uuid']}").json()["notes"] == both


def test_merges_that_are_refused(api: Api, source: str, customer: str) -> None:
    one, other = create(api, customer, source), create(api, api.customer(source, "acct-2"), source)
    apart = api.json("POST", f"/contacts/{one['uuid']}/merge/{other['uuid']}", {}, 422)
    assert apart == {"errors": {"base": "Contacts belong to different customers"}}
    assert "base" in api.json("POST", f"/contacts/{one['uuid']}/merge/{one['uuid']}", {}, 422)["errors"]
    for path in (f"{one['uuid']}/merge/con_unknown", f"con_unknown/merge/{one['uuid']}"):
        assert api.json("POST", f"/contacts/{path}", {}, 404)["message"] == "Contact not found"
    assert len(api.walk("/contacts", "entries")) == 2


# Customers and their contacts


def test_customers_bring_their_main_contact(api: Api, source: str) -> None:
    customer = api.customer(source, primary_contact={"first_name": "Ida", "email": "ida@northwindlabs.example"})
    (first,) = contacts(api, customer)
    assert (first["first_name"], first["position"], first["customer_external_id"]) == ("Ida", 1, "acct-1")
    second = create(api, customer, source, first_name="Rui")
    api.json("PATCH", f"/customers/{customer}", {"primary_contact": {"title": "Owner", "email": None}})
    assert contacts(api, customer) == [first | {"title": "Owner", "email": None}, second]


def test_a_main_contact_is_made_by_an_update(api: Api, customer: str) -> None:
    shown = api.json("PATCH", f"/customers/{customer}", {"primary_contact": {"first_name": "Ida"}})
    assert "primary_contact" not in shown
    assert [contact["first_name"] for contact in contacts(api, customer)] == ["Ida"]


@pytest.mark.parametrize("nothing", [None, {}])
def test_an_empty_main_contact_is_none(api: Api, source: str, nothing: Any) -> None:
    customer = api.customer(source, primary_contact=nothing)
    api.json("PATCH", f"/customers/{customer}", {"primary_contact": nothing})
    assert contacts(api, customer) == []


@pytest.mark.parametrize(("broken", "param"), [("Ida", "primary_contact"), ({"first_name": 5}, "first_name")])
def test_a_broken_main_contact_stores_nothing(api: Api, source: str, broken: Any, param: str) -> None:
    body = {"data_source_uuid": source, "external_id": "acct-1", "primary_contact": broken}
    assert api.json("POST", "/customers", body, 400)["param"] == param
    assert api.walk("/customers", "entries") == []


def test_customers_are_found_by_the_emails_of_their_contacts(api: Api, source: str, customer: str) -> None:
    create(api, customer, source, email="Ida@Northwindlabs.example")
    own = api.customer(source, "own", email="ida@northwindlabs.example")
    email = "ida@northwindlabs.example"
    assert [found["uuid"] for found in api.walk("/customers/search", "entries", email=email)] == [own]
    both = api.walk("/customers/search", "entries", email=email, with_associated_emails="true", per_page=1)
    assert [found["uuid"] for found in both] == [customer, own]
    custom = [{"type": "Boolean", "key": "known", "value": True}]
    reached = api.json(
        "POST",
        "/customers/attributes/custom",
        {"email": email, "with_associated_emails": True, "custom": custom},
    )
    assert [entry["uuid"] for entry in reached["entries"]] == [customer, own]


def test_contacts_of_a_merged_customer_belong_to_its_parts(api: Api, source: str, customer: str) -> None:
    shop = api.source("Shop")
    into = api.customer(shop, "shop-1")
    moved = create(api, customer, source, first_name="Ida")
    stays = create(api, into, shop, first_name="Rui")
    merge = {"from": {"customer_uuid": customer}, "into": {"customer_uuid": into}}
    api.json("POST", "/customers/merges", merge, 202)
    assert contacts(api, into) == [moved | {"customer_uuid": into, "position": 2}, stays]
    late = create(api, into, source, first_name="Eva")
    assert (late["customer_external_id"], late["position"]) == ("acct-1", 3)
    split = {"customer_uuid": into, "data_source_uuid": source, "external_id": "acct-1"}
    api.json("POST", "/customers/unmerges", {**split, "move_to_new_customer": []}, 202)
    assert contacts(api, into) == [stays]
    (alone,) = api.walk("/customers", "entries", data_source_uuid=source)
    assert [contact["first_name"] for contact in contacts(api, alone["uuid"])] == ["Ida", "Eva"]


def test_contacts_go_with_their_source(api: Api, source: str, customer: str) -> None:
    shop = api.source("Shop")
    into = api.customer(shop, "shop-1")
    create(api, customer, source)
    stays = create(api, into, shop)
    merge = {"from": {"customer_uuid": customer}, "into": {"customer_uuid": into}}
    api.json("POST", "/customers/merges", merge, 202)
    api.json("DELETE", f"/data_sources/{source}", expect=204)
    assert contacts(api, into) == [stays]
