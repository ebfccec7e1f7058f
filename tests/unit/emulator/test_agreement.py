"""Whatever is merged, connected, disabled and removed, in any order: records and figures agree."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.emulator.account import NOW, event, invoice, subscription_item

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api

STEPS = 120


class Walk:
    """Changes of an account by chance; each leaves the account alone where there is nothing for it."""

    def __init__(self, api: Api, seed: int) -> None:
        self.api = api
        self.chance = random.Random(seed)
        self.plans = {source: api.plan(source) for source in (api.emulator.add_source(name) for name in "AB")}
        self.number = 0

    def step(self) -> None:
        self.number += 1
        changes = (self.bill, self.bill, self.merge, self.unmerge, self.connect, self.disconnect, self.cancel)
        others = (self.create, self.disable, self.disable_event, self.delete, self.purge)
        self.chance.choice((*changes, *others))()

    def create(self) -> None:
        attributes = {"tags": [self.chance.choice("ab")]}
        self.api.customer(self.chance.choice(list(self.plans)), f"acct-{self.number}", attributes=attributes)

    def bill(self) -> None:
        for customer, source, external_id in self.parts():
            item = subscription_item(
                self.plans[source],
                f"2026-0{self.chance.randint(1, 3)}-0{self.chance.randint(1, 9)}",
                subscription_external_id=f"sub-{self.chance.randint(1, 3)}",
                external_id=f"li-{self.number}",
                amount_in_cents=self.chance.choice((0, 1000, 5000)),
            )
            place = {"data_source_uuid": source, "customer_external_id": external_id}
            self.api.bill(customer, invoice(f"inv-{self.number}", item, **place))

    def merge(self) -> None:
        giver, taker = self.some(self.customers()), self.some(self.customers())
        if giver and giver != taker:
            body = {"from": {"customer_uuid": giver[0]["uuid"]}, "into": {"customer_uuid": taker[0]["uuid"]}}
            self.api.json("POST", "/customers/merges", body, 202)

    def unmerge(self) -> None:
        for customer, source, external_id in self.parts():
            body = {"customer_uuid": customer, "data_source_uuid": source, "external_id": external_id}
            self.api.post("/customers/unmerges", body)

    def connect(self, verb: str = "connect") -> None:
        for customer in self.some(self.customers()):
            subscriptions = self.imported(customer)
            chosen = self.chance.sample(subscriptions, min(2, len(subscriptions)))
            references = [{"data_source_uuid": one["data_source_uuid"], "uuid": one["uuid"]} for one in chosen]
            if len(references) == 2:
                path = f"/customers/{customer['uuid']}/{verb}_subscriptions"
                self.api.json("POST", path, {"subscriptions": references}, 202)

    def disconnect(self) -> None:
        self.connect("disconnect")

    def cancel(self) -> None:
        for customer, source, external_id in self.parts():
            body = event(
                source,
                external_id=f"evt-{self.number}",
                customer_external_id=external_id,
                effective_date=f"2026-03-0{self.chance.randint(1, 9)}",
            )
            known = [one["external_id"] for one in self.imported({"uuid": customer})]
            if "sub-1" in known:
                self.api.post("/subscription_events", body)

    def disable(self) -> None:
        for stored in self.some(self.api.walk("/invoices", "invoices", with_disabled="true")):
            body = {"disabled": not stored["disabled"]}
            self.api.json("PATCH", f"/invoices/{stored['uuid']}/disabled_state", body)

    def disable_event(self) -> None:
        for stored in self.some(self.api.walk("/subscription_events", "subscription_events", with_disabled="true")):
            body = {"disabled": not stored["disabled"]}
            self.api.json("PATCH", f"/subscription_events/{stored['id']}/disabled_state", body)

    def delete(self) -> None:
        for stored in self.some(self.api.walk("/invoices", "invoices")):
            self.api.json("DELETE", f"/invoices/{stored['uuid']}", expect=204)

    def purge(self) -> None:
        if self.chance.random() < 0.2:
            self.api.json("DELETE", f"/data_sources/{self.chance.choice(list(self.plans))}/dependent", expect=204)

    # What there is

    def some(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return self.chance.sample(records, min(1, len(records)))

    def customers(self) -> list[dict[str, Any]]:
        return self.api.walk("/customers", "entries")

    def imported(self, customer: dict[str, Any]) -> list[dict[str, Any]]:
        return self.api.walk(f"/import/customers/{customer['uuid']}/subscriptions", "subscriptions")

    def parts(self) -> list[tuple[str, str, str]]:
        """One data source customer, if there is any: customer uuid, source, external id."""
        found = [
            (customer["uuid"], source, external_id)
            for customer in self.some(self.customers())
            for source, external_id in zip(customer["data_source_uuids"], customer["external_ids"], strict=True)
        ]
        return self.chance.sample(found, min(1, len(found)))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_records_and_figures_agree(api: Api, seed: int) -> None:
    walk = Walk(api, seed)
    seen = 0
    for number in range(1, STEPS + 1):
        walk.step()
        if number % 10 == 0:
            seen += agree(walk)
    assert seen, "no subscription was ever there"


def agree(walk: Walk) -> int:
    """Hold the records of the account against its figures; returns the number of its subscriptions."""
    api, customers, subscriptions = walk.api, walk.customers(), 0
    today = {"start-date": NOW[:10], "end-date": NOW[:10], "interval": "day"}
    (day,) = api.json("GET", "/metrics/all", **today)["entries"]
    assert day["mrr"] == sum(customer["mrr"] for customer in customers)
    assert day["customers"] == sum(customer["status"] == "Active" for customer in customers)
    movements = api.walk("/activities", "entries")
    assert sum(one["activity-mrr-movement"] for one in movements) == day["mrr"]
    for customer in customers:
        rows = api.walk(f"/customers/{customer['uuid']}/subscriptions", "entries")
        assert sum(row["mrr"] for row in rows if row["status"] == "active") == customer["mrr"]
        assert len({row["uuid"] for row in rows}) == len(rows) <= len(walk.imported(customer))
        parts = list(zip(customer["data_source_uuids"], customer["external_ids"], strict=True))
        for stored in api.walk(f"/import/customers/{customer['uuid']}/invoices", "invoices", with_disabled="true"):
            assert (stored["data_source_uuid"], stored["customer_external_id"]) in parts
        subscriptions += len(rows)
    return subscriptions
