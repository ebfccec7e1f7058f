"""Which subscriptions go on as which ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.billing_change import continuations, find_continuations
from airflow_provider_chartmogul.billing_change.continuations import matched, within
from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.streams.windows import Window

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient

MAY = Window.of("2025-05-01", "2025-06-01")


def named(*names: str, side: str = "") -> list[dict[str, Any]]:
    return [{"uuid": f"sub_{side}{number}", "external_id": name} for number, name in enumerate(names)]


def row(name: str, start: str, end: str, status: str = "active") -> dict[str, Any]:
    return {
        "external_id": name,
        "start-date": f"{start}T00:00:00+00:00",
        "end-date": f"{end}T00:00:00+00:00",
        "status": status,
    }


def names(subscriptions: list[dict[str, Any]]) -> list[str]:
    return [one["external_id"] for one in subscriptions]


@pytest.mark.parametrize(
    ("old", "new", "pairs", "left"),
    [
        (["a"], ["x"], [("a", "x")], ([], [])),
        (["a", "b"], ["a", "b"], [("a", "a"), ("b", "b")], ([], [])),
        # where ids went on, another one is another subscription, or not
        (["a", "b"], ["b", "x"], [("b", "b")], (["a"], ["x"])),
        (["a", "b"], ["x"], [], (["a", "b"], ["x"])),
        (["a"], ["x", "y"], [], (["a"], ["x", "y"])),
        (["a", "b", "c"], ["a", "x", "y"], [("a", "a")], (["b", "c"], ["x", "y"])),
        # ended, or bought anew
        (["a", "b"], ["a"], [("a", "a")], (["b"], [])),
        (["a"], ["a", "x"], [("a", "a")], ([], ["x"])),
        # the same name twice tells nothing
        (["a", "a"], ["a"], [], (["a", "a"], ["a"])),
    ],
)
def test_the_name_tells_and_else_that_they_are_the_only_ones(
    old: list[str], new: list[str], pairs: list[tuple[str, str]], left: tuple[list[str], list[str]]
) -> None:
    found, rest = matched(named(*old, side="o"), named(*new, side="n"))
    assert [(mine["external_id"], theirs["external_id"]) for (mine, theirs), _ in found] == pairs
    assert all(
        (mine["external_id"] == theirs["external_id"]) == (why == "external_id") for (mine, theirs), why in found
    )
    assert (names(rest[0]), names(rest[1])) == left
    assert all(mine["uuid"].startswith("sub_o") and theirs["uuid"].startswith("sub_n") for (mine, theirs), _ in found)


class TestWithinTheChange:
    def keep(self, *rows: dict[str, Any]) -> tuple[list[str], list[str]]:
        old, new = within(MAY, named("a", "b"), named("x", "y"), rows)
        return names(old), names(new)

    def test_what_ended_before_is_over(self) -> None:
        rows = [row("a", "2024-01-01", "2025-04-30", "inactive"), row("b", "2024-01-01", "2025-05-01", "inactive")]
        assert self.keep(*rows) == (["b"], ["x", "y"])

    def test_what_was_not_cancelled_is_not_over(self) -> None:
        assert self.keep(row("a", "2024-01-01", "2024-03-01")) == (["a", "b"], ["x", "y"])

    def test_what_begins_after_is_another_purchase(self) -> None:
        rows = [row("x", "2025-05-31", "2025-06-30"), row("y", "2025-06-01", "2025-07-01")]
        assert self.keep(*rows) == (["a", "b"], ["x"])

    def test_the_rest_stays_as_do_those_without_a_row(self) -> None:
        rows = [row("a", "2024-01-01", "2025-05-01", "inactive"), row("x", "2025-05-01", "2025-06-01")]
        assert self.keep(*rows) == (["a", "b"], ["x", "y"])


class TestOfAnAccount:
    @pytest.fixture
    def sources(self, client: ChartMogulClient) -> tuple[str, str]:
        old, new = (client.data_sources.create(name=name)["uuid"] for name in ("Old", "New"))
        for source in (old, new):
            client.plans.create(
                data_source_uuid=source, external_id="team", name="Team", interval_count=1, interval_unit="month"
            )
        return old, new

    def bill(self, client: ChartMogulClient, source: str, customer: str, subscription: str, start: str) -> None:
        (plan,) = client.plans.list(data_source_uuid=source)
        item = {
            "type": "subscription",
            "subscription_external_id": subscription,
            "plan_uuid": plan["uuid"],
            "service_period_start": start,
            "service_period_end": datetime.fromisoformat(start).replace(tzinfo=UTC, day=28).isoformat(),
            "amount_in_cents": 5000,
        }
        invoice = {"external_id": f"{source}-{subscription}", "date": start, "currency": "USD", "line_items": [item]}
        client.invoices.create(customer, [invoice])

    def customers(self, client: ChartMogulClient, sources: tuple[str, str]) -> list[str]:
        return [
            client.customers.create(data_source_uuid=source, external_id=name)["uuid"]
            for source, name in zip(sources, ("ida", "n-ida"), strict=True)
        ]

    def test_only_of_merged_customers_the_old_one_first(
        self, client: ChartMogulClient, sources: tuple[str, str]
    ) -> None:
        into, from_ = self.customers(client, sources)
        self.bill(client, sources[0], into, "ida-1", "2025-04-01")
        self.bill(client, sources[1], from_, "sub-1", "2025-05-01")
        found = find_continuations(client, *sources, MAY)
        assert (found.connections, found.ambiguous) == ([], [])

        client.customers.merge(from_=from_, into=into)
        found = find_continuations(client, *sources, MAY)
        (connection,) = found.connections
        assert (connection["customer_uuid"], connection["external_ids"]) == (into, ["ida-1", "sub-1"])
        assert [one["data_source_uuid"] for one in connection["subscriptions"]] == [*sources]
        assert connection["reason"] == "only_ones"
        client.subscriptions.connect(into, connection["subscriptions"])
        (row,) = client.subscriptions.list(into)
        assert row["external_id"] == "ida-1"
        assert find_continuations(client, *sources, MAY) == found

    def test_customers_of_several_portions(
        self, client: ChartMogulClient, sources: tuple[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(continuations, "_PORTION", 2)
        merged = []
        for number in range(5):
            into, from_ = (
                client.customers.create(data_source_uuid=source, external_id=f"c{number}")["uuid"] for source in sources
            )
            for source, customer, start in zip(sources, (into, from_), ("2025-04-01", "2025-05-01"), strict=True):
                self.bill(client, source, customer, f"s-{number}", start)
            client.customers.merge(from_=from_, into=into)
            merged.append(into)
        found = find_continuations(client, *sources, MAY)
        assert {one["customer_uuid"] for one in found.connections} == {*merged}
        assert {one["reason"] for one in found.connections} == {"external_id"}

    def test_a_source_that_is_not_there(self, client: ChartMogulClient, sources: tuple[str, str]) -> None:
        with pytest.raises(ChartMogulNotFoundError):
            find_continuations(client, "ds_1", sources[1], MAY)
