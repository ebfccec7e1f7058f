"""Records that are given as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.imports.sources.rows import Row

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence


def read_inline(records: Sequence[Any]) -> Generator[Row, None, None]:
    """Yield records of a list."""
    for position, record in enumerate(records, start=1):
        yield Row(record, f"record {position}")
