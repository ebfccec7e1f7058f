"""The task that compares a billing source with ChartMogul, and the tasks that mend what it finds."""

from __future__ import annotations

import csv
import gzip
import json
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_chartmogul.exceptions import ChartMogulError, ChartMogulReconciliationError
from airflow_provider_chartmogul.operators.imports import ChartMogulBulkImportOperator
from airflow_provider_chartmogul.operators.invoices import (
    ChartMogulDeleteInvoicesOperator,
    ChartMogulImportInvoicesOperator,
)
from airflow_provider_chartmogul.operators.reconcile import ChartMogulReconcileOperator
from airflow_provider_chartmogul.reconcile import COLUMNS
from tests.backfill.billing_history import BillingHistory
from tests.unit.imports.samples import cancellation, customer, plan
from tests.unit.reconcile.sides import Sides, bill, history, item, payment

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient

pytestmark = pytest.mark.usefixtures("chartmogul_conn")


@pytest.fixture
def data_source(client: ChartMogulClient) -> str:
    return str(client.data_sources.create(name="Billing system")["uuid"])


def run(task: Any) -> dict[str, Any]:
    result: dict[str, Any] = task.execute({"ti": Mock()})
    json.dumps(result)
    return result


def import_(data_source: str, **arguments: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"poll_interval": 0.001, "timeout": 60, **arguments}
    return run(ChartMogulBulkImportOperator(task_id="import", data_source_uuid=data_source, **given))


def reconcile(data_source: str, **arguments: Any) -> dict[str, Any]:
    return run(ChartMogulReconcileOperator(task_id="reconcile", data_source_uuid=data_source, **arguments))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_years_of_billing_are_equal_after_their_import(data_source: str, tmp_path: Path) -> None:
    records = BillingHistory(customers=60, months=12).as_records()
    import_(data_source, **records)
    paths = {name: str(tmp_path / f"{name}.jsonl") for name in ("differences_path", "fix_path", "extra_path")}
    result = reconcile(data_source, **records, **paths)
    assert result["equal"] is True
    assert result["differences"] == {}
    assert result["compared"]["invoices"] == len(records["invoices"])
    told = lines(tmp_path / "differences_path.jsonl")
    assert {row["kind"] for row in told} == {"not_compared"}
    assert len(told) == result["not_compared"] < result["compared"]["mrr"]
    assert lines(tmp_path / "fix_path.jsonl") == lines(tmp_path / "extra_path.jsonl") == []


@pytest.fixture
def broken(client: ChartMogulClient, data_source: str) -> dict[str, Any]:
    """Records that ChartMogul had, before all sorts of things happened there; some were never imported."""
    records: dict[str, Any] = history()
    numbers = range(4, 10)
    records["customers"] += [customer(number) for number in numbers]
    records["invoices"] += [bill(number) for number in numbers]
    both = Sides(client, data_source, records)
    both.store(records)
    client.invoices.delete_by_external_id(data_source, "inv-2")
    both.replace(bill(3, line_items=[item(3, amount_in_cents=4000)]))
    both.replace(bill(4, transactions=[payment(4, amount_in_cents=3000)]))
    both.store({"invoices": [bill(99, customer_external_id="acct-5")]})
    drop(client, data_source, "acct-6")
    client.subscription_events.delete(external_id="end-1", data_source_uuid=data_source)
    refuse(client, data_source, "inv-7")
    records["plans"] = [*records["plans"], plan(external_id="solo", name="Solo")]
    records["invoices"] = [
        *records["invoices"],
        bill(20, customer_external_id="acct-8", line_items=[item(20, plan_external_id="solo")]),
    ]
    return records


def drop(client: ChartMogulClient, data_source: str, name: str) -> None:
    gone = client.customers.list(data_source_uuid=data_source, external_id=name).first()
    assert gone
    client.customers.delete(gone["uuid"])


