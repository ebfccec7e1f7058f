"""Tags and custom attributes are checked before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_chartmogul.client.fields.attributes import (
    checked_attributes,
    checked_keys,
    checked_tags,
    checked_values,
)


def test_tags_keep_spelling_and_order() -> None:
    assert checked_tags(("DACH", "pilot")) == ["DACH", "pilot"]


@pytest.mark.parametrize(
    ("tags", "place"),
    [([], "tags must"), ("pilot", "tags must"), (None, "tags must"), (["a", ""], r"tags\[1\]"), ([7], r"tags\[0\]")],
)
def test_tags_that_cannot_be_are_placed(tags: Any, place: str) -> None:
    with pytest.raises(ValueError, match=f"^{place}"):
        checked_tags(tags)


@pytest.mark.parametrize(
    ("kind", "given", "sent"),
    [
        ("String", "Messe", "Messe"),
        ("String", "x" * 255, "x" * 255),
        ("Integer", 25, 25),
        ("Integer", "25", 25),
        ("Decimal", 0.15, 0.15),
        ("Decimal", 3, 3.0),
        ("Decimal", "0.15", 0.15),
        ("Decimal", Decimal("0.15"), 0.15),
        ("Timestamp", "2026-01-07T15:00:00Z", "2026-01-07T15:00:00Z"),
        ("Timestamp", "2016-01-31 00:00:00 UTC", "2016-01-31 00:00:00 UTC"),
        ("Timestamp", datetime(2026, 1, 7, 15, tzinfo=UTC), "2026-01-07T15:00:00Z"),
        ("Timestamp", datetime(2026, 1, 7, 15), "2026-01-07T15:00:00Z"),  # noqa: DTZ001 - naive on purpose
        ("Boolean", True, True),
        ("Boolean", "True", True),
        ("Boolean", "f", False),
        ("Boolean", "0", False),
    ],
)
def test_values_become_those_of_their_type(kind: str, given: Any, sent: Any) -> None:
    (attribute,) = checked_attributes([{"type": kind, "key": "a_1", "value": given, "source": "airflow"}])
    assert attribute == {"type": kind, "key": "a_1", "value": sent, "source": "airflow"}
    assert type(attribute["value"]) is type(sent)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("String", "x" * 256),
        ("String", 5),
        ("Integer", "secret-word"),
        ("Integer", 2.5),
        ("Integer", True),
        ("Decimal", "secret-word"),
        ("Decimal", float("nan")),
        ("Decimal", True),
        ("Timestamp", "secret-word"),
        ("Timestamp", 5),
        ("Timestamp", None),
        ("Boolean", "secret-word"),
        ("Boolean", None),
    ],
)
def test_a_value_of_another_type_is_placed_but_not_quoted(kind: str, value: Any) -> None:
    good = {"type": "Integer", "key": "fine", "value": 1}
    with pytest.raises(
        ValueError, match=rf"^custom_attributes\[1\].value does not fit type {kind} of key a$"
    ) as caught:
        checked_attributes([good, {"type": kind, "key": "a", "value": value}])
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("attribute", "words"),
    [
        ("text", "must be a mapping"),
        ({"type": "String", "key": "a"}, "must be a mapping with type, key and value"),
        ({"type": "String", "key": "a", "value": "x", "sauce": "y"}, "nothing else but source"),
        ({"type": "String", "key": "a b", "value": "x"}, ".key must consist of"),
        ({"type": "String", "key": 5, "value": "x"}, ".key must consist of"),
        ({"type": "Text", "key": "a", "value": "x"}, ".type must be one of String, Integer, Decimal"),
        ({"type": ["String"], "key": "a", "value": "x"}, ".type must be one of"),
    ],
)
def test_a_wrong_shape_is_placed(attribute: Any, words: str) -> None:
    with pytest.raises(ValueError, match=r"^custom_attributes\[0\]") as caught:
        checked_attributes([attribute])
    assert words in str(caught.value)


@pytest.mark.parametrize("attributes", [[], {}, {"key": "value"}, "x", None])
def test_attributes_are_a_list(attributes: Any) -> None:
    with pytest.raises(ValueError, match="must be a list with at least one attribute"):
        checked_attributes(attributes)


def test_values_of_known_keys_pass_as_they_are() -> None:
    values = {"seats": 25, "segment": {"value": "Pro", "source": "warehouse"}, "churned": None}
    assert checked_values(values) == values


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([{"key": "seats", "value": 25}], "must be a mapping of at least one key to its value"),
        ({}, "must be a mapping of at least one key to its value"),
        (None, "must be a mapping of at least one key to its value"),
        ({"a b": 1}, "each key of custom_attributes must consist of"),
        ({5: 1}, "each key of custom_attributes must consist of"),
        ({"seats": {"source": "warehouse"}}, "custom_attributes.seats must be a value, or a mapping with value"),
        (
            {"seats": {"value": 1, "type": "Integer"}},
            "custom_attributes.seats must be a value, or a mapping with value",
        ),
    ],
)
def test_values_of_another_shape_are_placed(values: Any, words: str) -> None:
    with pytest.raises(ValueError, match=r"custom_attributes") as caught:
        checked_values(values)
    assert words in str(caught.value)


def test_keys_are_a_list() -> None:
    assert checked_keys(("seats", "segment")) == ["seats", "segment"]


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ([], "keys must"),
        ("seats", "keys must"),
        (None, "keys must"),
        (["a", ""], r"keys\[1\]"),
        (["a b"], r"keys\[0\]"),
    ],
)
def test_keys_that_cannot_be_are_placed(keys: Any, place: str) -> None:
    with pytest.raises(ValueError, match=f"^{place}"):
        checked_keys(keys)
