"""Custom attributes of customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_chartmogul.client.fields import checked
from airflow_provider_chartmogul.client.pagination import PageShape
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import Record, filled, path

_PATH = "/customers/{}/attributes/custom"

ENRICHED = PageShape("entries", paged=False, must_have=("uuid",))
"""How the customers come back that an e-mail address has reached."""


class CustomAttributesResource(Resource):
    """``client.custom_attributes``. Reference: ``/reference/customers/attributes``."""

    def add(self, customer_uuid: str, custom: Sequence[Mapping[str, Any]]) -> Record:
        """Set attributes, and define those that the account does not know. Idempotent.

        Reference: ``/reference/customers/attributes/add``.

        :param custom: each with ``type`` (``String``, ``Integer``, ``Decimal``, ``Timestamp``, ``Boolean``), ``key``,
            ``value`` and optionally ``source``.
        :return: ``{"custom": {key: value}}``, all of the customer's attributes.
        :raises ChartMogulUnprocessableError: the key is defined with another type.
        """
        return self._api.post_idempotent(path(_PATH, customer_uuid), {"custom": attribute_list(custom)})

    def add_by_email(
        self, email: str, custom: Sequence[Mapping[str, Any]], *, with_associated_emails: bool | None = None
    ) -> Record:
        """Set attributes of every customer with an e-mail address. Idempotent.

        Reference: ``/reference/customers/attributes``.

        :param custom: as in :meth:`add`.
        :param with_associated_emails: look at the addresses of their contacts as well.
        :return: ``{"entries": [...]}``, the customers, not paged.
        :raises ChartMogulNotFoundError: nobody has the address.
        """
        body: Record = {"email": email, "custom": attribute_list(custom)}
        if with_associated_emails is not None:
            body["with_associated_emails"] = with_associated_emails
        url = "/customers/attributes/custom"
        answer = self._api.post_idempotent(url, body)
        ENRICHED.read(answer, f"POST {url}")
        return answer

    def update(self, customer_uuid: str, custom: Mapping[str, Any]) -> Record:
        """Set attributes that the account defines already; those left out keep their values.

        Reference: ``/reference/customers/attributes``.

        :param custom: key to value, or to ``{"value": …, "source": …}``.
        :return: ``{"custom": {key: value}}``, all of the customer's attributes.
        """
        return self._api.put(path(_PATH, customer_uuid), {"custom": attribute_map(custom)})

    def remove(self, customer_uuid: str, custom: Sequence[str]) -> Record:
        """Take attributes off a customer; their definitions stay.

        Reference: ``/reference/customers/attributes``.

        :param custom: keys.
        :return: ``{"custom": {key: value}}``, those that remain.
        """
        # the API answers without a body when nothing remains
        return self._api.remove(path(_PATH, customer_uuid), {"custom": filled("custom", custom)}) or {"custom": {}}


def attribute_list(custom: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return attributes as they are added, each with its type.

    :raises ValueError: there is none, or this is a map.
    :raises ChartMogulInvalidRecordError: a field of one is missing or of the wrong shape.
    """
    rows = filled("custom", custom)
    checked("attributes", {"custom": rows})
    return rows


def attribute_map(custom: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes as they are changed, key to value.

    :raises ValueError: there is none, or this is a list.
    """
    if not isinstance(custom, Mapping) or not custom:
        raise ValueError("custom must map at least one key to its value")
    return dict(custom)
