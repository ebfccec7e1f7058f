"""Stored records as the facts that the analytics compute from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.emulator.analytics import model
from airflow_provider_chartmogul.emulator.store import connecting, invoice_status
from airflow_provider_chartmogul.emulator.store.records import SUBSCRIPTION_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from airflow_provider_chartmogul.emulator.store.ledger import Ledger
    from airflow_provider_chartmogul.emulator.store.records import Customer, Invoice, LineItem, Subscription


def billing_facts(ledger: Ledger, customer: Customer) -> model.Customer:
    """Collect what counts for the MRR of a customer; voided, written-off, disabled and invalid ones do not."""
    subscriptions = ledger.subscriptions_of(customer)
    line_items = [
        _line_item(ledger, invoice, item)
        for invoice in ledger.invoices_of(customer)
        if _counts(ledger, invoice)
        for item in invoice.line_items
        if item.type in SUBSCRIPTION_TYPES and not item.disabled_at
    ]
    events = [event for subscription in subscriptions for event in _cancellations(subscription)]
    if any(subscription.connected_to for subscription in subscriptions):
        line_items, events = connecting.joined(line_items, events, connecting.main_of(ledger, customer))
    return model.Customer(
        uuid=customer.uuid,
        external_id=customer.external_id,
        data_source_uuid=customer.data_source_uuid,
        name=customer.name,
        company=customer.company,
        country=customer.country,
        state=customer.state,
        tags=tuple(customer.tags),
        custom=dict(customer.custom),
        line_items=tuple(line_items),
        events=tuple(events),
    )


def moments(ledger: Ledger, customer: Customer) -> Iterator[datetime]:
    """Iterate over the moments at which the figures of a customer can change by the passing of time alone."""
    for invoice in ledger.invoices_of(customer):
        for item in invoice.line_items:
            if item.service_period_start:
                yield item.service_period_start
            if item.service_period_end:
                yield item.service_period_end
    for subscription in ledger.subscriptions_of(customer):
        for cancellation in subscription.cancellations:
            yield cancellation.at


def _counts(ledger: Ledger, invoice: Invoice) -> bool:
    if invoice.errors or invoice.final_status or invoice.disabled_at:
        return False
    refunds_count = ledger.settings.account.refund_handling == "refund_full_only"
    return not (refunds_count and invoice_status.status(invoice) == "refunded")


def _line_item(ledger: Ledger, invoice: Invoice, item: LineItem) -> model.LineItem:
    plan = ledger.plans.get(item.plan_uuid or "")
    if plan is None or item.service_period_start is None:
        raise LookupError(f"line item {item.uuid} has no plan or no service period")
    return model.LineItem(
        uuid=item.uuid,
        subscription_key=invoice.subscription_key(item),
        subscription_external_id=item.subscription_external_id or "",
        subscription_set_external_id=item.subscription_set_external_id,
        data_source_uuid=invoice.data_source_uuid,
        plan=model.Plan(plan.uuid, plan.external_id, plan.name, plan.interval_count, plan.interval_unit),
        currency=invoice.currency,
        amount_in_cents=item.amount_in_cents,
        tax_amount_in_cents=item.tax_amount_in_cents,
        quantity=item.quantity,
        prorated=item.prorated,
        proration_type=item.proration_type,
        service_period_start=item.service_period_start,
        service_period_end=item.service_period_end,
        event_order=item.event_order,
        sequence=item.seq,
        type="trial" if item.type == "trial" else "subscription",
    )


def _cancellations(subscription: Subscription) -> Iterator[model.Event]:
    by_event = any(one.origin.startswith("event:") for one in subscription.cancellations)
    for one in subscription.cancellations:
        if by_event and one.origin.startswith("item:"):
            continue  # cancelled_at of a line item is ignored once the subscription has a cancellation event
        yield model.Event(subscription.key, one.at, one.event_order, one.seq)
