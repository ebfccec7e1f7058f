"""ChartMogul over HTTP. Usable alone, without a running Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.client.api import Api
from airflow_provider_chartmogul.client.pagination import Listing, Page
from airflow_provider_chartmogul.client.resources.account import AccountResource
from airflow_provider_chartmogul.client.resources.activities import ActivitiesExportsResource, ActivitiesResource
from airflow_provider_chartmogul.client.resources.contacts import ContactsResource
from airflow_provider_chartmogul.client.resources.custom_attributes import CustomAttributesResource
from airflow_provider_chartmogul.client.resources.customer_notes import CustomerNotesResource
from airflow_provider_chartmogul.client.resources.customers import CustomersResource
from airflow_provider_chartmogul.client.resources.data_sources import DataSourcesResource
from airflow_provider_chartmogul.client.resources.invoices import InvoicesResource
from airflow_provider_chartmogul.client.resources.json_imports import JsonImportsResource
from airflow_provider_chartmogul.client.resources.line_items import LineItemsResource
from airflow_provider_chartmogul.client.resources.metrics import MetricsResource
from airflow_provider_chartmogul.client.resources.opportunities import OpportunitiesResource
from airflow_provider_chartmogul.client.resources.plan_groups import PlanGroupsResource
from airflow_provider_chartmogul.client.resources.plans import PlansResource
from airflow_provider_chartmogul.client.resources.subscription_attributes import (
    SubscriptionAttributesResource,
    SubscriptionSetAttributesResource,
)
from airflow_provider_chartmogul.client.resources.subscription_events import SubscriptionEventsResource
from airflow_provider_chartmogul.client.resources.subscriptions import SubscriptionsResource
from airflow_provider_chartmogul.client.resources.tags import TagsResource
from airflow_provider_chartmogul.client.resources.tasks import TasksResource
from airflow_provider_chartmogul.client.resources.transactions import TransactionsResource
from airflow_provider_chartmogul.client.statistics import Statistics

if TYPE_CHECKING:
    from types import TracebackType

    from airflow_provider_chartmogul.client.values import Record

__all__ = ["DEFAULT_BASE_URL", "ChartMogulClient", "Listing", "Page", "Statistics"]

DEFAULT_BASE_URL = "https://api.chartmogul.com/v1"


class ChartMogulClient:
    """The ChartMogul API, one attribute per resource, one method per operation.

    Thread-safe. Nothing is opened before the first request. All clients of one key and address in a process share
    one rate budget, with the limits of the one that was last to begin; with ``budget_storage``, so do all processes
    that name the same one.

    :param api_key: the API key.
    :param base_url: where the API is, with the version.
    :param requests_per_second: most requests in any second.
    :param max_connections: most requests in flight at once.
    :param connect_timeout: seconds to wait for a connection.
    :param read_timeout: seconds to wait for an answer, and then for each further part of it.
    :param max_retry_seconds: an operation with all its retries and waits starts no further try after this time.
    :param budget_storage: URL of what keeps a rate budget for several processes: ``redis://…``, ``rediss://…``,
        ``sqlite:///absolute/path.sqlite`` (one machine) or ``postgresql://…``. The two limits are then those of all
        of them together. It may hold a password, and is never shown.
    :raises ChartMogulConfigError: the key is empty, the base URL is not one, or the storage cannot be used as named.
    """

    def __init__(
        self,
        api_key: str,
        base_url: str = DEFAULT_BASE_URL,
        *,
        requests_per_second: int = 40,
        max_connections: int = 20,
        connect_timeout: float = 10.0,
        read_timeout: float = 60.0,
        max_retry_seconds: float = 300.0,
        budget_storage: str | None = None,
    ) -> None:
        # the HTTP library and the rate limiter come with the first client, not with every DAG file
        from airflow_provider_chartmogul.client.transport import Transport

        self._transport = Transport(
            api_key,
            base_url,
            requests_per_second=requests_per_second,
            max_connections=max_connections,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            storage_url=budget_storage,
        )
        api = self._api = Api(self._transport, max_retry_seconds)
        self.max_connections = max_connections
        self.account = AccountResource(api)
        self.activities = ActivitiesResource(api)
        self.activities_exports = ActivitiesExportsResource(api)
        self.contacts = ContactsResource(api)
        self.custom_attributes = CustomAttributesResource(api)
        self.customer_notes = CustomerNotesResource(api)
        self.customers = CustomersResource(api)
        self.data_sources = DataSourcesResource(api)
        self.invoices = InvoicesResource(api)
        self.json_imports = JsonImportsResource(api)
        self.line_items = LineItemsResource(api)
        self.metrics = MetricsResource(api)
        self.opportunities = OpportunitiesResource(api)
        self.plan_groups = PlanGroupsResource(api)
        self.plans = PlansResource(api)
        self.subscription_attributes = SubscriptionAttributesResource(api)
        self.subscription_events = SubscriptionEventsResource(api)
        self.subscription_set_attributes = SubscriptionSetAttributesResource(api)
        self.subscriptions = SubscriptionsResource(api)
        self.tags = TagsResource(api)
        self.tasks = TasksResource(api)
        self.transactions = TransactionsResource(api)

    @property
    def statistics(self) -> Statistics:
        """What this client has sent and received so far in this process, and how long it waited for its turn."""
        return self._transport.tally.totals

    def ping(self) -> Record:
        """Return ``{"data": "pong!"}``: the cheapest way to try out a key. Reference: ``/docs/authentication``."""
        return self._api.get("/ping")

    @property
    def identity(self) -> str:
        """What tells accounts apart without telling the key: a digest of key and address."""
        return self._transport.identity

    def close(self) -> None:
        """Close the idle connections to ChartMogul. What the rate budget uses stays open for others in this process."""
        self._transport.close()

    def __enter__(self) -> ChartMogulClient:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<ChartMogulClient {self._transport.base_url}>"
