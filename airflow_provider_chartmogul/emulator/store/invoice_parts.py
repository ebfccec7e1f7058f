"""Where line items and transactions are found without their invoice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from airflow_provider_chartmogul.emulator.store.records import LineItem, Transaction

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.store.records import Invoice

P = TypeVar("P", LineItem, Transaction)


class InvoiceParts(Generic[P]):
    """Line items, or transactions, of the valid invoices, each with its invoice."""

    def __init__(self) -> None:
        self._by_uuid: dict[str, tuple[Invoice, P]] = {}
        self._by_external: dict[tuple[str, str], tuple[Invoice, P]] = {}

    def put(self, invoice: Invoice, part: P) -> None:
        """Add a part, or put a changed one in the place of the old one; its identifiers are the same."""
        self._by_uuid[part.uuid] = (invoice, part)
        if part.external_id:
            self._by_external[invoice.data_source_uuid, part.external_id] = (invoice, part)

    def remove(self, invoice: Invoice, part: P) -> None:
        """Remove a part; its external id is free again."""
        del self._by_uuid[part.uuid]
        self._by_external.pop((invoice.data_source_uuid, part.external_id or ""), None)

    def get(self, uuid: str) -> tuple[Invoice, P] | None:
        """Look a part up by its identifier."""
        return self._by_uuid.get(uuid)

    def by_external_id(self, data_source_uuid: str, external_id: str) -> tuple[Invoice, P] | None:
        """Look a part up by source and external id."""
        return self._by_external.get((data_source_uuid, external_id))
