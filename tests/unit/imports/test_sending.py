"""How requests are sent and followed: in which order, how many at a time, and what is true when it ends early."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.client import ChartMogulClient
from airflow_provider_chartmogul.exceptions import ChartMogulServerError, ChartMogulWaitTimeoutError
from airflow_provider_chartmogul.imports import BillingImport
from airflow_provider_chartmogul.imports.billing_import import inline
from airflow_provider_chartmogul.imports.packing import Batch
from tests.unit.imports.running import asked, limits_and_pace, named, of_state, posts, run
from tests.unit.imports.samples import billing, customer, invoice, line_item, plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_chartmogul.emulator import Emulator
    from airflow_provider_chartmogul.imports import ImportResult

Event = tuple[str, str, frozenset[str]]
"""What happened, the import, and the customers that it is about."""

UNDER_WAY = 60_000
"""Milliseconds that no test waits for."""


@pytest.fixture
def with_plan(client: ChartMogulClient, data_source: str) -> None:
    """The plan is there, so that no import of plans goes before."""
    client.plans.create(data_source_uuid=data_source, **plan())


@pytest.fixture
def impatient(emulator: Emulator) -> Iterator[ChartMogulClient]:
    """A client that does not try again."""
    with ChartMogulClient(
        emulator.api_key, emulator.base_url, requests_per_second=10_000, max_retry_seconds=0.001
    ) as chartmogul:
        yield chartmogul


@pytest.fixture
def events(client: ChartMogulClient, monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """What is sent and what is seen to be done, in the order of time."""
    seen: list[Event] = []
    about: dict[str, frozenset[str]] = {}
    create, retrieve = client.json_imports.create_encoded, client.json_imports.retrieve

    def created(source: str, *, external_id: str, body: bytes) -> Any:
        sent = json.loads(body)
        about[external_id] = frozenset(
            {record["external_id"] for record in sent.get("customers", ())}
            | {record["customer_external_id"] for record in sent.get("invoices", ())}
        )
        seen.append(("sent", external_id, about[external_id]))
        return create(source, external_id=external_id, body=body)

    def retrieved(source: str, name: str) -> Any:
        answer = retrieve(source, name)
        if answer["status"] == "completed":
            seen.append(("done", name, about[name]))
        return answer

    monkeypatch.setattr(client.json_imports, "create_encoded", created)
    monkeypatch.setattr(client.json_imports, "retrieve", retrieved)
    return seen


def account(
    client: ChartMogulClient, data_source: str, records: Mapping[str, Any], error: type[BaseException], **options: Any
) -> tuple[ImportResult, list[dict[str, Any]]]:
    """Import records until an error, and return the account as it stands then."""
    with BillingImport(client, data_source, *limits_and_pace(**options)) as billing_import:
        billing_import.read(inline(records))
        with pytest.raises(error):
            billing_import.send()
        return billing_import.result(), list(billing_import.results())


def states_of(results: list[dict[str, Any]], kind: str) -> dict[str, str]:
    return {line["external_id"]: line["state"] for line in results if line["kind"] == kind}


def large(customers: int, invoices: int) -> dict[str, Any]:
    """Customers of whom each takes several requests of 5,000 bytes."""
    return {
        "customers": [customer(n) for n in range(customers)],
        "invoices": [
            invoice(n, external_id=f"inv-{n}-{i:02}", date=f"2026-01-{i:02}")
            for n in range(customers)
            for i in range(1, invoices + 1)
        ],
    }


@pytest.mark.usefixtures("with_plan")
class TestCustomersThatAreTooLarge:
    def test_each_request_waits_for_the_one_before(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str, events: list[Event]
    ) -> None:
        emulator.configure(processing_ms=60)
        result = run(client, data_source, large(1, 30), max_bytes=5_000, poll_interval=0.01)
        result.raise_for_failures()
        assert [what for what, *_ in events] == ["sent", "done"] * len(result.sent)
        assert len(result.sent) > 3
        assert len(list(client.invoices.list(data_source_uuid=data_source))) == 30

    def test_never_two_of_one_customer_but_of_several_at_a_time(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str, events: list[Event]
    ) -> None:
        emulator.configure(processing_ms=60)
        run(client, data_source, large(4, 12), max_bytes=5_000, poll_interval=0.01).raise_for_failures()
        under_way: set[str] = set()
        most = 0
        for what, _, customers in events:
            if what == "sent":
                assert not under_way & customers
                under_way |= customers
            else:
                under_way -= customers
            most = max(most, len(under_way))
        assert most > 1
        assert len(list(client.invoices.list(data_source_uuid=data_source))) == 48

    def test_with_one_import_at_a_time(self, client: ChartMogulClient, data_source: str) -> None:
        run(client, data_source, large(3, 12), max_bytes=5_000, max_in_flight=1).raise_for_failures()
        assert len(list(client.invoices.list(data_source_uuid=data_source))) == 36

    def test_without_waiting_one_after_the_other(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str, events: list[Event]
    ) -> None:
        emulator.configure(processing_ms=UNDER_WAY)
        with BillingImport(client, data_source, *limits_and_pace(max_bytes=5_000, waiting=False)) as billing_import:
            billing_import.read(inline(large(2, 30)))
            under_way = billing_import.send()
            result = billing_import.result()
        assert len(under_way) == len(events) == 2
        assert {customers for _, _, customers in events} == {frozenset({"acct-0"}), frozenset({"acct-1"})}
        assert 0 < of_state(result, "unknown")["invoices"] < of_state(result, "not_sent")["invoices"]

    def test_a_second_run_sends_nothing(self, emulator: Emulator, client: ChartMogulClient, data_source: str) -> None:
        first = run(client, data_source, large(2, 12), max_bytes=5_000)
        second = run(client, data_source, large(2, 12), max_bytes=5_000)
        assert posts(emulator) == len(first.sent)
        assert of_state(second, "already_there") == of_state(first, "created")


class TestWaiting:
    def test_a_slow_import_is_waited_for_and_not_sent_again(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        emulator.configure(processing_ms=UNDER_WAY)
        records = {"customers": [customer()]}
        with pytest.raises(ChartMogulWaitTimeoutError, match="are not done after"):
            run(client, data_source, records, timeout=0.2)
        assert posts(emulator) == 1
        emulator.configure(processing_ms=0)
        with pytest.raises(ChartMogulWaitTimeoutError):
            run(client, data_source, records, timeout=0.2)
        assert posts(emulator) == 1

    def test_one_that_an_earlier_run_has_sent_is_waited_for(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        emulator.configure(processing_ms=500)
        records = {"customers": [customer()]}
        with pytest.raises(ChartMogulWaitTimeoutError):
            run(client, data_source, records, timeout=0.1)
        result = run(client, data_source, records)
        assert (of_state(result, "already_there"), result.sent) == ({"customers": 1}, [])
        assert posts(emulator) == 1

    def test_questions_are_asked_less_and_less_often(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        emulator.configure(processing_ms=UNDER_WAY)
        with pytest.raises(ChartMogulWaitTimeoutError):
            run(client, data_source, {"customers": [customer()]}, poll_interval=0.01, timeout=1)
        # a hundred times if the interval did not grow
        assert 3 < asked(emulator, "GET", "json_imports/{import_id}") < 15

    def test_many_imports_are_not_asked_for_all_the_time(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        emulator.configure(processing_ms=UNDER_WAY)
        records = {"customers": [customer(n) for n in range(60)]}
        with pytest.raises(ChartMogulWaitTimeoutError):
            run(client, data_source, records, customers_per_request=1, poll_interval=0.01, timeout=2)
        # once each before it is sent; then ten a second, though a hundredth of a second is asked for
        assert 60 <= asked(emulator, "GET", "json_imports/{import_id}") < 60 + 60

    @pytest.mark.usefixtures("with_plan")
    def test_two_runs_at_once_send_once_and_both_succeed(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        # both look before either has sent
        emulator.configure(latency_ms=50, processing_ms=200)
        with ThreadPoolExecutor(2) as runs:
            results = list(runs.map(lambda _: run(client, data_source, billing(3)), range(2)))
        assert sorted(len(result.sent) for result in results) == [0, 1]
        assert [result.failures for result in results] == [0, 0]
        assert named(client.customers.list(data_source_uuid=data_source)) == ["acct-1", "acct-2", "acct-3"]


class TestWithoutWaiting:
    """What is sent is left to itself; a later run accounts for it."""

    def begun(
        self, client: ChartMogulClient, data_source: str, records: Mapping[str, Any], **options: Any
    ) -> tuple[list[str], Mapping[str, str], ImportResult]:
        limits, pace = limits_and_pace(waiting=False, **{"customers_per_request": 1, **options})
        with BillingImport(client, data_source, limits, pace) as billing_import:
            billing_import.read(inline(records))
            under_way = billing_import.send()
            return under_way, billing_import.sent, billing_import.result()

    def gone_on(
        self, client: ChartMogulClient, data_source: str, records: Mapping[str, Any], own: Mapping[str, str]
    ) -> ImportResult:
        limits, pace = limits_and_pace(waiting=False, customers_per_request=1)
        with BillingImport(client, data_source, limits, pace) as billing_import:
            billing_import.read(inline(records))
            assert billing_import.send(own) == []
            return billing_import.result()

    def work_off(self, client: ChartMogulClient, data_source: str, names: list[str]) -> None:
        for name in names:
            while client.json_imports.retrieve(data_source, name)["status"] != "completed":
                pass

    @pytest.mark.usefixtures("with_plan")
    def test_names_of_what_is_under_way_and_then_the_account(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        emulator.configure(processing_ms=300)
        under_way, sent, before = self.begun(client, data_source, billing(3))
        assert sorted(under_way) == sorted(sent)
        assert len(under_way) == posts(emulator) == 3
        assert of_state(before, "unknown") == {"customers": 3, "invoices": 3, "subscription_events": 1}
        self.work_off(client, data_source, under_way)
        after = self.gone_on(client, data_source, billing(3), sent)
        after.raise_for_failures()
        assert of_state(after, "created") == {"customers": 3, "invoices": 3, "subscription_events": 1}
        assert (sorted(after.sent), posts(emulator)) == (sorted(under_way), 3)

    def test_plans_are_waited_for_and_are_created(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        under_way, sent, _ = self.begun(client, data_source, billing(2))
        assert len(sent) == len(under_way) + 1
        self.work_off(client, data_source, under_way)
        after = self.gone_on(client, data_source, billing(2), sent)
        assert of_state(after, "created") == {"plans": 1, "customers": 2, "invoices": 2, "subscription_events": 1}
        assert posts(emulator) == 3

    @pytest.mark.usefixtures("with_plan")
    def test_what_the_server_refused_is_told_afterwards(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        emulator.configure(now="2026-04-15T00:00:00Z")
        records = billing(2)
        records["invoices"][1]["date"] = "2026-05-01"
        under_way, sent, _ = self.begun(client, data_source, records)
        self.work_off(client, data_source, under_way)
        after = self.gone_on(client, data_source, records, sent)
        assert of_state(after, "rejected") == {"invoices": 1}
        assert after.problems[0].message == "Date is in the future"
        assert of_state(after, "created")["customers"] == 2
        assert posts(emulator) == 2

    @pytest.mark.usefixtures("with_plan")
    def test_what_was_there_before_is_not_called_created_afterwards(
        self, client: ChartMogulClient, data_source: str
    ) -> None:
        run(client, data_source, {"customers": [customer(1)]}).raise_for_failures()
        under_way, sent, before = self.begun(client, data_source, billing(2), customers_per_request=500)
        assert of_state(before, "already_there") == {"plans": 1, "customers": 1}
        self.work_off(client, data_source, under_way)
        limits, pace = limits_and_pace(waiting=False)
        with BillingImport(client, data_source, limits, pace) as billing_import:
            billing_import.read(inline(billing(2)))
            assert billing_import.send(sent) == []
            after = billing_import.result()
        assert of_state(after, "already_there") == {"plans": 1, "customers": 1}
        assert of_state(after, "created") == {"customers": 1, "invoices": 2, "subscription_events": 1}

    @pytest.mark.usefixtures("with_plan")
    def test_no_more_than_may_be_under_way(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        emulator.configure(processing_ms=UNDER_WAY)
        under_way, _, result = self.begun(client, data_source, billing(5), max_in_flight=2)
        assert len(under_way) == posts(emulator) == 2
        assert of_state(result, "unknown")["customers"] == 2
        assert of_state(result, "not_sent")["customers"] == 3


class TestWhenItEndsEarly:
    """The account says what is true, and nothing goes on behind its back."""

    @pytest.mark.usefixtures("with_plan")
    def test_what_was_sent_is_unknown_and_what_was_not_is_not_sent(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        emulator.configure(processing_ms=UNDER_WAY)
        limits = {"customers_per_request": 1, "max_in_flight": 3}
        result, lines = account(
            client, data_source, billing(7), ChartMogulWaitTimeoutError, timeout=1.0, poll_interval=0.05, **limits
        )
        assert posts(emulator) == len(result.sent) == 3
        assert sorted(states_of(lines, "customers").values()) == ["not_sent"] * 4 + ["unknown"] * 3
        unknown = {name for name, state in states_of(lines, "customers").items() if state == "unknown"}
        emulator.configure(processing_ms=0)
        assert {problem.customer for problem in result.problems} == unknown
        assert all(problem.retryable for problem in result.problems)
        assert "has not said what became of it" in result.problems[0].message

    @pytest.mark.usefixtures("with_plan")
    def test_a_failure_leaves_a_true_account(
        self, emulator: Emulator, impatient: ChartMogulClient, client: ChartMogulClient, data_source: str
    ) -> None:
        # two are sent and worked off, the third is answered by an error although it is taken in
        emulator.set_faults([{"kind": "500", "method": "POST", "path": "json_imports$", "every": 3}])
        limits = {"customers_per_request": 1, "max_in_flight": 1}
        _, lines = account(impatient, data_source, billing(6), ChartMogulServerError, **limits)
        states = states_of(lines, "customers")
        there = set(named(client.customers.list(data_source_uuid=data_source)))
        assert there == {name for name, state in states.items() if state == "created"}
        assert len(there) == 2
        assert sorted(states.values()) == ["created"] * 2 + ["not_sent"] * 3 + ["unknown"]
        emulator.set_faults([])
        again = run(client, data_source, billing(6), customers_per_request=1)
        again.raise_for_failures()
        assert (of_state(again, "created")["customers"], of_state(again, "already_there")["customers"]) == (4, 2)
        assert len(list(client.invoices.list(data_source_uuid=data_source))) == 6

    @pytest.mark.usefixtures("with_plan")
    def test_an_import_that_was_found_under_way_is_unknown(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        emulator.configure(processing_ms=UNDER_WAY)
        with pytest.raises(ChartMogulWaitTimeoutError):
            run(client, data_source, billing(1), timeout=0.2)
        result, lines = account(client, data_source, billing(1), ChartMogulWaitTimeoutError, timeout=0.2)
        assert posts(emulator) == 1
        assert result.sent == []
        assert {line["state"] for line in lines if line["kind"] != "plans"} == {"unknown"}

    @pytest.mark.usefixtures("with_plan")
    def test_a_look_that_fails_leaves_everything_unsent(
        self, emulator: Emulator, impatient: ChartMogulClient, data_source: str
    ) -> None:
        emulator.set_faults([{"kind": "500", "method": "GET", "path": "json_imports"}])
        result, _ = account(impatient, data_source, billing(3), ChartMogulServerError)
        assert of_state(result, "not_sent") == {"plans": 1, "customers": 3, "invoices": 3, "subscription_events": 1}
        assert posts(emulator) == 0

    def test_a_plan_of_which_nothing_is_known_leaves_the_others_unsent(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        emulator.configure(processing_ms=UNDER_WAY)
        result, _ = account(client, data_source, billing(2), ChartMogulWaitTimeoutError, timeout=0.2)
        assert of_state(result, "unknown") == {"plans": 1}
        assert of_state(result, "not_sent") == {"customers": 2, "invoices": 2, "subscription_events": 1}

    @pytest.mark.usefixtures("with_plan")
    def test_a_failure_stops_the_other_imports(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        emulator.configure(processing_ms=UNDER_WAY)
        with pytest.raises(ChartMogulWaitTimeoutError):
            run(client, data_source, billing(40), customers_per_request=1, max_in_flight=2, timeout=0.3)
        assert posts(emulator) <= 2

    @pytest.mark.usefixtures("with_plan")
    def test_a_failure_ends_the_wait_for_the_other_imports(
        self, emulator: Emulator, impatient: ChartMogulClient, data_source: str
    ) -> None:
        emulator.configure(processing_ms=UNDER_WAY)
        emulator.set_faults([{"kind": "500", "method": "POST", "path": "json_imports$", "every": 2}])
        with pytest.raises(ChartMogulServerError):
            run(impatient, data_source, billing(2), customers_per_request=1, max_in_flight=2, poll_interval=0.05)
        # more than a dozen times if the one that was sent were waited for until the timeout
        assert 2 <= asked(emulator, "GET", "json_imports/{import_id}") < 8

    @pytest.mark.usefixtures("with_plan")
    def test_an_error_while_asking_what_became_of_records_leaves_them_unknown(
        self, emulator: Emulator, impatient: ChartMogulClient, client: ChartMogulClient, data_source: str
    ) -> None:
        emulator.configure(now="2026-04-15T00:00:00Z")
        records = billing(2)
        records["invoices"][1]["date"] = "2026-05-01"
        emulator.set_faults([{"kind": "500", "method": "GET", "path": "/invoices$"}])
        result, lines = account(impatient, data_source, records, ChartMogulServerError)
        assert states_of(lines, "customers") == {"acct-1": "created", "acct-2": "created"}
        assert states_of(lines, "invoices") == {"inv-1": "created", "inv-2": "unknown"}
        emulator.set_faults([])
        assert of_state(run(client, data_source, records), "rejected") == {"invoices": 1}
        assert result.failures == 1


def test_items_beside_their_invoices_are_unknown_with_them(
    emulator: Emulator, client: ChartMogulClient, data_source: str, with_plan: None
) -> None:
    emulator.configure(processing_ms=UNDER_WAY)
    records = {**billing(1), "line_items": [line_item(invoice_external_id="inv-1")]}
    result, _ = account(client, data_source, records, ChartMogulWaitTimeoutError, timeout=0.2)
    assert of_state(result, "unknown")["line_items"] == 1


def test_a_task_that_ends_does_not_wait_for_an_outage(
    emulator: Emulator, data_source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal in the middle of an outage: requests that wait for another try are given up."""
    from airflow_provider_chartmogul.imports import sending

    def interrupted(jobs: Any, **options: Any) -> Any:
        while not emulator.stats()["requests_by_operation"]:
            pass
        raise KeyboardInterrupt

    emulator.set_faults([{"kind": "503"}])
    before = emulator.stats()["requests"]
    monkeypatch.setattr(sending, "wait", interrupted)
    with ChartMogulClient(
        emulator.api_key, emulator.base_url, requests_per_second=10_000, max_retry_seconds=5
    ) as patient:
        batches = [Batch(number) for number in range(2)]
        sender = sending.Sender(
            patient,
            data_source,
            sending.Pace(),
            name=lambda batch, _: f"import-{batch.number}",
            body=lambda *_: None,
            spot=lambda _: lambda: True,
            finished=lambda _: True,
        )
        with pytest.raises(KeyboardInterrupt):
            sender.run(batches)
    # seven tries of each take five seconds
    assert emulator.stats()["requests"] - before <= 6
