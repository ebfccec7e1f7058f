"""The worked examples of the API facts, through real HTTP: import the invoices, read the figures, to the cent.

The numbers were worked out by hand from the documented formulas
(``/docs/how-mrr-is-calculated-from-prorated-invoices`` and the help pages on metrics); none is computed here.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.emulator import Emulator


class Account:
    """An account on the emulator with one data source, its plans and customers; everything over HTTP."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._session = requests.Session()
        self._session.auth = (emulator.api_key, "")
        self._numbers = count(1)
        self._plans: dict[tuple[str, int, str], str] = {}
        self._customers: dict[str, str] = {}
        self.source = ""

    def open(
        self, now: str = "2028-01-01T00:00:00Z", fx_rates: dict[str, Any] | None = None, **account: Any
    ) -> Account:
        """Set the clock and the account, and create the data source."""
        self._emulator.configure(now=now, fx_rates=fx_rates or {}, account=account)
        self.source = self.call("POST", "/data_sources", json={"name": "Billing"}, status=201)["uuid"]
        return self

    def close(self) -> None:
        self._session.close()

    def call(self, method: str, path: str, status: int = 200, **arguments: Any) -> Any:
        answer = self._session.request(method, self._emulator.base_url + path, timeout=10, **arguments)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def plan(self, name: str, interval_count: int = 1, interval_unit: str = "month") -> str:
        """Uuid of a plan, created on first use."""
        key = (name, interval_count, interval_unit)
        if key not in self._plans:
            body = {
                "data_source_uuid": self.source,
                "external_id": "-".join(map(str, key)),
                "name": name,
                "interval_count": interval_count,
                "interval_unit": interval_unit,
            }
            self._plans[key] = self.call("POST", "/plans", json=body, status=201)["uuid"]
        return self._plans[key]

    def customer(self, name: str = "A", **fields: Any) -> str:
        """Uuid of a customer, created on first use; its external_id is its name."""
        if name not in self._customers:
            body = {"data_source_uuid": self.source, "external_id": name, "name": name, **fields}
            self._customers[name] = self.call("POST", "/customers", json=body, status=201)["uuid"]
        return self._customers[name]

    def item(
        self, amount: int, start: str, end: str | None = None, *, plan: str = "", sub: str = "s1", **fields: Any
    ) -> dict[str, Any]:
        """Recurring line item on a monthly plan, unless told otherwise; subscriptions are named per customer."""
        return {
            "type": "subscription",
            "subscription_external_id": sub,
            "plan_uuid": plan or self.plan("Basic"),
            "service_period_start": start,
            "service_period_end": end or start,
            "amount_in_cents": amount,
            **fields,
        }

    def bill(
        self,
        *items: dict[str, Any],
        customer: str = "A",
        currency: str = "USD",
        date: str = "2026-01-01",
        **fields: Any,
    ) -> str:
        """Import one invoice with these line items; returns its uuid."""
        for item in items:
            if "subscription_external_id" in item:
                item["subscription_external_id"] = f"{customer}-{item['subscription_external_id']}"
        invoice = {
            "external_id": f"inv-{next(self._numbers)}",
            "date": date,
            "currency": currency,
            "line_items": list(items),
            **fields,
        }
        path = f"/import/customers/{self.customer(customer)}/invoices"
        return str(self.call("POST", path, json={"invoices": [invoice]}, status=201)["invoices"][0]["uuid"])

    def cancel(self, moment: str, customer: str = "A", sub: str = "s1") -> int:
        """Import a cancellation event; returns its id."""
        event = {
            "external_id": f"event-{next(self._numbers)}",
            "customer_external_id": customer,
            "data_source_uuid": self.source,
            "subscription_external_id": f"{customer}-{sub}",
            "event_type": "subscription_cancelled",
            "event_date": moment,
            "effective_date": moment,
        }
        return int(self.call("POST", "/subscription_events", json={"subscription_event": event}, status=201)["id"])

    def metrics(
        self, name: str, start: str, end: str, interval: str | None = None, status: int = 200, **more: str
    ) -> Any:
        asked = {"start-date": start, "end-date": end, "interval": interval, **more}
        return self.call("GET", f"/metrics/{name}", params=asked, status=status)

    def series(
        self, name: str, field: str, start: str, end: str, interval: str | None = None, **more: str
    ) -> list[Any]:
        """One field of each entry."""
        return [entry[field] for entry in self.metrics(name, start, end, interval, **more)["entries"]]

    def mrr(self, day: str) -> int:
        """MRR of the account at the close of a day."""
        return int(self.series("mrr", "mrr", day, day, "day")[0])

    def movements(self, day: str) -> dict[str, int]:
        """The movement fields of a day that are not zero."""
        entry = self.metrics("mrr", day, day, "day")["entries"][0]
        return {key: value for key, value in entry.items() if key.startswith("mrr-") and value}

    def activities(self, **params: str) -> list[tuple[str, int, int]]:
        """Type, movement and MRR after it, of each activity."""
        entries = self.call("GET", "/activities", params=params)["entries"]
        return [(entry["type"], entry["activity-mrr-movement"], entry["activity-mrr"]) for entry in entries]


