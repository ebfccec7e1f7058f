"""What can be read from ChartMogul as tables. Knows the client, and neither Airflow nor databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.streams.activities import ACTIVITIES
from airflow_provider_chartmogul.streams.customers import CUSTOMERS
from airflow_provider_chartmogul.streams.invoices import INVOICES
from airflow_provider_chartmogul.streams.metrics import METRICS
from airflow_provider_chartmogul.streams.subscriptions import SUBSCRIPTIONS

if TYPE_CHECKING:
    from airflow_provider_chartmogul.streams.model import Stream

STREAMS: dict[str, Stream] = {
    stream.name: stream for stream in (CUSTOMERS, INVOICES, SUBSCRIPTIONS, ACTIVITIES, *METRICS)
}


def get_stream(name: str) -> Stream:
    """Return a stream by name.

    :raises ValueError: there is none of that name; lists those that are.
    """
    if name not in STREAMS:
        raise ValueError(f"stream must be one of {', '.join(STREAMS)}, not {name!r}")
    return STREAMS[name]
