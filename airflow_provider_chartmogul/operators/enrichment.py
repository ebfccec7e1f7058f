"""Operators that enrich customers with tags and custom attributes."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_chartmogul.attributes import checked_attributes, checked_tags
from airflow_provider_chartmogul.client.pagination import PageShape
from airflow_provider_chartmogul.client.values import with_fields
from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.operators.base import ChartMogulOperator, required_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.resources.custom_attributes import CustomAttributesResource
    from airflow_provider_chartmogul.client.resources.tags import TagsResource

TARGET_FIELDS = ("customer_uuid", "customer_email", "data_source_uuid", "external_id")
ENRICHED = PageShape("entries", paged=False, must_have=("uuid",))
TARGETS = ({"customer_uuid"}, {"customer_email"}, {"data_source_uuid", "external_id"})


class ChartMogulEnrichmentOperator(ChartMogulOperator):
    """Base of the operators that add something to one customer, or to all customers with an email address.

    Give exactly one target: ``customer_uuid``, ``customer_email``, or ``data_source_uuid`` with ``external_id``.
    Adding is idempotent. Returns ``{"customer_uuids": [...]}``, the customers that were enriched.

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

    attributes: ClassVar[str]
    """What is added, as the API's paths call it."""

    @abstractmethod
    def resource(self, client: ChartMogulClient) -> TagsResource | CustomAttributesResource:
        """Return the part of the client that adds."""

    @abstractmethod
    def addition(self) -> dict[str, Any]:
        """Return what to add, as arguments of the resource; raise ``ValueError`` where it cannot work."""

    def execute(self, context: Context) -> dict[str, list[str]]:
        """Return ``{"customer_uuids": [...]}``."""
        # once more: rendering may have left nothing of the target
        self._check_target()
        addition = self.addition()
        try:
            uuids = self._enrich(self.hook.get_conn(), addition)
        except ChartMogulNotFoundError:
            if not self.ignore_missing:
                raise
            self.log.warning("There is no such customer, nothing was added")
            uuids = []
        self.log.info("Enriched %s customers", len(uuids))
        return {"customer_uuids": uuids}

    def _check_target(self) -> None:
        given = {name: getattr(self, name) for name in TARGET_FIELDS if getattr(self, name) is not None}
        if given.keys() not in TARGETS:
            raise ValueError(
                "give exactly one target: customer_uuid, or customer_email, or data_source_uuid with external_id"
            )
        for name, value in given.items():
            required_text(name, value)

    def _enrich(self, client: ChartMogulClient, addition: Mapping[str, Any]) -> list[str]:
        resource = self.resource(client)
        if self.customer_email is not None:
            answer = resource.add_by_email(self.customer_email, **addition)
            customers = ENRICHED.read(answer, f"POST /customers/attributes/{self.attributes}").records
            return [customer["uuid"] for customer in customers]
        uuid = self.customer_uuid or self._find(client)
        resource.add(uuid, **addition)
        return [uuid]

    def _find(self, client: ChartMogulClient) -> str:
        found = client.customers.list(data_source_uuid=self.data_source_uuid, external_id=self.external_id)
        customer = found.first()
        if customer is None:
            raise ChartMogulNotFoundError(
                f"No customer with external_id '{self.external_id}' in data source {self.data_source_uuid}",
                status_code=404,
            )
        return str(with_fields(customer, ("uuid",), "GET /customers")["uuid"])


class ChartMogulAddTagsOperator(ChartMogulEnrichmentOperator):
    """Add tags to a customer; those it has already stay. Reference: ``/reference/customers/tags/add``.

    Targets and result as :class:`ChartMogulEnrichmentOperator`.

    :param tags: one or more tags, stored as written. (templated)
    """

    attributes = "tags"
    template_fields: Sequence[str] = (*ChartMogulEnrichmentOperator.template_fields, "tags")

    def __init__(self, *, tags: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tags = tags

    def resource(self, client: ChartMogulClient) -> TagsResource:
        """Tags."""
        return client.tags

    def addition(self) -> dict[str, Any]:
        """Return the tags as a list."""
        return {"tags": checked_tags(self.tags)}


class ChartMogulAddCustomAttributesOperator(ChartMogulEnrichmentOperator):
    """Set custom attributes of a customer; others stay. Reference: ``/reference/customers/attributes/add``.

    The first value of a key defines its type for the whole account. Targets and result as
    :class:`ChartMogulEnrichmentOperator`.

    :param custom_attributes: one or more mappings ``{"type", "key", "value"}`` with an optional ``"source"``; types are
        ``String`` (up to 255 characters), ``Integer``, ``Decimal``, ``Timestamp`` (ISO 8601) and ``Boolean``. Numbers
        and truth values may be text, as templates render them. (templated)
    """

    attributes = "custom"
    template_fields: Sequence[str] = (*ChartMogulEnrichmentOperator.template_fields, "custom_attributes")
    template_fields_renderers = {"custom_attributes": "json"}

    def __init__(self, *, custom_attributes: Sequence[Mapping[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.custom_attributes = custom_attributes

    def resource(self, client: ChartMogulClient) -> CustomAttributesResource:
        """Custom attributes."""
        return client.custom_attributes

    def addition(self) -> dict[str, Any]:
        """Return the attributes with values of their types."""
        return {"custom": checked_attributes(self.custom_attributes)}
