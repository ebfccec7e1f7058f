"""What might do harm: an invoice that is replaced or deleted takes with it what only ChartMogul knows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.imports.records import PARTS
from airflow_provider_chartmogul.imports.result import allowed_of
from airflow_provider_chartmogul.reconcile.invoices import lost
from airflow_provider_chartmogul.reconcile.values import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.journal import Journal
    from airflow_provider_chartmogul.reconcile.window import Window

FINAL: Final[Mapping[str, str]] = {
    "voided": "is voided in ChartMogul, which cannot be taken back",
    "written_off": "is written off in ChartMogul, which cannot be taken back",
}
"""States of invoices that stay, and why these are not changed."""

_AUTOMATIC: Final = "is of a data source that is no custom one, and is not to be changed by the API"
_UNPLACED: Final = """
SELECT 1 FROM records r WHERE r.kind NOT IN ('plans', 'customers', 'invoices', 'subscription_events')
AND (r.kind NOT IN ('line_items', 'transactions') OR (r.state IS NOT NULL AND NOT EXISTS
    (SELECT 1 FROM records i WHERE i.kind = 'invoices' AND i.external_id = r.invoice))) LIMIT 1
"""
"""Bad records that may be a part of any invoice."""


class Caution:
    """Tells why an invoice of ChartMogul had better stay as it is.

    :param journal: with both sides.
    :param client: client of the account.
    :param is_custom: whether the data source is one that the API may change.
    :param max_extra: how many invoices may be one too many; below 1, which share of those in ChartMogul.
    """

    def __init__(self, journal: Journal, client: ChartMogulClient, *, is_custom: bool, max_extra: float) -> None:
        self._journal = journal
        self._client = client
        self._is_custom = is_custom
        self._max_extra = max_extra
        self._unplaced = journal.one(_UNPLACED) is not None
        self._ended: tuple[str | None, dict[str, set[str]], bool] = (None, {}, False)

    def before_update(self, ours: Record, status: str | None) -> str | None:
        """Return why the terms of an invoice are not to be changed, if anything speaks against it.

        :param ours: that of the source.
        :param status: that of ChartMogul's.
        """
        if not self._is_custom:
            return _AUTOMATIC
        if status is not None and status in FINAL:
            return FINAL[status]
        for table, where in (("records", "kind = 'invoices' AND"), ("held_invoices", "")):
            question = f"SELECT count(*) FROM {table} WHERE {where} external_id = ?"  # noqa: S608 - our own names
            if self._journal.one(question, (ours["external_id"],)) > 1:
                return f"is there twice in {'the source' if table == 'records' else 'ChartMogul'}"
        return None

    def before_replacing(
        self, ours: Record, theirs: Record, uuid: str, customer_uuid: str, status: str | None
    ) -> str | None:
        """Return why an invoice is not to give way to that of the source, if anything speaks against it.

        :param ours: that of the source.
        :param theirs: that of ChartMogul.
        :param uuid: names it.
        """
        if reason := self.before_update(ours, status):
            return reason
        if self._unplaced:
            return "may lack a part that could not be read in the source, or whose invoice is not known"
        if name := lost(ours, theirs):
            return f"has {name} in ChartMogul, which the source does not give and replacing it would lose"
        for kind in PARTS:
            for part in ours[kind]:
                if self._journal.one(
                    "SELECT 1 FROM held_parts WHERE kind = ? AND external_id = ? AND invoice <> ?",
                    (kind, part["external_id"], uuid),
                ):
                    return f"has {kind}[{part['external_id']}], which another invoice has in ChartMogul"
        return self._lost_subscriptions(ours, theirs, customer_uuid)

    def before_deleting(self, window: Window) -> str | None:
        """Return why no invoice that only ChartMogul has is to be deleted, if anything speaks against it."""
        if not self._is_custom:
            return _AUTOMATIC
        unnamed = "SELECT 1 FROM records WHERE kind = 'invoices' AND external_id IS NULL LIMIT 1"
        if self._unplaced or self._journal.one(unnamed):
            return "may be one that could not be read in the source"
        if not window.is_all:
            return "may be one whose date lies outside of the window in the source"
        if not self._journal.one(
            """SELECT 1 FROM records r JOIN held_invoices h ON h.external_id = r.external_id
            WHERE r.kind = 'invoices' AND r.state IS NULL LIMIT 1"""
        ):
            return "is of a data source that has no invoice in common with the source"
        return None

    def too_many(self, extra: int) -> str | None:
        """Return why so many invoices are not to be deleted, if they are too many."""
        total = self._journal.one("SELECT count(*) FROM held_invoices")
        allowed = allowed_of(self._max_extra, total)
        return f"is one of {extra}, and max_extra allows {allowed} of {total}" if extra > allowed else None

    def _lost_subscriptions(self, ours: Record, theirs: Record, customer_uuid: str) -> str | None:
        """A subscription may go with the invoice, and with it what was done to it by other means than records."""
        if self._ended[0] != customer_uuid:
            self._ended = (customer_uuid, *self._asked(customer_uuid))
        _, ended, connected = self._ended
        if connected:
            return "has a customer whose subscriptions may be connected, and might come apart"
        known = self._cancellations(ours)
        for item in theirs["line_items"]:
            name = item.get("subscription_external_id")
            if ended.get(name, set()) - known.get(name, set()):
                return f"has subscription {name}, which has ended in ChartMogul by no event or line item of the source"
        return None

    def _asked(self, customer_uuid: str) -> tuple[dict[str, set[str]], bool]:
        """Return when the subscriptions of a customer have ended, and whether some may be connected."""
        ended: dict[str, set[str]] = {}
        try:
            imported = list(self._client.subscriptions.list_imported(customer_uuid))
            shown = sum(1 for _ in self._client.subscriptions.list(customer_uuid))
        except ChartMogulNotFoundError:
            return {}, True
        for one in imported:
            dates = {_second(date) for date in one.get("cancellation_dates") or ()}
            ended.setdefault(one.get("external_id") or "", set()).update(dates)
        return ended, shown < len(imported)

    def _cancellations(self, ours: Record) -> dict[str, set[str]]:
        """Return when subscriptions end by what the source says of them."""
        known: dict[str, set[str]] = {}
        for item in ours["line_items"]:
            if item.get("cancelled_at"):
                known.setdefault(item.get("subscription_external_id"), set()).add(_second(item["cancelled_at"]))
        for (body,) in self._journal.ask(
            "SELECT body FROM records WHERE customer = ? AND kind = 'subscription_events' AND state IS NULL",
            (ours["customer_external_id"],),
        ):
            event: dict[str, Any] = json.loads(body)
            if event["event_type"] == "subscription_cancelled":
                known.setdefault(event["subscription_external_id"], set()).add(_second(event["effective_date"]))
        return known


def _second(instant: str) -> str:
    """Return an instant to the second, which is how events tell it."""
    return moment(instant)[:19]
