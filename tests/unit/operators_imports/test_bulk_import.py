"""The tasks that import billing data in bulk."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred

from airflow_provider_chartmogul.exceptions import (
    ChartMogulImportFailedError,
    ChartMogulServerError,
    ChartMogulWaitTimeoutError,
)
from airflow_provider_chartmogul.operators.imports import (
    ChartMogulBulkImportOperator,
    ChartMogulReplayRejectedOperator,
)
from tests.unit.imports.running import posts
from tests.unit.imports.samples import billing, cancellation, customer, invoice, line_item, plan

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mock import MockerFixture

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator


@pytest.fixture
def data_source(client: ChartMogulClient) -> str:
    return str(client.data_sources.create(name="Billing system")["uuid"])


@pytest.fixture
def context() -> Any:
    """What a task gets, as far as it is used: a place for XComs, which are JSON."""
    xcoms: dict[str, str] = {}
    ti = Mock(map_index=-1)
    ti.xcom_push.side_effect = lambda key, value: xcoms.update({key: json.dumps(value)})
    ti.xcom_pull.side_effect = lambda task_ids, key, map_indexes: json.loads(xcoms[key])
    return {"ti": ti}


def operator(data_source: str = "ds_1", **arguments: Any) -> ChartMogulBulkImportOperator:
    arguments = {"poll_interval": 0.001, "timeout": 30, **arguments}
    return ChartMogulBulkImportOperator(task_id="import", data_source_uuid=data_source, **arguments)


def write_lines(path: Path, records: list[dict[str, Any]]) -> str:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(json.dumps(record, ensure_ascii=False) for record in records) + "\n\n")
    return str(path)


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def in_state(result: dict[str, Any], state: str) -> dict[str, int]:
    return {kind: count[state] for kind, count in result["records"].items() if count[state]}


@pytest.mark.usefixtures("chartmogul_conn")
class TestExecute:
    def test_records_given_as_lists(self, client: ChartMogulClient, data_source: str, context: Any) -> None:
        result = operator(data_source, **billing(3)).execute(context)
        assert in_state(result, "created") == {"plans": 1, "customers": 3, "invoices": 3, "subscription_events": 1}
        assert result["imports"] == result["sent"] == 2
        assert len(json.dumps(result)) < 1_000
        assert len(list(client.invoices.list(data_source_uuid=data_source))) == 3

    @pytest.mark.parametrize("suffix", ["", ".gz"])
    def test_records_given_as_files(
        self, client: ChartMogulClient, data_source: str, context: Any, tmp_path: Path, suffix: str
    ) -> None:
        bare = invoice(line_items=None, transactions=None)
        result = operator(
            data_source,
            customers=write_lines(tmp_path / f"customers.jsonl{suffix}", [customer(1, name="Jürgen")]),
            plans=f"file://{write_lines(tmp_path / f'plans.jsonl{suffix}', [plan()])}",
            invoices=write_lines(tmp_path / f"invoices.jsonl{suffix}", [bare]),
            line_items=write_lines(tmp_path / f"items.jsonl{suffix}", [line_item(invoice_external_id="inv-1")]),
        ).execute(context)
        assert in_state(result, "created") == {"plans": 1, "customers": 1, "invoices": 1, "line_items": 1}
        assert [c["name"] for c in client.customers.list(data_source_uuid=data_source)] == ["Jürgen"]

    def test_a_repeated_task_sends_nothing(self, data_source: str, context: Any) -> None:
        first = operator(data_source, customers=[customer()]).execute(context)
        second = operator(data_source, customers=[customer()]).execute(context)
        assert (second["sent"], second["imports"]) == (0, first["imports"])
        assert second["records"]["customers"] == {
            "created": 0,
            "already_there": 1,
            "rejected": 0,
            "unknown": 0,
            "not_sent": 0,
        }

    def test_a_task_leaves_its_arguments_as_they_are(self, data_source: str, context: Any) -> None:
        task = operator(data_source, customers=[customer(1)], records=[{"kind": "customers", "record": customer(2)}])
        task.execute(context)
        assert in_state(task.execute(context), "already_there") == {"customers": 2}

    def test_rejected_records_fail_the_task_for_good_and_are_written(
        self, data_source: str, context: Any, tmp_path: Path
    ) -> None:
        path = tmp_path / "rejected" / "billing.jsonl"
        records = {"customers": [customer()], "invoices": [invoice(date="2999-01-01")], "plans": [plan()]}
        with pytest.raises(ChartMogulImportFailedError, match="in the future"):
            operator(data_source, **records, rejected_path=str(path)).execute(context)
        assert issubclass(ChartMogulImportFailedError, AirflowFailException)
        (line,) = read_lines(path)
        assert (line["kind"], line["record"]) == ("invoices", sent(invoice(date="2999-01-01")))
        assert "future" in line["problems"][0]["message"]
        assert line["retryable"] is False

    @pytest.mark.parametrize("replay", [False, True])
    def test_the_file_of_rejected_records_can_be_corrected_and_imported(
        self, client: ChartMogulClient, data_source: str, context: Any, tmp_path: Path, replay: bool
    ) -> None:
        path, left = tmp_path / "rejected.jsonl", tmp_path / "left.jsonl"
        bad = {"customers": [customer()], "plans": [plan()], "invoices": [invoice(currency="usd")]}
        with pytest.raises(ChartMogulImportFailedError):
            operator(data_source, **bad, rejected_path=str(path)).execute(context)
        path.write_text(path.read_text().replace('"usd"', '"USD"'))
        operator(data_source, customers=bad["customers"], plans=bad["plans"]).execute(context)
        if replay:
            again: Any = ChartMogulReplayRejectedOperator(
                task_id="replay",
                data_source_uuid=data_source,
                path=str(path),
                rejected_path=str(left),
                poll_interval=0.001,
            )
        else:
            again = operator(data_source, records=str(path), rejected_path=str(left))
        assert in_state(again.execute(context), "created") == {"invoices": 1}
        assert left.read_text() == ""
        assert [i["external_id"] for i in client.invoices.list(data_source_uuid=data_source)] == ["inv-1"]

    def test_what_became_of_each_record_is_written(self, data_source: str, context: Any, tmp_path: Path) -> None:
        path = tmp_path / "result.jsonl.gz"
        records = {"customers": [customer(1), customer(2, name=7)]}
        operator(data_source, **records, result_path=str(path), max_rejected=1).execute(context)
        with gzip.open(path, "rt") as file:
            lines = [json.loads(line) for line in file]
        assert [(line["position"], line["external_id"], line["state"]) for line in lines] == [
            (1, "acct-1", "created"),
            (2, "acct-2", "rejected"),
        ]

    @pytest.mark.parametrize("max_rejected", [1, 0.2])
    def test_a_limit_of_rejected_records(self, data_source: str, context: Any, max_rejected: float) -> None:
        records = billing(3)
        records["invoices"][1]["date"] = "soon"
        result = operator(data_source, **records, max_rejected=max_rejected).execute(context)
        assert (in_state(result, "rejected"), in_state(result, "created")["invoices"]) == ({"invoices": 1}, 2)
        with pytest.raises(ChartMogulImportFailedError, match="1 records were not imported"):
            operator(data_source, **records).execute(context)

    @pytest.mark.parametrize("check_only", [True, "True"])
    def test_a_dry_run_checks_everything_and_sends_nothing(
        self, emulator: Emulator, data_source: str, context: Any, tmp_path: Path, check_only: Any
    ) -> None:
        path = tmp_path / "rejected.jsonl"
        result = operator(data_source, **billing(2), check_only=check_only).execute(context)
        assert result["check_only"] is True
        assert in_state(result, "not_sent") == {"plans": 1, "customers": 2, "invoices": 2, "subscription_events": 1}
        bad = {"customers": [customer(name=1)], "check_only": check_only, "rejected_path": str(path)}
        with pytest.raises(ChartMogulImportFailedError):
            operator(data_source, **bad).execute(context)
        assert len(read_lines(path)) == 1
        assert posts(emulator) == 0

    def test_another_scope_brings_back_what_was_deleted(
        self, client: ChartMogulClient, data_source: str, context: Any
    ) -> None:
        operator(data_source, **billing(3)).execute(context)
        first = next(c for c in client.invoices.list(data_source_uuid=data_source) if c["external_id"] == "inv-1")
        client.invoices.delete(first["uuid"])
        result = operator(data_source, **billing(3), scope="{{ run_id }}").execute(context)
        assert in_state(result, "created") == {"invoices": 1}

    def test_misspelt_fields_are_logged(self, data_source: str, context: Any, mocker: MockerFixture) -> None:
        # how a task's log is captured differs between Airflow 2 and 3
        log = mocker.patch.object(ChartMogulBulkImportOperator, "log")
        operator(data_source, customers=[customer(compnay="Acme")]).execute(context)
        assert [call for call in log.warning.call_args_list if "'compnay'" in call.args[0] % call.args[1:]]

    def test_customers_per_request_is_obeyed(self, data_source: str, context: Any) -> None:
        customers = [customer(number) for number in range(5)]
        assert operator(data_source, customers=customers, customers_per_request=2).execute(context)["sent"] == 3

    @pytest.mark.parametrize("second", ['{"secret": ', '["secret"]'])
    def test_bad_lines_are_named_and_kept_but_not_quoted(
        self, data_source: str, context: Any, tmp_path: Path, second: str
    ) -> None:
        path, rejected = tmp_path / "customers.jsonl", tmp_path / "rejected.jsonl"
        path.write_text(f'{{"external_id": "a"}}\n{second}\n')
        with pytest.raises(ChartMogulImportFailedError, match=r"customers\.jsonl, line 2") as caught:
            operator(data_source, customers=str(path), rejected_path=str(rejected)).execute(context)
        assert "secret" not in str(caught.value)
        (line,) = read_lines(rejected)
        assert "secret" in line["text"]

    def test_what_is_neither_list_nor_path_is_refused(self, emulator: Emulator, data_source: str, context: Any) -> None:
        with pytest.raises((TypeError, ValueError), match="invoices"):
            operator(data_source, customers=[customer()], invoices=7).execute(context)
        assert posts(emulator) == 0

    def test_records_of_unknown_kind_are_rejected(self, data_source: str, context: Any) -> None:
        with pytest.raises(ChartMogulImportFailedError, match="record 1: kind must be one of plans, customers"):
            operator(data_source, records=[{"kind": "discounts", "record": {}}]).execute(context)

    def test_a_replacement_gives_way(self, client: ChartMogulClient, data_source: str, context: Any) -> None:
        operator(data_source, **billing(1)).execute(context)
        letter = {"kind": "invoices", "record": invoice(date="2026-03-05"), "replace": True}
        result = operator(data_source, records=[letter]).execute(context)
        assert in_state(result, "created") == {"invoices": 1}
        assert [i["date"][:10] for i in client.invoices.list(data_source_uuid=data_source)] == ["2026-03-05"]

    def test_an_error_does_not_hide_what_became_of_the_records(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str, context: Any, tmp_path: Path
    ) -> None:
        client.plans.create(data_source_uuid=data_source, **plan())
        emulator.configure(processing_ms=60_000)
        rejected, result = tmp_path / "rejected.jsonl", tmp_path / "result.jsonl"
        paths = {"rejected_path": str(rejected), "result_path": str(result)}
        with pytest.raises(ChartMogulWaitTimeoutError):
            operator(data_source, **billing(3), customers_per_request=1, max_in_flight=2, timeout=1.0, **paths).execute(
                context
            )
        states = {(line["kind"], line["external_id"]): line["state"] for line in read_lines(result)}
        assert [states["customers", f"acct-{n}"] for n in (1, 2, 3)] == ["unknown", "unknown", "not_sent"]
        assert {line["retryable"] for line in read_lines(rejected)} == {True}
        assert posts(emulator) == 2

    def test_an_outage_is_no_failure_for_good(
        self, emulator: Emulator, data_source: str, context: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        extra = {"requests_per_second": 10_000, "max_retry_seconds": 0.01}
        monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", emulator.connection(**extra))
        emulator.set_faults([{"kind": "500", "method": "POST"}])
        with pytest.raises(ChartMogulServerError) as caught:
            operator(data_source, **billing(1)).execute(context)
        assert not isinstance(caught.value, AirflowFailException)


def sent(record: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(record))


@pytest.mark.usefixtures("chartmogul_conn")
class TestDeferrable:
    def test_a_wait_in_the_triggerer_and_the_account_after_it(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str, context: Any
    ) -> None:
        client.plans.create(data_source_uuid=data_source, **plan())
        emulator.configure(processing_ms=300)
        task = operator(data_source, **billing(5), customers_per_request=2, deferrable=True)
        with pytest.raises(TaskDeferred) as deferred:
            task.execute(context)
        trigger = deferred.value.trigger
        assert len(trigger.import_ids) == posts(emulator) == 3
        while (event := trigger.look(client)) is None:
            pass
        result = task.execute_complete(context, event)
        assert in_state(result, "created") == {"customers": 5, "invoices": 5, "subscription_events": 1}
        assert in_state(result, "already_there") == {"plans": 1}
        assert result["sent"] == posts(emulator) == 3

    def test_nothing_to_wait_for(self, data_source: str, context: Any) -> None:
        operator(data_source, **billing(2)).execute(context)
        result = operator(data_source, **billing(2), deferrable=True).execute(context)
        assert in_state(result, "already_there")["customers"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give at least one of plans, customers, invoices, line_items, transactions, subscription_events, records"),
        ({"customers": [], "customers_per_request": 0}, "customers_per_request must be at least 1"),
        ({"customers": [], "max_in_flight": 0}, "max_in_flight must be at least 1"),
        ({"customers": [], "poll_interval": 0}, "poll_interval must be above 0"),
        ({"customers": [], "timeout": -1}, "timeout must be above 0"),
        ({"customers": [], "max_rejected": -1}, "max_rejected must be at least 0, .* not -1"),
        ({"customers": [], "max_rejected": 1.5}, "max_rejected must be at least 0, .* not 1.5"),
        ({"customers": [], "mappings": {"discounts": {}}}, "mappings has 'discounts'"),
    ],
)
def test_bad_arguments_are_refused_when_the_dag_is_parsed(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        operator(**arguments)


def test_everything_that_names_data_is_templated() -> None:
    task = operator(
        "{{ ds }}",
        customers="/{{ ds }}/c.jsonl",
        rejected_path="/{{ ds }}/r.jsonl",
        path_conn_id="{{ ds }}",
        scope="{{ ds }}",
        check_only="{{ ds }}",
    )
    task.subscription_events = [cancellation()]
    task.render_template_fields({"ds": "2026-01-01"})
    assert task.data_source_uuid == task.path_conn_id == task.scope == task.check_only == "2026-01-01"
    assert (task.customers, task.rejected_path) == ("/2026-01-01/c.jsonl", "/2026-01-01/r.jsonl")
    assert set(task.template_fields) >= {"chartmogul_conn_id", "plans", "invoices", "line_items", "records", "mappings"}


@pytest.mark.usefixtures("chartmogul_conn")
def test_a_wait_that_fails_tells_what_is_known_before_it_fails(
    emulator: Emulator, data_source: str, tmp_path: Path
) -> None:
    emulator.configure(processing_ms=60_000)
    given = billing(2)
    del given["plans"]
    for item in (item for one in given["invoices"] for item in one["line_items"]):
        item |= {"type": "one_time", "plan_external_id": None}
    task = operator(data_source, **given, deferrable=True, result_path=str(tmp_path / "result.jsonl"))
    kept: dict[str, Any] = {}
    ti = Mock(map_index=-1)
    ti.xcom_push = lambda key, value: kept.update({key: value})
    ti.xcom_pull = lambda key, **_: kept[key]
    with pytest.raises(TaskDeferred):
        task.execute({"ti": ti})
    with pytest.raises(ChartMogulWaitTimeoutError, match="too long"):
        task.execute_complete({"ti": ti}, {"status": "timeout", "message": "too long"})
    states = [json.loads(line)["state"] for line in (tmp_path / "result.jsonl").read_text().splitlines()]
    assert states == ["unknown"] * 5
