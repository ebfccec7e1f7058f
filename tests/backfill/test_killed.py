"""The worker is killed in the middle of an import, and the task is tried again."""

from __future__ import annotations

import signal
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.transfers.object_storage_to_chartmogul import ObjectStorageToChartMogulOperator
from tests.backfill.billing_history import BillingHistory
from tests.backfill.dag_files import wait_until, write_dag, write_records
from tests.backfill.dag_process import kill, running_dag
from tests.backfill.holdings import Records, assert_holds_exactly
from tests.backfill.runs import LOOK, calls, lines, sent

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator


@pytest.mark.usefixtures("airflow_db", "chartmogul_conn")
def test_a_worker_that_is_killed_after_a_third_of_the_imports(
    emulator: Emulator, client: ChartMogulClient, data_source: str, tmp_path: Path
) -> None:
    records = BillingHistory(customers=50, months=6).as_records()
    account = tmp_path / "account.jsonl"
    dag = write_dag(
        "killed",
        **write_records(tmp_path, records),
        data_source_uuid=data_source,
        customers_per_request=1,
        max_in_flight=5,
        poll_interval=0.05,
        result_path=str(account),
    )
    emulator.configure(processing_ms=200)
    with running_dag(dag, log=tmp_path / "first.log") as process:
        wait_until(lambda: sent(emulator) >= 15 or process.poll() is not None)
        kill(process)
    assert process.returncode == -signal.SIGKILL, (tmp_path / "first.log").read_text()
    before = sent(emulator)
    assert 15 <= before < 40
    # the account of a try that was killed is gone with it, and nothing but ChartMogul says what it has done
    assert not account.exists()

    with running_dag(dag, log=tmp_path / "second.log") as process:
        assert process.wait(120) == 0, (tmp_path / "second.log").read_text()
    assert_holds_exactly(client, data_source, records)
    found = Counter((line["kind"], line["state"]) for line in lines(account))
    assert found.total() == sum(map(len, records.values()))
    assert {state for _, state in found} == {"already_there", "created"}
    # one import for each customer, of which none was sent again
    assert found["customers", "created"] == sent(emulator) - before
    assert found["customers", "already_there"] >= 10


@pytest.mark.usefixtures("chartmogul_conn")
def test_a_worker_that_is_killed_between_two_requests_of_a_customer(
    emulator: Emulator, client: ChartMogulClient, data_source: str, tmp_path: Path
) -> None:
    records = large_customer()
    files = write_records(tmp_path, records)
    arguments: dict[str, Any] = {**files, "data_source_uuid": data_source, "poll_interval": 0.05}
    # long enough for the first request of the customer to be under way
    emulator.configure(processing_ms=1_000)
    dag = write_dag("killed_within_a_customer", **arguments)
    with running_dag(dag, "bare", log=tmp_path / "first.log") as process:
        wait_until(lambda: sent(emulator) == 2 or process.poll() is not None)
        looks = calls(emulator, LOOK)
        # it asks for what it has sent, and nothing else of this customer may be looked for yet
        wait_until(lambda: calls(emulator, LOOK) > looks or process.poll() is not None)
        kill(process)
    assert process.returncode == -signal.SIGKILL
    assert sent(emulator) == 2

    emulator.configure(processing_ms=50)
    result = ObjectStorageToChartMogulOperator(task_id="import", **arguments).execute({})
    assert_holds_exactly(client, data_source, records)
    assert (sent(emulator), result["imports"], result["sent"]) == (4, 4, 2)
    assert result["records"]["customers"]["already_there"] == 1
    invoices = result["records"]["invoices"]
    assert 0 < invoices["already_there"] < invoices["already_there"] + invoices["created"] == len(records["invoices"])


def large_customer() -> Records:
    """Return a customer whose records take three requests, for each is of at most 5 MB."""
    item = {"type": "one_time", "amount_in_cents": 100, "description": "x" * 1_000_000}
    return {
        "plans": [{"external_id": "team", "name": "Team", "interval_count": 1, "interval_unit": "month"}],
        "customers": [{"external_id": "large", "name": "Large"}],
        "invoices": [
            {
                "external_id": f"inv-{n:02}",
                "customer_external_id": "large",
                "date": f"2025-{n:02}-01",
                "currency": "USD",
                "line_items": [{"external_id": f"item-{n:02}", **item}],
            }
            for n in range(1, 12)
        ],
    }
