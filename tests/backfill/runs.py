"""Tasks that import a billing history, and what they made the server do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.operators.imports import ChartMogulBulkImportOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from airflow_provider_chartmogul.emulator import Emulator

IMPORTS: Final = "/data_sources/{data_source_uuid}/json_imports"
LOOK: Final = f"GET {IMPORTS}/{{import_id}}"
"""The question after an import."""


def bulk(data_source: str, records: Mapping[str, Sequence[Any]], **arguments: Any) -> ChartMogulBulkImportOperator:
    """Return a task that imports records of a few customers at a time."""
    given: dict[str, Any] = {
        "customers_per_request": 3,
        "poll_interval": 0.01,
        "timeout": 60,
        "max_in_flight": 8,
        **arguments,
    }
    return ChartMogulBulkImportOperator(task_id="import", data_source_uuid=data_source, **records, **given)


def sent(emulator: Emulator) -> int:
    """Return how many requests with imports have come."""
    return calls(emulator, f"POST {IMPORTS}")


def calls(emulator: Emulator, operation: str) -> int:
    """Return how many requests of one operation have come."""
    return int(emulator.stats()["requests_by_operation"].get(operation, 0))


def lines(path: Path) -> list[dict[str, Any]]:
    """Read JSON Lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
