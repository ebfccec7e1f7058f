"""Custom attributes of subscriptions and of subscription sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.resources.custom_attributes import attribute_list, attribute_map
from airflow_provider_chartmogul.client.values import Record, filled, path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FIELDS = ("custom",)


class _AttributesResource(Resource):
    _path: ClassVar[str]

    def _retrieve(self, uuid: str) -> Record:
        return self._api.get(path(self._path, uuid), must_have=_FIELDS)

    def _add(self, uuid: str, custom: Sequence[Mapping[str, Any]]) -> Record:
        return self._api.post_idempotent(self._custom(uuid), {"custom": attribute_list(custom)}, must_have=_FIELDS)

    def _update(self, uuid: str, custom: Mapping[str, Any]) -> Record:
        return self._api.put(self._custom(uuid), {"custom": attribute_map(custom)}, must_have=_FIELDS)

    def _remove(self, uuid: str, custom: Sequence[str]) -> Record:
        return self._api.remove(self._custom(uuid), {"custom": filled("custom", custom)}) or {"custom": {}}

    def _custom(self, uuid: str) -> str:
        return path(self._path, uuid) + "/custom"


class SubscriptionAttributesResource(_AttributesResource):
    """``client.subscription_attributes``. Attributes are defined once for customers, subscriptions and sets.

    Subscriptions are named by the ``uuid`` of ``client.subscriptions.list``.
    """

    _path = "/subscriptions/{}/attributes"

    def retrieve(self, subscription_uuid: str) -> Record:
        """Return ``{"custom": {key: value}}``.

        Reference: ``/reference/subscriptions/attributes/retrieve``.

        :raises ChartMogulNotFoundError: no such subscription.
        """
        return self._retrieve(subscription_uuid)

    def add(self, subscription_uuid: str, custom: Sequence[Mapping[str, Any]]) -> Record:
        """Set attributes, and define those that the account does not know. Idempotent.

        Reference: ``/reference/subscriptions/attributes/add``.

        :param custom: a list, as in ``client.custom_attributes.add``.
        :return: ``{"custom": {key: value}}``, all of the subscription's attributes.
        :raises ChartMogulNotFoundError: no such subscription.
        :raises ChartMogulUnprocessableError: the key is defined with another type.
        """
        return self._add(subscription_uuid, custom)

    def update(self, subscription_uuid: str, custom: Mapping[str, Any]) -> Record:
        """Set attributes that the account defines already; those left out keep their values. Repeated at will.

        Reference: ``/reference/subscriptions/attributes/update``.

        :param custom: a map, as in ``client.custom_attributes.update``.
        :return: ``{"custom": {key: value}}``, all of the subscription's attributes.
        :raises ChartMogulNotFoundError: no such subscription.
        """
        return self._update(subscription_uuid, custom)

    def remove(self, subscription_uuid: str, custom: Sequence[str]) -> Record:
        """Take attributes off a subscription; their definitions stay. Repeated at will.

        Reference: ``/reference/subscriptions/attributes/delete``.

        :param custom: keys.
        :return: ``{"custom": {key: value}, "message": …}``: those that remain; ``success``, or ``noop`` where there
            was nothing to remove.
        :raises ChartMogulNotFoundError: no such subscription.
        """
        return self._remove(subscription_uuid, custom)


class SubscriptionSetAttributesResource(_AttributesResource):
    """``client.subscription_set_attributes``. The subscriptions of a set inherit its attributes.

    Sets are named by the ``subscription_set_uuid`` of ``client.subscriptions.list``. Answers, errors and reference
    pages are those of ``client.subscription_attributes``.
    """

    _path = "/subscription_sets/{}/attributes"

    def retrieve(self, subscription_set_uuid: str) -> Record:
        """Return ``{"custom": {key: value}}``.

        Reference: ``/reference/subscriptions/attributes/retrieve``.

        :raises ChartMogulNotFoundError: no such set.
        """
        return self._retrieve(subscription_set_uuid)

    def add(self, subscription_set_uuid: str, custom: Sequence[Mapping[str, Any]]) -> Record:
        """Set attributes, and define those that the account does not know. Idempotent.

        Reference: ``/reference/subscriptions/attributes/add``.

        :param custom: a list, as in ``client.custom_attributes.add``.
        """
        return self._add(subscription_set_uuid, custom)

    def update(self, subscription_set_uuid: str, custom: Mapping[str, Any]) -> Record:
        """Set attributes that the account defines already; those left out keep their values. Repeated at will.

        Reference: ``/reference/subscriptions/attributes/update``.

        :param custom: a map, as in ``client.custom_attributes.update``.
        """
        return self._update(subscription_set_uuid, custom)

    def remove(self, subscription_set_uuid: str, custom: Sequence[str]) -> Record:
        """Take attributes off a set; their definitions stay. Repeated at will.

        Reference: ``/reference/subscriptions/attributes/delete``.

        :param custom: keys.
        """
        return self._remove(subscription_set_uuid, custom)
