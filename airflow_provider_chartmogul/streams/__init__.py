"""What can be read from ChartMogul as tables. Knows the client, and neither Airflow nor databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.streams.account import ACCOUNT, DATA_SOURCES
from airflow_provider_chartmogul.streams.activities import ACTIVITIES
from airflow_provider_chartmogul.streams.activities_export import ACTIVITIES_EXPORT
from airflow_provider_chartmogul.streams.crm import CONTACTS, CUSTOMER_NOTES, OPPORTUNITIES, TASKS
from airflow_provider_chartmogul.streams.customers import CUSTOMER_CUSTOM_ATTRIBUTES, CUSTOMER_TAGS, CUSTOMERS
from airflow_provider_chartmogul.streams.invoices import INVOICES, LINE_ITEMS, TRANSACTIONS
from airflow_provider_chartmogul.streams.metrics import METRICS
from airflow_provider_chartmogul.streams.plans import PLAN_GROUP_PLANS, PLAN_GROUPS, PLANS
from airflow_provider_chartmogul.streams.subscription_events import SUBSCRIPTION_EVENTS
from airflow_provider_chartmogul.streams.subscriptions import SUBSCRIPTIONS

if TYPE_CHECKING:
    from airflow_provider_chartmogul.streams.model import Stream

STREAMS: dict[str, Stream] = {
    stream.name: stream
    for stream in (
        ACCOUNT,
        DATA_SOURCES,
        CUSTOMERS,
        CUSTOMER_TAGS,
        CUSTOMER_CUSTOM_ATTRIBUTES,
        CONTACTS,
        CUSTOMER_NOTES,
        TASKS,
        OPPORTUNITIES,
        PLANS,
        PLAN_GROUPS,
        PLAN_GROUP_PLANS,
        INVOICES,
        LINE_ITEMS,
        TRANSACTIONS,
        SUBSCRIPTIONS,
        SUBSCRIPTION_EVENTS,
        ACTIVITIES,
        ACTIVITIES_EXPORT,
        *METRICS,
    )
}


def get_stream(name: str) -> Stream:
    """Return a stream by name.

    :raises ValueError: there is none of that name; lists those that are.
    """
    if name not in STREAMS:
        raise ValueError(f"stream must be one of {', '.join(STREAMS)}, not {name!r}")
    return STREAMS[name]
