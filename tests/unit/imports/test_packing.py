"""Customers travel whole, in bounded requests, whose names depend on their content alone."""

from __future__ import annotations

import json
import random
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.imports import Given
from airflow_provider_chartmogul.imports.billing_import import inline
from airflow_provider_chartmogul.imports.checking import check_together
from airflow_provider_chartmogul.imports.intake import Intake
from airflow_provider_chartmogul.imports.journal import Journal
from airflow_provider_chartmogul.imports.packing import (
    ENVELOPE,
    MAX_BYTES,
    MAX_CUSTOMERS,
    Batch,
    encoded,
    pack,
    pack_plans,
)
from tests.unit.imports.samples import billing, cancellation, customer, invoice, line_item, plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.unit.imports.samples import Records


@contextmanager
def taken_in(records: Mapping[str, Iterable[Any]] | list[Given], max_bytes: int = MAX_BYTES) -> Iterator[Journal]:
    with Journal() as journal:
        Intake(journal).take_all(records if isinstance(records, list) else inline(records))
        check_together(journal, max_bytes - ENVELOPE)
        yield journal


def packed(
    records: Mapping[str, Iterable[Any]] | list[Given],
    max_customers: int = MAX_CUSTOMERS,
    max_bytes: int = MAX_BYTES,
) -> list[tuple[Batch, dict[str, Any]]]:
    """Return the requests, plans aside, each with its body."""
    with taken_in(records, max_bytes) as journal:
        batches = pack(journal, first=0, max_customers=max_customers, max_bytes=max_bytes)
        return [(batch, json.loads(encoded(journal, batch, batch.import_id("")))) for batch in batches]


def bodies(records: Mapping[str, Iterable[Any]], **limits: int) -> list[dict[str, Any]]:
    return [body for _, body in packed(records, **limits)]


def names(records: Mapping[str, Iterable[Any]] | list[Given], **limits: int) -> list[str]:
    return [body["external_id"] for _, body in packed(records, **limits)]


def customers_of(body: Mapping[str, Any]) -> set[str]:
    named = {record["customer_external_id"] for kind in ("invoices", "subscription_events") for record in body[kind]}
    return named | {record["external_id"] for record in body["customers"]}


def test_parts_of_an_invoice_become_flat_records_that_point_back() -> None:
    (body,) = bodies(billing(1))
    assert set(body) == {
        "external_id",
        "customers",
        "invoices",
        "line_items",
        "transactions",
        "subscription_events",
    }
    assert body["invoices"] == [
        {"external_id": "inv-1", "customer_external_id": "acct-1", "date": "2026-03-01", "currency": "USD"}
    ]
    (item,), (payment,) = body["line_items"], body["transactions"]
    assert item.pop("external_id").startswith("inv-1-line-")
    assert item == {**line_item(), "invoice_external_id": "inv-1"}
    assert payment.pop("external_id").startswith("inv-1-transaction-")
    assert payment.pop("invoice_external_id") == "inv-1"


def test_given_external_ids_of_parts_are_kept() -> None:
    (body,) = bodies({"invoices": [invoice(line_items=[line_item(external_id="li-7"), line_item()])]})
    first, second = (item["external_id"] for item in body["line_items"])
    assert first == "li-7"
    assert second.startswith("inv-1-line-")


def test_parts_of_their_own_travel_with_their_invoice() -> None:
    own = [line_item(n, invoice_external_id=f"inv-{n}", amount_in_cents=100) for n in (2, 1)]
    payments = [
        {"type": "payment", "result": "failed", "date": "2026-03-02", "invoice_external_id": "inv-2"} for _ in range(2)
    ]
    bare = invoice(2, line_items=None, transactions=None)
    records = {"transactions": payments, "line_items": own, "invoices": [invoice(1), bare]}
    first, second = bodies(records, max_customers=1)
    assert [i["external_id"] for i in first["invoices"]] == ["inv-1"]
    assert [i["amount_in_cents"] for i in first["line_items"]] == [5000, 100]
    assert [i["external_id"] for i in second["invoices"]] == ["inv-2"]
    assert [i["invoice_external_id"] for i in second["line_items"]] == ["inv-2"]
    # equal parts may be meant
    assert len({payment["external_id"] for payment in second["transactions"]}) == 2


