"""The MRR that the source implies for each customer, beside the one that ChartMogul shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.moments import as_utc
from airflow_provider_chartmogul.reconcile.findings import NO_DIFFERENCE
from airflow_provider_chartmogul.reconcile.mrr import (
    Cancellation,
    Charge,
    Interval,
    UnclearMrrError,
    implied_mrr,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.journal import Journal
    from airflow_provider_chartmogul.reconcile.findings import Findings

_TABLE: Final = (
    "CREATE TABLE implied (customer TEXT PRIMARY KEY, mrr INTEGER, currency TEXT, unclear TEXT) WITHOUT ROWID"
)
_SIDE_BY_SIDE: Final = """
SELECT c.uuid, c.external_id, c.mrr, c.currency, i.mrr, i.currency, CASE
    WHEN c.parts > 1 THEN 'is merged from several'
    WHEN EXISTS (SELECT 1 FROM records r WHERE r.customer = c.external_id AND r.state IS NOT NULL)
        THEN 'has records in the source that are invalid'
    WHEN EXISTS (SELECT 1 FROM held_invoices h
                 WHERE h.customer = c.external_id AND h.status IN ('voided', 'written_off'))
        THEN 'has invoices that are voided or written off in ChartMogul'
    WHEN i.currency <> c.currency THEN 'is not billed in the currency of the account alone'
    ELSE i.unclear END
FROM held_customers c LEFT JOIN implied i ON i.customer = c.external_id
WHERE i.customer IS NOT NULL OR (c.mrr <> 0 AND EXISTS
    (SELECT 1 FROM records r WHERE r.kind = 'customers' AND r.external_id = c.external_id))
"""


class Implied:
    """Works out the MRR of each customer from the source.

    :param journal: with both sides.
    :param plans: those of ChartMogul by external id, for what the source does not tell of them.
    :param now: what takes effect later does not count yet.
    """

    def __init__(self, journal: Journal, plans: Mapping[str, Record], now: datetime) -> None:
        self.compared = 0
        self._journal = journal
        self._now = now
        self._plans = {name: _interval(plan) for name, plan in plans.items()}
        for name, body in journal.ask("SELECT external_id, body FROM records WHERE kind = 'plans' AND state IS NULL"):
            self._plans[name] = _interval(json.loads(body))
        journal.define(_TABLE)

    def take(self, customer: str, invoices: Iterable[Record]) -> None:
        """Take in all invoices of a customer, in the order in which an import sends them."""
        items: list[Record] = []
        currencies: set[str] = set()
        for invoice in invoices:
            recurring = [item for item in invoice["line_items"] if item["type"] == "subscription"]
            items += recurring
            currencies |= {invoice["currency"]} if recurring else set()
        mrr, unclear = None, None
        try:
            charges = [self._charge(item) for item in items]
            mrr = implied_mrr(charges, list(self._cancellations(customer, items)), self._now)
        except UnclearMrrError as error:
            unclear = str(error)
        except (OverflowError, ValueError):
            unclear = "has dates beyond all calendars"
        # of several currencies one is another than the account's
        currency = "several" if len(currencies) > 1 else "".join(currencies) or None
        self._journal.change("INSERT INTO implied VALUES (?, ?, ?, ?)", (customer, mrr, currency, unclear))

    def compare(self, findings: Findings, client: ChartMogulClient | None = None) -> None:
        """Note each customer whose MRR differs, and each for whom it could not be compared.

        :param client: is asked what has ended in ChartMogul, where the source gives no subscription events.
        """
        for uuid, customer, shown, account, implied, _, unclear in self._journal.ask(_SIDE_BY_SIDE):
            names = {"customer_external_id": customer, "currency": account, "external_id": customer, "field": "mrr"}
            if (
                not unclear
                and client is not None
                and (implied or 0) != shown
                and self._has_ended(client, customer, uuid)
            ):
                unclear = "has subscriptions that have ended in ChartMogul, and the source gives no subscription_events"
            if unclear:
                findings.note(NO_DIFFERENCE, "customer", **names, message=unclear)
                continue
            self.compared += 1
            if (implied or 0) != shown:
                findings.note("mrr", "customer", **names, source_value=implied or 0, chartmogul_value=shown)

    def _has_ended(self, client: ChartMogulClient, customer: str, uuid: str) -> bool:
        if self._journal.one("SELECT 1 FROM held_events WHERE customer = ? LIMIT 1", (customer,)):
            return True
        return any(one.get("cancellation_dates") for one in client.subscriptions.list_imported(uuid))

    def _charge(self, item: Mapping[str, Any]) -> Charge:
        interval = self._plans.get(item["plan_external_id"])
        if interval is None:
            raise UnclearMrrError("has a plan that nobody knows")
        proration = (item.get("proration_type") or "differential") if item.get("prorated") else None
        if proration == "differential_mrr":
            raise UnclearMrrError("has line items of proration type differential_mrr, whose effect is not documented")
        end = item.get("service_period_end")
        return Charge(
            subscription=item["subscription_external_id"],
            interval=interval,
            net=item["amount_in_cents"] - (item.get("tax_amount_in_cents") or 0),
            at=as_utc(item["service_period_start"]),
            end=as_utc(end) if end else None,
            proration=proration,
            order=item.get("event_order") or 0,
        )

    def _cancellations(self, customer: str, items: Sequence[Mapping[str, Any]]) -> Iterator[Cancellation]:
        """Yield what ends subscriptions; where events do, ``cancelled_at`` of line items does not count."""
        by_event: set[str] = set()
        for (body,) in self._journal.ask(
            """SELECT body FROM records WHERE customer = ? AND kind = 'subscription_events' AND state IS NULL
            ORDER BY moment, external_id""",
            (customer,),
        ):
            event = json.loads(body)
            if event["event_type"] == "subscription_cancelled":
                by_event.add(event["subscription_external_id"])
                at, order = as_utc(event["effective_date"]), event.get("event_order") or 0
                yield Cancellation(event["subscription_external_id"], at, order)
        for item in items:
            name = item["subscription_external_id"]
            if item.get("cancelled_at") and name not in by_event:
                yield Cancellation(name, as_utc(item["cancelled_at"]), item.get("event_order") or 0)


def _interval(plan: Mapping[str, Any]) -> Interval:
    return Interval(plan["interval_count"], plan["interval_unit"])
