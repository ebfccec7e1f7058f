"""Bulk imports: queued, processing, completed; the work is done once, when the import completes. CSV files are alike.

``status_details`` has a key ``plans`` and one key per customer external id; in each, every kind that was sent has a
status ``imported`` or ``failed``; that is all that is documented. Which records failed and why is told by the listings
with ``validation_type=invalid``, as far as such records are stored.

Two choices of the emulator: line items and transactions of an unknown invoice belong to no customer; they stand under
top-level keys ``line_items`` and ``transactions``, as the plans do. And with the setting ``import_errors`` a failed
kind also has ``errors``: external id of the record -> field -> sentences; a record without external id goes by its
position, ``#0`` being the first of its array.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_chartmogul.emulator.store import customer_drafts, drafts, event_drafts
from airflow_provider_chartmogul.emulator.store.corrections import left_over
from airflow_provider_chartmogul.emulator.store.drafts import Drafts
from airflow_provider_chartmogul.emulator.store.ledger import new_uuid
from airflow_provider_chartmogul.emulator.store.records import JsonImport, Part

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.emulator.store.drafts import Errors
    from airflow_provider_chartmogul.emulator.store.ledger import Ledger
    from airflow_provider_chartmogul.emulator.store.records import DataSource, Invoice

KINDS = ("customers", "plans", "invoices", "line_items", "transactions", "subscription_events")
#: Rows of files which nobody can read; all of them fail.
UNREADABLE = "unreadable"

Record = dict[str, Any]
Payload = Mapping[str, Any]
Positioned = list[tuple[int, Record]]
R = TypeVar("R")


def poll(ledger: Ledger, item: JsonImport) -> None:
    """Move an import on because somebody asked for it.

    Without a processing lag it is ``processing`` at the first question and ``completed`` at the second
    (a choice: nothing public tells the pace); with a lag, time alone decides.
    """
    if item.due is not None:
        return
    if item.status == "queued":
        _start(ledger, item)
    else:
        _complete(ledger, item)


def poll_all(ledger: Ledger, source: DataSource) -> None:
    """Move all imports of a source on: asking for its processing status is a question, too."""
    for item in list(ledger.unfinished_imports.values()):
        if item.data_source_uuid == source.uuid:
            poll(ledger, item)


def pending(ledger: Ledger, source: DataSource) -> int:
    """Count the records of a source in imports that are not completed."""
    unfinished = ledger.unfinished_imports.values()
    return sum(item.record_count for item in unfinished if item.data_source_uuid == source.uuid)


def queue(ledger: Ledger, source: DataSource, external_id: str, payload: Payload) -> JsonImport:
    """Take an import in; with a processing lag it is ``processing`` after half of it, and ``completed`` after all."""
    item = _new(ledger, source, external_id, {kind: payload.get(kind) or [] for kind in KINDS})
    ledger.imports.add(item)
    if item.due is not None:
        lag = ledger.settings.processing_ms / 1000
        ledger.background.after(lag / 2, lambda: _start(ledger, item))
        ledger.background.after(lag, lambda: _complete(ledger, item))
    return item


def queue_file(ledger: Ledger, source: DataSource, payload: Payload) -> JsonImport:
    """Take the records of a CSV file in; nobody can ask for them, so that without a lag they are there at once."""
    item = _new(ledger, source, "", payload)
    item.from_file = True
    ledger.later(lambda: _complete(ledger, item))
    return item


def _new(ledger: Ledger, source: DataSource, external_id: str, payload: Payload) -> JsonImport:
    now, lag = ledger.now(), ledger.settings.processing_ms / 1000
    item = JsonImport(
        seq=ledger.next_number(),
        id=new_uuid(),
        external_id=external_id,
        data_source_uuid=source.uuid,
        payload=payload,
        created_at=now,
        updated_at=now,
        record_count=sum(len(payload.get(kind) or []) for kind in (*KINDS, UNREADABLE)),
        due=time.monotonic() + lag if lag else None,
    )
    ledger.unfinished_imports[item.id] = item
    return item


def _start(ledger: Ledger, item: JsonImport) -> None:
    if item.id in ledger.unfinished_imports:
        item.status = "processing"
        item.updated_at = ledger.now()


def _complete(ledger: Ledger, item: JsonImport) -> None:
    if ledger.unfinished_imports.pop(item.id, None) is None:
        return  # went with its source
    # `completed` covers the records: their figures follow after one more lag.
    ledger.background.received = item.due
    work = _Work(ledger, item)
    work.do()
    source = ledger.data_sources.get(item.data_source_uuid)
    if source is not None:
        source.failed += work.failed
        source.processed += work.plans
    item.status_details = work.details()
    item.status = "completed"
    item.updated_at = ledger.now()
    item.payload = {}


class _Work:
    """The work of one import: plans, customers, invoices with their items, events, in this order."""

    def __init__(self, ledger: Ledger, item: JsonImport) -> None:
        self._ledger = ledger
        self._source = item.data_source_uuid
        self._payload = item.payload
        self._drafts = Drafts(ledger, self._source, "plan_external_id", lines_follow=item.from_file)
        self._kinds: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        self.failed = 0
        self.plans = 0

    def do(self) -> None:
        """Work through all records."""
        for position, record in enumerate(self._records("plans")):
            self._plan(position, record)
        for position, record in enumerate(self._records("customers")):
            self._customer(position, record)
        items = self._by_invoice("line_items")
        transactions = self._by_invoice("transactions")
        for position, record in enumerate(self._records("invoices")):
            name = str(record.get("external_id"))
            self._invoice(position, record, items.pop(name, []), transactions.pop(name, []))
        for name, left in items.items():
            self._later_items(name, left)
        for name, left in transactions.items():
            self._later_transactions(name, left)
        for position, record in enumerate(self._records("subscription_events")):
            self._event(position, record)
        self.failed += len(self._records(UNREADABLE))

    def details(self) -> dict[str, Any]:
        """Return the ``status_details``."""
        details: dict[str, Any] = dict(self._kinds.pop("", {}))
        for customer, kinds in self._kinds.items():
            failed = any(kind["status"] == "failed" for kind in kinds.values())
            details[customer] = {"status": "failed" if failed else "imported", **kinds}
        return details

    def _records(self, kind: str) -> list[Record]:
        records: list[Record] = self._payload.get(kind) or []
        return records

    def _note(self, owner: str, kind: str, name: str, wrong: dict[str, str]) -> None:
        """Note the outcome of a record; the owner is empty for what belongs to no customer."""
        entry = self._kinds[owner].setdefault(kind, {"status": "imported"})
        if wrong:
            self.failed += 1
            entry["status"] = "failed"
            if self._ledger.settings.import_errors:
                errors = entry.setdefault("errors", {})
                errors[name] = {field: [sentence] for field, sentence in wrong.items()}

    def _plan(self, position: int, record: Record) -> None:
        plan, wrong = drafts.plan(self._ledger, record, self._source)
        if not wrong:
            self._ledger.plans.add(plan)
            self.plans += 1
        self._note("", "plans", _name(record, position), wrong)

    def _customer(self, position: int, record: Record) -> None:
        customer, wrong = customer_drafts.create(self._ledger, record, self._source)
        if not wrong:
            self._ledger.add_customer(customer)
        name = _name(record, position)
        self._note(name, "customers", name, wrong)

    def _by_invoice(self, kind: str) -> dict[str, Positioned]:
        grouped: dict[str, Positioned] = defaultdict(list)
        for position, record in enumerate(self._records(kind)):
            grouped[str(record.get("invoice_external_id"))].append((position, record))
        return grouped

    def _invoice(self, position: int, record: Record, items: Positioned, payments: Positioned) -> None:
        owner = str(record.get("customer_external_id") or "")
        customer = self._ledger.customer_of(self._source, owner)
        lines = self._nested(owner, "line_items", items, self._drafts.line_item)
        transactions = self._nested(owner, "transactions", payments, self._drafts.transaction)
        waiting = self._waiting_for_correction(record)
        kept = left_over(waiting.line_items, [item for item, _ in lines]) if waiting else []
        kept_payments = left_over(waiting.transactions, [one for one, _ in transactions]) if waiting else []
        invoice, wrong = self._drafts.invoice(
            record,
            customer.uuid if customer else "",
            Part(self._source, owner),
            [item for item, _ in lines] + kept,
            [one for one, _ in transactions] + kept_payments,
        )
        if customer is None:
            wrong = {"customer_external_id": "Customer not found"} | wrong
        wrong |= drafts.nested("line_items", (errors for _, errors in lines))
        wrong |= drafts.nested("transactions", (errors for _, errors in transactions))
        self._note(owner, "invoices", _name(record, position), wrong)
        if invoice is None or customer is None:
            return
        if wrong:
            # Kept with its errors and with what was fine of it, until a later import corrects it.
            invoice.errors = {field: [sentence] for field, sentence in wrong.items()}
            invoice.line_items = [item for item, errors in lines if not errors] + kept
            invoice.transactions = [one for one, errors in transactions if not errors] + kept_payments
        self._ledger.add_invoice(invoice)

    def _waiting_for_correction(self, record: Record) -> Invoice | None:
        earlier = self._ledger.invoices.by_external_id(self._source, str(record.get("external_id")))
        return earlier if earlier is not None and earlier.errors else None

    def _nested(
        self, owner: str, kind: str, records: Positioned, check: Callable[[Record], tuple[R, Errors]]
    ) -> list[tuple[R, Errors]]:
        checked = []
        for position, record in records:
            made, wrong = check(record)
            self._note(owner, kind, _name(record, position), wrong)
            checked.append((made, wrong))
        return checked

    def _later_items(self, external_id: str, records: Positioned) -> None:
        """Add line items to an invoice of an earlier import."""
        invoice = self._ledger.invoices.by_external_id(self._source, external_id)
        owner = invoice.customer_external_id if invoice else ""
        for position, record in records:
            item, wrong = self._drafts.line_item(record)
            if invoice is None:
                wrong = {"invoice_external_id": "Invoice not found"} | wrong
            elif not wrong:
                self._ledger.add_line_item(invoice, item)
            self._note(owner, "line_items", _name(record, position), wrong)

    def _later_transactions(self, external_id: str, records: Positioned) -> None:
        """Add transactions to an invoice of an earlier import."""
        invoice = self._ledger.invoices.by_external_id(self._source, external_id)
        owner = invoice.customer_external_id if invoice else ""
        for position, record in records:
            transaction, wrong = self._drafts.transaction(record)
            if invoice is None:
                wrong = {"invoice_external_id": "Invoice not found"} | wrong
            elif not wrong:
                wrong = self._drafts.add_transaction(invoice, transaction)
            self._note(owner, "transactions", _name(record, position), wrong)

    def _event(self, position: int, record: Record) -> None:
        event, wrong = event_drafts.event(self._ledger, record, self._source)
        if not wrong:
            self._ledger.churn.add_event(event)
        self._note(event.customer_external_id, "subscription_events", _name(record, position), wrong)


def _name(record: Record, position: int) -> str:
    return str(record.get("external_id") or f"#{position}")
