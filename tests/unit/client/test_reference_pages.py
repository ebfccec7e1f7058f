"""Docstrings name pages of the API's reference that are known for sure, and each method that of its operation."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import airflow_provider_chartmogul
from airflow_provider_chartmogul.client import ChartMogulClient
from tests.contract import specification
from tests.contract.operations import OPERATIONS

PACKAGE = Path(airflow_provider_chartmogul.__file__).parent
REFERENCE = re.compile(r"Reference:\s+``(/reference/[^`]*)``")


def page(operation: specification.Operation) -> str | None:
    first = re.split(r"[ ,]", operation.docs or "")[0].removeprefix("dev.chartmogul.com")
    return first if first.startswith("/reference/") and "?" not in first else None


PAGES = {operation.id: page(operation) for operation in specification.operations().values()}


@pytest.mark.parametrize("operation_id", PAGES)
def test_a_method_names_the_page_of_its_operation(operation_id: str) -> None:
    resource, _, method = OPERATIONS[operation_id].call.rpartition(".")
    client = ChartMogulClient("test-key")
    documented = inspect.getdoc(getattr(getattr(client, resource) if resource else client, method))
    known = PAGES[operation_id]
    assert REFERENCE.findall(documented or "") == ([known] if known else [])


@pytest.mark.parametrize("folder", ["client", "operators", "sensors", "triggers", "imports"])
def test_no_other_pages_are_named(folder: str) -> None:
    named = {
        reference: path.name
        for path in (PACKAGE / folder).rglob("*.py")
        for reference in REFERENCE.findall(path.read_text(encoding="utf-8"))
    }
    assert {reference: path for reference, path in named.items() if reference not in PAGES.values()} == {}
