from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError, ChartMogulLoadError
from airflow_provider_chartmogul.streams.model import LoadMode, Record
from airflow_provider_chartmogul.transfers.files import parquet
from airflow_provider_chartmogul.transfers.files.formats import FORMATS
from airflow_provider_chartmogul.transfers.loading import Attempt, load
from tests.unit.transfers.files_samples import Source, loaded, record, records, target
from tests.unit.transfers.storage import Storage, local_storage, s3_server, s3_storage, storage

__all__ = ["local_storage", "s3_server", "s3_storage", "storage"]

DURABLE = Attempt("load", durable=True)
AGAIN = Attempt("load", durable=True, going_on=True)


class BrokenOffError(Exception):
    pass


def breaking_off_at(page: int) -> Any:
    def before(number: int) -> None:
        if number == page:
            raise BrokenOffError

    return before


def break_off(
    storage: Storage, page: int, file_format: str = "jsonl", attempt: Attempt = DURABLE, keep: bool = True
) -> None:
    source = Source(records(), before_page=breaking_off_at(page))
    with pytest.raises(BrokenOffError):
        loaded(storage, source, file_format, attempt, tried_again=lambda error: keep)


def uuids(storage: Storage, name: str = "invoices.jsonl") -> list[str]:
    return [json.loads(line)["uuid"] for line in storage.read(name).splitlines()]


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let groups that do not go with pages show in files of a few rows."""
    monkeypatch.setattr(parquet, "ROWS_PER_GROUP", 7)


@pytest.mark.parametrize("file_format", FORMATS)
def test_each_table_has_its_file(storage: Storage, file_format: str) -> None:
    landed = loaded(storage, Source(records(30)), file_format)
    names = [f"{name}{FORMATS[file_format]}" for name in ("invoices", "items")]
    assert storage.names() == set(names)
    assert landed.rows == {str(storage.path(names[0])): 30, str(storage.path(names[1])): 30}
    assert landed.size == sum(len(storage.read(name)) for name in names)


@pytest.mark.parametrize("attempt", [Attempt("load"), DURABLE], ids=["direct", "durable"])
def test_a_record_that_is_read_twice_counts_as_it_was_first(storage: Storage, attempt: Attempt) -> None:
    read = [record(5), record(1), record(5, version=7), record(2), record(1, version=7), record(3), record(2)]
    landed = loaded(storage, Source(read, size=3), attempt=attempt)
    lines = [json.loads(line) for line in storage.read("invoices.jsonl").splitlines()]
    assert [(line["uuid"], line["cents"]) for line in lines] == [
        ("inv_5", 500),
        ("inv_1", 100),
        ("inv_2", 200),
        ("inv_3", 300),
    ]
    assert uuids(storage, "items.jsonl") == ["li_5_0", "li_5_1", "li_1_0", "li_2_0", "li_2_1"]
    assert list(landed.rows.values()) == [4, 5]


@pytest.mark.parametrize("file_format", FORMATS)
def test_bytes_do_not_depend_on_pages_and_tries(local_storage: Storage, file_format: str) -> None:
    name = f"invoices{FORMATS[file_format]}"
    contents = set()
    for size in (1, 3, 7, 10, 100):
        for attempt in (Attempt("one"), Attempt("two", durable=True)):
            loaded(local_storage, Source(records(), size), file_format, attempt)
            contents.add(local_storage.read(name))
    break_off(local_storage, 4, file_format)
    loaded(local_storage, Source(records()), file_format, AGAIN)
    contents.add(local_storage.read(name))
    assert len(contents) == 1


def test_a_snapshot_carries_its_moment(local_storage: Storage) -> None:
    as_of = datetime(2026, 3, 1, tzinfo=UTC)
    load(Source(records(3)).reading(), target(local_storage, "csv", LoadMode.SNAPSHOT, as_of), Attempt("load"))
    for name in ("invoices.csv", "items.csv"):
        header, *rows = local_storage.read(name).decode().splitlines()
        assert header.endswith(",extra,as_of")
        assert {row.rpartition(",")[2] for row in rows} == {"2026-03-01T00:00:00Z"}


def test_rows_of_other_modes_carry_no_moment(local_storage: Storage) -> None:
    as_of = datetime(2026, 3, 1, tzinfo=UTC)
    load(Source(records(3)).reading(), target(local_storage, "csv", LoadMode.REPLACE, as_of), Attempt("load"))
    assert b"as_of" not in local_storage.read("invoices.csv")


@pytest.mark.parametrize("mode", [LoadMode.MERGE, LoadMode.APPEND])
def test_files_cannot_be_merged_into(local_storage: Storage, mode: LoadMode) -> None:
    with pytest.raises(
        ValueError, match=f"^load_mode of files must be one of replace, replace_interval, snapshot, not {mode}$"
    ):
        target(local_storage, mode=mode)


def test_a_snapshot_without_moment_is_refused(local_storage: Storage) -> None:
    with pytest.raises(ValueError, match=r"^load_mode snapshot needs the moment that the rows are read for$"):
        target(local_storage, mode=LoadMode.SNAPSHOT)


@pytest.mark.parametrize("attempt", [Attempt("load"), DURABLE], ids=["direct", "durable"])
def test_a_record_that_was_left_out_is_no_row(local_storage: Storage, attempt: Attempt) -> None:
    error = r"/invoices\.jsonl: record inv_9 was left out as unchanged, but files hold all records$"
    with pytest.raises(ChartMogulLoadError, match=error):
        loaded(local_storage, Source([record(1), Record("inv_9", None)]), attempt=attempt)
    assert local_storage.names() == set()


@pytest.mark.parametrize("attempt", [Attempt("load"), DURABLE], ids=["direct", "durable"])
def test_a_load_that_fails_leaves_the_old_files_and_nothing_else(storage: Storage, attempt: Attempt) -> None:
    storage.write("invoices.jsonl", b"old")
    break_off(storage, 3, attempt=attempt, keep=False)
    assert storage.names() == {"invoices.jsonl"}
    assert storage.read("invoices.jsonl") == b"old"


def test_a_load_that_is_not_durable_keeps_nothing(storage: Storage) -> None:
    break_off(storage, 3, attempt=Attempt("load"))
    assert storage.names() == set()


@pytest.mark.parametrize("file_format", FORMATS)
def test_another_try_goes_on_behind_the_last_page_that_was_kept(storage: Storage, file_format: str) -> None:
    names = [f"{name}{FORMATS[file_format]}" for name in ("invoices", "items")]
    loaded(storage, Source(records()), file_format)
    whole = {name: storage.read(name) for name in names}
    storage.write(names[0], b"old")

    break_off(storage, 3, file_format)
    assert storage.names() == {*names, *(f".{names[0]}.load/00000{number}" for number in (1, 2, 3))}
    assert storage.read(names[0]) == b"old"

    source = Source(records())
    landed = loaded(storage, source, file_format, AGAIN)
    assert source.asked == [3, 4, 5, 6, 7]
    assert {name: storage.read(name) for name in storage.names()} == whole
    assert list(landed.rows.values()) == [30, 30]


def test_what_was_read_before_the_break_counts_once(storage: Storage) -> None:
    break_off(storage, 3)
    moved = [*records(12), record(2, version=7), *records()[12:], record(29, version=7)]
    loaded(storage, Source(moved), attempt=AGAIN)
    assert uuids(storage) == [f"inv_{number}" for number in range(30)]


def test_a_try_can_go_on_without_being_durable_itself(local_storage: Storage) -> None:
    break_off(local_storage, 3)
    source = Source(records())
    loaded(local_storage, source, attempt=Attempt("load", going_on=True))
    assert source.asked == [3, 4, 5, 6, 7]
    assert uuids(local_storage) == [f"inv_{number}" for number in range(30)]
    assert local_storage.names() == {"invoices.jsonl", "items.jsonl"}


def test_a_load_that_was_read_to_its_end_asks_for_nothing_more(local_storage: Storage) -> None:
    class Lost(Exception):  # noqa: N818
        pass

    def on_page(page: Any) -> None:
        if page.cursor is None:
            raise Lost

    with pytest.raises(Lost):
        loaded(local_storage, Source(records()), attempt=DURABLE, on_page=on_page, tried_again=lambda error: True)
    source = Source(records())
    loaded(local_storage, source, attempt=AGAIN)
    assert source.asked == []
    assert len(uuids(local_storage)) == 30


def test_a_new_load_removes_what_an_older_try_of_it_left(storage: Storage) -> None:
    break_off(storage, 3)
    source = Source(records())
    loaded(storage, source, attempt=DURABLE)
    assert source.asked == list(range(8))
    assert storage.names() == {"invoices.jsonl", "items.jsonl"}


def test_a_new_load_is_not_gone_on_with_what_an_older_try_left(local_storage: Storage) -> None:
    break_off(local_storage, 5)
    break_off(local_storage, 2)
    assert local_storage.names() == {f".invoices.jsonl.load/00000{number}" for number in (1, 2)}


def test_going_on_from_nothing_begins_anew(storage: Storage) -> None:
    source = Source(records())
    loaded(storage, source, attempt=AGAIN)
    assert source.asked == list(range(8))


def test_other_loads_are_left_alone(storage: Storage) -> None:
    break_off(storage, 3, attempt=Attempt("other", durable=True))
    loaded(storage, Source(records()), attempt=DURABLE)
    assert storage.names() >= {".invoices.jsonl.other/000003"}


def test_new_files_that_killed_tries_left_are_removed_those_of_other_loads_are_not(storage: Storage) -> None:
    others = {".invoices.jsonl.load-2.1f.new", ".items.jsonl.other.1f.new", ".invoices.jsonl.load.1f"}
    for name in others | {".invoices.jsonl.load.1f.new", ".invoices.jsonl.load.2f.new", ".items.jsonl.load.1f.new"}:
        storage.write(name, b"left")
    loaded(storage, Source(records()), attempt=Attempt("load"))
    assert storage.names() == others | {"invoices.jsonl", "items.jsonl"}


@pytest.mark.parametrize("left", [0, 10, 300, -1])
@pytest.mark.parametrize("torn", [1, 3])
def test_a_page_that_is_not_whole_is_read_again(local_storage: Storage, torn: int, left: int) -> None:
    break_off(local_storage, 3)
    name = f".invoices.jsonl.load/00000{torn}"
    local_storage.write(name, local_storage.read(name)[:left])
    source = Source(records())
    loaded(local_storage, source, attempt=AGAIN)
    assert source.asked[0] == torn - 1
    assert uuids(local_storage) == [f"inv_{number}" for number in range(30)]


def test_a_page_behind_one_that_is_missing_is_removed(local_storage: Storage) -> None:
    break_off(local_storage, 5)
    local_storage.path(".invoices.jsonl.load/000002").unlink()
    break_off(local_storage, 2, attempt=AGAIN)
    assert local_storage.names() == {f".invoices.jsonl.load/00000{number}" for number in (1, 2)}


def test_pages_of_other_columns_are_of_no_use(local_storage: Storage) -> None:
    break_off(local_storage, 3)
    source = Source(records())
    as_of = datetime(2026, 3, 1, tzinfo=UTC)
    load(source.reading(), target(local_storage, mode=LoadMode.SNAPSHOT, as_of=as_of), AGAIN)
    assert source.asked == list(range(8))


def test_pages_that_vanish_are_noticed(local_storage: Storage) -> None:
    def on_page(page: Any) -> None:
        local_storage.path(".invoices.jsonl.load/000001").unlink(missing_ok=True)

    with pytest.raises(ChartMogulLoadError, match=r"\.load/000001: a page that was kept is not whole any more$"):
        loaded(local_storage, Source(records()), attempt=DURABLE, on_page=on_page)
    assert local_storage.names() == set()


def test_a_folder_is_no_file(local_storage: Storage) -> None:
    local_storage.write("items.jsonl/within", b"")
    with pytest.raises(ChartMogulConfigError, match=r"items\.jsonl is a directory, where a file shall stand$"):
        loaded(local_storage, Source(records()))
    assert local_storage.names() == {"items.jsonl/within"}


def test_a_storage_that_airflow_does_not_know_is_told_as_such() -> None:
    with pytest.raises(ChartMogulConfigError, match=r"^memory://.*invoices\.jsonl: .*memory"):
        loaded(Storage(ObjectStoragePath("memory://lake")), Source(records()))


@pytest.mark.usefixtures("s3_storage")
def test_a_bucket_that_is_not_there_is_not_made() -> None:
    missing = Storage(ObjectStoragePath("s3://misspelt/exports", conn_id="storage"))
    source = Source(records())
    with pytest.raises(ChartMogulLoadError, match=r"^s3://storage@misspelt/exports/invoices.jsonl: making room"):
        loaded(missing, source)
    assert source.asked == []
    assert not missing.root.fs.exists("misspelt")


def parts(storage: Storage) -> list[str]:
    """Name the files that were begun but neither completed nor given up, which S3 charges for."""
    bucket, _, _ = storage.root.fs.split_path(storage.root.path)
    uploads = storage.root.fs.call_s3("list_multipart_uploads", Bucket=bucket).get("Uploads", [])
    return [upload["Key"] for upload in uploads]


def big(count: int) -> list[Record]:
    return [
        Record(f"inv_{i}", {"": [{**record(i).rows[""][0], "extra": json.dumps("x" * 2**20)}]})  # type: ignore[index]
        for i in range(count)
    ]


def test_a_file_can_be_larger_than_what_is_sent_at_once(s3_storage: Storage) -> None:
    landed = loaded(s3_storage, Source(big(20), size=2))
    assert landed.size == len(s3_storage.read("invoices.jsonl"))
    assert landed.size > 20 * 2**20
    assert parts(s3_storage) == []


def test_a_large_file_that_is_given_up_leaves_nothing(s3_storage: Storage) -> None:
    with pytest.raises(BrokenOffError):
        loaded(s3_storage, Source(big(20), size=2, before_page=breaking_off_at(9)))
    assert s3_storage.names() == set()
    assert parts(s3_storage) == []
