"""Importing into a ChartMogul over HTTP: what is sent, what is not, and the account of it."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.exceptions import (
    ChartMogulImportFailedError,
    ChartMogulImportIncompleteError,
    ChartMogulWaitTimeoutError,
)
from airflow_provider_chartmogul.imports import BillingImport, Given, ImportResult
from airflow_provider_chartmogul.imports.billing_import import inline
from tests.unit.imports.running import asked, letters, limits_and_pace, named, of_state, posts, run
from tests.unit.imports.samples import billing, cancellation, customer, invoice, line_item, plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator


def invoices_of(client: ChartMogulClient, data_source: str, **filters: Any) -> list[str]:
    return named(client.invoices.list(data_source_uuid=data_source, **filters))


def customers_of(client: ChartMogulClient, data_source: str) -> list[str]:
    return named(client.customers.list(data_source_uuid=data_source))


def rejected_of(client: ChartMogulClient, data_source: str, records: Any, **options: Any) -> list[dict[str, Any]]:
    """Import records, and return those that were rejected or are unknown as they are written into a file."""
    with BillingImport(client, data_source, *limits_and_pace(**options)) as billing_import:
        billing_import.read(inline(records) if isinstance(records, dict) else records)
        billing_import.send()
        billing_import.result()
        return [json.loads(json.dumps(line)) for line in billing_import.rejected()]


def given_again(lines: Iterable[Mapping[str, Any]]) -> list[Given]:
    return [Given(line["kind"], line["record"], line["place"], replace=line.get("replace", False)) for line in lines]


class TestWhatIsSent:
    def test_everything_arrives_once(self, emulator: Emulator, client: ChartMogulClient, data_source: str) -> None:
        result = run(client, data_source, billing(25), customers_per_request=10, max_in_flight=3)
        assert of_state(result, "created") == {"plans": 1, "customers": 25, "invoices": 25, "subscription_events": 1}
        assert (result.failures, result.total(), result.imports, len(result.sent)) == (0, 52, 4, 4)
        result.raise_for_failures()
        assert customers_of(client, data_source) == sorted(f"acct-{n}" for n in range(1, 26))
        invoices = list(client.invoices.list(data_source_uuid=data_source))
        assert named(invoices) == sorted(f"inv-{n}" for n in range(1, 26))
        assert all(len(i["line_items"]) == len(i["transactions"]) == 1 for i in invoices)
        assert posts(emulator) == 4

    def test_summary_is_small_and_plain(self, client: ChartMogulClient, data_source: str) -> None:
        result = run(client, data_source, {"customers": [customer()]})
        assert json.loads(json.dumps(result.summary())) == {
            "records": {"customers": {"created": 1, "already_there": 0, "rejected": 0, "unknown": 0, "not_sent": 0}},
            "imports": 1,
            "sent": 1,
        }

    def test_no_records_are_no_error(self, emulator: Emulator, client: ChartMogulClient, data_source: str) -> None:
        result = run(client, data_source, {})
        assert (result.summary(), posts(emulator)) == ({"records": {}, "imports": 0, "sent": 0}, 0)
        result.raise_for_failures()

    def test_one_time_items_need_no_plan(self, client: ChartMogulClient, data_source: str) -> None:
        once = line_item(type="one_time", amount_in_cents=25_000)
        for name in ("plan_external_id", "subscription_external_id", "service_period_start", "service_period_end"):
            del once[name]
        result = run(client, data_source, {"customers": [customer()], "invoices": [invoice(line_items=[once])]})
        result.raise_for_failures()
        assert of_state(result, "created") == {"customers": 1, "invoices": 1}

    def test_customers_and_plans_may_be_on_the_server_only(self, client: ChartMogulClient, data_source: str) -> None:
        client.plans.create(data_source_uuid=data_source, **plan())
        client.customers.create(data_source_uuid=data_source, **customer())
        result = run(client, data_source, {"invoices": [invoice()], "subscription_events": [cancellation()]})
        result.raise_for_failures()
        assert of_state(result, "created") == {"invoices": 1, "subscription_events": 1}

    def test_line_items_and_transactions_of_their_own_join_their_invoices(
        self, client: ChartMogulClient, data_source: str
    ) -> None:
        records = {
            **billing(2),
            "line_items": [line_item(n, invoice_external_id=f"inv-{n}", external_id=f"li-{n}") for n in (2, 1)],
            "transactions": [
                {
                    "type": "payment",
                    "result": "failed",
                    "date": "2026-03-02",
                    "external_id": "t-1",
                    "invoice_external_id": "inv-2",
                }
            ],
        }
        del records["invoices"][0]["line_items"]
        result = run(client, data_source, records, customers_per_request=1)
        result.raise_for_failures()
        assert of_state(result, "created") == {
            "plans": 1,
            "customers": 2,
            "invoices": 2,
            "subscription_events": 1,
            "line_items": 2,
            "transactions": 1,
        }
        stored = {i["external_id"]: i for i in client.invoices.list(data_source_uuid=data_source)}
        assert [item["external_id"] for item in stored["inv-1"]["line_items"]] == ["li-1"]
        assert len(stored["inv-2"]["line_items"]) == 2
        assert len(stored["inv-2"]["transactions"]) == 2
        again = run(client, data_source, records)
        assert of_state(again, "already_there") == of_state(result, "created")

    def test_imports_under_way_at_once_are_limited(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        client.plans.create(data_source_uuid=data_source, **plan())
        emulator.configure(processing_ms=100)
        most = 0

        created, done = client.json_imports.create_encoded, client.json_imports.retrieve
        under_way: set[str] = set()

        def create(*args: Any, external_id: str, **kwargs: Any) -> Any:
            nonlocal most
            under_way.add(external_id)
            most = max(most, len(under_way))
            return created(*args, external_id=external_id, **kwargs)

        def retrieve(source: str, name: str) -> Any:
            answer = done(source, name)
            if answer["status"] == "completed":
                under_way.discard(name)
            return answer

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(client.json_imports, "create_encoded", create)
            patch.setattr(client.json_imports, "retrieve", retrieve)
            run(client, data_source, billing(12), customers_per_request=1, max_in_flight=3, poll_interval=0.02)
        assert most == 3


class TestRepeatedRuns:
    def test_a_second_run_sends_nothing(self, emulator: Emulator, client: ChartMogulClient, data_source: str) -> None:
        first = run(client, data_source, billing(25), customers_per_request=10)
        second = run(client, data_source, billing(25), customers_per_request=10)
        assert posts(emulator) == 4
        assert (second.sent, second.imports, second.failures) == ([], first.imports, 0)
        assert of_state(second, "created") == {}
        assert of_state(second, "already_there") == of_state(first, "created")

    def test_a_run_that_cuts_otherwise_sends_nothing(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        first = run(client, data_source, billing(25), customers_per_request=10)
        second = run(client, data_source, billing(25), customers_per_request=7)
        assert posts(emulator) == 4
        assert of_state(second, "already_there") == of_state(first, "created")

    def test_data_that_partly_changed(self, emulator: Emulator, client: ChartMogulClient, data_source: str) -> None:
        run(client, data_source, billing(3))
        records = billing(4)
        records["invoices"].append(invoice(1, external_id="inv-1b", date="2026-04-01"))
        result = run(client, data_source, records)
        result.raise_for_failures()
        assert of_state(result, "created") == {"customers": 1, "invoices": 2}
        assert of_state(result, "already_there") == {
            "plans": 1,
            "customers": 3,
            "invoices": 3,
            "subscription_events": 1,
        }
        invoices = list(client.invoices.list(data_source_uuid=data_source))
        assert len(invoices) == 5
        assert all(len(i["line_items"]) == len(i["transactions"]) == 1 for i in invoices)
        third = run(client, data_source, records)
        assert (third.sent, of_state(third, "already_there")) == (
            [],
            {"plans": 1, "customers": 4, "invoices": 5, "subscription_events": 1},
        )
        assert posts(emulator) == 3

    def test_an_import_that_left_records_out_is_sent_again_when_repeated(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        emulator.configure(now="2026-02-01T00:00:00Z")
        first = run(client, data_source, billing(2))
        assert of_state(first, "rejected") == {"invoices": 2, "subscription_events": 1}
        assert of_state(first, "created") == {"plans": 1, "customers": 2}
        emulator.configure(now="2026-05-01T00:00:00Z")
        result = run(client, data_source, billing(2))
        result.raise_for_failures()
        assert of_state(result, "already_there") == {"plans": 1, "customers": 2}
        assert of_state(result, "created") == {"invoices": 2, "subscription_events": 1}
        third = run(client, data_source, billing(2))
        assert (third.sent, third.failures) == ([], 0)
        assert of_state(third, "already_there") == {
            "plans": 1,
            "customers": 2,
            "invoices": 2,
            "subscription_events": 1,
        }

    def test_what_was_deleted_since_from_the_middle_is_sent_again_by_another_part_of_the_history(
        self, client: ChartMogulClient, data_source: str
    ) -> None:
        """A request that goes on from an earlier one did not hold the old invoice: it cannot speak for it."""
        run(client, data_source, billing(2)).raise_for_failures()
        longer = billing(2)
        longer["invoices"].append(invoice(2, external_id="inv-3", date="2026-04-01"))
        run(client, data_source, longer).raise_for_failures()
        (gone,) = client.invoices.list(data_source_uuid=data_source, external_id="inv-1")
        client.invoices.delete(gone["uuid"])
        result = run(client, data_source, longer)
        assert of_state(result, "created") == {"invoices": 1}
        assert len(invoices_of(client, data_source)) == 3

    def test_an_event_that_was_deleted_since_is_sent_again(self, client: ChartMogulClient, data_source: str) -> None:
        run(client, data_source, billing(2)).raise_for_failures()
        (event,) = client.subscription_events.list(data_source_uuid=data_source)
        client.subscription_events.delete(id=event["id"])
        result = run(client, data_source, billing(2))
        assert of_state(result, "created") == {"subscription_events": 1}
        assert len(list(client.subscription_events.list(data_source_uuid=data_source))) == 1

    @pytest.mark.parametrize("kind", ["invoices", "customers", "plans"])
    def test_what_was_deleted_since_is_sent_again(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str, kind: str
    ) -> None:
        records = {kind: billing(1)[kind]} if kind != "invoices" else billing(1)
        run(client, data_source, records).raise_for_failures()
        (stored,) = getattr(client, kind).list(data_source_uuid=data_source)
        getattr(client, kind).delete(stored["uuid"])
        sent = posts(emulator)
        result = run(client, data_source, records)
        result.raise_for_failures()
        assert posts(emulator) == sent + 1
        assert of_state(result, "created")[kind] == 1
        assert len(list(getattr(client, kind).list(data_source_uuid=data_source))) == 1

    def test_another_scope_asks_for_each_record_and_sends_what_is_gone(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        run(client, data_source, billing(3)).raise_for_failures()
        first = next(i for i in client.invoices.list(data_source_uuid=data_source) if i["external_id"] == "inv-1")
        client.invoices.delete(first["uuid"])
        again = run(client, data_source, billing(3), scope="restored")
        assert of_state(again, "created") == {"invoices": 1}
        assert of_state(again, "already_there") == {
            "plans": 1,
            "customers": 3,
            "invoices": 2,
            "subscription_events": 1,
        }
        assert invoices_of(client, data_source) == ["inv-1", "inv-2", "inv-3"]
        assert posts(emulator) == 3

    def test_what_was_held_back_for_its_plan_is_sent_when_the_plan_is_there(
        self, client: ChartMogulClient, data_source: str
    ) -> None:
        records = billing(2)
        records["plans"].append(plan(external_id="other"))
        records["invoices"].append(
            invoice(1, external_id="inv-o", line_items=[line_item(plan_external_id="other")], date="2026-01-01")
        )
        with pytest.MonkeyPatch.context() as patch:
            refuse_plans(patch, client, "other")
            first = run(client, data_source, records, max_rejected=5)
        assert of_state(first, "rejected") == {"plans": 1, "invoices": 1}
        assert invoices_of(client, data_source) == ["inv-1", "inv-2"]
        client.plans.create(data_source_uuid=data_source, **plan(external_id="other"))
        second = run(client, data_source, records)
        second.raise_for_failures()
        assert of_state(second, "created") == {"invoices": 1}
        assert invoices_of(client, data_source) == ["inv-1", "inv-2", "inv-o"]


def refuse_plans(patch: pytest.MonkeyPatch, client: ChartMogulClient, *refused: str) -> None:
    """Let the server refuse plans: nothing that passes the checks is known to be refused."""
    create = client.json_imports.create_encoded

    def without_names(source: str, *, external_id: str, body: bytes) -> Any:
        sent = json.loads(body)
        for record in sent.get("plans", ()):
            if record["external_id"] in refused:
                del record["name"]
        return create(source, external_id=external_id, body=json.dumps(sent).encode())

    patch.setattr(client.json_imports, "create_encoded", without_names)


class TestPlans:
    def test_a_plan_with_another_interval_is_not_overwritten_in_silence(
        self, client: ChartMogulClient, data_source: str
    ) -> None:
        client.plans.create(data_source_uuid=data_source, **plan(interval_unit="year"))
        result = run(client, data_source, billing(1))
        assert [warning for warning in result.warnings if "1 year" in warning and "'team'" in warning]
        assert of_state(result, "already_there") == {"plans": 1}

    @pytest.mark.parametrize("import_errors", [False, True])
    def test_customers_are_not_sent_if_a_plan_is_refused(
        self,
        emulator: Emulator,
        client: ChartMogulClient,
        data_source: str,
        monkeypatch: pytest.MonkeyPatch,
        import_errors: bool,
    ) -> None:
        emulator.configure(import_errors=import_errors)
        refuse_plans(monkeypatch, client, "team")
        result = run(client, data_source, billing(2))
        assert of_state(result, "rejected") == {"plans": 1, "invoices": 2}
        assert of_state(result, "not_sent") == {"customers": 2, "subscription_events": 1}
        assert customers_of(client, data_source) == []
        with pytest.raises(ChartMogulImportFailedError, match="plans record 1 'team'"):
            result.raise_for_failures()

    def test_what_names_a_refused_plan_is_held_back(
        self, client: ChartMogulClient, data_source: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refuse_plans(monkeypatch, client, "other")
        records = billing(2)
        records["plans"].append(plan(external_id="other"))
        records["invoices"][1]["line_items"].append(line_item(2, plan_external_id="other"))
        result = run(client, data_source, records, max_rejected=2)
        assert of_state(result, "rejected") == {"plans": 1, "invoices": 1}
        assert invoices_of(client, data_source, validation_type="all") == ["inv-1"]
        assert [row.message for row in result.problems if row.kind == "invoices"] == ["names a plan that is rejected"]

    def test_a_plan_that_is_nowhere_is_found_before_anything_is_sent(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        result = run(client, data_source, {**billing(2), "plans": []})
        assert posts(emulator) == 0
        assert {(row.kind, row.field) for row in result.problems} == {("line_items", "line_items[0].plan_external_id")}
        assert of_state(result, "rejected") == {"invoices": 2}


class TestBadRecords:
    def test_nothing_is_sent_if_a_record_is_bad(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        records = billing(3)
        del records["invoices"][2]["currency"]
        result = run(client, data_source, records)
        assert posts(emulator) == 0
        assert of_state(result, "rejected") == {"invoices": 1}
        assert of_state(result, "not_sent") == {"plans": 1, "customers": 3, "invoices": 2, "subscription_events": 1}
        with pytest.raises(ChartMogulImportFailedError, match="record 3 'inv-3': currency is missing") as caught:
            result.raise_for_failures()
        assert caught.value.rejected[0]["field"] == "currency"

    @pytest.mark.parametrize("max_rejected", [1, 0.2])
    def test_bad_records_within_the_limit_are_left_out(
        self, client: ChartMogulClient, data_source: str, max_rejected: float
    ) -> None:
        records = billing(3)
        del records["invoices"][2]["currency"]
        result = run(client, data_source, records, max_rejected=max_rejected)
        result.raise_for_failures(max_rejected=max_rejected)
        assert of_state(result, "rejected") == {"invoices": 1}
        assert invoices_of(client, data_source) == ["inv-1", "inv-2"]

    def test_a_share_is_one_of_all_records(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        records = billing(3)
        del records["invoices"][2]["currency"]
        # one of eight records is more than a tenth
        result = run(client, data_source, records, max_rejected=0.1)
        assert posts(emulator) == 0
        with pytest.raises(ChartMogulImportFailedError, match=r"1 records were not imported \(0 allowed\), 7 others"):
            result.raise_for_failures(max_rejected=0.1)

    @pytest.mark.parametrize("share", [0.01, 0.07, 0.29, 0.57, 0.58])
    def test_shares_allow_what_they_say(self, client: ChartMogulClient, data_source: str, share: float) -> None:
        allowed = round(share * 100)
        customers = [customer(n, name=1 if n < allowed else "x") for n in range(100)]
        run(client, data_source, {"customers": customers}, max_rejected=share).raise_for_failures(share)
        assert len(customers_of(client, data_source)) == 100 - allowed

    def test_an_invoice_that_fits_into_no_request_is_named(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        records = billing(2)
        records["invoices"].append(invoice(2, external_id="big", line_items=[line_item(2)] * 30))
        result = run(client, data_source, records, max_bytes=5_000)
        assert posts(emulator) == 0
        with pytest.raises(ChartMogulImportFailedError, match="invoices record 3 'big': takes more than the 4,744"):
            result.raise_for_failures()
        assert of_state(result, "rejected") == {"invoices": 1}


class TestRecordsThatTheServerRefuses:
    @pytest.fixture(params=[False, True], ids=["status only", "errors told"])
    def in_april(self, emulator: Emulator, request: pytest.FixtureRequest) -> Emulator:
        """What is later is in the future to the server alone."""
        emulator.configure(now="2026-04-15T00:00:00Z", import_errors=request.param)
        return emulator

    def refused(self) -> Any:
        records = billing(3)
        records["invoices"][1]["date"] = "2026-05-01"
        return records

    @pytest.mark.usefixtures("in_april")
    def test_they_are_named_and_their_siblings_kept(self, client: ChartMogulClient, data_source: str) -> None:
        result = run(client, data_source, self.refused())
        (row,) = result.problems
        assert (row.kind, row.external_id, row.customer, row.field, row.position, row.message) == (
            "invoices",
            "inv-2",
            "acct-2",
            "date",
            2,
            "Date is in the future",
        )
        assert of_state(result, "created") == {"plans": 1, "customers": 3, "invoices": 2, "subscription_events": 1}
        with pytest.raises(ChartMogulImportFailedError):
            result.raise_for_failures()

    def test_corrected_they_take_the_place_of_what_was_refused(
        self, in_april: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        lines = rejected_of(client, data_source, self.refused())
        assert [(line["kind"], line["record"]["external_id"], line["position"]) for line in lines] == [
            ("invoices", "inv-2", 2)
        ]
        assert lines[0]["problems"] == [
            {"kind": "invoices", "external_id": "inv-2", "field": "date", "message": "Date is in the future"}
        ]
        assert invoices_of(client, data_source, validation_type="invalid") == ["inv-2"]
        lines[0]["record"]["date"] = "2026-03-01"
        result = run(client, data_source, given_again(lines))
        result.raise_for_failures()
        assert of_state(result, "created") == {"invoices": 1}
        assert invoices_of(client, data_source, validation_type="all") == ["inv-1", "inv-2", "inv-3"]
        assert invoices_of(client, data_source, validation_type="invalid") == []
        assert asked(in_april, "DELETE", "invoices/{invoice_uuid}") == 1

    @pytest.mark.usefixtures("in_april")
    def test_the_account_of_a_second_run_is_the_same(self, client: ChartMogulClient, data_source: str) -> None:
        first = run(client, data_source, self.refused())
        second = run(client, data_source, self.refused())
        assert of_state(second, "rejected") == of_state(first, "rejected")
        assert of_state(second, "already_there") == of_state(first, "created")
        assert list(map(str, second.problems)) == list(map(str, first.problems))

    @pytest.mark.usefixtures("in_april")
    def test_parts_of_their_own_fall_with_their_invoice(self, client: ChartMogulClient, data_source: str) -> None:
        records = {**self.refused(), "line_items": [line_item(2, invoice_external_id="inv-2")]}
        result = run(client, data_source, records)
        assert of_state(result, "rejected") == {"invoices": 1, "line_items": 1}
        assert [(row.input_kind, row.field) for row in result.problems] == [
            ("invoices", "date"),
            ("line_items", "invoice_external_id"),
        ]

    @pytest.mark.usefixtures("in_april")
    def test_an_invoice_whose_line_item_id_is_taken_by_another_invoice_is_rejected(
        self, client: ChartMogulClient, data_source: str
    ) -> None:
        """As billing systems send them that name a line by the subscription item, the same every month."""
        january = invoice(line_items=[line_item(external_id="item-1")])
        run(client, data_source, {"customers": [customer()], "plans": [plan()], "invoices": [january]})
        february = invoice(external_id="inv-2", date="2026-04-01", line_items=[line_item(external_id="item-1")])
        result = run(client, data_source, {"invoices": [february]})
        assert of_state(result, "rejected") == {"invoices": 1}
        assert of_state(result, "already_there") == of_state(result, "created") == {}
        with pytest.raises(ChartMogulImportFailedError, match=r"line_items\.external_id"):
            result.raise_for_failures()

    def test_a_request_that_is_refused_as_a_whole_is_accounted_for(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client.plans.create(data_source_uuid=data_source, **plan())
        create = client.json_imports.create_encoded

        def spoilt(source: str, *, external_id: str, body: bytes) -> Any:
            sent = json.loads(body)
            if any(record["external_id"] == "acct-2" for record in sent.get("customers", ())):
                sent["invoices"] = "none"
            return create(source, external_id=external_id, body=json.dumps(sent).encode())

        monkeypatch.setattr(client.json_imports, "create_encoded", spoilt)
        result = run(client, data_source, billing(3), customers_per_request=1)
        assert of_state(result, "rejected") == {"customers": 1, "invoices": 1}
        assert {row.customer for row in result.problems} == {"acct-2"}
        assert all("invoices is not a list of records" in row.message for row in result.problems)
        assert customers_of(client, data_source) == ["acct-1", "acct-3"]
        monkeypatch.undo()
        again = run(client, data_source, billing(3), customers_per_request=1)
        assert of_state(again, "created") == {"customers": 1, "invoices": 1}


class TestInvoicesThatAreThere:
    def stored(self, client: ChartMogulClient, data_source: str, **fields: Any) -> None:
        records = {"plans": [plan()], "customers": [customer()], "invoices": [invoice(**fields)]}
        run(client, data_source, records).raise_for_failures()

    def test_they_stay_as_they_are(self, emulator: Emulator, client: ChartMogulClient, data_source: str) -> None:
        self.stored(client, data_source)
        sent = posts(emulator)
        changed = invoice(line_items=[line_item(amount_in_cents=6000)])
        result = run(client, data_source, {"invoices": [changed]})
        assert of_state(result, "already_there") == {"invoices": 1}
        assert posts(emulator) == sent
        (kept,) = client.invoices.list(data_source_uuid=data_source)
        assert kept["line_items"][0]["amount_in_cents"] == 5000

    @pytest.mark.parametrize("kind", ["invoices", "subscription_events"])
    def test_a_record_of_another_customer_is_not_taken_for_it(
        self, client: ChartMogulClient, data_source: str, kind: str
    ) -> None:
        run(client, data_source, billing(3)).raise_for_failures()
        records = {
            "invoices": [invoice(1, customer_external_id="acct-2", line_items=[line_item(1, external_id="x")])],
            "subscription_events": [
                cancellation(2, external_id=event["external_id"])
                for event in client.subscription_events.list(data_source_uuid=data_source)
            ],
        }
        result = run(client, data_source, {kind: records[kind]})
        assert of_state(result, "rejected") == {kind: 1}
        assert result.problems[0].message == "is the external id of another customer's record"

    def test_they_give_way_if_that_is_asked_for(self, client: ChartMogulClient, data_source: str) -> None:
        self.stored(client, data_source, transactions=[])
        changed = invoice(date="2026-03-05", line_items=[line_item(amount_in_cents=6000)])
        result = run(client, data_source, letters(changed, replace=True))
        assert of_state(result, "created") == {"invoices": 1}
        (replaced,) = client.invoices.list(data_source_uuid=data_source, validation_type="all")
        assert [item["amount_in_cents"] for item in replaced["line_items"]] == [6000]
        assert replaced["date"].startswith("2026-03-05")
        assert len(replaced["transactions"]) == 1

    def test_one_that_was_changed_there_gives_way_to_what_was_once_imported(
        self, client: ChartMogulClient, data_source: str
    ) -> None:
        client.plans.create(data_source_uuid=data_source, **plan())
        client.customers.create(data_source_uuid=data_source, **customer())
        run(client, data_source, letters(invoice())).raise_for_failures()
        (stored,) = client.invoices.list(data_source_uuid=data_source)
        client.invoices.update(stored["uuid"], date="2026-01-01")
        result = run(client, data_source, letters(invoice(), replace=True))
        assert of_state(result, "created") == {"invoices": 1}
        (replaced,) = client.invoices.list(data_source_uuid=data_source)
        assert replaced["date"].startswith("2026-03-01")

    def test_a_replacement_is_made_once(self, emulator: Emulator, client: ChartMogulClient, data_source: str) -> None:
        self.stored(client, data_source)
        changed = letters(invoice(date="2026-03-05"), replace=True)
        assert of_state(run(client, data_source, changed), "created") == {"invoices": 1}
        assert of_state(run(client, data_source, changed), "already_there") == {"invoices": 1}
        assert asked(emulator, "DELETE", "invoices/{invoice_uuid}") == 1

    def test_it_is_made_once_in_each_run(self, client: ChartMogulClient, data_source: str) -> None:
        """Between two runs somebody may have changed the invoice again; a retry of one of them only looks."""
        self.stored(client, data_source)
        changed = letters(invoice(date="2026-03-05"), replace=True)
        for number in range(2):
            (stored,) = client.invoices.list(data_source_uuid=data_source)
            client.invoices.update(stored["uuid"], date="2026-01-01")
            same_run = f"run {number}"
            assert of_state(run(client, data_source, changed, run=same_run), "created") == {"invoices": 1}
            assert of_state(run(client, data_source, changed, run=same_run), "already_there") == {"invoices": 1}
            (replaced,) = client.invoices.list(data_source_uuid=data_source)
            assert replaced["date"].startswith("2026-03-05")

    def test_an_invoice_that_gave_way_in_vain_is_kept_with_the_refused_one(
        self, client: ChartMogulClient, data_source: str
    ) -> None:
        run(client, data_source, billing(2)).raise_for_failures()
        (taken,) = client.invoices.list(data_source_uuid=data_source, external_id="inv-2")
        item = line_item(1, external_id=taken["line_items"][0]["external_id"])
        (line,) = rejected_of(client, data_source, letters(invoice(1, line_items=[item]), replace=True))
        assert line["replaced"]["external_id"] == "inv-1"
        assert [one["amount_in_cents"] for one in line["replaced"]["line_items"]] == [5000]

    def test_what_was_replaced_well_is_left_alone_when_others_are_tried_again(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        run(client, data_source, billing(2)).raise_for_failures()
        emulator.configure(now="2026-04-01T00:00:00Z")
        changed = letters(invoice(1, date="2026-03-05"), invoice(2, date="2026-05-05"), replace=True)
        assert of_state(run(client, data_source, changed, run="r"), "rejected") == {"invoices": 1}
        (well,) = client.invoices.list(data_source_uuid=data_source, external_id="inv-1")
        emulator.configure(now="2026-06-01T00:00:00Z")
        again = run(client, data_source, changed, run="r")
        assert of_state(again, "already_there") == of_state(again, "created") == {"invoices": 1}
        (kept,) = client.invoices.list(data_source_uuid=data_source, external_id="inv-1")
        assert kept["uuid"] == well["uuid"]

    def test_the_invoice_that_gives_way_may_be_of_another_customer(
        self, client: ChartMogulClient, data_source: str
    ) -> None:
        run(client, data_source, billing(3)).raise_for_failures()
        moved = invoice(1, customer_external_id="acct-2")
        result = run(client, data_source, letters(moved, replace=True))
        assert of_state(result, "created") == {"invoices": 1}
        (replaced,) = client.invoices.list(data_source_uuid=data_source, external_id="inv-1")
        assert replaced["customer_external_id"] == "acct-2"

    def test_several_give_way_and_one_of_them_by_another_hand(
        self, client: ChartMogulClient, data_source: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run(client, data_source, billing(3)).raise_for_failures()
        delete = client.invoices.delete

        def twice(uuid: str) -> None:
            delete(uuid)
            delete(uuid)

        monkeypatch.setattr(client.invoices, "delete", twice)
        changed = letters(*(invoice(n, date="2026-03-05") for n in (1, 2, 3)), replace=True)
        assert of_state(run(client, data_source, changed), "created") == {"invoices": 3}
        assert len(invoices_of(client, data_source)) == 3

    @pytest.mark.parametrize("own", [False, True])
    @pytest.mark.parametrize("fields", [{}, {"external_id": "another"}])
    def test_one_that_lacks_parts_is_rejected_and_says_so(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str, own: bool, fields: dict[str, Any]
    ) -> None:
        self.stored(client, data_source)
        sent = posts(emulator)
        item = line_item(amount_in_cents=100, **fields)
        records: dict[str, Any] = {"invoices": [invoice(line_items=[line_item(), *([] if own else [item])])]}
        if own:
            records["line_items"] = [{**item, "invoice_external_id": "inv-1"}]
        result = run(client, data_source, records)
        assert of_state(result, "rejected") == ({"invoices": 1, "line_items": 1} if own else {"invoices": 1})
        assert result.problems[0].message == (
            "is there without some of its line items or transactions; those are sent one by one"
        )
        assert posts(emulator) == sent

    def test_one_that_lacks_parts_is_rejected_again_by_a_second_run(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        self.stored(client, data_source)
        longer = invoice(line_items=[line_item(), line_item(amount_in_cents=100)])
        records = {"invoices": [longer, invoice(external_id="inv-2", date="2026-04-01")]}
        first = run(client, data_source, records)
        assert (of_state(first, "rejected"), of_state(first, "created")) == ({"invoices": 1}, {"invoices": 1})
        sent = posts(emulator)
        second = run(client, data_source, records)
        assert (of_state(second, "rejected"), of_state(second, "already_there")) == ({"invoices": 1}, {"invoices": 1})
        assert posts(emulator) == sent

    def test_one_given_twice_does_not_lack_the_parts_of_its_double(
        self, client: ChartMogulClient, data_source: str
    ) -> None:
        self.stored(client, data_source)
        result = run(client, data_source, {"invoices": [invoice(), invoice()]}, max_rejected=1)
        assert (of_state(result, "already_there"), of_state(result, "rejected")) == ({"invoices": 1}, {"invoices": 1})


class TestMergedCustomers:
    """Of a customer with two external ids the list does not tell which is of which data source."""

    def test_both_of_one_data_source_are_recognised(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        run(client, data_source, billing(3)).raise_for_failures()
        uuids = {c["external_id"]: c["uuid"] for c in client.customers.list(data_source_uuid=data_source)}
        client.customers.merge(from_={"customer_uuid": uuids["acct-1"]}, into={"customer_uuid": uuids["acct-2"]})
        sent = posts(emulator)
        result = run(client, data_source, billing(3), scope="again")
        assert of_state(result, "already_there") == {
            "plans": 1,
            "customers": 3,
            "invoices": 3,
            "subscription_events": 1,
        }
        assert posts(emulator) == sent

    def test_an_id_of_another_data_source_is_not_taken_for_ones_own(
        self, client: ChartMogulClient, data_source: str
    ) -> None:
        other = client.data_sources.create(name="Another system")["uuid"]
        here = client.customers.create(data_source_uuid=data_source, **customer(1))
        there = client.customers.create(data_source_uuid=other, **customer(2))
        client.customers.merge(from_={"customer_uuid": there["uuid"]}, into={"customer_uuid": here["uuid"]})
        result = run(client, data_source, {"customers": [customer(1), customer(2)]})
        assert (of_state(result, "already_there"), of_state(result, "created")) == ({"customers": 1}, {"customers": 1})
        found = client.customers.list(data_source_uuid=data_source, external_id="acct-2").first()
        assert found is not None
        assert found["uuid"] != here["uuid"]


class TestHowMuchIsAsked:
    def test_a_long_list_is_read_instead_of_asking_for_each(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        client.plans.create(data_source_uuid=data_source, **plan())
        run(client, data_source, {"customers": [customer(n) for n in range(1000)]}).raise_for_failures()
        before = asked(emulator, "GET", "/customers")
        records = {
            "customers": [customer(n, name="New") for n in range(900)],
            # found by a look at a part of the list, and a question
            "invoices": [invoice(999)],
        }
        result = run(client, data_source, records, customers_per_request=100)
        assert of_state(result, "already_there") == {"customers": 900}
        assert asked(emulator, "GET", "/customers") - before < 12

    def test_few_records_do_not_cost_a_long_list(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        run(client, data_source, {"customers": [customer(n) for n in range(1000)]}).raise_for_failures()
        before = emulator.stats()["requests"]
        result = run(client, data_source, {"customers": [customer(998, name="New")]})
        assert of_state(result, "already_there") == {"customers": 1}
        assert emulator.stats()["requests"] - before <= 4

    def test_a_new_data_source_costs_a_look_at_each_list(
        self, emulator: Emulator, client: ChartMogulClient, data_source: str
    ) -> None:
        before = emulator.stats()["requests"]
        run(client, data_source, billing(100), customers_per_request=10)
        # 11 imports are looked for, sent and asked for twice; the source is looked at, plans and customers are listed
        assert emulator.stats()["requests"] - before == 11 * 4 + 3


class TestAccount:
    def lines(self, client: ChartMogulClient, data_source: str, records: list[Given]) -> list[dict[str, Any]]:
        with BillingImport(client, data_source, *limits_and_pace(max_rejected=9)) as billing_import:
            billing_import.read(records)
            billing_import.send()
            billing_import.result()
            return list(billing_import.results())

    def test_each_record_is_told_of(self, client: ChartMogulClient, data_source: str) -> None:
        client.customers.create(data_source_uuid=data_source, **customer(2))
        given = letters(customer(1), customer(2), customer(3, name=7), kind="customers")
        found = self.lines(client, data_source, given)
        assert [(line["place"], line["external_id"], line["state"], len(line["problems"])) for line in found] == [
            ("line 1", "acct-1", "created", 0),
            ("line 2", "acct-2", "already_there", 0),
            ("line 3", "acct-3", "rejected", 1),
        ]

    def test_what_could_not_be_read_keeps_its_text(self, client: ChartMogulClient, data_source: str) -> None:
        unread = Given("customers", None, "c.jsonl, line 4", text='{"external_id": ')
        (line,) = rejected_of(client, data_source, [unread])
        assert (line["record"], line["text"], line["place"]) == (None, '{"external_id": ', "c.jsonl, line 4")

    def test_replacements_say_so_when_they_are_rejected(self, client: ChartMogulClient, data_source: str) -> None:
        (line,) = rejected_of(client, data_source, letters(invoice(currency="usd"), replace=True))
        assert line["replace"] is True


def test_a_timeout_names_imports_and_what_to_do(emulator: Emulator, client: ChartMogulClient, data_source: str) -> None:
    emulator.configure(processing_ms=60_000)
    with pytest.raises(ChartMogulWaitTimeoutError, match=r"1 imports into ds_\S+ are not done after 0.2 s.*airflow-"):
        run(client, data_source, {"customers": [customer()]}, timeout=0.2)


def test_unknown_records_within_what_is_allowed_may_be_repeated() -> None:
    result = ImportResult({"customers": Counter(created=1, unknown=1)})
    result.raise_for_failures(1)
    with pytest.raises(ChartMogulImportIncompleteError, match="1 records were not imported"):
        result.raise_for_failures()
