"""Files of JSON Lines hold what was written into them."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_chartmogul import json_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECORDS = [{"name": "Jürgen", "tags": ["a\nb"], "mrr": None}, {}, {"name": "half of a pair: \ud83d"}]


def read(path: ObjectStoragePath) -> list[dict[str, Any]]:
    with path.open("rb") as file:
        content = file.read()
    text = (gzip.decompress(content) if path.name.endswith(".gz") else content).decode()
    return [json.loads(line) for line in text.splitlines()]


each_name = pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])


def stored(folder: Path, name: str) -> ObjectStoragePath:
    return ObjectStoragePath(f"file://{folder}/new/{name}")


@each_name
def test_what_was_written_is_read_back(tmp_path: Path, name: str) -> None:
    path = stored(tmp_path, name)
    assert json_lines.write(path, iter(RECORDS)) == 3
    assert read(path) == RECORDS
    assert [file.name for file in (tmp_path / "new").iterdir()] == [name]


def test_the_name_says_whether_a_file_is_packed(tmp_path: Path) -> None:
    for name, unpacked in (("x.jsonl", bytes), ("x.jsonl.gz", gzip.decompress)):
        json_lines.write(stored(tmp_path, name), RECORDS[:2])
        lines = unpacked((tmp_path / "new" / name).read_bytes()).decode().splitlines()
        assert lines == ['{"name": "Jürgen", "tags": ["a\\nb"], "mrr": null}', "{}"]


@each_name
def test_the_same_records_give_the_same_bytes(tmp_path: Path, name: str) -> None:
    path, file = stored(tmp_path, name), tmp_path / "new" / name
    json_lines.write(path, RECORDS)
    first = file.read_bytes()
    json_lines.write(path, RECORDS)
    assert file.read_bytes() == first


def test_what_json_lacks_is_written_as_text(tmp_path: Path) -> None:
    path = stored(tmp_path, "x.jsonl")
    json_lines.write(path, [{"date": datetime(2026, 3, 1, tzinfo=UTC), "odd": 1j}])
    assert read(path) == [{"date": "2026-03-01T00:00:00Z", "odd": "1j"}]


@each_name
def test_records_that_end_badly_leave_the_file_of_before(tmp_path: Path, name: str) -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield {"number": 1}
        raise LookupError

    path = stored(tmp_path, name)
    json_lines.write(path, RECORDS)
    with pytest.raises(LookupError):
        json_lines.write(path, broken())
    assert read(path) == RECORDS
