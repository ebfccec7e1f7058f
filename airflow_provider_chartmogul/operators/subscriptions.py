"""Operators on subscriptions: how they end, and how they go on in another billing system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.fields import Problem
from airflow_provider_chartmogul.exceptions import ChartMogulInvalidRecordError
from airflow_provider_chartmogul.imports.each import Sent
from airflow_provider_chartmogul.operators.keyless_records import as_instant
from airflow_provider_chartmogul.operators.records import ChartMogulRecordsOperator, missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.each import Send

DATES = ("cancelled_at", "cancellation_dates")


class ChartMogulConnectSubscriptionsOperator(ChartMogulRecordsOperator):
    """Make one continuous subscription out of several of a customer, without churn and reactivation in between.

    A record has ``customer_uuid`` and ``subscriptions``: at least two, each with ``data_source_uuid`` and ``uuid`` or
    ``external_id``; the first stays as the main one. Merge the customers before if there are several. ChartMogul does
    this in the background, within minutes; doing it twice changes nothing. The count is ``connected``. Arguments,
    result and errors as in :class:`~airflow_provider_chartmogul.operators.records.ChartMogulRecordsOperator`.
    Reference: ``/reference/subscriptions/connect``.
    """

    kind = "subscription_connections"
    states = ("connected",)

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what connects the subscriptions of one record."""

        def send(record: Record) -> Sent:
            client.subscriptions.connect(record["customer_uuid"], record["subscriptions"])
            return Sent("connected", record["customer_uuid"])

        return send


class ChartMogulDisconnectSubscriptionsOperator(ChartMogulRecordsOperator):
    """Take connected subscriptions of a customer apart again.

    Records as in :class:`ChartMogulConnectSubscriptionsOperator`. The count is ``disconnected``. Arguments, result and
    errors as in :class:`~airflow_provider_chartmogul.operators.records.ChartMogulRecordsOperator`.
    Reference: ``/reference/subscriptions/disconnect``.
    """

    kind = "subscription_connections"
    states = ("disconnected",)

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what takes the subscriptions of one record apart."""

        def send(record: Record) -> Sent:
            client.subscriptions.disconnect(record["customer_uuid"], record["subscriptions"])
            return Sent("disconnected", record["customer_uuid"])

        return send


class ChartMogulCancelSubscriptionsOperator(ChartMogulRecordsOperator):
    """Set cancellations of imported subscriptions; the events ``subscription_cancelled`` are the newer way.

    A record names the subscription by ``uuid`` (``sub_…``, as ``client.subscriptions.list_imported`` has it) and has
    either ``cancelled_at``, a time that is not in the future and is added to the cancellations, or
    ``cancellation_dates``, which replace all of them (``[]`` takes them back). MRR follows in the background. The count
    is ``cancelled``.

    ChartMogul adds ``cancelled_at`` as often as it is sent. With the ``customer_uuid`` in the record, too, it is sent
    only if it is not among the subscription's cancellations. Without, another run adds it once more; hence a failure is
    then for good, and the task is not retried. Arguments, result and errors as in
    :class:`~airflow_provider_chartmogul.operators.records.ChartMogulRecordsOperator`.
    """

    kind = "subscription_cancellations"
    states = ("cancelled",)
    also = {"subscription_cancellations": ("customer_uuid",)}
    key_fields = ("uuid",)

    def problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with a record."""
        given = [name for name in DATES if record.get(name) is not None]
        one = {0: "is missing, and cancellation_dates as well", 2: "must not be given beside cancellation_dates"}
        wrong = [Problem("cancelled_at", one[len(given)])] if len(given) in one else []
        return [*missing("uuid", record), *wrong, *super().problems(record)]

    def is_repeatable(self, record: Mapping[str, Any]) -> bool:
        """Tell whether another run sees what this one did, or does no harm."""
        return record.get("cancelled_at") is None or bool(record.get("customer_uuid"))

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what sets the cancellations of one subscription."""

        def send(record: Record) -> Sent:
            if not _stands_there(client, record):
                client.subscriptions.cancel(record["uuid"], **{name: record.get(name) for name in DATES})
            return Sent("cancelled", record["uuid"])

        return send


def _stands_there(client: ChartMogulClient, record: Record) -> bool:
    """Tell whether a time is among the cancellations of the subscription, as far as that can be looked up.

    :raises ChartMogulInvalidRecordError: the customer has no such subscription.
    """
    if record.get("cancelled_at") is None or not record.get("customer_uuid"):
        return False
    imported = client.subscriptions.list_imported(record["customer_uuid"])
    found = next((one for one in imported if one["uuid"] == record["uuid"]), None)
    if found is None:
        message = "has no such subscription"
        raise ChartMogulInvalidRecordError(f"customer_uuid {message}", [("customer_uuid", message)])
    return as_instant(record["cancelled_at"]) in map(as_instant, found["cancellation_dates"])
