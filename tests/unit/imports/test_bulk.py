"""Importing into a ChartMogul over HTTP: what is sent, what is not, and the account of it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.client import ChartMogulClient
from airflow_provider_chartmogul.exceptions import (
    ChartMogulImportFailedError,
    ChartMogulServerError,
    ChartMogulWaitTimeoutError,
)
from airflow_provider_chartmogul.imports import BillingRecords, ImportResult, dead_letters, import_billing
from tests.unit.imports.samples import billing, cancellation, customer, invoice, line_item, plan

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator import Emulator

POST = "POST /data_sources/{data_source_uuid}/json_imports"


def run(client: ChartMogulClient, data_source: str, records: BillingRecords, **options: Any) -> ImportResult:
    return import_billing(client, data_source, records, **{"poll_interval": 0.001, "timeout": 30, **options})


def posts(emulator: Emulator) -> int:
    """Return how many bulk imports were sent."""
    return sum(
        count
        for operation, count in emulator.stats()["requests_by_operation"].items()
        if operation.startswith("POST") and operation.endswith("json_imports")
    )


def of_state(result: ImportResult, state: str) -> dict[str, int]:
    return {kind: count[state] for kind, count in result.counts.items() if count[state]}


def test_everything_arrives_once(emulator: Emulator, client: ChartMogulClient, data_source: str) -> None:
    result = run(client, data_source, billing(25), customers_per_request=10, max_in_flight=3)
    assert of_state(result, "imported") == {
        "customers": 25,
        "plans": 1,
        "invoices": 25,
        "line_items": 25,
        "transactions": 25,
        "subscription_events": 1,
    }
    assert (result.failures, result.sent, len(result.imports)) == (0, 4, 4)
    result.raise_for_failures()
    assert sorted(c["external_id"] for c in client.customers.list(data_source_uuid=data_source)) == sorted(
        f"acct-{n}" for n in range(1, 26)
    )
    invoices = list(client.invoices.list(data_source_uuid=data_source))
    assert len(invoices) == 25
    assert all(len(i["line_items"]) == len(i["transactions"]) == 1 for i in invoices)
    assert posts(emulator) == 4


def test_summary_is_small_and_plain(client: ChartMogulClient, data_source: str) -> None:
    result = run(client, data_source, BillingRecords(customers=[customer()]))
    assert json.loads(json.dumps(result.summary())) == {
        "records": {"customers": {"imported": 1, "already_there": 0, "rejected": 0, "unknown": 0, "not_sent": 0}},
        "imports": result.imports,
        "sent": 1,
    }


def test_a_second_run_sends_nothing(emulator: Emulator, client: ChartMogulClient, data_source: str) -> None:
    first = run(client, data_source, billing(25), customers_per_request=10)
    second = run(client, data_source, billing(25), customers_per_request=10)
    assert posts(emulator) == 4
    assert (second.sent, second.imports) == (0, first.imports[1:])
    assert of_state(second, "imported") == {}
    assert of_state(second, "already_there") == of_state(first, "imported")
    assert second.failures == 0


def test_data_that_partly_changed(client: ChartMogulClient, data_source: str) -> None:
    run(client, data_source, billing(3))
    records = billing(4)
    records.invoices.append(invoice(1, external_id="inv-1b", date="2026-04-01"))
    result = run(client, data_source, records)
    result.raise_for_failures()
    assert of_state(result, "imported") == {"customers": 1, "invoices": 2, "line_items": 2, "transactions": 2}
    assert of_state(result, "already_there") == {
        "customers": 3,
        "plans": 1,
        "invoices": 3,
        "line_items": 3,
        "transactions": 3,
        "subscription_events": 1,
    }
    invoices = list(client.invoices.list(data_source_uuid=data_source))
    assert len(invoices) == 5
    assert all(len(i["line_items"]) == len(i["transactions"]) == 1 for i in invoices)


def test_customers_and_plans_may_be_on_the_server_only(client: ChartMogulClient, data_source: str) -> None:
    client.plans.create(data_source_uuid=data_source, **plan())
    client.customers.create(data_source_uuid=data_source, **customer())
    result = run(client, data_source, BillingRecords(invoices=[invoice()], subscription_events=[cancellation()]))
    result.raise_for_failures()
    assert of_state(result, "imported")["invoices"] == 1


def test_a_plan_with_another_interval_is_not_overwritten_in_silence(client: ChartMogulClient, data_source: str) -> None:
    client.plans.create(data_source_uuid=data_source, **plan(interval_unit="year"))
    result = run(client, data_source, billing(1))
    assert [warning for warning in result.warnings if "1 year" in warning and "'team'" in warning]
    assert of_state(result, "already_there") == {"plans": 1}


def test_nothing_is_sent_if_a_record_is_bad(emulator: Emulator, client: ChartMogulClient, data_source: str) -> None:
    records = billing(3)
    del records.invoices[2]["currency"]
    result = run(client, data_source, records)
    assert posts(emulator) == 0
    assert of_state(result, "rejected") == {"invoices": 1}
    assert of_state(result, "not_sent") == {
        "customers": 3,
        "plans": 1,
        "invoices": 2,
        "line_items": 2,
        "transactions": 2,
        "subscription_events": 1,
    }
    with pytest.raises(ChartMogulImportFailedError, match="record 3 'inv-3': currency is missing") as caught:
        result.raise_for_failures()
    assert caught.value.rejected[0]["field"] == "currency"


def test_bad_records_within_the_limit_are_left_out(client: ChartMogulClient, data_source: str) -> None:
    records = billing(3)
    del records.invoices[2]["currency"]
    result = run(client, data_source, records, max_rejected=1)
    result.raise_for_failures(max_rejected=1)
    assert of_state(result, "rejected") == {"invoices": 1}
    assert sorted(i["external_id"] for i in client.invoices.list(data_source_uuid=data_source)) == ["inv-1", "inv-2"]


def test_customers_are_not_sent_if_a_plan_is_refused(
    client: ChartMogulClient, data_source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    retrieve = client.json_imports.retrieve

    def refused(data_source_uuid: str, import_id: str) -> dict[str, Any]:
        answer = retrieve(data_source_uuid, import_id)
        if "plans" in answer["status_details"]:
            answer["status_details"]["plans"] = {"status": "failed", "errors": {"team": {"name": ["is too long"]}}}
        return answer

    monkeypatch.setattr(client.json_imports, "retrieve", refused)
    result = run(client, data_source, billing(2))
    assert [str(row) for row in result.problems] == ["plans record 1 'team': name is too long"]
    assert of_state(result, "rejected") == {"plans": 1}
    assert of_state(result, "not_sent")["customers"] == 2
    assert list(client.customers.list(data_source_uuid=data_source)) == []


def test_a_plan_that_is_nowhere_is_found_before_anything_is_sent(
    emulator: Emulator, client: ChartMogulClient, data_source: str
) -> None:
    records = billing(2)
    records.plans = []
    result = run(client, data_source, records)
    assert posts(emulator) == 0
    assert {(row.kind, row.field) for row in result.problems} == {("line_items", "line_items[0].plan_external_id")}
    assert of_state(result, "rejected") == {"invoices": 2}


def test_a_customer_that_fits_into_no_request_is_named(
    emulator: Emulator, client: ChartMogulClient, data_source: str
) -> None:
    records = billing(2)
    records.invoices += [invoice(2, external_id=f"big-{n}") for n in range(20)]
    result = run(client, data_source, records, max_bytes=5_000)
    assert posts(emulator) == 0
    with pytest.raises(ChartMogulImportFailedError, match=r"the records of customer 'acct-2' take \d+,\d+ bytes"):
        result.raise_for_failures()
    assert of_state(result, "rejected") == {"customers": 1, "invoices": 21}
    assert {row.kind for row in result.problems} == {"customers", "invoices"}


def test_records_that_the_server_refuses_are_named_and_their_siblings_kept(
    emulator: Emulator, client: ChartMogulClient, data_source: str
) -> None:
    # in the future to the server alone
    emulator.configure(now="2026-04-15T00:00:00Z", import_errors=True)
    records = billing(3)
    records.invoices[1]["date"] = "2026-05-01"
    result = run(client, data_source, records)
    refused = {(row.kind, row.external_id): row for row in result.problems}
    row = refused["invoices", "inv-2"]
    assert (row.customer, row.field, row.source.position) == ("acct-2", "date", 2)
    assert "future" in row.message
    assert of_state(result, "imported")["invoices"] == 2
    assert of_state(result, "imported")["customers"] == 3
    with pytest.raises(ChartMogulImportFailedError):
        result.raise_for_failures()


def test_refused_records_can_be_corrected_and_imported_again(
    emulator: Emulator, client: ChartMogulClient, data_source: str
) -> None:
    emulator.configure(now="2026-04-15T00:00:00Z")
    records = billing(3)
    records.invoices[1]["date"] = "2026-05-01"
    letters = json.loads(json.dumps(list(dead_letters(records, run(client, data_source, records).problems))))
    assert [(letter["kind"], letter["record"]["external_id"]) for letter in letters] == [("invoices", "inv-2")]
    assert letters[0]["problems"][0]["position"] == 2
    letters[0]["record"]["date"] = "2026-03-01"
    corrected = BillingRecords()
    corrected.extend(letters)
    run(client, data_source, corrected).raise_for_failures()
    assert len(list(client.invoices.list(data_source_uuid=data_source))) == 3


def test_an_import_that_left_records_out_is_sent_again_when_repeated(
    emulator: Emulator, client: ChartMogulClient, data_source: str
) -> None:
    emulator.configure(now="2026-02-01T00:00:00Z")
    assert run(client, data_source, billing(2)).failures > 0
    emulator.configure(now="2026-05-01T00:00:00Z")
    result = run(client, data_source, billing(2))
    result.raise_for_failures()
    assert of_state(result, "already_there")["customers"] == 2
    assert of_state(result, "imported")["invoices"] == 2
    third = run(client, data_source, billing(2))
    assert (third.sent, third.failures) == (0, 0)


def test_a_slow_import_is_waited_for_and_not_sent_again(
    emulator: Emulator, client: ChartMogulClient, data_source: str
) -> None:
    emulator.configure(processing_ms=60_000)
    records = BillingRecords(customers=[customer()])
    with pytest.raises(ChartMogulWaitTimeoutError, match="is not done after"):
        run(client, data_source, records, timeout=0.2)
    assert posts(emulator) == 1
    emulator.configure(processing_ms=0)
    with pytest.raises(ChartMogulWaitTimeoutError):
        run(client, data_source, records, timeout=0.2)
    assert posts(emulator) == 1


def test_questions_are_asked_less_and_less_often(
    emulator: Emulator, client: ChartMogulClient, data_source: str
) -> None:
    emulator.configure(processing_ms=60_000)
    with pytest.raises(ChartMogulWaitTimeoutError):
        run(client, data_source, BillingRecords(customers=[customer()]), poll_interval=0.01, timeout=1)
    asked = sum(
        count
        for operation, count in emulator.stats()["requests_by_operation"].items()
        if operation.startswith("GET") and "json_imports" in operation
    )
    # a hundred times if the interval did not grow
    assert 3 < asked < 15


def test_a_failure_stops_the_other_imports(emulator: Emulator, client: ChartMogulClient, data_source: str) -> None:
    emulator.configure(processing_ms=60_000)
    with pytest.raises(ChartMogulWaitTimeoutError):
        run(client, data_source, billing(40), customers_per_request=1, max_in_flight=2, timeout=0.3, max_rejected=0)
    assert posts(emulator) <= 3


def test_a_failure_ends_the_wait_for_the_other_imports(
    emulator: Emulator, client: ChartMogulClient, data_source: str
) -> None:
    client.plans.create(data_source_uuid=data_source, **plan())
    emulator.configure(processing_ms=60_000)
    emulator.set_faults([{"kind": "500", "method": "POST", "path": "json_imports$", "every": 2}])
    impatient = ChartMogulClient(
        emulator.api_key, emulator.base_url, requests_per_second=10_000, max_retry_seconds=0.001
    )
    with impatient, pytest.raises(ChartMogulServerError):
        run(impatient, data_source, billing(2), customers_per_request=1, max_in_flight=2, poll_interval=0.05)
    asked = sum(
        count
        for operation, count in emulator.stats()["requests_by_operation"].items()
        if operation.startswith("GET") and "json_imports" in operation
    )
    # more than a dozen times if the one that was sent were waited for until the timeout
    assert asked < 8


def test_two_runs_at_once_send_once_and_both_succeed(
    emulator: Emulator, client: ChartMogulClient, data_source: str
) -> None:
    client.plans.create(data_source_uuid=data_source, **plan())
    # both look before either has sent
    emulator.configure(latency_ms=50, processing_ms=200)
    with ThreadPoolExecutor(2) as runs:
        results = list(runs.map(lambda _: run(client, data_source, billing(3)), range(2)))
    assert sorted(result.sent for result in results) == [0, 1]
    assert [result.failures for result in results] == [0, 0]
    assert len(list(client.customers.list(data_source_uuid=data_source))) == 3


def test_an_invoice_whose_line_item_id_is_taken_by_another_invoice_is_rejected(
    client: ChartMogulClient, data_source: str
) -> None:
    """As billing systems send them that name a line by the subscription item, the same every month."""
    january = invoice(line_items=[line_item(external_id="item-1")])
    run(client, data_source, BillingRecords([customer()], [plan()], [january])).raise_for_failures()
    february = invoice(external_id="inv-2", date="2026-04-01", line_items=[line_item(external_id="item-1")])
    records = BillingRecords(invoices=[february])
    result = run(client, data_source, records)
    assert of_state(result, "rejected") == {"invoices": 1, "line_items": 1, "transactions": 1}
    assert of_state(result, "already_there") == of_state(result, "imported") == {}
    assert [letter["record"]["external_id"] for letter in dead_letters(records, result.problems)] == ["inv-2"]
    with pytest.raises(ChartMogulImportFailedError, match=r"line_items\.external_id"):
        result.raise_for_failures()


def test_a_line_item_added_to_an_invoice_that_is_there_is_not_called_imported(
    client: ChartMogulClient, data_source: str
) -> None:
    run(client, data_source, BillingRecords([customer()], [plan()], [invoice()])).raise_for_failures()
    longer = invoice(line_items=[line_item(), line_item(external_id="another", amount_in_cents=100)])
    result = run(client, data_source, BillingRecords(invoices=[longer]))
    assert of_state(result, "already_there") == {"invoices": 1, "line_items": 1, "transactions": 1}
    assert of_state(result, "unknown") == {"line_items": 1}


def test_imports_under_way_at_once_are_limited(emulator: Emulator, client: ChartMogulClient, data_source: str) -> None:
    emulator.configure(latency_ms=5)
    run(client, data_source, billing(12), customers_per_request=1, max_in_flight=3)
    assert 1 < emulator.stats()["in_flight_max"] <= 3


def test_no_records_are_no_error(emulator: Emulator, client: ChartMogulClient, data_source: str) -> None:
    result = run(client, data_source, BillingRecords())
    assert (result.summary(), posts(emulator)) == ({"records": {}, "imports": [], "sent": 0}, 0)


def test_one_time_items_need_no_plan(client: ChartMogulClient, data_source: str) -> None:
    once = line_item(type="one_time", amount_in_cents=25_000)
    for name in ("plan_external_id", "subscription_external_id", "service_period_start", "service_period_end"):
        del once[name]
    result = run(client, data_source, BillingRecords([customer()], [], [invoice(line_items=[once])]))
    result.raise_for_failures()
