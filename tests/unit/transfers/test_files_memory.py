from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from airflow_provider_chartmogul.streams.model import Record
from airflow_provider_chartmogul.transfers.files import parquet
from airflow_provider_chartmogul.transfers.files.formats import FORMATS
from airflow_provider_chartmogul.transfers.files.seen import Seen
from airflow_provider_chartmogul.transfers.loading import Attempt
from tests.unit.transfers.files_samples import Source, loaded, record
from tests.unit.transfers.storage import Storage, local_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["local_storage"]

COUNT = 8_000


class Made(Sequence[Record]):
    """Records that are made when they are asked for."""

    def __len__(self) -> int:
        return COUNT

    def __getitem__(self, which: Any) -> Any:
        return [record(number) for number in range(*which.indices(COUNT))]


@contextmanager
def python_memory() -> Iterator[Callable[[], int]]:
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("attempt", [Attempt("load"), Attempt("load", durable=True)], ids=["direct", "durable"])
@pytest.mark.parametrize("file_format", FORMATS)
def test_rows_are_not_held(
    local_storage: Storage, file_format: str, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROWS_PER_GROUP", 500)
    # modules that are imported late are not rows
    loaded(local_storage, Source([record(1)]), file_format, attempt)
    before = pa.total_allocated_bytes()
    held = [0]
    source = Source(Made(), size=100)
    with python_memory() as peak:
        loaded(
            local_storage,
            source,
            file_format,
            attempt,
            on_page=lambda page: held.append(pa.total_allocated_bytes() - before),
        )
        # the rows are more than 1.5 MB in any format
        assert (peak() + max(held)) / 2**20 < 1.2


def test_keys_are_not_held() -> None:
    seen = Seen()
    with python_memory() as peak:
        for start in range(0, 50_000, 200):
            assert len(seen.add([f"key {number}" for number in range(start, start + 200)])) == 200
        assert seen.add(["key 0", "key 49999", "another"]) == {"another"}
        assert peak() / 2**20 < 0.5
    seen.close()
