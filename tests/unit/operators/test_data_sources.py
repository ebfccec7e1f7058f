"""The data source operator: one source per name, however often it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.operators.data_sources import ChartMogulGetOrCreateDataSourceOperator

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient


def run(name: str) -> Any:
    return ChartMogulGetOrCreateDataSourceOperator(task_id="source", name=name).execute({})


@pytest.mark.usefixtures("chartmogul_conn")
def test_it_creates_the_source_once(client: ChartMogulClient) -> None:
    uuid = run("billing")
    assert run("billing") == uuid
    assert [(source["uuid"], source["name"]) for source in client.data_sources.list()] == [(uuid, "billing")]


@pytest.mark.usefixtures("chartmogul_conn")
def test_it_finds_a_source_of_somebody_else(client: ChartMogulClient) -> None:
    existing = client.data_sources.create(name="billing")["uuid"]
    client.data_sources.create(name="billing 2")
    assert run("billing") == existing


@pytest.mark.parametrize("name", ["  ", "None", None])
def test_a_name_that_rendered_to_nothing_is_refused_before_any_request(name: Any) -> None:
    with pytest.raises(ValueError, match="name is empty"):
        run(name)
