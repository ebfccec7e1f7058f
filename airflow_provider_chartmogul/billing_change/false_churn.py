"""Find customers that seem to have left and come back when they only changed the billing system."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_chartmogul.billing_change.customers import check_sources, merged_customers
from airflow_provider_chartmogul.intervals import inclusive_instants

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.streams.windows import Window


class FalseChurn(NamedTuple):
    """A customer that left and came back within the change."""

    customer_uuid: str
    external_id: str
    churned_at: str
    returned_at: str


def find_false_churn(client: ChartMogulClient, old: str, new: str, change: Window) -> list[FalseChurn]:
    """Return the customers of both data sources that churned within the change and were reactivated within it.

    Who only churned has left, and who was only reactivated had left before: both are true.

    :param old: data source of the old billing system.
    :param new: data source of the new one.
    :param change: when customers moved.
    :raises ValueError: the sources are the same.
    :raises ChartMogulNotFoundError: there is no such data source.
    """
    check_sources(client, old, new)
    first, last = inclusive_instants(change.start, change.end)
    gone: dict[str, str] = {}
    found: dict[str, FalseChurn] = {}
    for movement in client.activities.list(start_date=first, end_date=last, order="date"):
        uuid, at = movement["customer-uuid"], movement["date"]
        if movement["type"] == "churn":
            gone[uuid] = at
        elif movement["type"] == "reactivation" and uuid in gone:
            found.setdefault(uuid, FalseChurn(uuid, movement["customer-external-id"], gone[uuid], at))
    merged = {customer["uuid"] for customer in merged_customers(client, new, old)} if found else set()
    return [one for uuid, one in found.items() if uuid in merged]
