"""Bulk imports."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.emulator.account import Api

CUSTOMER_TAKEN = "The external ID for this customer already exists in our system."
IMPORTED = {"status": "imported"}


def payload(name: str = "backfill-1", *numbers: int) -> dict[str, Any]:
    """Customers with a paid invoice and a cancellation each."""
    numbers = numbers or (1,)
    return {
        "external_id": name,
        "customers": [{"external_id": f"acct-{n}", "name": f"Customer {n}", "country": "DE"} for n in numbers],
        "plans": [{"external_id": "team", "name": "Team", "interval_count": 1, "interval_unit": "month"}],
        "invoices": [
            {"external_id": f"inv-{n}", "customer_external_id": f"acct-{n}", "date": "2026-01-10", "currency": "USD"}
            for n in numbers
        ],
        "line_items": [
            {
                "invoice_external_id": f"inv-{n}",
                "external_id": f"li-{n}",
                "type": "subscription",
                "subscription_external_id": f"sub-{n}",
                "plan_external_id": "team",
                "service_period_start": "2026-01-10",
                "service_period_end": "2026-02-10",
                "amount_in_cents": 5000,
            }
            for n in numbers
        ],
        "transactions": [
            {
                "invoice_external_id": f"inv-{n}",
                "external_id": f"pay-{n}",
                "type": "payment",
                "result": "successful",
                "date": "2026-01-11",
            }
            for n in numbers
        ],
        "subscription_events": [
            {
                "external_id": f"evt-{n}",
                "customer_external_id": f"acct-{n}",
                "subscription_external_id": f"sub-{n}",
                "event_type": "subscription_cancelled",
                "event_date": "2026-03-01",
                "effective_date": "2026-03-01",
            }
            for n in numbers
        ],
    }


@pytest.fixture
def path(source: str) -> str:
    return f"/data_sources/{source}/json_imports"


@pytest.fixture
def run(api: Api, source: str) -> Callable[..., dict[str, Any]]:
    """Send an import, into the source or another one, and ask until it is completed; returns its details."""

    def run(body: dict[str, Any], into: str = source) -> dict[str, Any]:
        path = f"/data_sources/{into}/json_imports"
        api.json("POST", path, body)
        deadline = time.monotonic() + 10
        while (found := api.json("GET", f"{path}/{body['external_id']}"))["status"] != "completed":
            assert time.monotonic() < deadline
        details: dict[str, Any] = found["status_details"]
        return details

    return run


@pytest.fixture
def named_errors(api: Api) -> None:
    """Let the details of imports name the bad records, which is a choice of the emulator."""
    api.emulator.configure(import_errors=True)


def test_queued_processing_completed(api: Api, source: str, path: str) -> None:
    created = api.json("POST", path, payload())
    assert created == {
        "id": created["id"],
        "data_source_uuid": source,
        "status": "queued",
        "external_id": "backfill-1",
        "status_details": {},
        "created_at": "2026-03-15T12:00:00Z",
        "updated_at": "2026-03-15T12:00:00Z",
    }
    assert api.json("GET", f"{path}/backfill-1") == created | {"status": "processing"}
    assert api.walk("/customers", "entries") == [], "nothing is there before it is completed"
    kinds = ("customers", "invoices", "line_items", "transactions", "subscription_events")
    completed = created | {
        "status": "completed",
        "status_details": {"plans": IMPORTED, "acct-1": {"status": "imported", **dict.fromkeys(kinds, IMPORTED)}},
    }
    assert api.json("GET", f"{path}/{created['id']}") == completed
    assert api.json("GET", f"{path}/backfill-1") == completed
    (customer,) = api.walk("/customers", "entries")
    assert (customer["external_id"], customer["status"], customer["country"]) == ("acct-1", "Cancelled", "DE")
    (invoice,) = api.walk("/invoices", "invoices")
    assert (invoice["status"], invoice["line_items"][0]["plan_external_id"]) == ("paid", "team")
    assert len(api.walk("/subscription_events", "subscription_events")) == 1


def test_processing_status_counts_what_is_queued(api: Api, source: str, path: str) -> None:
    api.json("POST", path, payload("a", 1, 2))
    url = f"/data_sources/{source}"
    plain = api.json("GET", url)
    assert plain["status"] != "idle"
    counts = [api.json("GET", url, with_processing_status="true")["processing_status"] for _ in range(2)]
    # 2 customers with an invoice, a line, a payment and an event each, and the plan. Asking is a poll, too.
    assert counts == [{"processed": 0, "failed": 0, "pending": 11}, {"processed": 11, "failed": 0, "pending": 0}]
    assert api.json("GET", url)["status"] == "idle"


def test_with_a_lag_time_decides(api: Api, source: str, path: str) -> None:
    api.emulator.configure(processing_ms=400)
    started = time.monotonic()
    api.json("POST", path, payload())
    statuses = []
    while not statuses or statuses[-1] != "completed":
        statuses.append(api.json("GET", f"{path}/backfill-1")["status"])
        assert time.monotonic() < started + 10
    assert time.monotonic() - started >= 0.4
    assert sorted(set(statuses), key=statuses.index) == ["queued", "processing", "completed"]
    # Completed covers the records, not the figures: they follow after the same lag.
    assert len(api.walk("/invoices", "invoices")) == 1
    assert api.walk("/activities", "entries") == []
    assert api.json("GET", f"/data_sources/{source}", with_processing_status="true")["processing_status"]["pending"] > 0
    while api.json("GET", f"/data_sources/{source}", with_processing_status="true")["processing_status"]["pending"]:
        assert time.monotonic() < started + 10
    assert [one["type"] for one in api.walk("/activities", "entries")] == ["new_biz", "churn"]


def test_imports_run_also_if_nobody_asks(api: Api, path: str) -> None:
    api.emulator.configure(processing_ms=50)
    api.json("POST", path, payload())
    deadline = time.monotonic() + 10
    while not api.walk("/customers", "entries", status="Cancelled"):
        assert time.monotonic() < deadline


def test_the_lags_of_import_and_figures_run_without_questions(api: Api, path: str) -> None:
    api.emulator.configure(processing_ms=100)
    api.json("POST", path, payload())
    # longer than both lags; the passing of time is what is tested, and nothing runs while nobody asks
    time.sleep(0.3)
    assert [customer["status"] for customer in api.walk("/customers", "entries")] == ["Cancelled"]


@pytest.mark.parametrize("body", [{}, {"external_id": ""}, {"external_id": 5}])
def test_a_missing_external_id_is_422(api: Api, path: str, body: dict[str, Any]) -> None:
    assert api.json("POST", path, body, 422)["error"] == "external_id is missing"


def test_a_repeated_external_id_is_refused_and_works_once(api: Api, source: str, path: str) -> None:
    api.json("POST", path, payload())
    answer = api.json("POST", path, payload(), 422)
    assert "already exists" in answer["error"]
    assert answer["error_details"][0]["param"] == "external_id"
    while api.json("GET", f"{path}/backfill-1")["status"] != "completed":
        pass
    api.json("POST", path, payload(), 422)
    assert len(api.walk("/customers", "entries")) == 1
    api.json("POST", f"/data_sources/{api.source('Shop')}/json_imports", payload())


def test_malformed_documents(api: Api, path: str) -> None:
    for records in ({"external_id": "a"}, ["acct-1"], "acct-1"):
        answer = api.json("POST", path, {"external_id": "odd", "customers": records}, 422)
        assert answer["error_details"][0]["param"] == "customers"


def test_more_than_5_mb_are_refused(api: Api, path: str) -> None:
    body = {"external_id": "big", "customers": [{"external_id": "a", "name": "x" * 5 * 1024 * 1024}]}
    assert api.json("POST", path, body, 422)["error"] == "The payload is larger than 5 MB"
    body["customers"] = [{"external_id": "a", "name": "x" * (5 * 1024 * 1024 - 200)}]
    assert len(json.dumps(body)) < 5 * 1024 * 1024
    api.json("POST", path, body)


def test_unknown_imports_and_sources(api: Api, path: str) -> None:
    assert api.json("GET", f"{path}/none", expect=404)["error"] == "Import not found"
    assert api.json("POST", "/data_sources/ds_1/json_imports", payload(), 404) == {"error": "Data source not found"}
    assert api.json("GET", "/data_sources/ds_1/json_imports/x", expect=404) == {"error": "Data source not found"}
    api.json("POST", path, {"external_id": "a/b c"})
    assert api.json("GET", f"{path}/a%2Fb%20c")["external_id"] == "a/b c"


def test_details_hold_only_what_is_documented(api: Api, run: Callable[..., dict[str, Any]]) -> None:
    body = payload("mixed", 1, 2)
    body["invoices"][1]["date"] = "2026-03-16"
    failed = {"status": "failed"}
    assert run(body)["acct-2"] == {
        "status": "failed",
        "customers": IMPORTED,
        "invoices": failed,
        "line_items": IMPORTED,
        "transactions": IMPORTED,
        "subscription_events": failed,
    }


@pytest.mark.usefixtures("named_errors")
def test_bad_records_fail_their_customer_only(api: Api, source: str, run: Callable[..., dict[str, Any]]) -> None:
    body = payload("mixed", 1, 2, 3)
    body["invoices"][1]["date"] = "2026-03-16"
    body["line_items"][2]["plan_external_id"] = "unknown"
    details = run(body)
    assert details["acct-1"]["status"] == "imported"
    assert details["acct-2"]["status"] == "failed"
    assert details["acct-2"]["customers"] == IMPORTED
    assert details["acct-2"]["invoices"] == {
        "status": "failed",
        "errors": {"inv-2": {"date": ["Date is in the future"]}},
    }
    assert details["acct-3"]["line_items"] == {
        "status": "failed",
        "errors": {"li-3": {"plan_external_id": ["Plan not found"]}},
    }
    assert details["acct-3"]["invoices"]["errors"] == {"inv-3": {"line_items.plan_external_id": ["Plan not found"]}}
    assert details["acct-3"]["subscription_events"]["status"] == "failed", "its subscription is not there"
    assert len(api.walk("/customers", "entries")) == 3
    status = api.json("GET", f"/data_sources/{source}", with_processing_status="true")["processing_status"]
    assert status["failed"] == 5  # two invoices, a line item and two events


def test_invalid_invoices_are_stored_but_hidden(api: Api, source: str, run: Callable[..., dict[str, Any]]) -> None:
    body = payload("bad")
    body["invoices"][0]["date"] = "2026-03-16"
    body["invoices"][0]["currency"] = "XXX"
    run(body)
    assert api.walk("/invoices", "invoices") == []
    status = api.json("GET", f"/data_sources/{source}", with_processing_status="true")["processing_status"]
    # The customer and the plan; the invoice and the event of its subscription.
    assert status == {"processed": 2, "failed": 2, "pending": 0}
    (stored,) = api.walk("/invoices", "invoices", validation_type="invalid")
    assert stored["errors"] == {"currency": ["Currency is invalid"], "date": ["Date is in the future"]}
    assert api.walk("/invoices", "invoices", validation_type="all") == [stored]
    by_name = api.json("GET", "/invoices", data_source_uuid=source, external_id="inv-1", validation_type="all")
    assert by_name["invoices"] == [stored]
    api.json("GET", f"/invoices/{stored['uuid']}", expect=404)
    assert api.json("GET", f"/invoices/{stored['uuid']}", validation_type="all") == stored
    assert api.json("GET", f"/customers/{stored['customer_uuid']}")["mrr"] == 0
    assert api.json("GET", f"/import/customers/{stored['customer_uuid']}/subscriptions")["subscriptions"] == []


def test_the_listing_names_the_bad_invoices_of_a_source(
    api: Api, source: str, run: Callable[..., dict[str, Any]]
) -> None:
    body = payload("mixed", 1, 2, 3)
    body["invoices"][1]["date"] = "2026-03-16"
    body["line_items"][2]["plan_external_id"] = "unknown"
    run(body)
    run({**body, "external_id": "elsewhere"}, api.source("Shop"))
    found = api.walk("/invoices", "invoices", data_source_uuid=source, validation_type="invalid")
    assert {one["external_id"]: one["errors"] for one in found} == {
        "inv-2": {"date": ["Date is in the future"]},
        "inv-3": {"line_items.plan_external_id": ["Plan not found"]},
    }
    valid = api.walk("/invoices", "invoices", data_source_uuid=source)
    assert [(one["external_id"], one["errors"]) for one in valid] == [("inv-1", {})]


@pytest.mark.parametrize("by_external_id", [False, True])
def test_an_invalid_invoice_can_be_deleted_and_its_identifiers_used_again(
    api: Api, source: str, run: Callable[..., dict[str, Any]], by_external_id: bool
) -> None:
    body = payload("bad")
    body["invoices"][0]["date"] = "2026-03-16"
    run(body)
    (stored,) = api.walk("/invoices", "invoices", validation_type="invalid")
    if by_external_id:
        api.json("DELETE", "/invoices", expect=204, data_source_uuid=source, external_id="inv-1")
    else:
        api.json("DELETE", f"/invoices/{stored['uuid']}", expect=204)
    assert api.walk("/invoices", "invoices", validation_type="all") == []
    again = payload("again")
    del again["customers"], again["plans"]
    assert run(again)["acct-1"]["status"] == "imported"
    (stored,) = api.walk("/invoices", "invoices", validation_type="all")
    assert (stored["status"], stored["line_items"][0]["external_id"], stored["errors"]) == ("paid", "li-1", {})


def test_customers_and_events_that_fail_leave_nothing_behind(api: Api, run: Callable[..., dict[str, Any]]) -> None:
    body = payload("bad", 1, 2)
    body["customers"][0]["country"] = "XX"
    body["subscription_events"][1]["event_type"] = "unknown"
    run(body)
    assert [one["external_id"] for one in api.walk("/customers", "entries")] == ["acct-2"]
    assert api.walk("/subscription_events", "subscription_events") == []
    assert [one["external_id"] for one in api.walk("/invoices", "invoices", validation_type="all")] == ["inv-2"]
    again = payload("again", 1, 2)
    events = {"subscription_events": again["subscription_events"][1:]}
    customer = {kind: records[:1] for kind, records in again.items() if kind not in ("external_id", "plans")}
    assert run({"external_id": "customer", **customer})["acct-1"]["status"] == "imported"
    assert run({"external_id": "events", **events})["acct-2"]["status"] == "imported"


def test_a_refused_invoice_can_be_corrected(api: Api, run: Callable[..., dict[str, Any]]) -> None:
    body = payload("bad")
    body["invoices"][0]["date"] = "2026-03-16"
    run(body)
    corrected = payload("corrected")
    alone = {name: corrected[name] for name in ("external_id", "invoices", "subscription_events")}
    assert run(alone) == {
        "acct-1": {"status": "imported", "invoices": IMPORTED, "subscription_events": IMPORTED},
    }
    (stored,) = api.walk("/invoices", "invoices", validation_type="all")
    assert [item["external_id"] for item in stored["line_items"]] == ["li-1"]
    assert (stored["status"], stored["errors"]) == ("paid", {})
    assert len(api.walk("/activities", "entries")) == 2


@pytest.mark.usefixtures("named_errors")
def test_a_refused_line_item_can_be_corrected(api: Api, run: Callable[..., dict[str, Any]]) -> None:
    body = payload("bad")
    body["line_items"][0]["plan_external_id"] = "unknown"
    extra = {"invoice_external_id": "inv-1", "type": "one_time", "amount_in_cents": 100}
    body["line_items"].append(extra)
    assert run(body)["acct-1"]["line_items"]["errors"] == {"li-1": {"plan_external_id": ["Plan not found"]}}
    corrected = payload("corrected")
    kinds = ("external_id", "invoices", "line_items")
    assert run({kind: corrected[kind] for kind in kinds})["acct-1"]["status"] == "imported"
    (stored,) = api.walk("/invoices", "invoices")
    # What was fine the first time stays, and is there once.
    assert sorted(item["amount_in_cents"] for item in stored["line_items"]) == [100, 5000]
    assert len(stored["transactions"]) == 1


def test_a_correction_may_send_everything_again(api: Api, run: Callable[..., dict[str, Any]]) -> None:
    nameless = {"invoice_external_id": "inv-1", "type": "one_time", "amount_in_cents": 100}
    for name, date in (("first", "2026-03-17"), ("second", "2026-03-16"), ("third", "2026-01-10")):
        body = payload(name)
        body["invoices"][0]["date"] = date
        body["line_items"] = [body["line_items"][0] | {"amount_in_cents": 6000}, nameless]
        if name == "first":
            body["line_items"] = [body["line_items"][0] | {"amount_in_cents": 5000}, nameless]
        run(body)
    (stored,) = api.walk("/invoices", "invoices", validation_type="all")
    assert stored["errors"] == {}
    assert [item["amount_in_cents"] for item in stored["line_items"]] == [6000, 100]
    assert len(stored["transactions"]) == 1


def test_what_was_fine_survives_a_correction_that_fails(api: Api, run: Callable[..., dict[str, Any]]) -> None:
    for name, date in (("first", "2026-03-17"), ("second", "2026-03-16"), ("third", "2026-01-10")):
        body = payload(name)
        body["invoices"][0]["date"] = date
        run(body if name == "first" else {kind: body[kind] for kind in ("external_id", "invoices")})
    (stored,) = api.walk("/invoices", "invoices")
    assert (len(stored["line_items"]), stored["status"]) == (1, "paid")


@pytest.mark.usefixtures("named_errors")
def test_no_upsert(api: Api, run: Callable[..., dict[str, Any]]) -> None:
    run(payload("first"))
    details = run(payload("second"))
    errors = {kind: entry["errors"] for kind, entry in details["acct-1"].items() if kind != "status"}
    assert errors == {
        "customers": {"acct-1": {"external_id": [CUSTOMER_TAKEN]}},
        "invoices": {
            "inv-1": {
                "external_id": ["The external ID for this invoice already exists in our system."],
                "line_items.external_id": ["The external ID for this line item already exists in our system."],
                "transactions.external_id": ["has already been taken"],
            }
        },
        "line_items": {"li-1": {"external_id": ["The external ID for this line item already exists in our system."]}},
        "transactions": {"pay-1": {"external_id": ["has already been taken"]}},
        "subscription_events": {"evt-1": {"external_id": ["has already been taken"]}},
    }
    assert details["plans"] == {
        "status": "failed",
        "errors": {"team": {"external_id": ["A plan with this identifier already exists in our system."]}},
    }
    assert len(api.walk("/customers", "entries")) == 1
    assert len(api.walk("/invoices", "invoices", validation_type="all")) == 1


def test_a_payload_may_not_repeat_its_own_external_ids(api: Api, run: Callable[..., dict[str, Any]]) -> None:
    body = payload("twice")
    body["customers"] *= 2
    body["invoices"] *= 2
    details = run(body)
    assert (details["acct-1"]["customers"]["status"], details["acct-1"]["invoices"]["status"]) == ("failed", "failed")
    assert len(api.walk("/invoices", "invoices", validation_type="all")) == 1


def test_records_may_follow_in_a_later_import(api: Api, run: Callable[..., dict[str, Any]]) -> None:
    first = payload("first")
    rest = {kind: first.pop(kind) for kind in ("transactions", "subscription_events")}
    run(first)
    line = {"invoice_external_id": "inv-1", "external_id": "li-x", "type": "one_time", "amount_in_cents": 700}
    details = run({"external_id": "second", "line_items": [line], **rest})
    assert details["acct-1"]["status"] == "imported"
    (stored,) = api.walk("/invoices", "invoices")
    assert (stored["status"], len(stored["line_items"])) == ("paid", 2)
    assert api.walk("/customers", "entries")[0]["status"] == "Cancelled"


@pytest.mark.usefixtures("named_errors")
def test_records_of_unknown_owners(run: Callable[..., dict[str, Any]]) -> None:
    body = payload("orphans")
    del body["customers"]
    line = {"invoice_external_id": "inv-9", "type": "one_time", "amount_in_cents": 700}
    body["line_items"].append(line)
    body["transactions"].append({**body["transactions"][0], "invoice_external_id": "inv-9", "external_id": "pay-9"})
    details = run(body)
    assert details["acct-1"]["invoices"]["errors"]["inv-1"]["customer_external_id"] == ["Customer not found"]
    assert details["acct-1"]["subscription_events"]["errors"]["evt-1"]["customer_external_id"] == ["Customer not found"]
    # The line item has no external id: it goes by its position.
    assert details["line_items"]["errors"] == {"#1": {"invoice_external_id": ["Invoice not found"]}}
    assert details["transactions"]["errors"] == {"pay-9": {"invoice_external_id": ["Invoice not found"]}}
