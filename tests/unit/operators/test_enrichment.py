"""Tags and custom attributes: whom they reach, what is refused, what happens when nobody is there."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import pytest
import responses
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_chartmogul.exceptions import ChartMogulInvalidResponseError, ChartMogulNotFoundError
from airflow_provider_chartmogul.operators.enrichment import (
    ChartMogulAddCustomAttributesOperator,
    ChartMogulAddTagsOperator,
    ChartMogulEnrichmentOperator,
    ChartMogulRemoveCustomAttributesOperator,
    ChartMogulRemoveTagsOperator,
    ChartMogulUpdateCustomAttributesOperator,
)

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

MAIL = "buchhaltung@falter.example"
SEATS = [{"type": "Integer", "key": "seats", "value": "25"}]
Customers = dict[str, str]


@pytest.fixture
def customers(client: ChartMogulClient) -> Customers:
    """Three customers of two data sources, two of them with one address; external id to uuid."""
    first, second = (client.data_sources.create(name=name)["uuid"] for name in ("first", "second"))
    made = [
        client.customers.create(data_source_uuid=first, external_id="a", name="Falter", email=MAIL),
        client.customers.create(data_source_uuid=second, external_id="b", name="Falter Online", email=MAIL),
        client.customers.create(data_source_uuid=second, external_id="c", name="Other", email="other@other.example"),
    ]
    return {"first": first, "second": second, **{customer["external_id"]: customer["uuid"] for customer in made}}


def tag(**arguments: Any) -> Any:
    return ChartMogulAddTagsOperator(task_id="tag", **{"tags": ["pilot"], **arguments}).execute({})


def attribute(**arguments: Any) -> Any:
    given = {"custom_attributes": SEATS, **arguments}
    return ChartMogulAddCustomAttributesOperator(task_id="attribute", **given).execute({})


def untag(**arguments: Any) -> Any:
    return ChartMogulRemoveTagsOperator(task_id="untag", **{"tags": ["pilot"], **arguments}).execute({})


def update(**arguments: Any) -> Any:
    given = {"custom_attributes": {"seats": 30}, **arguments}
    return ChartMogulUpdateCustomAttributesOperator(task_id="update", **given).execute({})


def remove(**arguments: Any) -> Any:
    return ChartMogulRemoveCustomAttributesOperator(task_id="remove", **{"keys": ["seats"], **arguments}).execute({})


EVERY = [tag, attribute, untag, update, remove]


def tagged(client: ChartMogulClient) -> set[str]:
    return {customer["uuid"] for customer in client.customers.list() if "pilot" in customer["attributes"]["tags"]}


def seated(client: ChartMogulClient) -> dict[str, Any]:
    attributes = {customer["uuid"]: customer["attributes"]["custom"] for customer in client.customers.list()}
    return {uuid: custom["seats"] for uuid, custom in attributes.items() if "seats" in custom}


@pytest.mark.usefixtures("chartmogul_conn")
def test_one_customer_by_uuid(client: ChartMogulClient, customers: Customers) -> None:
    assert tag(customer_uuid=customers["a"]) == {"customer_uuids": [customers["a"]]}
    assert attribute(customer_uuid=customers["a"]) == {"customer_uuids": [customers["a"]]}
    assert tagged(client) == {customers["a"]}
    assert seated(client) == {customers["a"]: 25}


@pytest.mark.usefixtures("chartmogul_conn")
def test_all_customers_by_address(client: ChartMogulClient, customers: Customers) -> None:
    both = {customers["a"], customers["b"]}
    assert set(tag(customer_email=MAIL)["customer_uuids"]) == both
    assert set(attribute(customer_email=MAIL)["customer_uuids"]) == both
    assert tagged(client) == both
    assert seated(client) == dict.fromkeys(both, 25)


@pytest.mark.usefixtures("chartmogul_conn")
def test_one_customer_by_external_id(client: ChartMogulClient, customers: Customers) -> None:
    target = {"data_source_uuid": customers["second"], "external_id": "b"}
    assert tag(**target) == attribute(**target) == {"customer_uuids": [customers["b"]]}
    assert tagged(client) == {customers["b"]}
    assert seated(client) == {customers["b"]: 25}


@pytest.fixture
def enriched(client: ChartMogulClient, customers: Customers) -> Customers:
    """The same customers, each with two tags and two attributes."""
    for name in ("a", "b", "c"):
        client.tags.add(customers[name], ["pilot", "DACH"])
        seats = {"type": "Integer", "key": "seats", "value": 25}
        client.custom_attributes.add(customers[name], [seats, {"type": "String", "key": "segment", "value": "Pro"}])
    return customers


def all_tags(client: ChartMogulClient, customers: Customers) -> dict[str, list[str]]:
    return {name: client.customers.retrieve(customers[name])["attributes"]["tags"] for name in ("a", "b", "c")}


def all_attributes(client: ChartMogulClient, customers: Customers) -> dict[str, dict[str, Any]]:
    return {name: client.customers.retrieve(customers[name])["attributes"]["custom"] for name in ("a", "b", "c")}


TARGETS = [
    (lambda known: {"customer_uuid": known["a"]}, ["a"]),
    (lambda known: {"data_source_uuid": known["second"], "external_id": "b"}, ["b"]),
    (lambda _: {"customer_email": MAIL}, ["a", "b"]),
]


@pytest.mark.parametrize(("target", "reached"), TARGETS)
@pytest.mark.usefixtures("chartmogul_conn")
def test_tags_come_off_those_who_are_meant(
    client: ChartMogulClient, enriched: Customers, target: Any, reached: list[str]
) -> None:
    assert sorted(untag(**target(enriched))["customer_uuids"]) == sorted(enriched[name] for name in reached)
    assert all_tags(client, enriched) == {
        name: ["DACH"] if name in reached else ["pilot", "DACH"] for name in ("a", "b", "c")
    }


@pytest.mark.parametrize(("target", "reached"), TARGETS)
@pytest.mark.usefixtures("chartmogul_conn")
def test_attributes_change_for_those_who_are_meant(
    client: ChartMogulClient, enriched: Customers, target: Any, reached: list[str]
) -> None:
    assert sorted(update(**target(enriched))["customer_uuids"]) == sorted(enriched[name] for name in reached)
    assert all_attributes(client, enriched) == {
        name: {"seats": 30 if name in reached else 25, "segment": "Pro"} for name in ("a", "b", "c")
    }


@pytest.mark.parametrize(("target", "reached"), TARGETS)
@pytest.mark.usefixtures("chartmogul_conn")
def test_attributes_come_off_those_who_are_meant(
    client: ChartMogulClient, enriched: Customers, target: Any, reached: list[str]
) -> None:
    assert sorted(remove(**target(enriched))["customer_uuids"]) == sorted(enriched[name] for name in reached)
    assert all_attributes(client, enriched) == {
        name: {"segment": "Pro"} | ({} if name in reached else {"seats": 25}) for name in ("a", "b", "c")
    }


@responses.activate
def test_who_goes_in_the_meantime_does_not_keep_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    api = "http://chartmogul.test/v1/customers"
    fields = {"conn_type": "chartmogul", "password": "test-key", "host": "http://chartmogul.test/v1"}
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", json.dumps(fields))
    responses.get(f"{api}/search", json={"entries": [{"uuid": "cus_1"}, {"uuid": "cus_2"}], "has_more": False})
    responses.delete(f"{api}/cus_1/attributes/tags", status=404, json={"code": 404, "message": "gone", "param": "uuid"})
    responses.delete(f"{api}/cus_2/attributes/tags", json={"tags": []})
    assert untag(customer_email=MAIL, ignore_missing=True) == {"customer_uuids": ["cus_2"]}


@pytest.mark.usefixtures("chartmogul_conn")
def test_the_last_tag_and_the_last_attribute_can_go(client: ChartMogulClient, enriched: Customers) -> None:
    for _ in range(2):
        untag(customer_uuid=enriched["a"], tags=["pilot", "DACH"])
        remove(customer_uuid=enriched["a"], keys=["seats", "segment"])
    assert all_tags(client, enriched)["a"] == []
    assert all_attributes(client, enriched)["a"] == {}


@pytest.mark.usefixtures("chartmogul_conn")
def test_a_changed_attribute_may_name_its_source(client: ChartMogulClient, enriched: Customers) -> None:
    update(customer_uuid=enriched["a"], custom_attributes={"seats": {"value": 31, "source": "warehouse"}})
    assert all_attributes(client, enriched)["a"] == {"seats": 31, "segment": "Pro"}


@pytest.mark.usefixtures("chartmogul_conn")
def test_a_repetition_changes_nothing(client: ChartMogulClient, customers: Customers) -> None:
    for _ in range(2):
        tag(customer_uuid=customers["a"], tags=["pilot", "DACH"])
    assert client.customers.retrieve(customers["a"])["attributes"]["tags"] == ["pilot", "DACH"]


NOBODY = [
    {"customer_uuid": "cus_00000000-0000-0000-0000-000000000000"},
    {"customer_email": "nobody@falter.example"},
    {"data_source_uuid": "first", "external_id": "b"},
]


@pytest.mark.parametrize("target", NOBODY)
@pytest.mark.parametrize("add", EVERY)
@pytest.mark.usefixtures("chartmogul_conn")
def test_nobody_is_an_error_unless_ignored(add: Any, target: dict[str, str], customers: Customers) -> None:
    target = {
        name: customers.get(value, value) if name == "data_source_uuid" else value for name, value in target.items()
    }
    with pytest.raises(ChartMogulNotFoundError) as caught:
        add(**target)
    assert caught.value.status_code == 404
    assert add(**target, ignore_missing=True) == {"customer_uuids": []}


@pytest.mark.parametrize(
    ("add", "target", "method", "path"),
    [
        (tag, {"customer_email": MAIL}, "POST", "/customers/attributes/tags"),
        (attribute, {"customer_email": MAIL}, "POST", "/customers/attributes/custom"),
        (tag, {"data_source_uuid": "ds_1", "external_id": "a"}, "GET", "/customers"),
    ],
)
@responses.activate
def test_an_answer_of_another_shape_is_named(
    add: Any, target: dict[str, str], method: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {"conn_type": "chartmogul", "password": "test-key", "host": "http://chartmogul.test/v1"}
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", json.dumps(fields))
    answers = [({"has_more": False}, "list 'entries'"), ({"entries": [{}], "has_more": False}, "field 'uuid'")]
    for answer, missing in answers:
        responses.reset()
        responses.add(method, f"http://chartmogul.test/v1{path}", json=answer)
        with pytest.raises(ChartMogulInvalidResponseError, match=f"^{method} {path}: .*{missing}$"):
            add(**target)


@pytest.mark.usefixtures("chartmogul_conn", "customers")
def test_only_a_missing_customer_is_ignored(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"conn_type": "chartmogul", "password": "wrong-key", "host": emulator.base_url}
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", json.dumps(fields))
    before = emulator.stats()["requests"]
    with pytest.raises(AirflowFailException) as caught:
        tag(customer_email=MAIL, ignore_missing=True)
    assert "wrong-key" not in str(caught.value)
    assert emulator.stats()["requests"] == before + 1


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"customer_uuid": "cus_1", "customer_email": MAIL},
        {"customer_uuid": "cus_1", "data_source_uuid": "ds_1", "external_id": "a"},
        {"customer_uuid": "cus_1", "external_id": "a"},
        {"customer_email": MAIL, "external_id": "a"},
        {"data_source_uuid": "ds_1"},
        {"external_id": "a"},
    ],
)
def test_exactly_one_target_is_asked_for_when_the_dag_is_parsed(target: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="give exactly one target"):
        ChartMogulAddTagsOperator(task_id="tag", tags=["a"], **target)
    with pytest.raises(ValueError, match="give exactly one target"):
        ChartMogulAddCustomAttributesOperator(task_id="attribute", custom_attributes=SEATS, **target)


@pytest.mark.parametrize(
    ("field", "rendered", "message"),
    [
        ("customer_uuid", "", "customer_uuid is empty"),
        ("customer_uuid", None, "give exactly one target"),
        ("customer_email", " ", "customer_email is empty"),
        ("customer_email", "None", "customer_email is empty"),
        ("external_id", "", "external_id is empty"),
        ("external_id", None, "give exactly one target"),
        ("data_source_uuid", "None", "data_source_uuid is empty"),
        ("customer_uuid", "[]", "customer_uuid is missing"),
        ("customer_uuid", "['cus_1']", "customer_uuid must be an id"),
    ],
)
@pytest.mark.usefixtures("chartmogul_conn", "customers")
def test_a_target_that_rendered_to_nothing_reaches_nobody(
    field: str, rendered: str | None, message: str, emulator: Emulator
) -> None:
    pair = {"data_source_uuid": "ds_1", "external_id": "b"}
    task = ChartMogulAddTagsOperator(task_id="tag", tags=["pilot"], **(pair if field in pair else {field: "{{ a }}"}))
    setattr(task, field, rendered)
    before = emulator.stats()["requests"]
    with pytest.raises(ValueError, match=message):
        task.execute({})
    assert emulator.stats()["requests"] == before


@pytest.mark.usefixtures("chartmogul_conn")
def test_an_external_id_may_have_become_a_number(client: ChartMogulClient, customers: Customers) -> None:
    made = client.customers.create(data_source_uuid=customers["first"], external_id="123", name="Number")
    assert tag(data_source_uuid=customers["first"], external_id=123) == {"customer_uuids": [made["uuid"]]}


@pytest.mark.usefixtures("chartmogul_conn")
def test_what_cannot_be_added_is_refused_before_any_request(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="tags must be a list with at least one tag"):
        tag(customer_email=MAIL, tags=[])
    with pytest.raises(ValueError, match=r"custom_attributes\[0\].value does not fit type Integer of key seats"):
        attribute(customer_email=MAIL, custom_attributes=[{**SEATS[0], "value": "many"}])
    with pytest.raises(ValueError, match="tags must be a list with at least one tag"):
        untag(customer_email=MAIL, tags="pilot")
    with pytest.raises(ValueError, match="custom_attributes must be a mapping of at least one key"):
        update(customer_email=MAIL, custom_attributes=SEATS)
    with pytest.raises(ValueError, match="keys must be a list with at least one key"):
        remove(customer_email=MAIL, keys=[])
    assert emulator.stats()["requests"] == 0


@pytest.mark.parametrize("operator", [ChartMogulAddTagsOperator, ChartMogulAddCustomAttributesOperator])
def test_the_address_of_a_customer_is_not_that_for_failure_notices(operator: type) -> None:
    given = {"tags": ["a"]} if operator is ChartMogulAddTagsOperator else {"custom_attributes": SEATS}
    task = operator(task_id="task", customer_email=MAIL, **given)
    assert getattr(task, "email", None) is None
    assert issubclass(operator, ChartMogulEnrichmentOperator)
    assert "customer_email" in inspect.signature(ChartMogulEnrichmentOperator.__init__).parameters
