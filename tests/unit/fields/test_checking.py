"""What is wrong with a record is found, and named, before it is sent; what the API takes passes."""

from __future__ import annotations

import logging
import pickle
from datetime import UTC, date, datetime
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_chartmogul.client.fields import BULK, SINGLE, checked, misspelt, problems
from airflow_provider_chartmogul.exceptions import ChartMogulError, ChartMogulInvalidRecordError

CUSTOMER = {"data_source_uuid": "ds_1", "external_id": "acct-1"}
ITEM = {"type": "one_time", "amount_in_cents": -100}
RECURRING = {
    "type": "subscription",
    "amount_in_cents": 100,
    "subscription_external_id": "s",
    "plan_uuid": "pl_1",
    "service_period_start": "2026-03-01",
}
INVOICE = {"external_id": "inv-1", "date": "2026-03-01", "currency": "EUR", "line_items": [ITEM]}
TASK = {"customer_uuid": "cus_1", "task_details": "Call", "assignee": "a@falter.example", "due_date": "2026-03-01"}
OPPORTUNITY = {
    "customer_uuid": "cus_1",
    "owner": "a@falter.example",
    "pipeline": "New",
    "pipeline_stage": "Demo",
    "estimated_close_date": "2026-03-01",
    "currency": "EUR",
    "amount_in_cents": 100,
}
EVENT = {
    "data_source_uuid": "ds_1",
    "customer_external_id": "acct-1",
    "subscription_external_id": "s",
    "event_type": "subscription_cancelled",
    "event_date": "2026-03-01",
    "effective_date": "2026-03-01",
}
GOOD: dict[str, dict[str, Any]] = {
    "data_sources": {"name": "Billing"},
    "customers": CUSTOMER,
    "contacts": {"customer_uuid": "cus_1", "data_source_uuid": "ds_1"},
    "customer_notes": {"customer_uuid": "cus_1", "type": "note"},
    "tasks": TASK,
    "opportunities": OPPORTUNITY,
    "plans": {"data_source_uuid": "ds_1", "name": "Team", "interval_count": 1, "interval_unit": "month"},
    "plan_groups": {"name": "All", "plans": ["pl_1"]},
    "invoices": INVOICE,
    "line_items": ITEM,
    "transactions": {"type": "payment", "date": "2026-03-01", "result": "failed"},
    "subscription_events": EVENT,
    "customer_merges": {"from": {"customer_uuid": "a"}, "into": {"data_source_uuid": "ds_1", "external_id": "b"}},
    "customer_unmerges": {"customer_uuid": "a", "data_source_uuid": "ds_1", "external_id": "b"},
    "invoice_statuses": {"data_source_uuid": "ds_1", "external_id": "b", "status": "voided"},
    "subscription_connections": {
        "customer_uuid": "a",
        "subscriptions": [{"data_source_uuid": "ds_1", "uuid": "s"}, {"data_source_uuid": "ds_1", "external_id": "t"}],
    },
}


def faults(kind: str, record: dict[str, Any], **options: bool) -> list[tuple[str, str]]:
    return [(problem.field, problem.message) for problem in problems(kind, record, **options)]


def fields(kind: str, record: dict[str, Any], **options: bool) -> list[str]:
    return [field for field, _ in faults(kind, record, **options)]


@pytest.mark.parametrize("kind", GOOD)
class TestEveryKind:
    def test_a_good_record_passes(self, kind: str) -> None:
        assert problems(kind, GOOD[kind]) == []
        assert checked(kind, GOOD[kind]) == GOOD[kind]

    def test_what_is_missing_is_named(self, kind: str) -> None:
        for name in GOOD[kind]:
            for lacking in ({k: v for k, v in GOOD[kind].items() if k != name}, {**GOOD[kind], name: None}):
                assert faults(kind, lacking) == [(name, "is missing")]

    def test_an_update_may_leave_fields_out_but_not_empty_them(self, kind: str) -> None:
        assert problems(kind, {}, partial=True) == []
        for name in GOOD[kind].keys() - {"amount_in_cents"} if kind == "line_items" else GOOD[kind]:
            assert faults(kind, {name: None}, partial=True) == [(name, "must not be empty")]

    def test_unknown_fields_pass(self, kind: str) -> None:
        assert problems(kind, {**GOOD[kind], "shoe_size": {"left": [44]}}) == []


