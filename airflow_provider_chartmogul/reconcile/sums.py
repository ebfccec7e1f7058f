"""Sums by customer, month of the invoice date in UTC, and currency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from airflow_provider_chartmogul.imports.journal import Journal
    from airflow_provider_chartmogul.reconcile.findings import Findings
    from airflow_provider_chartmogul.reconcile.window import Window

_INVOICES: Final = ("invoices", "amount_in_cents")
_TRANSACTIONS: Final = ("payments", "payments_in_cents", "refunds", "refunds_in_cents")
FIELDS: Final = (*_INVOICES, *_TRANSACTIONS)

_TABLE: Final = (
    "CREATE TABLE sums (customer TEXT, month TEXT, currency TEXT, amount, payments, paid, refunds, refunded, known)"
)
_BOTH: Final = """
SELECT customer, month, currency, min(known),
    sum(ours), sum(ours * amount), sum(ours * payments), sum(ours * paid), sum(ours * refunds), sum(ours * refunded),
    sum(1 - ours), sum((1 - ours) * amount), sum((1 - ours) * payments), sum((1 - ours) * paid),
    sum((1 - ours) * refunds), sum((1 - ours) * refunded)
FROM (
    SELECT customer, month, currency, 1 AS ours, amount, payments, paid, refunds, refunded, known FROM sums
    UNION ALL
    SELECT customer, substr(moment, 1, 7), currency, 0, amount, payments, paid, refunds, refunded, NULL
    FROM held_invoices h WHERE errors IS NULL AND moment >= ? AND moment < ?
    AND ifnull((SELECT min(r.state IS NOT NULL) FROM records r
                WHERE r.kind = 'invoices' AND r.external_id = h.external_id), ifnull(h.status = 'voided', 0)) = 0
) GROUP BY customer, month, currency
"""
"""Of both sides; without what ChartMogul refused, what is bad in the source and so not compared, and what is voided in
ChartMogul and not in the source. ``known``: whether the source gives the payments of all its invoices."""


class Sums:
    """Adds the invoices of both sides up.

    :param journal: with both sides.
    """

    def __init__(self, journal: Journal) -> None:
        self.compared = 0
        self._journal = journal
        self._rows: list[tuple[Any, ...]] = []
        journal.define(_TABLE)

    def take(self, customer: str, month: str, currency: str, totals: tuple[int, ...], *, known: bool) -> None:
        """Take in an invoice of the source.

        :param known: whether its payments are given.
        """
        self._rows.append((customer, month, currency, *totals, known))
        if len(self._rows) >= 1_000:
            self.flush()

    def flush(self) -> None:
        """Put everything into the table."""
        self._journal.change_each("INSERT INTO sums VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", self._rows)
        self._rows.clear()

    def compare(self, findings: Findings, window: Window, *, with_transactions: bool) -> None:
        """Note each sum that differs.

        :param with_transactions: whether the source knows of payments, for months in which it has no invoice.
        """
        for customer, month, currency, known, *cells in self._journal.ask(_BOTH, (window.start, window.end)):
            self.compared += 1
            fields = FIELDS if (with_transactions if known is None else known) else _INVOICES
            ours, theirs = cells[: len(FIELDS)], cells[len(FIELDS) :]
            for field, mine, its in zip(fields, ours, theirs, strict=False):
                if mine != its:
                    findings.note(
                        "sum",
                        "month",
                        customer_external_id=customer,
                        month=month,
                        currency=currency,
                        field=field,
                        source_value=mine,
                        chartmogul_value=its,
                    )