def test_ids_that_are_made_depend_on_content_not_on_place() -> None:
    def ids(*items: dict[str, Any]) -> dict[int, str]:
        (body,) = bodies({"invoices": [invoice(line_items=list(items))]})
        return {item["amount_in_cents"]: item["external_id"] for item in body["line_items"]}

    one, other = line_item(amount_in_cents=1), line_item(amount_in_cents=2)
    assert ids(one, other) == ids(other, one)
    assert ids(dict(reversed(list(one.items())))) == ids(one)


def test_events_without_external_id_get_one_from_their_content() -> None:
    def ids(*events: dict[str, str]) -> list[str]:
        (body,) = bodies({"subscription_events": events})
        return [event["external_id"] for event in body["subscription_events"]]

    first, second = cancellation(), cancellation(effective_date="2026-05-01")
    assert len(set(ids(first, second))) == 2
    assert ids(first, second) == ids(second, first)
    assert ids(cancellation(external_id="evt-1")) == ["evt-1"]


def test_the_input_is_left_as_it_was() -> None:
    records = billing(2)
    before = json.dumps(records)
    packed(records)
    assert json.dumps(records) == before


def test_all_records_of_a_customer_are_in_one_request() -> None:
    records = billing(25)
    records["invoices"] += [invoice(n, external_id=f"second-{n}", date="2026-04-01") for n in range(25, 0, -1)]
    found = packed(records, max_customers=4)
    assert [batch.customers for batch, _ in found] == [4, 4, 4, 4, 4, 4, 1]
    assert {batch.after for batch, _ in found} == {None}
    seen: set[str] = set()
    for _, body in found:
        customers = {record["external_id"] for record in body["customers"]}
        assert {record["customer_external_id"] for record in body["invoices"]} == customers
        assert not seen & customers
        seen |= customers
    assert sum(len(body["invoices"]) for _, body in found) == 50


def test_customers_that_are_on_the_server_only_are_grouped_too() -> None:
    found = packed({"invoices": [invoice(1)], "subscription_events": [cancellation(2)]}, max_customers=1)
    assert [batch.customers for batch, _ in found] == [1, 1]


def test_invoices_go_oldest_first() -> None:
    dates = ["2026-03-01", "2025-12-01T00:00:00Z", "2026-01-01 00:00:00 UTC", "2025-12-01T00:30:00+01:00"]
    (body,) = bodies({"invoices": [invoice(1, external_id=f"i-{n}", date=d) for n, d in enumerate(dates)]})
    assert [i["external_id"] for i in body["invoices"]] == ["i-3", "i-1", "i-2", "i-0"]


@pytest.mark.parametrize("name", ["inv", "Rechnung-Übergröße-€" * 8])
def test_no_request_is_larger_than_allowed(name: str) -> None:
    records = billing(100)
    for record in records["customers"]:
        record["company"] = "ü€" * 100
    for number, record in enumerate(records["invoices"]):
        record["external_id"] = f"{name}-{number}"
        record["line_items"] *= 5
    own = [
        {"type": "payment", "result": "failed", "date": "2026-03-02", "invoice_external_id": f"{name}-{number}"}
        for number in range(100)
    ]
    limit = 60_000
    with taken_in({**records, "transactions": own}, limit) as journal:
        batches = pack(journal, first=0, max_customers=1_000, max_bytes=limit)
        texts = [encoded(journal, batch, batch.import_id("", 99)) for batch in batches]
    assert len(texts) > 5
    assert max(map(len, texts)) <= limit
    assert sum(len(json.loads(text)["customers"]) for text in texts) == 100
    assert MAX_BYTES == 5_000_000


def test_no_request_of_many_small_records_is_larger_than_allowed() -> None:
    events = [cancellation(n, effective_date=f"2026-04-0{d}") for n in range(200) for d in range(1, 6)]
    limit = 20_000
    with taken_in({"subscription_events": events}, limit) as journal:
        batches = pack(journal, first=0, max_customers=1_000, max_bytes=limit)
        texts = [encoded(journal, batch, batch.import_id("", 99)) for batch in batches]
    assert max(map(len, texts)) <= limit
    assert sum(len(json.loads(text)["subscription_events"]) for text in texts) == 1_000


def test_many_plans_go_into_several_requests() -> None:
    limit = 20_000
    with taken_in({"plans": [plan(external_id=f"plan-{n}") for n in range(500)]}, limit) as journal:
        batches = pack_plans(journal, max_bytes=limit)
        texts = [encoded(journal, batch, batch.import_id("")) for batch in batches]
    assert max(map(len, texts)) <= limit
    assert len(texts) == len({batch.number for batch in batches}) > 1
    assert sum(len(json.loads(text)["plans"]) for text in texts) == 500


