"""Subscription events: scheduled changes and cancellations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.pagination import Listing, PageShape
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.moments import Moment, as_text

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client.values import Record

_PATH = "/subscription_events"
_SHAPE = PageShape("subscription_events")


class SubscriptionEventsResource(Resource):
    """``client.subscription_events``. The envelope that the API wants is added here.

    Reference: ``/reference/subscription-events``.
    """

    def list(
        self,
        *,
        data_source_uuid: str | None = None,
        external_id: str | None = None,
        customer_external_id: str | None = None,
        subscription_external_id: str | None = None,
        plan_external_id: str | None = None,
        event_type: str | None = None,
        event_date: Moment | None = None,
        effective_date: Moment | None = None,
        with_disabled: bool | None = None,
        per_page: int = 200,
        cursor: str | None = None,
    ) -> Listing:
        """List events, newest first; with ``external_id`` and ``data_source_uuid`` the way to read one.

        Reference: ``/reference/subscription-events/list``.

        :param event_date: only events of this date.
        :param effective_date: only events effective on this date.
        """
        params = {
            "data_source_uuid": data_source_uuid,
            "external_id": external_id,
            "customer_external_id": customer_external_id,
            "subscription_external_id": subscription_external_id,
            "plan_external_id": plan_external_id,
            "event_type": event_type,
            "event_date": None if event_date is None else as_text(event_date),
            "effective_date": None if effective_date is None else as_text(effective_date),
            "with_disabled": with_disabled,
        }
        return self._listing(_PATH, params, shape=_SHAPE, per_page=per_page, cursor=cursor)

    def create(self, *, data_source_uuid: str, external_id: str | None = None, **fields: Any) -> Record:
        """Store an event. Keyed by ``data_source_uuid`` and ``external_id`` if that is given.

        Reference: ``/reference/subscription-events/add``.

        :param fields: ``customer_external_id``, ``subscription_external_id``, ``event_type``, ``event_date``,
            ``effective_date``; for starts and updates also ``plan_external_id``, ``currency``, ``amount_in_cents``
            (integer cents of the whole cycle after the event); for retractions ``retracted_event_id``.
        :raises ChartMogulUnprocessableError: a field is refused, or customer or subscription are unknown.
        """
        body = {"data_source_uuid": data_source_uuid, **fields}
        if external_id is None:
            return self._api.post_unkeyed(_PATH, {"subscription_event": body})
        same = self.list(data_source_uuid=data_source_uuid, external_id=external_id)
        return self._api.post_keyed(
            _PATH, {"subscription_event": {**body, "external_id": external_id}}, find=same.first
        )

    def update(self, **fields: Any) -> Record:
        """Change an event and return it.

        Reference: ``/reference/subscription-events/update``.

        :param fields: which event (``id``, or ``external_id`` with ``data_source_uuid``) and its new fields.
        :raises ChartMogulNotFoundError: there is no such event.
        """
        return self._api.patch(_PATH, {"subscription_event": fields})

    def delete(
        self,
        *,
        id: int | None = None,  # noqa: A002 - the API's name
        external_id: str | None = None,
        data_source_uuid: str | None = None,
    ) -> None:
        """Delete an event; deleting a cancellation revives the subscription.

        Reference: ``/reference/subscription-events/delete``.

        :param id: the API's number of the event, or else
        :param external_id: your id, together with
        :param data_source_uuid: its data source.
        :raises ValueError: neither of the two is complete.
        """
        if id is None and not (external_id and data_source_uuid):
            raise ValueError("name the event by id, or by external_id and data_source_uuid")
        named = {"external_id": external_id, "data_source_uuid": data_source_uuid} if id is None else {"id": id}
        self._api.delete(_PATH, body={"subscription_event": named})
