"""Bad records are found, and named, before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_chartmogul.client.fields import BULK
from airflow_provider_chartmogul.client.fields.tables import EVENT_TYPES
from airflow_provider_chartmogul.imports import BillingRecords, check
from tests.unit.imports.samples import billing, cancellation, customer, invoice, line_item, plan


def problems(records: BillingRecords) -> list[tuple[str, int, str | None, str]]:
    return [(row.kind, row.source.position, row.external_id, row.field) for row in check(records).rejections]


def test_good_records_have_no_problems_and_no_warnings() -> None:
    checked = check(billing())
    assert (checked.rejections, checked.warnings) == ([], [])


@pytest.mark.parametrize("kind", ["customers", "plans", "invoices", "subscription_events"])
def test_each_required_field_is_missed(kind: str) -> None:
    good = getattr(billing(1), kind)[0]
    for name in BULK[kind].required:
        for bad in ({k: v for k, v in good.items() if k != name}, {**good, name: None}, {**good, name: ""}):
            found = check(BillingRecords(**{kind: [bad]})).rejections
            assert [(row.kind, row.field) for row in found] == [(kind, name)]
            assert "is missing" in found[0].message


def test_a_problem_names_kind_position_external_id_customer_and_field() -> None:
    records = billing()
    records.invoices[1]["currency"] = "euro"
    (row,) = check(records).rejections
    assert row.as_dict() == {
        "kind": "invoices",
        "position": 2,
        "external_id": "inv-2",
        "customer": "acct-2",
        "field": "currency",
        "message": "must be an ISO 4217 code such as EUR",
    }
    assert str(row) == "invoices record 2 'inv-2': currency must be an ISO 4217 code such as EUR"


def test_parts_of_an_invoice_are_named_by_their_place() -> None:
    bad = invoice(line_items=[line_item(), line_item(amount_in_cents="5000", external_id="li-9")])
    bad["transactions"].append({"type": "payment", "result": "lost", "date": "2026-03-02"})
    assert problems(BillingRecords(invoices=[bad])) == [
        ("line_items", 1, "li-9", "line_items[1].amount_in_cents"),
        ("transactions", 1, None, "transactions[1].result"),
    ]


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("customers", "external_id", 17),
        ("customers", "lead_created_at", "yesterday"),
        ("plans", "interval_unit", "week"),
        ("plans", "interval_count", 0),
        ("plans", "interval_count", "1"),
        ("invoices", "date", "01.03.2026"),
        ("invoices", "date", "2026-02-30"),
        ("invoices", "collection_method", "by hand"),
        ("invoices", "line_items", {"0": {}}),
        ("invoices", "line_items", []),
        ("subscription_events", "event_type", "cancelled"),
        ("subscription_events", "effective_date", 20260401),
        ("subscription_events", "amount_in_cents", 10.5),
    ],
)
def test_values_of_wrong_type_or_shape_are_refused(kind: str, field: str, value: Any) -> None:
    record = {**getattr(billing(1), kind)[0], field: value}
    assert [row.field for row in check(BillingRecords(**{kind: [record]})).rejections] == [field]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "recurring"),
        ("amount_in_cents", 50.5),
        ("amount_in_cents", True),
        ("quantity", 0),
        ("prorated", "yes"),
        ("proration_type", "partly"),
        ("service_period_start", "March"),
        ("account_code", 4100),
        ("transaction_fees_currency", "usd"),
    ],
)
def test_values_of_line_items_are_checked(field: str, value: Any) -> None:
    records = BillingRecords(invoices=[invoice(line_items=[line_item(**{field: value})])])
    assert [row.field for row in check(records).rejections] == [f"line_items[0].{field}"]


@pytest.mark.parametrize("field", ["subscription_external_id", "plan_external_id", "service_period_start"])
@pytest.mark.parametrize("kind", ["subscription", "trial"])
def test_recurring_items_need_subscription_plan_and_period(kind: str, field: str) -> None:
    item = line_item(type=kind)
    del item[field]
    assert problems(BillingRecords(invoices=[invoice(line_items=[item])])) == [
        ("line_items", 1, None, f"line_items[0].{field}")
    ]


def test_a_trial_needs_an_end_and_a_one_time_item_nothing_more() -> None:
    trial = line_item(type="trial", service_period_end=None)
    once = {"type": "one_time", "amount_in_cents": 25000}
    assert problems(BillingRecords(invoices=[invoice(line_items=[trial, once])])) == [
        ("line_items", 1, None, "line_items[0].service_period_end")
    ]


def test_priced_events_need_plan_currency_and_amount() -> None:
    priced = {"subscription_start", "subscription_start_scheduled", "subscription_updated"}
    priced.add("subscription_update_scheduled")
    for event_type in EVENT_TYPES:
        found = problems(BillingRecords(subscription_events=[cancellation(event_type=event_type)]))
        fields = {field for *_, field in found}
        if event_type in priced:
            assert fields == {"plan_external_id", "currency", "amount_in_cents"}
        elif event_type == "subscription_event_retracted":
            assert fields == {"retracted_event_id"}
        else:
            assert fields == set()


def test_external_ids_must_be_unique_within_a_kind() -> None:
    records = billing(2)
    records.customers.append(customer(1))
    records.invoices.append(invoice(2, external_id="inv-1", line_items=[line_item(external_id="li-1")]))
    records.invoices[0]["line_items"] = [line_item(external_id="li-1"), line_item(external_id="li-1")]
    assert problems(records) == [
        ("customers", 3, "acct-1", "external_id"),
        ("line_items", 1, "li-1", "line_items[1].external_id"),
        ("invoices", 3, "inv-1", "external_id"),
        ("line_items", 3, "li-1", "line_items[0].external_id"),
    ]


def test_the_same_external_id_may_serve_several_kinds() -> None:
    records = BillingRecords(customers=[customer(external_id="x")], plans=[plan(external_id="x")])
    assert problems(records) == []


def test_a_misspelt_required_field_is_named_in_the_error() -> None:
    bad = customer()
    bad["extrenal_id"] = bad.pop("external_id")
    checked = check(BillingRecords(customers=[bad]))
    assert [row.message for row in checked.rejections] == ["is missing; is 'extrenal_id' meant?"]
    assert len(checked.warnings) == 1


def test_a_misspelt_optional_field_warns_once_and_is_no_problem() -> None:
    records = billing(3)
    for record in records.customers:
        record["compnay"] = "Acme"
    checked = check(records)
    assert checked.rejections == []
    assert checked.warnings == ["customers: unknown field 'compnay' is sent as it is; is 'company' meant?"]


def test_unknown_fields_that_resemble_nothing_are_left_alone() -> None:
    checked = check(BillingRecords(customers=[customer(shoe_size=44)]))
    assert (checked.rejections, checked.warnings) == ([], [])


def test_what_hangs_on_a_rejected_customer_or_plan_is_held_back() -> None:
    records = billing(2)
    records.customers[0]["name"] = 1
    assert problems(records) == [
        ("customers", 1, "acct-1", "name"),
        ("invoices", 1, "inv-1", "customer_external_id"),
        ("subscription_events", 1, None, "customer_external_id"),
    ]
    records = billing(2)
    records.plans[0]["interval_unit"] = "week"
    assert [(kind, field) for kind, _, _, field in problems(records)] == [
        ("plans", "interval_unit"),
        ("invoices", "plan_external_id"),
        ("invoices", "plan_external_id"),
    ]


def test_a_duplicate_customer_does_not_hold_back_the_invoices_of_the_first() -> None:
    records = billing(1)
    records.customers.append(customer(1))
    assert problems(records) == [("customers", 2, "acct-1", "external_id")]


def test_records_that_are_no_objects_are_refused() -> None:
    records = BillingRecords(customers=["acct-1"])  # type: ignore[list-item]
    assert problems(records) == [("customers", 1, None, "")]


def test_what_a_customer_holds_is_checked_as_the_customers_own() -> None:
    custom = [{"type": "Text", "key": "a", "value": 1}, {"type": "Integer", "key": "b"}]
    bad = customer(primary_contact={"email": 7, "frist_name": "Ida"}, attributes={"tags": [7], "custom": custom})
    checked = check(BillingRecords(customers=[bad]))
    assert [(row.kind, row.external_id, row.customer, row.field) for row in checked.rejections] == [
        ("customers", bad["external_id"], bad["external_id"], field)
        for field in (
            "attributes.tags",
            "attributes.custom[0].type",
            "attributes.custom[1].value",
            "primary_contact.email",
        )
    ]
    (warning,) = checked.warnings
    assert "'first_name' meant" in warning


def test_contacts_of_two_customers_may_have_one_external_id() -> None:
    two = [customer(n, primary_contact={"external_id": "p-1"}) for n in (1, 2)]
    assert check(BillingRecords(customers=two)).rejections == []


def test_of_a_country_bulk_imports_are_not_known_to_want_a_code() -> None:
    assert check(BillingRecords(customers=[customer(country="Germany")])).rejections == []
