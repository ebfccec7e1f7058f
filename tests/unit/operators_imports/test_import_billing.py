"""The task that imports billing data in bulk."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_chartmogul.exceptions import ChartMogulImportFailedError
from airflow_provider_chartmogul.operators.imports import ChartMogulImportBillingOperator
from tests.unit.imports.samples import billing, cancellation, customer, invoice, plan

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mock import MockerFixture

    from airflow_provider_chartmogul.client import ChartMogulClient


@pytest.fixture
def data_source(client: ChartMogulClient) -> str:
    return str(client.data_sources.create(name="Billing system")["uuid"])


@pytest.fixture
def context() -> Any:
    return {"ti": Mock()}


def operator(data_source: str = "ds_1", **arguments: Any) -> ChartMogulImportBillingOperator:
    arguments = {"poll_interval": 0.001, "timeout": 30, **arguments}
    return ChartMogulImportBillingOperator(task_id="import", data_source_uuid=data_source, **arguments)


def write_lines(path: Path, records: list[dict[str, Any]]) -> str:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(json.dumps(record, ensure_ascii=False) for record in records) + "\n\n")
    return str(path)


@pytest.mark.usefixtures("chartmogul_conn")
class TestExecute:
    def test_records_given_as_lists(self, client: ChartMogulClient, data_source: str, context: Any) -> None:
        records = billing(3)
        result = operator(
            data_source,
            customers=records.customers,
            plans=records.plans,
            invoices=records.invoices,
            subscription_events=records.subscription_events,
        ).execute(context)
        counts = {kind: count["imported"] for kind, count in result["records"].items()}
        assert counts == {
            "customers": 3,
            "plans": 1,
            "invoices": 3,
            "line_items": 3,
            "transactions": 3,
            "subscription_events": 1,
        }
        assert len(result["imports"]) == result["sent"] == 2
        assert len(json.dumps(result)) < 1_000
        assert len(list(client.invoices.list(data_source_uuid=data_source))) == 3

    @pytest.mark.parametrize("suffix", ["", ".gz"])
    def test_records_given_as_files(
        self, client: ChartMogulClient, data_source: str, context: Any, tmp_path: Path, suffix: str
    ) -> None:
        result = operator(
            data_source,
            customers=write_lines(tmp_path / f"customers.jsonl{suffix}", [customer(1, name="Jürgen")]),
            plans=f"file://{write_lines(tmp_path / f'plans.jsonl{suffix}', [plan()])}",
            invoices=write_lines(tmp_path / f"invoices.jsonl{suffix}", [invoice()]),
        ).execute(context)
        assert result["records"]["invoices"]["imported"] == 1
        assert [c["name"] for c in client.customers.list(data_source_uuid=data_source)] == ["Jürgen"]

    def test_a_repeated_task_sends_nothing(self, data_source: str, context: Any) -> None:
        first = operator(data_source, customers=[customer()]).execute(context)
        second = operator(data_source, customers=[customer()]).execute(context)
        assert (second["sent"], second["imports"]) == (0, first["imports"])
        assert second["records"]["customers"] == {
            "imported": 0,
            "already_there": 1,
            "rejected": 0,
            "unknown": 0,
            "not_sent": 0,
        }

    def test_a_task_leaves_its_arguments_as_they_are(self, data_source: str, context: Any) -> None:
        task = operator(data_source, customers=[customer(1)], records=[{"kind": "customers", "record": customer(2)}])
        task.execute(context)
        assert task.execute(context)["records"]["customers"]["already_there"] == 2

    def test_rejected_records_fail_the_task_for_good_and_are_written(
        self, data_source: str, context: Any, tmp_path: Path
    ) -> None:
        path = tmp_path / "rejected" / "billing.jsonl"
        records = {"customers": [customer()], "invoices": [invoice(date="2999-01-01")], "plans": [plan()]}
        with pytest.raises(ChartMogulImportFailedError, match="in the future"):
            operator(data_source, **records, rejected_path=str(path)).execute(context)
        assert issubclass(ChartMogulImportFailedError, AirflowFailException)
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert [(line["kind"], line["record"]) for line in lines] == [("invoices", invoice(date="2999-01-01"))]
        assert "future" in lines[0]["problems"][0]["message"]

    def test_the_file_of_rejected_records_can_be_corrected_and_imported(
        self, client: ChartMogulClient, data_source: str, context: Any, tmp_path: Path
    ) -> None:
        path = tmp_path / "rejected.jsonl"
        bad = {"customers": [customer()], "plans": [plan()], "invoices": [invoice(currency="usd")]}
        with pytest.raises(ChartMogulImportFailedError):
            operator(data_source, **bad, rejected_path=str(path)).execute(context)
        path.write_text(path.read_text().replace('"usd"', '"USD"'))
        operator(data_source, customers=bad["customers"], plans=bad["plans"]).execute(context)
        result = operator(data_source, records=str(path), rejected_path=str(path)).execute(context)
        assert result["records"]["invoices"]["imported"] == 1
        assert path.read_text() == ""
        assert [i["external_id"] for i in client.invoices.list(data_source_uuid=data_source)] == ["inv-1"]

    def test_a_limit_of_rejected_records(self, data_source: str, context: Any) -> None:
        records = billing(3)
        records.invoices[0]["date"] = "soon"
        given = {"customers": records.customers, "plans": records.plans, "invoices": records.invoices}
        result = operator(data_source, **given, max_rejected=1).execute(context)
        assert (result["records"]["invoices"]["rejected"], result["records"]["invoices"]["imported"]) == (1, 2)
        with pytest.raises(ChartMogulImportFailedError, match="1 records were not imported"):
            operator(data_source, **given).execute(context)

    def test_misspelt_fields_are_logged(self, data_source: str, context: Any, mocker: MockerFixture) -> None:
        # how a task's log is captured differs between Airflow 2 and 3
        log = mocker.patch.object(ChartMogulImportBillingOperator, "log")
        operator(data_source, customers=[customer(compnay="Acme")]).execute(context)
        assert [call for call in log.warning.call_args_list if "'compnay'" in call.args[0] % call.args[1:]]

    def test_customers_per_request_is_obeyed(self, data_source: str, context: Any) -> None:
        customers = [customer(number) for number in range(5)]
        assert operator(data_source, customers=customers, customers_per_request=2).execute(context)["sent"] == 3

    def test_bad_files_are_named_but_not_quoted(self, data_source: str, context: Any, tmp_path: Path) -> None:
        path = tmp_path / "customers.jsonl"
        for text in ('{"external_id": "a"}\n{"secret": \n', '{"external_id": "a"}\n["secret"]\n'):
            path.write_text(text)
            with pytest.raises(ValueError, match=r"customers\.jsonl, line 2: not") as caught:
                operator(data_source, customers=str(path)).execute(context)
            assert "secret" not in str(caught.value)

    def test_what_is_neither_list_nor_path_is_refused(self, data_source: str, context: Any) -> None:
        with pytest.raises(TypeError, match="invoices must be a list of records or a path"):
            operator(data_source, invoices={"external_id": "inv-1"}).execute(context)

    def test_records_of_unknown_kind_are_refused(self, data_source: str, context: Any) -> None:
        with pytest.raises(ValueError, match="line 1 must be"):
            operator(data_source, records=[{"kind": "line_items", "record": {}}]).execute(context)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give at least one of customers, plans, invoices, subscription_events and records"),
        ({"customers": [], "customers_per_request": 0}, "customers_per_request must be at least 1"),
        ({"customers": [], "max_in_flight": 0}, "max_in_flight must be at least 1"),
        ({"customers": [], "poll_interval": 0}, "poll_interval must be above 0"),
        ({"customers": [], "timeout": -1}, "timeout must be above 0"),
        ({"customers": [], "max_rejected": -1}, "max_rejected must be at least 0, not -1"),
    ],
)
def test_bad_arguments_are_refused_when_the_dag_is_parsed(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        operator(**arguments)


def test_everything_that_names_data_is_templated(tmp_path: Path) -> None:
    task = operator(
        "{{ ds }}", customers="/{{ ds }}/c.jsonl", rejected_path="/{{ ds }}/r.jsonl", path_conn_id="{{ ds }}"
    )
    task.subscription_events = [cancellation()]
    task.render_template_fields({"ds": "2026-01-01"})
    assert task.data_source_uuid == task.path_conn_id == "2026-01-01"
    assert (task.customers, task.rejected_path) == ("/2026-01-01/c.jsonl", "/2026-01-01/r.jsonl")
    assert set(task.template_fields) >= {"chartmogul_conn_id", "plans", "invoices", "subscription_events", "records"}
