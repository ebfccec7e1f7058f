"""Tags and custom attributes (``/reference/customers/attributes``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api


def typed(kind: str, value: Any, key: str = "key") -> dict[str, Any]:
    return {"custom": [{"type": kind, "key": key, "value": value, "source": "airflow"}]}


@pytest.fixture
def tags(customer: str) -> str:
    return f"/customers/{customer}/attributes/tags"


@pytest.fixture
def custom(customer: str) -> str:
    return f"/customers/{customer}/attributes/custom"


def test_tags_are_added_once_and_keep_their_case(api: Api, tags: str, customer: str) -> None:
    assert api.json("POST", tags, {"tags": ["DACH", "pilot"]}) == {"tags": ["DACH", "pilot"]}
    assert api.json("POST", tags, {"tags": ["Pilot", "DACH", "Pilot"]}) == {"tags": ["DACH", "pilot", "Pilot"]}
    attributes = api.json("GET", f"/customers/{customer}/attributes")
    assert attributes == {"tags": ["DACH", "pilot", "Pilot"], "stripe": {}, "custom": {}}
    assert api.json("GET", f"/customers/{customer}")["attributes"]["tags"] == ["DACH", "pilot", "Pilot"]


def test_tags_are_removed_and_unknown_ones_ignored(api: Api, tags: str) -> None:
    api.json("POST", tags, {"tags": ["DACH", "pilot"]})
    assert api.json("DELETE", tags, {"tags": ["pilot", "dach"]}) == {"tags": ["DACH"]}
    assert api.json("DELETE", tags, {"tags": ["DACH"]}) == {"tags": []}


@pytest.mark.parametrize("body", [{}, {"tags": []}, {"tags": "pilot"}, {"tags": [1]}])
def test_tags_are_needed(api: Api, tags: str, body: dict[str, Any]) -> None:
    for method in ("POST", "DELETE"):
        assert api.json(method, tags, body, 400)["param"] == "tags"


def test_by_email_reaches_all_sources(api: Api, source: str) -> None:
    first = api.customer(source, "a", email="books@firm.example")
    second = api.customer(api.source("Shop"), "b", email="Books@Firm.example")
    api.customer(source, "c", email="other@firm.example")
    body = {"email": "books@firm.example"}
    tagged = api.json("POST", "/customers/attributes/tags", {**body, "tags": ["pilot"]})
    assert set(tagged) == {"entries"}
    assert [entry["uuid"] for entry in tagged["entries"]] == [first, second]
    assert all(entry["attributes"]["tags"] == ["pilot"] for entry in tagged["entries"])
    assert set(tagged["entries"][0]) == {
        "id",
        "uuid",
        "external_id",
        "name",
        "email",
        "status",
        "customer-since",
        "attributes",
    }
    seats = api.json("POST", "/customers/attributes/custom", {**body, **typed("Integer", 25)})
    assert [entry["attributes"]["custom"] for entry in seats["entries"]] == [{"key": 25}, {"key": 25}]


@pytest.mark.parametrize("keys", [[True], ["a", 5], [None], [[]]])
def test_keys_are_texts(api: Api, custom: str, keys: list[Any]) -> None:
    assert api.json("DELETE", custom, {"custom": keys}, 400)["param"] == "custom"


@pytest.mark.parametrize("tags", [[5], "pilot", {}, [None]])
def test_tags_of_customers_are_texts(api: Api, customer: str, source: str, tags: Any) -> None:
    attributes = {"attributes": {"tags": tags}}
    new = {"data_source_uuid": source, "external_id": "acct-2", **attributes}
    for method, path, body in (("PATCH", f"/customers/{customer}", attributes), ("POST", "/customers", new)):
        assert list(api.json(method, path, body, 422)["errors"]) == ["tags"]
    assert [one["attributes"]["tags"] for one in api.walk("/customers", "entries")] == [[]]


def test_by_email_without_a_match_is_404(api: Api, customer: str) -> None:
    for path, rest in (("tags", {"tags": ["pilot"]}), ("custom", typed("String", "x"))):
        answer = api.json("POST", f"/customers/attributes/{path}", {"email": "no@body.example", **rest}, 404)
        assert answer["message"] == 'Can\'t find any customers with email: "no@body.example"'
        assert api.json("POST", f"/customers/attributes/{path}", rest, 400)["param"] == "email"


@pytest.mark.parametrize(
    ("kind", "sent", "shown"),
    [
        ("String", "Messe", "Messe"),
        ("Integer", 25, 25),
        ("Integer", "25", 25),
        ("Decimal", 0.15, 0.15),
        ("Decimal", "0.15", 0.15),
        ("Timestamp", "2016-01-31 00:00:00 UTC", "2016-01-31T00:00:00.000Z"),
        ("Boolean", True, True),
        ("Boolean", "f", False),
        ("Boolean", "1", True),
    ],
)
def test_types(api: Api, custom: str, kind: str, sent: Any, shown: Any) -> None:
    answer = api.json("POST", custom, typed(kind, sent))
    assert answer == {"custom": {"key": shown}}
    assert type(answer["custom"]["key"]) is type(shown)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Integer", "x"),
        ("Integer", 1.5),
        ("Decimal", "x"),
        ("Timestamp", "soon"),
        ("Boolean", "yes"),
        ("String", "x" * 256),
        ("Colour", "red"),
    ],
)
def test_wrong_values_are_422(api: Api, custom: str, kind: str, value: Any) -> None:
    assert api.json("POST", custom, typed(kind, value), 422)["param"] == "key"
    assert api.json("POST", custom, typed("String", "x", key="a-b"), 422)["code"] == 422


def test_the_type_belongs_to_the_account(api: Api, source: str, custom: str) -> None:
    api.json("POST", custom, typed("Decimal", 1.5))
    other = api.customer(source, "other")
    path = f"/customers/{other}/attributes/custom"
    assert api.json("POST", path, typed("String", "x"), 422)["param"] == "key"
    assert api.json("POST", path, typed("Integer", 2)) == {"custom": {"key": 2}}, "an Integer fits a Decimal"


def test_set_merge_and_remove(api: Api, custom: str) -> None:
    api.json("POST", custom, typed("Integer", 1, key="a"))
    assert api.json("POST", custom, typed("String", "x", key="b")) == {"custom": {"a": 1, "b": "x"}}
    assert api.json("POST", custom, typed("Integer", 2, key="a")) == {"custom": {"a": 2, "b": "x"}}
    assert api.json("PUT", custom, {"custom": {"b": {"value": "y", "source": "crm"}}}) == {"custom": {"a": 2, "b": "y"}}
    assert api.json("DELETE", custom, {"custom": ["a", "unknown"]}) == {"custom": {"b": "y"}}
    response = api.call("DELETE", custom, json={"custom": ["b"]})
    assert (response.status_code, response.content) == (204, b"")
    # The definition stays in the account.
    assert api.json("PUT", custom, {"custom": {"a": 3}}) == {"custom": {"a": 3}}


def test_put_takes_a_map_of_defined_keys(api: Api, custom: str) -> None:
    assert api.json("PUT", custom, {"custom": {"new": 1}}, 422)["param"] == "new"
    assert api.json("PUT", custom, typed("Integer", 1), 400)["param"] == "custom"
    assert api.json("POST", custom, {"custom": {"a": 1}}, 400)["param"] == "custom"


def test_unknown_customers_are_404(api: Api) -> None:
    root = "/customers/cus_1/attributes"
    for method, path, body in (
        ("GET", root, None),
        ("POST", f"{root}/tags", {"tags": ["a"]}),
        ("DELETE", f"{root}/tags", {"tags": ["a"]}),
        ("POST", f"{root}/custom", typed("String", "x")),
        ("PUT", f"{root}/custom", {"custom": {"a": 1}}),
        ("DELETE", f"{root}/custom", {"custom": ["a"]}),
    ):
        assert api.json(method, path, body, 404)["message"] == "Customer not found"
