"""Walk through the invoices of the source, customer by customer, beside those that ChartMogul has."""

from __future__ import annotations

import itertools
import json
import logging
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.reconcile.findings import parts_beside
from airflow_provider_chartmogul.reconcile.invoices import as_sent, compare, totals
from airflow_provider_chartmogul.reconcile.values import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.journal import Journal
    from airflow_provider_chartmogul.reconcile.findings import Findings
    from airflow_provider_chartmogul.reconcile.implied import Implied
    from airflow_provider_chartmogul.reconcile.sums import Sums
    from airflow_provider_chartmogul.reconcile.window import Window

log = logging.getLogger(__name__)

_OURS: Final = """
SELECT r.customer, r.id, r.external_id, r.body, h.uuid, h.customer, h.moment, h.errors, h.body
FROM records r LEFT JOIN held_invoices h ON h.external_id = r.external_id
WHERE r.kind = 'invoices' AND r.state IS NULL ORDER BY r.customer, r.moment, r.external_id, r.id
"""
"""In the order in which an import sends them."""


class Billing:
    """Compares invoices.

    :param journal: with both sides.
    :param findings: where differences go.
    :param window: which invoices count, by their dates on either side.
    :param with_transactions: whether the source knows of payments.
    """

    def __init__(self, journal: Journal, findings: Findings, window: Window, *, with_transactions: bool) -> None:
        self.compared = 0
        self._journal = journal
        self._findings = findings
        self._window = window
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
        for _, record, external_id, body, uuid, owner, held_moment, errors, held in rows:
            beside = parts_beside(self._journal, external_id) if self._beside else ()
            ours = as_sent(json.loads(body), beside)
            when = moment(ours["date"])
            if when in self._window:
                sums.take(customer, when[:7], ours["currency"], astuple(totals(ours)))
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
                    self._note_different(record, names, ours, theirs)
            yield ours

    def _note_refused(self, record: int, names: Record, errors: dict[str, str]) -> None:
        for field, message in errors.items():
            self._findings.note("refused", "invoice", **names, field=field or None, message=message)
        self._findings.fix(record)

    def _note_different(self, record: int, names: Record, ours: Record, theirs: Record) -> None:
        found = list(compare(ours, theirs, with_transactions=self._with_transactions))
        for field, mine, its in found:
            self._findings.note(
                "different",
                "invoice",
                **names,
                currency=ours["currency"],
                field=field,
                source_value=mine,
                chartmogul_value=its,
            )
        if found:
            self._findings.fix(record, replaces=True)

    def _note_extra(self) -> None:
        """Note what only ChartMogul has. What is bad in the source is there all the same, and not too many here."""
        unnamed = self._journal.one(
            "SELECT 1 FROM records WHERE kind IN ('invoices', 'records') AND external_id IS NULL LIMIT 1"
        )
        extra = 0
        for uuid, external_id, customer, when, currency in self._journal.ask(
            """SELECT h.uuid, h.external_id, h.customer, h.moment, h.currency FROM held_invoices h
            WHERE h.moment >= ? AND h.moment < ? AND NOT EXISTS
            (SELECT 1 FROM records r WHERE r.kind = 'invoices' AND r.external_id = h.external_id)""",
            (self._window.start, self._window.end),
        ):
            self._findings.note(
                "extra",
                "invoice",
                uuid,
                customer_external_id=customer,
                month=when[:7],
                currency=currency,
                external_id=external_id,
                chartmogul_value=uuid,
                message="may be one that could not be read in the source" if unnamed else None,
            )
            extra += 1
            if not unnamed:
                self._findings.remove(external_id, uuid)
        if extra and unnamed:
            log.warning("Invoices of the source could not be read: which of %d in ChartMogul are extra is open", extra)
