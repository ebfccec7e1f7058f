"""An import of many records takes no more memory than one of few: they lie on the disk, only requests are held.

The emulator holds everything that it is sent, so it runs in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections import deque
from typing import TYPE_CHECKING

import pytest

from airflow_provider_chartmogul.client import ChartMogulClient
from airflow_provider_chartmogul.imports import BillingImport, Given
from tests.unit.imports.running import limits_and_pace
from tests.unit.imports.samples import customer, invoice, plan

if TYPE_CHECKING:
    from collections.abc import Iterator

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[ChartMogulClient]:
    """A client of an emulator in another process."""
    command = [sys.executable, "-m", "airflow_provider_chartmogul.emulator", "--api-key", "key", "--port", "0"]
    process = subprocess.Popen([*command, "--no-limits"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        with ChartMogulClient("key", process.stdout.readline().strip(), requests_per_second=10_000) as client:
            yield client
    finally:
        process.terminate()
        process.wait(20)


def generated(count: int, **faults: str) -> Iterator[Given]:
    yield Given("plans", plan(), "")
    for number in range(count // 2):
        yield Given("customers", {**customer(number), **faults}, f"line {number}")
        yield Given("invoices", invoice(number), f"line {number}")


def peak_of_an_import(client: ChartMogulClient, count: int, name: str, **faults: str) -> int:
    """Return the most bytes that an import takes, its account included."""
    source = client.data_sources.create(name=name)["uuid"]
    tracemalloc.start()
    try:
        with BillingImport(client, source, *limits_and_pace(max_in_flight=4, customers_per_request=200)) as billing:
            billing.read(generated(count, **faults))
            billing.send()
            result = billing.result()
            deque(billing.results(), maxlen=1)
            deque(billing.rejected(), maxlen=1)
        assert result.total("rejected" if faults else "created") == (count if faults else count + 1)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("count", "faults"), [(6_000, {}), (6_000, {"lead_created_at": "soon"})], ids=["sound", "faulty"]
)
def test_four_times_as_many_records_take_no_more_memory(
    elsewhere: ChartMogulClient, count: int, faults: dict[str, str]
) -> None:
    # modules are loaded once
    peak_of_an_import(elsewhere, 400, f"warm-up {faults}", **faults)
    few = peak_of_an_import(elsewhere, count, f"few {faults}", **faults)
    many = peak_of_an_import(elsewhere, 4 * count, f"many {faults}", **faults)
    assert many - few < 3 * MEGABYTE, f"{few:,} and {many:,} bytes"
