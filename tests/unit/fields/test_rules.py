"""The rules of billing that one record can break by itself, from the API's description of invoices and events."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_chartmogul.client.fields import checked, dates, misspelt, own_problems, problems
from airflow_provider_chartmogul.client.fields.attributes import checked_attributes, checked_tags, checked_values
from airflow_provider_chartmogul.client.fields.rules import EVENT_TYPES
from airflow_provider_chartmogul.exceptions import ChartMogulInvalidRecordError
from tests.unit.fields.test_checking import CUSTOMER, EVENT, INVOICE, ITEM, OPPORTUNITY, RECURRING, faults, fields

NOW = datetime(2026, 5, 10, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "now", lambda: NOW)


class TestCurrencies:
    @pytest.mark.parametrize("code", ["USD", "EUR", "JPY", "CLF", "XCG", "ZWG"])
    def test_active_ones_pass(self, code: str) -> None:
        assert problems("invoices", {**INVOICE, "currency": code}) == []

    @pytest.mark.parametrize("code", ["HRK", "BGN", "LTL"])
    def test_a_history_may_be_in_one_that_is_withdrawn(self, code: str) -> None:
        assert problems("invoices", {**INVOICE, "currency": code}) == []

    @pytest.mark.parametrize("code", ["XXX", "XTS", "XAU", "BTC", "ABC", "usd", "US", "", " USD"])
    def test_others_are_refused_wherever_one_stands(self, code: str) -> None:
        item = {**ITEM, "transaction_fees_currency": code}
        payment = {"type": "payment", "result": "failed", "date": "2026-03-01", "transaction_fees_currency": code}
        record = {**INVOICE, "currency": code, "line_items": [item], "transactions": [payment]}
        assert set(fields("invoices", record)) == {
            "currency",
            "line_items[0].transaction_fees_currency",
            "transactions[0].transaction_fees_currency",
        }
        assert fields("opportunities", {**OPPORTUNITY, "currency": code}) == ["currency"]


PAST = [
    ("invoices", {**INVOICE, "customer_external_id": "acct-1"}, "date"),
    ("transactions", {"type": "payment", "result": "failed", "date": "2026-03-01"}, "date"),
    ("customers", CUSTOMER, "lead_created_at"),
    ("subscription_events", EVENT, "event_date"),
    ("subscription_cancellations", {}, "cancelled_at"),
]


class TestFuture:
    @pytest.mark.parametrize(("kind", "record", "name"), PAST)
    @pytest.mark.parametrize("bulk", [False, True])
    @pytest.mark.parametrize("value", ["2026-05-11", "2026-05-10T12:05:01Z", date(2026, 5, 11), NOW + timedelta(1)])
    def test_what_has_happened_is_past(
        self, kind: str, record: dict[str, Any], name: str, value: Any, bulk: bool
    ) -> None:
        found = [(name, "must not be in the future")]
        assert faults(kind, {**record, name: value}, bulk=bulk) == found
        assert faults(kind, {name: value}, bulk=bulk, partial=True) == found

    @pytest.mark.parametrize(("kind", "record", "name"), PAST)
    @pytest.mark.parametrize(
        "value", ["2026-05-10", "2026-05-10T12:05:00Z", "2026-05-10 14:05:00 +0200", date(2026, 5, 10), NOW]
    )
    def test_today_passes_and_clocks_may_differ(self, kind: str, record: dict[str, Any], name: str, value: Any) -> None:
        assert problems(kind, {**record, name: value}) == []

    def test_each_cancellation_of_a_subscription_is_past(self) -> None:
        record = {"cancellation_dates": ["2026-03-01", "2026-06-01"]}
        assert faults("subscription_cancellations", record) == [("cancellation_dates", "[1] must not be in the future")]

    def test_what_may_be_to_come(self) -> None:
        item = {**RECURRING, "service_period_start": "2027-01-01", "service_period_end": "2027-02-01"}
        ended = {**RECURRING, "cancelled_at": "2027-01-01"}
        assert problems("invoices", {**INVOICE, "due_date": "2027-01-01", "line_items": [item, ended]}) == []

    def test_the_clock_is_that_of_the_world(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()
        today = datetime.now(UTC)
        assert problems("invoices", {**INVOICE, "date": today}) == []
        assert fields("invoices", {**INVOICE, "date": today + timedelta(hours=1)}) == ["date"]

    @pytest.mark.parametrize("event_type", EVENT_TYPES)
    def test_an_event_may_take_effect_later(self, event_type: str) -> None:
        """That only scheduled ones may is a guess: whether others may is left to the API."""
        priced = {"plan_external_id": "team", "currency": "EUR", "amount_in_cents": 100, "retracted_event_id": "e"}
        record = {**EVENT, **priced, "event_type": event_type, "effective_date": "2026-06-01"}
        assert problems("subscription_events", record) == []

    def test_nor_is_a_trial_known_to_be_past(self) -> None:
        assert problems("customers", {**CUSTOMER, "free_trial_started_at": "2027-01-01"}) == []


class TestLineItems:
    @pytest.mark.parametrize("end", ["2026-03-01", "2026-02-28", "2026-02-28T23:59:59Z", date(2026, 3, 1)])
    @pytest.mark.parametrize("kind", ["subscription", "trial"])
    def test_a_period_ends_after_it_starts(self, kind: str, end: Any) -> None:
        found = [("service_period_end", "must be after service_period_start")]
        item = {**RECURRING, "type": kind, "service_period_end": end}
        assert faults("line_items", item) == found
        assert (
            faults("line_items", {"service_period_start": "2026-03-01", "service_period_end": end}, partial=True)
            == found
        )
        assert problems("line_items", {"service_period_end": end}, partial=True) == []

    def test_of_one_time_items_the_api_takes_no_period(self) -> None:
        once = {**ITEM, "service_period_start": "2026-03-01", "service_period_end": "2026-03-01"}
        assert problems("line_items", {**once, "proration_type": "full"}) == []

    def test_a_period_that_is_no_date_is_one_fault(self) -> None:
        for name in ("service_period_start", "service_period_end"):
            item = {**RECURRING, "service_period_end": "2026-04-01", name: "soon"}
            assert fields("line_items", item) == [name]

    @pytest.mark.parametrize("prorated", [{}, {"prorated": False}, {"prorated": None}])
    def test_a_kind_of_proration_needs_a_prorated_item(self, prorated: dict[str, Any]) -> None:
        item = {**RECURRING, "proration_type": "full", **prorated}
        assert faults("line_items", item) == [("proration_type", "needs prorated to be true")]
        good = {**item, "prorated": True, "service_period_end": "2026-03-16"}
        assert problems("line_items", good) == []
        assert problems("line_items", {**RECURRING, "proration_type": None, **prorated}) == []

    def test_changes_of_the_proration_alone_are_not_judged(self) -> None:
        assert problems("line_items", {"proration_type": "full"}, partial=True) == []
        changes = {"proration_type": "full", "prorated": False}
        assert fields("line_items", changes, partial=True) == ["proration_type"]

    @pytest.mark.parametrize("bulk", [False, True])
    def test_a_part_of_a_cycle_needs_its_period(self, bulk: bool) -> None:
        item = {**RECURRING, "plan_external_id": "team", "prorated": True}
        assert faults("line_items", item, bulk=bulk) == [("service_period_end", "is missing")]
        assert problems("line_items", {**item, "prorated": False}, bulk=bulk) == []

    def test_only_one_time_items_move_a_balance(self) -> None:
        assert problems("line_items", {**ITEM, "balance_transfer": True}) == []
        assert problems("line_items", {**RECURRING, "balance_transfer": False}) == []
        assert fields("line_items", {**RECURRING, "balance_transfer": True}) == ["balance_transfer"]
        assert problems("line_items", {"balance_transfer": True}, partial=True) == []
        assert fields("line_items", {"balance_transfer": True, "type": "subscription"}, partial=True) == [
            "balance_transfer"
        ]

    @pytest.mark.parametrize("code", ["", "4100", "A" * 30])
    def test_account_codes(self, code: str) -> None:
        assert problems("line_items", {**ITEM, "account_code": code}) == []


def paid(*amounts: int | float | None, kind: str = "payment", result: str = "successful") -> list[dict[str, Any]]:
    return [{"type": kind, "result": result, "date": "2026-03-01", "amount_in_cents": amount} for amount in amounts]


def billed(*amounts: int, **more: Any) -> dict[str, Any]:
    return {**INVOICE, "line_items": [{**ITEM, "amount_in_cents": amount} for amount in amounts], **more}


class TestWhatIsPaid:
    @pytest.mark.parametrize("kind", ["payment", "refund"])
    @pytest.mark.parametrize("bulk", [False, True])
    def test_parts_add_up_to_no_more_than_the_invoice(self, kind: str, bulk: bool) -> None:
        record = billed(700, 400, -100, customer_external_id="c", transactions=paid(600, 400.0, None, kind=kind))
        assert problems("invoices", record, bulk=bulk) == []
        record["transactions"] += paid(1, kind=kind)
        assert faults("invoices", record, bulk=bulk) == [
            ("transactions", f"must not hold successful {kind}s of more than the line items add up to")
        ]

    def test_payments_and_refunds_count_apart_and_failures_not_at_all(self) -> None:
        both = [*paid(1000), *paid(1000, kind="refund"), *paid(5000, result="failed")]
        assert problems("invoices", billed(1000, transactions=both)) == []

    def test_both_may_be_too_much(self) -> None:
        both = [*paid(1001), *paid(1001, kind="refund")]
        assert fields("invoices", billed(1000, transactions=both)) == ["transactions", "transactions"]

    def test_a_credit_note_is_paid_back_but_not_paid(self) -> None:
        assert problems("invoices", billed(-500, transactions=paid(500, kind="refund"))) == []
        assert fields("invoices", billed(-500, transactions=paid(1))) == ["transactions"]

    def test_what_is_not_there_counts_nothing(self) -> None:
        trial = {**RECURRING, "type": "trial", "service_period_end": "2026-03-15", "amount_in_cents": None}
        assert problems("invoices", {**INVOICE, "line_items": [trial], "transactions": paid(0, None)}) == []
        assert problems("invoices", billed(100, transactions=None)) == []

    @pytest.mark.parametrize("amount", ["100", [1], {}])
    def test_an_amount_that_is_none_is_one_fault(self, amount: Any) -> None:
        assert fields("invoices", billed(amount, transactions=paid(100))) == ["line_items[0].amount_in_cents"]
        assert fields("invoices", billed(100, transactions=paid(amount))) == ["transactions[0].amount_in_cents"]


BAD_TEXTS = [
    ("Fal\0ter", "must not hold a null byte"),
    ("Fal\udc00ter", "must not hold an unpaired surrogate"),
    ("Grüße \ud83d", "must not hold an unpaired surrogate"),
]


@pytest.mark.parametrize(("bad", "message"), BAD_TEXTS)
@pytest.mark.parametrize("partial", [False, True])
class TestTextThatCannotBeStored:
    @pytest.mark.parametrize(
        ("kind", "record", "given", "place"),
        [
            ("customers", CUSTOMER, lambda bad: {"name": bad}, "name"),
            ("customers", CUSTOMER, lambda bad: {"external_id": bad}, "external_id"),
            ("customers", CUSTOMER, lambda bad: {"primary_contact": {"notes": bad}}, "primary_contact.notes"),
            ("customers", CUSTOMER, lambda bad: {"primary_contact": {"pets": [bad]}}, "primary_contact.pets"),
            ("customers", CUSTOMER, lambda bad: {"attributes": {"custom": {"a": {"b": bad}}}}, "attributes.custom"),
            ("customers", CUSTOMER, lambda bad: {"attributes": {"custom": {bad: 1}}}, "attributes.custom"),
            ("customers", CUSTOMER, lambda bad: {"shoes": [{"left": (44, bad)}]}, "shoes"),
            ("customers", CUSTOMER, lambda bad: {"shoes": {bad: 44}}, "shoes"),
            ("opportunities", OPPORTUNITY, lambda bad: {"custom": [{"key": "a", "value": bad}]}, "custom[0].value"),
            (
                "invoices",
                INVOICE,
                lambda bad: {"line_items": [{**ITEM, "description": bad}]},
                "line_items[0].description",
            ),
            ("invoices", INVOICE, lambda bad: {"line_items": [{**ITEM, "colour": bad}]}, "line_items[0].colour"),
            ("tasks", {}, lambda bad: {"task_details": bad}, "task_details"),
        ],
    )
    def test_it_is_refused(
        self, kind: str, record: Any, given: Any, place: str, bad: str, message: str, partial: bool
    ) -> None:
        found = faults(kind, given(bad) if partial or not record else {**record, **given(bad)}, partial=partial)
        assert (place, message) in found
        assert len(found) == 1 or kind == "tasks"

    def test_within_lists(self, bad: str, message: str, partial: bool) -> None:
        record = {"name": "All", "plans": ["pl_1", bad]}
        assert faults("plan_groups", record, partial=partial) == [("plans", f"[1] {message}")]

    def test_a_name_is_shown_in_a_form_that_can_be_stored(self, bad: str, message: str, partial: bool) -> None:
        ((name, said),) = faults("customers", {**CUSTOMER, bad: 1}, partial=partial)
        assert said == f"{message} in its name"
        assert (name.isascii(), "\0" in name) == (True, False)

    def test_in_tags_and_attributes(self, bad: str, message: str, partial: bool) -> None:
        with pytest.raises(ValueError, match=rf"^tags\[1\] {message}$"):
            checked_tags(["a", bad])
        with pytest.raises(ValueError, match=rf"^custom_attributes\[0\] {message}$"):
            checked_attributes([{"type": "String", "key": "a", "value": bad}])
        with pytest.raises(ValueError, match=rf"^custom_attributes.a {message}$"):
            checked_values({"a": {"value": bad}})


@pytest.mark.parametrize("good", ["Grüße", "naïve 😀", "a\tb\nc", "\x01", ""])
def test_other_text_passes(good: str) -> None:
    assert problems("customers", {**CUSTOMER, "name": good, "attributes": {"custom": {"a": [good]}}, "x": good}) == []


def test_what_is_nested_without_end_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert faults("customers", {**CUSTOMER, "shoes": endless}) == [("shoes", "must not be nested so deep")]


def test_attributes_of_text_have_a_longest_value() -> None:
    def customer(kind: str, value: str) -> dict[str, Any]:
        return {**CUSTOMER, "attributes": {"custom": [{"type": kind, "key": "a", "value": value}]}}

    assert problems("customers", customer("String", "x" * 255)) == []
    assert fields("customers", customer("String", "x" * 256)) == ["attributes.custom[0].value"]


def test_single_objects_are_judged_by_the_same_rules() -> None:
    item = {**RECURRING, "service_period_end": "2026-03-01"}
    with pytest.raises(ChartMogulInvalidRecordError) as caught:
        checked("invoices", {**INVOICE, "date": "2026-06-01", "line_items": [item]})
    assert caught.value.problems == [
        ("date", "must not be in the future"),
        ("line_items[0].service_period_end", "must be after service_period_start"),
    ]


def test_a_record_alone_is_judged_without_those_in_it() -> None:
    record = billed(100, transactions=[*paid(101), {"type": "payment", "result": "?", "date": "2027-01-01"}])
    assert [problem.field for problem in own_problems("invoices", record)] == ["transactions"]


def test_misspelt_names_keep_their_order() -> None:
    assert list(misspelt("customers", {"nmae": 1, "name": 2, "emial": 3, "cmopany": 4})) == ["nmae", "emial", "cmopany"]
