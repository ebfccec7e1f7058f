"""Metrics of each single plan, country or filter expression: a request and rows of its own for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.streams import STREAMS
from airflow_provider_chartmogul.streams.model import Options
from airflow_provider_chartmogul.streams.windows import Window
from tests.contract.account import Account
from tests.unit.streams.fakes import FakeClient, records_of, requests, rows_of

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

FEBRUARY = Window.of("2026-02-01", "2026-03-01")
STREAM = STREAMS["metrics_mrr"]


@pytest.fixture
def account(emulator: Emulator, client: ChartMogulClient) -> Account:
    """An account with 50.00 a month on the plan team of a customer in Germany, 20.00 on solo of one in France."""
    account = Account(emulator, client)
    client.customers.update(account.paying, country="DE")
    customer = account.new_customer("acct-3", country="FR")["uuid"]
    item = account.line_item(3, plan_uuid=account.new_plan("solo")["uuid"], amount_in_cents=2000)
    account.bill(customer, "inv-3", line_items=[item])
    return account


def split(account: Account, **options: Any) -> dict[str, int]:
    """Read a split by its only segment: value to MRR."""
    rows = rows_of(STREAM.open(account.client, Options(FEBRUARY, **options)))
    return {row[options["split_by"]]: row["mrr"] for row in rows}


def test_by_plan(account: Account) -> None:
    plans = {plan["uuid"]: plan["name"] for plan in account.client.plans.list()}
    with requests(account.emulator) as asked:
        read = split(account, split_by="plans")

    assert {plans[uuid]: mrr for uuid, mrr in read.items()} == {"Team": 5000, "Solo": 2000}
    assert asked == {"GET /account": 1, "GET /plans": 1, "GET /metrics/mrr": 2}


def test_by_country(account: Account) -> None:
    with requests(account.emulator) as asked:
        # the lead is nowhere
        assert split(account, split_by="geo") == {"DE": 5000, "FR": 2000}
    assert asked == {"GET /account": 1, "GET /customers": 1, "GET /metrics/mrr": 2}


def test_by_filter(account: Account) -> None:
    expressions = ("customer_status~IS~'Active'", "tags~ANY~'pilot'")

    assert split(account, split_by="filters", split_values=expressions) == dict(
        zip(expressions, (7000, 5000), strict=True)
    )


def test_values_that_are_given_are_not_asked_for(account: Account) -> None:
    with requests(account.emulator) as asked:
        assert split(account, split_by="plans", split_values=("Solo",)) == {"Solo": 2000}
    assert asked == {"GET /account": 1, "GET /metrics/mrr": 1}


def test_the_other_segments_narrow_each(account: Account) -> None:
    assert split(account, split_by="plans", split_values=("Team", "Solo"), geo="FR") == {"Team": 0, "Solo": 2000}


def test_the_scope_holds_the_values_that_are_read(account: Account) -> None:
    reading = STREAM.open(account.client, Options(FEBRUARY, split_by="geo", plans="Team"))

    assert reading.scope is not None
    assert reading.scope.constants == {"interval": "month", "geo": ("DE", "FR"), "plans": ("Team",), "filters": ("",)}


def test_rows_of_different_values_are_different_records(account: Account) -> None:
    records = records_of(STREAM.open(account.client, Options(FEBRUARY, interval="week", split_by="geo")))

    assert len({record.key for record in records}) == len(records) == 2 * 5


def test_a_value_that_is_given_twice_is_read_once() -> None:
    client = FakeClient(entries=[{"date": "2026-02-28", "mrr": 1}])

    rows = rows_of(STREAM.open(client, Options(FEBRUARY, split_by="geo", split_values=("DE", "FR", "DE"))))

    assert [row["geo"] for row in rows] == ["DE", "FR"]


@pytest.mark.parametrize(("split_by", "resource"), [("plans", "plans"), ("geo", "customers")])
def test_without_values_nothing_is_read_and_nothing_restated(split_by: str, resource: str) -> None:
    client = FakeClient(lists={resource: [[]]}, entries=[{"date": "2026-02-28", "mrr": 1}])

    reading = STREAM.open(client, Options(FEBRUARY, split_by=split_by))

    assert rows_of(reading) == []
    assert [resource for resource, _ in client.calls] == [resource]
    assert reading.scope is not None
    assert reading.scope.constants[split_by] == ()
