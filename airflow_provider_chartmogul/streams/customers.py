"""Customers, leads included, as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.streams.columns import INTEGER, JSON, STRING, TIMESTAMP, columns
from airflow_provider_chartmogul.streams.model import Reading, Stream, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.streams.model import Options, Page

CUSTOMER = Table(
    columns=(
        *columns(STRING, "uuid"),
        *columns(INTEGER, "id"),
        *columns(STRING, "external_id", "name", "email", "company", "status"),
        *columns(TIMESTAMP, "customer-since", "lead_created_at", "free_trial_started_at"),
        *columns(INTEGER, "mrr", "arr"),
        *columns(STRING, "currency", "currency-sign", "country", "state", "city", "zip", "owner", "website_url"),
        *columns(STRING, "data_source_uuid", "billing-system-type", "billing-system-url", "chartmogul-url"),
        *columns(JSON, "data_source_uuids", "external_ids", "attributes", "address"),
    ),
    key="uuid",
)


def _open(client: ChartMogulClient, options: Options) -> Reading:
    """Begin a reading of all customers: the API has no filter by time of change, so there is no smaller one."""
    return Reading(_pages(client, options.data_source_uuid))


def _pages(client: ChartMogulClient, data_source_uuid: str | None) -> Iterator[Page]:
    for page in client.customers.list(data_source_uuid=data_source_uuid).pages():
        yield [{"": [CUSTOMER.row("customers", customer)]} for customer in page.records]


CUSTOMERS = Stream("customers", (CUSTOMER,), _open, options=frozenset({"data_source_uuid"}))