@pytest.fixture
def account(chartmogul_emulator: Emulator) -> Iterator[Account]:
    """A USD account in UTC at the start of 2028, with one empty data source."""
    account = Account(chartmogul_emulator)
    yield account.open(currency="USD")
    account.close()


@pytest.fixture
def unopened(chartmogul_emulator: Emulator) -> Iterator[Account]:
    """An account whose clock, currency and settings the test chooses with ``open``."""
    account = Account(chartmogul_emulator)
    yield account
    account.close()


# MRR of invoices: 15 examples


def test_billing_1_tax_is_taken_off_and_quantity_plays_no_part(account: Account) -> None:
    account.bill(account.item(4800, "2026-03-01", "2026-04-01", tax_amount_in_cents=800, quantity=4))

    assert account.mrr("2026-03-01") == 4000


def test_billing_2_yearly_plan(account: Account) -> None:
    account.bill(account.item(120000, "2026-03-10", "2027-03-10", plan=account.plan("Annual", 1, "year")))

    assert (account.mrr("2026-03-09"), account.mrr("2026-03-10")) == (0, 10000)


def test_billing_3_plan_of_three_months(account: Account) -> None:
    plan = account.plan("Quarterly", 3)
    account.bill(account.item(29700, "2026-03-01", "2026-06-01", plan=plan, tax_amount_in_cents=4950))

    assert account.mrr("2026-03-01") == 8250


def test_billing_4_plan_of_seven_days(account: Account) -> None:
    account.bill(account.item(2500, "2026-03-01", "2026-03-08", plan=account.plan("Weekly", 7, "day")))

    assert account.mrr("2026-03-01") == 10871


def test_billing_4_plan_of_seven_days_as_recorded(account: Account) -> None:
    account.bill(account.item(1000, "2026-03-01", "2026-03-08", plan=account.plan("Weekly", 7, "day")))

    assert account.mrr("2026-03-01") == 4348


def test_billing_5_discount_with_tax(account: Account) -> None:
    item = account.item(10710, "2026-03-01", "2026-04-01", discount_amount_in_cents=1000, tax_amount_in_cents=1710)
    account.bill(item)

    assert account.mrr("2026-03-01") == 9000


def test_billing_5_amount_sent_without_the_tax_is_wrong_by_it(account: Account) -> None:
    account.bill(account.item(9000, "2026-03-01", "2026-04-01", tax_amount_in_cents=1710))

    assert account.mrr("2026-03-01") == 7290


def test_billing_6_seat_added_in_the_middle_of_the_cycle(account: Account) -> None:
    account.bill(account.item(9000, "2026-06-01", "2026-07-01"))
    account.bill(account.item(3000, "2026-06-16", "2026-07-01", prorated=True, proration_type="differential"))

    assert (account.mrr("2026-06-15"), account.mrr("2026-06-16")) == (9000, 15000)
    assert account.movements("2026-06-16") == {"mrr-expansion": 6000}


def test_billing_7_seat_added_in_october(account: Account) -> None:
    account.bill(account.item(9000, "2026-10-01", "2026-11-01"))
    account.bill(account.item(2100, "2026-10-11", "2026-11-01", prorated=True))

    assert account.movements("2026-10-11") == {"mrr-expansion": 3100}


