"""Imports in tests: quick to ask again, and counted."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.imports import Given, Limits, Pace, import_billing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator
    from airflow_provider_chartmogul.imports import ImportResult

LIMITS = frozenset(field.name for field in fields(Limits))


def limits_and_pace(**options: Any) -> tuple[Limits, Pace]:
    """Sort options to where they belong."""
    options = {"poll_interval": 0.001, "timeout": 30.0, **options}
    limits = {name: value for name, value in options.items() if name in LIMITS}
    return Limits(**limits), Pace(**{name: value for name, value in options.items() if name not in LIMITS})


def run(client: ChartMogulClient, data_source: str, records: Any, **options: Any) -> ImportResult:
    """Import records; options are those of ``Limits`` and ``Pace``."""
    limits, pace = limits_and_pace(**options)
    return import_billing(client, data_source, records, limits=limits, pace=pace)


def letters(*records: Mapping[str, Any], kind: str = "invoices", replace: bool = False) -> list[Given]:
    """Return records as a source gives them."""
    return [Given(kind, dict(record), f"line {n}", replace=replace) for n, record in enumerate(records, start=1)]


def asked(emulator: Emulator, method: str, ending: str) -> int:
    """Return how many requests of a method there were to operations whose path ends in this."""
    operations: dict[str, int] = emulator.stats()["requests_by_operation"]
    return sum(n for name, n in operations.items() if name.startswith(method) and name.endswith(ending))


def posts(emulator: Emulator) -> int:
    """Return how many bulk imports were sent."""
    return asked(emulator, "POST", "json_imports")


def of_state(result: ImportResult, state: str) -> dict[str, int]:
    """Return how many records of each kind are in a state."""
    return {kind: count[state] for kind, count in result.counts.items() if count[state]}


def named(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the external ids of records, sorted."""
    return sorted(record["external_id"] for record in records)
