"""Rules for every operator, sensor, transfer, trigger and hook of the package, found by walking its modules."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from airflow.providers.common.compat.sdk import BaseHook, BaseOperator, BaseSensorOperator
from airflow.triggers.base import BaseTrigger

import airflow_provider_chartmogul as package

if TYPE_CHECKING:
    from collections.abc import Iterator

LAYERS = ("hooks", "operators", "sensors", "transfers", "triggers")


def _classes(base: type) -> Iterator[type]:
    for layer in LAYERS:
        folder = importlib.import_module(f"{package.__name__}.{layer}")
        for info in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
            for _, found in inspect.getmembers(importlib.import_module(info.name), inspect.isclass):
                if issubclass(found, base) and found.__module__ == info.name:
                    yield found


OPERATORS = list(_classes(BaseOperator))
HOOKS = list(_classes(BaseHook))
TRIGGERS = list(_classes(BaseTrigger))

# the least that each concrete class needs; a class that is missing here fails test_every_class_is_known
ARGUMENTS = {
    "ChartMogulGetOrCreateDataSourceOperator": {"name": "billing"},
    "ChartMogulDeleteDataSourceOperator": {"data_source_uuid": "ds_1"},
    "ChartMogulEmptyDataSourceOperator": {"data_source_uuid": "ds_1", "scope": "all"},
    "ChartMogulMetricsOperator": {"metric": "mrr"},
    "ChartMogulAccountOperator": {},
    "ChartMogulApiOperator": {"call": "customers.retrieve", "arguments": {"customer_uuid": "cus_1"}},
    "ChartMogulListActivitiesOperator": {},
    "ChartMogulListCustomerSubscriptionsOperator": {"customer_uuid": "cus_1"},
    "ChartMogulSearchCustomersOperator": {"customer_email": "a@falter.example"},
    "ChartMogulCreateActivitiesExportOperator": {},
    "ChartMogulDownloadActivitiesExportOperator": {"export_id": "e", "path": "file:///nowhere"},
    "ChartMogulAddTagsOperator": {"customer_uuid": "cus_1", "tags": ["a"]},
    "ChartMogulRemoveTagsOperator": {"customer_uuid": "cus_1", "tags": ["a"]},
    "ChartMogulAddCustomAttributesOperator": {"customer_uuid": "cus_1", "custom_attributes": []},
    "ChartMogulUpdateCustomAttributesOperator": {"customer_uuid": "cus_1", "custom_attributes": {"a": 1}},
    "ChartMogulRemoveCustomAttributesOperator": {"customer_uuid": "cus_1", "keys": ["a"]},
    "ChartMogulEnrichCustomersOperator": {"rows": [], "customer": "email", "tags_column": "tags"},
    "ChartMogulBulkImportOperator": {"data_source_uuid": "ds_1", "customers": []},
    "ChartMogulReplayRejectedOperator": {"data_source_uuid": "ds_1", "path": "/rejected.jsonl"},
    "ObjectStorageToChartMogulOperator": {"data_source_uuid": "ds_1", "customers": "/customers.jsonl"},
    "SqlToChartMogulOperator": {"data_source_uuid": "ds_1", "sql_conn_id": "db", "customers": "SELECT 1"},
    "ChartMogulReconcileOperator": {"data_source_uuid": "ds_1", "invoices": [{}]},
    "ChartMogulImportCustomersOperator": {"records": [{}]},
    "ChartMogulUpdateCustomersOperator": {"records": [{}]},
    "ChartMogulDeleteCustomersOperator": {"uuids": "cus_1"},
    "ChartMogulMergeCustomersOperator": {"records": [{}]},
    "ChartMogulUnmergeCustomersOperator": {"records": [{}]},
    "ChartMogulFindDuplicateCustomersOperator": {
        "from_data_source_uuid": "ds_1",
        "into_data_source_uuid": "ds_2",
        "result_path": "/pairs.jsonl",
        "ambiguous_path": "/ambiguous.jsonl",
    },
    "ChartMogulFindContinuedSubscriptionsOperator": {
        "old_data_source_uuid": "ds_1",
        "new_data_source_uuid": "ds_2",
        "interval_start": "2025-05-01",
        "interval_end": "2025-06-01",
        "result_path": "/connections.jsonl",
        "ambiguous_path": "/ambiguous.jsonl",
    },
    "ChartMogulImportPlansOperator": {"records": [{}]},
    "ChartMogulCreatePlanGroupsOperator": {"records": [{}]},
    "ChartMogulUpdatePlanGroupsOperator": {"records": [{}]},
    "ChartMogulDeletePlanGroupsOperator": {"uuids": "plg_1"},
    "ChartMogulImportInvoicesOperator": {"records": [{}]},
    "ChartMogulUpdateInvoiceStatusOperator": {"records": [{}]},
    "ChartMogulDeleteInvoicesOperator": {"uuids": "inv_1"},
    "ChartMogulDeleteCustomerInvoicesOperator": {"uuids": "cus_1"},
    "ChartMogulImportLineItemsOperator": {"records": [{}]},
    "ChartMogulImportTransactionsOperator": {"records": [{}]},
    "ChartMogulImportSubscriptionEventsOperator": {"records": [{}]},
    "ChartMogulUpdateSubscriptionEventsOperator": {"records": [{}]},
    "ChartMogulDeleteSubscriptionEventsOperator": {"uuids": "1"},
    "ChartMogulConnectSubscriptionsOperator": {"records": [{}]},
    "ChartMogulDisconnectSubscriptionsOperator": {"records": [{}]},
    "ChartMogulCancelSubscriptionsOperator": {"records": [{}]},
    "ChartMogulCreateContactsOperator": {"records": [{}]},
    "ChartMogulUpdateContactsOperator": {"records": [{}]},
    "ChartMogulDeleteContactsOperator": {"uuids": ["a"]},
    "ChartMogulCreateCustomerNotesOperator": {"records": [{}]},
    "ChartMogulUpdateCustomerNotesOperator": {"records": [{}]},
    "ChartMogulDeleteCustomerNotesOperator": {"uuids": ["a"]},
    "ChartMogulCreateTasksOperator": {"records": [{}]},
    "ChartMogulUpdateTasksOperator": {"records": [{}]},
    "ChartMogulDeleteTasksOperator": {"uuids": ["a"]},
    "ChartMogulCreateOpportunitiesOperator": {"records": [{}]},
    "ChartMogulUpdateOpportunitiesOperator": {"records": [{}]},
    "ChartMogulDeleteOpportunitiesOperator": {"uuids": ["a"]},
    "ChartMogulMergeContactsOperator": {"records": [{}]},
    "ChartMogulToSqlOperator": {"stream": "customers", "sql_conn_id": "warehouse"},
    "ChartMogulToObjectStorageOperator": {"stream": "customers", "path": "s3://lake"},
    "ChartMogulActivitiesExportSensor": {"export_id": "e"},
    "ChartMogulProcessingSensor": {"data_source_uuid": "ds_1"},
}


def _own_arguments(operator: type) -> dict[str, inspect.Parameter]:
    arguments: dict[str, inspect.Parameter] = {}
    for cls in operator.__mro__:
        if cls.__module__.startswith(package.__name__):
            for name, parameter in inspect.signature(cls.__init__).parameters.items():
                if name != "self" and parameter.kind is not inspect.Parameter.VAR_KEYWORD:
                    arguments.setdefault(name, parameter)
    return arguments


def _build(operator: type) -> BaseOperator:
    return operator(task_id="task", **ARGUMENTS[operator.__name__])


CONCRETE = [operator for operator in OPERATORS if not inspect.isabstract(operator) and operator.__name__ in ARGUMENTS]
BASES = {
    "ChartMogulOperator",
    "ChartMogulReadingOperator",
    "ChartMogulDataSourceRemovalOperator",
    "ChartMogulEnrichmentOperator",
    "ChartMogulTagsOperator",
    "ChartMogulCreateKeylessRecordsOperator",
    "ChartMogulFilesOperator",
    "ChartMogulSourcesOperator",
    "ChartMogulAccountingOperator",
    "ChartMogulImportOperator",
    "ChartMogulActivitiesRangeOperator",
    "ChartMogulRecordsOperator",
    "ChartMogulKeyedRecordsOperator",
    "ChartMogulImportRecordsOperator",
    "ChartMogulImportInvoicePartsOperator",
    "ChartMogulUpdateRecordsOperator",
    "ChartMogulDeleteRecordsOperator",
    "ChartMogulDeleteKeyedRecordsOperator",
    "ChartMogulSubscriptionEventsOperator",
    "ChartMogulSensor",
    "ChartMogulStreamOperator",
}


def test_every_class_is_known() -> None:
    assert {operator.__name__ for operator in OPERATORS} == ARGUMENTS.keys() | BASES
    assert [hook.__name__ for hook in HOOKS] == ["ChartMogulHook"]
    assert len(TRIGGERS) == 4


@pytest.mark.parametrize("operator", OPERATORS)
def test_template_fields_are_arguments_of_the_constructor(operator: type) -> None:
    assert set(operator.template_fields) <= _own_arguments(operator).keys()
    assert len(set(operator.template_fields)) == len(operator.template_fields)


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_connection_id_is_templated(operator: type) -> None:
    ids = {name for name in _own_arguments(operator) if name.endswith("conn_id")}
    assert "chartmogul_conn_id" in ids
    assert ids <= set(operator.template_fields)


@pytest.mark.parametrize("operator", OPERATORS)
def test_arguments_are_keywords(operator: type) -> None:
    kinds = {name: parameter.kind for name, parameter in _own_arguments(operator).items()}
    assert {name for name, kind in kinds.items() if kind is not inspect.Parameter.KEYWORD_ONLY} == set()


@pytest.mark.parametrize("operator", OPERATORS)
def test_no_argument_hides_one_of_airflow(operator: type) -> None:
    # an argument `email` would send the failure notices of the task to the customer
    bases = (BaseOperator, BaseSensorOperator) if issubclass(operator, BaseSensorOperator) else (BaseOperator,)
    taken = {name for base in bases for name in inspect.signature(base.__init__).parameters} - {"self"}
    assert "email" in taken
    assert "start_date" in taken
    assert _own_arguments(operator).keys() & taken == set()


@pytest.mark.parametrize("operator", CONCRETE)
def test_template_fields_are_stored_as_they_came(operator: type) -> None:
    values = {name: f"{{{{ params.{name} }}}}" for name in operator.template_fields}
    given = {**ARGUMENTS[operator.__name__]}
    # alternatives of one another would refuse each other: replace what the class needs, and the connections
    values = {name: value for name, value in values.items() if name in given or name.endswith("conn_id")}
    task = operator(task_id="task", **{**given, **values})
    assert {name: getattr(task, name) for name in values} == values


@pytest.mark.parametrize("operator", CONCRETE)
def test_template_fields_exist_on_the_instance(operator: type) -> None:
    task = _build(operator)
    assert [name for name in operator.template_fields if not hasattr(task, name)] == []


@pytest.mark.parametrize("cls", [*OPERATORS, *HOOKS, *TRIGGERS])
def test_every_argument_is_documented(cls: type) -> None:
    text = "\n".join(inspect.getdoc(base) or "" for base in cls.__mro__ if base.__module__.startswith(package.__name__))
    arguments = _own_arguments(cls)
    assert [name for name in arguments if f":param {name}:" not in text] == []


@pytest.mark.parametrize("operator", OPERATORS)
def test_the_documentation_says_what_is_templated(operator: type) -> None:
    text = " ".join(
        " ".join((base.__doc__ or "").split())
        for base in operator.__mro__
        if base.__module__.startswith(package.__name__)
    )
    described = {part.partition(":")[0]: part for part in text.split(":param ")[1:]}
    templated = {name for name, part in described.items() if "(templated)" in part}
    assert templated == set(operator.template_fields)


@pytest.mark.parametrize("cls", [*OPERATORS, *HOOKS, *TRIGGERS])
def test_public_things_have_docstrings(cls: type) -> None:
    members = {
        name: member
        for name, member in vars(cls).items()
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))
    }
    assert cls.__doc__
    assert [name for name, member in members.items() if not inspect.getdoc(member)] == []


def _run(script: str) -> str:
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()[-1]


HEAVY = {"pandas", "pyarrow", "duckdb", "sqlalchemy", "dlt", "numpy", "starlette", "uvicorn", "pyrate_limiter"}
BASE = "from airflow.providers.common.compat.sdk import BaseOperator, BaseSensorOperator, BaseHook\n"


def test_imports_are_light_beyond_those_of_airflow() -> None:
    folders = [importlib.import_module(f"{package.__name__}.{layer}") for layer in LAYERS]
    names = [info.name for folder in folders for info in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}.")]
    script = (
        f"{BASE}import airflow.triggers.base, json, sys\n"
        "before = set(sys.modules)\n" + "".join(f"import {name}\n" for name in names) + "after = set(sys.modules)\n"
        "print(json.dumps({'all': sorted(after), 'added': sorted(after - before)}))"
    )
    loaded = json.loads(_run(script))
    assert set(names) <= set(loaded["all"])
    assert {name.partition(".")[0] for name in loaded["added"]} & HEAVY == set()