def test_billing_8_upgrade_with_credit(account: Account) -> None:
    starter, pro = account.plan("Starter"), account.plan("Pro")
    account.bill(account.item(6000, "2026-06-01", "2026-07-01", plan=starter))
    account.bill(
        account.item(-4000, "2026-06-11", "2026-07-01", plan=starter, prorated=True, event_order=1),
        account.item(10000, "2026-06-11", "2026-07-01", plan=pro, prorated=True, event_order=2),
    )

    assert account.mrr("2026-06-11") == 15000
    assert account.movements("2026-06-11") == {"mrr-expansion": 9000}
    assert account.series("mrr", "mrr", "2026-06-11", "2026-06-11", "day", plans="Pro") == [15000]


def test_billing_9_upgrade_as_one_net_item(account: Account) -> None:
    account.bill(account.item(6000, "2026-06-01", "2026-07-01", plan=account.plan("Starter")))
    pro = account.item(
        10000, "2026-06-11", "2026-07-01", plan=account.plan("Pro"), prorated=True, proration_type="full"
    )
    account.bill(pro)

    assert account.mrr("2026-06-11") == 15000
    assert account.movements("2026-06-11") == {"mrr-expansion": 9000}


def test_billing_10_seat_added_with_73_days_of_the_year_left(account: Account) -> None:
    plan = account.plan("Annual", 1, "year")
    account.bill(account.item(120000, "2026-01-01", "2027-01-01", plan=plan))
    account.bill(
        account.item(4800, "2026-10-20", "2027-01-01", plan=plan, prorated=True, proration_type="differential")
    )

    assert account.movements("2026-10-20") == {"mrr-expansion": 2000}


def test_billing_11_forgotten_proration_flag(account: Account) -> None:
    account.bill(account.item(9000, "2026-06-01", "2026-07-01"))
    account.bill(account.item(3000, "2026-06-16", "2026-07-01", prorated=False))

    assert account.mrr("2026-06-16") == 3000
    assert account.movements("2026-06-16") == {"mrr-contraction": -6000}


@pytest.mark.parametrize(
    ("amount", "expected"), [(15000, {}), pytest.param(9000, {"mrr-contraction": -6000}, id="false contraction")]
)
def test_billing_12_renewal_after_a_seat_was_added(account: Account, amount: int, expected: dict[str, int]) -> None:
    account.bill(account.item(9000, "2026-06-01", "2026-07-01"))
    account.bill(account.item(3000, "2026-06-16", "2026-07-01", prorated=True))
    account.bill(account.item(amount, "2026-07-01", "2026-08-01"))

    assert account.mrr("2026-07-01") == amount
    assert account.movements("2026-07-01") == expected


def test_billing_13_foreign_currency(unopened: Account) -> None:
    account = unopened.open(currency="USD", fx_rates={"EUR": {"2026-03-01": "1.10", "2026-03-02": "1.20"}})
    account.bill(account.item(5000, "2026-03-01", "2026-04-01"), currency="EUR", date="2026-03-02")

    assert account.mrr("2026-03-05") == 5500


def test_billing_14_one_time_items_refunds_and_failed_payments_have_no_effect(account: Account) -> None:
    account.bill({"type": "one_time", "amount_in_cents": 25000, "description": "Set-up"})
    account.bill(
        account.item(4000, "2026-03-01", "2026-04-01"),
        date="2026-03-01",
        transactions=[
            {"type": "payment", "date": "2026-03-01", "result": "failed"},
            {"type": "payment", "date": "2026-03-02", "result": "successful"},
            {"type": "refund", "date": "2026-03-05", "result": "successful"},
        ],
    )

    assert (account.mrr("2026-02-28"), account.mrr("2026-03-31")) == (0, 4000)
    assert account.activities() == [("new_biz", 4000, 4000)]


@pytest.mark.parametrize(("zero_is_churn", "movement"), [(True, "mrr-churn"), (False, "mrr-contraction")])
def test_billing_15_pause(unopened: Account, zero_is_churn: bool, movement: str) -> None:
    account = unopened.open(churn_when_zero_mrr=zero_is_churn)
    account.bill(account.item(4000, "2026-03-01", "2026-04-01"))
    account.bill(account.item(0, "2026-04-01", "2026-05-01", plan=account.plan("Paused")))

    assert account.mrr("2026-04-01") == 0
    assert account.movements("2026-04-01") == {movement: -4000}


# rounding, proration, exchange rates, types of movements


