"""Every tenth write loses its answer; still each customer and invoice ends up in ChartMogul exactly once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.imports.running import of_state, run
from tests.unit.imports.samples import customer, invoice, plan

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

CUSTOMERS = 1_000
NUMBERS = range(1, CUSTOMERS + 1)
EXPECTED_CUSTOMERS = Counter(f"acct-{n}" for n in NUMBERS)
EXPECTED_INVOICES = Counter(f"inv-{n}" for n in NUMBERS)


@pytest.fixture
def lossy(emulator: Emulator, data_source: str) -> Emulator:
    emulator.set_faults([{"kind": "drop_after", "method": "POST", "every": 10}])
    return emulator


def stored(client: ChartMogulClient, data_source: str) -> tuple[Counter[str], Counter[str]]:
    customers = Counter(c["external_id"] for c in client.customers.list(data_source_uuid=data_source))
    invoices = list(client.invoices.list(data_source_uuid=data_source))
    assert all(len(i["line_items"]) == len(i["transactions"]) == 1 for i in invoices)
    return customers, Counter(i["external_id"] for i in invoices)


def writes(emulator: Emulator) -> int:
    operations: dict[str, int] = emulator.stats()["requests_by_operation"]
    return sum(count for operation, count in operations.items() if operation.startswith("POST"))


def test_bulk_import(lossy: Emulator, client: ChartMogulClient, data_source: str) -> None:
    records = {
        "plans": [plan()],
        "customers": [customer(n) for n in NUMBERS],
        "invoices": [invoice(n) for n in NUMBERS],
    }
    result = run(client, data_source, records, customers_per_request=25, max_in_flight=4)
    assert writes(lossy) > 40
    assert stored(client, data_source) == (EXPECTED_CUSTOMERS, EXPECTED_INVOICES)
    result.raise_for_failures()
    assert of_state(result, "created") == {"plans": 1, "customers": CUSTOMERS, "invoices": CUSTOMERS}


def test_one_by_one(lossy: Emulator, client: ChartMogulClient, data_source: str) -> None:
    team = client.plans.create(data_source_uuid=data_source, **plan())

    def create(number: int) -> tuple[str, int]:
        made = client.customers.create(data_source_uuid=data_source, **customer(number))
        answer = client.invoices.create(made["uuid"], invoices=[with_plan_uuid(invoice(number), team["uuid"])])
        return made["external_id"], len(answer["invoices"])

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(create, NUMBERS))
    assert writes(lossy) > 2 * CUSTOMERS
    assert Counter(results) == Counter((f"acct-{n}", 1) for n in NUMBERS)
    assert stored(client, data_source) == (EXPECTED_CUSTOMERS, EXPECTED_INVOICES)


def with_plan_uuid(record: dict[str, Any], uuid: str) -> dict[str, Any]:
    del record["customer_external_id"]
    for item in record["line_items"]:
        del item["plan_external_id"]
        item["plan_uuid"] = uuid
    return record
