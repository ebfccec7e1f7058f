"""From stored records to computed figures: what the analytics know, when they learn it, and the customer index."""

from __future__ import annotations

import heapq
import time
from bisect import bisect_left, bisect_right, insort
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_chartmogul.emulator import dates
from airflow_provider_chartmogul.emulator.analytics import model
from airflow_provider_chartmogul.emulator.analytics.engine import Analytics
from airflow_provider_chartmogul.emulator.settings import RECLASSIFICATION_SECONDS
from airflow_provider_chartmogul.emulator.store import facts
from airflow_provider_chartmogul.emulator.views.customers import customer_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.emulator.store.ledger import Ledger
    from airflow_provider_chartmogul.emulator.store.records import Customer

_NEVER = datetime.max.replace(tzinfo=UTC)
_MANY = 100

#: Position in the list of customers: leads last, customer-since, numeric id; then the uuid.
Position = tuple[bool, str, int, str]


class Shown(NamedTuple):
    """A customer as it is shown: position in the list, JSON, status, and what was computed for it."""

    position: Position
    json: bytes
    customer: Customer
    status: str
    summary: dict[str, Any]


class _Change(NamedTuple):
    due: float
    order: int
    customer_uuid: str
    data_source_uuid: str | None
    records: int


class Projection:
    """The computed side of the account.

    Records change at once; the figures follow when :meth:`settle` finds the processing lag of a change over.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._changes: list[_Change] = []
        self._order = count()
        self._begin()

    def restart(self) -> None:
        """Compute everything again: the clock, a rate or the account changed."""
        self._begin()
        waiting = {change.customer_uuid for change in self._changes}
        for customer in self._ledger.customers:
            if customer.uuid in waiting:
                self._stale.add(customer.uuid)
            else:
                self._learn(customer.uuid)

    def _begin(self) -> None:
        settings = self._ledger.settings
        account = settings.account
        self.analytics = Analytics(
            model.Account(
                currency=account.currency,
                time_zone=account.time_zone,
                week_start_on=account.week_start_on,
                churn_when_zero_mrr=account.churn_when_zero_mrr,
                proximate_window_seconds=RECLASSIFICATION_SECONDS[account.proximate_movement_reclassification],
            ),
            settings.rate,
        )
        self._known: set[str] = set()
        self._stale: set[str] = set()
        self._shown: dict[str, Shown] = {}
        self._index: list[Position] = []
        self._expiries: list[tuple[datetime, str]] = []

    # Changes

    def touch(self, customer_uuid: str, data_source_uuid: str | None, records: int = 1) -> None:
        """Take note that billing data of a customer changed.

        :param data_source_uuid: where the records count as pending and then as processed; None when they went away.
        """
        due = self._ledger.received_at() + self._ledger.settings.processing_ms / 1000
        heapq.heappush(self._changes, _Change(due, next(self._order), customer_uuid, data_source_uuid, records))
        self.refresh(customer_uuid)

    def refresh(self, customer_uuid: str) -> None:
        """Show a customer anew; its figures did not change."""
        self._stale.add(customer_uuid)

    def forget(self, customer_uuid: str) -> None:
        """Drop a customer that was removed: the record at once, its figures after the lag."""
        self.touch(customer_uuid, None)

    def pending(self, data_source_uuid: str) -> int:
        """Count the records of a source whose lag is not over."""
        return sum(change.records for change in self._changes if change.data_source_uuid == data_source_uuid)

    def settle(self) -> None:
        """Let the figures follow the records whose lag is over."""
        now = time.monotonic()
        changed: dict[str, None] = {}
        while self._changes and self._changes[0].due <= now:
            change = heapq.heappop(self._changes)
            source = self._ledger.data_sources.get(change.data_source_uuid or "")
            if source is not None:
                source.processed += change.records
            changed[change.customer_uuid] = None
        for customer_uuid in changed:
            self._learn(customer_uuid)

    def _learn(self, customer_uuid: str) -> None:
        customer = self._ledger.customers.get(customer_uuid)
        billed = facts.billing_facts(self._ledger, customer) if customer else None
        if billed is not None and billed.line_items:
            self.analytics.put_customer(billed)
            self._known.add(customer_uuid)
        elif customer_uuid in self._known:
            self.analytics.remove_customer(customer_uuid)
            self._known.discard(customer_uuid)
        if customer is not None:
            self._stale.add(customer_uuid)

    def relearn(self, customer: Customer) -> None:
        """Let filters see new tags, attributes or names of a customer at once; they have no processing lag."""
        if customer.uuid in self._known and all(change.customer_uuid != customer.uuid for change in self._changes):
            self._learn(customer.uuid)
        self.refresh(customer.uuid)

    # Shown customers

    def shown(self, customer: Customer) -> Shown:
        """Return a customer as it is shown now."""
        self._update_index()
        return self._shown[customer.uuid]

    def shown_after(self, time_and_id: tuple[str, str] | None) -> Iterator[Shown]:
        """Iterate over customers in list order, from behind the position that a cursor holds."""
        self._update_index()
        start = 0
        if time_and_id is not None:
            since, identifier = time_and_id
            # "~" sorts behind every uuid.
            start = bisect_right(self._index, (not since, since, int(identifier), "~"))
        return (self._shown[self._index[at][3]] for at in range(start, len(self._index)))

    def has_figures(self, customer: Customer) -> bool:
        """Tell whether the analytics know billing data of a customer."""
        self.settle()
        return customer.uuid in self._known

    def _update_index(self) -> None:
        self.settle()
        now = self._ledger.now()
        while self._expiries and self._expiries[0][0] <= now:
            self._stale.add(heapq.heappop(self._expiries)[1])
        many = len(self._stale) > _MANY
        for customer_uuid in self._stale:
            old = self._shown.pop(customer_uuid, None)
            customer = self._ledger.customers.get(customer_uuid)
            if old is not None and not many:
                del self._index[bisect_left(self._index, old.position)]
            if customer is not None:
                self._shown[customer_uuid] = self._show(customer, now)
                if not many:
                    insort(self._index, self._shown[customer_uuid].position)
        if many:
            self._index = sorted(shown.position for shown in self._shown.values())
        self._stale.clear()

    def _show(self, customer: Customer, now: datetime) -> Shown:
        summary = self._summary(customer, now)
        status = customer.lead_status if summary["status"] == "New Lead" else summary["status"]
        since: datetime | None = summary["customer_since"]
        source = self._ledger.data_sources.get(customer.data_source_uuid)
        body = customer_json(
            customer, self._ledger.settings.account.currency, source.system if source else "Custom", summary, status
        )
        expiry = min((at for at in facts.moments(self._ledger, customer) if at > now), default=_NEVER)
        if expiry < _NEVER:
            heapq.heappush(self._expiries, (expiry, customer.uuid))
        position = (since is None, dates.nanos(since) if since else "", customer.seq, customer.uuid)
        return Shown(position, body, customer, status, summary)

    def _summary(self, customer: Customer, now: datetime) -> dict[str, Any]:
        if customer.uuid not in self._known:
            return {"mrr": 0, "arr": 0, "status": "New Lead", "customer_since": None}
        return dict(self.analytics.customer_summary(customer.uuid, now))
