"""What columns mean, and what is said of rows and arguments that cannot be."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from airflow_provider_chartmogul.enrichment import Columns
from airflow_provider_chartmogul.enrichment.difference import Wanted

WHO = {"customer_uuid": "cus_1"}
SEATS = {"attributes": {"seats": "Integer"}}


def wanted(row: dict[str, Any], **arguments: Any) -> Wanted:
    _, found, wrong = Columns.given(customer="customer_uuid", **arguments).read({**WHO, **row})
    assert wrong == []
    return found


def faults(row: dict[str, Any], **arguments: Any) -> list[tuple[str, str]]:
    columns = Columns.given(**{"customer": "customer_uuid", **SEATS, **arguments})
    return list(columns.read(row)[2])


class TestNames:
    def test_by_columns_of_their_own_names(self) -> None:
        row = {"customer_uuid": "cus_1", "external_id": "a", "data_source_uuid": "ds_1", "email": "a@b.example"}
        for customer, name in (
            ("customer_uuid", {"customer_uuid": "cus_1"}),
            ("external_id", {"external_id": "a", "data_source_uuid": "ds_1"}),
            ("email", {"email": "a@b.example"}),
        ):
            assert Columns.given(customer=customer, tags_column="tags").read({**row, "tags": None})[0] == name

    def test_by_columns_of_other_names(self) -> None:
        columns = Columns.given(customer={"external_id": "account", "data_source_uuid": "source"}, **SEATS)
        row = {"account": 17, "source": "ds_1", "seats": 1}
        assert columns.read(row)[0] == {"external_id": "17", "data_source_uuid": "ds_1"}

    def test_the_data_source_of_all_needs_no_column(self) -> None:
        columns = Columns.given(customer="external_id", **SEATS)
        number = UUID(int=7)
        assert columns.read({"external_id": number, "seats": 1}, "ds_2")[0] == {
            "external_id": str(number),
            "data_source_uuid": "ds_2",
        }

    @pytest.mark.parametrize("own", [{}, {"data_source_uuid": None}, {"data_source_uuid": ""}])
    def test_a_row_without_a_data_source_is_of_that_of_all(self, own: dict[str, Any]) -> None:
        name = {"external_id": "7", "data_source_uuid": "ds_2"}
        assert Columns.given(customer="external_id", **SEATS).read({**own, "external_id": "7", "seats": 1}, "ds_2") == (
            name,
            Wanted({"seats": 1}),
            [],
        )

    def test_a_row_of_another_data_source_than_that_of_all_is_at_fault(self) -> None:
        columns = Columns.given(customer={"external_id": "id", "data_source_uuid": "source"}, **SEATS)
        row = {"id": "7", "source": "ds_1", "seats": 1}
        assert columns.read(row, "ds_2")[2] == [("source", "is not the data source of the argument data_source_uuid")]
        assert columns.read(row, "ds_1")[2] == []

    @pytest.mark.parametrize("missing", [{}, {"external_id": None}, {"external_id": ""}])
    def test_a_name_that_is_missing(self, missing: dict[str, Any]) -> None:
        assert faults({**missing, "data_source_uuid": "ds_1", "seats": 1}, customer="external_id") == [
            ("external_id", "is missing")
        ]

    @pytest.mark.parametrize("value", [1.5, True, ["a"], {"a": 1}])
    def test_a_name_that_is_no_text(self, value: Any) -> None:
        assert faults({"customer_uuid": value, "seats": 1}) == [("customer_uuid", "must be text")]

    @pytest.mark.parametrize("value", ["  ", ".", "..", "cus_1/attributes", "['cus_1']"])
    def test_what_is_no_uuid(self, value: str) -> None:
        assert faults({"customer_uuid": value, "seats": 1}) == [("customer_uuid", "must be an id")]

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (" ", "must be an id"),
            ("a\0", "must not hold a null byte"),
            ("\ud800", "must not hold an unpaired surrogate"),
        ],
    )
    def test_what_is_no_external_id(self, value: str, message: str) -> None:
        row = {"external_id": value, "data_source_uuid": "ds_1", "seats": 1}
        assert faults(row, customer="external_id") == [("external_id", message)]


class TestAttributes:
    def test_by_type_or_by_column_and_type(self) -> None:
        attributes = {"seats": "Integer", "score": {"column": "health", "type": "Decimal"}, "plan": {"type": "String"}}
        row = {"seats": "5", "health": "0.5", "plan": "pro"}
        assert wanted(row, attributes=attributes) == Wanted({"seats": 5, "score": 0.5, "plan": "pro"})

    @pytest.mark.parametrize("null", [None, "", " "])
    def test_null_keeps_or_clears(self, null: str | None) -> None:
        assert wanted({"seats": null}, **SEATS) == Wanted()
        assert wanted({"seats": null}, **SEATS, nulls="clear") == Wanted(cleared=["seats"])

    def test_all_faults_of_a_row_at_once_and_no_values(self) -> None:
        attributes = {"seats": "Integer", "since": "Timestamp", "plan": "String"}
        found = faults({"seats": "a secret", "since": "a secret"}, attributes=attributes, tags_column="tags")
        assert found == [
            ("customer_uuid", "is missing"),
            ("seats", "does not fit type Integer of attribute seats"),
            ("since", "does not fit type Timestamp of attribute since"),
            ("plan", "is not a column of this row"),
            ("tags", "is not a column of this row"),
        ]


class TestTags:
    @pytest.mark.parametrize("tags", [["b", "a"], ("b", "a"), "b, a", " b ,, a,a", '["b", "a"]'])
    def test_lists_and_text(self, tags: Any) -> None:
        assert wanted({"tags": tags}, tags_column="tags").tags == ["a", "b"]

    @pytest.mark.parametrize("tags", [[], "[]", ","])
    def test_none_at_all(self, tags: Any) -> None:
        assert wanted({"tags": tags}, tags_column="tags", owned_tags=["a"]) == Wanted(tags=[], exact=True)

    @pytest.mark.parametrize("tags", [7, [7], [""], '["a", 7]', "[a", {"a": 1}, b"a"])
    def test_what_is_no_list_of_tags(self, tags: Any) -> None:
        expected = [("tags", "must be a list of tags, or tags with commas between them")]
        assert faults({**WHO, "seats": 1, "tags": tags}, tags_column="tags") == expected

    def test_flags(self) -> None:
        flags = {"a": "is_a", "b": "is_b", "c": "is_c"}
        row = {"is_a": True, "is_b": "f", "is_c": None}
        assert wanted(row, tag_flags=flags) == Wanted(tags=["a"], refused=["b"], kept=["c"])
        assert wanted(row, tag_flags=flags, nulls="clear") == Wanted(tags=["a"], refused=["b", "c"])
        assert faults({**WHO, **row, "seats": 1, "is_a": "yes"}, tag_flags=flags) == [("is_a", "must be true or false")]

    @pytest.mark.parametrize("flag", [None, True, False])
    @pytest.mark.parametrize("nulls", ["keep", "clear"])
    def test_flags_alone_say_nothing_of_other_owned_tags(self, flag: bool | None, nulls: str) -> None:
        assert wanted({"is_a": flag}, tag_flags={"a": "is_a"}, owned_tags="a*", nulls=nulls).exact is False

    def test_a_tag_that_is_named_and_refused_is_named(self) -> None:
        assert wanted({"tags": "a", "is_a": False}, tags_column="tags", tag_flags={"a": "is_a"}) == Wanted(tags=["a"])

    def test_null_says_nothing_of_owned_tags_unless_it_clears(self) -> None:
        arguments = {"tags_column": "tags", "owned_tags": "a*"}
        assert wanted({"tags": None}, **arguments).exact is False
        assert wanted({"tags": None}, **arguments, nulls="clear").exact is True


REFUSED = [
    ({"customer": "name"}, "customer must be one of"),
    ({"customer": None}, "customer must be one of"),
    ({"customer": {"external_id": "a", "email": "b"}}, "customer must be one of"),
    ({"customer": {"data_source_uuid": "a"}}, "customer must be one of"),
    ({"customer": {"email": ""}}, r"customer\['email'\] must be the name of a column"),
    ({"attributes": None}, "give at least one of attributes, tags_column and tag_flags"),
    ({"attributes": {}}, "attributes must map at least one key"),
    ({"attributes": ["seats"]}, "attributes must map at least one key"),
    ({"attributes": {"my seats": "Integer"}}, "letters, digits and underscores"),
    ({"attributes": {"seats": "Number"}}, "attributes.seats must be one of String, Integer, Decimal"),
    ({"attributes": {"seats": {"column": "n"}}}, "attributes.seats must be one of"),
    ({"attributes": {"seats": {"type": "Integer", "colum": "n"}}}, "attributes.seats must be one of"),
    ({"attributes": {"seats": {"type": "Integer", "column": 7}}}, "attributes.seats.column must be the name"),
    ({"tags_column": ""}, "tags_column must be the name of a column"),
    ({"tag_flags": {}}, "tag_flags must map at least one tag"),
    ({"tag_flags": {"": "a"}}, "tag"),
    ({"tag_flags": {"a": None}}, r"tag_flags\['a'\] must be the name of a column"),
    ({"owned_tags": ["a"]}, "owned_tags without tags_column or tag_flags"),
    ({"owned_tags": "*", "tags_column": "tags"}, r"owned_tags must not be '\*'"),
    ({"owned_tags": [""], "tags_column": "tags"}, "owned_tags must be tags"),
    ({"owned_tags": [], "tags_column": "tags"}, "owned_tags must be tags"),
    ({"nulls": "drop"}, "nulls must be 'keep' or 'clear'"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_arguments_that_cannot_be(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Columns.given(**{"customer": "customer_uuid", **SEATS, **arguments})
