"""What all tasks have in common that send records one by one."""

from __future__ import annotations

import gzip
import json
import os
import signal
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock, call

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_chartmogul.exceptions import (
    ChartMogulAuthenticationError,
    ChartMogulImportFailedError,
    ChartMogulImportIncompleteError,
)
from airflow_provider_chartmogul.operators.customer_notes import ChartMogulCreateCustomerNotesOperator
from airflow_provider_chartmogul.operators.customers import (
    ChartMogulDeleteCustomersOperator,
    ChartMogulImportCustomersOperator,
    ChartMogulMergeCustomersOperator,
    ChartMogulUpdateCustomersOperator,
)
from airflow_provider_chartmogul.operators.data_sources import ChartMogulDeleteDataSourceOperator
from airflow_provider_chartmogul.operators.enrichment import ChartMogulAddTagsOperator
from airflow_provider_chartmogul.operators.invoices import ChartMogulImportInvoicesOperator
from airflow_provider_chartmogul.operators.plan_groups import ChartMogulCreatePlanGroupsOperator
from airflow_provider_chartmogul.operators.records import ChartMogulRecordsOperator
from tests.unit.imports.samples import customer, invoice, line_item
from tests.unit.operators_records.running import counts, lines, run

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator


def stored(client: ChartMogulClient, data_source: str) -> dict[str, dict[str, Any]]:
    return {found["external_id"]: found for found in client.customers.list(data_source_uuid=data_source)}


def import_customers(data_source: str, records: Any, **arguments: Any) -> dict[str, Any]:
    return run(ChartMogulImportCustomersOperator, records=records, data_source_uuid=data_source, **arguments)


