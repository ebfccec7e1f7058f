"""``docs/operations.md`` is current, and the operators that it names are those of the package."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING

from airflow_provider_chartmogul import operators, transfers
from docs.generate import DOCUMENT, render
from tests.contract.operations import OPERATIONS

if TYPE_CHECKING:
    from types import ModuleType


def public_operators(layer: ModuleType) -> set[str]:
    """Names of the concrete operators of a layer."""
    found = set()
    for info in pkgutil.iter_modules(layer.__path__, f"{layer.__name__}."):
        for name, value in inspect.getmembers(importlib.import_module(info.name), inspect.isclass):
            # what others derive from does nothing itself
            if value.__module__ == info.name and name.startswith("ChartMogul") and name.endswith("Operator"):
                found.add(value)
    return {value.__name__ for value in found if not any(value in other.__mro__[1:] for other in found)}


def test_the_page_is_current() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == render(), "write it anew: make docs"


def test_named_operators_exist_and_none_is_forgotten() -> None:
    named = {f"ChartMogul{name}Operator" for entry in OPERATIONS.values() for name in entry.operators}
    assert named | {"ChartMogulApiOperator"} == public_operators(operators) | public_operators(transfers)
