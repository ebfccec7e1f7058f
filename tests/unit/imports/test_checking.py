"""Bad records are found, and named, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from airflow_provider_chartmogul.client.fields import BULK
from airflow_provider_chartmogul.client.fields.tables import EVENT_TYPES
from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.imports import BillingImport, Given
from airflow_provider_chartmogul.imports.account import problems
from airflow_provider_chartmogul.imports.billing_import import inline
from tests.unit.imports.running import limits_and_pace, posts
from tests.unit.imports.samples import billing, cancellation, customer, invoice, line_item, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator
    from airflow_provider_chartmogul.imports import Rejection

    Check = Callable[..., "Checked"]


class Checked(NamedTuple):
    """What is wrong with records, and what else there is to say."""

    rejections: list[Rejection]
    warnings: list[str]

    @property
    def problems(self) -> list[tuple[str, int, str | None, str]]:
        return [(row.kind, row.position, row.external_id, row.field) for row in self.rejections]

    @property
    def fields(self) -> list[str]:
        return [row.field for row in self.rejections]


@pytest.fixture
def check(emulator: Emulator, client: ChartMogulClient, data_source: str) -> Check:
    """Check records; the data source has the plan ``team`` and the customers ``acct-1`` and ``acct-2``."""
    client.plans.create(data_source_uuid=data_source, **plan())
    for number in (1, 2):
        client.customers.create(data_source_uuid=data_source, **customer(number))

    def checked(records: Mapping[str, Iterable[Any]] | Iterable[Given], **options: Any) -> Checked:
        given = records if isinstance(records, list) else inline(records)  # type: ignore[arg-type]
        with BillingImport(client, data_source, *limits_and_pace(**options)) as billing_import:
            billing_import.read(given)
            assert posts(emulator) == 0
            return Checked(list(problems(billing_import.journal, -1)), billing_import.warnings)

    return checked


def own_item(invoice_external_id: str = "inv-1", **fields: Any) -> dict[str, Any]:
    return line_item(invoice_external_id=invoice_external_id, **fields)


def own_payment(invoice_external_id: str = "inv-1", **fields: Any) -> dict[str, Any]:
    return {
        "type": "payment",
        "result": "successful",
        "date": "2026-03-02",
        "invoice_external_id": invoice_external_id,
        **fields,
    }


def bare(number: int = 1, **fields: Any) -> dict[str, Any]:
    """An invoice without its parts."""
    return {k: v for k, v in invoice(number, **fields).items() if k not in ("line_items", "transactions")}


def test_good_records_have_no_problems_and_no_warnings(check: Check) -> None:
    assert check(billing()) == ([], [])


@pytest.mark.parametrize("kind", ["customers", "plans", "invoices", "subscription_events"])
def test_each_required_field_is_missed(check: Check, kind: str) -> None:
    good = billing(1)[kind][0]
    for name in BULK[kind].required:
        if name == "line_items":
            continue  # they may be records of their own
        for bad in ({k: v for k, v in good.items() if k != name}, {**good, name: None}, {**good, name: ""}):
            found = check({kind: [bad]}).rejections
            assert [(row.kind, row.field) for row in found] == [(kind, name)]
            assert "is missing" in found[0].message


def test_a_problem_names_kind_position_external_id_customer_field_and_place(check: Check) -> None:
    records = billing()
    records["invoices"][1]["currency"] = "euro"
    (row,) = check(records).rejections
    assert row.as_dict() == {
        "kind": "invoices",
        "position": 2,
        "external_id": "inv-2",
        "customer": "acct-2",
        "field": "currency",
        "message": "must be an ISO 4217 code such as EUR",
        "place": "",
        "retryable": False,
    }
    assert str(row) == "invoices record 2 'inv-2': currency must be an ISO 4217 code such as EUR"
    (row,) = check([Given("customers", {"external_id": 7}, "c.jsonl, line 9")]).rejections
    assert (row.place, str(row)) == (
        "c.jsonl, line 9",
        "customers record 1 (c.jsonl, line 9): external_id must be text",
    )


def test_parts_of_an_invoice_are_named_by_their_place(check: Check) -> None:
    bad = invoice(line_items=[line_item(), line_item(amount_in_cents="5000", external_id="li-9")])
    bad["transactions"].append({"type": "payment", "result": "lost", "date": "2026-03-02"})
    found = check({"invoices": [bad]})
    assert found.problems == [
        ("line_items", 1, "li-9", "line_items[1].amount_in_cents"),
        ("transactions", 1, None, "transactions[1].result"),
    ]
    assert str(found.rejections[0]).startswith("invoices record 1 'li-9': line_items[1].amount_in_cents ")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("customers", "external_id", True),
        ("customers", "lead_created_at", "yesterday"),
        ("plans", "interval_unit", "week"),
        ("plans", "interval_count", 0),
        ("plans", "interval_count", "1"),
        ("invoices", "date", "01.03.2026"),
        ("invoices", "date", "2026-02-30"),
        ("invoices", "collection_method", "by hand"),
        ("invoices", "line_items", {"0": {}}),
        ("invoices", "line_items", {}),
        ("invoices", "line_items", 0),
        ("invoices", "line_items", []),
        ("invoices", "line_items", None),
        ("subscription_events", "event_type", "cancelled"),
        ("subscription_events", "effective_date", 20260401),
        ("subscription_events", "amount_in_cents", 10.5),
    ],
)
def test_values_of_wrong_type_or_shape_are_refused(check: Check, kind: str, field: str, value: Any) -> None:
    record = {**billing(1)[kind][0], field: value}
    assert check({kind: [record]}).fields == [field]


@pytest.mark.parametrize("value", [{}, 0, "none"])
def test_line_items_of_their_own_do_not_excuse_a_field_of_wrong_type(check: Check, value: Any) -> None:
    found = check({"invoices": [invoice(line_items=value)], "line_items": [own_item()]})
    assert found.fields == ["line_items", "invoice_external_id"]


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
def test_values_of_line_items_are_checked(check: Check, field: str, value: Any) -> None:
    item = line_item(**{field: value})
    assert check({"invoices": [invoice(line_items=[item])]}).fields == [f"line_items[0].{field}"]
    own = check({"invoices": [bare()], "line_items": [{**item, "invoice_external_id": "inv-1"}]})
    assert own.problems == [("line_items", 1, None, field), ("invoices", 1, "inv-1", "line_items")]


@pytest.mark.parametrize("field", ["subscription_external_id", "plan_external_id", "service_period_start"])
@pytest.mark.parametrize("kind", ["subscription", "trial"])
def test_recurring_items_need_subscription_plan_and_period(check: Check, kind: str, field: str) -> None:
    item = line_item(type=kind)
    del item[field]
    assert check({"invoices": [invoice(line_items=[item])]}).problems == [
        ("line_items", 1, None, f"line_items[0].{field}")
    ]


def test_a_trial_needs_an_end_and_a_one_time_item_nothing_more(check: Check) -> None:
    trial = line_item(type="trial", service_period_end=None)
    once = {"type": "one_time", "amount_in_cents": 25000}
    assert check({"invoices": [invoice(line_items=[trial, once])]}).problems == [
        ("line_items", 1, None, "line_items[0].service_period_end")
    ]


def test_priced_events_need_plan_currency_and_amount(check: Check) -> None:
    priced = {"subscription_start", "subscription_start_scheduled", "subscription_updated"}
    priced.add("subscription_update_scheduled")
    for event_type in EVENT_TYPES:
        fields = set(check({"subscription_events": [cancellation(event_type=event_type)]}).fields)
        if event_type in priced:
            assert fields == {"plan_external_id", "currency", "amount_in_cents"}
        elif event_type == "subscription_event_retracted":
            assert fields == {"retracted_event_id"}
        else:
            assert fields == set()


class TestTogether:
    """What shows only when all records are in."""

    def test_external_ids_must_be_unique_within_a_kind(self, check: Check) -> None:
        records = billing(2)
        records["customers"].append(customer(1))
        records["invoices"].append(invoice(2, external_id="inv-1", line_items=[line_item(external_id="li-1")]))
        records["invoices"][0]["line_items"] = [line_item(external_id="li-1"), line_item(external_id="li-1")]
        found = check(records)
        assert found.problems == [
            ("customers", 3, "acct-1", "external_id"),
            ("line_items", 1, "li-1", "line_items[1].external_id"),
            ("invoices", 3, "inv-1", "external_id"),
            ("line_items", 3, "li-1", "line_items[0].external_id"),
        ]
        assert found.rejections[0].message == "is used before, in record 1"

    def test_the_place_of_the_first_use_is_named(self, check: Check) -> None:
        twice = [Given("customers", customer(), place) for place in ("a.csv, line 2", "b.csv, line 7")]
        (row,) = check(twice).rejections
        assert (row.place, row.message) == ("b.csv, line 7", "is used before, in record 1 (a.csv, line 2)")

    def test_the_same_external_id_may_serve_several_kinds(self, check: Check) -> None:
        assert check({"customers": [customer(external_id="x")], "plans": [plan(external_id="x")]}).problems == []

    def test_parts_nested_and_of_their_own_share_their_ids(self, check: Check) -> None:
        records = {
            **billing(2),
            "line_items": [own_item("inv-2", external_id="li-1"), own_item("inv-2", external_id="li-2")],
            "transactions": [own_payment(external_id="t-1"), own_payment("inv-2", external_id="t-1")],
        }
        records["invoices"][0]["line_items"][0]["external_id"] = "li-1"
        found = check(records)
        assert [row[:3] for row in found.problems if row[3] == "external_id"] == [
            ("line_items", 1, "li-1"),
            ("transactions", 2, "t-1"),
        ]
        assert found.rejections[0].message == "is used before, in invoices record 1"

    def test_a_rejected_part_holds_back_its_invoice_and_its_siblings(self, check: Check) -> None:
        records = {
            "customers": [customer(1), customer(2)],
            "invoices": [bare(1), bare(2)],
            "line_items": [own_item(), own_item(amount_in_cents="50"), own_item("inv-2")],
            "transactions": [own_payment(), own_payment("inv-2")],
        }
        found = check(records)
        assert found.problems == [
            ("line_items", 2, None, "amount_in_cents"),
            ("invoices", 1, "inv-1", "line_items"),
            ("line_items", 1, None, "invoice_external_id"),
            ("transactions", 1, None, "invoice_external_id"),
        ]
        assert str(found.rejections[1]) == (
            "invoices record 1 'inv-1': line_items has a part that is rejected, in line_items record 2"
        )
        assert found.rejections[2].message == "names an invoice that is rejected"

    def test_parts_of_an_invoice_that_is_not_among_the_records_are_orphans(self, check: Check) -> None:
        found = check({"line_items": [own_item("inv-9")], "transactions": [own_payment("inv-9")]})
        assert [(row.kind, row.field) for row in found.rejections] == [
            ("line_items", "invoice_external_id"),
            ("transactions", "invoice_external_id"),
        ]
        assert {row.message.partition(";")[0] for row in found.rejections} == {
            "names an invoice that is not among the records"
        }

    def test_parts_of_their_own_must_name_an_invoice(self, check: Check) -> None:
        found = check({"line_items": [line_item()], "transactions": [own_payment("")]})
        assert [(row.kind, row.field, row.message) for row in found.rejections] == [
            ("line_items", "invoice_external_id", "is missing"),
            ("transactions", "invoice_external_id", "is missing"),
        ]

    def test_an_invoice_needs_a_line_item_nested_or_of_its_own(self, check: Check) -> None:
        records = {"invoices": [bare(1), bare(2), invoice(2, external_id="inv-3")], "line_items": [own_item()]}
        found = check({**records, "transactions": [own_payment("inv-2")]})
        assert found.problems == [
            ("invoices", 2, "inv-2", "line_items"),
            ("transactions", 1, None, "invoice_external_id"),
        ]
        assert found.rejections[0].message == "must hold at least one line item"

    def test_what_hangs_on_a_rejected_customer_or_plan_is_held_back(self, check: Check) -> None:
        records = billing(2)
        records["customers"][0]["name"] = 1
        found = check(records)
        assert [(kind, position, field) for kind, position, _, field in found.problems] == [
            ("customers", 1, "name"),
            ("invoices", 1, "customer_external_id"),
            ("subscription_events", 1, "customer_external_id"),
        ]
        records = billing(2)
        records["plans"][0]["interval_unit"] = "week"
        assert [(kind, field) for kind, _, _, field in check(records).problems] == [
            ("plans", "interval_unit"),
            ("invoices", "line_items[0].plan_external_id"),
            ("invoices", "line_items[0].plan_external_id"),
        ]

    def test_what_hangs_on_what_hangs_on_a_rejected_record_is_held_back(self, check: Check) -> None:
        records = {
            "customers": [customer(1, name=1)],
            "invoices": [bare(1)],
            "line_items": [own_item()],
            "transactions": [own_payment()],
        }
        assert check(records).fields == ["name", "customer_external_id", "invoice_external_id", "invoice_external_id"]
        records = {"plans": [plan(interval_count=0)], "invoices": [bare(1)], "line_items": [own_item(), own_item()]}
        assert sorted(check(records).fields) == ["interval_count", "line_items", "plan_external_id", "plan_external_id"]

    @pytest.mark.parametrize("kind", ["customers", "plans"])
    def test_a_duplicate_does_not_hold_back_what_names_the_first(self, check: Check, kind: str) -> None:
        records = billing(1)
        records[kind].append(dict(records[kind][0]))
        assert check(records).problems == [(kind, 2, records[kind][0]["external_id"], "external_id")]

    def test_a_plan_that_is_nowhere_is_missed_wherever_it_is_named(self, check: Check) -> None:
        start = cancellation(
            event_type="subscription_start", plan_external_id="gone", currency="USD", amount_in_cents=100
        )
        records = {
            "invoices": [bare(1), invoice(2, line_items=[line_item(2), line_item(2, plan_external_id="gone")])],
            "line_items": [own_item(plan_external_id="gone")],
            "subscription_events": [start],
        }
        found = check(records)
        gone = "names plan 'gone', which is neither among the records nor in the data source"
        assert [(row.kind, row.position, row.field) for row in found.rejections if row.message == gone] == [
            ("line_items", 2, "line_items[1].plan_external_id"),
            ("line_items", 1, "plan_external_id"),
            ("subscription_events", 1, "plan_external_id"),
        ]

    def test_a_customer_may_be_in_the_data_source_only_but_must_be_somewhere(self, check: Check) -> None:
        found = check({"invoices": [invoice(1), invoice(9)], "subscription_events": [cancellation(8)]})
        assert [(row.kind, row.position, row.field) for row in found.rejections] == [
            ("invoices", 2, "customer_external_id"),
            ("subscription_events", 1, "customer_external_id"),
        ]
        assert {row.message for row in found.rejections} == {
            "names a customer that is neither among the records nor in the data source"
        }

    def test_an_invoice_that_fits_into_no_request_is_rejected(self, check: Check) -> None:
        long = {"description": "x" * 3000}
        records = {
            **billing(2),
            "line_items": [own_item("inv-2", **long), own_item("inv-2", **long)],
        }
        found = check(records, max_bytes=5_000)
        assert [row[:3] for row in found.problems] == [
            ("invoices", 2, "inv-2"),
            ("line_items", 1, None),
            ("line_items", 2, None),
        ]
        assert found.rejections[0].message == "takes more than the 4,744 bytes of one request"

    def test_payments_are_held_against_all_line_items_of_an_invoice(self, check: Check) -> None:
        paid = [own_payment(amount_in_cents=8_000)]
        del paid[0]["invoice_external_id"]
        both = {"invoices": [invoice(transactions=paid)], "line_items": [own_item(amount_in_cents=3_000)]}
        assert check(both).problems == []
        apart = {"invoices": [bare(transactions=paid)], "line_items": [own_item(amount_in_cents=8_000)]}
        assert check(apart).problems == []
        for records in (
            {"invoices": [invoice(transactions=paid)]},
            {"invoices": [invoice(transactions=paid)], "line_items": [own_item(amount_in_cents=2_999)]},
            {"invoices": [invoice()], "transactions": [own_payment(amount_in_cents=5_001)]},
        ):
            assert check(records).problems[0] == ("invoices", 1, "inv-1", "transactions")


def test_a_misspelt_required_field_is_named_in_the_error(check: Check) -> None:
    bad = customer()
    bad["extrenal_id"] = bad.pop("external_id")
    checked = check({"customers": [bad]})
    assert [row.message for row in checked.rejections] == ["is missing; is 'extrenal_id' meant?"]
    assert len(checked.warnings) == 1


def test_a_misspelt_optional_field_warns_once_and_is_no_problem(check: Check) -> None:
    records = billing(3)
    for record in records["customers"]:
        record["compnay"] = "Acme"
    assert check(records) == ([], ["customers: unknown field 'compnay' is sent as it is; is 'company' meant?"])


def test_unknown_fields_that_resemble_nothing_are_left_alone(check: Check) -> None:
    assert check({"customers": [customer(shoe_size=44)]}) == ([], [])


@pytest.mark.parametrize("record", ["acct-1", None, 7, ["acct-1"]])
def test_records_that_are_no_objects_are_refused(check: Check, record: Any) -> None:
    found = check({"customers": [record]})
    assert [(row.kind, row.position, row.message) for row in found.rejections] == [
        ("customers", 1, "must be an object")
    ]


def test_records_of_a_kind_that_there_is_not_are_refused(check: Check) -> None:
    found = check({"cutomers": [customer()], "customers": [customer()]})
    assert [(row.kind, row.position, row.field) for row in found.rejections] == [("cutomers", 1, "kind")]


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object()])
def test_what_json_cannot_say_is_refused(check: Check, value: Any) -> None:
    found = check({"customers": [customer(shoe_size=value), customer(2)]})
    assert [(row.position, row.message) for row in found.rejections] == [(1, "cannot be written as JSON")]


def test_text_that_cannot_be_stored_is_refused_wherever_it_stands(check: Check) -> None:
    records = {
        "customers": [customer(external_id="a\ud800"), customer(2, name="b\ud800")],
        "invoices": [invoice(customer_external_id="a\ud800", line_items=[line_item(plan_external_id="p\ud800")])],
    }
    assert {(row.kind, row.position, row.field) for row in check(records).rejections} >= {
        ("customers", 1, "external_id"),
        ("customers", 2, "name"),
        ("invoices", 1, "customer_external_id"),
    }


def test_what_a_customer_holds_is_checked_as_the_customers_own(check: Check) -> None:
    custom = [{"type": "Text", "key": "a", "value": 1}, {"type": "Integer", "key": "b"}]
    bad = customer(primary_contact={"email": 7, "frist_name": "Ida"}, attributes={"tags": [7], "custom": custom})
    checked = check({"customers": [bad]})
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


def test_contacts_of_two_customers_may_have_one_external_id(check: Check) -> None:
    two = [customer(n, primary_contact={"external_id": "p-1"}) for n in (1, 2)]
    assert check({"customers": two}).rejections == []


def test_of_a_country_bulk_imports_are_not_known_to_want_a_code(check: Check) -> None:
    assert check({"customers": [customer(country="Germany")]}).rejections == []


def test_what_is_most_likely_a_mistake_is_warned_of_once(check: Check) -> None:
    items = [line_item(amount_in_cents=-100), line_item(amount_in_cents=-100, prorated=True)]
    once = {"type": "one_time", "amount_in_cents": -100}
    later = "2999-01-01"
    records = {
        "invoices": [
            invoice(1, line_items=[line_item(), once]),
            invoice(2, line_items=items),
            invoice(3, line_items=items),
        ],
        "subscription_events": [
            cancellation(1),
            cancellation(2, effective_date=later),
            cancellation(2, effective_date=later, event_type="subscription_cancellation_scheduled"),
        ],
        "customers": [customer(3)],
    }
    checked = check(records)
    assert checked.rejections == []
    assert [warning.partition(" (first in ")[2] for warning in checked.warnings] == [
        "invoices record 2)",
        "subscription_events record 2)",
    ]


def test_one_odd_record_does_not_keep_the_others_from_being_read(check: Check) -> None:
    deep: Any = None
    for _ in range(5_000):
        deep = [deep]
    huge = invoice(2, line_items=[line_item(2, amount_in_cents=10**400)], transactions=[])
    huge["line_items"].append(line_item(2, amount_in_cents=1.0))
    checked = check({"customers": [customer(3, odd=deep), customer(1)], "invoices": [huge, invoice(1)]})
    assert {(kind, position) for kind, position, *_ in checked.problems} >= {("customers", 1)}
    assert ("customers", 2) not in {(kind, position) for kind, position, *_ in checked.problems}
    assert ("invoices", 2) not in {(kind, position) for kind, position, *_ in checked.problems}


def test_a_data_source_that_does_not_exist_is_found_out_before_anything_is_read(client: ChartMogulClient) -> None:
    nowhere = BillingImport(client, "ds_00000000-0000-4000-8000-000000000000", *limits_and_pace())
    with nowhere as billing_import, pytest.raises(ChartMogulNotFoundError):
        billing_import.read(iter(pytest.fail, None))