def test_metrics_2a_arr_is_twelve_times_the_rounded_mrr(account: Account) -> None:
    item = account.item(
        119000, "2026-03-10", "2027-03-10", plan=account.plan("Annual", 1, "year"), tax_amount_in_cents=19000
    )
    account.bill(item)

    assert account.mrr("2026-03-10") == 8333
    assert account.series("arr", "arr", "2026-03-10", "2026-03-10", "day") == [99996]


def test_metrics_2b_two_seats_for_half_of_april(account: Account) -> None:
    account.bill(account.item(3000, "2026-04-01", "2026-05-01", quantity=3))
    account.bill(account.item(1000, "2026-04-16", "2026-05-01", quantity=2, prorated=True))

    assert account.movements("2026-04-16") == {"mrr-expansion": 2000}


def test_metrics_2c_exchange_rate_moves_mrr_without_a_movement(unopened: Account) -> None:
    account = unopened.open(currency="EUR", fx_rates={"USD": {"2026-02-01": "0.92", "2026-03-01": "0.90"}})
    for start, end in (("2026-02-01", "2026-03-01"), ("2026-03-01", "2026-04-01")):
        account.bill(account.item(5000, start, end), currency="USD", date=start)

    body = account.metrics("mrr", "2026-02-01", "2026-03-31", "month")

    assert [entry["mrr"] for entry in body["entries"]] == [4600, 4500]
    assert [value for key, value in body["entries"][1].items() if key.startswith("mrr-")] == [0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("add_on", "setting", "second"),
    [
        ("2026-01-08T10:20:00Z", "one_hour_reclassification", "new_biz"),
        ("2026-01-08T13:00:00Z", "one_hour_reclassification", "expansion"),
        ("2026-01-08T10:20:00Z", "reclassification_off", "expansion"),
    ],
)
def test_metrics_3_purchases_in_a_row(unopened: Account, add_on: str, setting: str, second: str) -> None:
    account = unopened.open(proximate_movement_reclassification=setting)
    account.bill(
        account.item(4000, "2026-01-08T10:00:00Z", "2026-02-08T10:00:00Z"),
        account.item(1500, add_on, "2026-02-08T10:00:00Z", plan=account.plan("Add-on"), sub="s2"),
    )

    assert account.activities() == [("new_biz", 4000, 4000), (second, 1500, 5500)]


def test_metrics_3_both_cancelled_at_the_same_instant(account: Account) -> None:
    account.bill(
        account.item(4000, "2026-01-08T10:00:00Z", "2026-02-08T10:00:00Z"),
        account.item(1500, "2026-01-08T10:20:00Z", "2026-02-08T10:00:00Z", sub="s2"),
    )
    account.cancel("2026-02-08T10:00:00Z")
    account.cancel("2026-02-08T10:00:00Z", sub="s2")

    assert account.activities(type="churn") == [("churn", -4000, 1500), ("churn", -1500, 0)]
    assert account.movements("2026-02-08") == {"mrr-churn": -5500}


# entry dates of intervals


@pytest.mark.parametrize(
    ("start", "end", "interval", "week_start_on", "dates"),
    [
        ("2026-01-01", "2026-01-20", "week", "monday", ["2026-01-04", "2026-01-11", "2026-01-18", "2026-01-20"]),
        ("2026-01-01", "2026-01-20", "week", "sunday", ["2026-01-03", "2026-01-10", "2026-01-17", "2026-01-20"]),
        ("2026-01-01", "2026-02-01", "month", "monday", ["2026-01-31", "2026-02-01"]),
        ("2026-01-01", "2026-08-15", "quarter", "monday", ["2026-03-31", "2026-06-30", "2026-08-15"]),
        ("2025-11-01", "2026-03-15", "year", "monday", ["2025-12-31", "2026-03-15"]),
    ],
)
def test_metrics_5_dates_of_entries(
    unopened: Account, start: str, end: str, interval: str, week_start_on: str, dates: list[str]
) -> None:
    account = unopened.open(week_start_on=week_start_on)

    assert account.series("mrr", "date", start, end, interval) == dates
    assert account.series("all", "date", start, end, interval) == dates


# one quarter of a small account


