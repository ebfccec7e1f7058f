"""Records that one side has and the other has not: plans, customers, subscription events; and bad ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.imports.given import UNKNOWN_KIND
from airflow_provider_chartmogul.imports.records import PARTS
from airflow_provider_chartmogul.reconcile.held import CONTENT_OF_EVENTS, content_of, meant_of_event
from airflow_provider_chartmogul.reconcile.values import differences, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.journal import Journal
    from airflow_provider_chartmogul.reconcile.findings import Findings
    from airflow_provider_chartmogul.reconcile.window import Window

LEVELS: Final[Mapping[str, str]] = {
    "plans": "plan",
    "customers": "customer",
    "invoices": "invoice",
    **dict.fromkeys(PARTS, "invoice"),
    "subscription_events": "event",
    UNKNOWN_KIND: "record",
}
_INTERVAL: Final = ("interval_count", "interval_unit")
_TERMS_OF_EVENTS: Final = ("plan_external_id", "currency", "amount_in_cents", "tax_amount_in_cents", "quantity")


def note_bad_ones(journal: Journal, findings: Findings, window: Window) -> None:
    """Note the records of the source that are faulty, or hang on faulty ones: nothing can be said of them."""
    for record, kind, position, place, external_id, customer, invoice, when, unread, field, message in journal.ask(
        """SELECT r.id, r.kind, r.position, r.place, r.external_id, r.customer, r.invoice, r.moment, r.body IS NULL,
        p.field, p.message FROM problems p JOIN records r ON r.id = p.record ORDER BY r.id, p.rowid"""
    ):
        if kind != "subscription_events" and when is not None and moment(when) not in window:
            continue
        findings.note(
            "unreadable" if unread else "invalid",
            LEVELS[kind],
            record,
            customer_external_id=customer,
            external_id=invoice if kind in PARTS else external_id,
            field=f"{kind}.{field}".rstrip(".") if kind in PARTS else field or None,
            message=f"{place or f'record {position}'}: {message}",
        )


def compare_plans(journal: Journal, plans: Mapping[str, Record], findings: Findings) -> None:
    """Note plans of the source that ChartMogul does not have, or with another interval, on which MRR depends."""
    for record, external_id, body in journal.ask(
        "SELECT id, external_id, body FROM records WHERE kind = 'plans' AND state IS NULL"
    ):
        if external_id not in plans:
            findings.note("missing", "plan", external_id=external_id)
            findings.fix(record)
            continue
        for field, ours, theirs in differences(_INTERVAL, json.loads(body), plans[external_id]):
            findings.note(
                "different",
                "plan",
                external_id=external_id,
                field=field,
                source_value=ours,
                chartmogul_value=theirs,
            )


def compare_customers(journal: Journal, findings: Findings) -> None:
    """Note customers that only one side has."""
    for record, name in journal.ask(
        """SELECT r.id, r.external_id FROM records r WHERE r.kind = 'customers' AND r.state IS NULL
        AND NOT EXISTS (SELECT 1 FROM held_customers c WHERE c.external_id = r.external_id)"""
    ):
        findings.note("missing", "customer", customer_external_id=name, external_id=name)
        findings.fix(record)
    for name, uuid in journal.ask(
        """SELECT c.external_id, c.uuid FROM held_customers c WHERE NOT EXISTS
        (SELECT 1 FROM records r WHERE r.kind = 'customers' AND r.external_id = c.external_id)"""
    ):
        findings.note("extra", "customer", customer_external_id=name, external_id=name, chartmogul_value=uuid)


def compare_events(journal: Journal, findings: Findings) -> None:
    """Note subscription events that only one side has, or that differ.

    They are told apart by ``external_id``, and by what they say where one side has none of that name.
    """
    journal.change(
        """UPDATE held_events SET record = (SELECT min(r.id) FROM records r
        WHERE r.kind = 'subscription_events' AND r.external_id = held_events.external_id)"""
    )
    _match_by_content(journal, findings)
    for event, external_id, customer, errors, body, state, ours in journal.ask(
        """SELECT h.id, h.external_id, h.customer, h.errors, h.body, r.state, r.body
        FROM held_events h LEFT JOIN records r ON r.id = h.record ORDER BY h.id"""
    ):
        names = {"customer_external_id": customer, "external_id": external_id}
        if ours is None and state is None:
            findings.note("extra", "event", event, **names, chartmogul_value=event)
        elif state is not None:
            continue
        elif errors:
            for field, message in json.loads(errors).items():
                findings.note("refused", "event", event, **names, field=field or None, message=message)
        else:
            for field, mine, its in _event_differences(json.loads(ours), json.loads(body)):
                findings.note(
                    "different", "event", event, **names, field=field, source_value=mine, chartmogul_value=its
                )


def _match_by_content(journal: Journal, findings: Findings) -> None:
    unmatched = journal.ask(
        """SELECT r.id, r.external_id, r.customer, r.body FROM records r
        WHERE r.kind = 'subscription_events' AND r.state IS NULL
        AND NOT EXISTS (SELECT 1 FROM held_events h WHERE h.external_id = r.external_id) ORDER BY r.external_id"""
    )
    for record, external_id, customer, body in unmatched:
        alike = journal.one(
            "SELECT id FROM held_events WHERE content = ? AND record IS NULL ORDER BY external_id, id LIMIT 1",
            (content_of(json.loads(body)),),
        )
        if alike is not None:
            journal.change("UPDATE held_events SET record = ? WHERE id = ?", (record, alike))
        else:
            findings.note("missing", "event", customer_external_id=customer, external_id=external_id)
            findings.fix(record)


def _event_differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    told = [
        (name, meant_of_event(name, ours[name]), meant_of_event(name, theirs[name]))
        for name in CONTENT_OF_EVENTS
        if name in theirs
    ]
    return [one for one in told if one[1] != one[2]] + list(differences(_TERMS_OF_EVENTS, ours, theirs))
