"""The customers of two data sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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


def sources_of(customer: Mapping[str, Any]) -> list[str]:
    """Return the data sources that a customer has parts in."""
    return list(customer.get("data_source_uuids") or [customer.get("data_source_uuid")])


def external_ids_of(customer: Mapping[str, Any]) -> list[str]:
    """Return the external ids of a customer in all of its data sources."""
    return [name for name in customer.get("external_ids") or [customer.get("external_id")] if name]


def tells_its_parts(customer: Mapping[str, Any]) -> bool:
    """Tell whether each external id of a customer is one of each of its data sources.

    Of a merged one with several of both, nothing says which id is of which source.
    """
    return len(set(sources_of(customer))) == 1 or len(set(external_ids_of(customer))) <= 1
