"""The customers of two data sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.client.merged import sources_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record


def check_sources(client: ChartMogulClient, first: str, second: str) -> None:
    """Refuse data sources that are one or do not exist: their customers would just seem to have nothing in common.

    :raises ValueError: both are the same.
    :raises ChartMogulNotFoundError: there is no such data source.
    """
    if first == second:
        raise ValueError(f"the two data sources must differ, not both be {first}")
    for source in (first, second):
        client.data_sources.retrieve(source)


def merged_customers(client: ChartMogulClient, first: str, second: str) -> Iterator[Record]:
    """Yield the customers that are of both data sources."""
    return (one for one in client.customers.list(data_source_uuid=first) if second in sources_of(one))
