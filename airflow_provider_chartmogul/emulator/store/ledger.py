"""All data of the account, and the rules that tie records together when they come and go."""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from itertools import count
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.emulator.store.background import Background
from airflow_provider_chartmogul.emulator.store.churn import Churn
from airflow_provider_chartmogul.emulator.store.collection import Collection
from airflow_provider_chartmogul.emulator.store.crm import Crm
from airflow_provider_chartmogul.emulator.store.invoice_parts import InvoiceParts
from airflow_provider_chartmogul.emulator.store.projection import Projection
from airflow_provider_chartmogul.emulator.store.records import (
    CUSTOM,
    SUBSCRIPTION_TYPES,
    Customer,
    DataSource,
    Export,
    Invoice,
    JsonImport,
    LineItem,
    Part,
    Plan,
    PlanGroup,
    Subscription,
    Transaction,
)
from airflow_provider_chartmogul.emulator.store.subscriptions import Subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from airflow_provider_chartmogul.emulator.settings import Settings
    from airflow_provider_chartmogul.emulator.store.drafts import Terms


def new_uuid(prefix: str = "") -> str:
    """Return a random identifier with the prefix of its kind."""
    return f"{prefix}{uuid.uuid4()}"


class Ledger:
    """The data of one account.

    :param settings: delays, clock, exchange rates and account settings; replaced by :meth:`apply`.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._numbers = count(100_000_001)
        self.data_sources: Collection[DataSource] = Collection(lambda source: source.uuid)
        self.customers: Collection[Customer] = Collection(lambda customer: customer.uuid)
        self.plans: Collection[Plan] = Collection(
            lambda plan: plan.uuid, lambda plan: (plan.data_source_uuid, plan.external_id)
        )
        self.plan_groups: Collection[PlanGroup] = Collection(lambda group: group.uuid)
        self.invoices: Collection[Invoice] = Collection(
            lambda invoice: invoice.uuid, lambda invoice: (invoice.data_source_uuid, invoice.external_id)
        )
        self.subscriptions = Subscriptions()
        self.imports: Collection[JsonImport] = Collection(
            lambda item: item.id, lambda item: (item.data_source_uuid, item.external_id)
        )
        self.unfinished_imports: dict[str, JsonImport] = {}
        self.background = Background()
        self.exports: dict[str, Export] = {}
        self.attribute_types: dict[str, str] = {}
        self.crm = Crm()
        self._parts: dict[tuple[str, str], Customer] = {}
        self.line_items: InvoiceParts[LineItem] = InvoiceParts()
        self.transactions: InvoiceParts[Transaction] = InvoiceParts()
        self._invoices_of: dict[str, dict[str, Invoice]] = defaultdict(dict)
        self.churn = Churn(self)
        self.projection = Projection(self)

    def apply(self, settings: Settings) -> None:
        """Take new settings; everything computed under the old ones is computed again."""
        self.settings = settings
        self.projection.restart()

    def now(self) -> datetime:
        """Return the present moment of the account."""
        return self.settings.clock()

    def received_at(self) -> float:
        """Return the monotonic time at which the records being stored count as received."""
        return time.monotonic() if self.background.received is None else self.background.received

    def later(self, work: Callable[[], None]) -> None:
        """Do something after the processing lag, as all that the API answers with 202 or a mere 204."""
        self.background.after(self.settings.processing_ms / 1000, work)

    def next_number(self) -> int:
        """Return the next numeric id; it also is the order of arrival."""
        return next(self._numbers)

    # Data sources

    def has_source(self, name: str) -> bool:
        """Tell whether a name of a data source is taken."""
        return any(source.name == name for source in self.data_sources)

    def add_source(self, name: str, system: str) -> DataSource:
        """Store a data source."""
        source = DataSource(self.next_number(), new_uuid("ds_"), name, self.now(), system)
        self.data_sources.add(source)
        return source

    def is_automatic(self, data_source_uuid: str) -> bool:
        """Tell whether a source is that of a billing system."""
        source = self.data_sources.get(data_source_uuid)
        return source is not None and source.system != CUSTOM

    # Plans

    def users_of(self, plan: Plan) -> list[str]:
        """Return the uuids of the customers whose invoices point at a plan."""
        return [
            customer_uuid
            for customer_uuid, invoices in self._invoices_of.items()
            if any(item.plan_uuid == plan.uuid for invoice in invoices.values() for item in invoice.line_items)
        ]

    def is_plan_used(self, plan: Plan) -> bool:
        """Tell whether invoices point at a plan."""
        return bool(self.users_of(plan))

    def plan_changed(self, plan: Plan) -> None:
        """Let the figures of all its customers be worked out again."""
        for customer_uuid in self.users_of(plan):
            self.projection.touch(customer_uuid, None)

    # Customers

    def customer_of(self, data_source_uuid: str, external_id: str) -> Customer | None:
        """Find the customer that a data source customer belongs to."""
        return self._parts.get((data_source_uuid, external_id))

    def add_customer(self, customer: Customer) -> None:
        """Store a customer."""
        self.customers.add(customer)
        for part in customer.parts:
            self._parts[part.key] = customer
        self.projection.touch(customer.uuid, customer.data_source_uuid)

    def remove_customer(self, customer: Customer) -> None:
        """Remove a customer with its invoices, subscriptions and events, and all that hangs on it."""
        for part in list(customer.parts):
            self.remove_part(part)
        self.customers.remove(customer)
        self._invoices_of.pop(customer.uuid, None)
        self.crm.forget_customer(customer.uuid)
        self.projection.forget(customer.uuid)

    def remove_part(self, part: Part) -> None:
        """Remove a data source customer with its invoices, subscriptions, events and contacts."""
        self.clear_part(part)
        customer = self._parts.pop(part.key)
        self.crm.forget_part(customer.uuid, part)

    def clear_part(self, part: Part) -> None:
        """Remove the invoices of a data source customer, and so its subscriptions; its events, too."""
        for invoice in self._billed(self._parts[part.key], part):
            self.remove_invoice(invoice)
        self.churn.forget(part)

    def move_part(self, part: Part, giver: Customer, taker: Customer) -> None:
        """Give a data source customer to another customer, with its invoices, subscriptions and contacts."""
        for invoice in self._billed(giver, part):
            del self._invoices_of[giver.uuid][invoice.uuid]
            invoice.customer_uuid = taker.uuid
            self._invoices_of[taker.uuid][invoice.uuid] = invoice
        in_order = sorted(self._invoices_of[taker.uuid].values(), key=lambda invoice: invoice.seq)
        self._invoices_of[taker.uuid] = {invoice.uuid: invoice for invoice in in_order}
        for subscription in self.subscriptions.of(giver.uuid):
            if subscription.key[:2] == part.key:
                self.subscriptions.move(subscription, taker.uuid)
        self.crm.move_part(giver.uuid, taker.uuid, part)
        giver.parts.remove(part)
        taker.parts.append(part)
        self._parts[part.key] = taker

    def _billed(self, customer: Customer, part: Part) -> list[Invoice]:
        return [invoice for invoice in self.invoices_of(customer) if invoice.part_key == part.key]

    # Invoices

    def invoices_of(self, customer: Customer) -> Iterator[Invoice]:
        """Iterate over the invoices of a customer in order of arrival."""
        return iter(self._invoices_of[customer.uuid].values())

    def add_invoice(self, invoice: Invoice) -> None:
        """Store an invoice; its line items make or extend subscriptions.

        Those of an invalid one take effect in no way: not even their external ids are taken. An invalid one with the
        same external id gives way.
        """
        waiting = self.invoices.by_external_id(invoice.data_source_uuid, invoice.external_id)
        if waiting is not None:
            self.remove_invoice(waiting)
        self.invoices.add(invoice)
        self._invoices_of[invoice.customer_uuid][invoice.uuid] = invoice
        for item in invoice.line_items:
            self._register_item(invoice, item)
        for transaction in invoice.transactions:
            self._register_transaction(invoice, transaction)
        records = 1 + len(invoice.line_items) + len(invoice.transactions)
        self.projection.touch(invoice.customer_uuid, invoice.data_source_uuid, 0 if invoice.errors else records)

    def change_terms(self, invoice: Invoice, terms: Terms) -> None:
        """Give a stored invoice checked terms; another currency changes the MRR."""
        invoice.date = terms.date or invoice.date
        invoice.due_date = terms.due_date
        invoice.currency = terms.currency
        invoice.collection_method = terms.collection_method
        self.projection.touch(invoice.customer_uuid, invoice.data_source_uuid)

    def remove_invoice(self, invoice: Invoice) -> None:
        """Remove an invoice; subscriptions that no other invoice names go with it."""
        self.invoices.remove(invoice)
        del self._invoices_of[invoice.customer_uuid][invoice.uuid]
        if not invoice.errors:
            for transaction in invoice.transactions:
                self.transactions.remove(invoice, transaction)
            for item in invoice.line_items:
                self._release_item(invoice, item)
        self.projection.touch(invoice.customer_uuid, None)

    def add_line_item(self, invoice: Invoice, item: LineItem) -> None:
        """Add a checked line item to a stored invoice."""
        invoice.line_items.append(item)
        self._register_item(invoice, item)
        self.projection.touch(invoice.customer_uuid, invoice.data_source_uuid)

    def change_line_item(self, invoice: Invoice, old: LineItem, new: LineItem) -> None:
        """Put a checked line item in the place of the old one; it may move to another subscription."""
        former = self.subscriptions.named(invoice.subscription_key(old))
        if former is not None:
            self.churn.withdraw_item(former, old)
        invoice.line_items[invoice.line_items.index(old)] = new
        self._register_item(invoice, new)
        if former is not None:
            self._drop_if_unused(former)
        self.projection.touch(invoice.customer_uuid, invoice.data_source_uuid)

    def remove_line_item(self, invoice: Invoice, item: LineItem) -> None:
        """Remove a line item; its subscription goes with it if no other item names it."""
        invoice.line_items.remove(item)
        self._release_item(invoice, item)
        self.projection.touch(invoice.customer_uuid, None)

    def add_transaction(self, invoice: Invoice, transaction: Transaction) -> None:
        """Add a checked transaction to a stored invoice."""
        invoice.transactions.append(transaction)
        self._register_transaction(invoice, transaction)
        self.projection.touch(invoice.customer_uuid, invoice.data_source_uuid)

    def change_transaction(self, invoice: Invoice, old: Transaction, new: Transaction) -> None:
        """Put a checked transaction in the place of the old one."""
        invoice.transactions[invoice.transactions.index(old)] = new
        self._register_transaction(invoice, new)
        self.projection.touch(invoice.customer_uuid, invoice.data_source_uuid)

    def remove_transaction(self, invoice: Invoice, transaction: Transaction) -> None:
        """Remove a transaction."""
        invoice.transactions.remove(transaction)
        self.transactions.remove(invoice, transaction)
        self.projection.touch(invoice.customer_uuid, None)

    def _register_transaction(self, invoice: Invoice, transaction: Transaction) -> None:
        if not invoice.errors:
            self.transactions.put(invoice, transaction)

    def _register_item(self, invoice: Invoice, item: LineItem) -> None:
        if invoice.errors:
            return
        self.line_items.put(invoice, item)
        if item.type in SUBSCRIPTION_TYPES:
            subscription = self._subscription_for(invoice, item)
            item.subscription_uuid = subscription.uuid
            self.churn.cancel_by_item(subscription, invoice, item)

    def _release_item(self, invoice: Invoice, item: LineItem) -> None:
        self.line_items.remove(invoice, item)
        subscription = self.subscriptions.named(invoice.subscription_key(item))
        if subscription is not None:
            self.churn.withdraw_item(subscription, item)
            self._drop_if_unused(subscription)

    # Subscriptions

    def subscriptions_of(self, customer: Customer) -> list[Subscription]:
        """Return the subscriptions of a customer in order of arrival."""
        return self.subscriptions.of(customer.uuid)

    def items_of(self, customer: Customer, subscription: Subscription) -> list[LineItem]:
        """Return the valid line items of a subscription in order of arrival."""
        return [
            item
            for invoice in self.invoices_of(customer)
            if not invoice.errors
            for item in invoice.line_items
            if item.type in SUBSCRIPTION_TYPES and invoice.subscription_key(item) == subscription.key
        ]

    def _drop_if_unused(self, subscription: Subscription) -> None:
        customer = self.customers.get(subscription.customer_uuid)
        if customer is not None and not self.items_of(customer, subscription):
            self.subscriptions.remove(subscription)

    def _subscription_for(self, invoice: Invoice, item: LineItem) -> Subscription:
        key = invoice.subscription_key(item)
        known = self.subscriptions.named(key)
        if known is None:
            source, customer, external_id = key
            known = Subscription(
                self.next_number(), new_uuid("sub_"), external_id, invoice.customer_uuid, customer, source, self.now()
            )
            self.subscriptions.add(known)
            self.churn.recall(known)
        return known
