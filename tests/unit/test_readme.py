"""What the README shows works as it is written."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.unit.test_conventions import BASES

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
DAGS = [snippet for snippet in SNIPPETS if "with DAG(" in snippet]


def dag_id(snippet: str) -> str:
    found = re.search(r'dag_id="(\w+)"', snippet)
    assert found
    return found.group(1)


def test_there_is_a_dag_for_each_job() -> None:
    shown = {dag_id(snippet) for snippet in DAGS}
    assert shown == {
        "chartmogul_load",
        "chartmogul_backfill",
        "chartmogul_enrich",
        "chartmogul_any_operation",
        "chartmogul_hook",
    }


@pytest.mark.parametrize("snippet", DAGS, ids=dag_id)
def test_dags_parse(snippet: str) -> None:
    from airflow.providers.common.compat.sdk import DAG

    namespace: dict[str, object] = {"__name__": dag_id(snippet)}
    exec(snippet, namespace)
    dag = namespace["dag"]
    assert isinstance(dag, DAG)
    assert dag.task_ids


def test_every_operator_and_sensor_is_in_the_table() -> None:
    from airflow_provider_chartmogul.get_provider_info import get_provider_info

    info = get_provider_info()
    modules = [m for kind in ("operators", "sensors") for entry in info[kind] for m in entry["python-modules"]]
    modules += [entry["python-module"] for entry in info["transfers"]]
    rows = {
        (module, name)
        for module, names in re.findall(
            r"^\| `((?:operators|sensors|transfers)\.\w+)` \| (.*?) \|", README, re.MULTILINE
        )
        for name in re.findall(r"`(\w+)`", names)
    }
    declared = {
        (name.removeprefix("airflow_provider_chartmogul."), value.__name__)
        for name in modules
        for value in vars(import_module(name)).values()
        if isinstance(value, type) and value.__module__ == name and value.__name__.endswith(("Operator", "Sensor"))
    }
    public = {(module, name) for module, name in declared if name not in BASES}
    assert rows == {(m, name.removeprefix("ChartMogul").removesuffix("Operator")) for m, name in public}