BAD_VALUES = [
    ("customers", "name", 7),
    ("customers", "lead_created_at", "yesterday"),
    ("customers", "lead_created_at", "2026-02-30"),
    ("customers", "lead_created_at", 20260301),
    ("customers", "status", "Active"),
    ("customers", "country", "Germany"),
    ("customers", "country", "D1"),
    ("customers", "primary_contact", "Jo"),
    ("customers", "attributes", []),
    ("contacts", "position", "first"),
    ("contacts", "custom", {"a": 1}),
    ("contacts", "position", None),
    ("contacts", "custom", None),
    ("customer_notes", "type", "letter"),
    ("customer_notes", "text", None),
    ("customer_notes", "author_email", None),
    ("customer_notes", "call_duration", None),
    ("customer_notes", "created_at", None),
    ("opportunities", "win_likelihood", None),
    ("opportunities", "custom", None),
    ("customer_notes", "call_duration", -1),
    ("tasks", "task_details", "x" * 256),
    ("opportunities", "win_likelihood", 101),
    ("opportunities", "amount_in_cents", 10.5),
    ("opportunities", "currency", "euro"),
    ("opportunities", "type", "yearly"),
    ("plans", "interval_unit", "week"),
    ("plans", "interval_count", 0),
    ("plans", "interval_count", True),
    ("plan_groups", "plans", "pl_1"),
    ("invoices", "currency", "eur"),
    ("invoices", "currency", "EUX"),
    ("invoices", "currency", ["EUR"]),
    ("invoices", "date", "0001-01-01T00:00:00+23:00"),
    ("invoices", "collection_method", "by hand"),
    ("invoices", "line_items", []),
    ("invoices", "transactions", [7]),
    ("line_items", "quantity", 0),
    ("line_items", "account_code", 4100),
    ("line_items", "account_code", "4-100"),
    ("line_items", "account_code", "4" * 31),
    ("line_items", "account_code", "\u0664\u0661"),
    ("line_items", "amount_in_cents", "5000"),
    ("line_items", "amount_in_cents", True),
    ("line_items", "transaction_fees_currency", "XXX"),
    ("line_items", "amount_in_cents", 10.5),
    ("line_items", "amount_in_cents", float("nan")),
    ("line_items", "amount_in_cents", float("inf")),
    ("line_items", "prorated", "yes"),
    ("transactions", "amount_in_cents", -1),
    ("transactions", "transaction_fees_currency", "usd"),
    ("subscription_events", "amount_in_cents", 10.5),
    ("subscription_events", "amount_in_cents", "50 euros"),
    ("subscription_events", "event_type", "ended"),
    ("customer_unmerges", "move_to_new_customer", ["invoices"]),
    ("subscription_connections", "subscriptions", [{"data_source_uuid": "ds_1", "uuid": "s"}]),
    ("subscription_cancellations", "cancellation_dates", ["2026-03-01", "soon"]),
]


@pytest.mark.parametrize(("kind", "name", "value"), BAD_VALUES)
@pytest.mark.parametrize("partial", [False, True])
def test_values_of_wrong_type_or_shape_are_refused(kind: str, name: str, value: Any, partial: bool) -> None:
    record = {**({} if partial else GOOD.get(kind, {})), name: value}
    found = faults(kind, record, partial=partial)
    assert [field for field, _ in found] == [name]
    # values may be personal
    assert not isinstance(value, str) or value not in found[0][1]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("customers", {"name": None, "email": "", "lead_created_at": None, "primary_contact": {"email": None}}),
        ("customers", {"country": "DE"}),
        ("customers", {"country": None}),
        ("customers", {"lead_created_at": date(2026, 3, 1), "free_trial_started_at": "2026-03-01 00:00:00 +0200"}),
        ("customers", {"attributes": {"tags": [], "custom": {"plan": "x"}}}),
        ("customers", {"attributes": {"custom": [{"type": "Integer", "key": "seats", "value": 0}]}}),
        ("contacts", {"external_id": None, "last_seen": datetime(2026, 3, 1, tzinfo=UTC), "custom": []}),
        ("tasks", {"completed_at": None}),
        ("opportunities", {"amount_in_cents": -5, "custom": [{"key": "a", "value": None}]}),
        ("invoices", {"due_date": None, "transactions": []}),
        ("contacts", {"custom": [{"key": "size of shoe", "value": None}]}),
        ("opportunities", {"win_likelihood": 70.0}),
        ("line_items", {"account_code": "4100", "amount_in_cents": 100.0}),
        ("line_items", {"quantity": -1, "discount_code": "", "cancelled_at": None}),
        ("subscription_events", {"amount_in_cents": "50.25", "tax_amount_in_cents": "-0.5"}),
        ("subscription_events", {"amount_in_cents": "5000", "quantity": "", "currency": "", "plan_external_id": ""}),
    ],
)
@pytest.mark.parametrize("partial", [False, True])
def test_what_the_api_takes_passes(kind: str, fields: dict[str, Any], partial: bool) -> None:
    assert problems(kind, {**({} if partial else GOOD[kind]), **fields}, partial=partial) == []


