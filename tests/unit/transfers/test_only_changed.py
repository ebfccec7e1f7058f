"""Subscriptions of customers that changed, read by as few requests as that takes, into the table of a full sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.transfers.chartmogul_to_sql import ChartMogulToSqlOperator
from tests.contract.account import Account

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator
    from tests.unit.transfers.conftest import Warehouse

pytestmark = pytest.mark.usefixtures("chartmogul_conn")

SUBSCRIPTIONS = "GET /customers/{customer_uuid}/subscriptions"
TABLE = "chartmogul_subscriptions"


@pytest.fixture
def account(emulator: Emulator, client: ChartMogulClient) -> Account:
    """Two paying customers, and a lead."""
    account = Account(emulator, client)
    account.bill(account.new_customer("acct-5")["uuid"], "inv-5")
    return account


class Loads:
    """Daily loads of what changed, each compared with a full sweep."""

    def __init__(self, warehouse: Warehouse, emulator: Emulator) -> None:
        self.warehouse = warehouse
        self.emulator = emulator

    def day(self, day: int, **arguments: Any) -> int:
        """Load a day of March, and return how many customers were asked for."""
        before = self.asked()
        self.run(TABLE, day, only_changed=True, **arguments)
        asked = self.asked() - before
        self.run("full_sweep", day)
        return asked

    def run(self, table: str, day: int, **arguments: Any) -> None:
        bounds = {"interval_start": f"2026-03-{day:02}", "interval_end": f"2026-03-{day + 1:02}"}
        ChartMogulToSqlOperator(
            task_id="load",
            stream="subscriptions",
            sql_conn_id=self.warehouse.conn_id,
            table=table,
            **{**bounds, **arguments},
        ).execute({})

    def asked(self) -> int:
        return int(self.emulator.stats()["requests_by_operation"].get(SUBSCRIPTIONS, 0))

    def equal_a_full_sweep(self) -> bool:
        columns = "uuid, customer_uuid, external_id, status, plan, quantity, mrr, start_date, end_date"
        changed, swept = (
            self.warehouse.query(f"SELECT {columns} FROM {table} ORDER BY uuid") for table in (TABLE, "full_sweep")
        )
        assert swept
        return changed == swept


@pytest.fixture
def loads(warehouse: Warehouse, emulator: Emulator, account: Account) -> Loads:
    """The first load of all is done."""
    loads = Loads(warehouse, emulator)
    assert loads.day(1) == 3
    assert loads.equal_a_full_sweep()
    return loads


def renew(account: Account, day: str) -> None:
    """Bill the next period of a subscription: it ends later, and nothing moves."""
    renewal = account.line_item(
        1, external_id="li-9", service_period_start="2026-04-10", service_period_end="2026-07-10"
    )
    account.bill(account.paying, "inv-9", date=day, line_items=[renewal])


def test_without_changes_nobody_is_asked_for(loads: Loads) -> None:
    assert [loads.day(day) for day in (2, 3)] == [0, 0]
    assert loads.equal_a_full_sweep()


def test_what_is_remembered_says_for_which_moment_it_was_read(loads: Loads, warehouse: Warehouse) -> None:
    loads.day(2)

    moments = warehouse.query(f"SELECT {warehouse.utc('read_at')}, count(*) FROM {TABLE}_customers GROUP BY 1")
    assert moments == [("2026-03-02 00:00:00", 3)]


def test_another_mrr_is_read(loads: Loads, account: Account) -> None:
    account.bill(account.lead, "inv-7", date="2026-02-01")

    assert loads.day(2) == 1
    assert loads.equal_a_full_sweep()
    assert loads.day(3) == 0


def test_a_movement_of_the_window_is_read_though_mrr_is_what_it_was(loads: Loads, account: Account) -> None:
    """An upgrade and its opposite, both between two loads."""
    up, down = (
        account.line_item(1, external_id=f"li-{day}", amount_in_cents=cents, service_period_start=f"2026-03-{day}")
        for day, cents in (("02", 9000), ("03", 5000))
    )
    account.bill(account.paying, "inv-8", date="2026-03-02", line_items=[up])
    account.bill(account.paying, "inv-9", date="2026-03-03", line_items=[down])

    assert loads.day(3) == 1
    assert loads.equal_a_full_sweep()


def test_a_renewal_of_the_window_is_read_though_nothing_moves(loads: Loads, account: Account) -> None:
    renew(account, "2026-03-02")

    assert loads.day(2) == 1
    assert loads.equal_a_full_sweep()


def test_an_event_of_the_window_is_read(loads: Loads, account: Account) -> None:
    draft = account.event_draft("evt-9", event_type="subscription_cancellation_scheduled")
    account.client.subscription_events.create(
        **{**draft, "event_date": "2026-03-02T10:00:00Z", "effective_date": "2026-06-01T00:00:00Z"}
    )

    assert loads.day(2) == 1
    assert loads.equal_a_full_sweep()


def test_a_renewal_is_found_behind_old_bills_that_were_imported_later(loads: Loads, account: Account) -> None:
    renew(account, "2026-03-02")
    old = [account.draft(f"old-{number}", date="2024-01-10", line_items=[old_fee(number)]) for number in range(250)]
    account.client.invoices.create(account.lead, old)

    assert loads.day(2) == 1
    assert loads.equal_a_full_sweep()


def old_fee(number: int) -> dict[str, Any]:
    return {"type": "one_time", "external_id": f"fee-{number}", "amount_in_cents": 100}


def test_an_event_that_was_entered_late_is_read(loads: Loads, account: Account, emulator: Emulator) -> None:
    emulator.configure(now="2026-03-16T12:00:00Z")
    draft = account.event_draft("evt-9", event_type="subscription_cancellation_scheduled")
    account.client.subscription_events.create(
        **{**draft, "event_date": "2026-02-20T10:00:00Z", "effective_date": "2026-06-01T00:00:00Z"}
    )

    assert loads.day(16, sweep_days=30) == 1


def test_what_happened_since_a_load_that_was_left_out_is_read(loads: Loads, account: Account) -> None:
    renew(account, "2026-03-03")

    assert loads.day(6) == 1
    assert loads.equal_a_full_sweep()


def test_customers_that_are_gone_leave_the_table(loads: Loads, account: Account, warehouse: Warehouse) -> None:
    account.client.customers.delete(account.paying)

    assert loads.day(2) == 0
    assert loads.equal_a_full_sweep()
    assert account.paying not in warehouse.column(f"{TABLE}_customers", "customer_uuid")


def test_merged_customers_are_read_as_one(loads: Loads, account: Account) -> None:
    account.client.customers.merge(from_=account.paying, into=account.lead)

    assert loads.day(2) == 1
    assert loads.equal_a_full_sweep()


def test_all_are_read_anew_after_some_days(loads: Loads) -> None:
    assert [loads.day(day, sweep_days=2) for day in (2, 3, 4)] == [0, 3, 0]
    assert loads.equal_a_full_sweep()


def test_customers_that_are_gone_are_marked_where_that_is_asked_for(
    loads: Loads, account: Account, warehouse: Warehouse
) -> None:
    account.client.customers.delete(account.paying)
    loads.day(2, detect_deletes=True)
    loads.day(3, detect_deletes=True)

    gone = warehouse.query(
        f"SELECT customer_uuid, {warehouse.utc('deleted_at')} FROM {TABLE} WHERE deleted_at IS NOT NULL"
    )
    assert gone == [(account.paying, "2026-03-03 00:00:00")]


def test_the_first_load_into_a_table_that_was_swept_asks_for_all(
    warehouse: Warehouse, emulator: Emulator, account: Account
) -> None:
    loads = Loads(warehouse, emulator)
    loads.run(TABLE, 1)

    assert loads.day(2) == 3
    assert loads.equal_a_full_sweep()
