"""Transactions: payments and refunds of invoices that are there already."""

from __future__ import annotations

from typing import Any

from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.resources.invoices import InvoicesResource, by_external_id, part_finder
from airflow_provider_chartmogul.client.values import Record, path


class TransactionsResource(Resource):
    """``client.transactions``. Reference: ``/reference/transactions``."""

    def create(self, invoice_uuid: str, **fields: Any) -> Record:
        """Add a payment or refund to an invoice. Keyed by ``external_id`` if that is given.

        Reference: ``/reference/transactions/add``.

        :param fields: ``type`` (``payment``, ``refund``), ``date``, ``result`` (``successful``, ``failed``); optionally
            ``external_id`` and ``amount_in_cents`` (positive integer cents; without it the whole invoice).
        :raises ChartMogulNotFoundError: no such invoice.
        :raises ChartMogulUnprocessableError: a field is refused.
        """
        find = part_finder(InvoicesResource(self._api), invoice_uuid, "transactions", fields.get("external_id"))
        return self._api.post_keyed(path("/import/invoices/{}/transactions", invoice_uuid), fields, find=find)

    def retrieve(self, transaction_uuid: str) -> Record:
        """Return one transaction.

        Reference: ``/reference/transactions/retrieve``.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        return self._api.get(path("/transactions/{}", transaction_uuid))

    def retrieve_by_external_id(self, data_source_uuid: str, external_id: str) -> Record:
        """Return one transaction, found by its external id.

        Reference: ``/reference/transactions/retrieve``.

        :raises ChartMogulNotFoundError: the data source has none with this external id.
        """
        return by_external_id(self._api, "transactions", data_source_uuid, external_id)

    def update(self, transaction_uuid: str, **fields: Any) -> Record:
        """Change a payment or refund and return it. Repeated at will; the status of the invoice follows.

        Reference: ``/reference/transactions/update``.

        :param fields: any of those of :meth:`create`; ``external_id`` and the invoice stay.
        :raises ChartMogulNotFoundError: there is none with this uuid.
        :raises ChartMogulUnprocessableError: a value is refused, or all payments would be more than the invoice.
        """
        return self._api.patch(path("/transactions/{}", transaction_uuid), fields)

    def update_by_external_id(self, data_source_uuid: str, external_id: str, **fields: Any) -> Record:
        """Look a transaction up by its external id, then :meth:`update` it."""
        return self.update(self._uuid(data_source_uuid, external_id), **fields)

    def delete(self, transaction_uuid: str) -> None:
        """Delete a transaction; the status of the invoice follows.

        Repeated at will. Reference: ``/reference/transactions/delete``.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        self._api.delete(path("/transactions/{}", transaction_uuid))

    def delete_by_external_id(self, data_source_uuid: str, external_id: str) -> None:
        """Look a transaction up by its external id, then :meth:`delete` it."""
        self.delete(self._uuid(data_source_uuid, external_id))

    def _uuid(self, data_source_uuid: str, external_id: str) -> str:
        return str(self.retrieve_by_external_id(data_source_uuid, external_id)["uuid"])
