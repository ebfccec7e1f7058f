"""Customers, leads included, as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.streams.columns import INTEGER, JSON, STRING, TIMESTAMP, columns
from airflow_provider_chartmogul.streams.model import Record, Stream, Table
from airflow_provider_chartmogul.streams.sources import by_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.streams.model import Options, Reading

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
    key=("uuid",),
)


def _open(client: ChartMogulClient, options: Options) -> Reading:
    """Begin a reading of all customers: the API has no filter by time of change, so there is no smaller one."""
    return by_source(client, options, client.customers.list, _record)


def _record(customer: Mapping[str, Any]) -> Record:
    row = CUSTOMER.row("customers", customer)
    return Record(row["uuid"], {"": [row]})


CUSTOMERS = Stream(
    "customers",
    "a customer or lead, as it is now",
    "GET /customers",
    (CUSTOMER,),
    _open,
    split="data sources",
    options=frozenset({"data_source_uuid"}),
)
