"""Import records in the simplest way that is right: one bulk import for each customer, one after the other."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_chartmogul.client import ChartMogulClient

    Records = Mapping[str, Sequence[Mapping[str, Any]]]


def import_customer_by_customer(client: ChartMogulClient, records: Records) -> str:
    """Import everything into a new data source; return its uuid.

    :raises AssertionError: a record was refused.
    """
    source: str = client.data_sources.create(name="Billing")["uuid"]
    _import(client, source, "plans", {"plans": records["plans"]})
    for customer, theirs in by_customer(records).items():
        _import(client, source, customer, theirs)
    return source


def by_customer(records: Records) -> dict[str, dict[str, list[Mapping[str, Any]]]]:
    """Return the records of each customer by kind; plans belong to none."""
    payer = {invoice["external_id"]: invoice["customer_external_id"] for invoice in records["invoices"]}
    customers: dict[str, dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for kind in ("customers", "invoices", "line_items", "transactions", "subscription_events"):
        for record in records[kind]:
            invoice = record.get("invoice_external_id")
            own = "external_id" if kind == "customers" else "customer_external_id"
            customers[payer[invoice] if invoice else record[own]][kind].append(record)
    return customers


def _import(client: ChartMogulClient, source: str, name: str, records: Records) -> None:
    client.json_imports.create(source, external_id=name, **records)
    while (state := client.json_imports.retrieve(source, name))["status"] != "completed":
        pass
    refused = {key: details for key, details in state["status_details"].items() if details["status"] != "imported"}
    assert not refused
