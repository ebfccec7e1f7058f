"""Subscriptions: as ChartMogul understands them, as they were imported, and how they end and go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.client.fields import checked
from airflow_provider_chartmogul.client.pagination import Listing, PageShape
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import Record, path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_chartmogul.moments import Moment

_FIELDS = ("uuid",)
_SHAPE = PageShape("entries", must_have=_FIELDS)
_IMPORTED = PageShape("subscriptions", must_have=_FIELDS)


class SubscriptionsResource(Resource):
    """``client.subscriptions``. They come into being with the line items that name them."""

    def list(self, customer_uuid: str, *, per_page: int = 200, cursor: str | None = None) -> Listing:
        """List a customer's subscriptions with ``mrr`` and ``arr`` in integer cents of the account currency.

        An ``inactive`` one keeps its last MRR: sum only the ``active`` ones.

        Reference: ``/reference/customers/list-subscriptions``.

        :raises ChartMogulNotFoundError: while reading, when there is no such customer.
        """
        url = path("/customers/{}/subscriptions", customer_uuid)
        return self._listing(url, {}, shape=_SHAPE, per_page=per_page, cursor=cursor)

    def list_imported(self, customer_uuid: str, *, per_page: int = 200, cursor: str | None = None) -> Listing:
        """List a customer's subscriptions with their ``cancellation_dates`` and the uuids that :meth:`cancel` takes.

        The same subscription has another ``uuid`` here (``sub_…``) than in :meth:`list`. The API calls this
        deprecated, but shows the cancellations nowhere else.

        :raises ChartMogulNotFoundError: while reading, when there is no such customer.
        """
        url = path("/import/customers/{}/subscriptions", customer_uuid)
        return self._listing(url, {}, shape=_IMPORTED, per_page=per_page, cursor=cursor)

    def cancel(
        self,
        subscription_uuid: str,
        *,
        cancelled_at: Moment | None = None,
        cancellation_dates: Sequence[Moment] | None = None,
    ) -> Record:
        """Cancel a subscription, or set all its cancellations. MRR follows in the background.

        ``cancellation_dates`` are repeated at will. ``cancelled_at`` is not when it may have been done: it would stand
        there twice, and the API shows the cancellations only by customer (:meth:`list_imported`). The
        API calls all this deprecated; an event ``subscription_cancelled`` is the way to go.

        :param subscription_uuid: as in :meth:`list_imported` (``sub_…``).
        :param cancelled_at: not in the future; added to the cancellations that are there, or else
        :param cancellation_dates: takes the place of all that are there; ``[]`` takes every cancellation back.
        :return: the subscription with ``cancellation_dates``.
        :raises ValueError: neither or both are given.
        :raises ChartMogulInvalidRecordError: a date is none.
        :raises ChartMogulNotFoundError: there is no such subscription.
        :raises ChartMogulUnprocessableError: a date is refused.
        :raises ChartMogulAmbiguousWriteError: ``cancelled_at`` may or may not have been added.
        """
        given = {"cancelled_at": cancelled_at, "cancellation_dates": cancellation_dates}
        body = {name: value for name, value in given.items() if value is not None}
        if len(body) != 1:
            raise ValueError("give cancelled_at or cancellation_dates")
        body = checked("subscription_cancellations", body)
        patch = self._api.patch_adding if "cancelled_at" in body else self._api.patch
        return patch(path("/import/subscriptions/{}", subscription_uuid), body, must_have=_FIELDS)

    def connect(self, customer_uuid: str, subscriptions: Sequence[Mapping[str, str]]) -> None:
        """Make one continuous subscription out of several of a customer, without churn and reactivation in between.

        Done in the background, within minutes. Repeated at will: asking twice connects the same once.

        Reference: ``/reference/subscriptions/connect``.

        :param customer_uuid: merge the customers first if the subscriptions are those of several.
        :param subscriptions: at least two, each with ``data_source_uuid`` and ``uuid`` or ``external_id``. The first
            one stays as the main one. By ``uuid`` if two in the data source have the same external id.
        :raises ChartMogulInvalidRecordError: there are fewer, or one is not named.
        :raises ChartMogulBadRequestError: an external id names none or several.
        :raises ChartMogulNotFoundError: no such customer.
        """
        self._post("connect_subscriptions", customer_uuid, subscriptions)

    def disconnect(self, customer_uuid: str, subscriptions: Sequence[Mapping[str, str]]) -> None:
        """Take apart what :meth:`connect` made one. Done in the background, within minutes. Repeated at will.

        Reference: ``/reference/subscriptions/disconnect``.

        :param subscriptions: as in :meth:`connect`.
        :raises ChartMogulInvalidRecordError: there are fewer than two, or one is not named.
        :raises ChartMogulBadRequestError: an external id names none or several.
        :raises ChartMogulNotFoundError: no such customer.
        """
        self._post("disconnect_subscriptions", customer_uuid, subscriptions)

    def _post(self, operation: str, customer_uuid: str, subscriptions: Sequence[Mapping[str, str]]) -> None:
        url = path(f"/customers/{{}}/{operation}", customer_uuid)
        request = checked("subscription_connections", {"customer_uuid": customer_uuid, "subscriptions": subscriptions})
        self._api.post_accepted(url, {"subscriptions": request["subscriptions"]})