@pytest.fixture
def section_8(unopened: Account) -> Account:
    """The account of the table: EUR, today 2026-03-15."""
    account = unopened.open(now="2026-03-15T12:00:00Z", currency="EUR", week_start_on="monday", time_zone="UTC")
    changes = [
        ("2025-12-01", "A", 4000),
        ("2025-12-01", "B", 8000),
        ("2025-12-01", "C", 4000),
        ("2025-12-01", "D", 12000),
        ("2026-01-08", "E", 4000),
        ("2026-01-15", "B", 9500),
        ("2026-01-27", "F", 8000),
        ("2026-02-03", "D", 9000),
        ("2026-02-10", "C", 3000),
        ("2026-02-17", "G", 7001),
        ("2026-03-05", "F", 8750),
    ]
    for day, customer, amount in changes:
        account.bill(account.item(amount, day, "2026-03-31"), customer=customer, currency="EUR", date=day)
    account.cancel("2026-01-20", customer="C")
    account.cancel("2026-02-26", customer="A")
    return account


SECTION_8: dict[str, tuple[list[float], list[float], tuple[float, float, float]]] = {
    "mrr": ([37500, 40501, 41251], [0.0, 8.0, 1.85], (41251, 37500, 10.0)),
    "arr": ([450000, 486012, 495012], [0.0, 8.0, 1.85], (495012, 450000, 10.0)),
    "customer-churn-rate": ([25.0, 20.0, 0.0], [0.0, -20.0, -100.0], (20.0, 25.0, -20.0)),
    "mrr-churn-rate": ([8.93, 10.67, -1.85], [0.0, 19.48, -117.34], (10.67, 8.93, 19.48)),
    "ltv": ([30000, 33750, 0], [0.0, 12.5, -100.0], (33750, 30000, 12.5)),
    "customers": ([5, 6, 6], [0.0, 20.0, 0.0], (6, 6, 0.0)),
    "asp": ([6000, 7001, 0], [0.0, 16.68, -100.0], (7001, 8000, -12.49)),
    "arpa": ([7500, 6750, 6875], [0.0, -10.0, 1.85], (6875, 6250, 10.0)),
}


def test_metrics_8_all_key_metrics(section_8: Account) -> None:
    entries: list[dict[str, Any]] = [{"date": day} for day in ("2026-01-31", "2026-02-28", "2026-03-15")]
    summary: dict[str, float] = {}
    for name, (values, changes, (current, previous, change)) in SECTION_8.items():
        for entry, value, entry_change in zip(entries, values, changes, strict=True):
            entry |= {name: value, f"{name}-percentage-change": entry_change}
        summary |= {f"current-{name}": current, f"previous-{name}": previous, f"{name}-percentage-change": change}

    body = section_8.metrics("all", "2026-01-01", "2026-03-15", "month")

    assert body == {"entries": entries, "summary": summary}
    assert list(body["entries"][0]) == list(entries[0])
    assert list(body["summary"]) == list(summary)


@pytest.mark.parametrize("field", [field for field in SECTION_8 if field != "mrr"])
def test_metrics_8_single_series(section_8: Account, field: str) -> None:
    values, changes, (current, previous, change) = SECTION_8[field]
    interval = None if field == "ltv" else "month"

    body = section_8.metrics("customer-count" if field == "customers" else field, "2026-01-01", "2026-03-15", interval)

    assert body == {
        "entries": [
            {"date": day, field: value, "percentage-change": entry_change}
            for day, value, entry_change in zip(
                ("2026-01-31", "2026-02-28", "2026-03-15"), values, changes, strict=True
            )
        ],
        "summary": {"current": current, "previous": previous, "percentage-change": change},
    }


def test_metrics_8_mrr_with_movements(section_8: Account) -> None:
    body = section_8.metrics("mrr", "2026-01-01", "2026-03-15", "month")

    keys = (
        "date",
        "mrr",
        "percentage-change",
        "mrr-new-business",
        "mrr-expansion",
        "mrr-contraction",
        "mrr-churn",
        "mrr-reactivation",
    )
    rows = [
        ("2026-01-31", 37500, 0.0, 12000, 1500, 0, -4000, 0),
        ("2026-02-28", 40501, 8.0, 7001, 0, -3000, -4000, 3000),
        ("2026-03-15", 41251, 1.85, 0, 750, 0, 0, 0),
    ]
    assert body == {
        "entries": [dict(zip(keys, row, strict=True)) for row in rows],
        "summary": {"current": 41251, "previous": 37500, "percentage-change": 10.0},
    }


