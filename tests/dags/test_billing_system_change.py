"""The example that goes on with another billing system, run as it is."""

from __future__ import annotations

import json
import runpy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.imports import Pace, import_billing
from demo import story
from tests.backfill.expected_metrics import ExpectedMetrics, observed_series
from tests.conftest import REPOSITORY
from tests.dags.approving import ASKS, answering

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

EXAMPLE = REPOSITORY / "dags_examples" / "billing_system_change.py"
MERGING = {"merge", "merged"} | ({"approve"} if ASKS else set())
YEAR = (date(2025, 1, 1), date(2025, 12, 31))


@dataclass
class BillingSystem:
    """What a billing system knows of its customers, and would import; all on one plan by the month."""

    plan: str
    customers: list[dict[str, Any]] = field(default_factory=list)
    invoices: list[dict[str, Any]] = field(default_factory=list)
    subscription_events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def plans(self) -> list[dict[str, Any]]:
        return [{"external_id": self.plan, "name": "Team", "interval_count": 1, "interval_unit": "month"}]

    def customer(self, name: str, email: str | None = None) -> None:
        self.customers.append({"external_id": name, "name": name.title()} | ({"email": email} if email else {}))

    def bill(self, customer: str, subscription: str, starts: list[str], cents: int = 5000) -> None:
        for start in starts:
            name = f"{self.plan}-{customer}-{subscription}-{start}"
            item = {
                "type": "subscription",
                "external_id": f"{name}-item",
                "subscription_external_id": subscription,
                "plan_external_id": self.plan,
                "service_period_start": start,
                "service_period_end": f"2025-{int(start[5:7]) + 1:02}{start[7:]}",
                "amount_in_cents": cents,
            }
            invoice = {"external_id": name, "customer_external_id": customer, "date": start, "currency": "USD"}
            self.invoices.append({**invoice, "line_items": [item]})

    def cancel(self, customer: str, subscription: str, day: str) -> None:
        self.subscription_events.append(
            {
                "external_id": f"{self.plan}-{customer}-{subscription}-{day}",
                "customer_external_id": customer,
                "subscription_external_id": subscription,
                "event_type": "subscription_cancelled",
                "event_date": day,
                "effective_date": day,
            }
        )

    def records(self) -> dict[str, list[dict[str, Any]]]:
        kinds = ("plans", "customers", "invoices", "subscription_events")
        return {kind: getattr(self, kind) for kind in kinds}

    def write(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        for kind, records in self.records().items():
            (folder / f"{kind}.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records))


def months(first: int, last: int, day: int = 1) -> list[str]:
    return [f"2025-{month:02}-{day:02}" for month in range(first, last + 1)]


# new customer to old one, new subscription to the old one that it goes on as
MOVED = {
    "n-ida": "ida",
    "n-ben": "ben",
    "n-cem": "cem",
    "n-dora": "dora",
    "n-eve": "eve",
    "n-jon": "jon",
    "n-kim": "kim",
}
CONTINUED = {"sub-1": "ida-1", "sub-2": "ben-1", "sub-3": "cem-1", "sub-5": "eve-2", "sub-7": "kim-1"}
# by which old subscriptions made room for new ones
HANDOVERS = {"ida-1", "ben-1", "eve-2", "kim-1"}


def old_system() -> BillingSystem:
    system = BillingSystem("team")
    for name in ("ida", "ben", "cem", "dora", "eve", "fay", "jon", "kim"):
        system.customer(name, f"{name}@firm.example")
    for name in ("hal", "hal-again"):
        system.customer(name, "hal@firm.example")
        system.bill(name, f"{name}-1", months(3, 4), 1100)
    for name in ("ida", "ben", "cem", "fay", "kim"):
        system.bill(name, f"{name}-1", months(1, 4))
    # ends when the new one begins; a week before; never
    system.cancel("ida", "ida-1", "2025-05-01")
    system.cancel("ben", "ben-1", "2025-05-03")
    # two subscriptions, whose names stay
    system.bill("dora", "base", months(1, 4), 9000)
    system.bill("dora", "addon", months(2, 4), 1500)
    # had left and come back long before
    system.bill("eve", "eve-1", months(1, 1), 4000)
    system.cancel("eve", "eve-1", "2025-02-01")
    system.bill("eve", "eve-2", months(3, 4), 4500)
    system.cancel("eve", "eve-2", "2025-05-02")
    # left while others moved; before
    system.cancel("fay", "fay-1", "2025-05-15")
    system.bill("jon", "jon-1", months(1, 2), 7000)
    system.cancel("jon", "jon-1", "2025-03-01")
    system.cancel("kim", "kim-1", "2025-05-01")
    return system


def new_system() -> BillingSystem:
    system = BillingSystem("team-monthly")
    for name in MOVED:
        system.customer(name, f"{name.removeprefix('n-').upper()}@Firm.example")
    system.customer("n-hal", "hal@firm.example")
    system.customer("n-gil", "gil@firm.example")
    system.bill("n-ida", "sub-1", months(5, 9))
    # dearer from now on
    system.bill("n-ben", "sub-2", months(5, 9, day=10), 6000)
    system.bill("n-cem", "sub-3", months(5, 9))
    system.bill("n-dora", "base", months(5, 9), 9000)
    system.bill("n-dora", "addon", months(5, 9), 1500)
    system.bill("n-eve", "sub-5", months(5, 9), 4500)
    # bought months after the move
    system.bill("n-eve", "sub-8", months(8, 9), 800)
    # is really back, and really gone
    system.bill("n-jon", "sub-6", months(5, 9, day=20), 7000)
    system.bill("n-kim", "sub-7", months(5, 5))
    system.cancel("n-kim", "sub-7", "2025-05-20")
    system.bill("n-hal", "sub-9", months(5, 9), 1100)
    system.bill("n-gil", "sub-10", months(6, 9))
    return system


def in_one_system() -> dict[str, list[dict[str, Any]]]:
    """Return what would have been imported if there had been one billing system all the time."""
    old, new = old_system(), new_system()
    customers = [*old.customers, *(one for one in new.customers if one["external_id"] not in MOVED)]
    items, events = [], [one for one in old.subscription_events if one["subscription_external_id"] not in HANDOVERS]
    for invoice in [*old.invoices, *new.invoices]:
        for item in invoice["line_items"]:
            items.append({**item, **_renamed(item), "invoice_external_id": invoice["external_id"]})
    events += [{**event, **_renamed(event)} for event in new.subscription_events]
    invoices = [
        {name: value for name, value in {**invoice, **_renamed(invoice)}.items() if name != "line_items"}
        for invoice in [*old.invoices, *new.invoices]
    ]
    return {
        "plans": [*old.plans, *new.plans],
        "customers": customers,
        "invoices": invoices,
        "line_items": items,
        "transactions": [],
        "subscription_events": events,
    }


def _renamed(record: dict[str, Any]) -> dict[str, Any]:
    names = {"customer_external_id": MOVED, "subscription_external_id": CONTINUED}
    return {field: names[field].get(record[field], record[field]) for field in names if field in record}


@pytest.fixture(autouse=True)
def deployment(airflow_db: str, chartmogul_conn: str) -> None:
    """What the example says it needs."""
    from airflow.models.pool import Pool

    Pool.create_or_update_pool("chartmogul", slots=4, description="", include_deferred=False)


@pytest.fixture
def old(client: ChartMogulClient) -> str:
    """The data source of the old system, filled."""
    source = str(client.data_sources.create(name="Old")["uuid"])
    import_billing(client, source, old_system().records(), pace=Pace(poll_interval=0.05)).raise_for_failures()
    return source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the new system has exported."""
    new_system().write(tmp_path / "new")
    return tmp_path / "new"


def run(
    old: str,
    folder: Path,
    day: int = 1,
    choice: str = "Approve",
    around_merge: Callable[[int], None] = lambda seconds: None,
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Run the example, and return the states of its tasks and what people were asked.

    :param around_merge: told how many seconds merges shall take: longer than the metrics must rest.
    """
    dag = runpy.run_path(str(EXAMPLE))["dag"]
    dag.get_task("merged").poke_interval = 1
    dag.get_task("merge").pre_execute = lambda context: around_merge(4)
    dag.get_task("merge").post_execute = lambda context, result=None: around_merge(0)
    conf = {
        "old_data_source": old,
        "new_data_source": "New",
        "change_start": "2025-05-01",
        "change_end": "2025-06-01",
        "folder": str(folder),
    }
    with answering(choice) as questions:
        made = story.run_dag(dag, conf, datetime(2025, 10, day, tzinfo=UTC))
    return {ti.task_id: str(ti.state) for ti in made.get_task_instances()}, questions


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]


def held(client: ChartMogulClient) -> dict[str, Any]:
    """Return what people see of the account."""
    customers = sorted(client.customers.list(), key=lambda one: str(one["uuid"]))
    return {
        "customers": customers,
        "subscriptions": [list(client.subscriptions.list(one["uuid"])) for one in customers],
        "invoices": sorted(one["uuid"] for one in client.invoices.list()),
        "activities": list(client.activities.list()),
        "metrics": observed_series(client, *YEAR),
    }


def test_it_is_as_if_there_had_been_one_billing_system(client: ChartMogulClient, old: str, folder: Path) -> None:
    states, questions = run(old, folder)
    assert set(states.values()) == {"success"}
    assert len(states) == (13 if ASKS else 12)
    assert observed_series(client, *YEAR) == ExpectedMetrics(in_one_system()).all_series(*YEAR)

    moved = client.activities.list(start_date=date(2025, 5, 1), end_date=date(2025, 5, 31))
    by_type = {kind: set[str]() for kind in ("churn", "reactivation", "new_biz", "expansion", "contraction")}
    for one in moved:
        by_type[one["type"]].add(one["customer-external-id"])
    assert by_type == {
        "churn": {"fay", "kim"},
        "reactivation": {"jon"},
        # stands apart until people decide
        "new_biz": {"n-hal"},
        "expansion": {"ben"},
        "contraction": set(),
    }

    names = {one["external_id"]: one["external_ids"] for one in client.customers.list()}
    assert names == {
        **{mine: [mine, theirs] for theirs, mine in MOVED.items()},
        **{name: [name] for name in ("fay", "hal", "hal-again", "n-hal", "n-gil")},
    }
    (unclear,) = lines(folder, "ambiguous_customers")
    assert (unclear["matched"], [one["name"] for one in unclear["from"]]) == ("hal@firm.example", ["N-Hal"])
    assert sorted(one["external_ids"] for one in unclear["into"]) == [["hal"], ["hal-again"]]
    connected = {tuple(one["external_ids"]) for one in lines(folder, "continued_subscriptions")}
    assert connected == {(mine, theirs) for theirs, mine in CONTINUED.items()} | {("base", "base"), ("addon", "addon")}
    assert lines(folder, "ambiguous_subscriptions") == []
    if ASKS:
        (question,) = questions
        assert question["subject"] == "Merge 7 customers into those of the old billing system?"
        assert f"{folder}/duplicate_customers.jsonl" in question["body"]
        assert f"1, which are in {folder}/ambiguous_customers.jsonl" in question["body"]


def test_another_run_changes_nothing_and_asks_nobody(client: ChartMogulClient, old: str, folder: Path) -> None:
    run(old, folder)
    before = held(client)
    states, questions = run(old, folder, day=2, choice="Reject")
    assert {task for task, state in states.items() if state == "skipped"} == MERGING
    assert {state for task, state in states.items() if task not in MERGING} == {"success"}
    assert questions == []
    assert held(client) == before


def test_the_new_system_goes_on_with_merged_customers(client: ChartMogulClient, old: str, folder: Path) -> None:
    run(old, folder)
    before = held(client)
    (source,) = [one["uuid"] for one in client.data_sources.list() if one["name"] == "New"]
    system = new_system()
    system.bill("n-ida", "sub-1", months(10, 10))
    import_billing(client, source, system.records(), pace=Pace(poll_interval=0.05)).raise_for_failures()
    after = held(client)
    assert len(after["invoices"]) == len(before["invoices"]) + 1
    assert after["activities"] == before["activities"]
    assert after["metrics"] == before["metrics"]


def test_who_is_asked_may_refuse(client: ChartMogulClient, emulator: Emulator, old: str, folder: Path) -> None:
    states, questions = run(old, folder, choice="Reject")
    if not ASKS:
        assert "approve" not in states
        return
    assert len(questions) == 1
    asked = {"new_data_source", "import_billing", "import_settled", "duplicates", "anybody_to_merge", "approve"}
    assert {task for task, state in states.items() if state == "success"} == asked
    assert {state for task, state in states.items() if task not in asked} == {"skipped"}
    assert len(list(client.customers.list())) == len(old_system().customers) + len(new_system().customers)
    assert not [name for name in emulator.stats()["requests_by_operation"] if "merges" in name or "connect" in name]

    states, _ = run(old, folder, day=2)
    assert set(states.values()) == {"success"}
    assert observed_series(client, *YEAR) == ExpectedMetrics(in_one_system()).all_series(*YEAR)


def test_it_waits_until_the_merges_have_taken_effect(
    client: ChartMogulClient, emulator: Emulator, old: str, folder: Path
) -> None:
    states, _ = run(old, folder, around_merge=lambda seconds: emulator.configure(processing_ms=1000 * seconds))
    assert set(states.values()) == {"success"}
    assert observed_series(client, *YEAR) == ExpectedMetrics(in_one_system()).all_series(*YEAR)


def test_it_fails_where_somebody_still_seems_to_have_left(client: ChartMogulClient, old: str, folder: Path) -> None:
    system = new_system()
    # two for one: not clear which of them goes on
    system.bill("n-ben", "sub-2b", months(5, 9, day=10), 100)
    system.write(folder)
    states, _ = run(old, folder)
    assert {task for task, state in states.items() if state != "success"} == {"no_false_churn"}
    (unclear,) = lines(folder, "ambiguous_subscriptions")
    names = [{one["external_id"] for one in unclear[side]} for side in ("old", "new")]
    assert names == [{"ben-1"}, {"sub-2", "sub-2b"}]

    subscriptions = [
        {"data_source_uuid": one["data_source_uuid"], "uuid": one["uuid"]}
        for one in client.subscriptions.list_imported(unclear["customer_uuid"])
        if one["external_id"] in ("ben-1", "sub-2")
    ]
    client.subscriptions.connect(unclear["customer_uuid"], subscriptions)
    states, _ = run(old, folder, day=2)
    assert states["no_false_churn"] == "success"
