"""Data sources: one per name, however often it runs; gone or empty when that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.operators.data_sources import (
    ChartMogulDeleteDataSourceOperator,
    ChartMogulEmptyDataSourceOperator,
    ChartMogulGetOrCreateDataSourceOperator,
)

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

NOWHERE = "ds_00000000-0000-0000-0000-000000000000"


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


def delete(data_source_uuid: str, **arguments: Any) -> Any:
    task = ChartMogulDeleteDataSourceOperator(task_id="delete", data_source_uuid=data_source_uuid, **arguments)
    return task.execute({})


def empty(data_source_uuid: str, scope: str = "all", **arguments: Any) -> Any:
    given = {"data_source_uuid": data_source_uuid, "scope": scope, **arguments}
    return ChartMogulEmptyDataSourceOperator(task_id="empty", **given).execute({})


def billing(client: ChartMogulClient) -> str:
    """Return the uuid of the data source of the subscribers."""
    return next(source["uuid"] for source in client.data_sources.list(name="billing"))


def counts(client: ChartMogulClient) -> dict[str, int]:
    lists = {"sources": client.data_sources, "customers": client.customers, "plans": client.plans}
    return {
        **{name: len(list(resource.list())) for name, resource in lists.items()},
        "invoices": len(list(client.invoices.list())),
    }


@pytest.mark.usefixtures("chartmogul_conn", "subscribers")
def test_a_deleted_source_takes_all_with_it(client: ChartMogulClient) -> None:
    assert delete(billing(client)) is True
    assert counts(client) == {"sources": 0, "customers": 0, "plans": 0, "invoices": 0}


@pytest.mark.usefixtures("chartmogul_conn", "subscribers")
def test_an_emptied_source_stays(client: ChartMogulClient) -> None:
    assert empty(billing(client)) is True
    assert counts(client) == {"sources": 1, "customers": 0, "plans": 0, "invoices": 0}


@pytest.mark.usefixtures("chartmogul_conn", "subscribers")
def test_customers_and_plans_can_stay_as_well(client: ChartMogulClient) -> None:
    assert empty(billing(client), "dependent") is True
    assert counts(client) == {"sources": 1, "customers": 3, "plans": 1, "invoices": 0}


@pytest.mark.parametrize("remove", [delete, empty])
@pytest.mark.usefixtures("chartmogul_conn", "subscribers")
def test_a_missing_source_is_success_or_not(remove: Any, client: ChartMogulClient) -> None:
    before = counts(client)
    with pytest.raises(ChartMogulNotFoundError):
        remove(NOWHERE, ignore_missing=False)
    assert remove(NOWHERE) is False
    assert counts(client) == before


@pytest.mark.parametrize("remove", [delete, empty])
@pytest.mark.usefixtures("chartmogul_conn")
def test_a_source_that_rendered_to_nothing_is_refused_before_any_request(remove: Any, emulator: Emulator) -> None:
    for nothing in ("None", "[]"):
        with pytest.raises(ValueError, match=r"data_source_uuid is (empty|missing)"):
            remove(nothing)
    assert emulator.stats()["requests"] == 0


@pytest.mark.usefixtures("chartmogul_conn")
def test_an_unknown_scope_is_refused(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="scope must be all or dependent, not 'some'"):
        ChartMogulEmptyDataSourceOperator(task_id="empty", data_source_uuid=NOWHERE, scope="some")
    task = ChartMogulEmptyDataSourceOperator(task_id="empty", data_source_uuid=NOWHERE, scope="{{ params.scope }}")
    task.scope = "some"
    with pytest.raises(ValueError, match="scope must be all or dependent"):
        task.execute({})
    assert emulator.stats()["requests"] == 0