def test_metrics_8_account_mrr_after_each_movement(section_8: Account) -> None:
    days = ["01-08", "01-15", "01-20", "01-27", "02-03", "02-10", "02-17", "02-26", "03-05"]

    assert [section_8.mrr(f"2026-{day}") for day in days] == [
        32000,
        33500,
        29500,
        37500,
        34500,
        37500,
        44501,
        40501,
        41251,
    ]


def test_metrics_8_activities(section_8: Account) -> None:
    body = section_8.call("GET", "/activities", params={"start-date": "2026-01-01", "end-date": "2026-03-15"})

    assert [(entry["customer-name"], entry["type"], entry["activity-mrr-movement"]) for entry in body["entries"]] == [
        ("E", "new_biz", 4000),
        ("B", "expansion", 1500),
        ("C", "churn", -4000),
        ("F", "new_biz", 8000),
        ("D", "contraction", -3000),
        ("C", "reactivation", 3000),
        ("G", "new_biz", 7001),
        ("A", "churn", -4000),
        ("F", "expansion", 750),
    ]
    assert {entry["currency"] for entry in body["entries"]} == {"EUR"}


def test_metrics_4_monthly_figures_repeat_by_day(section_8: Account) -> None:
    days = ("2026-01-30", "2026-02-02", "day")

    assert section_8.series("all", "asp", *days) == [6000, 6000, 7001, 7001]
    assert section_8.series("all", "customer-churn-rate", *days) == [25.0, 25.0, 20.0, 20.0]
    assert section_8.series("all", "mrr-churn-rate", *days) == [8.93, 8.93, 10.67, 10.67]
    assert section_8.series("all", "ltv", *days) == [30000, 30000, 33750, 33750]


# Rules that the examples rest on


def test_days_are_those_of_the_time_zone_of_the_account(unopened: Account) -> None:
    account = unopened.open(time_zone="Europe/Berlin")
    account.bill(account.item(4000, "2026-01-31T23:30:00Z", "2026-02-28T23:30:00Z"))

    assert account.series("mrr", "mrr-new-business", "2026-01-31", "2026-02-01", "day") == [0, 4000]
    assert account.activities(**{"start-date": "2026-02-01", "end-date": "2026-02-01"}) == [("new_biz", 4000, 4000)]
    assert account.activities(**{"start-date": "2026-01-31", "end-date": "2026-01-31"}) == []


def test_cancellation_beats_a_renewal_of_the_same_instant(account: Account) -> None:
    account.bill(account.item(4000, "2026-01-01", "2026-02-01"))
    account.cancel("2026-02-01")
    account.bill(account.item(4000, "2026-02-01", "2026-03-01"))

    assert account.mrr("2026-02-01") == 0


def test_cancelled_at_of_a_line_item_is_ignored_once_there_is_an_event(account: Account) -> None:
    account.bill(account.item(4000, "2026-01-01", "2026-02-01", cancelled_at="2026-01-20"))
    before = account.mrr("2026-01-20")
    account.cancel("2026-03-01")

    assert (before, account.mrr("2026-01-20"), account.mrr("2026-03-01")) == (0, 4000, 0)


def test_deleting_a_cancellation_event_revives_the_subscription(account: Account) -> None:
    account.bill(account.item(4000, "2026-01-01", "2026-02-01"))
    event = account.cancel("2026-02-01")
    before = account.mrr("2026-02-01")

    account.call("DELETE", "/subscription_events", params={"subscription_event[id]": event}, status=204)

    assert (before, account.mrr("2026-02-01")) == (0, 4000)


def test_voided_invoice_counts_for_nothing(account: Account) -> None:
    account.bill(account.item(4000, "2026-01-01", "2026-02-01"), external_id="void-me")
    before = account.mrr("2026-01-01")

    path = f"/data_sources/{account.source}/invoices/void-me/status"
    account.call("PUT", path, json={"status": "voided"})

    assert (before, account.mrr("2026-01-01"), account.activities()) == (4000, 0, [])


