"""Walk through the invoices of the source, customer by customer, beside those that ChartMogul has."""

from __future__ import annotations

import itertools
import json
import logging
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.reconcile.caution import FINAL
from airflow_provider_chartmogul.reconcile.findings import parts_beside
from airflow_provider_chartmogul.reconcile.invoices import TERMS, as_sent, carried, compare, totals
from airflow_provider_chartmogul.reconcile.values import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.journal import Journal
    from airflow_provider_chartmogul.reconcile.caution import Caution
    from airflow_provider_chartmogul.reconcile.findings import Findings
    from airflow_provider_chartmogul.reconcile.implied import Implied
    from airflow_provider_chartmogul.reconcile.sums import Sums
    from airflow_provider_chartmogul.reconcile.window import Window

log = logging.getLogger(__name__)

_OURS: Final = """
SELECT r.customer, r.id, r.external_id, r.body,
    h.uuid, h.customer, h.customer_uuid, h.moment, h.status, h.errors, h.body
FROM records r LEFT JOIN held_invoices h ON h.uuid = (SELECT s.uuid FROM held_invoices s
    WHERE s.external_id = r.external_id ORDER BY s.errors IS NOT NULL, s.uuid LIMIT 1)
WHERE r.kind = 'invoices' AND r.state IS NULL ORDER BY r.customer, r.moment, r.external_id, r.id
"""
"""In the order in which an import sends them; a refused one may stand beside a good one of the same name."""

_EXTRA: Final = """
FROM held_invoices h WHERE h.moment >= ? AND h.moment < ? AND h.status IS NOT 'voided' AND NOT EXISTS
(SELECT 1 FROM records r WHERE r.kind = 'invoices' AND r.external_id = h.external_id)
"""
"""What is bad in the source is there all the same; what is voided does not count."""


@dataclass(frozen=True, slots=True)
class _Held:
    """An invoice as ChartMogul has it."""

    uuid: str
    customer_uuid: str
    status: str | None
    body: Record


class Billing:
    """Compares invoices.

    :param journal: with both sides.
    :param findings: where differences go.
    :param window: which invoices count, by their dates on either side.
    :param caution: tells what had better stay as it is.
    :param with_transactions: whether the source gives the payments of all invoices; else of those that have them.
    """

    def __init__(
        self, journal: Journal, findings: Findings, window: Window, caution: Caution, *, with_transactions: bool
    ) -> None:
        self.compared = 0
        self._journal = journal
        self._findings = findings
        self._window = window
        self._caution = caution
        self._with_transactions = with_transactions
        self._beside = journal.one("SELECT 1 FROM records WHERE invoice IS NOT NULL LIMIT 1") is not None

    def compare(self, sums: Sums, implied: Implied | None) -> None:
        """Compare all invoices of the source, and let others see them on the way.

        :param sums: adds them up.
        :param implied: works out the MRR of each customer.
        """
        for customer, rows in itertools.groupby(self._journal.ask(_OURS), key=lambda row: row[0]):
            invoices = self._compared(customer, rows, sums)
            if implied is not None:
                implied.take(customer, invoices)
            for _ in invoices:
                pass
        sums.flush()
        self._note_extra()

    def _compared(self, customer: str, rows: Iterator[tuple[Any, ...]], sums: Sums) -> Iterator[Record]:
        for _, record, external_id, body, uuid, owner, customer_uuid, held_moment, status, errors, held in rows:
            given = json.loads(body)
            beside = list(parts_beside(self._journal, external_id)) if self._beside else []
            kinds = {kind for kind, _ in beside} | given.keys()
            known = self._with_transactions or "transactions" in kinds
            ours = as_sent(given, beside)
            when = moment(ours["date"])
            if when in self._window:
                sums.take(customer, when[:7], ours["currency"], astuple(totals(ours)), known=known)
            if when in self._window or (held_moment is not None and held_moment in self._window):
                self.compared += 1
                names = {"customer_external_id": customer, "month": when[:7], "external_id": external_id}
                if uuid is None:
                    self._findings.note("missing", "invoice", **names, currency=ours["currency"])
                    self._findings.fix(record)
                elif errors:
                    self._note_refused(record, names, json.loads(errors))
                else:
                    # an owner that nobody knows is not compared
                    theirs = {**json.loads(held), "customer_external_id": owner or customer}
                    self._note_different(record, names, ours, _Held(uuid, customer_uuid, status, theirs), known=known)
            yield ours

    def _note_refused(self, record: int, names: Record, errors: dict[str, str]) -> None:
        for field, message in errors.items():
            self._findings.note("refused", "invoice", **names, field=field or None, message=message)
        self._findings.fix(record)

    def _note_different(self, record: int, names: Record, ours: Record, held: _Held, *, known: bool) -> None:
        names = {**names, "currency": ours["currency"]}
        if held.status == "voided":
            if ours.get("status") != "voided":
                self._findings.note("voided", "invoice", **names, chartmogul_value="voided", message=FINAL["voided"])
            return
        found = list(compare(ours, held.body, with_transactions=known))
        reason = self._offer(record, ours, held, {field for field, _, _ in found}) if found else None
        for field, mine, its in found:
            values = {"source_value": mine, "chartmogul_value": its}
            self._findings.note("different", "invoice", **names, field=field, **values, message=reason)

    def _offer(self, record: int, ours: Record, held: _Held, fields: set[str]) -> str | None:
        """Note what would mend an invoice, or return why nothing is to."""
        if fields <= set(TERMS):
            reason = self._caution.before_update(ours, held.status)
            if reason is None:
                self._findings.update(record, held.uuid)
            return reason
        reason = self._caution.before_replacing(ours, held.body, held.uuid, held.customer_uuid, held.status)
        if reason is None:
            self._findings.fix(record, held=held.uuid, carried=carried(ours, held.body))
        return reason

    def _note_extra(self) -> None:
        bounds = (self._window.start, self._window.end)
        extra = self._journal.one(f"SELECT count(*) {_EXTRA}", bounds)
        if not extra:
            return
        reason = self._caution.before_deleting(self._window) or self._caution.too_many(extra)
        question = f"SELECT h.uuid, h.external_id, h.customer, h.moment, h.currency {_EXTRA}"
        for uuid, external_id, customer, when, currency in self._journal.ask(question, bounds):
            self._findings.note(
                "extra",
                "invoice",
                uuid,
                customer_external_id=customer,
                month=when[:7],
                currency=currency,
                external_id=external_id,
                chartmogul_value=uuid,
                message=reason,
            )
            if reason is None:
                self._findings.remove(external_id, uuid)
        if reason is not None:
            log.warning("No invoice that only ChartMogul has is offered for deletion: each of %d %s", extra, reason)
