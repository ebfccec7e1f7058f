from __future__ import annotations

import errno
import gc
import re
import resource
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from s3fs import S3FileSystem

from airflow_provider_chartmogul.exceptions import ChartMogulLoadError
from airflow_provider_chartmogul.streams.reading import pages
from airflow_provider_chartmogul.transfers.files import parquet
from airflow_provider_chartmogul.transfers.files.chunks import Chunks
from airflow_provider_chartmogul.transfers.files.formats import FORMATS
from airflow_provider_chartmogul.transfers.files.new_file import NewFile
from airflow_provider_chartmogul.transfers.files.target import FilesTarget
from airflow_provider_chartmogul.transfers.loading import Attempt
from tests.conftest import REPOSITORY
from tests.unit.transfers.files_killed import on_call
from tests.unit.transfers.files_samples import Source, loaded, records, target
from tests.unit.transfers.storage import LOGIN, S3, Storage, local_storage, s3_server, s3_storage, storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from airflow_provider_chartmogul.streams.model import Page
    from airflow_provider_chartmogul.transfers.loading import Landed

__all__ = ["local_storage", "s3_server", "s3_storage", "storage"]

NAMES = {"invoices.parquet", "items.parquet"}


def kill(storage: Storage, file_format: str, durable: bool, where: str) -> None:
    arguments = [str(storage.root), file_format, "durable" if durable else "", where]
    command = [sys.executable, "-m", "tests.unit.transfers.files_killed", *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def whole(storage: Storage, file_format: str) -> dict[str, bytes]:
    """Load without interruption, and return the files, which are there no more."""
    loaded(storage, Source(records()), file_format, Attempt("whole"))
    files = {name: storage.read(name) for name in storage.names()}
    for name in files:
        storage.path(name).unlink()
    return files


@pytest.mark.parametrize("where", ["extracting", "staging", "completing", "moving", "removing"])
def test_a_durable_load_that_was_killed_goes_on(local_storage: Storage, where: str) -> None:
    expected = whole(local_storage, "parquet")
    kill(local_storage, "parquet", True, where)
    assert local_storage.names() - NAMES
    source = Source(records())
    loaded(local_storage, source, "parquet", Attempt("load", durable=True, going_on=True))
    assert {name: local_storage.read(name) for name in local_storage.names()} == expected
    # where pages were being removed, the files were in place already, and what is left of them is of no use
    assert source.asked[:1] == {"extracting": [4], "staging": [3], "removing": [0]}.get(where, [])


@pytest.mark.parametrize("where", ["extracting", "moving"])
def test_a_load_that_was_killed_leaves_nothing_behind_the_next_try(local_storage: Storage, where: str) -> None:
    expected = whole(local_storage, "jsonl.gz")
    kill(local_storage, "jsonl.gz", False, where)
    assert local_storage.names() - {f"invoices{FORMATS['jsonl.gz']}"}
    loaded(local_storage, Source(records()), "jsonl.gz", Attempt("load"))
    assert {name: local_storage.read(name) for name in local_storage.names()} == expected


@pytest.mark.parametrize("where", ["extracting", "moving"])
def test_a_durable_load_to_s3_that_was_killed_goes_on(s3_storage: Storage, where: str) -> None:
    expected = whole(s3_storage, "csv")
    kill(s3_storage, "csv", True, where)
    assert s3_storage.names() - {"invoices.csv", "items.csv"}
    loaded(s3_storage, Source(records()), "csv", Attempt("load", durable=True, going_on=True))
    assert {name: s3_storage.read(name) for name in s3_storage.names()} == expected


@pytest.fixture(scope="module")
def lost_server() -> Iterator[S3]:
    """A server that tests stop and start again."""
    server = S3("storage_to_lose")
    server.make_bucket("lost")
    yield server
    server.stop()


@pytest.fixture
def lost_storage(lost_server: S3, monkeypatch: pytest.MonkeyPatch) -> Storage:
    # instead of five tries, which take their time
    monkeypatch.setattr(S3FileSystem, "retries", 1)
    monkeypatch.setenv("AIRFLOW_CONN_STORAGE_TO_LOSE", lost_server.connection())
    storage = Storage(ObjectStoragePath("s3://lost/exports", conn_id=lost_server.conn_id))
    storage.write("invoices.parquet", b"old")
    return storage


@pytest.mark.parametrize(
    ("durable", "where", "path", "step"),
    [
        (False, (NewFile, "complete", 1), "invoices.parquet", "completing the file beside it"),
        (True, (FilesTarget, "stage", 4), "invoices.parquet", "looking for the file beside it"),
        (True, (Chunks, "add", 4), ".invoices.parquet.load/000004", "keeping a page"),
    ],
    ids=["direct", "durable", "durable, later"],
)
def test_a_lost_connection_is_one_error(
    lost_storage: Storage,
    lost_server: S3,
    monkeypatch: pytest.MonkeyPatch,
    durable: bool,
    where: tuple[type, str, int],
    path: str,
    step: str,
) -> None:
    kind, name, number = where
    function = getattr(kind, name)

    def without_server(*args: Any) -> None:
        lost_server.stop()
        function(*args)

    monkeypatch.setattr(kind, name, on_call(number, function, without_server))
    source = Source(records())
    expected = re.escape(f"s3://storage_to_lose@lost/exports/{path}: {step} failed: EndpointConnectionError")
    with pytest.raises(ChartMogulLoadError, match=f"^{expected}$") as error:
        loaded(lost_storage, source, "parquet", Attempt("load", durable=durable), tried_again=lambda _: True)
    assert error.value.__cause__ is None
    assert not any(secret in str(error.value) for secret in LOGIN.values())

    lost_server.start()
    assert lost_storage.read("invoices.parquet") == b"old"
    source = Source(records())
    loaded(lost_storage, source, "parquet", Attempt("load", durable=durable, going_on=durable))
    assert lost_storage.names() == NAMES
    assert len(lost_storage.read("invoices.parquet")) > len(b"old")
    assert source.asked[0] == (3 if durable else 0)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let the kernel refuse to write more than some bytes into a file, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# pyarrow's writer completes a file when it is collected, unless it was closed
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_file_that_is_given_up_on_a_full_disk_is_heard_of_once(
    local_storage: Storage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(parquet, "ROWS_PER_GROUP", 100)
    source = Source(records(1000), size=100)
    expected = r"/invoices\.parquet: writing beside it failed: OSError \(File too large\)$"
    with largest_file(12_000), pytest.raises(ChartMogulLoadError, match=expected):
        loaded(local_storage, source, "parquet")
    gc.collect()
    assert not caplog.records
    assert local_storage.names() == set()


def test_no_file_is_moved_before_all_are_complete(local_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise ChartMogulLoadError("full")

    local_storage.write("invoices.jsonl", b"old")
    monkeypatch.setattr(NewFile, "complete", on_call(2, NewFile.complete, full))
    with pytest.raises(ChartMogulLoadError, match="full"):
        loaded(local_storage, Source(records()))
    assert local_storage.names() == {"invoices.jsonl"}
    assert local_storage.read("invoices.jsonl") == b"old"


@pytest.mark.parametrize(
    ("durable", "path", "step"),
    [
        (False, "invoices.jsonl", "writing beside it"),
        (True, ".invoices.jsonl.load/000001", "keeping a page"),
    ],
    ids=["direct", "durable"],
)
def test_a_disk_that_takes_no_more_is_one_error(local_storage: Storage, durable: bool, path: str, step: str) -> None:
    local_storage.write("invoices.jsonl", b"old")
    source = Source(records(500), size=500)
    expected = re.escape(f"/{path}: {step} failed: OSError (File too large)")
    with largest_file(50_000), pytest.raises(ChartMogulLoadError, match=f"{expected}$"):
        loaded(local_storage, source, attempt=Attempt("load", durable=durable))
    assert local_storage.names() == {"invoices.jsonl"}
    assert local_storage.read("invoices.jsonl") == b"old"


def test_a_place_that_cannot_be_written_to_is_told_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    source = Source(records())
    storage = Storage(ObjectStoragePath(f"file://{tmp_path}/file/exports"))
    with pytest.raises(ChartMogulLoadError, match=r"/file/exports/invoices\.jsonl: making room beside it failed: Not"):
        loaded(storage, source)
    assert source.asked == []


def test_the_file_of_the_main_table_is_moved_last(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise ChartMogulLoadError("refused")

    expected = whole(storage, "jsonl")
    storage.write("invoices.jsonl", b"old")
    storage.write("items.jsonl", b"old")
    monkeypatch.setattr(NewFile, "put_in_place", on_call(2, NewFile.put_in_place, refuse))
    with pytest.raises(ChartMogulLoadError, match="refused"):
        loaded(storage, Source(records()))
    files = {name: storage.read(name) for name in storage.names()}
    assert files == {"invoices.jsonl": b"old", "items.jsonl": expected["items.jsonl"]}


@pytest.mark.parametrize("durable", [False, True], ids=["direct", "durable"])
def test_a_move_that_fails_leaves_nothing_beside(
    local_storage: Storage, monkeypatch: pytest.MonkeyPatch, durable: bool
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "quotes what it should not")

    local_storage.write("invoices.jsonl", b"old")
    monkeypatch.setattr(ObjectStoragePath, "move", refuse)
    expected = r"/items\.jsonl: moving the new file into its place failed: PermissionError \(Permission denied\)$"
    with pytest.raises(ChartMogulLoadError, match=expected):
        loaded(local_storage, Source(records()), attempt=Attempt("load", durable=durable))
    assert local_storage.names() == {"invoices.jsonl"}
    assert local_storage.read("invoices.jsonl") == b"old"


class Newer:
    """Another try of a load, which is alive at the same time.

    :param attempt: what it is tried as.
    """

    def __init__(self, storage: Storage, attempt: Attempt) -> None:
        self.source = Source(records())
        self._target = target(storage)
        self._attempt = attempt

    def begin(self, staged: int = 0) -> None:
        position = self._target.begin(self._attempt)
        self._pages = pages(self.source.reading(), position)
        for _ in range(staged):
            self._target.stage(*next(self._pages))

    def finish(self) -> Landed:
        for page, behind in self._pages:
            self._target.stage(page, behind)
        landed = self._target.put_in_place()
        self._target.end(keep=False)
        return landed


def behind(number: int, function: Callable[[], None]) -> Callable[[Page], None]:
    """Do something when that many pages are staged."""
    return on_call(number, lambda page: None, lambda page: function())


def pages_kept(storage: Storage) -> set[str]:
    return {name for name in storage.names() if name.startswith(".invoices.jsonl.load/")}


OVERTAKEN = r"/invoices\.jsonl: another try of this load is under way$"
SECOND_TRIES = pytest.mark.parametrize(
    "attempt",
    [Attempt("load"), Attempt("load", durable=True), Attempt("load", durable=True, going_on=True)],
    ids=["direct", "durable", "going-on"],
)


@SECOND_TRIES
@pytest.mark.parametrize(("page", "staged"), [(4, 0), (4, 2), (8, 0)])
def test_an_older_try_that_is_still_alive_leaves_the_load_to_the_newer(
    storage: Storage, attempt: Attempt, page: int, staged: int
) -> None:
    expected = whole(storage, "jsonl")
    old = {"invoices.jsonl": b"old", "items.jsonl": b"old items"}
    for name, data in old.items():
        storage.write(name, data)
    newer = Newer(storage, attempt)
    kept: set[str] = set()

    def begin() -> None:
        newer.begin(staged)
        kept.update(pages_kept(storage))

    older = Attempt("load", durable=attempt.durable)
    with pytest.raises(ChartMogulLoadError, match=OVERTAKEN):
        loaded(storage, Source(records()), attempt=older, on_page=behind(page, begin))
    assert pages_kept(storage) == kept
    assert {name: storage.read(name) for name in old} == old
    landed = newer.finish()
    assert list(landed.rows.values()) == [30, 30]
    assert newer.source.asked == list(range(page if attempt.going_on else 0, 8))
    assert {name: storage.read(name) for name in storage.names()} == expected


def test_an_older_try_that_fails_leaves_the_pages_of_the_newer(storage: Storage) -> None:
    expected = whole(storage, "jsonl")
    newer = Newer(storage, Attempt("load", durable=True, going_on=True))

    def fail() -> None:
        newer.begin(staged=1)
        raise ChartMogulLoadError("of its own")

    with pytest.raises(ChartMogulLoadError, match="of its own"):
        loaded(storage, Source(records()), attempt=Attempt("load", durable=True), on_page=behind(4, fail))
    newer.finish()
    assert {name: storage.read(name) for name in storage.names()} == expected


@pytest.mark.parametrize("durable", [False, True], ids=["direct", "durable"])
def test_a_newer_try_that_begins_while_files_are_moved_is_told(
    local_storage: Storage, monkeypatch: pytest.MonkeyPatch, durable: bool
) -> None:
    newer = Newer(local_storage, Attempt("load", durable=durable))
    complete = NewFile.complete

    def overtaken(file: NewFile) -> None:
        complete(file)
        newer.begin()

    monkeypatch.setattr(NewFile, "complete", on_call(2, complete, overtaken))
    with pytest.raises(ChartMogulLoadError, match=r": another try of this load is under way$"):
        loaded(local_storage, Source(records()), attempt=Attempt("load", durable=durable))
    assert not local_storage.names() & {"invoices.jsonl", "items.jsonl"}
    newer.finish()
    assert local_storage.names() == {"invoices.jsonl", "items.jsonl"}
