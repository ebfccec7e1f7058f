"""Whatever breaks between a task and ChartMogul: in the end every record is there once, and the account is true."""

from __future__ import annotations

import inspect
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from tenacity import wait_fixed

from airflow_provider_chartmogul.client import retry
from airflow_provider_chartmogul.client.resources.json_imports import JsonImportsResource
from airflow_provider_chartmogul.exceptions import ChartMogulImportIncompleteError, ChartMogulServerError
from airflow_provider_chartmogul.imports import sending
from airflow_provider_chartmogul.operators.customers import ChartMogulImportCustomersOperator
from airflow_provider_chartmogul.operators.imports import ChartMogulBulkImportOperator
from airflow_provider_chartmogul.operators.invoices import ChartMogulImportInvoicesOperator
from airflow_provider_chartmogul.operators.subscription_events import ChartMogulImportSubscriptionEventsOperator
from airflow_provider_chartmogul.operators.transactions import ChartMogulImportTransactionsOperator
from tests.backfill.billing_history import BillingHistory
from tests.backfill.holdings import Records, all_of, assert_holds_exactly, nested, states
from tests.backfill.runs import bulk, calls, lines, sent

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

LOST_ANSWERS = [{"kind": "drop_after", "method": "POST", "every": 10}]
FAULTS = {
    "connections cut before the work": [{"kind": "drop_before", "every": 3}],
    "answers cut short": [{"kind": "truncate", "every": 3}],
    "pages of HTML": [{"kind": "500_html", "every": 3}],
    "all of it": [
        {"kind": "drop_before", "every": 9},
        {"kind": "truncate", "every": 8},
        {"kind": "500_html", "every": 7},
        {"kind": "500", "every": 6},
        {"kind": "drop_after", "every": 5},
    ],
}
each_fault = pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)


@pytest.fixture(scope="module")
def records() -> Records:
    return BillingHistory(customers=60, months=8).as_records()


@pytest.fixture(scope="module")
def few() -> Records:
    return BillingHistory(customers=15, months=6).as_records()


