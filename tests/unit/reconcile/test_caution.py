"""What might destroy good data is told of, and not offered."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.client.fields import Problem
from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.imports import Given, Limits, Pace, import_billing
from airflow_provider_chartmogul.imports.sources import open_source
from tests.unit.imports.samples import customer, plan
from tests.unit.reconcile.sides import Found, Sides, bill, history, item, payment, reasons

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator


@pytest.fixture
def sides(client: ChartMogulClient, data_source: str) -> Sides:
    both = Sides(client, data_source, history())
    both.store(both.records)
    return both


def replaced(found: Found) -> list[str]:
    return [line["record"]["external_id"] for line in found.fixes if line.get("replace")]


def change(sides: Sides, number: int = 2, **fields: Any) -> None:
    """Let an invoice of the source differ in what only a replacement would mend."""
    sides.records["invoices"][number - 1]["line_items"][0] |= {"quantity": 7, **fields}


def test_what_nothing_speaks_against_is_replaced(sides: Sides) -> None:
    change(sides)
    found = sides.compare()
    assert (replaced(found), reasons(found), found.summary["open"]) == (["inv-2"], {None}, {})


class TestBadParts:
    @pytest.fixture
    def beside(self, sides: Sides) -> dict[str, Any]:
        """The source with parts beside the invoices, one of which ChartMogul has and is then broken."""
        invoices = deepcopy(sides.records["invoices"])
        parts = [{**one, "invoice_external_id": bill["external_id"]} for bill in invoices for one in bill["line_items"]]
        for one in invoices:
            del one["line_items"]
        fee = {"type": "one_time", "amount_in_cents": 700, "external_id": "fee"}
        sides.replace(bill(2, line_items=[item(2), fee]))
        sides.store({"invoices": [bill(9, customer_external_id="acct-2", line_items=[item(9)])]})
        return {**sides.records, "invoices": invoices, "line_items": [*parts, {**fee, "invoice_external_id": "inv-2"}]}

    def test_all_is_good(self, sides: Sides, beside: dict[str, Any]) -> None:
        found = sides.compare(beside, max_extra=1)
        assert [line["record"]["external_id"] for line in found.extras] == ["inv-9"]
        assert found.fixes == []

    @pytest.mark.parametrize(
        "bad",
        [
            Given("line_items", None, "lines.jsonl, line 4", (Problem("", "is no JSON"),), '{"broken'),
            {"type": "one_time", "amount_in_cents": 700, "external_id": "fee"},
            {"type": "one_time", "amount_in_cents": 700, "external_id": "fee", "invoice_external_id": "inv-77"},
            Given("records", None, "mixed.jsonl, line 4", (Problem("", "is no JSON"),), '{"broken'),
        ],
    )
    def test_one_that_may_be_of_any_invoice(self, sides: Sides, beside: dict[str, Any], bad: Any) -> None:
        beside["line_items"][-1] = bad
        found = sides.compare(beside, max_extra=1)
        assert (found.fixes, found.extras) == ([], [])
        assert found.summary["open"] == {"different": 1, "extra": 1}
        assert reasons(found) == {
            "may lack a part that could not be read in the source, or whose invoice is not known",
            "may be one that could not be read in the source",
        }

    def test_one_of_a_known_invoice(self, sides: Sides, beside: dict[str, Any]) -> None:
        beside["line_items"][-1]["amount_in_cents"] = "much"
        beside["line_items"][2]["quantity"] = 7
        # the invoice of the bad one is invalid; another may be replaced
        assert replaced(sides.compare(beside)) == ["inv-3"]


class TestWhatOnlyChartMogulHas:
    def test_payments_where_an_invoice_gives_none(self, sides: Sides) -> None:
        del sides.records["invoices"][1]["transactions"]
        assert sides.compare().rows == []
        change(sides)
        found = sides.compare()
        assert (replaced(found), found.summary["open"]) == ([], {"different": 1})
        assert all("transactions[inv-2-paid]" in str(reason) for reason in reasons(found))

    def test_a_refund(self, sides: Sides) -> None:
        back = {"external_id": "back", "type": "refund", "result": "successful", "date": "2026-03-05"}
        sides.replace(bill(2, transactions=[payment(2), {**back, "amount_in_cents": 1200}]))
        found = sides.compare()
        assert found.summary["differences"]["different"] == {"invoice": 1}
        assert replaced(found) == []

    def test_a_payment_of_another_name(self, sides: Sides) -> None:
        sides.records["invoices"][1]["transactions"] = [payment(2, external_id="other", date="2026-03-09")]
        found = sides.compare()
        assert replaced(found) == []
        assert all("has transactions[inv-2-paid] in ChartMogul" in str(reason) for reason in reasons(found))

    @pytest.mark.parametrize(
        "fields",
        [
            {"account_code": "4000"},
            {"discount_description": "spring"},
            {"transaction_fees_in_cents": 5},
            {"discount_code": "SPRING"},
            {"subscription_set_external_id": "set-1"},
        ],
    )
    def test_fields_of_line_items(self, sides: Sides, fields: dict[str, Any]) -> None:
        sides.replace(bill(2, line_items=[item(2, **fields)]))
        (name,) = fields
        assert sides.compare().rows == []
        change(sides)
        found = sides.compare()
        assert replaced(found) == []
        assert reasons(found) == {
            f"has line_items[inv-2-seats].{name} in ChartMogul, "
            "which the source does not give and replacing it would lose"
        }
        change(sides, **fields)
        assert replaced(sides.compare()) == ["inv-2"]
        change(sides, **{name: "other" if isinstance(fields[name], str) else 6})
        assert f"line_items[inv-2-seats].{name}" in {row["field"] for row in sides.compare().rows}

    def test_terms_go_with_the_replacement(self, sides: Sides) -> None:
        sides.replace(bill(2, due_date="2026-04-01", collection_method="manual"))
        change(sides)
        found = sides.compare()
        assert replaced(found) == ["inv-2"]
        assert found.fixes[0]["record"]["due_date"] == "2026-04-01T00:00:00.000Z"
        assert found.fixes[0]["record"]["collection_method"] == "manual"
        before = sides.invoice("inv-2")
        given = list(open_source(None, found.fixes))
        import_billing(sides.client, sides.data_source, given, limits=Limits(run="fix"), pace=Pace(0.001, timeout=30))
        after = sides.invoice("inv-2")
        assert after["uuid"] != before["uuid"]
        assert (after["due_date"], after["collection_method"]) == (before["due_date"], "manual")
        assert after["line_items"][0]["quantity"] == 7
        assert sides.compare().rows == []

    def test_a_cancellation(self, sides: Sides) -> None:
        (subscription,) = sides.client.subscriptions.list_imported(sides.uuids()["acct-2"])
        sides.client.subscriptions.cancel(subscription["uuid"], cancelled_at="2026-03-20")
        change(sides)
        found = sides.compare()
        assert replaced(found) == []
        assert all("acct-2-main, which has ended" in str(reason) for reason in reasons(found))
        change(sides, cancelled_at="2026-03-20")
        assert replaced(sides.compare()) == ["inv-2"]

    def test_a_cancellation_of_the_source_is_none(self, sides: Sides) -> None:
        change(sides, 1)
        assert replaced(sides.compare()) == ["inv-1"]

    def test_a_connection(self, client: ChartMogulClient, data_source: str) -> None:
        records = history()
        more = item(4, subscription_external_id="more", service_period_start="2026-04-01")
        records["invoices"].append(bill(4, customer_external_id="acct-2", date="2026-04-01", line_items=[more]))
        more["service_period_end"] = "2026-05-01"
        both = Sides(client, data_source, records)
        both.store(records)
        change(both)
        assert replaced(both.compare()) == ["inv-2"]
        uuid = both.uuids()["acct-2"]
        chosen = [
            {"data_source_uuid": data_source, "uuid": one["uuid"]} for one in client.subscriptions.list_imported(uuid)
        ]
        client.subscriptions.connect(uuid, chosen)
        found = both.compare()
        assert replaced(found) == []
        assert reasons(found) == {"has a customer whose subscriptions may be connected, and might come apart"}

    @pytest.mark.parametrize("status", ["voided", "written_off"])
    def test_what_is_voided_or_written_off_stays(self, sides: Sides, status: str) -> None:
        sides.client.invoices.update_status(sides.data_source, "inv-2", status=status)
        change(sides)
        sides.records["invoices"][1]["due_date"] = "2026-05-01"
        found = sides.compare()
        assert (found.fixes, found.updates) == ([], [])
        kind = "voided" if status == "voided" else "different"
        assert found.summary["open"] == {kind: 1}
        told = status.replace("_", " ")
        assert reasons(found) == {f"is {told} in ChartMogul, which cannot be taken back"}


def test_what_is_voided_in_chartmogul_and_not_in_the_source(sides: Sides) -> None:
    sides.client.invoices.update_status(sides.data_source, "inv-2", status="voided")
    found = sides.compare()
    assert found.summary["differences"] == {"voided": {"invoice": 1}}
    del sides.records["invoices"][1]
    assert sides.compare(max_extra=1).summary["differences"] == {}


def test_a_part_whose_name_another_invoice_has(sides: Sides) -> None:
    change(sides, external_id="inv-3-seats")
    sides.records["invoices"][2]["line_items"][0]["external_id"] = "inv-2-seats"
    found = sides.compare()
    assert replaced(found) == []
    assert reasons(found) == {"has line_items[inv-3-seats], which another invoice has in ChartMogul"}


def test_an_invoice_that_is_given_twice(sides: Sides) -> None:
    change(sides)
    sides.records["invoices"].append(bill(2))
    assert replaced(sides.compare()) == []


class TestExtras:
    def test_an_empty_source(self, sides: Sides) -> None:
        found = sides.compare({**sides.records, "invoices": []}, max_extra=100)
        assert (found.extras, found.summary["open"]) == ([], {"extra": 3})

    def test_another_source(self, sides: Sides) -> None:
        records = {"plans": [plan()], "customers": [customer(7)], "invoices": [bill(7)]}
        found = sides.compare(records, max_extra=100)
        assert found.extras == []
        assert reasons(found) == {"is of a data source that has no invoice in common with the source"}

    @pytest.mark.parametrize(("most", "offered"), [(0.05, 0), (0.3, 0), (0.4, 1), (1, 1), (0, 0)])
    def test_too_many(self, sides: Sides, caplog: pytest.LogCaptureFixture, most: float, offered: int) -> None:
        del sides.records["invoices"][1]
        found = sides.compare(max_extra=most)
        assert len(found.extras) == offered
        assert found.summary["open"] == ({} if offered else {"extra": 1})
        assert ("max_extra allows 0 of 3" in caplog.text) is not bool(offered)


def test_no_such_data_source(client: ChartMogulClient) -> None:
    with pytest.raises(ChartMogulNotFoundError):
        Sides(client, "ds_nope", history()).compare()


def test_an_automatic_data_source(emulator: Emulator, client: ChartMogulClient) -> None:
    automatic = str(emulator.add_source("Stripe"))
    both = Sides(client, automatic, history())
    both.store(both.records)
    change(both, 1)
    both.records["invoices"][1]["due_date"] = "2026-05-01"
    both.records["invoices"][2:] = [bill(4, customer_external_id="acct-3")]
    found = both.compare(max_extra=1)
    assert (found.fixes, found.extras, found.updates) == ([], [], [])
    assert found.summary["differences"]["missing"] == {"invoice": 1}
    assert found.summary["open"] == {"different": 2, "extra": 1}
    assert reasons(found) == {"is of a data source that is no custom one, and is not to be changed by the API"}


def test_mrr_without_events_of_the_source(sides: Sides) -> None:
    (subscription,) = sides.client.subscriptions.list_imported(sides.uuids()["acct-2"])
    sides.client.subscriptions.cancel(subscription["uuid"], cancelled_at="2026-03-20")
    del sides.records["subscription_events"]
    found = sides.compare()
    # one has ended by an event, one by a date, and one has not
    told = "has subscriptions that have ended in ChartMogul, and the source gives no subscription_events"
    assert {(row["customer_external_id"], row["message"]) for row in found.rows} == {("acct-1", told), ("acct-2", told)}
    assert (found.summary["equal"], found.summary["compared"]["mrr"]) == (True, 1)
    sides.records["invoices"][2]["line_items"][0]["plan_external_id"] = "team"
    sides.client.invoices.delete_by_external_id(sides.data_source, "inv-3")
    assert sides.compare().summary["differences"]["mrr"] == {"customer": 1}
