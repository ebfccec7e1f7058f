"""Line items of invoices that are there already."""

from __future__ import annotations

from typing import Any

from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.resources.invoices import InvoicesResource, part_finder
from airflow_provider_chartmogul.client.values import Record, path


class LineItemsResource(Resource):
    """``client.line_items``. Reference: ``/reference/line-items``."""

    def create(self, invoice_uuid: str, **fields: Any) -> Record:
        """Add a line item to an invoice. Keyed by ``external_id`` if that is given.

        Reference: ``/reference/line-items/add``.

        :param fields: ``type`` (``subscription``, ``one_time``, ``trial``) and ``amount_in_cents`` (integer cents for
            the whole quantity, after discount, tax included); for a subscription also ``subscription_external_id``,
            ``plan_uuid``, ``service_period_start`` and ``service_period_end``; optionally ``external_id``,
            ``quantity``, ``tax_amount_in_cents``, ``prorated``, …
        :raises ChartMogulNotFoundError: no such invoice.
        :raises ChartMogulUnprocessableError: a field is refused.
        """
        find = part_finder(InvoicesResource(self._api), invoice_uuid, "line_items", fields.get("external_id"))
        return self._api.post_keyed(path("/import/invoices/{}/line_items", invoice_uuid), fields, find=find)