class TestWhatDependsOnOthers:
    @pytest.mark.parametrize("name", [*RECURRING.keys() - {"type"}])
    def test_recurring_line_items(self, name: str) -> None:
        assert problems("line_items", RECURRING) == []
        assert fields("line_items", {**RECURRING, name: None}) == [name]

    def test_a_trial_needs_an_end_but_no_amount(self) -> None:
        trial = {**RECURRING, "type": "trial", "amount_in_cents": None}
        assert fields("line_items", trial) == ["service_period_end"]

    def test_bulk_imports_name_plans_by_external_id_and_want_an_amount(self) -> None:
        assert fields("line_items", {**RECURRING, "type": "trial", "amount_in_cents": None}, bulk=True) == [
            "amount_in_cents",
            "plan_external_id",
            "service_period_end",
        ]

    def test_priced_events_and_retractions(self) -> None:
        started = {**EVENT, "event_type": "subscription_start"}
        assert fields("subscription_events", started) == ["plan_external_id", "currency", "amount_in_cents"]
        assert fields("subscription_events", started, partial=True) == []
        priced = {**started, "plan_external_id": "team", "currency": "EUR", "amount_in_cents": ""}
        assert problems("subscription_events", priced) == []
        assert fields("subscription_events", {**priced, "amount_in_cents": None}) == ["amount_in_cents"]
        retracted = {**EVENT, "event_type": "subscription_event_retracted"}
        assert fields("subscription_events", retracted) == ["retracted_event_id"]

    def test_customers_and_subscriptions_are_named_one_way_or_the_other(self) -> None:
        merge = {"from": {"external_id": "a"}, "into": {}}
        assert fields("customer_merges", merge) == [
            "from.data_source_uuid",
            "into.data_source_uuid",
            "into.external_id",
        ]
        nameless = {"customer_uuid": "cus_1", "subscriptions": [{"data_source_uuid": "ds_1"}, {"uuid": "b"}]}
        assert fields("subscription_connections", nameless) == [
            "subscriptions[0].external_id",
            "subscriptions[1].data_source_uuid",
        ]


def test_what_is_nested_is_named_by_its_place() -> None:
    record = {
        **INVOICE,
        "line_items": [ITEM, {**ITEM, "amount_in_cents": "100"}],
        "transactions": [{"type": "payment", "date": "2026-03-01", "result": "lost"}],
    }
    assert fields("invoices", record) == ["line_items[1].amount_in_cents", "transactions[0].result"]
    record = {
        **CUSTOMER,
        "primary_contact": {"email": 7},
        "attributes": {"custom": [{"type": "Text", "key": "a-b", "value": 1}]},
    }
    assert fields("customers", record) == [
        "attributes.custom[0].type",
        "attributes.custom[0].key",
        "primary_contact.email",
    ]


@pytest.mark.parametrize("value", ["D", "DEU", ""])
def test_a_country_has_two_letters(value: str) -> None:
    assert faults("customers", {**CUSTOMER, "country": value}) == [
        ("country", "must be a code of two letters such as DE")
    ]


