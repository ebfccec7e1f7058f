"""Tags of customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.resources.custom_attributes import ENRICHED
from airflow_provider_chartmogul.client.values import Record, filled, path

if TYPE_CHECKING:
    from collections.abc import Sequence


class TagsResource(Resource):
    """``client.tags``. Adding what is there and removing what is not are both harmless."""

    def add(self, customer_uuid: str, tags: Sequence[str]) -> Record:
        """Add tags to a customer. Idempotent.

        Reference: ``/reference/customers/tags/add``.

        :return: ``{"tags": [...]}``, all of the customer's tags.
        :raises ChartMogulNotFoundError: no such customer.
        """
        url = path("/customers/{}/attributes/tags", customer_uuid)
        return self._api.post_idempotent(url, {"tags": filled("tags", tags)})

    def add_by_email(self, email: str, tags: Sequence[str]) -> Record:
        """Add tags to every customer with an e-mail address. Idempotent.

        Reference: ``/reference/customers/tags/add-by-email``.

        :return: ``{"entries": [...]}``, the customers, not paged.
        :raises ChartMogulNotFoundError: nobody has the address.
        """
        url = "/customers/attributes/tags"
        answer = self._api.post_idempotent(url, {"email": email, "tags": filled("tags", tags)})
        ENRICHED.read(answer, f"POST {url}")
        return answer

    def remove(self, customer_uuid: str, tags: Sequence[str]) -> Record:
        """Take tags off a customer.

        Reference: ``/reference/customers/tags``.

        :return: ``{"tags": [...]}``, those that remain.
        """
        url = path("/customers/{}/attributes/tags", customer_uuid)
        return self._api.remove(url, {"tags": filled("tags", tags)}) or {"tags": []}
