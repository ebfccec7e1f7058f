"""Checks what a request wants to store, by the rules of the single-object endpoints (``/reference/invoices``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_chartmogul.emulator.reading import BLANK, Reader
from airflow_provider_chartmogul.emulator.store import invoice_status
from airflow_provider_chartmogul.emulator.store.ledger import Ledger, new_uuid
from airflow_provider_chartmogul.emulator.store.records import (
    SUBSCRIPTION_TYPES,
    Invoice,
    LineItem,
    Plan,
    Transaction,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from airflow_provider_chartmogul.emulator.store.invoice_parts import InvoiceParts
    from airflow_provider_chartmogul.emulator.store.records import Part

PLAN_TAKEN = "A plan with this identifier already exists in our system."
INVOICE_TAKEN = "The external ID for this invoice already exists in our system."
ITEM_TAKEN = "The external ID for this line item already exists in our system."
TRANSACTION_TAKEN = "has already been taken"
FUTURE = "Date is in the future"

#: Field -> sentence; nested fields are dotted.
Errors = dict[str, str]


class Drafts:
    """Makes records of one data source customer or source out of requests.

    External ids seen by one object count as taken for its next records: a request may not repeat its own either.

    :param plan_key: how line items name their plan: ``plan_uuid`` or ``plan_external_id``.
    :param lines_follow: an invoice needs no line items yet.
    """

    def __init__(
        self, ledger: Ledger, data_source_uuid: str, plan_key: str = "plan_uuid", lines_follow: bool = False
    ) -> None:
        self._ledger = ledger
        self._source = data_source_uuid
        self._plan_key = plan_key
        self._lines_follow = lines_follow
        self._seen: set[tuple[str, str]] = set()

    def invoice(
        self,
        record: Mapping[str, Any],
        customer_uuid: str,
        part: Part,
        lines: list[LineItem],
        payments: list[Transaction],
    ) -> tuple[Invoice | None, Errors]:
        """Check an invoice.

        :param lines: its line items, which were checked on their own.
        :param payments: its transactions, which were checked on their own.
        :return: the invoice, or None when it cannot even be stored as invalid; and what is wrong with it.
        """
        reader = Reader(record)
        reader.require("external_id")
        external_id = reader.text("external_id") or ""
        self._unique(reader, "invoice", external_id, self._invoice_taken(external_id), INVOICE_TAKEN)
        now = self._ledger.now()
        date, due_date, currency, collection_method = terms(reader, now)
        invoice = Invoice(
            seq=self._ledger.next_number(),
            uuid=new_uuid("inv_"),
            external_id=external_id,
            customer_uuid=customer_uuid,
            customer_external_id=part.external_id,
            data_source_uuid=part.data_source_uuid,
            date=date or now,
            currency=currency,
            created_at=now,
            due_date=due_date,
            collection_method=collection_method,
            line_items=lines,
            transactions=payments,
        )
        if not lines and not self._lines_follow:
            reader.fail("line_items", BLANK)
        sentence = overdrawn(invoice, payments)
        if sentence:
            reader.fail("transactions.amount_in_cents", sentence)
        storable = external_id and date and reader.errors.get("external_id") is None
        return (invoice if storable else None), reader.errors

    def line_item(self, record: Mapping[str, Any]) -> tuple[LineItem, Errors]:
        """Check a line item."""
        reader = Reader(record)
        kind = self._item_type(reader)
        recurring = kind in SUBSCRIPTION_TYPES
        external_id = self._free_id(reader, "line item", self._ledger.line_items, ITEM_TAKEN)
        plan = self._plan(reader)
        if reader.integer("quantity") == 0:
            reader.fail("quantity", "must be other than 0")
        prorated = reader.flag("prorated")
        proration = reader.choice("proration_type", ("differential", "full", "differential_mrr"))
        item = LineItem(
            seq=self._ledger.next_number(),
            uuid=new_uuid("li_"),
            type=kind,
            amount_in_cents=reader.number("amount_in_cents"),
            external_id=external_id,
            subscription_external_id=reader.text("subscription_external_id") if recurring else None,
            subscription_set_external_id=reader.text("subscription_set_external_id") or None if recurring else None,
            plan_uuid=plan.uuid if plan else None,
            prorated=prorated,
            proration_type=(proration or "differential") if prorated else proration,
            service_period_start=reader.moment("service_period_start") if recurring else None,
            service_period_end=reader.moment("service_period_end") if recurring else None,
            cancelled_at=reader.moment("cancelled_at") if recurring else None,
            description=reader.text("description") if kind == "one_time" else None,
            quantity=reader.integer("quantity") or 1,
            discount_code=reader.text("discount_code") or "",
            discount_amount_in_cents=reader.number("discount_amount_in_cents"),
            discount_description=reader.text("discount_description"),
            tax_amount_in_cents=reader.number("tax_amount_in_cents"),
            transaction_fees_in_cents=reader.number("transaction_fees_in_cents"),
            transaction_fees_currency=reader.currency("transaction_fees_currency"),
            account_code=reader.text("account_code") or "",
            event_order=reader.integer("event_order"),
            balance_transfer=kind == "one_time" and reader.flag("balance_transfer"),
        )
        return item, reader.errors

    def transaction(self, record: Mapping[str, Any]) -> tuple[Transaction, Errors]:
        """Check a payment or refund."""
        reader = Reader(record)
        reader.require("type", "date", "result")
        external_id = self._free_id(reader, "transaction", self._ledger.transactions, TRANSACTION_TAKEN)
        amount = reader.integer("amount_in_cents")
        if amount is not None and amount < 0:
            reader.fail("amount_in_cents", "must be greater than or equal to 0")
        transaction = Transaction(
            uuid=new_uuid("tr_"),
            external_id=external_id,
            type=reader.choice("type", ("payment", "refund")) or "payment",
            date=reader.moment("date") or self._ledger.now(),
            result=reader.choice("result", ("successful", "failed")) or "failed",
            amount_in_cents=amount,
            transaction_fees_in_cents=reader.integer("transaction_fees_in_cents"),
            transaction_fees_currency=reader.currency("transaction_fees_currency"),
        )
        return transaction, reader.errors

    def add_transaction(self, invoice: Invoice, transaction: Transaction) -> Errors:
        """Add a checked transaction to a stored invoice, unless it is then overpaid; returns what is wrong."""
        sentence = overdrawn(invoice, [*invoice.transactions, transaction])
        if sentence:
            return {"amount_in_cents": sentence}
        self._ledger.add_transaction(invoice, transaction)
        return {}

    def _invoice_taken(self, external_id: str) -> bool:
        # An invalid invoice of a bulk import gives way to its correction.
        known = self._ledger.invoices.by_external_id(self._source, external_id)
        return known is not None and not known.errors

    def _item_type(self, reader: Reader) -> str:
        """Read the type of a line item, and note what items of that type need."""
        reader.require("type")
        kind = reader.choice("type", (*SUBSCRIPTION_TYPES, "one_time")) or "one_time"
        if kind in SUBSCRIPTION_TYPES:
            reader.require("subscription_external_id", self._plan_key, "service_period_start")
        reader.require("service_period_end" if kind == "trial" else "amount_in_cents")
        return kind

    def _free_id(self, reader: Reader, kind: str, stored: InvoiceParts[Any], sentence: str) -> str | None:
        """Read an external id that no record of the kind may have yet."""
        external_id = reader.text("external_id") or None
        taken = stored.by_external_id(self._source, external_id or "") is not None
        self._unique(reader, kind, external_id, taken, sentence)
        return external_id

    def _unique(self, reader: Reader, kind: str, external_id: str | None, taken: bool, sentence: str) -> None:
        if not external_id:
            return
        if taken or (kind, external_id) in self._seen:
            reader.fail("external_id", sentence)
        self._seen.add((kind, external_id))

    def _plan(self, reader: Reader) -> Plan | None:
        name = reader.text(self._plan_key)
        if not name:
            return None
        plans = self._ledger.plans
        plan = plans.get(name) if self._plan_key == "plan_uuid" else plans.by_external_id(self._source, name)
        if plan is None:
            reader.fail(self._plan_key, "Plan not found")
        elif plan.data_source_uuid != self._source:
            reader.fail(self._plan_key, "Plan belongs to another data source")
        return plan


class Terms(NamedTuple):
    """What can change of a stored invoice."""

    date: datetime | None
    due_date: datetime | None
    currency: str
    collection_method: str | None


def terms(reader: Reader, now: datetime) -> Terms:
    """Read the terms of an invoice, which was issued before now."""
    reader.require("date", "currency")
    date = reader.moment("date")
    if date is not None and date > now:
        reader.fail("date", FUTURE)
    method = reader.choice("collection_method", ("automatic", "manual"))
    return Terms(date, reader.moment("due_date"), reader.currency("currency") or "", method)


def overdrawn(invoice: Invoice, transactions: list[Transaction]) -> str | None:
    """Say so if partial payments, or partial refunds, add up to more than the invoice."""
    whole = max(invoice_status.total(invoice), 0)
    for kind in ("payment", "refund"):
        parts = [one for one in transactions if one.type == kind and one.result == "successful"]
        if sum(one.amount_in_cents or 0 for one in parts) > whole:
            return f"The {kind}s add up to more than the invoice."
    return None


def nested(name: str, wrong: Iterable[Errors]) -> Errors:
    """Put what is wrong with nested records under dotted names, the first sentence of each."""
    merged: Errors = {}
    for errors in wrong:
        for field, sentence in errors.items():
            merged.setdefault(f"{name}.{field}", sentence)
    return merged


def plan(ledger: Ledger, record: Mapping[str, Any], data_source_uuid: str) -> tuple[Plan, Errors]:
    """Check a plan."""
    reader = Reader(record)
    name = reader.text("name")
    if not name:
        reader.fail("name", "A unique name is required for each plan.")
    count, unit = check_interval(reader, required=True)
    uuid = new_uuid("pl_")
    external_id = reader.text("external_id") or uuid.removeprefix("pl_")
    if ledger.plans.by_external_id(data_source_uuid, external_id):
        reader.fail("external_id", PLAN_TAKEN)
    made = Plan(
        ledger.next_number(), uuid, external_id, data_source_uuid, name or "", count or 1, unit or "month", ledger.now()
    )
    return made, reader.errors


def check_interval(reader: Reader, required: bool) -> tuple[int | None, str | None]:
    """Read count and unit of a plan's interval."""
    count = reader.integer("interval_count")
    if (required and not reader.has("interval_count")) or (count is not None and count < 1):
        reader.fail("interval_count", "is not a number" if count is None else "must be greater than 0")
    units = ("day", "month", "year")
    unit = reader.text("interval_unit")
    if (required and unit is None) or (unit is not None and unit not in units):
        reader.fail("interval_unit", "Only 'day', 'month' or 'year' are valid values for interval_unit.")
    return count, unit