@pytest.mark.parametrize(("handling", "mrr"), [("refund_ignore", 4000), ("refund_full_only", 0)])
def test_refund_of_a_whole_invoice_counts_only_where_the_account_says_so(
    unopened: Account, handling: str, mrr: int
) -> None:
    account = unopened.open(refund_handling=handling)
    moved = {"date": "2026-01-02", "result": "successful"}
    account.bill(
        account.item(4000, "2026-01-01", "2026-02-01"),
        transactions=[{"type": "payment", **moved}, {"type": "refund", **moved}],
    )

    assert account.mrr("2026-01-31") == mrr


def test_plan_filter_keeps_the_movement_types_of_the_whole_customer(account: Account) -> None:
    account.bill(account.item(1000, "2026-01-05", "2026-02-05"))
    account.bill(account.item(3000, "2026-01-20", "2026-02-20", plan=account.plan("Pro"), sub="s2"))

    (entry,) = account.metrics("mrr", "2026-01-01", "2026-01-31", "month", plans="Pro")["entries"]

    assert (entry["mrr"], entry["mrr-new-business"], entry["mrr-expansion"]) == (3000, 0, 3000)


def test_filters_narrow_customers(account: Account) -> None:
    account.customer("A", country="DE")
    account.customer("B", country="US")
    account.bill(account.item(1000, "2026-01-05", "2026-02-05"), customer="A")
    account.bill(account.item(500, "2026-01-05", "2026-02-05"), customer="B", currency="EUR")
    day = ("mrr", "mrr", "2026-01-05", "2026-01-05", "day")

    assert account.series(*day, geo="DE") == [1000]
    assert account.series(*day, filters="currency~ANY~'EUR'") == [550]
    assert account.series(*day, filters="region~ANY~'DE','US'~AND~mrr~GT~6") == [1000]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"end-date": "2026-01-01"}, "start-date"),
        ({"start-date": "2026-01-01"}, "end-date"),
        ({"start-date": "2026-01-02", "end-date": "2026-01-01"}, "end-date"),
        ({"start-date": "yesterday", "end-date": "2026-01-01"}, "start-date"),
        ({"start-date": "2026-01-01", "end-date": "2026-01-02", "interval": "hour"}, "interval"),
        ({"start-date": "2026-01-01", "end-date": "2026-01-02", "filters": "colour~EQ~'red'"}, "filters"),
    ],
)
def test_what_cannot_be_answered_is_400(account: Account, query: dict[str, str], param: str) -> None:
    body = account.call("GET", "/metrics/mrr", params=query, status=400)

    assert (body["code"], body["param"]) == (400, param)


def test_subscription_shows_its_mrr_and_keeps_it_after_the_cancellation(account: Account) -> None:
    account.bill(account.item(48000, "2026-01-08", "2027-01-08", plan=account.plan("Annual", 1, "year"), quantity=5))
    path = f"/customers/{account.customer()}/subscriptions"
    (active,) = account.call("GET", path)["entries"]
    account.cancel("2026-06-01")
    (inactive,) = account.call("GET", path)["entries"]

    shown = ("external_id", "quantity", "mrr", "arr", "status", "plan", "billing-cycle", "billing-cycle-count")
    assert [active[key] for key in shown] == ["A-s1", 5, 4000, 48000, "active", "Annual", "year", 1]
    assert (active["start-date"], active["end-date"]) == ("2026-01-08T00:00:00+00:00", "2027-01-08T00:00:00+00:00")
    assert (inactive["status"], inactive["mrr"], inactive["end-date"]) == (
        "inactive",
        4000,
        "2026-06-01T00:00:00+00:00",
    )
    assert inactive["uuid"] == active["uuid"]


# custom attributes


def test_metrics_12_custom_attributes(account: Account) -> None:
    path = f"/customers/{account.customer()}/attributes/custom"
    account.call("POST", path, json={"custom": [{"type": "Integer", "key": "a", "value": 1}]})

    added = account.call("POST", path, json={"custom": [{"type": "String", "key": "b", "value": "x"}]})
    changed = account.call("PUT", path, json={"custom": {"b": "y"}})
    removed = account.call("DELETE", path, json={"custom": ["a"]})
    emptied = account.call("DELETE", path, json={"custom": ["b"]}, status=204)

    assert added == {"custom": {"a": 1, "b": "x"}}
    assert changed == {"custom": {"a": 1, "b": "y"}}
    assert removed == {"custom": {"b": "y"}}
    assert emptied is None
