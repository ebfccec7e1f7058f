"""Why records were not imported, as the error and the log of a task say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulImportFailedError
from airflow_provider_chartmogul.imports import Given
from tests.unit.imports.running import of_state, run
from tests.unit.imports.samples import billing, customer, invoice, line_item

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient


@pytest.fixture
def data_source(client: ChartMogulClient) -> str:
    return str(client.data_sources.create(name="Billing system")["uuid"])


def own_items(count: int, **fields: Any) -> list[Given]:
    """Return line items that stand beside their invoices, each of another."""
    items = [line_item(n, invoice_external_id=f"inv-{n}", **fields) for n in range(1, count + 1)]
    return [Given("line_items", item, f"lines.csv, line {n + 1}") for n, item in enumerate(items, start=1)]


def test_causes_come_first_and_what_hangs_on_them_is_counted(client: ChartMogulClient, data_source: str) -> None:
    count = 150
    given = [Given("customers", customer(n), "") for n in range(1, count + 1)]
    given += [Given("invoices", invoice(n, line_items=[]), "") for n in range(1, count + 1)]
    items = own_items(count, type="one_time", amount_in_cents="many")
    for item in items[2:5]:
        item.record["quantity"] = "two"
    result = run(client, data_source, [*given, *items], max_rejected=10)
    assert of_state(result, "rejected") == {"invoices": count, "line_items": count}
    with pytest.raises(ChartMogulImportFailedError) as caught:
        result.raise_for_failures(10)
    told = str(caught.value)
    assert told.startswith(
        "300 records were not imported (10 allowed), 150 others were not sent: 150 x line_items.amount_in_cents must be"
    )
    assert ", first in line_items record 1 (lines.csv, line 2); 3 x line_items.quantity must be" in told
    assert ", first in line_items record 3 (lines.csv, line 4); " in told
    assert told.endswith("; 150 others are held back with them")
    assert {row["kind"] for row in caught.value.rejected} == {"line_items"}


def test_the_same_fault_in_any_part_is_of_one_sort(client: ChartMogulClient, data_source: str) -> None:
    records = billing(3)
    for number in (0, 2):
        records["invoices"][number]["line_items"].append(line_item(number, amount_in_cents="many"))
    records["invoices"][1] = invoice(2, line_items=[line_item(2, amount_in_cents="many")])
    assert run(client, data_source, records).reasons.startswith("3 x invoices.line_items.amount_in_cents must be")


def test_which_other_record_is_meant_makes_no_sort(client: ChartMogulClient, data_source: str) -> None:
    customers = [customer(n) for n in (1, 2, 3, 1, 2, 3)]
    result = run(client, data_source, {"customers": customers})
    assert result.reasons == "3 x customers.external_id is used before, first in customers record 4 'acct-1'"
    # the problem itself still says it
    assert result.problems[1].message == "is used before, in record 2"


def test_sorts_that_are_not_told_are_counted_over_all(client: ChartMogulClient, data_source: str) -> None:
    customers = [customer(n) for n in range(1, 201)]
    late = {"name": 5, "email": 5, "country": 5, "company": 5, "lead_created_at": "soon", "external_id": None}
    for n, (name, value) in enumerate(late.items(), start=150):
        customers[n][name] = value
    reasons = run(client, data_source, {"customers": customers}).reasons
    assert reasons.count("customers record") == 5
    assert reasons.endswith("; and 1 more sort")


def test_one_that_is_held_back(client: ChartMogulClient, data_source: str) -> None:
    result = run(client, data_source, {**billing(1), "customers": [customer(name=5)], "subscription_events": []})
    assert result.reasons == ("customers record 1 'acct-1': name must be text; 1 other is held back with them")


def test_nothing_to_complain_of(client: ChartMogulClient, data_source: str) -> None:
    assert run(client, data_source, billing(1)).complaint() == ""


def test_consequences_are_in_the_problems(client: ChartMogulClient, data_source: str) -> None:
    result = run(client, data_source, {**billing(1), "customers": [customer(name=5)], "subscription_events": []})
    assert [row.message for row in result.problems] == ["must be text", "names a customer that is rejected"]
