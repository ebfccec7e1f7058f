"""The client and an emulated ChartMogul that loses answers: everything is done once."""

from __future__ import annotations

import io
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.client import ChartMogulClient
from airflow_provider_chartmogul.exceptions import ChartMogulAmbiguousWriteError, ChartMogulNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

MONTH = {"service_period_start": "2026-01-01", "service_period_end": "2026-02-01"}


@pytest.fixture
def source(client) -> str:
    return client.data_sources.create(name="Billing")["uuid"]


@pytest.fixture
def plan(client, source) -> str:
    plan = {"name": "Pro", "interval_count": 1, "interval_unit": "month"}
    return client.plans.create(data_source_uuid=source, external_id="p-1", **plan)["uuid"]


@pytest.fixture
def customer(client, source) -> str:
    ada = {"external_id": "c-1", "name": "Ada", "email": "ada@x.example"}
    return client.customers.create(data_source_uuid=source, **ada)["uuid"]


def invoice(plan: str, number: int) -> dict[str, Any]:
    item = {
        "type": "subscription",
        "external_id": f"l-{number}",
        "subscription_external_id": "s-1",
        "plan_uuid": plan,
        "amount_in_cents": 5000,
        **MONTH,
    }
    return {"external_id": f"i-{number}", "date": "2026-01-01", "currency": "USD", "line_items": [item]}


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "truncate", "500_html"])
def test_nothing_is_made_twice_when_answers_are_lost(emulator, client, kind):
    emulator.set_faults([{"kind": kind, "method": "POST", "every": 2}])

    source = client.data_sources.get_or_create(name="Billing")["uuid"]
    customers = [
        client.customers.create(data_source_uuid=source, external_id=f"c-{n}", name="x")["uuid"] for n in range(6)
    ]
    plans = [
        client.plans.create(
            data_source_uuid=source, external_id=f"p-{n}", name=f"P{n}", interval_count=1, interval_unit="month"
        )["uuid"]
        for n in range(3)
    ]
    batch = client.invoices.create(customers[0], [invoice(plans[0], 1), invoice(plans[0], 2)])["invoices"]
    for n in range(4):
        client.transactions.create(
            batch[0]["uuid"],
            external_id=f"t-{n}",
            type="payment",
            date="2026-01-02",
            result="failed",
            amount_in_cents=1000,
        )
    for n in range(4):
        client.subscription_events.create(
            data_source_uuid=source,
            external_id=f"e-{n}",
            customer_external_id="c-0",
            subscription_external_id="s-1",
            event_type="subscription_cancelled",
            event_date="2026-02-01",
            effective_date="2026-02-01",
        )

    emulator.set_faults([])
    assert [row["name"] for row in client.data_sources.list()] == ["Billing"]
    assert {row["uuid"] for row in client.customers.list()} == set(customers)
    assert len(customers) == len(set(customers))
    assert {row["uuid"] for row in client.plans.list()} == set(plans)
    stored = {row["external_id"]: row for row in client.invoices.list(customer_uuid=customers[0])}
    assert {row["uuid"] for row in batch} == {row["uuid"] for row in stored.values()}
    assert sorted(row["external_id"] for row in stored["i-1"]["transactions"]) == ["t-0", "t-1", "t-2", "t-3"]
    assert sorted(row["external_id"] for row in client.subscription_events.list()) == ["e-0", "e-1", "e-2", "e-3"]


def test_a_bulk_import_whose_answer_was_lost_is_followed(emulator, client, source):
    emulator.set_faults([{"kind": "drop_after", "method": "POST", "times": 1}])
    started = client.json_imports.create(source, external_id="batch-1", customers=[{"external_id": "c-1", "name": "x"}])
    assert started["external_id"] == "batch-1"

    deadline = time.monotonic() + 10
    while client.json_imports.retrieve(source, "batch-1")["status"] != "completed":
        assert time.monotonic() < deadline
    assert emulator.stats()["requests_by_operation"]["POST /data_sources/{data_source_uuid}/json_imports"] == 1
    assert [row["external_id"] for row in client.customers.list()] == ["c-1"]


