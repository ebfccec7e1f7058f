"""The tables of fields agree with the API's description."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml

from airflow_provider_chartmogul import operators
from airflow_provider_chartmogul.client.fields import BULK, SINGLE, Fields
from airflow_provider_chartmogul.operators.records import ChartMogulRecordsOperator

DESCRIPTION = Path(__file__).resolve().parents[2] / "contract" / "openapi.yaml"
API: dict[str, Any] = yaml.load(DESCRIPTION.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)

# kind of record, to the operation whose body it is, or to the place in that body where it stands
CREATED = {
    "data_sources": "create_data_source",
    "customers": "create_customer",
    "primary_contacts": "create_customer.primary_contact",
    "attributes": "create_customer.attributes",
    "customer_attributes": "create_customer.attributes.custom",
    "contacts": "create_contact",
    "custom_attributes": "create_contact.custom",
    "customer_notes": "create_customer_note",
    "tasks": "create_task",
    "opportunities": "create_opportunity",
    "plans": "create_plan",
    "plan_groups": "create_plan_group",
    "invoices": "import_invoices.invoices",
    "line_items": "create_line_item",
    "transactions": "create_transaction",
    "subscription_events": "create_subscription_event.subscription_event",
    "customer_merges": "merge_customers",
    "merged_customers": "merge_customers.from",
    "customer_unmerges": "unmerge_customers",
    "subscription_cancellations": "cancel_subscription",
    "connected_subscriptions": "connect_subscriptions.subscriptions",
}
UPDATED = {
    "customers": "update_customer",
    "contacts": "update_contact",
    "customer_notes": "update_customer_note",
    "tasks": "update_task",
    "opportunities": "update_opportunity",
    "plans": "update_plan",
    "plan_groups": "update_plan_group",
    "invoices": "update_invoice",
    "line_items": "update_line_item",
    "transactions": "update_transaction",
    "subscription_events": "update_subscription_event.subscription_event",
}
BULK_KINDS = ("customers", "plans", "invoices", "line_items", "transactions", "subscription_events")

# flat in the bulk description, nested in our records
NESTED = {"invoices": {"line_items"}}
# the number by which the API knows an event names it and is no field of it
NAMES = {"subscription_events": {"id"}}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Follow references, into lists as well."""
    while "$ref" in schema or "items" in schema:
        if "$ref" in schema:
            found: Any = API
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        else:
            schema = schema["items"]
    return schema


def variants(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the objects that a schema allows, or of which it is made."""
    schema = resolved(schema)
    inner = [part for key in ("allOf", "anyOf", "oneOf") for part in schema.get(key, []) for part in variants(part)]
    return [schema, *inner] if "properties" in schema else inner


def body(place: str) -> list[dict[str, Any]]:
    """Return what a request body, or a field in one, may look like."""
    operation, *fields = place.split(".")
    found = next(
        described
        for methods in API["paths"].values()
        for described in methods.values()
        if isinstance(described, dict) and described.get("operationId") == operation
    )
    (content,) = resolved(found["requestBody"])["content"].values()
    shapes = variants(content["schema"])
    for field in fields:
        shapes = [
            inner for shape in shapes if field in shape["properties"] for inner in variants(shape["properties"][field])
        ]
    return shapes


def known(shapes: list[dict[str, Any]]) -> set[str]:
    return {name for shape in shapes for name in shape["properties"]}


@pytest.mark.parametrize("kind", CREATED)
def test_all_fields_of_the_api_are_known(kind: str) -> None:
    described = known(body(CREATED[kind]))
    if kind in UPDATED:
        described |= known(body(UPDATED[kind])) - NAMES.get(kind, set())
    assert described
    assert SINGLE[kind].checks.keys() == described


@pytest.mark.parametrize("kind", CREATED)
def test_what_the_api_requires_is_required(kind: str) -> None:
    shapes = body(CREATED[kind])
    # of several shapes only what all of them want is always required
    always = set.intersection(*(set(shape.get("required", ())) for shape in shapes))
    assert set(SINGLE[kind].required) == always


@pytest.mark.parametrize("kind", BULK_KINDS)
def test_bulk_imports_take_the_fields_of_the_api(kind: str) -> None:
    (described,) = body(f"create_json_import.{kind}")
    fields: Fields = BULK[kind]
    assert described["properties"].keys() <= fields.checks.keys()
    # the currency of an invoice is called optional there but certainly needed
    required = (set(described["required"]) - {"invoice_external_id"}) | NESTED.get(kind, set())
    assert set(fields.required) - {"currency"} == required


@pytest.mark.parametrize("kind", SINGLE)
def test_words_are_those_of_the_api(kind: str) -> None:
    for shape in body(CREATED[kind]) if kind in CREATED else ():
        for name, described in shape["properties"].items():
            for word in resolved(described).get("enum", ()):
                check = SINGLE[kind].checks[name]
                assert check(word) is None or check([word]) is None
                assert check(f"{word}?") is not None


def test_operators_send_records_of_known_kinds() -> None:
    folder = Path(operators.__file__).parent
    modules = [importlib.import_module(f"{operators.__name__}.{path.stem}") for path in folder.glob("[a-z]*.py")]
    classes = [found for module in modules for _, found in inspect.getmembers(module, inspect.isclass)]
    kinds = {found.kind for found in classes if issubclass(found, ChartMogulRecordsOperator) and "kind" in vars(found)}
    assert "contact_merges" in kinds
    assert kinds <= SINGLE.keys()


def test_parts_are_kinds_themselves() -> None:
    for fields in (*SINGLE.values(), *BULK.values()):
        assert {*fields.parts.values(), *fields.objects.values()} <= SINGLE.keys()
        assert {*fields.parts, *fields.objects, *fields.required} <= fields.checks.keys()