def test_only_a_new_plan_group_needs_plans() -> None:
    assert faults("plan_groups", {"name": "All", "plans": []}) == [("plans", "must hold at least one plan")]
    assert problems("plan_groups", {"plans": []}, partial=True) == []


@pytest.mark.parametrize("kind", ["contacts", "opportunities"])
def test_custom_attributes_need_a_value_be_it_null(kind: str) -> None:
    record = {**GOOD[kind], "custom": [{"key": "a"}, {"key": "a", "value": None}, {"key": "a", "value": ""}]}
    assert faults(kind, record) == [("custom[0].value", "is missing")]


class TestNearMisses:
    @pytest.mark.parametrize("name", ["text", "tags", "name", "email", "type", "external_id", "free_trial_started_at"])
    def test_each_single_slip_is_seen(self, name: str) -> None:
        kind = next(kind for kind, known in SINGLE.items() if name in known.checks)
        left_out = [name[:i] + name[i + 1 :] for i in range(len(name))]
        doubled = [name[:i] + name[i] + name[i:] for i in range(len(name))]
        wrong = [f"{name[:i]}j{name[i + 1 :]}" for i in range(len(name))]
        swapped = [name[:i] + name[i + 1] + name[i] + name[i + 2 :] for i in range(len(name) - 1)]
        for slip in {*left_out, *doubled, *wrong, *swapped} - SINGLE[kind].checks.keys():
            assert misspelt(kind, {slip: 1}) == {slip: name}

    @pytest.mark.parametrize("name", ["externalId", "External-ID", "external id", "xternal_idd"])
    def test_other_ways_to_write_it_are_seen(self, name: str) -> None:
        assert misspelt("plans", {name: 1}) == {name: "external_id"}

    def test_what_the_api_says_of_merged_customers_is_no_misspelling(self) -> None:
        assert misspelt("customers", {"external_ids": [], "data_source_uuids": []}) == {}

    def test_the_fields_of_one_kind_are_no_misspelt_ones_of_another(self) -> None:
        names = {name for tables in (SINGLE, BULK) for known in tables.values() for name in known.checks}
        for kind in SINGLE:
            assert misspelt(kind, dict.fromkeys(names)) == {}
            assert misspelt(kind, dict.fromkeys(names), bulk=True) == {}

    @pytest.mark.parametrize("name", ["id", "x", "note_of_sales", "shipping_name", "vat", "segment", "uuids_of_plans"])
    def test_other_names_are_none(self, name: str) -> None:
        for kind in SINGLE:
            assert misspelt(kind, {name: 1}) == {}


class TestChecked:
    def test_the_error_names_every_field_and_quotes_nothing(self) -> None:
        with pytest.raises(ChartMogulInvalidRecordError) as caught:
            checked("customers", {"extrenal_id": "x", "data_source_uuid": "ds_1", "email": ["jo@falter.example"]})
        error = caught.value
        assert str(error) == "customers: external_id is missing; is 'extrenal_id' meant?; email must be text"
        assert error.problems == [
            ("external_id", "is missing; is 'extrenal_id' meant?"),
            ("email", "must be text"),
        ]
        assert isinstance(error, ChartMogulError)
        assert isinstance(error, ValueError)
        assert isinstance(error, AirflowFailException)
        assert pickle.loads(pickle.dumps(error)).problems == error.problems

    @pytest.mark.parametrize(
        ("kind", "record", "warning"),
        [
            ("customers", {**CUSTOMER, "compnay": "Acme"}, "customers: unknown field 'compnay'"),
            ("customers", {**CUSTOMER, "lead-created-at": "2026-03-01"}, "is 'lead_created_at' meant?"),
            ("invoices", {**INVOICE, "line_items": [{**ITEM, "amount_in_cent": 1}]}, "line_items: unknown field"),
        ],
    )
    def test_near_misses_are_warned_of(
        self, kind: str, record: dict[str, Any], warning: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert checked(kind, record) == record
        assert [warning in entry.getMessage() for entry in caplog.records if entry.levelno == logging.WARNING] == [True]

    def test_other_unknown_fields_are_not(self, caplog: pytest.LogCaptureFixture) -> None:
        checked("customers", {**CUSTOMER, "shoe_size": 44})
        assert caplog.records == []
