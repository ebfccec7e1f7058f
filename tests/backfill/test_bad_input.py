"""Ten thousand records, a hundred of them bad: each of these is reported, all others are imported, nothing is lost."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulImportFailedError
from airflow_provider_chartmogul.imports import sending
from airflow_provider_chartmogul.operators.imports import ChartMogulReplayRejectedOperator
from airflow_provider_chartmogul.transfers.object_storage_to_chartmogul import ObjectStorageToChartMogulOperator
from tests.backfill.bad_records import BAD, TOTAL, Input, write_input
from tests.backfill.holdings import KINDS, assert_holds_exactly, states
from tests.backfill.runs import lines, sent

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator


@pytest.fixture(autouse=True)
def connection(chartmogul_conn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection that tasks use, without the long waits between questions."""
    monkeypatch.setattr(sending, "_LOOKS_PER_SECOND", 1_000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("input")


@pytest.fixture(scope="module")
def given(folder: Path) -> Input:
    return write_input(folder)


def load(folder: Path, data_source: str, tmp_path: Path, **arguments: Any) -> dict[str, Any]:
    result: dict[str, Any] = ObjectStorageToChartMogulOperator(
        task_id="import",
        **{kind: f"{folder}/{kind}-*.jsonl" for kind in KINDS},
        data_source_uuid=data_source,
        rejected_path=str(tmp_path / "rejected.jsonl"),
        result_path=str(tmp_path / "result.jsonl"),
        poll_interval=0.02,
        **arguments,
    ).execute({})
    return result


def assert_accounts_for_all(given: Input, tmp_path: Path, state: str) -> None:
    """Fail unless each line of the input is accounted for, the bad ones as rejected, the others in this state."""
    account = lines(tmp_path / "result.jsonl")
    assert Counter((line["kind"], line["place"]) for line in account) == Counter(given.places)
    assert {line["place"] for line in account if line["state"] == "rejected"} == given.bad.keys()
    assert {line["state"] for line in account} == {"rejected", state}

    rejected = lines(tmp_path / "rejected.jsonl")
    assert sorted(line["place"] for line in rejected) == sorted(given.bad)
    for line in rejected:
        bad = given.bad[line["place"]]
        assert (line["kind"], line["position"]) == (bad.fault.kind, bad.position)
        (problem,) = line["problems"]
        assert problem["field"] == bad.fault.field, bad.fault
        assert bad.fault.message in problem["message"], bad.fault
        assert not line["retryable"]
        # what stood there, as a record or as text
        if line["record"] is None:
            assert line["text"] == bad.text.decode(errors="backslashreplace")
        else:
            assert line["record"] == json.loads(bad.text)


def test_the_good_records_are_imported_and_the_bad_ones_reported_corrected_and_replayed(
    emulator: Emulator, client: ChartMogulClient, data_source: str, folder: Path, given: Input, tmp_path: Path
) -> None:
    assert len(given.bad) == BAD
    assert len(given.places) == sum(TOTAL.values()) == 10_000
    assert len({bad.fault for bad in given.bad.values()}) >= 30

    result = load(folder, data_source, tmp_path, max_rejected=0.01)
    assert_accounts_for_all(given, tmp_path, "created")
    assert_holds_exactly(client, data_source, given.good)
    bad = Counter(bad.fault.kind for bad in given.bad.values())
    assert states(result) == {
        kind: {"created": total - bad[kind], **({"rejected": bad[kind]} if bad[kind] else {})}
        for kind, total in TOTAL.items()
    }

    mended = [bad for bad in given.bad.values() if bad.fault.can_be_mended]
    corrected = tmp_path / "corrected.jsonl"
    with corrected.open("w") as file:
        for line in lines(tmp_path / "rejected.jsonl"):
            was = given.bad[line["place"]]
            if was.fault.can_be_mended:
                file.write(json.dumps({**line, "record": was.mended}) + "\n")
    replayed = ChartMogulReplayRejectedOperator(
        task_id="replay", path=str(corrected), data_source_uuid=data_source, poll_interval=0.02
    ).execute({})
    also = {kind: [bad.mended for bad in mended if bad.fault.kind == kind] for kind in KINDS}
    assert_holds_exactly(client, data_source, {kind: given.good[kind] + also[kind] for kind in KINDS})
    assert states(replayed) == {kind: {"created": len(those)} for kind, those in also.items() if those}


def test_with_one_bad_record_too_many_nothing_is_sent(
    emulator: Emulator, client: ChartMogulClient, data_source: str, folder: Path, given: Input, tmp_path: Path
) -> None:
    with pytest.raises(ChartMogulImportFailedError, match=r"100 records were not imported \(99 allowed\)"):
        load(folder, data_source, tmp_path, max_rejected=BAD - 1)
    assert sent(emulator) == 0
    assert_holds_exactly(client, data_source, {})
    assert_accounts_for_all(given, tmp_path, "not_sent")
