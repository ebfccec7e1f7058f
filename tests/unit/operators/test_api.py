"""Any call as a task: what is refused when the DAG is parsed, what is refused before the request, what comes back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError, ChartMogulNotFoundError
from airflow_provider_chartmogul.operators import reading
from airflow_provider_chartmogul.operators.api import ChartMogulApiOperator

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

NOBODY = "cus_00000000-0000-0000-0000-000000000000"


def build(call: str, arguments: Any = None, **others: Any) -> ChartMogulApiOperator:
    return ChartMogulApiOperator(task_id="call", call=call, arguments=arguments, **others)


def run(call: str, arguments: Any = None, **others: Any) -> Any:
    return build(call, arguments, **others).execute({})


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        ("customer.retrieve", {}, "no call 'customer.retrieve': is .*'customers.retrieve'"),
        ("customers.retreive", {}, "no call 'customers.retreive': is 'customers.retrieve'"),
        ("tags.x", {}, "is 'tags.add' or 'tags.add_by_email' or 'tags.remove' meant"),
        ("frobnicate", {}, "no call 'frobnicate': calls are named like 'customers.merge'"),
        ("customers", {}, "no call 'customers'"),
        ("customers._listing", {}, "no call 'customers._listing'"),
        ("_api.get", {}, "no call '_api.get'"),
        ("close", {}, "no call 'close'"),
        ("activities_exports.download", {}, "no call 'activities_exports.download'"),
        (
            "customers.merge",
            {"from": "cus_1", "into": "cus_2"},
            r"lacks from_ \('from' was given; .* is 'from_'\)",
        ),
        ("customers.retrieve", {}, "^customers.retrieve lacks customer_uuid$"),
        ("customers.retrieve", None, "^customers.retrieve lacks customer_uuid$"),
        (
            "customers.retrieve",
            {"customer_uid": NOBODY},
            r"lacks customer_uuid \('customer_uid' was given",
        ),
        ("customers.create", {"name": "Falter"}, "^customers.create lacks data_source_uuid and external_id$"),
        ("customers.list", {"extrenal_id": "a"}, "takes no argument 'extrenal_id': is 'external_id' meant"),
        ("customers.retrieve", {"customer_uuid": NOBODY, "x": 1}, "takes no argument 'x': it takes customer_uuid$"),
        ("ping", {"loudly": True}, "takes no argument 'loudly': it takes nothing$"),
        (None, {}, "call is empty"),
    ],
)
def test_what_cannot_work_is_refused_when_the_dag_is_parsed(call: Any, arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(call, arguments)


def test_what_is_templated_is_checked_when_it_is_rendered(emulator: Emulator, chartmogul_conn: str) -> None:
    task = build("{{ params.call }}", {"customer_uid": NOBODY})
    task.call = "customers.retrieve"
    with pytest.raises(ValueError, match="lacks customer_uuid"):
        task.execute({})
    task.call = "customers.retreive"
    with pytest.raises(ValueError, match="has no call"):
        task.execute({})
    task = build("customers.retrieve", "{{ params.arguments }}")
    task.arguments = {"customer_uid": NOBODY}
    with pytest.raises(ValueError, match="lacks customer_uuid"):
        task.execute({})
    assert emulator.stats()["requests"] == 0


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.usefixtures("chartmogul_conn")
def test_templates_deep_in_arguments_are_rendered(
    native: bool, client: ChartMogulClient, subscribers: list[str]
) -> None:
    attribute = {"type": "Integer", "key": "seats", "value": "{{ params.seats }}"}
    with DAG("api", schedule=None, render_template_as_native_obj=native) as dag:
        task = build("{{ params.call }}", {"customer_uuid": "{{ params.customer }}", "custom": [attribute]})
    params = {"call": "custom_attributes.add", "customer": subscribers[0], "seats": 25}
    task.render_template_fields({"params": params}, dag.get_template_env())
    assert task.arguments["custom"][0]["value"] == (25 if native else "25")
    assert task.execute({}) == {"custom": {"seats": 25}}


def test_names_are_checked_even_where_values_are_templated() -> None:
    with pytest.raises(ValueError, match="lacks customer_uuid"):
        build("customers.retrieve", {"customer": "{{ params.customer }}"})


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        ("customers.delete", {"customer_uuid": "None"}, "customer_uuid is empty"),
        ("customers.delete", {"customer_uuid": " "}, "customer_uuid is empty"),
        ("customers.delete", {"customer_uuid": None}, "customer_uuid is empty"),
        ("customers.list", {"external_id": "None"}, "external_id is empty"),
        ("customers.update", {"customer_uuid": NOBODY, "name": "None"}, "name is empty"),
    ],
)
@pytest.mark.usefixtures("chartmogul_conn")
def test_a_template_without_a_value_reaches_nobody(call: str, arguments: Any, message: str, emulator: Emulator) -> None:
    with pytest.raises(ValueError, match=message):
        run(call, arguments)
    assert emulator.stats()["requests"] == 0


@pytest.mark.usefixtures("chartmogul_conn")
def test_arguments_rendered_as_text_are_refused() -> None:
    task = build("customers.retrieve", "{{ params.arguments }}")
    task.arguments = "{'customer_uuid': 'cus_1'}"
    with pytest.raises(TypeError, match=r"arguments must be a mapping, not str: .*render_template_as_native_obj"):
        task.execute({})
    with pytest.raises(TypeError, match="arguments must be a mapping, not list"):
        build("customers.retrieve", ["cus_1"])


@pytest.mark.usefixtures("chartmogul_conn")
def test_a_record_comes_back_as_it_is(client: ChartMogulClient, subscribers: list[str]) -> None:
    assert run("ping") == {"data": "pong!"}
    found = run("customers.retrieve", {"customer_uuid": subscribers[0]})
    assert found == client.customers.retrieve(subscribers[0])


@pytest.mark.usefixtures("chartmogul_conn")
def test_fields_of_records_are_arguments_too(client: ChartMogulClient, subscribers: list[str]) -> None:
    answer = run("customers.update", {"customer_uuid": subscribers[0], "name": "Falter", "city": None})
    assert answer["name"] == client.customers.retrieve(subscribers[0])["name"] == "Falter"


@pytest.mark.usefixtures("chartmogul_conn")
def test_a_field_that_looks_misspelt_is_sent_with_a_warning(
    subscribers: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    run("customers.update", {"customer_uuid": subscribers[0], "companny": "Falter"})
    assert "unknown field 'companny' is sent as it is; is 'company' meant?" in caplog.text


@pytest.mark.usefixtures("chartmogul_conn")
def test_nothing_comes_back_where_the_api_says_nothing(client: ChartMogulClient, subscribers: list[str]) -> None:
    assert run("customers.delete", {"customer_uuid": subscribers[0]}) is None
    with pytest.raises(ChartMogulNotFoundError):
        client.customers.retrieve(subscribers[0])


@pytest.mark.usefixtures("chartmogul_conn")
def test_a_list_is_a_result_or_a_file(client: ChartMogulClient, subscribers: list[str], tmp_path: Path) -> None:
    assert run("customers.list") == list(client.customers.list())
    assert [found["uuid"] for found in run("customers.list", {"external_id": "c1"})] == [subscribers[1]]
    with pytest.raises(ChartMogulConfigError, match="more than max_records=2"):
        run("customers.list", {"per_page": 1}, max_records=2)
    path = f"file://{tmp_path}/customers.jsonl"
    assert run("customers.list", {"per_page": 1}, path=path) == {"records": 3, "path": path}
    lines = (tmp_path / "customers.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == list(client.customers.list())


@pytest.mark.usefixtures("chartmogul_conn")
def test_a_record_may_be_written_as_well(client: ChartMogulClient, subscribers: list[str], tmp_path: Path) -> None:
    path = f"file://{tmp_path}/customer.jsonl"
    result = run("customers.retrieve", {"customer_uuid": subscribers[0]}, path=path)
    assert result == {"records": 1, "path": path}
    assert json.loads((tmp_path / "customer.jsonl").read_text()) == client.customers.retrieve(subscribers[0])


@pytest.mark.usefixtures("chartmogul_conn", "subscribers")
def test_a_large_record_does_not_become_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    dates = {"start_date": "2026-03-01", "end_date": "2026-03-10", "interval": "day"}
    with pytest.raises(ChartMogulConfigError, match="more than 100: give a path"):
        run("metrics.mrr", dates)


@pytest.mark.usefixtures("chartmogul_conn")
def test_a_path_that_cannot_work_is_refused_before_the_call(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="path is empty"):
        run("data_sources.create", {"name": "billing"}, path="None")
    assert emulator.stats()["requests"] == 0


@pytest.mark.usefixtures("chartmogul_conn")
def test_the_link_to_a_file_gets_nowhere(client: ChartMogulClient) -> None:
    export = client.activities_exports.create()
    answer = run("activities_exports.retrieve", {"export_id": export["id"]})
    assert answer["id"] == export["id"]
    assert "file_url" not in answer


@pytest.mark.usefixtures("chartmogul_conn")
def test_errors_are_those_of_the_client() -> None:
    with pytest.raises(ChartMogulNotFoundError):
        run("customers.retrieve", {"customer_uuid": NOBODY})