def refuse(client: ChartMogulClient, data_source: str, name: str) -> None:
    """Let ChartMogul have an invoice out of sight, with errors."""
    client.invoices.delete_by_external_id(data_source, name)
    number = int(name.partition("-")[2])
    bad = {name: value for name, value in bill(number, date="2999-01-01").items() if not isinstance(value, list)}
    parts = [{**item(number), "invoice_external_id": name}]
    client.json_imports.create(data_source, external_id="bad", invoices=[bad], line_items=parts)
    while client.json_imports.retrieve(data_source, "bad")["status"] != "completed":
        pass


def test_what_it_finds_can_be_mended(data_source: str, broken: dict[str, Any], tmp_path: Path) -> None:
    fixes, extras = tmp_path / "fixes.jsonl", tmp_path / "extras.jsonl"
    found = reconcile(data_source, **broken, fix_path=str(fixes), extra_path=str(extras), max_extra=1)
    assert found["equal"] is False
    assert found["open"] == {}
    assert found["differences"] == {
        "different": {"invoice": 2},
        "extra": {"invoice": 1},
        "missing": {"customer": 1, "event": 1, "invoice": 3, "plan": 1},
        "mrr": {"customer": 6},
        "refused": {"invoice": 1},
        "sum": {"month": 7},
    }
    assert [(line["kind"], line["record"]["external_id"], line.get("replace", False)) for line in lines(fixes)] == [
        ("plans", "solo", False),
        ("customers", "acct-6", False),
        ("invoices", "inv-2", False),
        ("invoices", "inv-3", True),
        ("invoices", "inv-4", True),
        ("invoices", "inv-6", False),
        ("invoices", "inv-7", False),
        ("invoices", "inv-20", False),
        ("subscription_events", "end-1", False),
    ]
    assert [line["record"]["external_id"] for line in lines(extras)] == ["inv-99"]

    delete = ChartMogulDeleteInvoicesOperator(task_id="delete", records=str(extras))
    assert run(delete)["deleted"] == 1
    import_(data_source, records=str(fixes), scope="fix 1")
    assert reconcile(data_source, **broken)["equal"] is True
    again = reconcile(data_source, **broken, fix_path=str(fixes), extra_path=str(extras))
    assert again["equal"] is True
    assert lines(fixes) == lines(extras) == []


def test_the_same_difference_is_mended_once_more(client: ChartMogulClient, data_source: str, tmp_path: Path) -> None:
    records: dict[str, Any] = history()
    both = Sides(client, data_source, records)
    both.store(records)
    for number in (1, 2):
        changed = bill(3, line_items=[item(3, amount_in_cents=4000)])
        client.invoices.delete_by_external_id(data_source, "inv-3")
        both.store({"invoices": [changed]}, name=f"change {number}")
        path = str(tmp_path / "fixes.jsonl")
        assert reconcile(data_source, **records, fix_path=path)["equal"] is False
        import_(data_source, records=path, scope=f"run {number}")
        assert reconcile(data_source, **records)["equal"] is True


def test_terms_are_mended_where_they_are(client: ChartMogulClient, data_source: str, tmp_path: Path) -> None:
    records: dict[str, Any] = history()
    both = Sides(client, data_source, records)
    both.store(records)
    uuid = both.invoice("inv-2")["uuid"]
    items = [{**item(2), "invoice_external_id": "inv-2"}]
    bare = {name: value for name, value in bill(2).items() if name != "line_items"}
    changed = {**bare, "date": "2026-03-02", "due_date": "2026-03-15", "collection_method": "manual"}
    records["invoices"] = [bill(1), changed, bill(3)]
    records["line_items"] = items
    updates, fixes = tmp_path / "updates.jsonl", tmp_path / "fixes.jsonl"
    found = reconcile(data_source, **records, update_path=str(updates), fix_path=str(fixes))
    assert (found["differences"], found["open"]) == ({"different": {"invoice": 1}}, {})
    assert lines(fixes) == []
    (letter,) = lines(updates)
    assert letter["was"]["uuid"] == uuid
    done = run(ChartMogulImportInvoicesOperator(task_id="update", records=str(updates), if_exists="update"))
    assert done["updated"] == 1
    assert both.invoice("inv-2")["uuid"] == uuid
    assert reconcile(data_source, **records)["equal"] is True


