"""Customers travel whole, in bounded requests, whose names depend on their content alone."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime

from airflow_provider_chartmogul.imports import BillingRecords
from airflow_provider_chartmogul.imports.batching import (
    ENVELOPE,
    MAX_BYTES,
    Batch,
    batches,
    customer_groups,
    plan_parts,
)
from airflow_provider_chartmogul.imports.validation import Source
from tests.unit.imports.samples import billing, cancellation, customer, invoice, line_item, plan


def packed(records: BillingRecords, **limits: int) -> list[Batch]:
    return list(batches(customer_groups(records, set()), **limits))


def customers_of(batch: Batch) -> set[str]:
    return {part.customer for part in batch.parts if part.customer is not None}


def test_parts_of_an_invoice_become_flat_records_that_point_back() -> None:
    (batch,) = packed(billing(1))
    body = batch.body()
    assert list(body) == ["customers", "invoices", "line_items", "transactions", "subscription_events"]
    assert body["invoices"] == [
        {"external_id": "inv-1", "customer_external_id": "acct-1", "date": "2026-03-01", "currency": "USD"}
    ]
    assert [(item["invoice_external_id"], item["external_id"]) for item in body["line_items"]] == [
        ("inv-1", "inv-1-line-1")
    ]
    assert [(item["invoice_external_id"], item["external_id"]) for item in body["transactions"]] == [
        ("inv-1", "inv-1-transaction-1")
    ]


def test_given_external_ids_of_parts_are_kept() -> None:
    records = BillingRecords(invoices=[invoice(line_items=[line_item(external_id="li-7"), line_item()])])
    items = packed(records)[0].body()["line_items"]
    assert [item["external_id"] for item in items] == ["li-7", "inv-1-line-2"]


def test_events_without_external_id_get_one_from_their_content() -> None:
    def ids(*events: dict[str, str]) -> list[str]:
        return [e["external_id"] for e in packed(BillingRecords(subscription_events=list(events)))[0].body()[kind]]

    kind = "subscription_events"
    first, second = cancellation(), cancellation(effective_date="2026-05-01")
    assert len(set(ids(first, second))) == 2
    assert ids(first, second) == ids(second, first)
    assert ids(cancellation(external_id="evt-1")) == ["evt-1"]


def test_the_input_is_left_as_it_was() -> None:
    records = billing(2)
    before = json.dumps([records.customers, records.invoices, records.subscription_events])
    packed(records)
    assert json.dumps([records.customers, records.invoices, records.subscription_events]) == before


def test_all_records_of_a_customer_are_in_one_request() -> None:
    records = billing(25)
    records.invoices += [invoice(n, external_id=f"second-{n}", date="2026-04-01") for n in range(25, 0, -1)]
    found = packed(records, max_customers=4)
    assert [len(customers_of(batch)) for batch in found] == [4, 4, 4, 4, 4, 4, 1]
    seen: set[str] = set()
    for batch in found:
        assert not seen & customers_of(batch)
        seen |= customers_of(batch)
    assert sum(len(batch.body()["invoices"]) for batch in found) == 50


def test_customers_that_are_on_the_server_only_are_grouped_too() -> None:
    (batch,) = packed(BillingRecords(invoices=[invoice(1)], subscription_events=[cancellation(2)]))
    assert customers_of(batch) == {"acct-1", "acct-2"}


def test_invoices_go_oldest_first() -> None:
    dates = ["2026-03-01", "2025-12-01T00:00:00Z", "2026-01-01 00:00:00 UTC"]
    records = BillingRecords(invoices=[invoice(1, external_id=f"i-{n}", date=d) for n, d in enumerate(dates)])
    assert [i["external_id"] for i in packed(records)[0].body()["invoices"]] == ["i-1", "i-2", "i-0"]


def test_no_request_is_larger_than_allowed() -> None:
    records = billing(300)
    for record in records.customers:
        record["company"] = "ü€" * 400
    limit = 60_000
    found = packed(records, max_bytes=limit)
    assert len(found) > 5
    for batch in found:
        body = {"external_id": batch.import_id(99), **batch.body()}
        assert len(json.dumps(body)) <= limit
        assert len(json.dumps(body, ensure_ascii=False).encode()) <= limit
    assert sum(len(batch.body()["customers"]) for batch in found) == 300
    assert MAX_BYTES == 5_000_000


def test_a_customer_fits_up_to_the_last_byte() -> None:
    (group,) = customer_groups(billing(1), set())
    assert group.fits(group.size + ENVELOPE)
    assert not group.fits(group.size + ENVELOPE - 1)


def test_the_order_of_the_input_does_not_matter() -> None:
    def names(records: BillingRecords) -> list[str]:
        return [batch.import_id() for batch in packed(records, max_customers=7)]

    records = billing(40)
    expected = names(records)
    for kind in ("customers", "invoices", "subscription_events"):
        random.Random(3).shuffle(getattr(records, kind))
    for record in records.customers:
        record.update(dict(reversed(list(record.items()))))
    assert names(records) == expected
    assert len(set(expected)) == 6


def test_another_content_has_another_name() -> None:
    records = billing(1)
    (before,) = packed(records)
    records.invoices[0]["line_items"][0]["amount_in_cents"] += 1
    (after,) = packed(records)
    assert before.import_id() != after.import_id()
    assert before.import_id(2) == f"{before.import_id()}-2"


def test_dates_are_sent_as_text_and_nothing_as_null() -> None:
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    records = BillingRecords(customers=[customer(lead_created_at=moment, email=None, free_trial_started_at=None)])
    records.invoices = [invoice(date=date(2026, 3, 1))]
    body = packed(records)[0].body()
    assert body["customers"] == [{**customer(), "lead_created_at": "2026-03-01T12:00:00Z"}]
    assert body["invoices"][0]["date"] == "2026-03-01"


def test_rejected_records_are_left_out() -> None:
    records = billing(2)
    records.plans.append(plan(external_id="other"))
    rejected = {Source("customers", 1), Source("invoices", 1), Source("subscription_events", 1), Source("plans", 1)}
    groups = customer_groups(records, rejected)
    assert [group.customer for group in groups] == ["acct-2"]
    assert [part.external_id for part in plan_parts(records, rejected)] == ["other"]
