"""Invoices: import, validation, status, lists, deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.emulator.account import invoice, subscription_item

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api

UNKNOWN = "inv_00000000-0000-4000-8000-000000000000"
NOT_FOUND = {
    "error": "Invoice not found",
    "error_details": [{"param": "invoice", "code": "invalid", "message": "Invoice not found"}],
}
ONE_TIME = {"type": "one_time", "amount_in_cents": 25000, "description": "Data migration"}
PAYMENT = {"type": "payment", "date": "2026-01-11", "result": "successful"}


def test_the_answer_of_an_import(api: Api, customer: str, plan: str) -> None:
    item = subscription_item(plan, "2026-01-10", quantity=4, discount_code="WELCOME", external_id="li-1")
    payment = {**PAYMENT, "date": "2026-01-11T08:41:09+01:00", "external_id": "pay-1"}
    sent = invoice("inv-1", item, ONE_TIME, transactions=[payment], due_date="2026-01-20 00:00:00")
    (stored,) = api.bill(customer, {**sent, "customer_uuid": "cus_ignored", "colour": "blue"})
    line, extra = stored["line_items"]
    (paid,) = stored["transactions"]
    assert (stored["uuid"][:4], line["uuid"][:3], paid["uuid"][:3]) == ("inv_", "li_", "tr_")
    assert line["subscription_uuid"].startswith("sub_")
    common = {
        "discount_amount_in_cents": 0,
        "tax_amount_in_cents": 0,
        "transaction_fees_in_cents": 0,
        "account_code": "",
        "transaction_fees_currency": None,
        "discount_description": None,
        "event_order": None,
    }
    assert stored == {
        "uuid": stored["uuid"],
        "date": "2026-01-10T00:00:00.000Z",
        "due_date": "2026-01-20T00:00:00.000Z",
        "errors": {},
        "external_id": "inv-1",
        "currency": "USD",
        "line_items": [
            {
                "uuid": line["uuid"],
                "external_id": "li-1",
                "type": "subscription",
                "subscription_uuid": line["subscription_uuid"],
                "subscription_external_id": "sub-1",
                "prorated": False,
                "proration_type": None,
                "service_period_start": "2026-01-10T00:00:00.000Z",
                "service_period_end": "2026-04-10T00:00:00.000Z",
                "plan_uuid": plan,
                "amount_in_cents": 5000,
                "quantity": 4,
                "discount_code": "WELCOME",
                **common,
            },
            {
                "uuid": extra["uuid"],
                "external_id": None,
                "type": "one_time",
                "description": "Data migration",
                "amount_in_cents": 25000,
                "quantity": 1,
                "discount_code": "",
                **common,
            },
        ],
        "transactions": [
            {
                "uuid": paid["uuid"],
                "external_id": "pay-1",
                "amount_in_cents": None,
                "type": "payment",
                "date": "2026-01-11T07:41:09.000Z",
                "result": "successful",
                "transaction_fees_in_cents": None,
                "transaction_fees_currency": None,
            }
        ],
    }


def test_retrieve_adds_the_customer_the_status_and_more(api: Api, customer: str, plan: str) -> None:
    (stored,) = api.bill(customer, invoice("inv-1", subscription_item(plan), collection_method="manual"))
    full = api.json("GET", f"/invoices/{stored['uuid']}")
    assert full["customer_uuid"] == customer
    assert full["customer_external_id"] == "acct-1"
    assert (full["status"], full["collection_method"], full["errors"]) == ("open", "manual", {})
    never = {"disabled": False, "disabled_at": None, "disabled_by": None, "user_created": False}
    assert full.items() >= never.items()
    (item,) = full["line_items"]
    assert item.items() >= {"plan_external_id": "team", "balance_transfer": False, "errors": {}, **never}.items()


def test_an_unknown_customer_is_said_to_be_an_invoice(api: Api, plan: str) -> None:
    path = "/import/customers/cus_00000000-0000-4000-8000-000000000000/invoices"
    assert api.json("POST", path, {"invoices": [invoice("inv-1", subscription_item(plan))]}, 404) == NOT_FOUND
    assert api.json("GET", path, expect=404)["error"] == "Customer not found"


@pytest.mark.parametrize("body", [{}, {"invoices": []}, {"invoices": {}}, {"invoices": ["inv-1"]}])
def test_a_missing_envelope_is_400(api: Api, customer: str, body: dict[str, Any]) -> None:
    answer = api.json("POST", f"/import/customers/{customer}/invoices", body, 400)
    assert answer == {"code": 400, "message": 'Parameter "invoices" is missing', "param": "invoices"}


INVOICE_TAKEN = "The external ID for this invoice already exists in our system."
ITEM_TAKEN = "The external ID for this line item already exists in our system."


def test_existing_external_ids_are_refused_and_the_invoices_echoed(api: Api, customer: str, plan: str) -> None:
    item = subscription_item(plan, external_id="li-1")
    sent = invoice("inv-1", item, transactions=[{**PAYMENT, "external_id": "pay-1"}])
    api.bill(customer, sent)
    good = invoice("inv-2", subscription_item(plan))
    echoed = api.bill(customer, good, sent, expect=422)
    assert echoed[0] == {**good, "errors": {}}
    assert echoed[1] == {
        **sent,
        "errors": {
            "external_id": INVOICE_TAKEN,
            "line_items.external_id": ITEM_TAKEN,
            "transactions.external_id": "has already been taken",
        },
    }
    stored = [found["external_id"] for found in api.walk("/invoices", "invoices")]
    assert stored == ["inv-1"], "all or nothing: the good sibling is not stored"


def test_a_batch_may_not_repeat_its_own_external_ids(api: Api, customer: str, plan: str) -> None:
    one = invoice("inv-1", subscription_item(plan, external_id="li-1"))
    echoed = api.bill(customer, one, one, expect=422)
    assert echoed[0]["errors"] == {}
    assert echoed[1]["errors"] == {"external_id": INVOICE_TAKEN, "line_items.external_id": ITEM_TAKEN}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"external_id": None}, "external_id"),
        ({"date": None}, "date"),
        ({"date": "10.01.2026"}, "date"),
        ({"date": "2026-03-15T12:00:01Z"}, "date"),
        ({"currency": None}, "currency"),
        ({"currency": "XXX"}, "currency"),
        ({"currency": "usd"}, "currency"),
        ({"collection_method": "by_hand"}, "collection_method"),
        ({"line_items": []}, "line_items"),
        ({"line_items": None}, "line_items"),
    ],
)
def test_wrong_fields_of_invoices(api: Api, customer: str, plan: str, change: dict[str, Any], field: str) -> None:
    (echoed,) = api.bill(customer, invoice("inv-1", subscription_item(plan)) | change, expect=422)
    assert list(echoed["errors"]) == [field]
    assert isinstance(echoed["errors"][field], str)
    assert api.walk("/invoices", "invoices", validation_type="all") == []


def test_the_sentence_about_the_future(api: Api, customer: str, plan: str) -> None:
    (echoed,) = api.bill(customer, invoice("inv-1", subscription_item(plan), date="2026-03-16"), expect=422)
    assert echoed["errors"] == {"date": "Date is in the future"}
    # A service period in the future is fine.
    api.bill(customer, invoice("inv-1", subscription_item(plan, "2026-04-01"), date="2026-03-15"))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "gift"}, "type"),
        ({"type": None}, "type"),
        ({"plan_uuid": None}, "plan_uuid"),
        ({"plan_uuid": "pl_unknown"}, "plan_uuid"),
        ({"subscription_external_id": ""}, "subscription_external_id"),
        ({"service_period_start": None}, "service_period_start"),
        ({"service_period_start": "soon"}, "service_period_start"),
        ({"amount_in_cents": None}, "amount_in_cents"),
        ({"amount_in_cents": 12.5}, "amount_in_cents"),
        ({"quantity": 0}, "quantity"),
        ({"prorated": True, "proration_type": "half"}, "proration_type"),
        ({"type": "trial", "service_period_end": None}, "service_period_end"),
        ({"transaction_fees_currency": "??"}, "transaction_fees_currency"),
    ],
)
def test_wrong_fields_of_line_items(api: Api, customer: str, plan: str, change: dict[str, Any], field: str) -> None:
    (echoed,) = api.bill(customer, invoice("inv-1", subscription_item(plan) | change), expect=422)
    assert list(echoed["errors"]) == [f"line_items.{field}"]


def test_a_plan_of_another_source_is_refused(api: Api, customer: str) -> None:
    other = api.plan(api.source("Shop"))
    (echoed,) = api.bill(customer, invoice("inv-1", subscription_item(other)), expect=422)
    assert list(echoed["errors"]) == ["line_items.plan_uuid"]


def test_odd_amounts_are_fine(api: Api, customer: str, plan: str) -> None:
    free = subscription_item(plan, amount_in_cents=0, subscription_external_id="sub-free")
    credit = subscription_item(plan, amount_in_cents=-100, prorated=True, discount_amount_in_cents=999_999)
    (stored,) = api.bill(customer, invoice("inv-1", free, credit))
    assert [item["proration_type"] for item in stored["line_items"]] == [None, "differential"]


@pytest.mark.parametrize("kind", ["payment", "refund"])
def test_partial_amounts_may_not_exceed_the_invoice(api: Api, customer: str, plan: str, kind: str) -> None:
    half = {**PAYMENT, "type": kind, "amount_in_cents": 2501}
    failed = {**half, "result": "failed"}
    (echoed,) = api.bill(customer, invoice("inv-1", subscription_item(plan), transactions=[half, half]), expect=422)
    assert list(echoed["errors"]) == ["transactions.amount_in_cents"]
    api.bill(customer, invoice("inv-1", subscription_item(plan), transactions=[half, failed]))


@pytest.mark.parametrize(
    ("transactions", "status"),
    [
        ([], "open"),
        ([PAYMENT], "paid"),
        ([{**PAYMENT, "result": "failed"}], "open"),
        ([{**PAYMENT, "amount_in_cents": 4999}], "open"),
        ([{**PAYMENT, "amount_in_cents": 2000}, {**PAYMENT, "amount_in_cents": 3000}], "paid"),
        ([PAYMENT, {**PAYMENT, "type": "refund"}], "refunded"),
        ([PAYMENT, {**PAYMENT, "type": "refund", "amount_in_cents": 4999}], "paid"),
        ([PAYMENT, {**PAYMENT, "type": "refund", "result": "failed"}], "paid"),
    ],
)
def test_status_follows_from_the_transactions(
    api: Api, customer: str, plan: str, transactions: list[dict[str, Any]], status: str
) -> None:
    (stored,) = api.bill(customer, invoice("inv-1", subscription_item(plan), transactions=transactions))
    assert api.json("GET", f"/invoices/{stored['uuid']}")["status"] == status


@pytest.mark.parametrize("status", ["voided", "written_off"])
def test_void_and_write_off_are_final_and_take_the_items_out_of_mrr(
    api: Api, source: str, paying: str, status: str
) -> None:
    path = f"/data_sources/{source}/invoices/inv-1/status"
    assert api.json("PUT", path, {"status": status}) == {"message": "Invoice updated"}
    (stored,) = api.walk("/invoices", "invoices")
    assert stored["status"] == status
    assert api.json("GET", f"/customers/{paying}")["mrr"] == 0
    assert api.walk("/activities", "entries") == []
    (kept,) = api.json("GET", f"/import/customers/{paying}/subscriptions")["subscriptions"]
    assert kept["external_id"] == "sub-1"
    refusal = {"code": 422, "message": "Status transition is not allowed", "param": "status"}
    for wanted in ("voided", "written_off", "paid"):
        assert api.json("PUT", path, {"status": wanted}, 422) == refusal


def test_status_of_odd_invoices(api: Api, source: str, customer: str, plan: str) -> None:
    api.bill(customer, invoice("2026/01 #1", subscription_item(plan)))
    path = f"/data_sources/{source}/invoices/2026%2F01%20%231/status"
    assert api.json("PUT", path, {"status": "paid"}, 422)["param"] == "status"
    assert api.json("PUT", path, {"status": "voided"})["message"] == "Invoice updated"
    assert api.json("PUT", f"/data_sources/{source}/invoices/none/status", {"status": "voided"}, 404) == NOT_FOUND


def test_lists_in_their_two_orders(api: Api, source: str, customer: str, plan: str) -> None:
    names = [f"inv-{number}" for number in range(5)]
    for name, day in zip(names, ("05", "01", "09", "02", "03"), strict=True):
        api.bill(customer, invoice(name, subscription_item(plan), date=f"2026-01-{day}"))
    path = f"/import/customers/{customer}/invoices"
    assert [found["external_id"] for found in api.walk(path, "invoices", per_page=2)] == names
    assert [found["external_id"] for found in api.walk("/invoices", "invoices", per_page=2)] == names[::-1]
    first = api.json("GET", path, per_page=2)
    assert (first["customer_uuid"], first["current_page"], first["total_pages"]) == (customer, 1, 3)
    following = api.json("GET", path, per_page=2, cursor=first["cursor"])
    assert set(following) == {"customer_uuid", "invoices", "cursor", "has_more"}
    nobody = api.customer(source, "nobody")
    assert api.json("GET", f"/import/customers/{nobody}/invoices") == {
        "customer_uuid": nobody,
        "invoices": [],
        "current_page": 1,
        "total_pages": 0,
        "cursor": None,
        "has_more": False,
    }


def test_filters_and_look_up_by_external_id(api: Api, source: str, customer: str, plan: str) -> None:
    other_source = api.source("Shop")
    other = api.customer(other_source)
    api.bill(customer, invoice("inv-1", subscription_item(plan)), invoice("inv-2", subscription_item(plan)))
    api.bill(other, invoice("inv-1", subscription_item(api.plan(other_source))))
    assert len(api.walk("/invoices", "invoices", external_id="inv-1")) == 2
    assert len(api.walk("/invoices", "invoices", customer_uuid=customer)) == 2
    assert len(api.walk("/invoices", "invoices", data_source_uuid=other_source)) == 1
    one = api.json("GET", "/invoices", data_source_uuid=source, external_id="inv-1")
    assert [found["customer_uuid"] for found in one["invoices"]] == [customer]
    assert (one["has_more"], one["total_pages"]) == (False, 1)
    none = api.json("GET", "/invoices", data_source_uuid=source, external_id="inv-9")
    assert (none["invoices"], none["cursor"], none["has_more"]) == ([], None, False)
    assert api.walk("/invoices", "invoices", validation_type="invalid") == []
    assert api.json("GET", "/invoices", expect=400, validation_type="odd")["param"] == "validation_type"


def test_deletion(api: Api, customer: str, plan: str) -> None:
    first, second = api.bill(
        customer,
        invoice("inv-1", subscription_item(plan, external_id="li-1"), transactions=[{**PAYMENT, "external_id": "p"}]),
        invoice("inv-2", subscription_item(plan, "2026-02-10", amount_in_cents=6000)),
    )
    api.json("DELETE", f"/invoices/{first['uuid']}", expect=204)
    shown = api.json("GET", f"/customers/{customer}")
    assert (shown["mrr"], shown["customer-since"]) == (6000, "2026-02-10T00:00:00+00:00")
    api.json("GET", f"/line_items/{first['line_items'][0]['uuid']}", expect=404)
    api.json("GET", f"/transactions/{first['transactions'][0]['uuid']}", expect=404)
    assert len(api.json("GET", f"/import/customers/{customer}/subscriptions")["subscriptions"]) == 1
    api.json("DELETE", f"/invoices/{second['uuid']}", expect=204)
    assert api.json("GET", f"/import/customers/{customer}/subscriptions")["subscriptions"] == []
    # External ids are free again.
    again = invoice(
        "inv-1", subscription_item(plan, external_id="li-1"), transactions=[{**PAYMENT, "external_id": "p"}]
    )
    api.bill(customer, again)


def test_ids_in_the_path(api: Api) -> None:
    assert api.json("DELETE", "/invoices/malformed", expect=422) == {
        "error": "Invalid UUID passed",
        "error_details": [{"param": "uuid", "code": "invalid", "message": "Invalid UUID passed"}],
    }
    assert api.json("DELETE", f"/invoices/{UNKNOWN}", expect=404) == NOT_FOUND
    for uuid in ("malformed", UNKNOWN):
        assert api.json("GET", f"/invoices/{uuid}", expect=404) == NOT_FOUND


def test_line_items_of_stored_invoices(api: Api, customer: str, plan: str) -> None:
    (stored,) = api.bill(customer, invoice("inv-1", ONE_TIME))
    path = f"/import/invoices/{stored['uuid']}/line_items"
    created = api.json("POST", path, subscription_item(plan, external_id="li-1"), 201)
    assert (created["plan_external_id"], created["subscription_uuid"][:4]) == ("team", "sub_")
    assert api.json("GET", f"/line_items/{created['uuid']}") == created
    assert api.json("GET", f"/invoices/{stored['uuid']}")["line_items"][1] == created
    assert api.json("GET", f"/customers/{customer}")["mrr"] == 5000
    taken = api.json("POST", path, subscription_item(plan, external_id="li-1"), 422)
    assert taken == {"errors": {"external_id": ITEM_TAKEN}}
    assert api.json("POST", f"/import/invoices/{UNKNOWN}/line_items", ONE_TIME, 404) == NOT_FOUND
    assert api.json("GET", "/line_items/li_1", expect=404)["error"] == "Line item not found"


def test_transactions_of_stored_invoices(api: Api, customer: str, plan: str) -> None:
    (stored,) = api.bill(customer, invoice("inv-1", subscription_item(plan)))
    path = f"/import/invoices/{stored['uuid']}/transactions"
    sent = {**PAYMENT, "external_id": "pay-1", "amount_in_cents": 4000, "transaction_fees_in_cents": 308}
    created = api.json("POST", path, sent, 201)
    assert created == {**sent, "uuid": created["uuid"], "date": "2026-01-11T00:00:00.000Z"}
    assert api.json("GET", f"/invoices/{stored['uuid']}")["status"] == "open"
    taken = api.json("POST", path, sent, 422)
    assert taken == {"errors": {"external_id": "has already been taken"}}
    assert list(api.json("POST", path, {**PAYMENT, "amount_in_cents": 1001}, 422)["errors"]) == ["amount_in_cents"]
    assert set(api.json("POST", path, {"amount_in_cents": -1}, 422)["errors"]) == {
        "type",
        "date",
        "result",
        "amount_in_cents",
    }
    api.json("POST", path, {**PAYMENT, "amount_in_cents": 1000}, 201)
    full = api.json("GET", f"/invoices/{stored['uuid']}")
    assert (full["status"], len(full["transactions"])) == ("paid", 2)
    shown = api.json("GET", f"/transactions/{created['uuid']}")
    assert shown == full["transactions"][0]
    assert shown.items() >= created.items()
    assert api.json("POST", f"/import/invoices/{UNKNOWN}/transactions", PAYMENT, 404) == NOT_FOUND
    assert api.json("GET", "/transactions/tr_1", expect=404)["error"] == "Transaction not found"
