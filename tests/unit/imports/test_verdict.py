"""The account of a finished import, also where the API says little.

What an import answers is made up here, since the emulator answers in one way only; what the data source has, is not.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.imports.billing_import import inline
from airflow_provider_chartmogul.imports.checking import check_together
from airflow_provider_chartmogul.imports.intake import Intake
from airflow_provider_chartmogul.imports.journal import Journal
from airflow_provider_chartmogul.imports.packing import MAX_BYTES, encoded, pack, pack_plans
from airflow_provider_chartmogul.imports.present import Present
from airflow_provider_chartmogul.imports.verdict import judge, resolve_doubts
from tests.unit.imports.samples import billing, customer, invoice, line_item, plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator
    from tests.unit.imports.samples import Records

GOOD = {"status": "imported"}
States = dict[str, str]
Judge = Callable[..., States]


@pytest.fixture
def verdict(client: ChartMogulClient, data_source: str) -> Judge:
    """Send records, and judge them by an answer that is made up.

    :param details: of the answer; ``None`` is what the emulator says.
    """

    def judged(
        records: Mapping[str, Any],
        details: Mapping[str, Any] | None,
        *,
        state: str = "created",
        reasons: bool = False,
        altered: Callable[[dict[str, Any]], Any] = lambda _: None,
        **answer: Any,
    ) -> States:
        with Journal() as journal:
            Intake(journal).take_all(inline(records))
            check_together(journal, MAX_BYTES)
            plans = pack_plans(journal, max_bytes=MAX_BYTES)
            for batch in [*plans, *pack(journal, first=len(plans), max_customers=500, max_bytes=MAX_BYTES)]:
                body = json.loads(encoded(journal, batch, f"import-{batch.number}"))
                altered(body)
                client.json_imports.create(data_source, **body)
                finished = done(client, data_source, body["external_id"])
                told = finished["status_details"] if details is None else details
                judge(journal, batch, {"status": "completed", "status_details": told, **answer}, state, final=True)
            resolve_doubts(journal, Present(client, data_source, journal))
            assert journal.one("SELECT count(*) FROM doubts") == 0
            if reasons:
                rows = journal.ask("SELECT external_id, field, message FROM problems ORDER BY record, rowid")
                return {str(name): f"{field}: {message}" for name, field, message in rows}
            rows = journal.ask("SELECT kind, external_id, position, state FROM records ORDER BY id")
            return {f"{kind}/{name or position}": state for kind, name, position, state in rows}

    return judged


def done(client: ChartMogulClient, data_source: str, name: str) -> dict[str, Any]:
    while (answer := client.json_imports.retrieve(data_source, name))["status"] != "completed":
        pass
    return answer


def two_invoices() -> Records:
    return {
        "plans": [plan()],
        "customers": [customer()],
        "invoices": [
            invoice(transactions=[]),
            invoice(external_id="inv-x", date="2026-05-01", transactions=[]),
        ],
    }


@pytest.fixture
def second_refused(emulator: Emulator) -> None:
    """Let the second of the two invoices be in the future, to the server alone."""
    emulator.configure(now="2026-04-15T00:00:00Z")


def failed(**kinds: Any) -> dict[str, Any]:
    """Return what an answer tells of the plans, and of a customer with a kind that failed."""
    return {"plans": GOOD, "acct-1": {"status": "failed", **dict.fromkeys(two_invoices(), GOOD), **kinds}}


def test_everything_imported(verdict: Judge) -> None:
    assert set(verdict(billing(2), None).values()) == {"created"}


def test_the_status_of_the_customer_holds_for_kinds_that_are_not_listed(verdict: Judge) -> None:
    details = {"plans": GOOD, "acct-1": GOOD}
    assert set(verdict(two_invoices(), details).values()) == {"created"}


def test_plans_stand_under_their_own_key(verdict: Judge) -> None:
    assert verdict({"plans": [plan()]}, {"plans": GOOD}) == {"plans/team": "created"}


def test_a_plan_that_failed_is_told_from_one_that_did_not(verdict: Judge) -> None:
    def without_name(body: dict[str, Any]) -> None:
        for record in body["plans"]:
            if record["external_id"] == "other":
                del record["name"]

    plans = {"plans": [plan(), plan(external_id="other")]}
    assert verdict(plans, None, altered=without_name) == {"plans/team": "created", "plans/other": "rejected"}


def test_a_customer_called_plans_is_a_customer(verdict: Judge) -> None:
    assert verdict({"customers": [customer(external_id="plans")]}, None) == {"customers/plans": "created"}


@pytest.mark.usefixtures("second_refused")
@pytest.mark.parametrize(
    "details",
    [
        None,
        failed(invoices={"status": "failed"}),
        failed(invoices={"status": "failed", "errors": {"inv-x": {"date": ["Date is in the future"]}}}),
        failed(invoices={"status": "failed", "errors": ["Date is in the future"]}),
        failed(line_items={"status": "failed"}),
        {"plans": GOOD, "acct-1": {"status": "failed"}},
        {"plans": GOOD},
        {"plans": GOOD, "acct-1": "failed"},
        {},
    ],
)
def test_what_was_stored_is_told_from_what_was_not_however_little_is_said(
    verdict: Judge, details: dict[str, Any] | None
) -> None:
    found = verdict(two_invoices(), details)
    assert found.pop("plans/team") == "created"
    assert found.pop("customers/acct-1") == "created"
    assert found == {"invoices/inv-1": "created", "invoices/inv-x": "rejected"}


@pytest.mark.usefixtures("second_refused")
@pytest.mark.parametrize("details", [None, failed(invoices={"status": "failed"}), {}])
def test_the_reason_is_that_of_the_stored_invoice(verdict: Judge, details: dict[str, Any] | None) -> None:
    assert verdict(two_invoices(), details, reasons=True) == {"inv-x": "date: Date is in the future"}


def test_what_is_nowhere_was_refused(verdict: Judge) -> None:
    def lost(body: dict[str, Any]) -> None:
        body["invoices"] = [record for record in body.get("invoices", ()) if record["external_id"] != "inv-x"]

    details = failed(invoices={"status": "failed"})
    assert verdict(two_invoices(), details, altered=lost)["invoices/inv-x"] == "rejected"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"status": "failed", "error": "out of memory"}, "out of memory"),
        ({"status": "failed"}, "the import ended as 'failed' without naming it"),
        ({"error": "mail ida@firm.example " + "x" * 3000}, "mail"),
    ],
)
def test_what_an_import_says_of_itself_is_the_reason_if_there_is_no_other(
    verdict: Judge, answer: dict[str, Any], told: str
) -> None:
    def nothing(body: dict[str, Any]) -> None:
        for kind in ("customers", "plans"):
            body.pop(kind, None)

    records = {"customers": [customer()], "plans": [plan()]}
    reasons = verdict(records, {}, altered=nothing, reasons=True, **answer)
    assert set(reasons) == {"acct-1", "team"}
    for reason in reasons.values():
        assert told in reason
        assert len(reason) <= 210
        assert "ida@" not in reason


def test_reasons_of_kinds_are_short_and_name_nobody(verdict: Judge) -> None:
    def lost(body: dict[str, Any]) -> None:
        body["invoices"] = body.get("invoices", ())[:1]

    errors = {"inv-x": {"date": ["is wrong for ida@firm.example " + "x" * 3000]}}
    details = failed(invoices={"status": "failed", "errors": errors})
    (reason,) = verdict(two_invoices(), details, altered=lost, reasons=True).values()
    assert "is wrong for" in reason
    assert len(reason) <= 210
    assert "ida@" not in reason


def test_parts_of_their_own_go_with_their_invoice(verdict: Judge, emulator: Emulator) -> None:
    emulator.configure(now="2026-04-15T00:00:00Z")
    records = {
        **two_invoices(),
        "line_items": [line_item(invoice_external_id="inv-1", amount_in_cents=7, external_id="li-1")],
        "transactions": [
            {
                "type": "payment",
                "result": "failed",
                "date": "2026-03-02",
                "external_id": "t-1",
                "invoice_external_id": "inv-x",
            }
        ],
    }
    found = verdict(records, None)
    assert (found["invoices/inv-1"], found["line_items/li-1"]) == ("created", "created")
    assert (found["invoices/inv-x"], found["transactions/t-1"]) == ("rejected", "rejected")


@pytest.mark.parametrize("own", [False, True])
def test_an_invoice_that_was_stored_without_one_of_its_parts_is_not_whole(verdict: Judge, own: bool) -> None:
    def shortened(body: dict[str, Any]) -> None:
        body["line_items"] = [item for item in body.get("line_items", ()) if item["amount_in_cents"] != 7]

    item = line_item(amount_in_cents=7)
    nested = [line_item()] if own else [line_item(), item]
    records = {"plans": [plan()], "customers": [customer()], "invoices": [invoice(line_items=nested)]}
    if own:
        records["line_items"] = [{**item, "invoice_external_id": "inv-1"}]
    details = failed(line_items={"status": "failed"})
    found = verdict(records, details, altered=shortened)
    assert {state for name, state in found.items() if name.startswith(("invoices", "line_items"))} == {"rejected"}


def test_customers_refused_because_they_exist_are_already_there(
    verdict: Judge, client: ChartMogulClient, data_source: str
) -> None:
    client.customers.create(data_source_uuid=data_source, **customer(2))
    found = verdict({"customers": [customer(1), customer(2)]}, None)
    assert found == {"customers/acct-1": "created", "customers/acct-2": "already_there"}


class TestImportsOfEarlierRuns:
    """What they did not hold must not be taken for what they brought."""

    def test_what_they_hold_is_already_there(self, verdict: Judge) -> None:
        assert set(verdict(two_invoices(), None, state="already_there").values()) == {"already_there"}

    def test_customers_and_kinds_that_they_do_not_name_are_asked_for(self, verdict: Judge) -> None:
        def without(body: dict[str, Any]) -> None:
            for kind in ("invoices", "line_items"):
                body.pop(kind, None)
            body["customers"] = [record for record in body.get("customers", ()) if record["external_id"] != "acct-2"]

        records = two_invoices()
        records["customers"].append(customer(2))
        assert verdict(records, None, state="already_there", altered=without) == {
            "plans/team": "already_there",
            "customers/acct-1": "already_there",
            "customers/acct-2": "rejected",
            "invoices/inv-1": "rejected",
            "invoices/inv-x": "rejected",
        }

    @pytest.mark.usefixtures("second_refused")
    def test_what_they_left_out_is_rejected(self, verdict: Judge) -> None:
        found = verdict(two_invoices(), None, state="already_there")
        assert (found["invoices/inv-1"], found["invoices/inv-x"]) == ("already_there", "rejected")


@pytest.mark.parametrize(
    ("finished", "told_of_all"),
    [
        ({"status": "completed", "status_details": {}}, False),
        ({"status": "completed", "status_details": None}, False),
        ({"status": "completed", "status_details": {"acct-1": {**GOOD, "customers": GOOD}}}, True),
        ({"status": "completed", "status_details": {"acct-1": {**GOOD, "invoices": GOOD}}}, False),
        ({"status": "completed", "status_details": failed(customers={"status": "failed"})}, False),
        ({"status": "completed", "status_details": {"acct-1": {"status": "failed"}}}, False),
        ({"status": "completed", "status_details": {"acct-1": {"status": "unheard of"}}}, False),
        ({"status": "completed", "status_details": {"acct-1": "imported"}}, False),
        ({"status": "failed", "status_details": {}}, False),
    ],
)
def test_an_import_of_long_ago_settles_what_it_tells_of_all_or_nothing(
    finished: dict[str, Any], told_of_all: bool
) -> None:
    with Journal() as journal:
        Intake(journal).take_all(inline({"customers": [customer(1)]}))
        (batch,) = pack(journal, first=0, max_customers=500, max_bytes=MAX_BYTES)
        assert judge(journal, batch, finished, "already_there", final=False) is told_of_all
        assert journal.one("SELECT state FROM records") == ("already_there" if told_of_all else None)
