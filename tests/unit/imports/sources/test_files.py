"""Which files a path stands for, on a disk and in object storage, and what they are called."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_provider_chartmogul.imports.sources import open_source
from tests.unit.imports.sources.reading import given, records, written
from tests.unit.transfers.storage import LOGIN, S3, Storage, local_storage, s3_server, s3_storage, storage

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["local_storage", "s3_server", "s3_storage", "storage"]


def line(number: int) -> bytes:
    return b'{"external_id": "acct-%d"}\n' % number


def parquet(*external_ids: str) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"external_id": list(external_ids)}), sink)
    return sink.getvalue()


def places(spec: object, storage: Storage, **options: Any) -> list[str]:
    return [one.place for one in given(spec, path_conn_id=conn_id(storage), **options)]


def conn_id(storage: Storage) -> str | None:
    return "storage" if storage.root.protocol == "s3" else None


FORMATS = {
    "a.jsonl": line(1),
    "a.ndjson": line(1),
    "a.json": line(1),
    "a.jsonl.gz": gzip.compress(line(1)),
    "a.ndjson.gz": gzip.compress(line(1)),
    "a.json.gz": gzip.compress(line(1)),
    "a.csv": b"external_id\nacct-1\n",
    "a.csv.gz": gzip.compress(b"external_id\nacct-1\n"),
    "a.parquet": parquet("acct-1"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_name_tells_the_format(storage: Storage, name: str) -> None:
    storage.write(name, FORMATS[name])
    found = records(str(storage.path(name)), path_conn_id=conn_id(storage))
    assert found == [{"external_id": "acct-1"}]


@pytest.mark.parametrize(("form", "like"), [("jsonl", "a.jsonl"), ("csv", "a.csv"), ("parquet", "a.parquet")])
def test_the_format_can_be_said(tmp_path: Path, form: str, like: str) -> None:
    path = written(tmp_path, "customers.txt", FORMATS[like])
    assert records({"path": path, "format": form}) == [{"external_id": "acct-1"}]


def test_a_format_goes_with_packed_files_too(tmp_path: Path) -> None:
    path = written(tmp_path, "customers.dump.gz", FORMATS["a.csv.gz"])
    assert records({"path": path, "format": "csv"}) == [{"external_id": "acct-1"}]


@pytest.mark.parametrize("name", ["customers.txt", "customers", "a.parquet.gz"])
def test_a_file_whose_format_nothing_tells_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f"the name of .*{name} does not tell its format"):
        given(written(tmp_path, name, line(1)))


@pytest.fixture
def shards(storage: Storage) -> Storage:
    for name in ("2024/b.jsonl", "2024/a.jsonl", "2024/a.csv", "2025/a.jsonl", "2025/deep/c.jsonl", "2025/_SUCCESS"):
        storage.write(name, b"external_id\n1\n" if name.endswith("csv") else line(1))
    return storage


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("2024/*.jsonl", ["a.jsonl, line 1", "b.jsonl, line 1"]),
        ("2024/?.csv", ["a.csv, line 2"]),
        ("202[45]/[ab].jsonl", ["2024/a.jsonl, line 1", "2024/b.jsonl, line 1", "2025/a.jsonl, line 1"]),
        ("*/a.jsonl", ["2024/a.jsonl, line 1", "2025/a.jsonl, line 1"]),
        ("2025/**", ["a.jsonl, line 1", "deep/c.jsonl, line 1"]),
        ("2025", ["a.jsonl, line 1", "deep/c.jsonl, line 1"]),
        ("2025/", ["a.jsonl, line 1", "deep/c.jsonl, line 1"]),
        (
            "**/*.jsonl",
            [
                "2024/a.jsonl, line 1",
                "2024/b.jsonl, line 1",
                "2025/a.jsonl, line 1",
                "2025/deep/c.jsonl, line 1",
            ],
        ),
        ("2024/a.jsonl", ["a.jsonl, line 1"]),
    ],
)
def test_globs_and_folders_stand_for_sorted_files(shards: Storage, pattern: str, expected: list[str]) -> None:
    assert places(f"{shards.root}/{pattern}", shards) == expected


def test_several_paths_are_read_in_their_order_and_no_file_twice(shards: Storage) -> None:
    paths = [f"{shards.root}/{path}" for path in ("2025/a.jsonl", "2024/b.jsonl", "*/a.jsonl")]
    expected = ["2025/a.jsonl, line 1", "2024/b.jsonl, line 1", "2024/a.jsonl, line 1"]
    assert places({"path": paths}, shards) == expected
    assert places(paths, shards) == expected


@pytest.mark.parametrize("pattern", ["none.jsonl", "2024/*.parquet", "2026", "2026/*"])
def test_a_path_that_no_file_has_is_an_error_that_names_it(shards: Storage, pattern: str) -> None:
    with pytest.raises(ValueError) as error:
        places([f"{shards.root}/2024", f"{shards.root}/{pattern}"], shards)
    hint = "where there are no records, an empty file will do"
    assert str(error.value) == f"there is no file {shards.path(pattern).path}; {hint}"


def test_a_bucket_that_is_not_there_is_an_error(s3_storage: Storage) -> None:
    with pytest.raises(ValueError, match=r"there is no file nobody/\*\.csv"):
        places("s3://nobody/*.csv", s3_storage)


def test_a_file_that_comes_from_elsewhere_while_the_process_lives_is_seen(s3_storage: Storage, s3_server: S3) -> None:
    s3_storage.write("a.jsonl", line(1))
    assert len(places(f"{s3_storage.root}/*", s3_storage)) == 1
    bucket, _, folder = s3_storage.root.path.partition("/")
    elsewhere = boto3.client("s3", endpoint_url=s3_server.url, region_name="us-east-1", **LOGIN)
    elsewhere.put_object(Bucket=bucket, Key=f"{folder}/b.jsonl", Body=line(1))
    assert len(places(f"{s3_storage.root}/*", s3_storage)) == 2


@pytest.mark.parametrize("name", ["a[1].jsonl", "what?.jsonl", "*.jsonl", ".hidden.jsonl", "_a.jsonl"])
def test_a_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    written(tmp_path, "another.jsonl", line(2))
    assert records(written(tmp_path, name, line(1))) == [{"external_id": "acct-1"}]


def test_files_that_only_begin_to_be_are_left_out_unless_they_are_asked_for(tmp_path: Path) -> None:
    written(tmp_path, ".x/.a.jsonl.tmp", b"")
    written(tmp_path, ".x/_temporary/b.jsonl", line(2))
    written(tmp_path, ".x/c.jsonl", line(1))
    assert records(f"{tmp_path}/.x/**") == [{"external_id": "acct-1"}]
    assert records(f"{tmp_path}/.x/_temporary/*.jsonl") == [{"external_id": "acct-2"}]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.csv", "a.parquet"])
def test_an_empty_file_gives_nothing_but_a_warning(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    written(tmp_path, name, b"")
    written(tmp_path, f"b{name[1:]}", FORMATS[name])
    assert [one.record for one in given(f"{tmp_path}/*")] == [{"external_id": "acct-1"}]
    assert f"{name} is empty" in caplog.text
    assert "b.jsonl is empty" not in caplog.text


def test_a_parquet_file_without_rows_is_empty(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"external_id": pa.array([], pa.string())}), sink)
    assert given(written(tmp_path, "a.parquet", sink.getvalue())) == []
    assert "a.parquet is empty" in caplog.text


def test_nothing_is_opened_before_the_first_record_is_asked_for(tmp_path: Path) -> None:
    source = open_source("customers", f"{tmp_path}/a.jsonl")
    written(tmp_path, "a.jsonl", line(1))
    assert next(source).record == {"external_id": "acct-1"}


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.csv", "a.parquet"])
def test_files_are_closed_when_the_reading_is(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from fsspec.implementations.local import LocalFileSystem

    opened: list[Any] = []
    original = LocalFileSystem._open

    def watched(self: Any, *args: Any, **options: Any) -> Any:
        opened.append(original(self, *args, **options))
        return opened[-1]

    monkeypatch.setattr(LocalFileSystem, "_open", watched)
    data = {"a.csv": b"external_id\n1\n2\n", "a.parquet": parquet("1", "2")}.get(name, line(1) + line(2))
    source = open_source("customers", written(tmp_path, name, gzip.compress(data) if name.endswith("gz") else data))
    next(source)
    assert [file.closed for file in opened] == [False]
    source.close()  # type: ignore[attr-defined]
    assert [file.closed for file in opened] == [True]


def test_a_secret_of_a_url_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_chartmogul.imports.sources.files import _shown

    assert _shown("https://lake.example/a.csv?signature=secret") == "https://lake.example/a.csv"


def test_records_of_a_storage_come_page_by_page(s3_storage: Storage) -> None:
    rows = [{"external_id": f"acct-{number}"} for number in range(20_000)]
    storage_path = s3_storage.path("a.jsonl.gz")
    s3_storage.write("a.jsonl.gz", gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink, row_group_size=7_000)
    s3_storage.write("b.parquet", sink.getvalue())
    assert records(str(storage_path), path_conn_id="storage") == rows
    assert records(str(s3_storage.path("b.parquet")), path_conn_id="storage") == rows
