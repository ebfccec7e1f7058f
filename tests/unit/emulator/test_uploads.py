"""CSV files: what is refused at once, and what their rows become."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api

CUSTOMERS = """Name,Email,Company,Country,State,City,Zip,External ID,Lead created at,Free trial started at
Ada,ada@example.com,Analytical Engines,US,California,Oakland,94601,acct-1,2025-12-01,
Grace,,,DE,,,,acct-2,,2026-01-02
"""
PLANS = """Name,Interval count,Interval unit,Plan ID
Team,1,month,team
Yearly,1,year,yearly
"""
INVOICES = """Customer external ID,Invoice external ID,Invoiced date,Due date,Currency,Status,Collection Method
acct-1,inv-1,2026-01-10,2026-02-10,USD,,automatic
acct-2,inv-2,2026-02-10,,USD,,
"""
LINE_ITEMS = """Invoice external ID,External ID,Subscription external ID,Type,Amount in cents,Plan,\
Service period start,Service period end,Quantity,Proration,Tax amount
inv-1,li-1,sub-1,subscription,6000,team,2026-01-10,2026-02-10,2,FALSE,1000
inv-2,li-2,sub-2,subscription,24000,yearly,2026-02-10,2027-02-10,1,,
"""
TRANSACTIONS = """Invoice external ID,External ID,Type,Result,Date,Amount in cents
inv-1,pay-1,payment,successful,2026-01-11,6000
"""
EVENTS = """External ID,Subscription external ID,Customer external ID,Date,Effective Date,Event Type
evt-1,sub-2,acct-2,2026-03-01,2026-03-01,subscription_cancelled
"""


def upload(api: Api, source: str, kind: str | None, content: str | bytes, expect: int = 201) -> dict[str, Any]:
    response = api.call(
        "POST",
        f"/data_sources/{source}/uploads",
        data={"batch_name": "March"} | ({"type": kind} if kind else {}),
        files={"file": ("rows.csv", content, "text/csv")},
    )
    assert response.status_code == expect, response.text
    answer: dict[str, Any] = response.json()
    return answer


def counts(api: Api, source: str) -> dict[str, int]:
    shown = api.json("GET", f"/data_sources/{source}", with_processing_status="true")
    status: dict[str, int] = shown["processing_status"]
    return status


def test_the_answer(api: Api, source: str) -> None:
    first, second = (upload(api, source, "plan", PLANS) for _ in range(2))
    assert first == {
        "id": first["id"],
        "status": "queued",
        "created_at": "2026-03-15T12:00:00Z",
        "updated_at": "2026-03-15T12:00:00Z",
        "error_count": 0,
        "processed_count": 0,
    }
    assert isinstance(first["id"], int)
    assert second["id"] != first["id"]


def test_files_of_all_kinds_in_the_documented_order(api: Api, source: str) -> None:
    files = (
        ("customer", CUSTOMERS),
        ("plan", PLANS),
        ("invoice", INVOICES),
        ("line_item", LINE_ITEMS),
        ("transaction", TRANSACTIONS),
        ("subscription_event", EVENTS),
    )
    for kind, content in files:
        upload(api, source, kind, content)
    assert counts(api, source)["failed"] == 0
    ada, grace = api.walk("/customers", "entries")
    assert ada.items() >= {"external_id": "acct-1", "name": "Ada", "email": "ada@example.com", "state": "CA"}.items()
    assert (ada["lead_created_at"], ada["mrr"], ada["status"]) == ("2025-12-01T00:00:00.000Z", 5000, "Active")
    assert (grace["mrr"], grace["status"]) == (0, "Cancelled")
    newer, older = api.json("GET", "/invoices")["invoices"]
    assert (older["status"], older["collection_method"], newer["status"]) == ("paid", "automatic", "open")
    assert (older["line_items"][0]["quantity"], older["line_items"][0]["prorated"]) == (2, False)
    types = [one["type"] for one in api.walk("/activities", "entries")]
    assert types == ["new_biz", "new_biz", "churn"]


def test_bad_rows_are_counted_and_the_others_stored(api: Api, source: str) -> None:
    upload(api, source, "plan", "Name,Interval count,Interval unit\nTeam,1,month\nOdd,1,fortnight\n")
    assert counts(api, source) == {"processed": 1, "failed": 1, "pending": 0}
    assert [plan["name"] for plan in api.json("GET", "/plans")["plans"]] == ["Team"]


def test_prorated_rows(api: Api, source: str) -> None:
    for kind, content in (("customer", CUSTOMERS), ("plan", PLANS), ("invoice", INVOICES)):
        upload(api, source, kind, content)
    title = LINE_ITEMS.splitlines()[0] + ",Proration type"
    rows = f"{title}\ninv-1,li-1,sub-1,subscription,1500,team,2026-01-10,2026-01-25,1,TRUE,,full\n"
    upload(api, source, "line_item", rows)
    (item,) = api.json("GET", "/invoices", external_id="inv-1")["invoices"][0]["line_items"]
    assert (item["prorated"], item["proration_type"]) == (True, "full")


def test_marks_and_line_ends_of_spreadsheets(api: Api, source: str) -> None:
    content = "\ufeff" + PLANS.replace("\n", "\r\n") + "\r\n,,,\r\n"
    upload(api, source, "plan", content.encode())
    assert [plan["external_id"] for plan in api.json("GET", "/plans")["plans"]] == ["yearly", "team"]
    assert counts(api, source)["failed"] == 0


@pytest.mark.parametrize(
    "kind", ["contact", "customer_note", "customers_contacts_enrichment", "manual_subscription_event"]
)
def test_rows_of_kinds_without_public_columns_fail(api: Api, source: str, kind: str) -> None:
    assert upload(api, source, kind, "Anything\nat all\nand more\n")["status"] == "queued"
    assert counts(api, source) == {"processed": 0, "failed": 2, "pending": 0}


def test_bulk_imports_know_no_unreadable_rows(api: Api, source: str) -> None:
    api.json("POST", f"/data_sources/{source}/json_imports", {"external_id": "b", "unreadable": [{}], "plans": None})
    for _ in range(3):
        api.json("GET", f"/data_sources/{source}/json_imports/b")
    assert api.json("GET", f"/data_sources/{source}", with_processing_status="true")["processing_status"] == {}


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (None, PLANS),
        ("plans", PLANS),
        ("plan", ""),
        ("plan", "Name,Plan ID\nTeam,team\n"),
        ("plan", PLANS.encode("utf-16")),
    ],
)
def test_files_that_are_refused(api: Api, source: str, kind: str | None, content: str | bytes) -> None:
    assert upload(api, source, kind, content, 422)["error"]
    assert api.json("GET", "/plans")["plans"] == []


def test_forms_that_are_refused(api: Api, source: str) -> None:
    path = f"/data_sources/{source}/uploads"
    broken = {"Content-Type": "multipart/form-data"}
    assert api.call("POST", path, json={"type": "plan"}).status_code == 422
    assert api.call("POST", path).status_code == 422
    assert api.call("POST", path, data=b"x", headers=broken).status_code == 422
    assert api.call("POST", path, data=b"x", headers={"Content-Type": f"{broken['Content-Type']}; boundary=a"}).json()
    assert api.call("POST", path, files={"type": (None, "plan")}).json()["error"] == "file is missing"


def test_an_unknown_source_is_404(api: Api) -> None:
    assert upload(api, "ds_1", "plan", PLANS, 404) == {"error": "Data source not found"}


def test_rows_are_pending_until_the_lag_is_over(api: Api, source: str) -> None:
    api.emulator.configure(processing_ms=3_600_000)
    upload(api, source, "plan", PLANS)
    assert counts(api, source) == {"processed": 0, "failed": 0, "pending": 2}
    assert api.json("GET", "/plans")["plans"] == []
    assert api.json("GET", f"/data_sources/{source}")["status"] == "importing"


def test_rows_are_there_after_the_lag(api: Api, source: str) -> None:
    api.emulator.configure(processing_ms=50)
    upload(api, source, "plan", PLANS)
    deadline = time.monotonic() + 30
    while counts(api, source) != {"processed": 2, "failed": 0, "pending": 0}:
        assert time.monotonic() < deadline
    assert len(api.json("GET", "/plans")["plans"]) == 2
