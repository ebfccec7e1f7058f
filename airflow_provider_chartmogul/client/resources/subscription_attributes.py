"""Custom attributes of subscriptions and of subscription sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.resources.custom_attributes import attribute_list, attribute_map
from airflow_provider_chartmogul.client.values import Record, filled, path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FIELDS = ("custom",)


class SubscriptionAttributesResource(Resource):
    """``client.subscription_attributes``. Attributes are defined once for customers, subscriptions and sets.

    Subscriptions are named by the ``uuid`` of ``client.subscriptions.list``.
    """

    def retrieve(self, subscription_uuid: str) -> Record:
        """Return ``{"custom": {key: value}}``.

        Reference: ``/reference/subscriptions/attributes/retrieve``.

        :raises ChartMogulNotFoundError: no such subscription.
        """
        return self._api.get(path("/subscriptions/{}/attributes", subscription_uuid), must_have=_FIELDS)

    def add(self, subscription_uuid: str, custom: Sequence[Mapping[str, Any]]) -> Record:
        """Set attributes, and define those that the account does not know. Idempotent.

        Reference: ``/reference/subscriptions/attributes/add``.

        :param custom: a list, as in ``client.custom_attributes.add``.
        :return: ``{"custom": {key: value}}``, all of the subscription's attributes.
        :raises ChartMogulNotFoundError: no such subscription.
        :raises ChartMogulUnprocessableError: the key is defined with another type.
        """
        url = path("/subscriptions/{}/attributes/custom", subscription_uuid)
        return self._api.post_idempotent(url, {"custom": attribute_list(custom)}, must_have=_FIELDS)

    def update(self, subscription_uuid: str, custom: Mapping[str, Any]) -> Record:
        """Set attributes that the account defines already; those left out keep their values. Repeated at will.

        Reference: ``/reference/subscriptions/attributes/update``.

        :param custom: a map, as in ``client.custom_attributes.update``.
        :return: ``{"custom": {key: value}}``, all of the subscription's attributes.
        :raises ChartMogulNotFoundError: no such subscription.
        """
        url = path("/subscriptions/{}/attributes/custom", subscription_uuid)
        return self._api.put(url, {"custom": attribute_map(custom)}, must_have=_FIELDS)

    def remove(self, subscription_uuid: str, custom: Sequence[str]) -> Record:
        """Take attributes off a subscription; their definitions stay. Repeated at will.

        Reference: ``/reference/subscriptions/attributes/delete``.

        :param custom: keys.
        :return: ``{"custom": {key: value}, "message": …}``: those that remain; ``success``, or ``noop`` where there
            was nothing to remove.
        :raises ChartMogulNotFoundError: no such subscription.
        """
        url = path("/subscriptions/{}/attributes/custom", subscription_uuid)
        return self._api.remove(url, {"custom": filled("custom", custom)}) or {"custom": {}}


class SubscriptionSetAttributesResource(Resource):
    """``client.subscription_set_attributes``. The subscriptions of a set inherit its attributes.

    Sets are named by the ``subscription_set_uuid`` of ``client.subscriptions.list``. Answers, errors and reference
    pages are those of ``client.subscription_attributes``.
    """

    def retrieve(self, subscription_set_uuid: str) -> Record:
        """Return ``{"custom": {key: value}}``.

        Reference: ``/reference/subscriptions/attributes/retrieve``.

        :raises ChartMogulNotFoundError: no such set.
        """
        return self._api.get(path("/subscription_sets/{}/attributes", subscription_set_uuid), must_have=_FIELDS)

    def add(self, subscription_set_uuid: str, custom: Sequence[Mapping[str, Any]]) -> Record:
        """Set attributes, and define those that the account does not know. Idempotent.

        Reference: ``/reference/subscriptions/attributes/add``.

        :param custom: a list, as in ``client.custom_attributes.add``.
        """
        url = path("/subscription_sets/{}/attributes/custom", subscription_set_uuid)
        return self._api.post_idempotent(url, {"custom": attribute_list(custom)}, must_have=_FIELDS)

    def update(self, subscription_set_uuid: str, custom: Mapping[str, Any]) -> Record:
        """Set attributes that the account defines already; those left out keep their values. Repeated at will.

        Reference: ``/reference/subscriptions/attributes/update``.

        :param custom: a map, as in ``client.custom_attributes.update``.
        """
        url = path("/subscription_sets/{}/attributes/custom", subscription_set_uuid)
        return self._api.put(url, {"custom": attribute_map(custom)}, must_have=_FIELDS)

    def remove(self, subscription_set_uuid: str, custom: Sequence[str]) -> Record:
        """Take attributes off a set; their definitions stay. Repeated at will.

        Reference: ``/reference/subscriptions/attributes/delete``.

        :param custom: keys.
        """
        url = path("/subscription_sets/{}/attributes/custom", subscription_set_uuid)
        return self._api.remove(url, {"custom": filled("custom", custom)}) or {"custom": {}}
