"""The operators that find what two billing systems have in common: files, results, and what they check early."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.operators.continuations import ChartMogulFindContinuedSubscriptionsOperator
from airflow_provider_chartmogul.operators.customers import ChartMogulMergeCustomersOperator
from airflow_provider_chartmogul.operators.duplicates import ChartMogulFindDuplicateCustomersOperator
from airflow_provider_chartmogul.operators.subscriptions import ChartMogulConnectSubscriptionsOperator

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient

pytestmark = pytest.mark.usefixtures("chartmogul_conn")


@pytest.fixture
def sources(client: ChartMogulClient) -> tuple[str, str]:
    """An old data source and a new one: ``ida`` is in both, ``hal`` twice in the old one."""
    old, new = (str(client.data_sources.create(name=name)["uuid"]) for name in ("Old", "New"))
    for source, names in ((old, ("ida", "hal", "hal-2")), (new, ("ida", "hal"))):
        plan = client.plans.create(
            data_source_uuid=source, external_id="team", name="Team", interval_count=1, interval_unit="month"
        )
        for name in names:
            customer = client.customers.create(
                data_source_uuid=source, external_id=name, name=name.title(), email=f"{name[:3]}@firm.example"
            )
            client.invoices.create(customer["uuid"], [_invoice(f"{source}-{name}", plan["uuid"], name)])
    return old, new


def _invoice(name: str, plan_uuid: str, customer: str) -> dict[str, Any]:
    item = {
        "type": "subscription",
        "subscription_external_id": f"{customer}-of-{name[-9:]}",
        "plan_uuid": plan_uuid,
        "service_period_start": "2025-05-01",
        "service_period_end": "2025-06-01",
        "amount_in_cents": 5000,
    }
    return {"external_id": name, "date": "2025-05-01", "currency": "USD", "line_items": [item]}


def duplicates(sources: tuple[str, str], folder: Path, **arguments: Any) -> ChartMogulFindDuplicateCustomersOperator:
    given = {
        "from_data_source_uuid": sources[1],
        "into_data_source_uuid": sources[0],
        "result_path": str(folder / "pairs.jsonl"),
        "ambiguous_path": str(folder / "ambiguous.jsonl.gz"),
        **arguments,
    }
    return ChartMogulFindDuplicateCustomersOperator(task_id="find", **given)


def continuations(sources: tuple[str, str], folder: Path, **arguments: Any) -> Any:
    given = {
        "old_data_source_uuid": sources[0],
        "new_data_source_uuid": sources[1],
        "interval_start": "2025-05-01",
        "interval_end": "2025-06-01",
        "result_path": str(folder / "connections.jsonl"),
        "ambiguous_path": str(folder / "ambiguous.jsonl"),
        **arguments,
    }
    return ChartMogulFindContinuedSubscriptionsOperator(task_id="find", **given)


def lines(path: str) -> list[dict[str, Any]]:
    with (gzip.open if path.endswith(".gz") else open)(path.removeprefix("file://"), "rt") as file:
        return [json.loads(line) for line in file]


def test_their_files_are_what_merging_and_connecting_take(
    client: ChartMogulClient, sources: tuple[str, str], tmp_path: Path
) -> None:
    found = duplicates(sources, tmp_path).execute({})
    paths = {"result_path": f"{tmp_path}/pairs.jsonl", "ambiguous_path": f"{tmp_path}/ambiguous.jsonl.gz"}
    assert found == {"pairs": 1, "ambiguous": 1, **paths}
    assert [pair["into_external_ids"] for pair in lines(found["result_path"])] == [["ida"]]
    (unclear,) = lines(found["ambiguous_path"])
    assert [one["name"] for one in unclear["into"]] == ["Hal", "Hal-2"]

    merge = ChartMogulMergeCustomersOperator(task_id="merge", records=found["result_path"])
    assert merge.execute({})["merged"] == 1
    # as a retry that does not know what became of the first try
    assert merge.execute({})["already_merged"] == 1
    assert duplicates(sources, tmp_path).execute({})["pairs"] == 0

    found = continuations(sources, tmp_path).execute({})
    paths = {"result_path": f"{tmp_path}/connections.jsonl", "ambiguous_path": f"{tmp_path}/ambiguous.jsonl"}
    assert found == {"connections": 1, "ambiguous": 0, **paths}
    connect = ChartMogulConnectSubscriptionsOperator(task_id="connect", records=found["result_path"])
    for _ in range(2):
        assert connect.execute({})["connected"] == 1
        mrr = {one["external_id"]: one["mrr"] for one in client.customers.list()}
        assert mrr["ida"] == 5000


@pytest.mark.parametrize("find", [duplicates, continuations])
@pytest.mark.parametrize("name", ["result_path", "ambiguous_path"])
def test_both_files_are_needed(sources: tuple[str, str], tmp_path: Path, find: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is empty"):
        find(sources, tmp_path, **{name: "None"}).execute({})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("find", "name"),
    [
        (duplicates, "from_data_source_uuid"),
        (duplicates, "into_data_source_uuid"),
        (continuations, "old_data_source_uuid"),
        (continuations, "new_data_source_uuid"),
    ],
)
def test_both_sources_are_needed(sources: tuple[str, str], tmp_path: Path, find: Any, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        find(sources, tmp_path, **{name: "None"}).execute({})
    with pytest.raises(ChartMogulNotFoundError):
        find(sources, tmp_path, **{name: "ds_1"}).execute({})
    with pytest.raises(ValueError, match="must differ"):
        find((sources[0], sources[0]), tmp_path).execute({})
    assert list(tmp_path.iterdir()) == []


def test_what_customers_are_recognised_by_is_checked_early(sources: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="by must be email"):
        duplicates(sources, tmp_path, by="name")
    later = duplicates(sources, tmp_path, by="{{ params.by }}")
    later.by = "name"
    with pytest.raises(ValueError, match="by must be email"):
        later.execute({})


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [("", "2025-06-01", "interval_start is empty"), ("2025-06-01", "2025-06-01", "nothing lies between")],
)
def test_a_change_takes_time(sources: tuple[str, str], tmp_path: Path, start: str, end: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        continuations(sources, tmp_path, interval_start=start, interval_end=end).execute({})
