"""What has no key of its own and may or may not be there: the run says which records those are, and how to look."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulImportFailedError, ChartMogulImportIncompleteError
from airflow_provider_chartmogul.operators.contacts import ChartMogulCreateContactsOperator
from airflow_provider_chartmogul.operators.customer_notes import ChartMogulCreateCustomerNotesOperator
from tests.backfill.runs import calls, lines

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

CREATE = {"contacts": ChartMogulCreateContactsOperator, "customer_notes": ChartMogulCreateCustomerNotesOperator}
TELLING = {"contacts": "email", "customer_notes": "text"}
each_kind = pytest.mark.parametrize("kind", CREATE)


@pytest.fixture
def records(client: ChartMogulClient, data_source: str, chartmogul_conn: str) -> dict[str, list[dict[str, Any]]]:
    customers = [client.customers.create(data_source_uuid=data_source, external_id=f"c{n}") for n in range(30)]
    named = [{"customer_uuid": customer["uuid"]} for customer in customers]
    return {
        "contacts": [
            {**one, "data_source_uuid": data_source, "email": f"p{n}@falter.example"} for n, one in enumerate(named)
        ],
        "customer_notes": [{**one, "type": "note", "text": f"Note {n}"} for n, one in enumerate(named)],
    }


def held(client: ChartMogulClient, kind: str) -> Counter[tuple[str, str]]:
    return Counter((one["customer_uuid"], one[TELLING[kind]]) for one in getattr(client, kind).list())


def wanted(kind: str, records: dict[str, list[dict[str, Any]]]) -> Counter[tuple[str, str]]:
    return Counter((one["customer_uuid"], one[TELLING[kind]]) for one in records[kind])


def create(kind: str, records: Any, tmp_path: Path, **arguments: Any) -> dict[str, Any]:
    files = {f"{name}_path": str(tmp_path / f"{name}.jsonl") for name in ("rejected", "result")}
    result: dict[str, Any] = CREATE[kind](task_id="create", records=records, **files, **arguments).execute({})
    return result


@each_kind
@pytest.mark.parametrize("fault", ["drop_after", "truncate"])
def test_a_retry_looks_for_what_is_unknown_and_sends_nothing_twice(
    emulator: Emulator,
    client: ChartMogulClient,
    records: dict[str, list[dict[str, Any]]],
    tmp_path: Path,
    kind: str,
    fault: str,
) -> None:
    emulator.set_faults([{"kind": fault, "method": "POST", "every": 10}])
    with pytest.raises(ChartMogulImportIncompleteError, match="3 records failed"):
        create(kind, records[kind], tmp_path)
    emulator.set_faults([])
    unknown = lines(tmp_path / "rejected.jsonl")
    assert len(unknown) == 3
    assert all(line["record"] in records[kind] and line["retryable"] for line in unknown)
    states = Counter(line["state"] for line in lines(tmp_path / "result.jsonl"))
    assert states == {"created": 27, "unknown": 3}

    # the file holds all that is left to do
    result = create(kind, str(tmp_path / "rejected.jsonl"), tmp_path)
    assert (result["records"], result["already_there"], result["created"]) == (3, 3, 0)
    assert create(kind, records[kind], tmp_path)["already_there"] == 30
    assert held(client, kind) == wanted(kind, records)
    assert calls(emulator, f"POST /{kind}") == 30


@each_kind
def test_where_nothing_is_looked_for_the_run_says_what_is_unknown_and_how_to_look(
    emulator: Emulator, records: dict[str, list[dict[str, Any]]], tmp_path: Path, kind: str
) -> None:
    emulator.set_faults([{"kind": "drop_after", "method": "POST", "every": 10}])
    with pytest.raises(ChartMogulImportFailedError, match="skip_equal") as error:
        create(kind, records[kind], tmp_path, skip_equal=False)
    unknown = lines(tmp_path / "rejected.jsonl")
    assert len(unknown) == len(error.value.rejected) == 3
    for line in unknown:
        assert line["record"] in records[kind]
        # as it is, it may come to be there twice
        assert not line["retryable"]
        (problem,) = line["problems"]
        assert f"GET /{kind}?customer_uuid={line['record']['customer_uuid']}" in problem["message"]
