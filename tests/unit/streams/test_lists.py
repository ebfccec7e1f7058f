"""Streams of lists, read from an emulated account with something of everything."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulInvalidResponseError, ChartMogulNotFoundError
from airflow_provider_chartmogul.streams import STREAMS
from airflow_provider_chartmogul.streams.model import Options
from tests.contract.account import Account
from tests.unit.streams.fakes import FakeClient, FakeListing, records_of, requests, rows_of

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
ATTRIBUTES = [{"type": "Integer", "key": "seats", "value": 24}]


@pytest.fixture
def account(emulator: Emulator, client: ChartMogulClient) -> Account:
    account = Account(emulator, client)
    client.custom_attributes.add(account.paying, ATTRIBUTES)
    _ = (account.contact, account.note, account.task, account.opportunity, account.plan_group, account.event)
    return account


def rows(account: Account, name: str, **options: Any) -> list[dict[str, Any]]:
    return rows_of(STREAMS[name].open(account.client, Options(**options)))


UNWINDOWED = [name for name, stream in STREAMS.items() if not stream.windowed]


@pytest.mark.parametrize("name", UNWINDOWED)
def test_all_fields_that_the_api_is_known_to_send_have_a_column(account: Account, name: str) -> None:
    for record in records_of(STREAMS[name].open(account.client, Options())):
        assert record.rows is not None
        assert set(record.rows) == {table.suffix for table in STREAMS[name].tables}
        assert [row["extra"] for rows in record.rows.values() for row in rows if row["extra"]] == []


@pytest.mark.parametrize("name", UNWINDOWED)
def test_what_identifies_a_record_is_in_its_rows(account: Account, name: str) -> None:
    records = records_of(STREAMS[name].open(account.client, Options()))

    assert records
    for table in STREAMS[name].tables:
        found = [(record.key, row[table.record_key]) for record in records for row in (record.rows or {})[table.suffix]]
        assert found
        assert all(key == value for key, value in found)


def test_the_account_is_one_row_with_its_settings(account: Account) -> None:
    assert rows(account, "account") == [
        {
            "id": "acc_00000000-0000-4000-8000-000000000001",
            "name": "Emulated account",
            "currency": "USD",
            "time_zone": "UTC",
            "week_start_on": "monday",
            "churn_recognition": "churn_at_time_of_cancelation",
            "refund_handling": "refund_ignore",
            "proximate_movement_reclassification": "one_hour_reclassification",
            "churn_when_zero_mrr": "true",
            "auto_churn_subscription": "false",
            "extra": None,
        }
    ]


def test_data_sources_come_with_their_settings(account: Account) -> None:
    (row,) = rows(account, "data_sources")

    assert (row["uuid"], row["name"], row["system"]) == (account.source, "Ledger", "Custom")
    assert row["created_at"] == NOW
    assert row["processing_status"].startswith('{"processed":')
    assert row["auto_churn_subscription_setting"] == '{"enabled":false,"interval":null}'
    assert row["invoice_handling_setting"].startswith('{"manual":{')


def test_contacts(account: Account) -> None:
    (row,) = rows(account, "contacts")

    assert (row["uuid"], row["customer_uuid"]) == (account.contact["uuid"], account.paying)
    assert (row["first_name"], row["email"], row["position"]) == ("Max", "max@firm.example", 1)
    assert (row["custom"], row["last_seen"]) == ("{}", None)


def test_customer_notes(account: Account) -> None:
    (row,) = rows(account, "customer_notes")

    assert (row["uuid"], row["customer_uuid"], row["type"]) == (account.note["uuid"], account.paying, "note")
    assert (row["text"], row["author"]) == ("Asked for an offer", "Ada (ada@us.example)")
    assert (row["call_duration"], row["created_at"], row["updated_at"]) == (0, NOW, NOW)


def test_tasks_are_due_at_a_point_in_time(account: Account) -> None:
    (row,) = rows(account, "tasks")

    assert (row["task_uuid"], row["customer_uuid"]) == (account.task["task_uuid"], account.paying)
    assert row["due_date"] == datetime(2026, 4, 1, tzinfo=UTC)
    assert row["completed_at"] is None


def test_opportunities_close_on_a_day(account: Account) -> None:
    (row,) = rows(account, "opportunities")

    assert (row["uuid"], row["customer_uuid"]) == (account.opportunity["uuid"], account.paying)
    assert row["estimated_close_date"] == date(2026, 6, 30)
    assert (row["amount_in_cents"], row["currency"], row["win_likelihood"]) == (120_000, "USD", 0)
    assert (row["created_at"], row["custom"]) == (NOW, "{}")


def test_plans_and_their_groups(account: Account) -> None:
    account.new_plan("solo")

    assert {row["uuid"]: row["name"] for row in rows(account, "plans")}[account.plan] == "Team"
    assert len(rows(account, "plans")) == 2
    (group,) = rows(account, "plan_groups")
    assert (group["uuid"], group["name"], group["plans_count"]) == (account.plan_group["uuid"], "Standard", 1)
    (member,) = rows(account, "plan_group_plans")
    assert (member["plan_group_uuid"], member["uuid"]) == (group["uuid"], account.plan)
    assert (member["name"], member["interval_count"], member["interval_unit"]) == ("Team", 1, "month")


def test_all_plans_of_a_group_are_one_record(account: Account) -> None:
    plans = {account.new_plan(f"p{i}")["uuid"] for i in range(3)}
    group = account.client.plan_groups.create(name="Other", plans=list(plans))["uuid"]

    records = {one.key: one.rows for one in records_of(STREAMS["plan_group_plans"].open(account.client, Options()))}

    assert set(records) == {group, account.plan_group["uuid"]}
    assert {row["uuid"] for row in records[group][""]} == plans


def test_a_group_that_vanished_during_the_walk_is_a_record_without_plans() -> None:
    def list_plans(uuid: str) -> Any:
        raise ChartMogulNotFoundError(f"GET /plan_groups/{uuid}/plans: 404", status_code=404)

    client = FakeClient()
    client.plan_groups = SimpleNamespace(
        list=lambda cursor: FakeListing([[{"uuid": "plg_1"}]], cursor), list_plans=list_plans
    )

    assert records_of(STREAMS["plan_group_plans"].open(client, Options())) == [("plg_1", {"": []})]


def test_subscription_events_are_identified_by_their_number_as_text(account: Account) -> None:
    (row,) = rows(account, "subscription_events")

    assert row["id"] == str(account.event["id"])
    assert (row["external_id"], row["event_type"]) == ("evt-1", "subscription_cancelled")
    assert row["effective_date"] == datetime(2026, 2, 20, tzinfo=UTC)
    assert (row["quantity"], row["tax_amount_in_cents"], row["amount_in_cents"]) == (1, 0, None)


@pytest.mark.parametrize(
    ("sent", "read"), [("1000", 1000), ("1000.0", 1000), (1000, 1000), ("", None), (None, None), ("-5", -5)]
)
def test_amounts_of_events_are_numbers_however_they_were_sent(sent: object, read: int | None) -> None:
    client = FakeClient(lists={"subscription_events": [[{"id": 7, "amount_in_cents": sent, "quantity": sent}]]})

    (row,) = rows_of(STREAMS["subscription_events"].open(client, Options()))

    assert (row["id"], row["amount_in_cents"], row["quantity"]) == ("7", read, read)


@pytest.mark.parametrize("sent", ["secret-value", "10.5", "nan", True])
def test_an_amount_of_an_event_that_is_no_number_is_refused(sent: object) -> None:
    client = FakeClient(lists={"subscription_events": [[{"id": 7, "amount_in_cents": sent}]]})

    with pytest.raises(ChartMogulInvalidResponseError, match="subscription_events, record 7: field 'amount_in") as told:
        rows_of(STREAMS["subscription_events"].open(client, Options()))

    assert "secret-value" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "resource"), [("tasks", "tasks"), ("customer_tags", "customers"), ("line_items", "invoices")]
)
@pytest.mark.parametrize("key", [None, 1.5, [], {}])
def test_a_record_without_key_is_refused(name: str, resource: str, key: object) -> None:
    field = "task_uuid" if name == "tasks" else "uuid"
    client = FakeClient(lists={resource: [[{field: key}]]})

    with pytest.raises(ChartMogulInvalidResponseError, match=f"{name}.*'{field}'"):
        rows_of(STREAMS[name].open(client, Options()))


# children -------------------------------------------------------------------------------------------------------------


def test_one_walk_brings_customers_with_tags_and_attributes(account: Account) -> None:
    with requests(account.emulator) as asked:
        records = {one.key: one.rows for one in records_of(STREAMS["customers"].open(account.client, Options()))}

    paying, lead = records[account.paying], records[account.lead]
    assert [row["tag"] for row in paying["tags"]] == ["pilot"]
    assert [(row["key"], row["value_integer"]) for row in paying["custom_attributes"]] == [("seats", 24)]
    assert (lead["tags"], lead["custom_attributes"]) == ([], [])
    assert asked == {"GET /data_sources": 1, "GET /customers": 1}


@pytest.mark.parametrize(
    ("name", "parent", "suffix"),
    [
        ("customer_tags", "customers", "tags"),
        ("customer_custom_attributes", "customers", "custom_attributes"),
        ("line_items", "invoices", "line_items"),
        ("transactions", "invoices", "transactions"),
    ],
)
def test_a_child_alone_has_the_rows_that_it_has_with_its_parent(
    account: Account, name: str, parent: str, suffix: str
) -> None:
    account.bill(account.lead, "inv-2")
    together = records_of(STREAMS[parent].open(account.client, Options()))

    alone = records_of(STREAMS[name].open(account.client, Options()))

    # also of those that have none: what they had before is to be removed
    assert alone == [(one.key, {"": (one.rows or {})[suffix]}) for one in together]
    assert any(one.rows == {"": []} for one in alone) == (name != "line_items")
    assert any(one.rows != {"": []} for one in alone)


def attributes(custom: object, tags: object = None) -> FakeClient:
    return FakeClient(lists={"customers": [[{"uuid": "cus_1", "attributes": {"custom": custom, "tags": tags}}]]})


@pytest.mark.parametrize(
    ("value", "kind", "column"),
    [
        ("blue", "string", "value_string"),
        ("", "string", "value_string"),
        ("2016-01-31", "string", "value_string"),
        ("2016-01-31T00:00:00+01:00", "string", "value_string"),
        ("2016-13-31T00:00:00Z", "string", "value_string"),
        ("on 2016-01-31T00:00:00.000Z", "string", "value_string"),
        (24, "integer", "value_integer"),
        (24.0, "decimal", "value_decimal"),
        (1.5, "decimal", "value_decimal"),
        (True, "boolean", "value_boolean"),
        (False, "boolean", "value_boolean"),
        ("2016-01-31T00:00:00.000Z", "timestamp", "value_timestamp"),
        ("2016-01-31T00:00:00Z", "timestamp", "value_timestamp"),
    ],
)
def test_an_attribute_has_its_value_in_the_column_of_its_type(value: object, kind: str, column: str) -> None:
    (row,) = rows_of(STREAMS["customer_custom_attributes"].open(attributes({"a": value}), Options()))

    expected = datetime(2016, 1, 31, tzinfo=UTC) if kind == "timestamp" else value
    assert (row["customer_uuid"], row["key"], row["type"]) == ("cus_1", "a", kind)
    assert type(row["type"]) is str
    assert {name: one for name, one in row.items() if name.startswith("value_") and one is not None} == {
        column: expected
    }
    assert row["extra"] is None


def test_an_attribute_without_value_is_none() -> None:
    assert rows_of(STREAMS["customer_custom_attributes"].open(attributes({"a": None}), Options())) == []


@pytest.mark.parametrize("value", [["a", 1], {"b": None}])
def test_an_attribute_of_an_unknown_kind_is_kept(value: object) -> None:
    (row,) = rows_of(STREAMS["customer_custom_attributes"].open(attributes({"a": value}), Options()))

    assert row["type"] is None
    assert row["extra"] in ('{"value":["a",1]}', '{"value":{"b":null}}')


def test_a_tag_that_is_listed_twice_is_one() -> None:
    rows = rows_of(STREAMS["customer_tags"].open(attributes({}, ["b", "a", "b"]), Options()))

    assert [row["tag"] for row in rows] == ["b", "a"]


@pytest.mark.parametrize(
    ("name", "customer", "field"),
    [
        ("customer_tags", {"attributes": []}, "attributes"),
        ("customer_tags", {"attributes": {"tags": "beta"}}, "tags"),
        ("customer_tags", {"attributes": {"tags": [1]}}, "tags"),
        ("customer_custom_attributes", {"attributes": {"custom": []}}, "custom"),
        ("customers", {"attributes": {"custom": "x"}}, "custom"),
    ],
)
def test_attributes_of_another_shape_are_refused(name: str, customer: dict[str, Any], field: str) -> None:
    client = FakeClient(lists={"customers": [[{"uuid": "cus_1", **customer}]]})

    with pytest.raises(ChartMogulInvalidResponseError, match=f"Stream {name}: field '{field}'"):
        rows_of(STREAMS[name].open(client, Options()))


@pytest.mark.parametrize("customer", [{}, {"attributes": None}, {"attributes": {}}])
def test_a_customer_without_attributes_has_none(customer: dict[str, Any]) -> None:
    client = FakeClient(lists={"customers": [[{"uuid": "cus_1", **customer}]]})

    (record,) = records_of(STREAMS["customers"].open(client, Options()))

    assert record.rows is not None
    assert (record.rows["tags"], record.rows["custom_attributes"]) == ([], [])


# data sources ---------------------------------------------------------------------------------------------------------


def second_source(account: Account) -> tuple[str, str]:
    """Make another data source with a customer, and return both."""
    source = account.client.data_sources.create(name="Other")["uuid"]
    customer = account.client.customers.create(data_source_uuid=source, external_id="acct-9", name="Nine")
    return source, customer["uuid"]


def test_several_data_sources_are_read_one_by_one(account: Account) -> None:
    _, other = second_source(account)

    with requests(account.emulator) as asked:
        assert {row["uuid"] for row in rows(account, "customers")} == {account.paying, account.lead, other}
    assert asked == {"GET /data_sources": 1, "GET /customers": 2}


def test_one_data_source_costs_no_request_more(account: Account) -> None:
    source, other = second_source(account)

    with requests(account.emulator) as asked:
        assert [row["uuid"] for row in rows(account, "customers", data_source_uuid=source)] == [other]
    assert asked == {"GET /customers": 1}


@pytest.mark.parametrize("name", ["contacts", "plans", "invoices", "subscription_events"])
def test_other_lists_are_narrowed_to_a_data_source_as_well(account: Account, name: str) -> None:
    source, _ = second_source(account)

    assert rows(account, name, data_source_uuid=source) == []
    assert len(rows(account, name, data_source_uuid=account.source)) == 1
    assert len(rows(account, name)) == 1


def test_a_merged_customer_is_listed_under_both_sources_and_has_one_key(account: Account) -> None:
    _, other = second_source(account)
    account.client.customers.merge(from_=other, into=account.paying)

    records = records_of(STREAMS["customers"].open(account.client, Options()))

    assert sorted(one.key for one in records) == sorted([account.paying, account.paying, account.lead])
    merged = [one.rows for one in records if one.key == account.paying]
    assert merged[0] == merged[1]


def test_lists_without_data_sources_are_read_in_one_walk(account: Account) -> None:
    second_source(account)

    with requests(account.emulator) as asked:
        assert len(rows(account, "tasks")) == 1
    assert asked == {"GET /tasks": 1}