def test_one_that_is_imported_anew_is_not_deleted(client: ChartMogulClient, data_source: str, tmp_path: Path) -> None:
    records: dict[str, Any] = history()
    both = Sides(client, data_source, records)
    both.store(records)
    extras = tmp_path / "extras.jsonl"
    left = {**records, "invoices": records["invoices"][:2]}
    assert reconcile(data_source, **left, extra_path=str(extras), max_extra=1)["open"] == {}
    both.replace(bill(3))
    assert run(ChartMogulDeleteInvoicesOperator(task_id="delete", records=str(extras)))["missing"] == 1
    assert both.invoice("inv-3")
    assert reconcile(data_source, **left, extra_path=str(extras))["open"] == {"extra": 1}
    assert lines(extras) == []


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz", "parquet"])
def test_a_second_run_writes_the_same_bytes(
    data_source: str, broken: dict[str, Any], tmp_path: Path, suffix: str
) -> None:
    written = []
    for number in (1, 2):
        names = {
            "differences_path": f"{number}.{suffix}",
            "fix_path": f"{number}-fix.jsonl",
            "extra_path": f"{number}-extra.jsonl",
        }
        given = {name: str(tmp_path / path) for name, path in names.items()}
        reconcile(data_source, **broken, **given, max_extra=1)
        written.append([(tmp_path / path).read_bytes() for path in names.values()])
    assert written[0] == written[1]
    assert all(written[0])


def test_the_table_of_differences(data_source: str, broken: dict[str, Any], tmp_path: Path) -> None:
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    packed, parquet = tmp_path / "differences.jsonl.gz", tmp_path / "differences.parquet"
    reconcile(data_source, **broken, differences_path=str(packed))
    reconcile(data_source, **broken, differences_path=f"file://{parquet}")
    rows = [json.loads(line) for line in gzip.decompress(packed.read_bytes()).splitlines()]
    assert all(tuple(row) == COLUMNS for row in rows)
    assert [row for row in rows if row["external_id"] == "inv-4"] == [
        {
            "level": "invoice",
            "kind": "different",
            "customer_external_id": "acct-4",
            "month": "2026-03",
            "currency": "USD",
            "external_id": "inv-4",
            "field": "payments_in_cents",
            "source_value": 5000,
            "chartmogul_value": 3000,
            "message": None,
        }
    ]
    table = pq.read_table(parquet)
    assert table.column_names == list(COLUMNS)
    as_text = [
        {name: value if value is None or isinstance(value, str) else json.dumps(value) for name, value in row.items()}
        for row in rows
    ]
    assert table.to_pylist() == as_text


def test_a_difference_can_fail_the_task(data_source: str, broken: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "differences.jsonl"
    with pytest.raises(ChartMogulReconciliationError) as caught:
        reconcile(data_source, **broken, differences_path=str(path), fail_on_difference=True)
    assert isinstance(caught.value, AirflowFailException)
    assert isinstance(caught.value, ChartMogulError)
    assert "3 missing (invoice)" in str(caught.value)
    assert str(path) in str(caught.value)
    assert "acct" not in str(caught.value)
    assert lines(path)


def test_none_does_not(data_source: str) -> None:
    records: dict[str, Any] = history()
    import_(data_source, **records)
    assert reconcile(data_source, **records, fail_on_difference=True)["equal"] is True


def test_sources_and_mappings_are_those_of_the_import(data_source: str, tmp_path: Path) -> None:
    bills = tmp_path / "bills.csv"
    with bills.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["no", "account", "day", "currency"])
        table.writerows([[f"inv-{number}", f"acct-{number}", "01.03.2026", "USD"] for number in (1, 2)])
    items = [{**item(number), "invoice_external_id": f"inv-{number}"} for number in (1, 2)]
    sources: dict[str, Any] = {
        "plans": [plan()],
        "customers": [customer(1), customer(2)],
        "invoices": str(bills),
        "line_items": items,
        "mappings": {
            "invoices": {
                "external_id": "no",
                "customer_external_id": "account",
                "date": {"column": "day", "convert": "date", "format": "%d.%m.%Y"},
                "currency": "currency",
            }
        },
    }
    import_(data_source, **sources)
    assert reconcile(data_source, **sources)["compared"] == {"invoices": 2, "sums": 2, "mrr": 2}
    assert reconcile(data_source, **sources)["equal"] is True
    bills.write_text(bills.read_text().replace("01.03.2026", "01.02.2026", 1))
    assert reconcile(data_source, **sources)["differences"] == {"different": {"invoice": 1}, "sum": {"month": 2}}


