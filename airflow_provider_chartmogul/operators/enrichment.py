"""Operators that enrich customers with tags and custom attributes."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.fields.attributes import (
    checked_attributes,
    checked_keys,
    checked_tags,
    checked_values,
)
from airflow_provider_chartmogul.client.resources.customers import uuid_by_key
from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.operators.base import ChartMogulOperator, check_flag, required_id, required_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record

TARGET_FIELDS = ("customer_uuid", "customer_email", "data_source_uuid", "external_id")
TARGETS = ({"customer_uuid"}, {"customer_email"}, {"data_source_uuid", "external_id"})


class ChartMogulEnrichmentOperator(ChartMogulOperator):
    """Base of the operators that change tags or attributes of one customer, or of all with an email address.

    Give exactly one target: ``customer_uuid``, ``customer_email``, or ``data_source_uuid`` with ``external_id``.
    A repetition changes nothing. Returns ``{"customer_uuids": [...]}``, the customers that were reached.

    :param customer_uuid: the customer (``cus_…``). (templated)
    :param customer_email: every customer with this address, in all data sources. (templated)
    :param data_source_uuid: data source of the customer, with ``external_id``. (templated)
    :param external_id: your identifier of the customer in that data source. (templated)
    :param ignore_missing: succeed without effect when there is no such customer, instead of failing.
    :raises ValueError: no target or more than one; when the DAG is parsed.
    :raises ChartMogulNotFoundError: no such customer.
    """

    template_fields: Sequence[str] = (*ChartMogulOperator.template_fields, *TARGET_FIELDS)

    def __init__(
        self,
        *,
        customer_uuid: str | None = None,
        customer_email: str | None = None,
        data_source_uuid: str | None = None,
        external_id: str | None = None,
        ignore_missing: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.customer_uuid = customer_uuid
        self.customer_email = customer_email
        self.data_source_uuid = data_source_uuid
        self.external_id = external_id
        self.ignore_missing = ignore_missing
        self._check_target()
        check_flag("ignore_missing", ignore_missing)

    @abstractmethod
    def change(self) -> Any:
        """Return what to change, checked; raise ``ValueError`` where it cannot work."""

    @abstractmethod
    def enrich(self, client: ChartMogulClient, customer_uuid: str, change: Any) -> None:
        """Change one customer."""

    def enrich_by_email(self, client: ChartMogulClient, email: str, change: Any) -> list[Record]:
        """Change every customer with an address, and return them."""
        reached = []
        for customer in list(client.customers.search(email=email)):
            # who is gone by now has the address no more
            with suppress(ChartMogulNotFoundError):
                self.enrich(client, customer["uuid"], change)
                reached.append(customer)
        return reached

    def execute(self, context: Context) -> dict[str, list[str]]:
        """Return ``{"customer_uuids": [...]}``."""
        # once more: rendering may have left nothing of the target
        self._check_target(required_id)
        change = self.change()
        try:
            uuids = self._enrich(self.hook.get_conn(), change)
        except ChartMogulNotFoundError:
            if not self.ignore_missing:
                raise
            self.log.warning("There is no such customer, nothing was changed")
            uuids = []
        self.log.info("Reached %s customers", len(uuids))
        return {"customer_uuids": uuids}

    def _check_target(self, required: Callable[[str, object], str] = required_text) -> None:
        given = {name: getattr(self, name) for name in TARGET_FIELDS if getattr(self, name) is not None}
        if given.keys() not in TARGETS:
            raise ValueError(
                "give exactly one target: customer_uuid, or customer_email, or data_source_uuid with external_id"
            )
        for name, value in given.items():
            required(name, value)

    def _enrich(self, client: ChartMogulClient, change: Any) -> list[str]:
        if self.customer_email is not None:
            return [customer["uuid"] for customer in self.enrich_by_email(client, self.customer_email, change)]
        uuid = self.customer_uuid or uuid_by_key(client.customers, self._key())
        self.enrich(client, uuid, change)
        return [uuid]

    def _key(self) -> dict[str, str | None]:
        return {"data_source_uuid": self.data_source_uuid, "external_id": self.external_id}


class ChartMogulTagsOperator(ChartMogulEnrichmentOperator):
    """Base of the operators on tags.

    :param tags: one or more tags, as they are written. (templated)
    """

    template_fields: Sequence[str] = (*ChartMogulEnrichmentOperator.template_fields, "tags")

    def __init__(self, *, tags: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tags = tags

    def change(self) -> list[str]:
        """Return the tags as a list."""
        return checked_tags(self.tags)


class ChartMogulAddTagsOperator(ChartMogulTagsOperator):
    """Add tags to a customer; those it has already stay. Reference: ``/reference/customers/tags/add``.

    Targets and result as :class:`ChartMogulEnrichmentOperator`.
    """

    def enrich(self, client: ChartMogulClient, customer_uuid: str, change: list[str]) -> None:
        """Add them."""
        client.tags.add(customer_uuid, change)

    def enrich_by_email(self, client: ChartMogulClient, email: str, change: list[str]) -> list[Record]:
        """Add them by the address, in one request."""
        return list(client.tags.add_by_email(email, change)["entries"])


class ChartMogulRemoveTagsOperator(ChartMogulTagsOperator):
    """Take tags off a customer; those it does not have are ignored. Reference: ``/reference/customers/tags``.

    Targets and result as :class:`ChartMogulEnrichmentOperator`.
    """

    def enrich(self, client: ChartMogulClient, customer_uuid: str, change: list[str]) -> None:
        """Take them off."""
        client.tags.remove(customer_uuid, change)


class ChartMogulAddCustomAttributesOperator(ChartMogulEnrichmentOperator):
    """Set custom attributes of a customer; others stay. Reference: ``/reference/customers/attributes/add``.

    The first value of a key defines its type for the whole account. Targets and result as
    :class:`ChartMogulEnrichmentOperator`.

    :param custom_attributes: one or more mappings ``{"type", "key", "value"}`` with an optional ``"source"``; types are
        ``String`` (up to 255 characters), ``Integer``, ``Decimal``, ``Timestamp`` (ISO 8601) and ``Boolean``. Numbers
        and truth values may be text, as templates render them. (templated)
    """

    template_fields: Sequence[str] = (*ChartMogulEnrichmentOperator.template_fields, "custom_attributes")
    template_fields_renderers = {"custom_attributes": "json"}

    def __init__(self, *, custom_attributes: Sequence[Mapping[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.custom_attributes = custom_attributes

    def change(self) -> list[dict[str, Any]]:
        """Return the attributes with values of their types."""
        return checked_attributes(self.custom_attributes)

    def enrich(self, client: ChartMogulClient, customer_uuid: str, change: list[dict[str, Any]]) -> None:
        """Set them."""
        client.custom_attributes.add(customer_uuid, change)

    def enrich_by_email(self, client: ChartMogulClient, email: str, change: list[dict[str, Any]]) -> list[Record]:
        """Set them by the address, in one request."""
        return list(client.custom_attributes.add_by_email(email, change)["entries"])


class ChartMogulUpdateCustomAttributesOperator(ChartMogulEnrichmentOperator):
    """Change custom attributes that the account defines already; others stay.

    Reference: ``/reference/customers/attributes``. Targets and result as :class:`ChartMogulEnrichmentOperator`.

    :param custom_attributes: key to value, or to ``{"value": …, "source": …}``. The value must be of the attribute's
        type: templates render to text, unless the DAG sets ``render_template_as_native_obj``. (templated)
    """

    template_fields: Sequence[str] = (*ChartMogulEnrichmentOperator.template_fields, "custom_attributes")
    template_fields_renderers = {"custom_attributes": "json"}

    def __init__(self, *, custom_attributes: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.custom_attributes = custom_attributes

    def change(self) -> dict[str, Any]:
        """Return the map of values."""
        return checked_values(self.custom_attributes)

    def enrich(self, client: ChartMogulClient, customer_uuid: str, change: dict[str, Any]) -> None:
        """Change them."""
        client.custom_attributes.update(customer_uuid, change)


class ChartMogulRemoveCustomAttributesOperator(ChartMogulEnrichmentOperator):
    """Take custom attributes off a customer; their definitions stay, and keys that it does not have are ignored.

    Reference: ``/reference/customers/attributes``. Targets and result as :class:`ChartMogulEnrichmentOperator`.

    :param keys: one or more keys of attributes. (templated)
    """

    template_fields: Sequence[str] = (*ChartMogulEnrichmentOperator.template_fields, "keys")

    def __init__(self, *, keys: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keys = keys

    def change(self) -> list[str]:
        """Return the keys as a list."""
        return checked_keys(self.keys)

    def enrich(self, client: ChartMogulClient, customer_uuid: str, change: list[str]) -> None:
        """Take them off."""
        client.custom_attributes.remove(customer_uuid, change)
