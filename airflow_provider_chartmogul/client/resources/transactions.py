"""Transactions: payments and refunds of invoices that are there already."""

from __future__ import annotations

from typing import Any

from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.resources.invoices import InvoicesResource, part_finder
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
