"""What Airflow discovers: valid by its own schema, complete, and true."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
from importlib.metadata import distribution, entry_points
from pathlib import Path

import airflow
import jsonschema
import pytest
from airflow.providers.common.compat.sdk import BaseHook, BaseOperator, BaseSensorOperator
from airflow.triggers.base import BaseTrigger

import airflow_provider_chartmogul
from airflow_provider_chartmogul.get_provider_info import get_provider_info

INFO = get_provider_info()
KINDS = ("hooks", "operators", "sensors", "triggers")
LISTED = {kind: {module for entry in INFO[kind] for module in entry["python-modules"]} for kind in KINDS}
LISTED["transfers"] = {entry["python-module"] for entry in INFO["transfers"]}


def test_it_is_valid_by_the_schema_of_airflow() -> None:
    schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text())
    jsonschema.validate(INFO, schema)


def test_its_name_is_that_of_the_distribution() -> None:
    # Airflow raises for everybody where these two differ
    assert INFO["package-name"] == distribution("airflow-provider-chartmogul").metadata["Name"]


def test_airflow_finds_it() -> None:
    found = [entry for entry in entry_points(group="apache_airflow_provider") if entry.load() is get_provider_info]
    assert len(found) == 1
    assert found[0].dist is not None
    assert found[0].dist.name == "airflow-provider-chartmogul"


@pytest.mark.parametrize("module", sorted(module for modules in LISTED.values() for module in modules))
def test_every_module_of_the_catalogue_imports(module: str) -> None:
    importlib.import_module(module)


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        ("hooks", BaseHook),
        ("operators", BaseOperator),
        ("sensors", BaseSensorOperator),
        ("triggers", BaseTrigger),
        ("transfers", BaseOperator),
    ],
)
def test_the_catalogue_lists_the_modules_with_such_classes(kind: str, base: type) -> None:
    folder = importlib.import_module(f"{airflow_provider_chartmogul.__name__}.{kind}")
    modules = [
        importlib.import_module(f"{folder.__name__}.{info.name}") for info in pkgutil.iter_modules(folder.__path__)
    ]
    defining = {
        cls.__module__
        for module in modules
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if issubclass(cls, base) and cls.__module__ == module.__name__
        # a transfer is listed with its target, which a base has not
        if not (kind == "transfers" and inspect.isabstract(cls))
    }
    assert LISTED[kind] == defining


def test_the_connection_type_is_that_of_its_hook() -> None:
    (declared,) = INFO["connection-types"]
    path, _, name = declared["hook-class-name"].rpartition(".")
    hook = getattr(importlib.import_module(path), name)
    assert (declared["connection-type"], declared["hook-name"]) == (hook.conn_type, hook.hook_name)
    assert hook.default_conn_name == "chartmogul_default"


def test_the_form_of_older_airflows_is_the_declared_one() -> None:
    from airflow_provider_chartmogul.hooks.chartmogul import ChartMogulHook

    assert ChartMogulHook.get_ui_field_behaviour() == {
        "hidden_fields": ["login", "port", "schema"],
        "relabeling": {"password": "API key", "host": "Base URL"},
        "placeholders": {"host": "https://api.chartmogul.com/v1"},
    }


def test_the_form_offers_every_field_that_the_hook_reads() -> None:
    from airflow_provider_chartmogul.hooks.chartmogul import BUDGET_STORAGE, NUMBERS

    fields = INFO["connection-types"][0]["conn-fields"]
    assert fields.keys() == {*NUMBERS, BUDGET_STORAGE}
    assert fields[BUDGET_STORAGE]["schema"]["format"] == "password"


def test_airflow_knows_the_connection_type() -> None:
    script = (
        "from airflow.providers_manager import ProvidersManager\n"
        "manager = ProvidersManager()\n"
        "info = manager.hooks['chartmogul']\n"
        "print(info.hook_name, info.hook_class_name, info.connection_testable)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    expected = "ChartMogul airflow_provider_chartmogul.hooks.chartmogul.ChartMogulHook True"
    assert run.stdout.splitlines()[-1] == expected
    assert "chartmogul" not in run.stderr.lower()