class TestInput:
    def test_one_record(self, client: ChartMogulClient, data_source: str) -> None:
        result = import_customers(data_source, customer(name="Acme"))
        assert counts(result) == {"records": 1, "created": 1}
        assert result["uuids"] == [stored(client, data_source)["acct-1"]["uuid"]]

    def test_results_are_in_the_order_of_the_records(self, client: ChartMogulClient, data_source: str) -> None:
        result = import_customers(data_source, [customer(number) for number in range(100)])
        uuids = {external_id: found["uuid"] for external_id, found in stored(client, data_source).items()}
        assert result["uuids"] == [uuids[f"acct-{number}"] for number in range(100)]

    def test_the_result_of_many_records_is_small(self, data_source: str) -> None:
        result = import_customers(data_source, [customer(number) for number in range(101)])
        assert "uuids" not in result
        assert len(json.dumps(result)) < 200

    @pytest.mark.parametrize("name", ["customers.jsonl", "customers.jsonl.gz"])
    def test_a_file(self, client: ChartMogulClient, data_source: str, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        text = "\n\n".join(json.dumps(customer(number, name="Jürgen")) for number in range(3))
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        assert counts(import_customers(data_source, str(path))) == {"records": 3, "created": 3}
        assert {found["name"] for found in stored(client, data_source).values()} == {"Jürgen"}

    def test_an_empty_list_is_refused_unless_it_was_rendered(
        self, data_source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(ValueError, match="records must hold at least one"):
            ChartMogulImportCustomersOperator(task_id="task", records=[])
        with pytest.raises(ValueError, match="uuids must hold at least one"):
            ChartMogulDeleteCustomersOperator(task_id="task", uuids=[])
        path = tmp_path / "none.jsonl"
        path.touch()
        log = MagicMock()
        monkeypatch.setattr(ChartMogulRecordsOperator, "log", log)
        assert counts(import_customers(data_source, str(path))) == {}
        task = ChartMogulDeleteCustomersOperator(task_id="task", uuids="{{ params.uuids }}")
        task.uuids = []
        assert task.execute({}) == {"records": 0, "deleted": 0, "missing": 0, "rejected": 0, "unknown": 0, "uuids": []}
        assert log.warning.mock_calls.count(call("There are no records")) == 2

    @pytest.mark.parametrize("text", ["[]", " [{'external_id': 'acct-1'}]", "{'external_id': 'acct-1'}"])
    def test_records_rendered_as_text_are_refused(self, data_source: str, text: str) -> None:
        with pytest.raises(ValueError, match=r"as text: .* render_template_as_native_obj"):
            import_customers(data_source, text)

    @pytest.mark.parametrize("text", ["", "None"])
    def test_a_path_that_rendered_to_nothing_is_refused(self, data_source: str, text: str) -> None:
        with pytest.raises(ValueError, match="records is empty, or its template has no value"):
            import_customers(data_source, text)

    def test_a_record_whose_data_source_is_null_gets_that_of_all(
        self, client: ChartMogulClient, data_source: str
    ) -> None:
        import_customers(data_source, customer(data_source_uuid=None))
        assert stored(client, data_source).keys() == {"acct-1"}

    def test_something_else(self, data_source: str) -> None:
        with pytest.raises(TypeError, match="records must be records, a path or a query, not int"):
            import_customers(data_source, 17)

    def test_a_record_that_cannot_be_written_is_rejected(self, data_source: str) -> None:
        records = [customer(1, logo={"a", "b"}), customer(2, score=float("nan")), customer(3)]
        result = import_customers(data_source, records, max_rejected=2)
        assert counts(result) == {"records": 3, "created": 1, "rejected": 2}

    def test_dates_may_be_objects(self, client: ChartMogulClient, data_source: str) -> None:
        import_customers(data_source, customer(lead_created_at=datetime(2025, 3, 1, tzinfo=UTC)))
        assert stored(client, data_source)["acct-1"]["lead_created_at"] == "2025-03-01T00:00:00.000Z"


class TestChecks:
    def test_too_many_faults_fail_the_task_and_nothing_is_sent(
        self, emulator: Emulator, data_source: str, tmp_path: Path
    ) -> None:
        records = [customer(1), customer(2, external_id=None), customer(3, name=7)]
        before = emulator.stats()["requests"]
        paths = {name: str(tmp_path / f"{name}.jsonl") for name in ("rejected_path", "result_path")}
        told = r"2 records failed \(1 allowed\), 1 others were not sent"
        with pytest.raises(ChartMogulImportFailedError, match=told) as caught:
            import_customers(data_source, records, max_rejected=1, **paths)
        assert emulator.stats()["requests"] == before
        assert [line["record"] for line in lines(tmp_path / "rejected_path.jsonl")] == records[1:]
        states = [line["state"] for line in lines(tmp_path / "result_path.jsonl")]
        assert states == ["not_sent", "rejected", "rejected"]
        assert "customers record 2: external_id is missing" in str(caught.value)
        assert [(row["position"], row["field"]) for row in caught.value.rejected] == [(2, "external_id"), (3, "name")]

    def test_a_share_may_be_faulty(self, client: ChartMogulClient, data_source: str) -> None:
        records = [customer(1), customer(2), customer(3), customer(4, name=7)]
        assert import_customers(data_source, records, max_rejected=0.25)["rejected"] == 1
        with pytest.raises(ChartMogulImportFailedError):
            import_customers(data_source, [customer(5), *records[1:]], max_rejected=0.24)
        assert stored(client, data_source).keys() == {"acct-1", "acct-2", "acct-3"}

    def test_what_only_the_server_finds_is_found_while_sending(
        self, client: ChartMogulClient, data_source: str
    ) -> None:
        (uuid,) = import_customers(data_source, customer(1))["uuids"]
        records = [{"uuid": "cus_00000000-0000-0000-0000-000000000000", "name": "no"}, {"uuid": uuid, "name": "New"}]
        with pytest.raises(ChartMogulImportFailedError, match=r"1 records failed \(0 allowed\): customers record 1"):
            run(ChartMogulUpdateCustomersOperator, records=records)
        assert stored(client, data_source)["acct-1"]["name"] == "New"

    def test_a_bad_record_leaves_its_place_in_the_result_empty(self, data_source: str) -> None:
        result = import_customers(data_source, [customer(1, name=7), customer(2)], max_rejected=1)
        assert result["uuids"][0] is None
        assert result["uuids"][1].startswith("cus_")

    def test_a_misspelt_field_is_sent_and_warned_of_once(
        self, data_source: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        records = [customer(number, compnay="Acme") for number in range(5)]
        assert counts(import_customers(data_source, records)) == {"records": 5, "created": 5}
        warnings = [entry.getMessage() for entry in caplog.records if "compnay" in entry.getMessage()]
        assert warnings == ["customers: unknown field 'compnay' is sent as it is; is 'company' meant?"]

    def test_the_first_good_record_of_a_key_is_the_one_that_is_sent(
        self, client: ChartMogulClient, data_source: str
    ) -> None:
        records = [customer(1, name=7), customer(1, name="good"), customer(1, name="late")]
        import_customers(data_source, records, max_rejected=2)
        assert stored(client, data_source)["acct-1"]["name"] == "good"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"max_rejected": -1}, "max_rejected must be at least 0, .* not -1"),
            ({"max_rejected": "{{ params.allowed }}"}, "max_rejected must be a number, .* it cannot be a template"),
            ({"if_exists": "replace"}, "if_exists must be one"),
        ],
    )
    def test_bad_arguments_are_refused_when_the_dag_is_parsed(self, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            ChartMogulImportCustomersOperator(task_id="task", records=[customer()], **arguments)

    @pytest.mark.parametrize(
        ("operator", "arguments", "flag"),
        [
            (ChartMogulDeleteCustomersOperator, {"uuids": "cus_1"}, "ignore_missing"),
            (ChartMogulAddTagsOperator, {"customer_uuid": "cus_1", "tags": ["pilot"]}, "ignore_missing"),
            (ChartMogulDeleteDataSourceOperator, {"data_source_uuid": "ds_1"}, "ignore_missing"),
            (ChartMogulCreateCustomerNotesOperator, {"records": "/notes.jsonl"}, "skip_equal"),
        ],
    )
    def test_a_flag_is_no_template(self, operator: Any, arguments: dict[str, Any], flag: str) -> None:
        with pytest.raises(ValueError, match=rf"{flag} must be True or False, .* it cannot be a template"):
            operator(task_id="task", **arguments, **{flag: "{{ params.flag }}"})

    @pytest.mark.parametrize("nothing", ["None", "[]"])
    def test_ids_that_templates_make_of_nothing_are_missing(
        self, emulator: Emulator, data_source: str, nothing: str
    ) -> None:
        before = emulator.stats()["requests"]
        faulty: list[tuple[type[ChartMogulRecordsOperator], dict[str, Any], str]] = [
            (ChartMogulImportCustomersOperator, customer(external_id=nothing), "external_id"),
            (ChartMogulCreateCustomerNotesOperator, {"customer_uuid": nothing, "type": "note"}, "customer_uuid"),
            (ChartMogulImportInvoicesOperator, invoice(customer_external_id=nothing), "customer_external_id"),
            (
                ChartMogulImportInvoicesOperator,
                invoice(line_items=[line_item(subscription_external_id=nothing)]),
                r"line_items\[0\].subscription_external_id",
            ),
            (
                ChartMogulMergeCustomersOperator,
                {"from": {"customer_uuid": nothing}, "into": {"customer_uuid": "cus_1"}},
                "from.customer_uuid",
            ),
        ]
        for operator, record, name in faulty:
            fixed = {"data_source_uuid": data_source} if "data_source_uuid" in operator.template_fields else {}
            with pytest.raises(ChartMogulImportFailedError, match=f": {name} is missing"):
                run(operator, records=record, **fixed)
        assert emulator.stats()["requests"] == before

    def test_a_name_may_be_none(self, client: ChartMogulClient, data_source: str) -> None:
        import_customers(data_source, customer(name="None"))
        assert stored(client, data_source)["acct-1"]["name"] == "None"

    @pytest.mark.parametrize(
        ("operator", "record", "hint"),
        [
            (ChartMogulUpdateCustomersOperator, {"extrenal_id": "a", "name": "b"}, "extrenal_id is .* 'external_id'"),
            (ChartMogulDeleteCustomersOperator, {"extrenal_id": "a"}, "extrenal_id is unknown; is 'external_id' meant"),
            (
                ChartMogulMergeCustomersOperator,
                {"from": {"customer_uiid": "cus_1"}, "into": {"customer_uuid": "cus_2"}},
                "is 'customer_uiid' meant|from.customer_uiid is unknown; is 'customer_uuid' meant",
            ),
            (
                ChartMogulImportInvoicesOperator,
                invoice(customer_external_id=None, customer_extrenal_id="acct-1"),
                "customer_extrenal_id is unknown; is 'customer_external_id' meant",
            ),
        ],
    )
    def test_a_misspelt_name_is_told(
        self, operator: type[ChartMogulRecordsOperator], record: dict[str, Any], hint: str
    ) -> None:
        with pytest.raises(ChartMogulImportFailedError, match=hint):
            run(operator, records=record)

    def test_a_rendered_if_exists_is_checked(self, data_source: str) -> None:
        task = ChartMogulImportCustomersOperator(
            task_id="task", records=[customer()], data_source_uuid=data_source, if_exists="{{ params.mode }}"
        )
        task.render_template_fields({"params": {"mode": "replace"}})
        with pytest.raises(ValueError, match="if_exists must be one of skip, update, fail"):
            task.execute({})


class TestRejected:
    def test_the_file_of_rejected_records_can_be_corrected_and_given_again(
        self, client: ChartMogulClient, data_source: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "rejected" / "customers.jsonl"
        records = [customer(1), customer(2, country="XX"), customer(3, city=7)]
        import_customers(data_source, records, max_rejected=2, rejected_path=str(path))
        assert [(line["kind"], line["record"], line["problems"][0]["position"]) for line in lines(path)] == [
            ("customers", records[1], 2),
            ("customers", records[2], 3),
        ]
        path.write_text(path.read_text().replace('"XX"', '"FR"').replace('"city": 7', '"city": "Paris"'))
        result = import_customers(data_source, str(path), rejected_path=str(path))
        assert counts(result) == {"records": 2, "created": 2}
        assert path.read_text() == ""
        assert stored(client, data_source)["acct-3"]["city"] == "Paris"

    def test_it_may_be_packed(self, client: ChartMogulClient, data_source: str, tmp_path: Path) -> None:
        path = tmp_path / "rejected.jsonl.gz"
        import_customers(data_source, customer(country="XX"), max_rejected=1, rejected_path=str(path))
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b'"XX"', b'"FR"')))
        assert counts(import_customers(data_source, str(path))) == {"records": 1, "created": 1}
        assert stored(client, data_source)["acct-1"]["country"] == "FR"

    def test_its_lines_may_be_given_as_a_list(self, data_source: str) -> None:
        line = {"kind": "customers", "record": customer(), "problems": []}
        assert counts(import_customers(data_source, [line])) == {"records": 1, "created": 1}
        assert counts(import_customers(data_source, line)) == {"records": 1, "already_there": 1}

    def test_rejected_records_of_another_kind_are_refused(self, data_source: str, tmp_path: Path) -> None:
        path, again = tmp_path / "rejected.jsonl", tmp_path / "again.jsonl"
        line = {"kind": "invoices", "record": customer(2), "problems": []}
        path.write_text("\n".join(map(json.dumps, [line, {**line, "kind": "customers"}])))
        for given in (str(path), str(again)):
            with pytest.raises(
                ChartMogulImportFailedError, match=r"customers record 1 .*line 1\): kind must be customers"
            ):
                import_customers(data_source, given, rejected_path=str(again))
            assert [row["record"] for row in lines(again)][:1] == [line]

    def test_it_is_written_when_the_task_fails(self, data_source: str, tmp_path: Path) -> None:
        path = tmp_path / "rejected.jsonl"
        with pytest.raises(ChartMogulImportFailedError):
            import_customers(data_source, [customer(1, tags={"a"}), customer(2)], rejected_path=str(path))
        assert len(lines(path)) == 1


