"""Changes and deletions of invoices, line items and transactions, and what follows from them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.emulator.account import invoice, subscription_item

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api

PAYMENT = {"type": "payment", "date": "2026-01-11", "result": "successful", "external_id": "pay-1"}
KINDS = ("invoices", "line_items", "transactions")
NAMES = {"invoices": "inv-1", "line_items": "li-1", "transactions": "pay-1"}
SENTENCES = {
    "invoices": "Invoice not found",
    "line_items": "Line item not found",
    "transactions": "Transaction not found",
}

kinds = pytest.mark.parametrize("kind", KINDS)
by_external_id = pytest.mark.parametrize("by_external_id", [False, True], ids=["uuid", "external_id"])


@pytest.fixture
def stored(api: Api, customer: str, plan: str) -> dict[str, Any]:
    """An invoice of 50.00 USD a month from 2026-01-10, paid; with names for all its parts."""
    item = subscription_item(plan, external_id="li-1")
    (made,) = api.bill(customer, invoice("inv-1", item, transactions=[PAYMENT]))
    assert mrr(api, customer) == 5000, "worked out now, so that only a change can alter it"
    return made


class Address:
    """Reaches a record of the stored invoice in one of the two ways."""

    def __init__(self, api: Api, stored: dict[str, Any], source: str, kind: str, by_external_id: bool) -> None:
        self._api = api
        self._query = {"data_source_uuid": source, "external_id": NAMES[kind]} if by_external_id else {}
        record = stored if kind == "invoices" else stored[kind][0]
        self._path = f"/{kind}" if by_external_id else f"/{kind}/{record['uuid']}"

    def __call__(self, method: str, body: Any = None, expect: int = 200, suffix: str = "") -> Any:
        return self._api.json(method, self._path + suffix, body, expect, **self._query)


def mrr(api: Api, customer: str) -> int:
    return int(api.json("GET", f"/customers/{customer}")["mrr"])


def mrr_history(api: Api) -> list[int]:
    """MRR at the end of January, February and March 2026."""
    query = {"start-date": "2026-01-01", "end-date": "2026-03-31", "interval": "month"}
    return [entry["mrr"] for entry in api.json("GET", "/metrics/mrr", **query)["entries"]]


def subscriptions(api: Api, customer: str) -> list[dict[str, Any]]:
    return list(api.json("GET", f"/import/customers/{customer}/subscriptions")["subscriptions"])


# Names


@kinds
@by_external_id
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_unknown_records(api: Api, source: str, kind: str, by_external_id: bool, method: str) -> None:
    one = kind[:-1]
    not_found = {
        "error": SENTENCES[kind],
        "error_details": [{"param": one, "code": "invalid", "message": SENTENCES[kind]}],
    }
    query = {"data_source_uuid": source, "external_id": "none"} if by_external_id else {}
    prefix = {"invoices": "inv", "line_items": "li", "transactions": "tr"}[kind]
    uuid = f"{prefix}_00000000-0000-4000-8000-000000000000"
    path = f"/{kind}" if by_external_id else f"/{kind}/{uuid}"
    assert api.json(method, path, {}, 404, **query) == not_found
    if kind != "invoices":  # their GET by external id is a list
        assert api.json("GET", path, expect=404, **query) == not_found
    assert api.json("PATCH", f"{path}/disabled_state", {"disabled": True}, 404, **query) == not_found


@kinds
@pytest.mark.parametrize("missing", ["data_source_uuid", "external_id"])
@pytest.mark.usefixtures("stored")
def test_both_parts_of_the_name_are_needed(api: Api, source: str, kind: str, missing: str) -> None:
    query = {"data_source_uuid": source, "external_id": NAMES[kind]}
    del query[missing]
    refusal = {"code": 400, "message": f'Parameter "{missing}" is missing', "param": missing}
    assert api.json("PATCH", f"/{kind}", {}, 400, **query) == refusal
    assert api.json("DELETE", f"/{kind}", expect=400, **query) == refusal
    assert api.json("PATCH", f"/{kind}/disabled_state", {"disabled": True}, 400, **query) == refusal
    assert len(api.walk("/invoices", "invoices")[0]["line_items"]) == 1


@pytest.mark.parametrize("kind", ["line_items", "transactions"])
def test_a_part_by_its_external_id_is_the_bare_object(api: Api, source: str, stored: dict[str, Any], kind: str) -> None:
    by_uuid = api.json("GET", f"/{kind}/{stored[kind][0]['uuid']}")
    assert api.json("GET", f"/{kind}", data_source_uuid=source, external_id=NAMES[kind]) == by_uuid
    assert by_uuid == api.json("GET", f"/invoices/{stored['uuid']}")[kind][0]
    other = api.source("Shop")
    api.json("GET", f"/{kind}", expect=404, data_source_uuid=other, external_id=NAMES[kind])


def test_the_validation_type_of_a_line_item(api: Api, stored: dict[str, Any]) -> None:
    path = f"/line_items/{stored['line_items'][0]['uuid']}"
    assert api.json("GET", path, validation_type="all") == api.json("GET", path)
    assert api.json("GET", path, expect=404, validation_type="invalid")["error"] == "Line item not found"
    assert api.json("GET", path, expect=400, validation_type="odd")["param"] == "validation_type"


@kinds
@by_external_id
def test_records_of_custom_sources_cannot_be_disabled(
    api: Api, source: str, customer: str, stored: dict[str, Any], kind: str, by_external_id: bool
) -> None:
    address = Address(api, stored, source, kind, by_external_id)
    for disabled in (True, False):
        refusal = address("PATCH", {"disabled": disabled}, 422, suffix="/disabled_state")
        assert refusal == {"error": "Record cannot be disabled"}
    assert mrr(api, customer) == 5000


# Invoices


@by_external_id
def test_the_terms_of_an_invoice(
    api: Api, source: str, customer: str, stored: dict[str, Any], by_external_id: bool
) -> None:
    address = Address(api, stored, source, "invoices", by_external_id)
    before = api.json("GET", f"/invoices/{stored['uuid']}")
    api.emulator.configure(fx_rates={"EUR": 1.10})
    assert mrr(api, customer) == 5000
    changed = address(
        "PATCH",
        {"date": "2026-01-05", "due_date": "2026-01-31", "currency": "EUR", "collection_method": "manual"},
    )
    assert changed == {
        **before,
        "date": "2026-01-05T00:00:00.000Z",
        "due_date": "2026-01-31T00:00:00.000Z",
        "currency": "EUR",
        "collection_method": "manual",
    }
    assert api.json("GET", f"/invoices/{stored['uuid']}") == changed
    assert mrr(api, customer) == 5500
    assert mrr_history(api) == [5500] * 3
    again = address("PATCH", {"due_date": None})
    assert again == {**changed, "due_date": None}, "what is not sent stays"


def test_nothing_else_of_an_invoice_changes(api: Api, customer: str, stored: dict[str, Any]) -> None:
    before = api.json("GET", f"/invoices/{stored['uuid']}")
    body = {
        "external_id": "inv-9",
        "uuid": "inv_9",
        "customer_uuid": "cus_9",
        "data_source_uuid": "ds_9",
        "status": "voided",
        "line_items": [],
        "transactions": [],
        "seq": 1,
    }
    assert api.json("PATCH", f"/invoices/{stored['uuid']}", body) == before
    assert api.json("GET", f"/invoices/{stored['uuid']}") == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"currency": "XXX"}, "currency"),
        ({"currency": None}, "currency"),
        ({"date": "2026-03-16"}, "date"),
        ({"date": "soon"}, "date"),
        ({"date": ""}, "date"),
        ({"due_date": "soon"}, "due_date"),
        ({"collection_method": "by_hand"}, "collection_method"),
    ],
)
def test_wrong_terms(api: Api, stored: dict[str, Any], changes: dict[str, Any], field: str) -> None:
    before = api.json("GET", f"/invoices/{stored['uuid']}")
    refusal = api.json("PATCH", f"/invoices/{stored['uuid']}", {"due_date": "2026-02-01", **changes}, 422)
    assert list(refusal["errors"]) == [field]
    assert api.json("GET", f"/invoices/{stored['uuid']}") == before


def test_the_sentences_about_terms(api: Api, stored: dict[str, Any]) -> None:
    path = f"/invoices/{stored['uuid']}"
    assert api.json("PATCH", path, {"currency": "XXX"}, 422) == {"errors": {"currency": ["Currency is invalid"]}}
    assert api.json("PATCH", path, {"date": "2026-03-16"}, 422) == {"errors": {"date": ["Date is in the future"]}}


@by_external_id
def test_a_deleted_invoice_frees_its_names(
    api: Api, source: str, customer: str, plan: str, stored: dict[str, Any], by_external_id: bool
) -> None:
    Address(api, stored, source, "invoices", by_external_id)("DELETE", expect=204)
    assert api.walk("/invoices", "invoices") == []
    assert (mrr(api, customer), subscriptions(api, customer)) == (0, [])
    for kind in ("line_items", "transactions"):
        api.json("GET", f"/{kind}", expect=404, data_source_uuid=source, external_id=NAMES[kind])
    api.bill(customer, invoice("inv-1", subscription_item(plan, external_id="li-1"), transactions=[PAYMENT]))


def test_all_invoices_of_a_customer_in_one_source(api: Api, source: str, customer: str, plan: str) -> None:
    neighbour = api.customer(source, "acct-2")
    for owner in (customer, neighbour):
        names = [f"{owner}-{number}" for number in (1, 2)]
        api.bill(owner, *(invoice(name, subscription_item(plan, subscription_external_id=name)) for name in names))
    path = f"/data_sources/{source}/customers/{customer}/invoices"
    assert api.json("DELETE", path, expect=204) is None
    assert (mrr(api, customer), subscriptions(api, customer)) == (0, [])
    assert api.json("GET", f"/customers/{customer}")["status"] == "New Lead"
    assert {one["customer_uuid"] for one in api.walk("/invoices", "invoices")} == {neighbour}
    assert mrr(api, neighbour) == 10000
    api.json("DELETE", path, expect=204)  # none are left; the customer is
    api.bill(customer, invoice(f"{customer}-1", subscription_item(plan)))


def test_all_invoices_of_nobody(api: Api, source: str, paying: str) -> None:
    nobody = "cus_00000000-0000-4000-8000-000000000000"
    refusal = api.json("DELETE", f"/data_sources/{source}/customers/{nobody}/invoices", expect=404)
    assert refusal["error"] == "Customer not found"
    other = api.source("Shop")
    assert api.json("DELETE", f"/data_sources/{other}/customers/{paying}/invoices", expect=404) == refusal
    missing = api.json("DELETE", f"/data_sources/ds_1/customers/{paying}/invoices", expect=404)
    assert missing == {"error": "Data source not found"}
    assert mrr(api, paying) == 5000


def test_an_invalid_invoice_is_hidden_from_changes_but_not_from_deletion(api: Api, source: str, customer: str) -> None:
    payload = {
        "external_id": "batch-1",
        "invoices": [{"external_id": "bad", "customer_external_id": "acct-1", "date": "2026-03-16", "currency": "USD"}],
    }
    api.json("POST", f"/data_sources/{source}/json_imports", payload)
    for _ in range(2):
        api.json("GET", f"/data_sources/{source}/json_imports/batch-1")
    (bad,) = api.walk("/invoices", "invoices", validation_type="invalid")
    assert api.json("PATCH", f"/invoices/{bad['uuid']}", {"date": "2026-03-01"}, 404)["error"] == "Invoice not found"
    api.json("DELETE", "/invoices", expect=204, data_source_uuid=source, external_id="bad")
    assert api.walk("/invoices", "invoices", validation_type="all") == []


# Line items


@by_external_id
def test_a_changed_line_item_changes_the_figures(
    api: Api, source: str, customer: str, stored: dict[str, Any], by_external_id: bool
) -> None:
    address = Address(api, stored, source, "line_items", by_external_id)
    before = api.json("GET", f"/line_items/{stored['line_items'][0]['uuid']}")
    changed = address("PATCH", {"amount_in_cents": 10800, "tax_amount_in_cents": 1800})
    assert changed == {**before, "amount_in_cents": 10800, "tax_amount_in_cents": 1800}
    assert api.json("GET", f"/invoices/{stored['uuid']}")["line_items"] == [changed]
    assert mrr(api, customer) == 9000
    assert mrr_history(api) == [9000] * 3
    address("PATCH", {"service_period_start": "2026-02-10"})
    assert mrr_history(api) == [0, 9000, 9000]
    (activity,) = api.walk("/activities", "entries")
    assert (activity["date"], activity["activity-mrr-movement"]) == ("2026-02-10T00:00:00+00:00", 9000)
    assert [one["uuid"] for one in subscriptions(api, customer)] == [before["subscription_uuid"]], "still the same"


def test_every_attribute_of_a_line_item(api: Api, source: str, stored: dict[str, Any]) -> None:
    year = api.plan(source, "yearly", 1, "year")
    path = f"/line_items/{stored['line_items'][0]['uuid']}"
    before = api.json("GET", path)
    changes = {
        "plan_uuid": year,
        "service_period_start": "2026-02-01T00:00:00.000Z",
        "service_period_end": "2027-02-01T00:00:00.000Z",
        "prorated": True,
        "proration_type": "full",
        "amount_in_cents": 1,
        "quantity": 3,
        "discount_code": "SPRING",
        "discount_amount_in_cents": 2,
        "discount_description": "Spring",
        "tax_amount_in_cents": 4,
        "transaction_fees_in_cents": 5,
        "transaction_fees_currency": "EUR",
        "account_code": "4400",
        "event_order": 6,
        "subscription_set_external_id": "set-1",
    }
    fixed = {"external_id": "li-9", "uuid": "li_9", "seq": 1, "disabled": True}
    assert api.json("PATCH", path, changes | fixed) == {**before, **changes, "plan_external_id": "yearly"}
    nulls = {"event_order": None, "discount_code": None, "quantity": None, "subscription_set_external_id": None}
    cleared = api.json("PATCH", path, nulls)
    assert (cleared["event_order"], cleared["discount_code"], cleared["quantity"]) == (None, "", 1)
    assert "subscription_set_external_id" not in cleared


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "gift"}, "type"),
        ({"type": None}, "type"),
        ({"plan_uuid": "pl_unknown"}, "plan_uuid"),
        ({"amount_in_cents": None}, "amount_in_cents"),
        ({"amount_in_cents": 12.5}, "amount_in_cents"),
        ({"quantity": 0}, "quantity"),
        ({"service_period_start": None}, "service_period_start"),
        ({"subscription_external_id": ""}, "subscription_external_id"),
        ({"proration_type": "half"}, "proration_type"),
        ({"type": "trial", "service_period_end": None}, "service_period_end"),
    ],
)
def test_wrong_changes_of_a_line_item(api: Api, stored: dict[str, Any], changes: dict[str, Any], field: str) -> None:
    path = f"/line_items/{stored['line_items'][0]['uuid']}"
    before = api.json("GET", path)
    refusal = api.json("PATCH", path, {"tax_amount_in_cents": 1, **changes}, 422)
    assert list(refusal["errors"]) == [field]
    assert isinstance(refusal["errors"][field], str)
    assert api.json("GET", path) == before


def test_a_line_item_moves_to_another_subscription(api: Api, customer: str, stored: dict[str, Any]) -> None:
    path = f"/line_items/{stored['line_items'][0]['uuid']}"
    former = stored["line_items"][0]["subscription_uuid"]
    changed = api.json("PATCH", path, {"subscription_external_id": "sub-2"})
    assert changed["subscription_uuid"] != former
    assert [one["uuid"] for one in subscriptions(api, customer)] == [changed["subscription_uuid"]]
    (shown,) = api.json("GET", f"/customers/{customer}/subscriptions")["entries"]
    assert (shown["external_id"], shown["mrr"]) == ("sub-2", 5000)


def test_a_subscription_item_becomes_a_one_time_item_and_back(
    api: Api, customer: str, plan: str, stored: dict[str, Any]
) -> None:
    path = f"/line_items/{stored['line_items'][0]['uuid']}"
    before = api.json("GET", path)
    once = api.json("PATCH", path, {"type": "one_time", "description": "Set-up"})
    assert (once["type"], once["description"], once["external_id"]) == ("one_time", "Set-up", "li-1")
    assert "subscription_uuid" not in once
    assert (mrr(api, customer), subscriptions(api, customer)) == (0, [])
    missing = api.json("PATCH", path, {"type": "subscription"}, 422)
    assert set(missing["errors"]) == {"subscription_external_id", "service_period_start"}
    names = ("subscription_external_id", "service_period_start", "service_period_end", "plan_uuid")
    again = api.json("PATCH", path, {"type": "subscription", **{name: before[name] for name in names}})
    assert again == {**before, "subscription_uuid": again["subscription_uuid"]}
    assert mrr(api, customer) == 5000


def test_cancelled_at_of_a_line_item(api: Api, customer: str, stored: dict[str, Any]) -> None:
    path = f"/line_items/{stored['line_items'][0]['uuid']}"
    cancelled = api.json("PATCH", path, {"cancelled_at": "2026-02-20"})
    assert "cancelled_at" not in cancelled
    assert mrr_history(api) == [5000, 0, 0]
    api.json("PATCH", path, {"amount_in_cents": 6000})
    (kept,) = subscriptions(api, customer)
    assert kept["cancellation_dates"] == ["2026-02-20T00:00:00.000Z"], "once, although the item was put in twice"
    assert mrr_history(api) == [6000, 0, 0]
    api.json("PATCH", path, {"cancelled_at": None})
    assert mrr_history(api) == [6000] * 3


def test_a_replaced_churn_history_is_not_brought_back(api: Api, customer: str, stored: dict[str, Any]) -> None:
    path = f"/line_items/{stored['line_items'][0]['uuid']}"
    subscription = api.json("PATCH", path, {"cancelled_at": "2026-02-20"})["subscription_uuid"]
    api.json("PATCH", f"/import/subscriptions/{subscription}", {"cancellation_dates": []}, 202)
    api.json("PATCH", path, {"amount_in_cents": 6000})
    assert subscriptions(api, customer)[0]["cancellation_dates"] == []
    assert mrr(api, customer) == 6000


def test_the_set_of_a_subscription_follows_its_items(api: Api, customer: str, stored: dict[str, Any]) -> None:
    path = f"/line_items/{stored['line_items'][0]['uuid']}"
    api.json("PATCH", path, {"subscription_set_external_id": "set-1"})
    assert subscriptions(api, customer)[0]["subscription_set_external_id"] == "set-1"
    api.json("PATCH", path, {"subscription_set_external_id": None})
    assert "subscription_set_external_id" not in subscriptions(api, customer)[0]


@by_external_id
def test_a_deleted_line_item_takes_its_subscription_along(
    api: Api, source: str, customer: str, plan: str, stored: dict[str, Any], by_external_id: bool
) -> None:
    api.bill(customer, invoice("inv-2", subscription_item(plan, "2026-02-10", subscription_external_id="sub-2")))
    assert mrr(api, customer) == 10000
    assert Address(api, stored, source, "line_items", by_external_id)("DELETE", expect=204) is None
    assert mrr_history(api) == [0, 5000, 5000]
    assert [one["external_id"] for one in subscriptions(api, customer)] == ["sub-2"]
    assert api.json("GET", f"/invoices/{stored['uuid']}")["line_items"] == []
    again = f"/import/invoices/{stored['uuid']}/line_items"
    api.json("POST", again, subscription_item(plan, external_id="li-1"), 201)
    assert mrr(api, customer) == 10000


def test_a_subscription_stays_as_long_as_an_item_names_it(
    api: Api, customer: str, plan: str, stored: dict[str, Any]
) -> None:
    api.bill(customer, invoice("inv-2", subscription_item(plan, "2026-02-10", amount_in_cents=7000)))
    api.json("DELETE", f"/line_items/{stored['line_items'][0]['uuid']}", expect=204)
    assert [one["external_id"] for one in subscriptions(api, customer)] == ["sub-1"]
    assert mrr_history(api) == [0, 7000, 7000]


def test_a_plan_is_free_again_when_no_item_names_it(api: Api, source: str, plan: str, stored: dict[str, Any]) -> None:
    other = api.plan(source, "solo")
    api.json("DELETE", f"/plans/{plan}", expect=422)
    api.json("PATCH", f"/line_items/{stored['line_items'][0]['uuid']}", {"plan_uuid": other})
    api.json("DELETE", f"/plans/{plan}", expect=204)
    api.json("DELETE", f"/plans/{other}", expect=422)


def test_figures_follow_a_change_after_the_lag(api: Api, customer: str, source: str, stored: dict[str, Any]) -> None:
    api.emulator.configure(processing_ms=300)
    path = f"/line_items/{stored['line_items'][0]['uuid']}"
    assert api.json("PATCH", path, {"amount_in_cents": 9000})["amount_in_cents"] == 9000
    status = api.json("GET", f"/data_sources/{source}", with_processing_status="true")["processing_status"]
    assert status["pending"] == 1
    deadline = time.monotonic() + 10
    while api.json("GET", f"/data_sources/{source}", with_processing_status="true")["processing_status"]["pending"]:
        assert time.monotonic() < deadline
    assert mrr(api, customer) == 9000


# Transactions


@by_external_id
def test_a_changed_payment_changes_the_status(
    api: Api, source: str, stored: dict[str, Any], by_external_id: bool
) -> None:
    address = Address(api, stored, source, "transactions", by_external_id)
    path = f"/invoices/{stored['uuid']}"
    before = api.json("GET", path)["transactions"][0]
    assert address("PATCH", {"result": "failed"}) == {**before, "result": "failed"}
    assert api.json("GET", path)["status"] == "open"
    changes = {"result": "successful", "amount_in_cents": 4999, "date": "2026-01-12T00:00:00.000Z"}
    fees = {"transaction_fees_in_cents": 30, "transaction_fees_currency": "EUR"}
    assert address("PATCH", changes | fees | {"external_id": "pay-9", "uuid": "tr_9"}) == {**before, **changes, **fees}
    assert api.json("GET", path)["status"] == "open"
    assert address("PATCH", {"amount_in_cents": None})["amount_in_cents"] is None
    assert api.json("GET", path)["status"] == "paid"
    address("PATCH", {"type": "refund"})
    assert api.json("GET", path)["status"] == "refunded"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "gift"}, "type"),
        ({"result": None}, "result"),
        ({"date": "soon"}, "date"),
        ({"amount_in_cents": -1}, "amount_in_cents"),
        ({"amount_in_cents": 5001}, "amount_in_cents"),
        ({"transaction_fees_currency": "??"}, "transaction_fees_currency"),
    ],
)
def test_wrong_changes_of_a_transaction(api: Api, stored: dict[str, Any], changes: dict[str, Any], field: str) -> None:
    path = f"/transactions/{stored['transactions'][0]['uuid']}"
    before = api.json("GET", path)
    refusal = api.json("PATCH", path, {"transaction_fees_in_cents": 1, **changes}, 422)
    assert list(refusal["errors"]) == [field]
    assert isinstance(refusal["errors"][field], str)
    assert api.json("GET", path) == before


def test_changed_parts_may_not_exceed_the_invoice_together(api: Api, customer: str, plan: str) -> None:
    parts = [{**PAYMENT, "external_id": f"pay-{n}", "amount_in_cents": 2500} for n in (1, 2)]
    (stored,) = api.bill(customer, invoice("inv-1", subscription_item(plan), transactions=parts))
    path = f"/transactions/{stored['transactions'][1]['uuid']}"
    assert list(api.json("PATCH", path, {"amount_in_cents": 2501}, 422)["errors"]) == ["amount_in_cents"]
    assert api.json("PATCH", path, {"amount_in_cents": 2499})["amount_in_cents"] == 2499


@by_external_id
def test_a_deleted_payment_reopens_the_invoice(
    api: Api, source: str, customer: str, stored: dict[str, Any], by_external_id: bool
) -> None:
    path = f"/invoices/{stored['uuid']}"
    assert api.json("GET", path)["status"] == "paid"
    assert Address(api, stored, source, "transactions", by_external_id)("DELETE", expect=204) is None
    shown = api.json("GET", path)
    assert (shown["status"], shown["transactions"]) == ("open", [])
    assert mrr(api, customer) == 5000
    api.json("POST", f"/import/invoices/{stored['uuid']}/transactions", PAYMENT, 201)
    assert api.json("GET", path)["status"] == "paid"
