"""An emulated account over real HTTP, and the records most tests start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.emulator.account import NOW, Api, invoice, subscription_item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.emulator import Emulator


@pytest.fixture
def api(emulator: Emulator) -> Iterator[Api]:
    emulator.configure(now=NOW)
    client = Api(emulator)
    yield client
    client.close()


@pytest.fixture
def source(api: Api) -> str:
    return api.source()


@pytest.fixture
def plan(api: Api, source: str) -> str:
    return api.plan(source)


@pytest.fixture
def customer(api: Api, source: str) -> str:
    return api.customer(source)


@pytest.fixture
def paying(api: Api, customer: str, plan: str) -> str:
    """A customer who pays 50.00 a month since 2026-01-10."""
    api.bill(customer, invoice("inv-1", subscription_item(plan)))
    return customer
