"""What cannot be meant is answered with 400 or 422, never with a 500 that would look like an outage."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.unit.emulator.account import event, invoice, subscription_item

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator import Emulator
    from tests.unit.emulator.account import Api


def get(emulator: Emulator, path: str, **query: str) -> requests.Response:
    return requests.get(f"{emulator.base_url}{path}", params=query, auth=(emulator.api_key, ""), timeout=10)


@pytest.mark.parametrize("text", ["xx&5", "&", "2026-01-01&", "&٣", "2026-01-01T00:00:00.000000000Z&x"])
@pytest.mark.parametrize("path", ["/customers", "/activities"])
def test_cursors_of_no_list(emulator: Emulator, path: str, text: str) -> None:
    refused = get(emulator, path, cursor=base64.b64encode(text.encode()).decode())
    assert (refused.status_code, refused.json()["param"]) == (400, "cursor")


def test_activities_have_no_cursor_without_a_time(emulator: Emulator) -> None:
    assert get(emulator, "/activities", cursor=base64.b64encode(b"&5").decode()).status_code == 400


@pytest.mark.parametrize(("start", "end"), [("2026-01-01", "9999-12-31"), ("0001-01-01", "2026-01-01")])
def test_days_beyond_the_calendar(emulator: Emulator, start: str, end: str) -> None:
    refused = get(emulator, "/metrics/mrr", **{"start-date": start, "end-date": end, "interval": "month"})
    assert (refused.status_code, refused.json()["code"]) == (400, 400)


@pytest.mark.parametrize("amount", ["²", "--5", "9" * 20, 10**30, -(10**30), "5.5", 5.5, [], True])
def test_amounts_that_are_no_integers(api: Api, customer: str, amount: Any) -> None:
    item = {"type": "one_time", "amount_in_cents": amount}
    (answered,) = api.bill(customer, invoice("inv-1", item), expect=422)
    assert list(answered["errors"]) == ["line_items.amount_in_cents"]


@pytest.mark.parametrize(
    "moment", ["0001-01-01", "9999-12-31", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "1899-12-31"]
)
def test_moments_beyond_the_calendar(api: Api, customer: str, plan: str, moment: str) -> None:
    item = subscription_item(plan, moment)
    (answered,) = api.bill(customer, invoice("inv-1", item, due_date=moment), expect=422)
    assert {"due_date", "line_items.service_period_start"} <= set(answered["errors"])
    for name in ("start-date", "end-date"):
        query = {"start-date": "2026-01-01", "end-date": "2026-01-01", name: moment}
        assert api.json("GET", "/activities", expect=400, **query)["param"] == name


def test_cycles_that_lead_beyond_the_calendar(api: Api, source: str, customer: str) -> None:
    plan = api.plan(source, "for-ever", 2**62, "year")
    item = subscription_item(plan, service_period_end=None, prorated=True)
    api.bill(customer, invoice("inv-1", item))
    (row,) = api.json("GET", f"/customers/{customer}/subscriptions")["entries"]
    assert row["end-date"].startswith("9999-12-31")


@pytest.mark.parametrize(("sent", "shown"), [(5, "5"), ([], None), (True, None), (None, None)])
def test_the_echo_of_a_refused_invoice_has_a_name(api: Api, customer: str, sent: Any, shown: str | None) -> None:
    (answered,) = api.bill(customer, {"external_id": sent, "line_items": []}, expect=422)
    assert answered["external_id"] == shown
    assert "currency" in answered["errors"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subscription_set_external_id", [[]]),
        ("plan_external_id", {}),
        ("currency", ["USD"]),
        ("quantity", "many"),
        ("amount_in_cents", []),
        ("event_order", "first"),
    ],
)
def test_fields_of_events_have_types(api: Api, source: str, paying: str, field: str, value: Any) -> None:
    refused = api.json("POST", "/subscription_events", event(source, **{field: value}), 422)
    assert list(refused["errors"]) == [field]


def test_stopping_twice_is_stopping_once() -> None:
    from airflow_provider_chartmogul.emulator import Emulator

    emulator = Emulator("test-key")
    emulator.stop()
    emulator.stop()
