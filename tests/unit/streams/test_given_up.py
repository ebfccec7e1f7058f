from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.client import ChartMogulClient
from airflow_provider_chartmogul.streams import STREAMS
from airflow_provider_chartmogul.streams.model import Options
from airflow_provider_chartmogul.streams.reading import pages
from tests.billing import import_customers

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator import Emulator


def test_a_walk_that_is_given_up_does_not_ask_for_the_rest_of_its_page(
    client: ChartMogulClient, emulator: Emulator
) -> None:
    source = client.data_sources.create(name="billing")["uuid"]
    import_customers(client, source, 600)
    emulator.configure(latency_ms=20)

    # two seconds for each page of customers
    slow = ChartMogulClient(emulator.api_key, emulator.base_url, requests_per_second=10_000, max_connections=2)
    walk = pages(STREAMS["subscriptions"].open(slow, Options()))
    next(walk)
    # until the next page is under way
    while asked(emulator) < 205:
        pass
    walk.close()

    # what was under way of the next page: not all of it, let alone the third
    assert asked(emulator) < 380


def asked(emulator: Emulator) -> int:
    """How many customers' subscriptions were asked for."""
    return int(emulator.stats()["requests_by_operation"]["GET /customers/{customer_uuid}/subscriptions"])
