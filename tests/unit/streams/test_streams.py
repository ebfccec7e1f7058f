from __future__ import annotations

import threading
import tracemalloc
from collections import deque
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from airflow_provider_chartmogul.client import Page
from airflow_provider_chartmogul.exceptions import ChartMogulInvalidResponseError, ChartMogulNotFoundError
from airflow_provider_chartmogul.streams import STREAMS, metrics
from airflow_provider_chartmogul.streams.model import Options
from airflow_provider_chartmogul.streams.reading import pages
from airflow_provider_chartmogul.streams.windows import Window
from tests.unit.streams.fakes import FakeClient, records_of, rows_of

JANUARY = Window.of("2026-01-01", "2026-02-01")
UTC_ACCOUNT = {"time_zone": "UTC", "week_start_on": "monday"}


def set_clock(monkeypatch: pytest.MonkeyPatch, now: str) -> None:
    instant = datetime.fromisoformat(now)
    monkeypatch.setattr(metrics, "today", lambda zone: instant.astimezone(zone).date())


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, "2026-03-20T12:00:00Z")


def window(start: str, end: str, **options: Any) -> Options:
    return Options(Window.of(start, end), **options)


# windows --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["activities", "metrics_mrr"])
def test_a_stream_by_time_needs_a_window(name: str) -> None:
    with pytest.raises(ValueError, match="interval_start"):
        STREAMS[name].open(FakeClient(), Options())


# metrics --------------------------------------------------------------------------------------------------------------


def test_metrics_become_typed_rows_of_their_interval_and_segment() -> None:
    client = FakeClient(
        entries=[
            {"date": "2025-12-31", "mrr": 28000, "percentage-change": 0.0},
            {
                "date": "2026-01-31",
                "mrr": 37500,
                "percentage-change": 33.93,
                "mrr-new-business": 12000,
                "mrr-churn": -4000,
            },
        ]
    )

    reading = STREAMS["metrics_mrr"].open(client, Options(JANUARY, interval="month", geo="DE,FR"))
    rows = rows_of(reading)

    assert rows == [
        {
            "date": date(2026, 1, 31),
            "interval": "month",
            "geo": "DE,FR",
            "plans": "",
            "filters": "",
            "mrr": 37500,
            "percentage_change": Decimal("33.93"),
            "mrr_new_business": 12000,
            "mrr_expansion": None,
            "mrr_contraction": None,
            "mrr_churn": -4000,
            "mrr_reactivation": None,
            "extra": None,
        }
    ]
    assert reading.scope.constants == {"interval": "month", "geo": ("DE,FR",), "plans": ("",), "filters": ("",)}


def test_all_metrics_have_a_column_and_a_change_each() -> None:
    names = {column.name for column in STREAMS["metrics_all"].tables[0].columns}

    for metric in ("mrr", "arr", "asp", "arpa", "ltv", "customers", "customer_churn_rate", "mrr_churn_rate"):
        assert {metric, f"{metric}_percentage_change"} <= names


@pytest.mark.parametrize("metric", [name.removeprefix("metrics_") for name in STREAMS if name.startswith("metrics_")])
def test_each_metric_asks_its_own_endpoint_by_month_unless_told_otherwise(metric: str) -> None:
    client = FakeClient()

    assert rows_of(STREAMS[f"metrics_{metric}"].open(client, Options(JANUARY))) == []

    ((asked, arguments),) = client.calls
    assert asked == metric
    assert arguments.get("interval") == (None if metric == "ltv" else "month")


@pytest.mark.parametrize(
    ("interval", "start", "end", "asked_from", "asked_to", "restated_from", "restated_to"),
    [
        # the bucket before comes along, so that the first change is one against something
        ("day", "2026-03-10", "2026-03-12", "2026-03-09", "2026-03-11", "2026-03-10", "2026-03-12"),
        # begins inside a bucket and ends inside another
        ("month", "2026-01-15", "2026-03-15", "2025-12-01", "2026-03-14", "2026-01-01", "2026-04-01"),
        ("month", "2026-01-01", "2026-02-01", "2025-12-01", "2026-01-31", "2026-01-01", "2026-02-01"),
        ("quarter", "2026-02-01", "2026-02-02", "2025-10-01", "2026-02-01", "2026-01-01", "2026-04-01"),
        ("year", "2026-02-01", "2026-02-02", "2025-01-01", "2026-02-01", "2026-01-01", "2027-01-01"),
        # the last bucket is over: it is read whole wherever the interval ends
        ("month", "2026-02-05", "2026-02-06", "2026-01-01", "2026-02-28", "2026-02-01", "2026-03-01"),
        ("week", "2026-03-10", "2026-03-11", "2026-03-02", "2026-03-15", "2026-03-09", "2026-03-16"),
        ("quarter", "2025-11-01", "2025-11-02", "2025-07-01", "2025-12-31", "2025-10-01", "2026-01-01"),
        ("year", "2024-02-01", "2024-02-02", "2023-01-01", "2024-12-31", "2024-01-01", "2025-01-01"),
    ],
)
def test_metrics_are_read_and_restated_in_whole_buckets(
    interval: str, start: str, end: str, asked_from: str, asked_to: str, restated_from: str, restated_to: str
) -> None:
    client = FakeClient()

    reading = STREAMS["metrics_mrr"].open(client, window(start, end, interval=interval))
    rows_of(reading)

    arguments = client.calls[0][1]
    assert (arguments["start_date"].isoformat(), arguments["end_date"].isoformat()) == (asked_from, asked_to)
    assert (reading.scope.start.isoformat(), reading.scope.end.isoformat()) == (restated_from, restated_to)


