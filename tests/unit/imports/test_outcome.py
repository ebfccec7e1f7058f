"""The account of a finished import, also where the API says little."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_chartmogul.imports import BillingRecords
from airflow_provider_chartmogul.imports.batching import Batch, batches, customer_groups, plan_parts
from airflow_provider_chartmogul.imports.outcome import outcomes
from tests.unit.imports.samples import billing, customer, invoice, plan

EXISTS = "The external ID for this invoice already exists in our system."


def two_invoices() -> Batch:
    records = BillingRecords(customers=[customer()], invoices=[invoice(), invoice(external_id="inv-x")])
    for record in records.invoices:
        del record["transactions"]
    return next(batches(customer_groups(records, set())))


def states(batch: Batch, details: dict[str, Any], **finished: Any) -> dict[str, str]:
    answer = {"status": "completed", "status_details": details, **finished}
    return {f"{o.part.kind}/{o.part.external_id}": o.state for o in outcomes(batch, answer)}


def invoices_failed(errors: Any) -> dict[str, Any]:
    good = {"status": "imported"}
    return {
        "acct-1": {
            "status": "failed",
            "customers": good,
            "line_items": good,
            "invoices": {"status": "failed", "errors": errors},
        }
    }


def test_everything_imported() -> None:
    (batch,) = batches(customer_groups(billing(2), set()))
    details = {
        name: {"status": "imported", **{kind: {"status": "imported"} for kind in batch.body()}}
        for name in ("acct-1", "acct-2")
    }
    found = states(batch, details)
    assert len(found) == len(batch.parts) == 9
    assert set(found.values()) == {"imported"}


def test_the_status_of_the_customer_holds_for_kinds_that_are_not_listed() -> None:
    assert set(states(two_invoices(), {"acct-1": {"status": "imported"}}).values()) == {"imported"}


def test_plans_stand_under_their_own_key() -> None:
    batch = Batch(tuple(plan_parts(BillingRecords(plans=[plan()]), set())))
    assert states(batch, {"plans": {"status": "imported"}}) == {"plans/team": "imported"}
    errors = {"team": {"interval_unit": ["is not included in the list"]}}
    assert states(batch, {"plans": {"status": "failed", "errors": errors}}) == {"plans/team": "rejected"}


def test_a_customer_called_plans_is_a_customer() -> None:
    (batch,) = batches(customer_groups(BillingRecords(customers=[customer(external_id="plans")]), set()))
    assert states(batch, {"plans": {"status": "imported"}}) == {"customers/plans": "imported"}


@pytest.mark.parametrize(
    "errors",
    [
        {"inv-x": {"date": ["Date is in the future"]}},
        {"inv-x": {"date": "Date is in the future"}},
        [{"external_id": "inv-x", "errors": {"date": ["Date is in the future"]}}],
        [{"external_id": "inv-x", "param": "date", "message": "Date is in the future"}],
    ],
)
def test_an_error_of_one_record_leaves_its_siblings(errors: Any) -> None:
    batch = two_invoices()
    found = {
        o.part.external_id: o
        for o in outcomes(batch, {"status": "completed", "status_details": invoices_failed(errors)})
        if o.part.kind == "invoices"
    }
    assert found["inv-1"].state == "imported"
    assert (found["inv-x"].state, found["inv-x"].reasons) == ("rejected", (("date", "Date is in the future"),))


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("external_id", EXISTS),
        ("external_id", "has already been taken"),
        ("invoices.external_id", "has already been taken"),
        ("external_id", "A plan with this identifier already exists in our system."),
    ],
)
def test_a_record_that_exists_is_already_there(field: str, message: str) -> None:
    found = states(two_invoices(), invoices_failed({"inv-x": {field: [message]}}))
    assert (found["invoices/inv-1"], found["invoices/inv-x"]) == ("imported", "already_there")


def test_an_invoice_refused_for_a_part_that_exists_elsewhere_is_not_there() -> None:
    found = states(two_invoices(), invoices_failed({"inv-x": {"line_items.external_id": [EXISTS]}}))
    assert (found["invoices/inv-1"], found["invoices/inv-x"]) == ("imported", "rejected")
    assert found["line_items/inv-1-line-1"] == "imported"
    assert found["line_items/inv-x-line-1"] == "rejected"


def test_an_invoice_that_is_sent_again_with_its_parts_is_there() -> None:
    taken = {"external_id": [EXISTS], "line_items.external_id": [EXISTS], "transactions.external_id": [EXISTS]}
    assert states(two_invoices(), invoices_failed({"inv-x": taken}))["invoices/inv-x"] == "already_there"


def test_reasons_are_short_and_name_nobody() -> None:
    errors = {"inv-x": {"date": ["is wrong for ida@firm.example " + "x" * 3000]}}
    finished = {"status": "completed", "status_details": invoices_failed(errors)}
    (reason,) = (o.reasons[0][1] for o in outcomes(two_invoices(), finished) if o.part.external_id == "inv-x")
    assert len(reason) <= 200
    assert "ida@" not in reason


def test_a_record_that_exists_and_is_faulty_is_rejected() -> None:
    errors = {"inv-x": {"external_id": [EXISTS], "date": ["Date is in the future"]}}
    assert states(two_invoices(), invoices_failed(errors))["invoices/inv-x"] == "rejected"


def test_taken_is_about_external_ids_only() -> None:
    errors = {"inv-x": {"name": ["has already been taken"]}}
    assert states(two_invoices(), invoices_failed(errors))["invoices/inv-x"] == "rejected"


def test_errors_that_name_no_record_are_not_guessed() -> None:
    found = states(two_invoices(), invoices_failed({"date": ["Date is in the future"]}))
    assert (found["invoices/inv-1"], found["invoices/inv-x"]) == ("unknown", "unknown")
    assert found["customers/acct-1"] == "imported"


def test_errors_that_name_no_record_are_those_of_the_only_one() -> None:
    (batch,) = batches(customer_groups(BillingRecords(invoices=[invoice()]), set()))
    assert states(batch, invoices_failed(["Date is in the future"]))["invoices/inv-1"] == "rejected"


def test_when_the_only_complaint_is_that_records_exist_all_are_there() -> None:
    found = states(two_invoices(), invoices_failed({"external_id": [EXISTS]}))
    assert (found["invoices/inv-1"], found["invoices/inv-x"]) == ("already_there", "already_there")


@pytest.mark.parametrize("about", [{"status": "failed"}, {"status": "failed", "invoices": {"status": "failed"}}])
def test_failed_without_a_reason_is_unknown(about: dict[str, Any]) -> None:
    assert states(two_invoices(), {"acct-1": about})["invoices/inv-x"] == "unknown"


def test_customers_that_the_answer_does_not_name_are_unknown() -> None:
    found = list(outcomes(two_invoices(), {"status": "failed", "status_details": {}, "error": "out of memory"}))
    assert {(o.state, o.reasons) for o in found} == {("unknown", (("", "out of memory"),))}