def test_records_of_mixed_kinds(data_source: str) -> None:
    records: dict[str, Any] = history()
    import_(data_source, **records)
    mixed = [{"kind": kind, "record": one} for kind, those in records.items() for one in those]
    assert reconcile(data_source, records=mixed)["compared"] == {"invoices": 3, "sums": 3, "mrr": 3}
    left = [one for one in mixed if one["record"].get("external_id") != "inv-2"]
    assert reconcile(data_source, records=left, compare_mrr=False)["differences"] == {
        "extra": {"invoice": 1},
        "sum": {"month": 1},
    }


def test_a_window(data_source: str) -> None:
    records: dict[str, Any] = history()
    import_(data_source, **records)
    later: dict[str, Any] = {**records, "invoices": [bill(4, customer_external_id="acct-2", date="2026-04-10")]}
    march = {"interval_start": "2026-03-01T00:00:00+00:00", "interval_end": "2026-04-01T00:00:00+00:00"}
    assert reconcile(data_source, **later, **march)["differences"]["extra"] == {"invoice": 3}
    april = {"interval_start": "2026-04-01", "interval_end": ""}
    assert reconcile(data_source, **later, **april)["differences"] == {"missing": {"invoice": 1}, "sum": {"month": 1}}


def test_an_end_of_a_subscription_in_the_future_does_not_count_yet(data_source: str) -> None:
    records: dict[str, Any] = history()
    scheduled = cancellation(2, external_id="end-2", event_type="subscription_cancellation_scheduled")
    records["subscription_events"] += [{**scheduled, "effective_date": "2999-01-01"}]
    import_(data_source, **records)
    assert reconcile(data_source, **records)["equal"] is True


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give at least one of"),
        ({"line_items": [{}]}, "line_items are compared with their invoices"),
        ({"transactions": "payments.csv"}, "transactions are compared with their invoices"),
        ({"invoices": [{}], "fail_on_difference": "{{ params.strict }}"}, "fail_on_difference must be True or False"),
        ({"invoices": [{}], "max_extra": "many"}, "max_extra must be a number"),
        ({"invoices": [{}], "max_extra": 1.5}, "max_extra must be at least 0"),
        ({"invoices": [{}], "max_extra": -1}, "max_extra must be at least 0"),
        ({"invoices": [{}], "compare_mrr": "no"}, "compare_mrr must be True or False"),
    ],
)
def test_arguments_that_cannot_be(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ChartMogulReconcileOperator(task_id="reconcile", data_source_uuid="ds_1", **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data_source_uuid": "None"}, "data_source_uuid is empty"),
        ({"data_source_uuid": '["ds_1"]'}, "data_source_uuid must be an id"),
        ({"fix_path": "a.jsonl", "extra_path": "a.jsonl"}, "fix_path and extra_path are the same file"),
        ({"differences_path": "a.jsonl", "update_path": "a.jsonl"}, "differences_path and update_path are the same"),
        ({"differences_path": "None"}, "differences_path"),
        ({"interval_start": "None"}, "interval_start is empty"),
    ],
)
def test_templates_without_a_value(arguments: dict[str, Any], message: str) -> None:
    task = ChartMogulReconcileOperator(
        task_id="reconcile", **{"data_source_uuid": "ds_1", "invoices": [{}], **arguments}
    )
    with pytest.raises(ValueError, match=message):
        task.execute({})
