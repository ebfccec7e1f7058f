"""Random histories: the account-wide figures are the sums of what each customer says, day by day."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.emulator.analytics.buckets import opening
from tests.unit.emulator_analytics.billing import analytics, at, cancelled, customer, item, plan

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.analytics.model import Customer

ZONE = "America/Sao_Paulo"
FIRST, DAYS = date(2026, 1, 1), 90
LAST = FIRST + timedelta(days=DAYS - 1)
PLANS = (plan("Basic"), plan("Pro"), plan("Annual", 1, "year"))


def moment(random: Random) -> str:
    return f"{FIRST + timedelta(days=random.randrange(DAYS))} {random.randrange(24):02}:{random.randrange(4) * 15:02}"


def some_customer(random: Random, number: int) -> Customer:
    subs = [f"s{index}" for index in range(random.randint(1, 3))]
    items = [
        item(random.choice([0, 1000, 2000, 3600]), moment(random), sub=random.choice(subs), plan=random.choice(PLANS))
        for _ in range(random.randint(1, 5))
    ]
    ends = [cancelled(moment(random), sub=random.choice(subs)) for _ in range(random.randint(0, 3))]
    return customer(*items, *ends, uuid=f"cus_{number}")


@pytest.mark.parametrize("seed", range(5))
def test_account_is_the_sum_of_its_customers(seed: int) -> None:
    random = Random(seed)
    people = [some_customer(random, number) for number in range(40)]
    engine = analytics(*people, time_zone=ZONE)
    now = at("2027-01-01")

    def states(day: date) -> dict[str, int]:
        """MRR of each customer at the close of a day."""
        close = opening(day + timedelta(days=1), ZONE) - timedelta(microseconds=1)
        return {one.uuid: engine.customer_summary(one.uuid, close)["mrr"] for one in people}

    def daily(name: str) -> Any:
        return engine.metric(name, FIRST, LAST, "day", now)["entries"]

    before = states(FIRST - timedelta(days=1))
    for offset, (mrr, count, rate) in enumerate(
        zip(daily("mrr"), daily("customer-count"), daily("customer-churn-rate"), strict=True)
    ):
        after = states(FIRST + timedelta(days=offset))
        paying = {uuid for uuid, value in before.items() if value > 0}
        lost = {uuid for uuid in paying if after[uuid] <= 0}

        assert mrr["mrr"] == sum(after.values())
        assert count["customers"] == sum(value > 0 for value in after.values())
        assert rate["customer-churn-rate"] == (
            pytest.approx(100 * len(lost) / len(paying), abs=0.0051) if paying else 0
        )
        flows = sum(value for key, value in mrr.items() if key.startswith("mrr-"))
        assert flows == sum(after.values()) - sum(before.values())
        before = after
