"""Subscriptions, as ChartMogul understands them after processing invoices and events."""

from __future__ import annotations

from airflow_provider_chartmogul.client.pagination import Listing, PageShape
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import path

_SHAPE = PageShape("entries")


class SubscriptionsResource(Resource):
    """``client.subscriptions``."""

    def list(self, customer_uuid: str, *, per_page: int = 200, cursor: str | None = None) -> Listing:
        """List a customer's subscriptions with ``mrr`` and ``arr`` in integer cents of the account currency.

        An ``inactive`` one keeps its last MRR: sum only the ``active`` ones.

        Reference: ``/reference/customers/list-subscriptions``.

        :raises ChartMogulNotFoundError: while reading, when there is no such customer.
        """
        url = path("/customers/{}/subscriptions", customer_uuid)
        return self._listing(url, {}, shape=_SHAPE, per_page=per_page, cursor=cursor)
