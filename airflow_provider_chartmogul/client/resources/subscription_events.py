"""Subscription events: scheduled changes and cancellations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.fields import checked
from airflow_provider_chartmogul.client.pagination import Listing, PageShape
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import Record, moment, path

if TYPE_CHECKING:
    from airflow_provider_chartmogul.moments import Moment

_PATH = "/subscription_events"
_FIELDS = ("id",)
_SHAPE = PageShape("subscription_events", must_have=_FIELDS)


class SubscriptionEventsResource(Resource):
    """``client.subscription_events``. The envelope that the API wants is added here.

    ``handle_as_user_edit`` is explained in ``client.invoices``.
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
        include_edit_histories: bool | None = None,
        per_page: int = 200,
        cursor: str | None = None,
    ) -> Listing:
        """List events, newest first; with ``external_id`` and ``data_source_uuid`` the way to read one.

        :param event_date: only events of this date.
        :param effective_date: only events effective on this date.
        :param with_disabled: list disabled events as well.
        :param include_edit_histories: add ``edit_history_summary`` where there are edits.
        :raises ValueError: a date is none.
        """
        params = {
            "data_source_uuid": data_source_uuid,
            "external_id": external_id,
            "customer_external_id": customer_external_id,
            "subscription_external_id": subscription_external_id,
            "plan_external_id": plan_external_id,
            "event_type": event_type,
            "event_date": moment("event_date", event_date),
            "effective_date": moment("effective_date", effective_date),
            "with_disabled": with_disabled,
            "include_edit_histories": include_edit_histories,
        }
        return self._listing(_PATH, params, shape=_SHAPE, per_page=per_page, cursor=cursor)

    def create(
        self,
        *,
        data_source_uuid: str,
        customer_external_id: str,
        subscription_external_id: str,
        event_type: str,
        event_date: Moment,
        effective_date: Moment,
        external_id: str | None = None,
        handle_as_user_edit: bool | None = None,
        **fields: Any,
    ) -> Record:
        """Store an event. Keyed by ``data_source_uuid`` and ``external_id`` if that is given.

        Reference: ``/reference/subscription-events/add``.

        :param event_type: ``subscription_cancelled``, ``subscription_update_scheduled``, …
        :param event_date: when it happened or was decided.
        :param effective_date: when it changes the subscription.
        :param fields: for starts and updates ``plan_external_id``, ``currency``, ``amount_in_cents`` (integer cents of
            the whole cycle after the event), ``quantity``; for retractions ``retracted_event_id``, the external id of
            the event taken back.
        :raises ChartMogulUnprocessableError: a field is refused, or customer or subscription are unknown.
        """
        event = {
            "data_source_uuid": data_source_uuid,
            "customer_external_id": customer_external_id,
            "subscription_external_id": subscription_external_id,
            "event_type": event_type,
            "event_date": event_date,
            "effective_date": effective_date,
            **({} if external_id is None else {"external_id": external_id}),
        }
        body = {"subscription_event": checked("subscription_events", {**event, **fields})}
        query = {"handle_as_user_edit": handle_as_user_edit}
        same = self.list(data_source_uuid=data_source_uuid, external_id=external_id)
        find = same.first if external_id else None
        return self._api.post_keyed(_PATH, body, query, find=find, must_have=_FIELDS)

    def update(self, *, handle_as_user_edit: bool | None = None, **fields: Any) -> Record:
        """Change an event and return it. Repeated at will.

        Reference: ``/reference/subscription-events/update``.

        :param fields: which event (``id``, or ``external_id`` with ``data_source_uuid``) and its new fields.
        :raises ValueError: neither of the two is complete.
        :raises ChartMogulNotFoundError: there is no such event.
        :raises ChartMogulUnprocessableError: a value is refused.
        """
        _event_name(fields.get("id"), fields.get("external_id"), fields.get("data_source_uuid"))
        body = {"subscription_event": checked("subscription_events", fields, partial=True)}
        return self._api.patch(_PATH, body, {"handle_as_user_edit": handle_as_user_edit}, must_have=_FIELDS)

    def disable(
        self, subscription_event_id: int, *, disabled: bool = True, handle_as_user_edit: bool | None = None
    ) -> Record:
        """Hide an event from all metrics, or bring it back, and return it. Repeated at will.

        Only in automatic data sources, and only with an external id.

        :param subscription_event_id: the API's number of the event.
        :param disabled: ``False`` brings it back.
        :raises ChartMogulNotFoundError: there is no such event.
        :raises ChartMogulUnprocessableError: the data source is not automatic, or there is no external id.
        """
        query = {"handle_as_user_edit": handle_as_user_edit}
        url = path("/subscription_events/{}/disabled_state", subscription_event_id)
        return self._api.patch(url, {"disabled": disabled}, query, must_have=_FIELDS)

    def disable_by_external_id(
        self,
        data_source_uuid: str,
        external_id: str,
        *,
        disabled: bool = True,
        handle_as_user_edit: bool | None = None,
    ) -> Record:
        """:meth:`disable` an event that is named by its external id, or bring it back.

        :raises ValueError: one of the two names is empty.
        """
        # named in the body, unlike invoices and their parts, and without the envelope
        body = {**_event_name(None, external_id, data_source_uuid), "disabled": disabled}
        query = {"handle_as_user_edit": handle_as_user_edit}
        return self._api.patch("/subscription_events/disabled_state", body, query, must_have=_FIELDS)

    def delete(
        self,
        *,
        id: int | None = None,  # noqa: A002 - the API's name
        external_id: str | None = None,
        data_source_uuid: str | None = None,
        handle_as_user_edit: bool | None = None,
    ) -> None:
        """Delete an event; deleting a cancellation revives the subscription. Repeated at will.

        :param id: the API's number of the event, or else
        :param external_id: your id, together with
        :param data_source_uuid: its data source.
        :raises ValueError: neither of the two is complete.
        :raises ChartMogulNotFoundError: there is no such event.
        """
        body = {"subscription_event": _event_name(id, external_id, data_source_uuid)}
        self._api.delete(_PATH, body, {"handle_as_user_edit": handle_as_user_edit})


def _event_name(number: int | None, external_id: str | None, data_source_uuid: str | None) -> dict[str, Any]:
    if number is not None:
        return {"id": number}
    if not (external_id and data_source_uuid):
        raise ValueError("name the event by id, or by external_id and data_source_uuid")
    return {"external_id": external_id, "data_source_uuid": data_source_uuid}