@pytest.fixture(autouse=True)
def connection(chartmogul_conn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection that tasks use, without the long waits between tries and between questions."""
    monkeypatch.setattr(retry, "BACKOFF", wait_fixed(0.01))
    monkeypatch.setattr(sending, "_LOOKS_PER_SECOND", 1_000)


def one_by_one(data_source: str, records: Records) -> dict[str, dict[str, Any]]:
    """Import with a request for each record, transactions after their invoices; return what each task says."""
    given = nested(records)
    transactions = [
        {**transaction, "invoice_external_id": invoice["external_id"]}
        for invoice in given["invoices"]
        for transaction in invoice.pop("transactions")
    ]
    return {
        kind: operator(
            task_id=kind, records=those, data_source_uuid=data_source, if_exists="skip", **MAX_REJECTED
        ).execute({})
        for kind, operator, those in (
            ("customers", ChartMogulImportCustomersOperator, given["customers"]),
            ("invoices", ChartMogulImportInvoicesOperator, given["invoices"]),
            ("transactions", ChartMogulImportTransactionsOperator, transactions),
            ("subscription_events", ChartMogulImportSubscriptionEventsOperator, given["subscription_events"]),
        )
    }


MAX_REJECTED: dict[str, Any] = {}


def with_plans(client: ChartMogulClient, data_source: str, records: Records) -> str:
    for plan in records["plans"]:
        client.plans.create(data_source_uuid=data_source, **plan)
    return data_source


def created(tasks: dict[str, dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Return how many records each task had, and how many it has created."""
    return {kind: (result["records"], result["created"]) for kind, result in tasks.items()}


def all_created(records: Records) -> dict[str, tuple[int, int]]:
    kinds = ("customers", "invoices", "transactions", "subscription_events")
    return {kind: (len(records[kind]), len(records[kind])) for kind in kinds}


def test_every_tenth_import_loses_its_answer(
    emulator: Emulator, client: ChartMogulClient, data_source: str, records: Records
) -> None:
    emulator.set_faults(LOST_ANSWERS)
    result = bulk(data_source, records, customers_per_request=1).execute({})
    emulator.set_faults([])
    assert_holds_exactly(client, data_source, records)
    assert states(result) == all_of(records, "created")
    # nothing was sent again: what became of it was asked for
    assert sent(emulator) == result["imports"] == result["sent"] > 40


def test_every_tenth_record_that_is_created_by_itself_loses_its_answer(
    emulator: Emulator, client: ChartMogulClient, data_source: str, records: Records
) -> None:
    with_plans(client, data_source, records)
    emulator.set_faults(LOST_ANSWERS)
    tasks = one_by_one(data_source, records)
    emulator.set_faults([])
    assert_holds_exactly(client, data_source, records)
    assert created(tasks) == all_created(records)
    written = sum(calls(emulator, f"POST {path}") for path in ("/customers", "/subscription_events"))
    assert written == len(records["customers"]) + len(records["subscription_events"])


@each_fault
def test_bulk_imports_over_a_bad_line(
    emulator: Emulator, client: ChartMogulClient, data_source: str, few: Records, faults: list[dict[str, Any]]
) -> None:
    emulator.set_faults(faults)
    result = bulk(data_source, few, customers_per_request=1).execute({})
    emulator.set_faults([])
    assert_holds_exactly(client, data_source, few)
    assert states(result) == all_of(few, "created")


@each_fault
def test_single_records_over_a_bad_line(
    emulator: Emulator, client: ChartMogulClient, data_source: str, few: Records, faults: list[dict[str, Any]]
) -> None:
    with_plans(client, data_source, few)
    emulator.set_faults(faults)
    tasks = one_by_one(data_source, few)
    emulator.set_faults([])
    assert_holds_exactly(client, data_source, few)
    assert created(tasks) == all_created(few)


def test_a_storm_of_refusals_while_the_real_limits_hold(
    emulator: Emulator,
    client: ChartMogulClient,
    data_source: str,
    few: Records,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", emulator.connection())
    emulator.configure(limits=True)
    emulator.set_faults(
        [
            {"kind": "429", "method": "POST", "times": 12},
            {"kind": "429", "method": "GET", "path": "json_imports/", "every": 2, "times": 12},
        ]
    )
    result = bulk(data_source, few, customers_per_request=1).execute({})
    refused = emulator.stats()["refused_429"]
    emulator.configure(limits=False)
    assert_holds_exactly(client, data_source, few)
    assert states(result) == all_of(few, "created")
    # the storm aside there was none: the client kept to the limits itself
    assert refused == 24


class Outage:
    """ChartMogul refuses everything from the moment on at which it has taken some imports."""

    def __init__(self, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, *, after: int, times: int | None) -> None:
        self._create = JsonImportsResource.create_encoded
        self._left = after
        self._lock = threading.Lock()

        def create_encoded(resource: JsonImportsResource, *arguments: Any, **further: Any) -> Any:
            answer = self._create(resource, *arguments, **further)
            with self._lock:
                self._left -= 1
                if self._left == 0:
                    emulator.set_faults([{"kind": "503", "times": times}])
            return answer

        monkeypatch.setattr(JsonImportsResource, "create_encoded", create_encoded)


def test_an_outage_that_is_longer_than_a_try_of_the_task(
    emulator: Emulator,
    client: ChartMogulClient,
    data_source: str,
    records: Records,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    account = tmp_path / "account.jsonl"
    emulator.configure(processing_ms=50)
    monkeypatch.setenv(
        "AIRFLOW_CONN_CHARTMOGUL_DEFAULT", emulator.connection(requests_per_second=10_000, max_retry_seconds=0.3)
    )
    Outage(emulator, monkeypatch, after=8, times=None)
    task = bulk(data_source, records, max_in_flight=3, result_path=str(account))
    with pytest.raises(ChartMogulServerError, match="503"):
        task.execute({})
    emulator.set_faults([])
    # what was done, what was sent without a word of what became of it, and what was not
    first = by_state(account)
    assert all(first[state] for state in ("created", "unknown", "not_sent"))
    assert sum(map(len, first.values())) == sum(map(len, records.values()))
    there = {(kind, one["external_id"]) for kind in LISTED for one in getattr(client, kind).list(**of(data_source))}
    assert {one for one in first["created"] if one[0] in LISTED} <= there
    assert not first["not_sent"] & there

    before = sent(emulator)
    result = task.execute({})
    assert_holds_exactly(client, data_source, records)
    assert 0 < sent(emulator) - before == result["sent"] < result["imports"]
    second = by_state(account)
    assert second.keys() == {"already_there", "created"}
    assert first["created"] <= second["already_there"]
    assert first["not_sent"] <= second["created"]
    assert sum(map(len, second.values())) == sum(map(len, records.values()))


LISTED = ("plans", "customers", "invoices")


def by_state(account: Path) -> dict[str, set[tuple[str, str]]]:
    """Return kind and external id of the records in each state."""
    found: dict[str, set[tuple[str, str]]] = {}
    for line in lines(account):
        found.setdefault(line["state"], set()).add((line["kind"], line["external_id"]))
    return found


def of(data_source: str) -> dict[str, str]:
    return {"data_source_uuid": data_source}


def test_an_outage_that_retries_outlast(
    emulator: Emulator, client: ChartMogulClient, data_source: str, few: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    Outage(emulator, monkeypatch, after=3, times=12)
    result = bulk(data_source, few).execute({})
    assert_holds_exactly(client, data_source, few)
    assert states(result) == all_of(few, "created")


def test_an_outage_while_single_records_are_created(
    emulator: Emulator,
    client: ChartMogulClient,
    data_source: str,
    few: Records,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    rejected = tmp_path / "rejected.jsonl"
    with_plans(client, data_source, few)
    monkeypatch.setenv(
        "AIRFLOW_CONN_CHARTMOGUL_DEFAULT", emulator.connection(requests_per_second=10_000, max_retry_seconds=0.01)
    )
    monkeypatch.setitem(MAX_REJECTED, "rejected_path", str(rejected))
    # a few get through
    emulator.set_faults([{"kind": "503", "method": "POST", "path": "customers$", "every": 2}])
    with pytest.raises(ChartMogulImportIncompleteError, match="records failed"):
        one_by_one(data_source, few)
    emulator.set_faults([])
    there = {customer["external_id"] for customer in client.customers.list(data_source_uuid=data_source)}
    failed = {line["record"]["external_id"] for line in lines(rejected)}
    assert there
    assert there | failed == {customer["external_id"] for customer in few["customers"]}
    assert not there & failed
    assert all(line["retryable"] for line in lines(rejected))

    tasks = one_by_one(data_source, few)
    assert_holds_exactly(client, data_source, few)
    assert (tasks["customers"]["created"], tasks["customers"]["already_there"]) == (len(failed), len(there))


def test_a_task_that_is_cleared_and_run_again_sends_nothing(
    emulator: Emulator, client: ChartMogulClient, data_source: str, few: Records
) -> None:
    first = bulk(data_source, few).execute({})
    before = sent(emulator)
    again = bulk(data_source, few).execute({})
    assert sent(emulator) == before == first["sent"]
    assert (again["sent"], states(again)) == (0, all_of(few, "already_there"))
    assert_holds_exactly(client, data_source, few)


@pytest.mark.parametrize("processing_ms", [0, 200], ids=["worked off at once", "with a lag"])
def test_two_runs_at_once(
    emulator: Emulator,
    client: ChartMogulClient,
    data_source: str,
    few: Records,
    monkeypatch: pytest.MonkeyPatch,
    processing_ms: int,
) -> None:
    # neither sends an import before the other has looked for it in vain and is about to send it, too
    create, both = JsonImportsResource.create_encoded, defaultdict[str, threading.Barrier](lambda: threading.Barrier(2))

    def create_encoded(resource: JsonImportsResource, source: str, *, external_id: str, body: bytes) -> Any:
        both[external_id].wait(30)
        return create(resource, source, external_id=external_id, body=body)

    monkeypatch.setattr(JsonImportsResource, "create_encoded", create_encoded)
    emulator.configure(processing_ms=processing_ms)
    with ThreadPoolExecutor(2) as threads:
        # Airflow 2 knows of the thread that a task belongs to, and warns off others
        execute = inspect.unwrap(ChartMogulBulkImportOperator.execute)
        runs = [threads.submit(execute, bulk(data_source, few, max_in_flight=4), {}) for _ in range(2)]
        results = [run.result() for run in runs]
    assert_holds_exactly(client, data_source, few)
    assert sum(result["sent"] for result in results) == len(both) == results[0]["imports"] == results[1]["imports"]
    # each import is the work of one of the two
    for kind, those in few.items():
        counts = [states(result)[kind] for result in results]
        assert all(sum(of.values()) == len(those) and of.keys() <= {"created", "already_there"} for of in counts)
        assert sum(of.get("created", 0) for of in counts) == len(those)
