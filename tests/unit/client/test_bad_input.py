"""What cannot be sent is refused before the request, with the name of what is at fault."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulInvalidRecordError
from tests.unit.client.samples import BILL, CANCELLATION, DEAL, ITEM, TASK
from tests.unit.client.servers import answer, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.client import ChartMogulClient

    Connect = Callable[..., ChartMogulClient]
    Call = Callable[[ChartMogulClient], Any]

PLAN = {"data_source_uuid": "ds_1", "name": "Pro", "interval_count": 1, "interval_unit": "month"}

RECORDS: list[tuple[Call, str]] = [
    (lambda c: c.data_sources.create(name=""), "name"),
    (lambda c: c.customers.create(data_source_uuid="ds_1", external_id=""), "external_id"),
    (lambda c: c.customers.create(data_source_uuid="ds_1", external_id="c", lead_created_at="soon"), "lead_created_at"),
    (lambda c: c.customers.update("cus_1", status="Active"), "status"),
    (lambda c: c.customers.update("cus_1", attributes={"tags": "vip"}), "attributes.tags"),
    (lambda c: c.contacts.create(customer_uuid="", data_source_uuid="ds_1"), "customer_uuid"),
    (lambda c: c.contacts.create_for_customer("cus_1", data_source_uuid=""), "data_source_uuid"),
    (lambda c: c.contacts.update("con_1", position="first"), "position"),
    (lambda c: c.customer_notes.create(customer_uuid="cus_1", type="letter"), "type"),
    (lambda c: c.customer_notes.update("note_1", call_duration=-1), "call_duration"),
    (lambda c: c.tasks.create(**{**TASK, "due_date": "tomorrow"}), "due_date"),
    (lambda c: c.tasks.update("t-1", task_details="x" * 256), "task_details"),
    (lambda c: c.opportunities.create(**{**DEAL, "amount_in_cents": 12.5}), "amount_in_cents"),
    (lambda c: c.opportunities.update("o-1", win_likelihood=101), "win_likelihood"),
    (lambda c: c.plans.create(**{**PLAN, "interval_unit": "week"}), "interval_unit"),
    (lambda c: c.plans.update("pl_1", interval_count=0), "interval_count"),
    (lambda c: c.plan_groups.create(name="Team", plans=[]), "plans"),
    (lambda c: c.plan_groups.create(name="Team", plans="pl_1"), "plans"),
    (lambda c: c.plan_groups.update("plg_1", name=""), "name"),
    (lambda c: c.invoices.create("cus_1", [BILL, {**BILL, "date": "2026-02-30"}]), r"invoices\[1\]\.date"),
    (
        lambda c: c.invoices.create("cus_1", [BILL, {**BILL, "line_items": [ITEM, {"type": "one_time"}]}]),
        r"invoices\[1\]\.line_items\[1\]\.amount_in_cents",
    ),
    (lambda c: c.invoices.create("cus_1", [{**BILL, "external_id": None}]), r"invoices\[0\]\.external_id"),
    (lambda c: c.invoices.update("inv_1", currency="euro"), "currency"),
    (lambda c: c.invoices.update_by_external_id("ds_1", "i-1", due_date="x"), "due_date"),
    (lambda c: c.line_items.create("inv_1", type="subscription", amount_in_cents=5), "plan_uuid"),
    (lambda c: c.line_items.update("li_1", quantity=0), "quantity"),
    (lambda c: c.line_items.update_by_external_id("ds_1", "l-1", prorated="yes"), "prorated"),
    (lambda c: c.transactions.create("inv_1", type="payment", date="2026-01-01", result="ok"), "result"),
    (lambda c: c.transactions.update("tr_1", amount_in_cents=-5), "amount_in_cents"),
    (lambda c: c.transactions.update_by_external_id("ds_1", "t-1", type="gift"), "type"),
    (
        lambda c: c.subscription_events.create(
            **{"data_source_uuid": "ds_1", **CANCELLATION, "event_type": "cancelled"}
        ),
        "event_type",
    ),
    (lambda c: c.subscription_events.update(id=7, effective_date="x"), "effective_date"),
    (lambda c: c.custom_attributes.add("cus_1", [{"key": "a", "value": 1}]), r"custom\[0\]\.type"),
    (
        lambda c: c.custom_attributes.add_by_email("a@x.example", [{"type": "Text", "key": "a", "value": 1}]),
        r"custom\[0\]\.type",
    ),
    (lambda c: c.subscription_attributes.add("s-1", [{"type": "String", "value": "x"}]), r"custom\[0\]\.key"),
]

EMPTY: list[tuple[Call, str]] = [
    (lambda c: c.tags.add("cus_1", []), "tags"),
    (lambda c: c.tags.add("cus_1", "vip"), "tags"),
    (lambda c: c.tags.add_by_email("a@x.example", []), "tags"),
    (lambda c: c.tags.remove("cus_1", []), "tags"),
    (lambda c: c.custom_attributes.add("cus_1", []), "custom"),
    (lambda c: c.custom_attributes.add("cus_1", {"a": 1}), "custom"),
    (lambda c: c.custom_attributes.add_by_email("a@x.example", []), "custom"),
    (lambda c: c.custom_attributes.update("cus_1", {}), "custom"),
    (lambda c: c.custom_attributes.update("cus_1", [{"key": "a"}]), "custom"),
    (lambda c: c.custom_attributes.remove("cus_1", []), "custom"),
    (lambda c: c.subscription_attributes.add("s-1", []), "custom"),
    (lambda c: c.subscription_attributes.update("s-1", {}), "custom"),
    (lambda c: c.subscription_attributes.remove("s-1", []), "custom"),
    (lambda c: c.subscription_set_attributes.add("s-1", []), "custom"),
    (lambda c: c.subscription_set_attributes.update("s-1", {}), "custom"),
    (lambda c: c.subscription_set_attributes.remove("s-1", "seats"), "custom"),
    (lambda c: c.invoices.create("cus_1", []), "invoices"),
]

DATES: list[tuple[Call, str]] = [
    (lambda c: c.tasks.list(due_date_on_or_after="April"), "due_date_on_or_after"),
    (lambda c: c.tasks.list(due_date_on_or_before=""), "due_date_on_or_before"),
    (lambda c: c.opportunities.list(estimated_close_date_on_or_after="x"), "estimated_close_date_on_or_after"),
    (lambda c: c.opportunities.list(estimated_close_date_on_or_before="x"), "estimated_close_date_on_or_before"),
    (lambda c: c.subscription_events.list(event_date="x"), "event_date"),
    (lambda c: c.subscription_events.list(effective_date="x"), "effective_date"),
    (lambda c: c.activities.list(start_date="2026-02-30"), "start_date"),
    (lambda c: c.activities_exports.create(end_date="x"), "end_date"),
    (lambda c: c.metrics.mrr(start_date="2026-01-01", end_date=""), "end_date"),
]


@pytest.mark.parametrize(("call", "field"), RECORDS)
def test_a_field_of_a_record(connect: Connect, call: Call, field: str) -> None:
    with serving(answer()) as server, pytest.raises(ChartMogulInvalidRecordError, match=rf"(^|[ .]){field} "):
        call(connect(server.url))

    assert server.requests == []


@pytest.mark.parametrize(("call", "argument"), EMPTY)
def test_a_list_that_is_empty_or_none(connect: Connect, call: Call, argument: str) -> None:
    with serving(answer()) as server, pytest.raises(ValueError, match=f"^{argument} must"):
        call(connect(server.url))

    assert server.requests == []


@pytest.mark.parametrize(("call", "argument"), DATES)
def test_a_date_that_is_none(connect: Connect, call: Call, argument: str) -> None:
    with serving(answer()) as server, pytest.raises(ValueError, match=f"^{argument}: "):
        call(connect(server.url))

    assert server.requests == []


def test_every_problem_of_a_batch_is_told_apart(connect: Connect) -> None:
    bad = {**BILL, "currency": "euro", "date": None}
    with serving(answer()) as server, pytest.raises(ChartMogulInvalidRecordError) as caught:
        connect(server.url).invoices.create("cus_1", [BILL, bad])

    assert {field for field, _ in caught.value.problems} == {"invoices[1].currency", "invoices[1].date"}
    assert "euro" not in str(caught.value)


def test_an_unknown_field_passes_with_a_warning_if_it_looks_misspelt(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(answer(201, {"uuid": "x_1"})) as server:
        client = connect(server.url)
        client.contacts.update("con_1", frist_name="Ida")
        client.plans.create(**PLAN, shade="green")

    assert [request.json for request in server.requests] == [{"frist_name": "Ida"}, {**PLAN, "shade": "green"}]
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "'frist_name'" in warnings[0]
    assert "'first_name'" in warnings[0]
