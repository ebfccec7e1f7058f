"""See what is wrong with records that are each sound by themselves: names used twice, names that name nothing."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.client.fields import table
from airflow_provider_chartmogul.imports.records import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.imports.journal import Journal

Fault = tuple[int, str, "str | None", str, str]

_ORPHAN: Final = (
    "names an invoice that is not among the records; what belongs to an invoice that ChartMogul has is sent one by one"
)

_HELD_BACK: Final = (
    # plans, first: what names a bad one is bad
    (
        """SELECT r.id, r.kind, r.external_id, n.field, 'names a plan that is rejected' FROM plans_named n
        JOIN records r ON r.id = n.record JOIN records p ON p.kind = 'plans' AND p.external_id = n.plan
        WHERE r.state IS NULL AND p.state = 'rejected'
        AND NOT EXISTS (SELECT 1 FROM records g WHERE g.kind = 'plans' AND g.external_id = n.plan
                        AND ifnull(g.state, '') <> 'rejected') GROUP BY r.id"""
    ),
    (
        """SELECT r.id, r.kind, r.external_id, 'customer_external_id', 'names a customer that is rejected'
        FROM records c JOIN records r ON r.customer = c.customer
        WHERE c.kind = 'customers' AND c.state = 'rejected' AND r.state IS NULL
        AND r.kind IN ('invoices', 'subscription_events')
        AND NOT EXISTS (SELECT 1 FROM records g WHERE g.kind = 'customers' AND g.external_id = c.external_id
                        AND ifnull(g.state, '') <> 'rejected') GROUP BY r.id"""
    ),
    (
        """SELECT i.id, i.kind, i.external_id, p.kind, 'has a part that is rejected, in ' || p.kind || ' record '
        || p.position FROM records p JOIN records i ON i.kind = 'invoices' AND i.external_id = p.invoice
        WHERE p.invoice IS NOT NULL AND p.state = 'rejected' AND i.state IS NULL GROUP BY i.id"""
    ),
    (
        """SELECT p.id, p.kind, p.external_id, 'invoice_external_id', 'names an invoice that is rejected'
        FROM records p WHERE p.invoice IS NOT NULL AND p.state IS NULL AND NOT EXISTS
        (SELECT 1 FROM records i WHERE i.kind = 'invoices' AND i.external_id = p.invoice
        AND ifnull(i.state, '') <> 'rejected')"""
    ),
)


def check_together(journal: Journal, max_bytes: int) -> None:
    """Reject what cannot be sent beside the other records.

    :param max_bytes: most bytes of an invoice with all its parts.
    """
    journal.reject(_duplicates(journal))
    journal.reject(_duplicate_parts(journal))
    journal.reject(_orphans(journal))
    _adopt_parts(journal)
    journal.reject(_empty_invoices(journal))
    journal.reject(_overpaid(journal))
    journal.change("DELETE FROM doubts")
    journal.reject(_too_large(journal, max_bytes))
    hold_back(journal)


def reject_unknown_plans(journal: Journal) -> None:
    """Reject what names a plan that neither the records nor the data source has.

    The API would store such records, marked as failed and hidden, instead of refusing them.
    """
    journal.reject(
        journal.ask(
            """SELECT r.id, CASE r.kind WHEN 'invoices' THEN 'line_items' ELSE r.kind END, r.external_id, n.field,
            'names plan ''' || n.plan || ''', which is neither among the records nor in the data source'
            FROM plans_named n JOIN records r ON r.id = n.record
            WHERE r.state IS NULL
            AND n.plan NOT IN (SELECT external_id FROM records WHERE kind = 'plans' AND external_id IS NOT NULL)
            AND n.plan NOT IN (SELECT external_id FROM there WHERE kind = 'plans')"""
        )
    )


def reject_unknown_customers(journal: Journal) -> None:
    """Reject what names a customer that neither the records nor, as far as was asked, the data source has."""
    journal.reject(
        journal.ask(
            """SELECT r.id, r.kind, r.external_id, 'customer_external_id',
            'names a customer that is neither among the records nor in the data source'
            FROM records r WHERE r.state IS NULL AND r.kind IN ('invoices', 'subscription_events')
            AND NOT EXISTS (SELECT 1 FROM records c WHERE c.kind = 'customers' AND c.external_id = r.customer)
            AND NOT EXISTS (SELECT 1 FROM there t WHERE t.kind = 'customers' AND t.external_id = r.customer)"""
        )
    )


def hold_back(journal: Journal) -> None:
    """Reject what hangs on a rejected record, and what hangs on that: without it, it would be wrong or refused."""
    found = True
    while found:
        found = False
        for question in _HELD_BACK:
            found = journal.reject(journal.ask(question), consequence=True) > 0 or found


def _duplicates(journal: Journal) -> Iterator[Fault]:
    # parts of invoices are looked at with those that stand in an invoice
    yield from journal.ask(
        """SELECT r.id, r.kind, r.external_id, 'external_id', 'is used before, in record ' || f.position
        || CASE f.place WHEN '' THEN '' ELSE ' (' || f.place || ')' END
        FROM (SELECT kind, external_id, min(id) AS first FROM records
              WHERE external_id IS NOT NULL AND kind NOT IN ('line_items', 'transactions')
              GROUP BY kind, external_id HAVING count(*) > 1) d
        JOIN records f ON f.id = d.first
        JOIN records r ON r.kind = d.kind AND r.external_id = d.external_id AND r.id <> d.first"""
    )


def _duplicate_parts(journal: Journal) -> Iterator[Fault]:
    yield from journal.ask(
        """SELECT p.record, p.kind, p.external_id, p.field, 'is used before, in ' || f.kind || ' record ' || f.position
        FROM (SELECT kind, external_id, min(rowid) AS first FROM parts
              GROUP BY kind, external_id HAVING count(*) > 1) d
        JOIN parts p ON p.kind = d.kind AND p.external_id = d.external_id AND p.rowid <> d.first
        JOIN parts o ON o.rowid = d.first JOIN records f ON f.id = o.record"""
    )


def _orphans(journal: Journal) -> Iterator[Fault]:
    yield from journal.ask(
        """SELECT p.id, p.kind, p.external_id, 'invoice_external_id', ? FROM records p
        WHERE p.invoice IS NOT NULL AND p.state IS NULL AND NOT EXISTS
        (SELECT 1 FROM records i WHERE i.kind = 'invoices' AND i.external_id = p.invoice)""",
        (_ORPHAN,),
    )


def _adopt_parts(journal: Journal) -> None:
    """Let parts that are records of their own go where their invoice goes, and count for it."""
    if journal.one("SELECT 1 FROM records WHERE invoice IS NOT NULL LIMIT 1") is None:
        return
    journal.change(
        """UPDATE records SET (customer, moment) = (SELECT i.customer, i.moment FROM records i
        WHERE i.kind = 'invoices' AND i.external_id = records.invoice) WHERE invoice IS NOT NULL"""
    )
    journal.change(
        """UPDATE records SET items = items + (SELECT count(*) FROM records p
        WHERE p.invoice = records.external_id AND p.kind = 'line_items') WHERE kind = 'invoices'"""
    )


def _empty_invoices(journal: Journal) -> Iterator[Fault]:
    yield from journal.ask(
        """SELECT id, kind, external_id, 'line_items', 'must hold at least one line item' FROM records
        WHERE kind = 'invoices' AND state IS NULL AND items = 0"""
    )


def _overpaid(journal: Journal) -> Iterator[Fault]:
    """Yield invoices that are paid, or paid back, more than all their line items add up to."""
    yield from journal.ask(
        """SELECT r.id, r.kind, r.external_id, 'transactions', d.reason FROM doubts d JOIN records r ON r.id = d.record
        WHERE r.state IS NULL AND NOT EXISTS (SELECT 1 FROM records p WHERE p.invoice = r.external_id)"""
    )
    rules = table("invoices", bulk=True).rules
    for (record, external_id), rows in itertools.groupby(
        journal.ask(
            """SELECT i.id, i.external_id, i.body, p.kind, p.body FROM records i JOIN records p
            ON p.invoice = i.external_id WHERE i.kind = 'invoices' AND i.state IS NULL AND p.state IS NULL
            ORDER BY i.id"""
        ),
        key=lambda row: row[:2],
    ):
        whole: dict[str, Any] = {}
        for _, _, body, kind, part in rows:
            whole = whole or {name: list(json.loads(body).get(name) or ()) for name in PARTS}
            whole[kind].append(json.loads(part))
        for rule in rules:
            if complaint := rule.judge(whole):
                yield record, "invoices", external_id, rule.field, complaint


def _too_large(journal: Journal, max_bytes: int) -> Iterator[Fault]:
    told = f"takes more than the {max_bytes:,} bytes of one request"
    yield from journal.ask(
        """SELECT r.id, r.kind, r.external_id, '', ? FROM records r
        WHERE r.state IS NULL AND r.size + CASE r.kind WHEN 'invoices' THEN
        ifnull((SELECT sum(p.size) FROM records p WHERE p.invoice = r.external_id), 0) ELSE 0 END > ?""",
        (told, max_bytes),
    )