def test_a_write_without_key_is_done_once_and_said_to_be_in_doubt(emulator, client, plan, customer):
    uuid = client.invoices.create(customer, [invoice(plan, 1)])["invoices"][0]["uuid"]
    emulator.set_faults([{"kind": "drop_after", "method": "POST", "times": 1}])

    with pytest.raises(ChartMogulAmbiguousWriteError):
        client.transactions.create(uuid, type="payment", date="2026-01-02", result="successful")
    assert len(client.invoices.retrieve(uuid)["transactions"]) == 1


def test_deleting_whose_answer_was_lost(emulator, client, plan):
    emulator.set_faults([{"kind": "drop_after", "method": "DELETE", "times": 1}])
    client.plans.delete(plan)

    assert list(client.plans.list()) == []
    with pytest.raises(ChartMogulNotFoundError):
        client.plans.delete(plan)


def test_from_invoice_to_metrics_and_export(client, plan, customer):
    client.invoices.create(customer, [invoice(plan, 1)])

    month = client.metrics.mrr(start_date="2026-01-01", end_date="2026-01-31", interval="month")["entries"][0]
    assert (month["date"], month["mrr"], month["mrr-new-business"]) == ("2026-01-31", 5000, 5000)
    assert [row["mrr"] for row in client.subscriptions.list(customer)] == [5000]
    assert [row["type"] for row in client.activities.list(start_date="2026-01-01")] == ["new_biz"]
    assert [row["type"] for row in client.activities.list_for_customer(customer)] == ["new_biz"]

    export = client.activities_exports.create(start_date="2026-01-01", end_date="2026-01-31")
    deadline = time.monotonic() + 10
    while export["status"] == "pending":
        assert time.monotonic() < deadline
        export = client.activities_exports.retrieve(export["id"])
    target = io.BytesIO()
    assert client.activities_exports.download(export["file_url"], target) == len(target.getvalue())
    assert zipfile.ZipFile(target).testzip() is None


def test_enrichment(client, customer):
    assert client.tags.add(customer, ["a", "b"]) == {"tags": ["a", "b"]}
    assert client.tags.remove(customer, ["a"]) == {"tags": ["b"]}
    assert [row["uuid"] for row in client.tags.add_by_email("ada@x.example", ["c"])["entries"]] == [customer]
    seats = [{"type": "Integer", "key": "seats", "value": 5}]
    assert client.custom_attributes.add(customer, seats) == {"custom": {"seats": 5}}
    assert client.custom_attributes.update(customer, {"seats": 6}) == {"custom": {"seats": 6}}
    found = client.customers.retrieve_attributes(customer)
    assert (found["tags"], found["custom"]) == (["b", "c"], {"seats": 6})
    assert client.custom_attributes.remove(customer, ["seats"]) == {"custom": {}}


def test_people_and_plans_of_a_customer_live_and_die(client, plan, customer, source):
    person = client.contacts.create(customer_uuid=customer, data_source_uuid=source, first_name="Ida")
    other = client.contacts.create_for_customer(customer, data_source_uuid=source, email="ida@x.example")
    note = client.customer_notes.create(customer_uuid=customer, type="call", text="Hello", call_duration=90)
    task = client.tasks.create(
        customer_uuid=customer, task_details="Call back", assignee="me@x.example", due_date=date(2026, 4, 30)
    )
    deal = client.opportunities.create(
        customer_uuid=customer,
        owner="me@x.example",
        pipeline="New",
        pipeline_stage="Talk",
        estimated_close_date=date(2026, 4, 30),
        currency="USD",
        amount_in_cents=120000,
    )
    group = client.plan_groups.create(name="Team", plans=[plan])

    assert client.contacts.update(person["uuid"], title="CTO")["title"] == "CTO"
    assert client.customer_notes.update(note["uuid"], text="Bye")["text"] == "Bye"
    assert client.tasks.update(task["task_uuid"], completed_at="2026-04-29")["completed_at"] is not None
    assert client.opportunities.update(deal["uuid"], win_likelihood=70)["win_likelihood"] == 70
    assert client.plan_groups.update(group["uuid"], name="All")["name"] == "All"
    assert [row["uuid"] for row in client.plan_groups.list_plans(group["uuid"])] == [plan]
    assert list(client.tasks.list(due_date_on_or_after=date(2026, 5, 1))) == []
    assert [row["task_uuid"] for row in client.tasks.list(completed=True)] == [task["task_uuid"]]
    assert [row["uuid"] for row in client.customer_notes.list(type="call")] == [note["uuid"]]
    assert client.contacts.merge(person["uuid"], other["uuid"])["email"] == "ida@x.example"
    assert [row["uuid"] for row in client.contacts.list_for_customer(customer)] == [person["uuid"]]

    for resource, uuid in (
        (client.contacts, person["uuid"]),
        (client.customer_notes, note["uuid"]),
        (client.tasks, task["task_uuid"]),
        (client.opportunities, deal["uuid"]),
        (client.plan_groups, group["uuid"]),
    ):
        resource.retrieve(uuid)
        resource.delete(uuid)
        assert list(resource.list()) == []
        with pytest.raises(ChartMogulNotFoundError):
            resource.retrieve(uuid)


