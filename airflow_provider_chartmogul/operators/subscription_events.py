"""Operators on subscription events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.client.fields import Problem
from airflow_provider_chartmogul.imports.each import Sent
from airflow_provider_chartmogul.operators.keyed_records import (
    ChartMogulDeleteKeyedRecordsOperator,
    ChartMogulImportRecordsOperator,
    ChartMogulKeyedRecordsOperator,
    key_of,
)
from airflow_provider_chartmogul.operators.records import (
    Record,
    Send,
    change_problems,
)

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient

_NAMES = ("id", "data_source_uuid", "external_id")


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

    def create(self, client: ChartMogulClient, record: Record) -> Record:
        """Create an event."""
        return client.subscription_events.create(**record)

    def find(self, client: ChartMogulClient, record: Record) -> Record | None:
        """Look an event up by external id."""
        return client.subscription_events.list(**key_of(record)).first()

    def update(self, client: ChartMogulClient, found: Record, changes: Record) -> None:
        """Change an event."""
        client.subscription_events.update(id=found["id"], **changes)


class ChartMogulSubscriptionEventsOperator(ChartMogulKeyedRecordsOperator):
    """Base of the operators on events that are there, named by ``id`` or by ``external_id`` within a data source."""

    kind = "subscription_events"
    names = _NAMES

    def name_problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with the name of an event."""
        if record.get("external_id") is not None:
            return super().name_problems(record)
        number = record.get("id")
        return [] if isinstance(number, int) or str(number).isdigit() else [Problem("id", "must be a number")]


class ChartMogulUpdateSubscriptionEventsOperator(ChartMogulSubscriptionEventsOperator):
    """Change subscription events.

    A record names the event by ``id``, or by ``external_id`` within a data source, and the fields to change. The count
    is ``updated``. Arguments, result and errors as in
    :class:`~airflow_provider_chartmogul.operators.records.ChartMogulRecordsOperator`.
    Reference: ``/reference/subscription-events/update``.
    """

    key_fields = _NAMES
    states = ("updated",)

    def problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with a record; without a name or without changes nothing can be done."""
        return [*self.name_problems(record), *change_problems(self.kind, record, self.names)]

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what changes one event; the API takes name and changes together."""
        return lambda record: Sent("updated", client.subscription_events.update(**record)["id"])


class ChartMogulDeleteSubscriptionEventsOperator(
    ChartMogulSubscriptionEventsOperator, ChartMogulDeleteKeyedRecordsOperator
):
    """Delete subscription events; deleting a cancellation revives the subscription.

    Events are named by their numbers (``uuids``, or ``id`` in ``records``), or in ``records`` by ``external_id`` within
    a data source. Arguments, result and errors as in
    :class:`~airflow_provider_chartmogul.operators.records.ChartMogulDeleteRecordsOperator`.
    Reference: ``/reference/subscription-events/delete``.
    """

    def delete(self, client: ChartMogulClient, record: Record) -> None:
        """Delete an event."""
        if record.get("id") is not None:
            client.subscription_events.delete(id=record["id"])
        else:
            client.subscription_events.delete(**key_of(record))