@pytest.fixture
def impatient(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """Retries end at once, so that faults reach the account."""
    connection = emulator.connection(requests_per_second=10_000, max_retry_seconds=0.05, max_connections=2)
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", connection)
    return emulator


class TestFailures:
    def test_one_failure_loses_nothing_of_the_others_and_a_retry_does_the_rest(
        self, impatient: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        records = [customer(number) for number in range(20)]
        impatient.set_faults([{"kind": "500", "method": "POST", "path": "/customers$", "every": 7}])
        with pytest.raises(ChartMogulImportIncompleteError, match="records failed"):
            import_customers(data_source, records)
        there = len(stored(client, data_source))
        assert 10 < there < 20
        impatient.set_faults([])
        result = import_customers(data_source, records)
        assert counts(result) == {"records": 20, "created": 20 - there, "already_there": there}

    def test_they_may_be_allowed_and_are_then_unknown(self, impatient: Emulator, data_source: str) -> None:
        impatient.set_faults([{"kind": "500", "method": "POST", "path": "/customers$", "every": 7}])
        result = import_customers(data_source, [customer(number) for number in range(20)], max_rejected=20)
        assert result["created"] + result["unknown"] == 20
        assert result["unknown"] == result["uuids"].count(None) > 0

    def test_what_was_not_sent_fails_the_task_whatever_is_allowed(self, impatient: Emulator, data_source: str) -> None:
        impatient.set_faults([{"kind": "500", "method": "POST", "path": "/customers$"}])
        with pytest.raises(
            ChartMogulImportIncompleteError, match=r"records failed \(60 allowed\), \d+ others were not sent"
        ):
            import_customers(data_source, [customer(number) for number in range(60)], max_rejected=60)

    def test_an_outage_ends_the_run_before_all_records_were_tried(
        self, impatient: Emulator, data_source: str, tmp_path: Path
    ) -> None:
        impatient.set_faults([{"kind": "500", "method": "POST", "path": "/customers$"}])
        before, path = impatient.stats()["requests"], tmp_path / "rejected.jsonl"
        with pytest.raises(ChartMogulImportIncompleteError):
            import_customers(data_source, [customer(n) for n in range(200)], rejected_path=str(path))
        assert impatient.stats()["requests"] - before < 100
        assert len(lines(path)) == 200

    def test_with_fail_a_retry_would_refuse_what_the_first_try_made(
        self, impatient: Emulator, data_source: str
    ) -> None:
        impatient.set_faults([{"kind": "500", "method": "POST", "path": "/customers$", "every": 3}])
        with pytest.raises(ChartMogulImportFailedError):
            import_customers(data_source, [customer(number) for number in range(9)], if_exists="fail")

    def test_a_refused_key_ends_everything(
        self, emulator: Emulator, data_source: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        connection = json.loads(emulator.connection(requests_per_second=10_000, max_connections=2))
        monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", json.dumps({**connection, "password": "revoked"}))
        before, path = emulator.stats()["requests"], tmp_path / "rejected.jsonl"
        with pytest.raises(ChartMogulAuthenticationError):
            import_customers(data_source, [customer(number) for number in range(50)], rejected_path=str(path))
        assert emulator.stats()["requests"] - before <= 2
        assert len(lines(path)) == 50

    def test_at_most_as_many_at_once_as_the_connection_allows(self, impatient: Emulator, data_source: str) -> None:
        impatient.configure(latency_ms=20)
        import_customers(data_source, [customer(number) for number in range(12)])
        assert impatient.stats()["in_flight_max"] == 2
        assert not [thread for thread in threading.enumerate() if "chartmogul-records" in thread.name]


class TestCheckOnly:
    @pytest.mark.parametrize("check_only", [True, "True"])
    def test_everything_is_checked_and_nothing_sent(
        self, emulator: Emulator, data_source: str, tmp_path: Path, check_only: Any
    ) -> None:
        paths = {name: str(tmp_path / f"{name}.jsonl") for name in ("rejected_path", "result_path")}
        before = emulator.stats()["requests"]
        arguments = {"check_only": check_only, **paths}
        result = import_customers(data_source, [customer(1), customer(2, name=7)], max_rejected=1, **arguments)
        assert counts(result) == {"records": 2, "rejected": 1, "not_sent": 1, "check_only": True}
        assert result["uuids"] == [None, None]
        assert [line["position"] for line in lines(tmp_path / "rejected_path.jsonl")] == [2]
        assert [line["state"] for line in lines(tmp_path / "result_path.jsonl")] == ["not_sent", "rejected"]
        with pytest.raises(ChartMogulImportFailedError, match=r"1 records failed \(0 allowed\): customers record 2"):
            import_customers(data_source, [customer(1), customer(2, name=7)], **arguments)
        run(ChartMogulDeleteCustomersOperator, uuids=["cus_1"], check_only=check_only)
        run(ChartMogulCreatePlanGroupsOperator, records={"name": "a", "plans": ["pl_1"]}, check_only=check_only)
        assert emulator.stats()["requests"] == before

    def test_a_template_may_say_it(self, emulator: Emulator, data_source: str) -> None:
        arguments = {"records": [customer()], "data_source_uuid": data_source, "check_only": "{{ params.dry }}"}
        task = ChartMogulImportCustomersOperator(task_id="task", **arguments)
        task.render_template_fields({"params": {"dry": True}})
        assert task.execute({})["check_only"] is True
        task = ChartMogulImportCustomersOperator(task_id="task", **arguments)
        task.render_template_fields({"params": {"dry": "perhaps"}})
        before = emulator.stats()["requests"]
        with pytest.raises(ValueError, match="check_only must be true or false, not 'perhaps'"):
            task.execute({})
        assert emulator.stats()["requests"] == before

    def test_arguments_are_checked_as_well(self, data_source: str) -> None:
        task = ChartMogulImportCustomersOperator(
            task_id="task", records=[customer()], data_source_uuid=data_source, if_exists="{{ mode }}", check_only=True
        )
        task.render_template_fields({"mode": "replace"})
        with pytest.raises(ValueError, match="if_exists must be one of skip, update, fail"):
            task.execute({})


class _Ended(BaseException):
    """What the handler of a signal raises."""


class TestInterrupted:
    """What is known is written, whatever ends the task."""

    def _import(self, data_source: str, tmp_path: Path, error: type[BaseException]) -> list[dict[str, Any]]:
        paths = {name: str(tmp_path / f"{name}.jsonl") for name in ("rejected_path", "result_path")}
        records = [*(customer(number) for number in range(300)), customer(300, name=7)]
        with pytest.raises(error):
            import_customers(data_source, records, max_rejected=1, **paths)
        return lines(tmp_path / "result_path.jsonl")

    def test_a_signal(
        self, impatient: Emulator, client: ChartMogulClient, data_source: str, tmp_path: Path, monkeypatch: Any
    ) -> None:
        handled = threading.Event()
        original = ChartMogulImportCustomersOperator.create

        def ended(*_: Any) -> None:
            handled.set()
            raise _Ended

        def create(task: Any, client: ChartMogulClient, record: dict[str, Any]) -> dict[str, Any]:
            if record["external_id"] == "acct-3":
                os.kill(os.getpid(), signal.SIGUSR1)
                assert handled.wait(timeout=30)
            return original(task, client, record)

        monkeypatch.setattr(ChartMogulImportCustomersOperator, "create", create)
        before = signal.signal(signal.SIGUSR1, ended)
        try:
            told = self._import(data_source, tmp_path, _Ended)
        finally:
            signal.signal(signal.SIGUSR1, before)
        there = stored(client, data_source)
        assert "acct-3" in there
        assert len(there) < 300
        assert {line["external_id"]: line["uuid"] for line in told if line["state"] == "created"} == {
            external_id: found["uuid"] for external_id, found in there.items()
        }
        assert {line["state"] for line in told if line["external_id"] not in there} == {"not_sent", "rejected"}
        letters = lines(tmp_path / "rejected_path.jsonl")
        assert len(letters) == 301 - len(there)
        assert [letter["retryable"] for letter in letters] == [True] * (len(letters) - 1) + [False]

    def test_a_mistake_in_the_code(
        self, impatient: Emulator, client: ChartMogulClient, data_source: str, tmp_path: Path, monkeypatch: Any
    ) -> None:
        original = ChartMogulImportCustomersOperator.create

        def create(task: Any, client: ChartMogulClient, record: dict[str, Any]) -> dict[str, Any]:
            answer = original(task, client, record)
            if record["external_id"] == "acct-3":
                raise RuntimeError
            return answer

        monkeypatch.setattr(ChartMogulImportCustomersOperator, "create", create)
        told = {line["external_id"]: line for line in self._import(data_source, tmp_path, RuntimeError)}
        there = stored(client, data_source).keys()
        assert told["acct-3"]["state"] == "unknown"
        assert "before there was an answer" in told["acct-3"]["problems"][0]["message"]
        assert {name for name, line in told.items() if line["state"] == "created"} == there - {"acct-3"}


class TestUpdate:
    def test_records_name_what_they_change(self, client: ChartMogulClient, data_source: str) -> None:
        first, second = import_customers(data_source, [customer(1), customer(2)])["uuids"]
        changes = [{"uuid": second, "name": None, "company": "Acme"}, {"external_id": "acct-1", "name": "New"}]
        result = run(ChartMogulUpdateCustomersOperator, records=changes, data_source_uuid=data_source)
        assert result == {"records": 2, "updated": 2, "rejected": 0, "unknown": 0, "uuids": [second, first]}
        found = stored(client, data_source)
        assert (found["acct-1"]["name"], found["acct-2"]["name"], found["acct-2"]["company"]) == ("New", "", "Acme")

    def test_an_external_id_beside_a_uuid_is_not_passed_over(self, client: ChartMogulClient, data_source: str) -> None:
        (uuid,) = import_customers(data_source, customer())["uuids"]
        record = {"uuid": uuid, "data_source_uuid": data_source, "external_id": "acct-9", "name": "New"}
        with pytest.raises(ChartMogulImportFailedError, match="external_id cannot change"):
            run(ChartMogulUpdateCustomersOperator, records=record)
        assert stored(client, data_source)["acct-1"]["name"] == "Customer 1"
        del record["external_id"]
        assert counts(run(ChartMogulUpdateCustomersOperator, records=record)) == {"records": 1, "updated": 1}
        assert stored(client, data_source)["acct-1"]["name"] == "New"

    def test_what_cannot_be_done_is_rejected(self, data_source: str) -> None:
        (uuid,) = import_customers(data_source, customer())["uuids"]
        records = [
            {"name": "nobody"},
            {"uuid": uuid},
            {"uuid": uuid, "name": 7},
            {"external_id": "acct-1", "name": "no data source"},
            {"uuid": "cus_00000000-0000-0000-0000-000000000000", "name": "not there"},
            {"uuid": uuid, "name": "first"},
            {"uuid": uuid, "name": "second"},
        ]
        with pytest.raises(ChartMogulImportFailedError) as caught:
            run(ChartMogulUpdateCustomersOperator, records=records, max_rejected=5)
        assert [(row["position"], row["field"]) for row in caught.value.rejected] == [
            (1, "uuid"),
            (2, ""),
            (3, "name"),
            (4, "data_source_uuid"),
            (5, "uuid"),
            (7, "uuid"),
        ]


class TestDelete:
    def test_uuids_of_another_task(self, client: ChartMogulClient, data_source: str) -> None:
        made = import_customers(data_source, [customer(1), customer(2)])
        result = run(ChartMogulDeleteCustomersOperator, uuids=made["uuids"])
        assert counts(result) == {"records": 2, "deleted": 2}
        assert stored(client, data_source) == {}
        assert counts(run(ChartMogulDeleteCustomersOperator, uuids=made["uuids"][0])) == {"records": 1, "missing": 1}

    def test_missing_ones_may_matter(self, data_source: str) -> None:
        records = [{"external_id": "nobody", "data_source_uuid": data_source}]
        assert counts(run(ChartMogulDeleteCustomersOperator, records=records)) == {"records": 1, "missing": 1}
        with pytest.raises(ChartMogulImportFailedError, match="no customer with this external_id"):
            run(ChartMogulDeleteCustomersOperator, records=records, ignore_missing=False)

    def test_by_external_id(self, client: ChartMogulClient, data_source: str) -> None:
        import_customers(data_source, [customer(1), customer(2)])
        run(ChartMogulDeleteCustomersOperator, records={"external_id": "acct-1"}, data_source_uuid=data_source)
        assert stored(client, data_source).keys() == {"acct-2"}

    def test_a_list_that_became_text_does_not_pass_for_deleted(self) -> None:
        with pytest.raises(ChartMogulImportFailedError, match="uuid must be an id"):
            run(ChartMogulDeleteCustomersOperator, uuids="['cus_1', 'cus_2']")

    def test_an_empty_uuid_is_rejected(self) -> None:
        with pytest.raises(ChartMogulImportFailedError, match="uuid is missing"):
            run(ChartMogulDeleteCustomersOperator, uuids=[None, ""])

    @pytest.mark.parametrize("arguments", [{}, {"uuids": ["a"], "records": [{"uuid": "a"}]}])
    def test_either_uuids_or_records(self, arguments: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="give either uuids or records"):
            ChartMogulDeleteCustomersOperator(task_id="task", **arguments)

    def test_uuids_that_rendered_to_nothing_are_refused(self) -> None:
        task = ChartMogulDeleteCustomersOperator(task_id="task", uuids="{{ params.uuids }}")
        task.uuids = None
        with pytest.raises(ValueError, match="give either uuids or records"):
            task.execute({})

    def test_a_map_is_no_list_of_ids(self) -> None:
        with pytest.raises(TypeError, match="uuids must be an id or a list of them, not dict"):
            run(ChartMogulDeleteCustomersOperator, uuids={"cus_1": 1})


def test_tasks_can_be_chained_and_mapped() -> None:
    with DAG("chained", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
        made = ChartMogulImportCustomersOperator(task_id="make", records="/customers.jsonl", data_source_uuid="ds_1")
        gone = ChartMogulDeleteCustomersOperator(task_id="delete", uuids=made.output["uuids"])
        many = ChartMogulUpdateCustomersOperator.partial(task_id="update").expand(records=[{"uuid": "a", "name": "b"}])
    assert gone.upstream_task_ids == {"make"}
    assert many.task_id == "update"