@pytest.mark.parametrize(
    ("now", "zone", "asked_to"),
    [
        ("2026-03-31T23:59:00Z", "UTC", "2026-03-05"),
        ("2026-04-01T00:01:00Z", "UTC", "2026-03-31"),
        ("2026-04-01T06:59:00Z", "America/Los_Angeles", "2026-03-05"),
        ("2026-04-01T07:01:00Z", "America/Los_Angeles", "2026-03-31"),
        ("2026-03-31T10:59:00Z", "Pacific/Auckland", "2026-03-06"),
        ("2026-03-31T11:01:00Z", "Pacific/Auckland", "2026-03-31"),
    ],
)
def test_a_bucket_is_over_when_its_last_day_has_ended_for_the_account(
    monkeypatch: pytest.MonkeyPatch, now: str, zone: str, asked_to: str
) -> None:
    set_clock(monkeypatch, now)
    client = FakeClient(account_settings={"time_zone": zone})

    rows_of(STREAMS["metrics_mrr"].open(client, window("2026-03-05", "2026-03-06")))

    assert client.calls[0][1]["end_date"].isoformat() == asked_to


def test_the_clock_is_that_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    zone = ZoneInfo("Pacific/Kiritimati")

    before = datetime.now(zone).date()
    assert before <= metrics.today(zone) <= datetime.now(zone).date()


