"""Break one thing on either side, and see exactly that difference with what follows from it, and nothing else."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.client.fields import Problem
from airflow_provider_chartmogul.imports import Given
from airflow_provider_chartmogul.reconcile import COLUMNS, Window
from tests.unit.imports.samples import cancellation, customer, invoice, plan
from tests.unit.reconcile.sides import NOTHING, Sides, bill, history, item, payment, reasons, sums

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

EVERYTHING = {"invoices": 3, "sums": 3, "mrr": 3}


@pytest.fixture
def sides(client: ChartMogulClient, data_source: str) -> Sides:
    both = Sides(client, data_source, history())
    both.store(both.records)
    return both


class TestEqual:
    def test_after_an_import(self, sides: Sides) -> None:
        found = sides.compare()
        assert found.summary == {
            "equal": True,
            "differences": {},
            "open": {},
            "compared": EVERYTHING,
            "not_compared": 0,
        }
        assert (found.rows, found.fixes, found.extras) == ([], [], [])

    def test_parts_beside_their_invoices(self, sides: Sides) -> None:
        parts: dict[str, Any] = {
            kind: [
                {**part, "invoice_external_id": one["external_id"]}
                for one in sides.records["invoices"]
                for part in one[kind]
            ]
            for kind in ("line_items", "transactions")
        }
        bare = [{name: value for name, value in one.items() if name not in parts} for one in sides.records["invoices"]]
        found = sides.compare({**sides.records, "invoices": bare, **parts})
        assert found.rows == []
        parts["line_items"][1]["amount_in_cents"] = 4000
        changed = sides.compare({**sides.records, "invoices": bare, **parts})
        assert ("different", "inv-2", "line_items[inv-2-seats].amount_in_cents", 4000, 5000) in changed.short
        whole = bill(2, line_items=[item(2, amount_in_cents=4000)])
        was = sides.invoice("inv-2")
        assert changed.fixes == [{"kind": "invoices", "record": whole, "replace": True, "was": was}]

    @pytest.mark.parametrize(
        "fields",
        [
            {"date": "2026-03-01T00:00:00.000Z"},
            {"date": "2026-03-01 02:00:00 +0200"},
            {"date": dt.date(2026, 3, 1)},
            {"date": dt.datetime(2026, 3, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))},
            {"due_date": None},
            {"line_items": [item(2, quantity=1, tax_amount_in_cents=0, discount_amount_in_cents=0)]},
            {"line_items": [item(2, prorated=False, discount_code="", event_order=0)]},
            {"line_items": [item(2, service_period_end=None)]},
            {"transactions": [payment(2, amount_in_cents=5000)]},
        ],
    )
    def test_the_same_in_other_words(self, sides: Sides, fields: dict[str, Any]) -> None:
        sides.records["invoices"][1] |= fields
        assert sides.compare().rows == []

    def test_parts_and_events_without_names(self, client: ChartMogulClient, data_source: str) -> None:
        twice = {"type": "one_time", "amount_in_cents": 300, "description": "call"}
        records = {
            **history(),
            "invoices": [invoice(1), invoice(2, line_items=[*invoice(2)["line_items"], twice, twice])],
            "subscription_events": [cancellation(1)],
        }
        both = Sides(client, data_source, records)
        both.store(records)
        assert both.compare().rows == []

    def test_parts_and_events_that_were_sent_without_a_name_one_by_one(self, sides: Sides) -> None:
        client, source = sides.client, sides.data_source
        uuid = client.customers.list(data_source_uuid=source, external_id="acct-2").first()
        plans = client.plans.list(data_source_uuid=source).first()
        assert uuid
        assert plans
        client.invoices.delete_by_external_id(source, "inv-2")
        part = item(2, plan_uuid=plans["uuid"])
        del part["external_id"], part["plan_external_id"]
        paid = payment(2)
        del paid["external_id"]
        one = {"external_id": "inv-2", "date": "2026-03-01", "currency": "USD"}
        client.invoices.create(uuid["uuid"], [{**one, "line_items": [part], "transactions": [paid]}])
        client.subscription_events.delete(external_id="end-1", data_source_uuid=source)
        client.subscription_events.create(data_source_uuid=source, **cancellation(1))
        assert sides.compare().rows == []


class TestInvoices:
    def test_missing(self, sides: Sides) -> None:
        sides.client.invoices.delete_by_external_id(sides.data_source, "inv-2")
        found = sides.compare()
        assert found.short == {
            ("missing", "inv-2", None, None, None),
            *sums(2, theirs=NOTHING),
            ("mrr", "acct-2", "mrr", 5000, 0),
        }
        assert found.summary["differences"] == {
            "missing": {"invoice": 1},
            "mrr": {"customer": 1},
            "sum": {"month": 1},
        }
        assert found.fixes == [{"kind": "invoices", "record": bill(2)}]
        assert found.extras == []

    def test_extra(self, sides: Sides) -> None:
        sides.store({"invoices": [bill(9, customer_external_id="acct-2", line_items=[item(2, external_id="more")])]})
        was = sides.invoice("inv-9")
        uuid = was["uuid"]
        found = sides.compare(max_extra=1)
        assert found.short == {
            ("extra", "inv-9", None, None, uuid),
            *sums(2, theirs=(2, 10000, 2, 10000)),
        }
        assert found.fixes == []
        name = {"uuid": uuid, "external_id": "inv-9"}
        assert found.extras == [{"kind": "invoices", "record": name, "problems": [], "was": was}]

    def test_another_amount(self, sides: Sides) -> None:
        sides.replace(bill(2, line_items=[item(2, amount_in_cents=4000)]))
        found = sides.compare()
        assert found.short == {
            ("different", "inv-2", "amount_in_cents", 5000, 4000),
            ("different", "inv-2", "line_items[inv-2-seats].amount_in_cents", 5000, 4000),
            ("different", "inv-2", "payments_in_cents", 5000, 4000),
            *sums(2, theirs=(1, 4000, 1, 4000)),
            ("mrr", "acct-2", "mrr", 5000, 4000),
        }
        assert found.summary["differences"]["different"] == {"invoice": 1}
        was = sides.invoice("inv-2")
        assert found.fixes == [{"kind": "invoices", "record": bill(2), "replace": True, "was": was}]
        assert found.updates == []

    @pytest.mark.parametrize(
        ("fields", "field", "ours", "theirs"),
        [
            ({"due_date": "2026-04-01"}, "due_date", "2026-03-15T00:00:00.000Z", "2026-04-01T00:00:00.000Z"),
            ({"due_date": None}, "due_date", "2026-03-15T00:00:00.000Z", None),
            ({"collection_method": "manual"}, "collection_method", "automatic", "manual"),
            ({"date": "2026-03-01T00:00:01Z"}, "date", "2026-03-01T00:00:00.000Z", "2026-03-01T00:00:01.000Z"),
        ],
    )
    def test_other_terms(self, sides: Sides, fields: dict[str, Any], field: str, ours: Any, theirs: Any) -> None:
        given = bill(2, due_date="2026-03-15", collection_method="automatic")
        sides.records["invoices"][1] = given
        sides.replace({**given, **fields})
        found = sides.compare()
        assert found.short == {("different", "inv-2", field, ours, theirs)}
        assert found.fixes == []
        record = {"data_source_uuid": sides.data_source, **given}
        letter = {"kind": "invoices", "record": record, "problems": [], "was": sides.invoice("inv-2")}
        assert found.updates == [letter]

    def test_another_customer(self, sides: Sides) -> None:
        sides.replace(bill(2, customer_external_id="acct-3"))
        assert sides.compare().short == {
            ("different", "inv-2", "customer_external_id", "acct-2", "acct-3"),
            *sums(2, theirs=NOTHING),
            *sums(3, theirs=(2, 10000, 2, 10000)),
            ("mrr", "acct-2", "mrr", 5000, 0),
            ("mrr", "acct-3", "mrr", 5000, 10000),
        }

    def test_another_currency(self, sides: Sides) -> None:
        sides.replace(bill(2, currency="EUR"))
        found = sides.compare()
        assert {row for row in found.short if row[0] != "sum"} == {
            ("different", "inv-2", "currency", "USD", "EUR"),
            # 50.00 EUR at the emulator's rate of 1.10
            ("mrr", "acct-2", "mrr", 5000, 5500),
        }
        assert {row[1] for row in found.short if row[0] == "sum"} == {"acct-2 2026-03 USD", "acct-2 2026-03 EUR"}

    @pytest.mark.parametrize(
        ("fields", "field", "ours", "theirs"),
        [
            ({"tax_amount_in_cents": 800}, "tax_amount_in_cents", 0, 800),
            ({"discount_amount_in_cents": 100}, "discount_amount_in_cents", 0, 100),
            ({"discount_code": "SPRING"}, "discount_code", None, "SPRING"),
            ({"quantity": 3}, "quantity", 1, 3),
            ({"plan_external_id": "solo"}, "plan_external_id", "team", "solo"),
            ({"subscription_external_id": "other"}, "subscription_external_id", "acct-2-main", "other"),
            (
                {"service_period_end": "2026-03-31"},
                "service_period_end",
                "2026-04-01T00:00:00.000Z",
                "2026-03-31T00:00:00.000Z",
            ),
            ({"prorated": True, "proration_type": "full"}, "prorated", False, True),
            ({"event_order": 2}, "event_order", 0, 2),
        ],
    )
    def test_other_line_items(self, sides: Sides, fields: dict[str, Any], field: str, ours: Any, theirs: Any) -> None:
        sides.store({"plans": [plan(external_id="solo", name="Solo")]})
        given = item(
            2,
            quantity=1,
            tax_amount_in_cents=0,
            discount_amount_in_cents=0,
            discount_code="",
            prorated=False,
            event_order=0,
        )
        sides.records["invoices"][1] = bill(2, line_items=[given])
        sides.replace(bill(2, line_items=[{**given, **fields}]))
        found = {row for row in sides.compare().short if row[0] != "mrr"}
        assert found == {("different", "inv-2", f"line_items[inv-2-seats].{field}", ours, theirs)}

    def test_another_number_of_line_items(self, sides: Sides) -> None:
        fee = {"type": "one_time", "amount_in_cents": 700, "external_id": "fee"}
        sides.replace(bill(2, line_items=[item(2), fee]))
        assert sides.compare().short == {
            ("different", "inv-2", "line_items", 1, 2),
            ("different", "inv-2", "amount_in_cents", 5000, 5700),
            ("different", "inv-2", "line_items[fee]", None, 700),
            ("different", "inv-2", "payments_in_cents", 5000, 5700),
            *sums(2, theirs=(1, 5700, 1, 5700)),
        }

    @pytest.mark.parametrize(
        ("transactions", "fields", "theirs"),
        [
            (
                [payment(2, amount_in_cents=3000)],
                {("payments_in_cents", 5000, 3000)},
                (1, 5000, 1, 3000),
            ),
            (
                [],
                {("payments_in_cents", 5000, 0), ("transactions[inv-2-paid]", None, None)},
                (1, 5000, 0, 0),
            ),
            (
                [payment(2, result="failed")],
                {("payments_in_cents", 5000, 0), ("transactions[inv-2-paid].result", "successful", "failed")},
                (1, 5000, 0, 0),
            ),
            (
                [payment(2, date="2026-03-03")],
                {("transactions[inv-2-paid].date", "2026-03-02T00:00:00.000Z", "2026-03-03T00:00:00.000Z")},
                (1, 5000, 1, 5000),
            ),
        ],
    )
    def test_other_payments(
        self,
        sides: Sides,
        transactions: list[dict[str, Any]],
        fields: set[tuple[str, Any, Any]],
        theirs: tuple[int, int, int, int],
    ) -> None:
        sides.replace(bill(2, transactions=transactions))
        expected = {("different", "inv-2", *field) for field in fields}
        assert sides.compare().short == {*expected, *sums(2, theirs=theirs)}

    def test_a_refund(self, sides: Sides) -> None:
        refund = {"external_id": "back", "type": "refund", "result": "successful", "date": "2026-03-05"}
        sides.replace(bill(2, transactions=[payment(2), {**refund, "amount_in_cents": 1200}]))
        month = "acct-2 2026-03 USD"
        assert sides.compare().short == {
            ("different", "inv-2", "refunds_in_cents", 0, 1200),
            ("different", "inv-2", "transactions[back]", None, 1200),
            ("sum", month, "refunds", 0, 1),
            ("sum", month, "refunds_in_cents", 0, 1200),
        }

    def test_a_source_without_payments_is_not_compared_by_them(self, sides: Sides) -> None:
        bare = [
            {name: value for name, value in one.items() if name != "transactions"} for one in sides.records["invoices"]
        ]
        assert sides.compare({**sides.records, "invoices": bare}).rows == []
        assert len(sides.compare({**sides.records, "invoices": bare, "transactions": []}).rows) == 3 * 4

    def test_refused(self, sides: Sides) -> None:
        client, source = sides.client, sides.data_source
        client.invoices.delete_by_external_id(source, "inv-2")
        bad = {**bill(2, date="2999-01-01"), "line_items": [], "transactions": []}
        lines = [{**item(2), "invoice_external_id": "inv-2"}]
        client.json_imports.create(source, external_id="bad", invoices=[bad], line_items=lines)
        while client.json_imports.retrieve(source, "bad")["status"] != "completed":
            pass
        found = sides.compare()
        assert {row for row in found.short if row[0] != "sum"} == {
            ("refused", "inv-2", "date", None, None),
            ("mrr", "acct-2", "mrr", 5000, 0),
        }
        assert [row["message"] for row in found.rows if row["kind"] == "refused"] == ["Date is in the future"]
        # the import deletes what was refused by itself
        assert found.fixes == [{"kind": "invoices", "record": bill(2)}]
        assert found.extras == []

    def test_one_that_names_customer_and_plan_by_uuid_alone(
        self, sides: Sides, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As answers were of old."""
        without_names(monkeypatch)
        assert "customer_external_id" not in sides.invoice("inv-1")
        assert sides.compare().rows == []
        sides.store({"invoices": [bill(9, customer_external_id="acct-2", line_items=[item(2, external_id="more")])]})
        assert sums(2, theirs=(2, 10000, 2, 10000)) < sides.compare().short

    def test_a_credit_note_that_was_paid_out_as_a_whole(self, client: ChartMogulClient, data_source: str) -> None:
        credit = {"type": "one_time", "amount_in_cents": -2000, "external_id": "credit"}
        back: dict[str, Any] = {"external_id": "back", "type": "refund", "result": "successful", "date": "2026-03-05"}
        records = history()
        records["invoices"].append(bill(4, customer_external_id="acct-2", line_items=[credit], transactions=[back]))
        both = Sides(client, data_source, records)
        both.store(records)
        assert both.invoice("inv-4")["transactions"][0]["amount_in_cents"] is None
        assert both.compare().rows == []
        back["amount_in_cents"] = 2000
        assert both.compare().rows == []

    def test_two_of_a_merged_customer_that_name_it_by_uuid_alone(
        self, sides: Sides, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        uuids = sides.uuids()
        sides.client.customers.merge(from_={"customer_uuid": uuids["acct-3"]}, into={"customer_uuid": uuids["acct-2"]})
        without_names(monkeypatch)
        assert {row["kind"] for row in sides.compare().rows} == {"not_compared"}


def without_names(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_chartmogul.emulator.routes import invoices
    from airflow_provider_chartmogul.emulator.views.invoices import invoice_json

    def older(*arguments: Any) -> dict[str, Any]:
        answer = invoice_json(*arguments)
        del answer["customer_external_id"]
        for one in answer["line_items"]:
            one.pop("plan_external_id", None)
        return answer

    monkeypatch.setattr(invoices, "invoice_json", older)


class TestOthers:
    def test_a_customer_that_is_gone_with_all_that_it_had(self, sides: Sides) -> None:
        gone = sides.client.customers.list(data_source_uuid=sides.data_source, external_id="acct-1").first()
        assert gone
        sides.client.customers.delete(gone["uuid"])
        found = sides.compare()
        assert found.short == {
            ("missing", "acct-1", None, None, None),
            ("missing", "inv-1", None, None, None),
            ("missing", "end-1", None, None, None),
            *sums(1, theirs=NOTHING),
        }
        assert [line["kind"] for line in found.fixes] == ["customers", "invoices", "subscription_events"]
        assert [line["record"] for line in found.fixes] == [
            customer(1),
            bill(1),
            sides.records["subscription_events"][0],
        ]

    def test_a_customer_too_many(self, sides: Sides) -> None:
        sides.store({"customers": [customer(9)]})
        found = sides.compare()
        assert [(row["kind"], row["level"], row["customer_external_id"]) for row in found.rows] == [
            ("extra", "customer", "acct-9")
        ]
        # without a source of customers nothing can be said of them
        assert sides.compare({kind: those for kind, those in sides.records.items() if kind != "customers"}).rows == []

    def test_a_customer_that_is_merged_with_one_of_another_data_source(self, sides: Sides) -> None:
        client = sides.client
        other = client.data_sources.create(name="CRM")["uuid"]
        uuid = client.customers.create(data_source_uuid=other, external_id="lead-7", name="Lead")["uuid"]
        client.customers.merge(from_={"customer_uuid": uuid}, into={"customer_uuid": sides.uuids()["acct-2"]})
        found = sides.compare()
        assert [(row["kind"], row["external_id"]) for row in found.rows] == [("not_compared", "acct-2")]

    def test_plans(self, sides: Sides) -> None:
        solo = plan(external_id="solo", name="Solo")
        sides.records["plans"].append(solo)
        found = sides.compare()
        assert found.short == {("missing", "solo", None, None, None)}
        assert found.fixes == [{"kind": "plans", "record": solo}]
        sides.records["plans"] = [plan(interval_unit="year")]
        assert sides.compare().short == {
            ("different", "team", "interval_unit", "year", "month"),
            *(("mrr", f"acct-{number}", "mrr", 417, 5000) for number in (2, 3)),
        }

    def test_events(self, sides: Sides) -> None:
        client, source = sides.client, sides.data_source
        client.subscription_events.delete(external_id="end-1", data_source_uuid=source)
        found = sides.compare()
        assert found.short == {("missing", "end-1", None, None, None), ("mrr", "acct-1", "mrr", 0, 5000)}
        assert found.fixes == [{"kind": "subscription_events", "record": cancellation(1, external_id="end-1")}]

        changed = cancellation(1, external_id="end-1", effective_date="2026-04-02")
        client.subscription_events.create(data_source_uuid=source, **changed)
        assert sides.compare().short == {
            ("different", "end-1", "effective_date", "2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z")
        }

        more = client.subscription_events.create(data_source_uuid=source, **cancellation(2, external_id="end-2"))
        assert ("extra", "end-2", None, None, str(more["id"])) in sides.compare().short

    def test_of_two_equal_events_without_a_name_one_is_missing(self, sides: Sides) -> None:
        client, source = sides.client, sides.data_source
        client.subscription_events.delete(external_id="end-1", data_source_uuid=source)
        client.subscription_events.create(data_source_uuid=source, **cancellation(1))
        sides.records["subscription_events"].append(cancellation(1, external_id="end-0"))
        # by content the first of the two is there
        assert sides.compare().short == {("missing", "end-1", None, None, None)}


class TestBadOnes:
    def test_an_invalid_invoice_of_the_source_is_told_of_and_not_compared(self, sides: Sides) -> None:
        sides.records["invoices"][1] = bill(2, currency="dollars")
        found = sides.compare()
        assert [(row["kind"], row["external_id"], row["field"]) for row in found.rows] == [
            ("not_compared", "acct-2", "mrr"),
            ("invalid", "inv-2", "currency"),
        ]
        assert found.rows[1]["message"].startswith("record 2: ")
        assert (found.fixes, found.extras) == ([], [])
        assert found.summary["equal"] is False
        assert found.summary["differences"] == {"invalid": {"invoice": 1}}
        assert found.summary["not_compared"] == 1

    def test_what_cannot_be_read_may_be_what_seems_too_much(
        self, sides: Sides, caplog: pytest.LogCaptureFixture
    ) -> None:
        unread = Given("invoices", None, "bills.jsonl, line 2", (Problem("", "is no JSON"),), text="{")
        sides.records["invoices"][1] = unread  # type: ignore[call-overload]
        found = sides.compare()
        (told,) = [row for row in found.rows if row["kind"] == "unreadable"]
        assert (told["level"], told["message"]) == ("invoice", "bills.jsonl, line 2: is no JSON")
        (extra,) = [row for row in found.rows if row["kind"] == "extra"]
        assert (extra["external_id"], extra["message"]) == (
            "inv-2",
            "may be one that could not be read in the source",
        )
        assert found.extras == []
        assert found.summary["open"] == {"extra": 1}
        assert "each of 1 may be one that could not be read in the source" in caplog.text

    def test_what_hangs_on_a_bad_one(self, sides: Sides) -> None:
        sides.records["customers"][1]["name"] = 5
        found = sides.compare()
        assert {(row["kind"], row["external_id"]) for row in found.rows} == {
            ("invalid", "acct-2"),
            ("invalid", "inv-2"),
            ("not_compared", "acct-2"),
        }
        assert (found.fixes, found.extras) == ([], [])


class TestMrr:
    def test_can_be_left_out(self, sides: Sides) -> None:
        sides.client.invoices.delete_by_external_id(sides.data_source, "inv-2")
        found = sides.compare(with_mrr=False)
        assert "mrr" not in found.summary["differences"] | found.summary["compared"]

    @pytest.mark.parametrize("proration", ["differential", "full"])
    def test_prorated_items_and_cancelled_at(self, client: ChartMogulClient, data_source: str, proration: str) -> None:
        part = item(
            2,
            external_id="more",
            service_period_start="2026-03-17",
            amount_in_cents=3000,
            prorated=True,
            proration_type=proration,
        )
        records = history()
        records["invoices"][1]["line_items"].append(part)
        records["invoices"][2]["line_items"][0]["cancelled_at"] = "2026-03-20"
        both = Sides(client, data_source, records)
        both.store(records)
        assert both.compare().rows == []
        shown = {one["external_id"]: one["mrr"] for one in client.customers.list(data_source_uuid=data_source)}
        # 15 of 31 days
        assert shown == {"acct-1": 0, "acct-2": 6200 + (5000 if proration == "differential" else 0), "acct-3": 0}

    def test_an_event_of_a_subscription_counts_instead_of_cancelled_at(
        self, client: ChartMogulClient, data_source: str
    ) -> None:
        records = history()
        records["invoices"][0]["line_items"][0]["cancelled_at"] = "2026-05-01"
        again = item(1, external_id="again", service_period_start="2026-04-15", service_period_end="2026-05-15")
        records["invoices"].append(bill(4, customer_external_id="acct-1", line_items=[again]))
        both = Sides(client, data_source, records)
        both.store(records)
        shown = {one["external_id"]: one["mrr"] for one in client.customers.list(data_source_uuid=data_source)}
        assert shown["acct-1"] == 5000
        assert both.compare().rows == []

    def not_compared(self, sides: Sides) -> list[tuple[str, str]]:
        found = sides.compare()
        assert found.summary["equal"] is True
        assert {row["kind"] for row in found.rows} == {"not_compared"}
        assert found.summary["not_compared"] == len(found.rows)
        return [(row["customer_external_id"], row["message"]) for row in found.rows]

    def test_another_currency_than_the_account_has(self, client: ChartMogulClient, data_source: str) -> None:
        records = history()
        records["invoices"][1]["currency"] = "EUR"
        records["invoices"].append(bill(4, customer_external_id="acct-3", currency="EUR"))
        both = Sides(client, data_source, records)
        both.store(records)
        told = "is not billed in the currency of the account alone"
        assert self.not_compared(both) == [("acct-2", told), ("acct-3", told)]

    def test_a_merged_customer(self, sides: Sides) -> None:
        uuids = sides.uuids()
        sides.client.customers.merge(from_={"customer_uuid": uuids["acct-3"]}, into={"customer_uuid": uuids["acct-2"]})
        told = "is merged from several"
        assert self.not_compared(sides) == [("acct-2", told), ("acct-3", told)]

    def test_voided_invoices(self, sides: Sides) -> None:
        sides.client.invoices.update_status(sides.data_source, "inv-2", status="voided")
        sides.records["invoices"][1]["status"] = "voided"
        told = "has invoices that are voided or written off in ChartMogul"
        assert self.not_compared(sides) == [("acct-2", told)]

    def test_an_undocumented_proration(self, client: ChartMogulClient, data_source: str) -> None:
        records = history()
        records["invoices"][1]["line_items"][0] |= {"prorated": True, "proration_type": "differential_mrr"}
        both = Sides(client, data_source, records)
        both.store(records)
        ((name, message),) = self.not_compared(both)
        assert name == "acct-2"
        assert "differential_mrr" in message


class TestWindow:
    @pytest.fixture
    def months(self, client: ChartMogulClient, data_source: str) -> Sides:
        """An invoice in each of three months."""
        dates = ("2026-03-31T23:59:59Z", "2026-04-01", "2026-05-01")
        invoices = [bill(number, date=date) for number, date in enumerate(dates, start=1)]
        both = Sides(client, data_source, {**history(), "invoices": invoices})
        both.store(both.records)
        return both

    def test_both_sides_end_at_its_end(self, months: Sides) -> None:
        april = Window.of("2026-04-01", dt.datetime(2026, 5, 1, tzinfo=dt.UTC))
        found = months.compare(window=april)
        assert found.summary["compared"] == {"invoices": 1, "sums": 1}
        assert found.rows == []
        for number in (1, 2, 3):
            months.client.invoices.delete_by_external_id(months.data_source, f"inv-{number}")
        found = months.compare(window=april)
        assert {row["external_id"] for row in found.rows if row["kind"] == "missing"} == {"inv-2"}
        assert {row["month"] for row in found.rows} == {"2026-04"}
        assert [line["record"]["external_id"] for line in found.fixes] == ["inv-2"]

    def test_what_the_source_does_not_have_in_it_is_extra(self, months: Sides) -> None:
        only = {**months.records, "invoices": []}
        for window, extra in (
            (Window.of("2026-04-01", "2026-05-01"), ["inv-2"]),
            (Window.of(None, "2026-05-01"), ["inv-1", "inv-2"]),
            (Window.of("2026-04-01", None), ["inv-2", "inv-3"]),
        ):
            found = months.compare(only, window=window, max_extra=100)
            assert [row["external_id"] for row in found.rows if row["kind"] == "extra"] == extra
            # its date may lie outside of the window in the source
            assert found.extras == []
            assert reasons(found) == {"may be one whose date lies outside of the window in the source"}

    def test_bad_ones_of_other_months_are_not_told_of(self, months: Sides) -> None:
        months.records["invoices"].append(bill(3, date="2026-05-01"))
        assert {row["kind"] for row in months.compare().rows} == {"invalid", "not_compared"}
        assert months.compare(window=Window.of("2026-04-01", "2026-05-01")).rows == []
        assert {row["kind"] for row in months.compare(window=Window.of("2026-05-01", None)).rows} == {"invalid"}

    @pytest.mark.parametrize("moved", ["source", "ChartMogul"])
    def test_one_that_has_moved_out_of_it_on_one_side(self, months: Sides, moved: str) -> None:
        later = bill(2, date="2026-05-02")
        if moved == "source":
            months.records["invoices"][1] = later
        else:
            months.replace(later)
        found = months.compare(window=Window.of("2026-04-01", "2026-05-01"))
        assert [(row["kind"], row["field"]) for row in found.rows if row["level"] == "invoice"] == [
            ("different", "date")
        ]
        assert found.extras == []

    @pytest.mark.parametrize(
        ("start", "end", "message"),
        [
            ("2026-05-01", "2026-05-01", "interval_end must be later"),
            ("None", None, "interval_start is empty"),
            (None, "soon", "interval_end must be a date"),
        ],
    )
    def test_bad_bounds(self, start: Any, end: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            Window.of(start, end)


def test_the_same_again_whatever_the_order(sides: Sides) -> None:
    break_everything(sides)
    first = sides.compare()
    backwards = {kind: those[::-1] for kind, those in sides.records.items()}
    second, third = sides.compare(), sides.compare(backwards)
    assert first.rows == second.rows
    assert (first.fixes, first.extras) == (second.fixes, second.extras) == (third.fixes, third.extras)
    assert first.short == third.short
    assert all(tuple(row) == COLUMNS for row in first.rows)


def break_everything(sides: Sides) -> None:
    sides.replace(bill(2, line_items=[item(2, amount_in_cents=4000)]))
    sides.store({"customers": [customer(9)], "invoices": [bill(9)]})
    sides.client.invoices.delete_by_external_id(sides.data_source, "inv-3")
    sides.records["customers"].append(customer(5))
    sides.records["invoices"] += [bill(5), bill(6, customer_external_id="acct-5", currency="dollars")]


def test_lists_are_read_once_by_full_pages(sides: Sides, emulator: Emulator) -> None:
    more = [customer(number) for number in range(1_000, 1_300)]
    sides.store({"customers": more, "invoices": [bill(number) for number in range(1_000, 1_300)]})
    before = Counter(emulator.stats()["requests_by_operation"])
    found = sides.compare(max_extra=300)
    assert found.summary["differences"]["extra"] == {"customer": 300, "invoice": 300}
    assert len(found.extras) == 300
    asked = Counter(emulator.stats()["requests_by_operation"]) - before
    assert asked == {
        "GET /data_sources/{data_source_uuid}": 1,
        "GET /plans": 1,
        "GET /customers": 2,
        "GET /invoices": 2,
        "GET /subscription_events": 1,
    }
