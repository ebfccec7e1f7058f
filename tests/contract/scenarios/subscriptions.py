"""Scenarios of subscriptions and subscription events."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.contract.account import Account, Record
    from tests.contract.scenarios import Steps


def list_customer_subscriptions(a: Account) -> Steps:
    listed = yield {"customer_uuid": a.paying}
    assert [(row["external_id"], row["mrr"], row["status"]) for row in listed] == [("sub-1", 5000, "active")]


def list_customer_import_subscriptions(a: Account) -> Steps:
    listed = yield {"customer_uuid": a.paying}
    assert [(row["external_id"], row["cancellation_dates"]) for row in listed] == [("sub-1", [])]


def cancel_subscription(a: Account) -> Steps:
    imported = a.client.subscriptions.list_imported(a.paying).first()
    assert imported is not None
    assert a.mrr() == 5000
    cancelled = yield {"subscription_uuid": imported["uuid"], "cancelled_at": "2026-02-20T00:00:00Z"}
    assert [date[:10] for date in cancelled["cancellation_dates"]] == ["2026-02-20"]
    assert a.mrr() == 0


def _two_subscriptions(a: Account) -> list[dict[str, str]]:
    """Let the paying customer move from one subscription to another, with a gap of a month."""
    period = {"service_period_start": "2026-01-10T00:00:00Z", "service_period_end": "2026-02-10T00:00:00Z"}
    moved = {"service_period_start": "2026-03-10T00:00:00Z", "service_period_end": "2026-04-10T00:00:00Z"}
    ended = a.line_item("old", cancelled_at="2026-02-10T00:00:00Z", **period)
    a.bill(a.lead, "inv-old", line_items=[ended])
    a.bill(a.lead, "inv-new", date="2026-03-10", line_items=[a.line_item("new", **moved)])
    return [a.named("sub-old"), a.named("sub-new")]


def _movements(a: Account) -> list[str]:
    return [row["type"] for row in a.client.activities.list(order="date") if row["customer-uuid"] == a.lead]


def connect_subscriptions(a: Account) -> Steps:
    subscriptions = _two_subscriptions(a)
    assert _movements(a) == ["new_biz", "churn", "reactivation"]
    assert (yield {"customer_uuid": a.lead, "subscriptions": subscriptions}) is None
    assert len(list(a.client.subscriptions.list(a.lead))) == 1


def disconnect_subscriptions(a: Account) -> Steps:
    subscriptions = _two_subscriptions(a)
    before = sorted(row["external_id"] for row in a.client.subscriptions.list(a.lead))
    a.client.subscriptions.connect(a.lead, subscriptions)
    assert (yield {"customer_uuid": a.lead, "subscriptions": subscriptions}) is None
    assert sorted(row["external_id"] for row in a.client.subscriptions.list(a.lead)) == before
    assert _movements(a) == ["new_biz", "churn", "reactivation"]


def create_subscription_event(a: Account) -> Steps:
    made = yield a.event_draft("evt-1")
    assert isinstance(made["id"], int)
    assert a.mrr() == 0, "the subscription is cancelled"


def list_subscription_events(a: Account) -> Steps:
    made = a.event
    a.client.subscription_events.create(**a.event_draft("evt-2", event_date="2026-02-25", effective_date="2026-02-25"))
    listed = yield {"external_id": "evt-1"}
    assert [row["id"] for row in listed] == [made["id"]]


def update_subscription_event(a: Account) -> Steps:
    made = a.event
    changed = yield {"id": made["id"], "effective_date": "2026-03-05T00:00:00Z"}
    assert changed["effective_date"].startswith("2026-03-05")
    assert a.mrr() == 5000, "at the end of February it was still there"


def delete_subscription_event(a: Account) -> Steps:
    named = a.named(a.event["external_id"])
    assert (yield named) is None
    assert list(a.client.subscription_events.list()) == []
    assert a.mrr() == 5000


def disable_subscription_event(a: Account) -> Steps:
    b = a.automatic()
    yield from _disabled(b, {"subscription_event_id": b.event["id"]})


def disable_subscription_event_by_external_id(a: Account) -> Steps:
    b = a.automatic()
    yield from _disabled(b, b.named(b.event["external_id"]))


def _disabled(b: Account, named: Record) -> Steps:
    assert b.mrr() == 5000, "one of the two subscriptions is cancelled"
    assert (yield {**named, "disabled": True})["disabled"] is True
    assert b.mrr() == 10000
    assert list(b.client.subscription_events.list()) == []
