"""Scenarios of metrics and activities: one customer pays 50.00 USD a month since January."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.contract.account import Account, Record
    from tests.contract.scenarios import Steps

MONTHS = {"start_date": "2026-01-01", "end_date": "2026-02-28"}


def _figures(expected: Record) -> Steps:
    answer = yield dict(MONTHS)
    assert [entry["date"] for entry in answer["entries"]] == ["2026-01-31", "2026-02-28"]
    assert {name: answer["entries"][0][name] for name in expected} == expected
    assert "summary" in answer


def retrieve_all_key_metrics(a: Account) -> Steps:
    yield from _figures({"mrr": 5000, "arr": 60000, "customers": 1, "arpa": 5000, "asp": 5000, "ltv": 0})


def retrieve_mrr(a: Account) -> Steps:
    yield from _figures({"mrr": 5000, "mrr-new-business": 5000, "mrr-churn": 0})


def retrieve_arr(a: Account) -> Steps:
    yield from _figures({"arr": 60000})


def retrieve_arpa(a: Account) -> Steps:
    yield from _figures({"arpa": 5000})


def retrieve_asp(a: Account) -> Steps:
    yield from _figures({"asp": 5000})


def retrieve_customer_count(a: Account) -> Steps:
    yield from _figures({"customers": 1})


def _figures_of_churn(a: Account, name: str) -> Steps:
    """The customer is lost in February."""
    a.client.subscription_events.create(**a.event_draft("evt-1"))
    answer = yield dict(MONTHS)
    assert [entry[name] for entry in answer["entries"]] == [0, 100]


def retrieve_customer_churn_rate(a: Account) -> Steps:
    yield from _figures_of_churn(a, "customer-churn-rate")


def retrieve_mrr_churn_rate(a: Account) -> Steps:
    yield from _figures_of_churn(a, "mrr-churn-rate")


def retrieve_ltv(a: Account) -> Steps:
    yield from _figures({"ltv": 0})


def list_customer_activities(a: Account) -> Steps:
    a.bill(a.lead, "inv-2")
    listed = yield {"customer_uuid": a.paying}
    assert [(row["type"], row["activity-mrr-movement"]) for row in listed] == [("new_biz", 5000)]


def list_activities(a: Account) -> Steps:
    listed = yield {"start_date": "2026-01-01", "type": "new_biz"}
    assert [(row["customer-uuid"], row["activity-mrr"]) for row in listed] == [(a.paying, 5000)]


def create_activities_export(a: Account) -> Steps:
    export = yield {"start_date": "2026-01-01", "end_date": "2026-01-31", "type": "new_biz"}
    assert (export["status"], export["file_url"]) == ("pending", None)
    assert export["params"]["params"]["activity_type"] == "new_biz"


def retrieve_activities_export(a: Account) -> Steps:
    export = a.client.activities_exports.create(type="new_biz")
    a.settled(lambda: a.client.activities_exports.retrieve(export["id"]), "pending")
    done = yield {"export_id": export["id"]}
    assert (done["id"], done["status"]) == (export["id"], "succeeded")
    file = io.BytesIO()
    a.client.activities_exports.download(done["file_url"], file)
    archive = zipfile.ZipFile(file)
    assert len(archive.read(archive.namelist()[0]).splitlines()) == 2, "a header and the one movement"
