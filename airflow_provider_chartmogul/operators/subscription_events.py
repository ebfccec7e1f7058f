"""Operators on subscription events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.fields import Problem
from airflow_provider_chartmogul.imports.each import Sent
from airflow_provider_chartmogul.operators.changing_records import ChartMogulUpdateRecordsOperator
from airflow_provider_chartmogul.operators.keyed_records import (
    ChartMogulDeleteKeyedRecordsOperator,
    ChartMogulImportRecordsOperator,
    ChartMogulKeyedRecordsOperator,
    key_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.each import Send


class ChartMogulImportSubscriptionEventsOperator(ChartMogulImportRecordsOperator):
    """Create subscription events.

    A record has ``customer_external_id``, ``subscription_external_id``, ``event_type``, ``event_date``,
    ``effective_date`` and should have ``external_id``; starts and updates also have ``plan_external_id``, ``currency``
    and ``amount_in_cents`` (integer cents of the whole cycle after the event). In the result ``uuids`` are the numbers
    of the events. Arguments, result and errors as in
    :class:`~airflow_provider_chartmogul.operators.keyed_records.ChartMogulImportRecordsOperator`.
    Reference: ``/reference/subscription-events/add``.
    """

    kind = "subscription_events"
    id_field = "id"
    derived_id = "event"

    def update(self, client: ChartMogulClient, uuid: str, changes: Record) -> None:
        """Change an event; the API takes name and changes together."""
        client.subscription_events.update(id=uuid, **changes)


class ChartMogulSubscriptionEventsOperator(ChartMogulKeyedRecordsOperator):
    """Base of the operators on events that are there, named by ``id`` or by ``external_id`` within a data source."""

    kind = "subscription_events"
    id_field = "id"

    def names_of(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the fields that name an event; its external id cannot change, and so is none to change."""
        return self.names

    def key_of(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the number, where there is one."""
        return (self.id_field,) if self.has_id(record) else self.names

    def id_problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with the number of an event."""
        return [] if str(record.get("id")).isdecimal() else [Problem("id", "must be a number")]


class ChartMogulUpdateSubscriptionEventsOperator(ChartMogulSubscriptionEventsOperator, ChartMogulUpdateRecordsOperator):
    """Change subscription events.

    A record names the event by ``id``, or by ``external_id`` within a data source, and the fields to change; the
    ``external_id`` itself stays. The count is ``updated``. Arguments, result and errors as in
    :class:`~airflow_provider_chartmogul.operators.changing_records.ChartMogulUpdateRecordsOperator`.
    Reference: ``/reference/subscription-events/update``.
    """

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what changes one event; the API takes name and changes together."""
        return lambda record: Sent("updated", client.subscription_events.update(**record)["id"])


class ChartMogulDeleteSubscriptionEventsOperator(
    ChartMogulSubscriptionEventsOperator, ChartMogulDeleteKeyedRecordsOperator
):
    """Delete subscription events; deleting a cancellation revives the subscription.

    Events are named by their numbers (``uuids``, or ``id`` in ``records``), or in ``records`` by ``external_id`` within
    a data source. Arguments, result and errors as in
    :class:`~airflow_provider_chartmogul.operators.changing_records.ChartMogulDeleteRecordsOperator`.
    """

    def delete(self, client: ChartMogulClient, record: Record) -> None:
        """Delete an event."""
        if record.get("id") is not None:
            client.subscription_events.delete(id=record["id"])
        else:
            client.subscription_events.delete(**key_of(record))
