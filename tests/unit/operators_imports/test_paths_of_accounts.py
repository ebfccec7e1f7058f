"""Where the account of an import cannot be written, nothing is sent."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pyarrow.parquet as pq
import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError
from airflow_provider_chartmogul.operators.customers import ChartMogulImportCustomersOperator
from airflow_provider_chartmogul.operators.imports import ChartMogulBulkImportOperator, ChartMogulReplayRejectedOperator
from tests.unit.imports.running import asked, posts
from tests.unit.imports.samples import customer
from tests.unit.transfers.storage import S3_CONN_ID, Storage, s3_server, s3_storage

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mock import MockerFixture

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

__all__ = ["s3_server", "s3_storage"]

pytestmark = pytest.mark.usefixtures("chartmogul_conn")

NAMES = ("rejected_path", "result_path")


@pytest.fixture
def data_source(client: ChartMogulClient) -> str:
    return str(client.data_sources.create(name="Billing system")["uuid"])


@pytest.fixture
def context() -> Any:
    return {"ti": Mock(map_index=-1)}


def operator(data_source: str, **arguments: Any) -> ChartMogulBulkImportOperator:
    arguments = {"poll_interval": 0.001, "timeout": 30, "customers": [customer(1)], **arguments}
    return ChartMogulBulkImportOperator(task_id="import", data_source_uuid=data_source, **arguments)


@pytest.mark.parametrize("name", NAMES)
class TestPathsThatCannotBeWritten:
    def test_below_a_file(self, emulator: Emulator, data_source: str, context: Any, tmp_path: Path, name: str) -> None:
        (tmp_path / "taken").write_text("a file")
        with pytest.raises(ChartMogulConfigError, match=f"^{name} cannot be written: "):
            operator(data_source, **{name: str(tmp_path / "taken" / "out.jsonl")}).execute(context)
        assert posts(emulator) == 0

    def test_a_directory(self, emulator: Emulator, data_source: str, context: Any, tmp_path: Path, name: str) -> None:
        (tmp_path / "out.jsonl").mkdir()
        with pytest.raises(ChartMogulConfigError, match=f"^{name} cannot be written: IsADirectoryError"):
            operator(data_source, **{name: str(tmp_path / "out.jsonl")}).execute(context)
        assert posts(emulator) == 0

    def test_parquet_without_pyarrow(
        self,
        emulator: Emulator,
        data_source: str,
        context: Any,
        tmp_path: Path,
        name: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
        with pytest.raises(ChartMogulConfigError, match=f"^{name}: Parquet needs pyarrow"):
            operator(data_source, **{name: str(tmp_path / "out.parquet")}).execute(context)
        assert posts(emulator) == 0

    def test_records_that_are_sent_one_by_one(
        self, emulator: Emulator, data_source: str, context: Any, tmp_path: Path, name: str
    ) -> None:
        (tmp_path / "taken").write_text("a file")
        path = str(tmp_path / "taken" / "out.jsonl")
        task = ChartMogulImportCustomersOperator(
            task_id="create", data_source_uuid=data_source, records=[customer(1)], **{name: path}
        )
        with pytest.raises(ChartMogulConfigError, match=f"^{name} cannot be written: "):
            task.execute(context)
        assert asked(emulator, "POST", "/customers") == 0


def test_missing_folders_are_made_and_nothing_else_is_left_there(
    data_source: str, context: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "folder"
    operator(data_source, rejected_path=str(folder / "rejected.jsonl")).execute(context)
    assert [path.name for path in folder.iterdir()] == ["rejected.jsonl"]


def test_what_stands_there_stays_until_the_account_is_known(data_source: str, context: Any, tmp_path: Path) -> None:
    path = tmp_path / "rejected.jsonl"
    path.write_text("of an earlier run")
    with pytest.raises(ValueError, match="there is no file"):
        operator(data_source, customers=str(tmp_path / "none.jsonl"), rejected_path=str(path)).execute(context)
    assert path.read_text() == "of an earlier run"


def test_one_path_for_both(emulator: Emulator, data_source: str, context: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "out.jsonl")
    with pytest.raises(ValueError, match="rejected_path and result_path name the same file"):
        operator(data_source, rejected_path=path, result_path=path).execute(context)
    assert posts(emulator) == 0


def texts(warned: Mock) -> list[str]:
    """Return what was logged, but for what Airflow says of a task that no runner runs."""
    told = [template % tuple(values) for template, *values in (call.args for call in warned.call_args_list)]
    return [text for text in told if "cannot be called outside" not in text]


class TestWarning:
    """Below ``max_rejected`` the log is where it is told why records failed."""

    def test_what_was_rejected_and_where_it_is(
        self, data_source: str, context: Any, tmp_path: Path, mocker: MockerFixture
    ) -> None:
        path = str(tmp_path / "rejected.jsonl")
        customers = [customer(1), customer(2, name=5), customer(3, name=6)]
        task = operator(data_source, customers=customers, max_rejected=2, rejected_path=path)
        warned = mocker.spy(task.log, "warning")
        task.execute(context)
        (told,) = texts(warned)
        assert told == (
            "2 records were not imported: 2 x customers.name must be text, first in customers record 2 'acct-2'"
            f"; they are in {path}"
        )

    def test_records_that_are_sent_one_by_one(self, data_source: str, context: Any, mocker: MockerFixture) -> None:
        task = ChartMogulImportCustomersOperator(
            task_id="create",
            data_source_uuid=data_source,
            records=[customer(1), customer(2, name=5), customer(3, name=6)],
            max_rejected=2,
        )
        warned = mocker.spy(task.log, "warning")
        task.execute(context)
        (told,) = texts(warned)
        assert told.startswith(
            "2 records failed: 2 x customers.name must be text, first in customers record 2 'acct-2'"
        )

    def test_none_if_none_failed(self, data_source: str, context: Any, mocker: MockerFixture) -> None:
        task = operator(data_source)
        warned = mocker.spy(task.log, "warning")
        task.execute(context)
        assert texts(warned) == []


def test_bulk_imports_write_no_column_of_ids_that_they_do_not_know(
    data_source: str, context: Any, tmp_path: Path
) -> None:
    path = tmp_path / "result.parquet"
    operator(data_source, result_path=str(path)).execute(context)
    assert pq.read_table(path).to_pylist() == [
        {
            "kind": "customers",
            "position": 1,
            "place": "record 1",
            "external_id": "acct-1",
            "customer_external_id": "acct-1",
            "state": "created",
            "problems": "[]",
        }
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_replay_does_not_write_over_what_it_reads(
    emulator: Emulator, data_source: str, context: Any, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "rejected.jsonl"
    path.write_text(json.dumps({"kind": "customers", "record": customer(1)}))
    task = ChartMogulReplayRejectedOperator(
        task_id="replay", data_source_uuid=data_source, path=str(path), **{name: f"file://{path}"}
    )
    with pytest.raises(ValueError, match=f"{name} and path name the same file"):
        task.execute(context)
    assert posts(emulator) == 0
    assert path.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_a_bucket_that_is_not_there(
    emulator: Emulator, data_source: str, context: Any, s3_storage: Storage, name: str
) -> None:
    task = operator(data_source, path_conn_id=S3_CONN_ID, **{name: "s3://nobody/out.jsonl"})
    with pytest.raises(ChartMogulConfigError, match=f"^{name} cannot be written: FileNotFoundError"):
        task.execute(context)
    assert posts(emulator) == 0


def test_nothing_else_is_left_in_a_bucket(data_source: str, context: Any, s3_storage: Storage) -> None:
    path = str(s3_storage.path("rejected.jsonl"))
    operator(data_source, path_conn_id=S3_CONN_ID, rejected_path=path).execute(context)
    assert s3_storage.names() == {"rejected.jsonl"}
