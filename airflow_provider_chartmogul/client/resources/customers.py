"""Customers."""

from __future__ import annotations

from typing import Any

from airflow_provider_chartmogul.client.pagination import Listing, PageShape
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import Record, path

_SHAPE = PageShape("entries")


class CustomersResource(Resource):
    """``client.customers``. Reference: ``/reference/customers``."""

    def list(
        self,
        *,
        data_source_uuid: str | None = None,
        external_id: str | None = None,
        status: str | None = None,
        system: str | None = None,
        per_page: int = 200,
        cursor: str | None = None,
    ) -> Listing:
        """List customers, longest-standing first, leads last. There is no filter by time.

        Reference: ``/reference/customers/list``.

        :param data_source_uuid: only customers with a part in this data source.
        :param external_id: exact external id; unique only together with ``data_source_uuid``.
        :param status: ``New_Lead``, ``Working_Lead``, ``Qualified_Lead``, ``Unqualified_Lead``, ``Active``,
            ``Past_Due`` or ``Cancelled``: with underscore here, with a space in the records.
        :param system: billing system, case-sensitive.
        """
        params = {
            "data_source_uuid": data_source_uuid,
            "external_id": external_id,
            "status": status,
            "system": system,
        }
        return self._listing("/customers", params, shape=_SHAPE, per_page=per_page, cursor=cursor)

    def search(
        self,
        *,
        email: str,
        with_associated_emails: bool | None = None,
        per_page: int = 200,
        cursor: str | None = None,
    ) -> Listing:
        """List the customers with an e-mail address.

        Reference: ``/reference/customers/list-by-email``.

        :param with_associated_emails: look at the addresses of their contacts as well.
        :raises ChartMogulNotFoundError: while reading, when nobody has the address.
        """
        params = {"email": email, "with_associated_emails": with_associated_emails}
        return self._listing("/customers/search", params, shape=_SHAPE, per_page=per_page, cursor=cursor)

    def create(self, *, data_source_uuid: str, external_id: str, **fields: Any) -> Record:
        """Add a customer to a custom data source. Keyed by ``data_source_uuid`` and ``external_id``.

        Reference: ``/reference/customers/add``.

        :param external_id: your id, unique in the data source, permanent.
        :param fields: ``name``, ``email``, ``company``, ``country``, ``state``, ``city``, ``zip``, ``owner``,
            ``status``, ``website_url``, ``lead_created_at`` and ``free_trial_started_at`` (not in the future),
            ``attributes`` (``tags``, ``custom``), ``primary_contact``.
        :raises ChartMogulUnprocessableError: a field is refused, or the external id is taken.
        """
        body = {"data_source_uuid": data_source_uuid, "external_id": external_id, **fields}
        same = self.list(data_source_uuid=data_source_uuid, external_id=external_id)
        return self._api.post_keyed("/customers", body, find=same.first)

    def retrieve(self, customer_uuid: str) -> Record:
        """Return one customer.

        Reference: ``/reference/customers/retrieve``.

        :raises ChartMogulNotFoundError: there is none with this uuid, or it was merged into another.
        """
        return self._api.get(path("/customers/{}", customer_uuid))

    def update(self, customer_uuid: str, **fields: Any) -> Record:
        """Change the given fields and return the customer; ``None`` empties a field.

        Reference: ``/reference/customers/update``.

        :param fields: as in :meth:`create`, except the ids; ``attributes`` replaces the tags that are there.
        """
        return self._api.patch(path("/customers/{}", customer_uuid), fields)

    def delete(self, customer_uuid: str) -> None:
        """Delete an API-imported customer with invoices, subscriptions and attributes, for good.

        Reference: ``/reference/customers/delete``.
        """
        self._api.delete(path("/customers/{}", customer_uuid))

    def retrieve_attributes(self, customer_uuid: str) -> Record:
        """Return ``tags``, ``custom`` (key to value) and what billing systems added.

        Reference: ``/reference/customers/attributes``.
        """
        return self._api.get(path("/customers/{}/attributes", customer_uuid))