@pytest.mark.parametrize(
    ("zone", "asked_from", "asked_to"),
    [
        # a day more in front of the days that are touched, to compare with
        ("UTC", "2025-06-14", "2025-06-15"),
        ("America/Los_Angeles", "2025-06-13", "2025-06-15"),
        ("Pacific/Auckland", "2025-06-14", "2025-06-16"),
        ("Asia/Kolkata", "2025-06-14", "2025-06-16"),
    ],
)
def test_days_are_those_of_the_account(zone: str, asked_from: str, asked_to: str) -> None:
    client = FakeClient(account_settings={"time_zone": zone})

    reading = STREAMS["metrics_mrr"].open(client, window("2025-06-15", "2025-06-16", interval="day"))
    rows_of(reading)

    arguments = client.calls[0][1]
    assert (arguments["start_date"].isoformat(), arguments["end_date"].isoformat()) == (asked_from, asked_to)
    assert reading.scope.start == date.fromisoformat(asked_from) + timedelta(days=1)
    assert reading.scope.end == date.fromisoformat(asked_to) + timedelta(days=1)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"week_start_on": "monday"}, "time_zone"),
        ({**UTC_ACCOUNT, "time_zone": None}, "time_zone"),
        ({**UTC_ACCOUNT, "time_zone": 5}, "time_zone"),
        ({**UTC_ACCOUNT, "time_zone": ""}, "time_zone"),
        ({**UTC_ACCOUNT, "time_zone": "../../etc"}, "time_zone"),
        ({**UTC_ACCOUNT, "time_zone": "America"}, "time_zone"),
        ({**UTC_ACCOUNT, "time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "UTC"}, "week_start_on"),
        ({**UTC_ACCOUNT, "week_start_on": "friday"}, "week_start_on"),
        ({**UTC_ACCOUNT, "week_start_on": []}, "week_start_on"),
    ],
)
def test_an_account_that_does_not_say_how_it_counts_days_is_refused(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(ChartMogulInvalidResponseError, match=f"metrics_mrr.*'{field}'"):
        STREAMS["metrics_mrr"].open(FakeClient(account_settings=settings), Options(JANUARY, interval="week"))


@pytest.mark.parametrize(("week_start_on", "first"), [("monday", "2026-01-05"), ("sunday", "2026-01-04")])
def test_weeks_begin_as_the_account_says(week_start_on: str, first: str) -> None:
    client = FakeClient(account_settings={**UTC_ACCOUNT, "week_start_on": week_start_on})

    reading = STREAMS["metrics_mrr"].open(client, window("2026-01-07", "2026-01-08", interval="week"))

    assert reading.scope.start.isoformat() == first


def test_a_bucket_that_was_only_read_for_comparison_yields_no_row() -> None:
    client = FakeClient(entries=[{"date": day} for day in ("2026-03-08", "2026-03-09", "2026-03-10")])

    rows = rows_of(STREAMS["metrics_arr"].open(client, window("2026-03-09", "2026-03-11", interval="day")))

    assert [row["date"].isoformat() for row in rows] == ["2026-03-09", "2026-03-10"]


# activities -----------------------------------------------------------------------------------------------------------


def activity(uuid: str, at: str) -> dict[str, Any]:
    return {"uuid": uuid, "date": at, "type": "churn", "activity-mrr-movement": -4000, "activity-mrr": 0}


def test_activities_are_asked_for_by_instants_and_the_end_stays_outside() -> None:
    client = FakeClient(
        lists={
            "activities": [
                [activity("a", "2026-01-01T00:00:00+00:00")],
                [activity("b", "2026-01-31T23:59:59+00:00"), activity("c", "2026-02-01T00:00:00+00:00")],
            ]
        }
    )

    reading = STREAMS["activities"].open(client, Options(JANUARY))
    rows = rows_of(reading)

    assert [row["uuid"] for row in rows] == ["a", "b"]
    assert rows[0]["activity_mrr_movement"] == -4000
    assert rows[0]["date"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert (reading.scope.column, reading.scope.start, reading.scope.end) == ("date", JANUARY.start, JANUARY.end)
    ((_, asked),) = client.calls
    assert (asked["start_date"], asked["end_date"]) == (JANUARY.start, JANUARY.end)


def test_an_activity_without_a_date_is_refused() -> None:
    client = FakeClient(lists={"activities": [[{"uuid": "a", "date": None}]]})

    with pytest.raises(ChartMogulInvalidResponseError, match=r"activities.*'date'"):
        rows_of(STREAMS["activities"].open(client, Options(JANUARY)))


# customers and invoices -----------------------------------------------------------------------------------------------


def test_customers_are_typed_and_keep_what_has_no_column() -> None:
    customer = {
        "id": 20418733,
        "uuid": "cus_1",
        "name": "Ida Vestergård",
        "email": "",
        "status": "New Lead",
        "customer-since": None,
        "lead_created_at": "2026-02-11T00:00:00.000Z",
        "attributes": {"custom": {"seats": 24}, "tags": ["beta"]},
        "data_source_uuids": ["ds_1"],
        "mrr": 0,
        "billing-system-type": "Custom",
        "favourite-colour": "blå",
    }
    client = FakeClient(lists={"customers": [[customer]]})

    (row,) = rows_of(STREAMS["customers"].open(client, Options(data_source_uuid="ds_1")))

    assert row["id"] == 20418733
    assert row["customer_since"] is None
    assert row["lead_created_at"] == datetime(2026, 2, 11, tzinfo=UTC)
    assert row["attributes"] == '{"custom":{"seats":24},"tags":["beta"]}'
    assert row["billing_system_type"] == "Custom"
    assert row["email"] == ""
    assert row["extra"] == '{"favourite-colour":"blå"}'
    assert client.calls == [("customers", {"data_source_uuid": "ds_1", "cursor": None})]


def test_an_invoice_comes_with_its_line_items_and_transactions() -> None:
    invoice = {
        "uuid": "inv_1",
        "date": "2026-10-01T00:00:00.000Z",
        "currency": "USD",
        "errors": {},
        "line_items": [
            {"uuid": "li_1", "type": "subscription", "amount_in_cents": 9600, "cancelled_at": "2026-11-01"},
            {"uuid": "li_2", "type": "one_time", "amount_in_cents": -100},
        ],
        "transactions": [
            {"uuid": "tr_1", "type": "payment", "date": "2026-10-02T07:41:09.000Z", "result": "successful"}
        ],
    }
    client = FakeClient(lists={"invoices": [[invoice, {"uuid": "inv_2", "line_items": None}]]})

    first, second = (record.rows for record in records_of(STREAMS["invoices"].open(client, Options())))

    assert first[""][0]["date"] == datetime(2026, 10, 1, tzinfo=UTC)
    assert first[""][0]["extra"] is None
    assert [(row["uuid"], row["invoice_uuid"], row["amount_in_cents"]) for row in first["line_items"]] == [
        ("li_1", "inv_1", 9600),
        ("li_2", "inv_1", -100),
    ]
    assert first["line_items"][0]["extra"] == '{"cancelled_at":"2026-11-01"}'
    (transaction,) = first["transactions"]
    assert (transaction["invoice_uuid"], transaction["amount_in_cents"]) == ("inv_1", None)
    assert (second["line_items"], second["transactions"]) == ([], [])


@pytest.mark.parametrize("field", ["line_items", "transactions"])
@pytest.mark.parametrize("value", [5, "li_1", {}, [5], [None]])
def test_an_invoice_whose_parts_are_no_list_of_objects_is_refused(field: str, value: object) -> None:
    client = FakeClient(lists={"invoices": [[{"uuid": "inv_1", field: value}]]})

    with pytest.raises(ChartMogulInvalidResponseError, match=f"invoices.*'{field}'"):
        rows_of(STREAMS["invoices"].open(client, Options()))


# subscriptions --------------------------------------------------------------------------------------------------------


def customers(*uuids: str) -> list[dict[str, Any]]:
    return [{"uuid": uuid} for uuid in uuids]


def test_subscriptions_are_walked_customer_by_customer_in_order() -> None:
    client = FakeClient(
        lists={
            "customers": [customers("cus_1", "cus_2"), customers("cus_3")],
            "subscriptions": lambda uuid: [
                [{"uuid": f"s-{uuid}-1"}],
                [{"uuid": f"s-{uuid}-2", "billing-cycle": "month"}],
            ],
        }
    )

    rows = rows_of(STREAMS["subscriptions"].open(client, Options()))

    assert [(row["customer_uuid"], row["uuid"]) for row in rows] == [
        (uuid, f"s-{uuid}-{i}") for uuid in ("cus_1", "cus_2", "cus_3") for i in (1, 2)
    ]
    assert rows[1]["billing_cycle"] == "month"


def test_several_customers_are_asked_about_at_once() -> None:
    together = threading.Barrier(4, timeout=20)

    def subscriptions(_: str) -> list[list[dict[str, Any]]]:
        together.wait()
        return []

    lists = {"customers": [customers(*(f"cus_{i}" for i in range(8)))], "subscriptions": subscriptions}

    assert rows_of(STREAMS["subscriptions"].open(FakeClient(lists=lists), Options())) == []


def test_a_customer_that_vanished_during_the_walk_has_no_subscriptions() -> None:
    def subscriptions(uuid: str) -> list[list[dict[str, Any]]]:
        if uuid == "cus_1":
            raise ChartMogulNotFoundError("GET /customers/cus_1/subscriptions: 404", status_code=404)
        return [[{"uuid": "s-2"}]]

    lists = {"customers": [customers("cus_1", "cus_2")], "subscriptions": subscriptions}

    rows = rows_of(STREAMS["subscriptions"].open(FakeClient(lists=lists), Options()))

    assert [row["uuid"] for row in rows] == ["s-2"]


@pytest.mark.parametrize("customer", [{}, {"uuid": None}, {"uuid": 5}, {"uuid": ""}])
def test_a_customer_without_uuid_is_refused(customer: dict[str, Any]) -> None:
    client = FakeClient(lists={"customers": [[customer]], "subscriptions": lambda _: []})

    with pytest.raises(ChartMogulInvalidResponseError, match=r"subscriptions.*'uuid'"):
        rows_of(STREAMS["subscriptions"].open(client, Options()))


def test_an_error_in_the_walk_ends_it() -> None:
    lists = {"customers": [customers("cus_1")], "subscriptions": lambda _: [[{"uuid": "s", "mrr": "no number"}]]}

    with pytest.raises(ChartMogulInvalidResponseError, match="subscriptions, record s: field 'mrr'"):
        rows_of(STREAMS["subscriptions"].open(FakeClient(lists=lists), Options()))


# memory ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["customers", "subscriptions", "activities"])
def test_memory_is_a_page_whatever_the_number_of_pages(name: str) -> None:
    """The highest use during a walk of forty pages is that of a walk of four."""

    def peak(count: int) -> int:
        def endless(**_: Any) -> SimpleNamespace:
            return SimpleNamespace(pages=lambda: (page(number, number + 1 < count) for number in range(count)))

        client = FakeClient(lists={"subscriptions": lambda uuid: [[record(f"s-{uuid}")]]}, calls=deque(maxlen=1))
        setattr(client, "activities" if name == "activities" else "customers", SimpleNamespace(list=endless))
        tracemalloc.start()
        for read, _ in pages(STREAMS[name].open(client, Options(JANUARY))):
            assert len(read.records) == 200
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    def page(number: int, has_more: bool) -> Page:
        return Page([record(f"{number}-{i}") for i in range(200)], str(number + 1), has_more, {})

    def record(uuid: str) -> dict[str, Any]:
        return {"uuid": uuid, "date": "2026-01-02T00:00:00Z", "description": uuid * 20}

    assert peak(40) < 1.5 * peak(4)