def test_contacts_whose_merge_was_lost_are_merged_once(emulator, client, source, customer):
    first, second = (
        client.contacts.create(customer_uuid=customer, data_source_uuid=source, notes=notes)["uuid"]
        for notes in ("early", "late")
    )
    emulator.set_faults([{"kind": "drop_after", "method": "POST", "times": 1}])

    assert client.contacts.merge(first, second)["notes"] == "early late"
    assert [row["uuid"] for row in client.contacts.list()] == [first]


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "500_html"])
@pytest.mark.parametrize("processing_ms", [0, 300])
@pytest.mark.parametrize("by_uuid", [True, False])
def test_customers_are_merged_and_parted_whatever_is_lost(emulator, client, customer, fault, processing_ms, by_uuid):
    elsewhere = client.data_sources.create(name="Elsewhere")["uuid"]
    name = {"data_source_uuid": elsewhere, "external_id": "c-2"}
    other = client.customers.create(**name)["uuid"]
    emulator.configure(processing_ms=processing_ms)
    emulator.set_faults([{"kind": fault, "method": "POST", "times": 1}])

    client.customers.merge(from_=other if by_uuid else name, into=customer)
    until(lambda: [row["uuid"] for row in client.customers.list()] == [customer])
    assert set(client.customers.retrieve(customer)["external_ids"]) == {"c-1", "c-2"}

    emulator.set_faults([{"kind": fault, "method": "POST", "times": 1}])
    client.customers.unmerge(customer, **name)
    until(lambda: len(list(client.customers.list())) == 2)
    assert client.customers.retrieve(customer)["external_ids"] == ["c-1"]
    assert client.customers.list(**name).first()["uuid"] not in (customer, other)


def test_subscriptions_are_connected_and_disconnected_whatever_is_lost(emulator, client, plan, customer, source):
    rows = [invoice(plan, 1), invoice(plan, 2)]
    rows[1]["line_items"][0]["subscription_external_id"] = "s-2"
    client.invoices.create(customer, rows)
    pair = [{"data_source_uuid": source, "external_id": name} for name in ("s-1", "s-2")]
    emulator.set_faults([{"kind": "drop_after", "method": "POST", "every": 2}])

    client.subscriptions.connect(customer, pair)
    client.subscriptions.disconnect(customer, pair)
    assert len(list(client.subscriptions.list(customer))) == 2


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline


def test_twenty_senders_stay_within_the_limits(emulator):
    emulator.configure(limits=True, latency_ms=20)
    with ChartMogulClient(emulator.api_key, emulator.base_url) as client, ThreadPoolExecutor(30) as threads:
        assert len(list(threads.map(lambda _: client.ping(), range(60)))) == 60

    stats = emulator.stats()
    # an overloaded machine may bunch up a few; without the budget it would be twenty
    assert stats["refused_429"] <= 5
    assert stats["refused_503"] == 0
    assert stats["in_flight_max"] <= 20
