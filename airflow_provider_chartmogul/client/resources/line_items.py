"""Line items of invoices that are there already, one by one."""

from __future__ import annotations

from typing import Any

from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.resources.invoices import InvoicesResource, by_external_id, part_finder
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

    def retrieve(self, line_item_uuid: str) -> Record:
        """Return one line item.

        Reference: ``/reference/line-items/retrieve``.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        return self._api.get(path("/line_items/{}", line_item_uuid))

    def retrieve_by_external_id(self, data_source_uuid: str, external_id: str) -> Record:
        """Return one line item, found by its external id.

        Reference: ``/reference/line-items/retrieve``.

        :raises ChartMogulNotFoundError: the data source has none with this external id.
        """
        return by_external_id(self._api, "line_items", data_source_uuid, external_id)

    def update(self, line_item_uuid: str, **fields: Any) -> Record:
        """Change a line item and return it. Repeated at will; MRR follows in the background.

        Reference: ``/reference/line-items/update``.

        :param fields: any of those of :meth:`create`; ``external_id`` and the invoice stay.
        :raises ChartMogulNotFoundError: there is none with this uuid.
        :raises ChartMogulUnprocessableError: a value is refused.
        """
        return self._api.patch(path("/line_items/{}", line_item_uuid), fields)

    def update_by_external_id(self, data_source_uuid: str, external_id: str, **fields: Any) -> Record:
        """Look a line item up by its external id, then :meth:`update` it."""
        return self.update(self._uuid(data_source_uuid, external_id), **fields)

    def delete(self, line_item_uuid: str) -> None:
        """Delete a line item; a subscription that no other item names goes too.

        Repeated at will. Reference: ``/reference/line-items/delete``.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        self._api.delete(path("/line_items/{}", line_item_uuid))

    def delete_by_external_id(self, data_source_uuid: str, external_id: str) -> None:
        """Look a line item up by its external id, then :meth:`delete` it."""
        self.delete(self._uuid(data_source_uuid, external_id))

    def _uuid(self, data_source_uuid: str, external_id: str) -> str:
        return str(self.retrieve_by_external_id(data_source_uuid, external_id)["uuid"])
