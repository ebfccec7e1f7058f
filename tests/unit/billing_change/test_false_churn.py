"""Who seems to have left and come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_chartmogul.billing_change import FalseChurn, find_false_churn
from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.streams.windows import Window

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient

MAY = Window.of("2025-05-01", "2025-06-01")


class Account:
    """Two data sources, and customers that leave and come back."""

    def __init__(self, client: ChartMogulClient) -> None:
        self.client = client
        self.old, self.new = (str(client.data_sources.create(name=name)["uuid"]) for name in ("Old", "New"))
        self.plans = {
            source: client.plans.create(
                data_source_uuid=source, external_id="team", name="Team", interval_count=1, interval_unit="month"
            )["uuid"]
            for source in (self.old, self.new)
        }

    def add(self, source: str, name: str, *starts: str, until: str | None = None) -> str:
        """Add a customer with one subscription."""
        uuid = str(self.client.customers.create(data_source_uuid=source, external_id=name)["uuid"])
        for start in starts:
            item = {
                "type": "subscription",
                "subscription_external_id": f"{name}-1",
                "plan_uuid": self.plans[source],
                "service_period_start": start,
                "service_period_end": "2025-09-01",
                "amount_in_cents": 5000,
            }
            invoice = {"external_id": f"{name}-{start}", "date": start, "currency": "USD", "line_items": [item]}
            self.client.invoices.create(uuid, [invoice])
        if until:
            (subscription,) = self.client.subscriptions.list_imported(uuid)
            self.client.subscriptions.cancel(subscription["uuid"], cancelled_at=until)
        return uuid

    def moved(self, name: str, until: str, again: str) -> str:
        """Add a customer that is of both sources, whose subscriptions are not connected."""
        into = self.add(self.old, name, "2025-01-01", until=until)
        self.client.customers.merge(from_=self.add(self.new, f"n-{name}", again), into=into)
        return into


@pytest.fixture
def account(client: ChartMogulClient) -> Account:
    return Account(client)


def test_who_left_and_came_back_within_the_change(client: ChartMogulClient, account: Account) -> None:
    uuid = account.moved("ida", until="2025-05-01", again="2025-05-31T23:59:59Z")
    account.moved("ben", until="2025-05-01", again="2025-05-01")
    assert find_false_churn(client, account.old, account.new, MAY) == [
        FalseChurn(uuid, "ida", "2025-05-01T00:00:00+00:00", "2025-05-31T23:59:59+00:00")
    ]


@pytest.mark.parametrize(
    ("until", "again"),
    [("2025-04-30T23:59:59Z", "2025-05-10"), ("2025-05-10", "2025-06-01"), ("2025-04-01", "2025-04-10")],
)
def test_who_did_one_of_it_at_another_time(client: ChartMogulClient, account: Account, until: str, again: str) -> None:
    account.moved("ida", until=until, again=again)
    assert find_false_churn(client, account.old, account.new, MAY) == []


def test_who_only_left_or_is_of_one_source(client: ChartMogulClient, account: Account) -> None:
    account.add(account.old, "gone", "2025-01-01", until="2025-05-10")
    again = account.add(account.old, "back", "2025-01-01", "2025-05-20", until="2025-05-10")
    kinds = [one["type"] for one in client.activities.list() if one["customer-uuid"] == again]
    assert kinds == ["new_biz", "churn", "reactivation"]
    assert find_false_churn(client, account.old, account.new, MAY) == []


def test_a_source_that_is_not_there(client: ChartMogulClient, account: Account) -> None:
    with pytest.raises(ChartMogulNotFoundError):
        find_false_churn(client, "ds_1", account.new, MAY)
