"""Taking out of a data source what was imported into it, in part or as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.emulator.store import merging

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.emulator.store.ledger import Ledger
    from airflow_provider_chartmogul.emulator.store.records import Customer, Part


def purge(ledger: Ledger, data_source_uuid: str) -> None:
    """Remove invoices, subscriptions and events; customers and plans stay."""
    for customer, parts in _parts(ledger, data_source_uuid):
        for part in parts:
            ledger.clear_part(part)
        ledger.projection.touch(customer.uuid, None)


def empty(ledger: Ledger, data_source_uuid: str) -> None:
    """Remove all; of a customer merged with one of another source the other part stays, without what this one brought.

    Its bulk imports are forgotten as well, so that they can be sent again: a choice, nothing public tells.
    """
    for customer, parts in _parts(ledger, data_source_uuid):
        if len(parts) == len(customer.parts):
            ledger.remove_customer(customer)
        else:
            for part in parts:
                merging.withdraw(customer, part)
                ledger.remove_part(part)
                customer.parts.remove(part)
            ledger.projection.touch(customer.uuid, None)
    for plan in ledger.plans:
        if plan.data_source_uuid == data_source_uuid:
            ledger.plans.remove(plan)
    for item in ledger.imports:
        if item.data_source_uuid == data_source_uuid:
            ledger.imports.remove(item)
            ledger.unfinished_imports.pop(item.id, None)
    source = ledger.data_sources.get(data_source_uuid)
    if source is not None:
        source.processed = source.failed = 0


def _parts(ledger: Ledger, data_source_uuid: str) -> Iterator[tuple[Customer, list[Part]]]:
    for customer in ledger.customers:
        parts = [part for part in customer.parts if part.data_source_uuid == data_source_uuid]
        if parts:
            yield customer, parts