class TestCustomersThatAreTooLarge:
    """They go into consecutive requests, each of which waits for the one before."""

    limit = 10_000

    def records(self) -> Records:
        records = billing(3)
        records["invoices"] += [
            invoice(2, external_id=f"more-{n:02}", date=f"2026-01-{n:02}") for n in range(30, 0, -1)
        ]
        return records

    def test_requests_follow_each_other(self) -> None:
        found = packed(self.records(), max_bytes=self.limit)
        about = [customers_of({"customers": [], "subscription_events": [], **body}) for _, body in found]
        assert about == [{"acct-1"}, *[{"acct-2"}] * (len(found) - 2), {"acct-3"}]
        assert len(found) > 4
        afters = [batch.after for batch, _ in found]
        assert afters == [None, None, *range(1, len(found) - 2), None]

    def test_the_customer_comes_first_then_invoices_from_the_oldest_on(self) -> None:
        of_one = [body for _, body in packed(self.records(), max_bytes=self.limit)][1:-1]
        assert [len(body.get("customers", ())) for body in of_one] == [1, *[0] * (len(of_one) - 1)]
        dates = [record["date"] for body in of_one for record in body["invoices"]]
        assert dates == sorted(dates)
        assert len(dates) == 31

    def test_invoices_travel_whole(self) -> None:
        for _, body in packed(self.records(), max_bytes=self.limit):
            invoices = {record["external_id"] for record in body["invoices"]}
            assert {item["invoice_external_id"] for item in body["line_items"]} == invoices

    def test_no_request_is_too_large(self) -> None:
        for _, body in packed(self.records(), max_bytes=self.limit):
            assert len(json.dumps(body)) <= self.limit


def test_the_order_of_the_input_does_not_matter() -> None:
    records = billing(40)
    expected = names(records, max_customers=7)
    for kind in ("customers", "invoices", "subscription_events"):
        random.Random(3).shuffle(records[kind])
    for record in records["customers"]:
        record.update(dict(reversed(list(record.items()))))
    assert names(dict(reversed(records.items())), max_customers=7) == expected
    assert len(set(expected)) == 6


def test_another_content_has_another_name() -> None:
    records = billing(1)
    ((batch, _),) = packed(records)
    records["invoices"][0]["line_items"][0]["amount_in_cents"] += 1
    ((after, _),) = packed(records)
    assert batch.import_id("") != after.import_id("")
    assert batch.import_id("", 2) == f"{batch.import_id('')}-2"
    assert batch.import_id("once more") != batch.import_id("")


def test_an_invoice_that_is_to_replace_another_is_another_content() -> None:
    given = [[Given("invoices", invoice(), "", replace=replace)] for replace in (False, True)]
    assert names(given[0]) != names(given[1])


def test_dates_are_sent_as_text_and_nothing_as_null() -> None:
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    records = {
        "customers": [customer(lead_created_at=moment, email=None, free_trial_started_at=None)],
        "invoices": [invoice(date=date(2026, 3, 1))],
    }
    (body,) = bodies(records)
    assert body["customers"] == [{**customer(), "lead_created_at": "2026-03-01T12:00:00Z"}]
    assert body["invoices"][0]["date"] == "2026-03-01"
    # the same as text is the same import
    records["customers"][0]["lead_created_at"] = "2026-03-01T12:00:00Z"
    assert names(records) == [body["external_id"]]


def test_rejected_records_are_left_out() -> None:
    records = billing(2)
    records["plans"].append(plan(external_id="other"))
    records["plans"][0]["interval_count"] = 0
    records["customers"][0]["name"] = 1
    records["invoices"][1]["line_items"] = [{"type": "one_time", "amount_in_cents": 1}]
    (body,) = bodies(records)
    assert {kind: len(those) for kind, those in body.items() if kind != "external_id"} == {
        "customers": 1,
        "invoices": 1,
        "line_items": 1,
        "transactions": 1,
    }
    assert body["customers"][0]["external_id"] == "acct-2"
    with taken_in(records) as journal:
        (batch,) = pack_plans(journal, max_bytes=MAX_BYTES)
        assert [p["external_id"] for p in json.loads(encoded(journal, batch, ""))["plans"]] == ["other"]
