"""Fields of the API are made of columns by rules that are plain data."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.imports.sources import check_mapping, open_source
from tests.unit.imports.sources.reading import given, mapped, records, written

if TYPE_CHECKING:
    from pathlib import Path

READABLE = {
    "cents": "a number such as 49.90 without more than two decimals",
    "integer": "a whole number such as 5 or 5.0",
    "boolean": "true, false, yes, no, y, n, t, f, 1, 0",
    "text": "a single value",
    "date": "a date such as 2026-03-01 or 2026-03-01T09:30:00Z; others need a format",
    "json": "JSON",
}


def field(rule: Any, *rows: dict[str, Any], name: str = "name", kind: str = "customers") -> list[Any]:
    """Return what a rule makes of rows for one field, ``None`` where that is left out."""
    return [record.get(name) for record in mapped({name: rule}, *rows, kind=kind)]


def faults(mapping: dict[str, Any], row: dict[str, Any], kind: str = "customers") -> tuple[Any, list[tuple[str, str]]]:
    (found,) = given([row], kind, mapping=mapping)
    return found.record, [(problem.field, problem.message) for problem in found.problems]


def test_a_rule_may_be_the_name_of_a_column() -> None:
    assert mapped({"external_id": "id", "name": "company"}, {"id": "1", "company": "Acme", "more": 1}) == [
        {"external_id": "1", "name": "Acme"}
    ]
    assert field({"column": "c"}, {"c": "Acme"}) == ["Acme"]


def test_a_column_that_is_empty_leaves_its_field_out() -> None:
    mapping = {"external_id": "id", "name": "c", "lead_created_at": {"column": "c", "convert": "date"}}
    for empty in ({"c": None}, {}, {"c": float("nan")}):
        assert mapped(mapping, {"id": "1", **empty}) == [{"external_id": "1"}]


def test_an_empty_text_stays_text_but_is_nothing_to_convert() -> None:
    assert field("c", {"c": ""}) == [""]
    assert field({"column": "c", "convert": "integer"}, {"c": ""}) == [None]


def test_a_constant_is_in_every_record() -> None:
    rule = {"constant": ["a", "b"]}
    one, two = field(rule, {}, {}, name="attributes")
    assert one == two == ["a", "b"]
    assert one is not two
    assert field({"constant": 0}, {}) == [0]


def test_a_default_stands_in_for_what_is_empty() -> None:
    rule = {"column": "c", "default": "unknown"}
    assert field(rule, {"c": "x"}, {"c": ""}, {"c": None}, {}) == ["x", "unknown", "unknown", "unknown"]
    # it is a value of the field, not of the column
    assert field({"column": "c", "convert": "cents", "default": 5}, {"c": ""}, {"c": "5"}) == [5, 500]


def test_values_are_translated() -> None:
    rule = {"column": "c", "values": {"M": "month", "1": "year", "true": "day", "": "none"}}
    assert field(rule, {"c": "M"}, {"c": 1}, {"c": True}, {"c": ""}) == ["month", "year", "day", "none"]
    assert field({"column": "c", "values": {"M": "12"}, "convert": "integer"}, {"c": "M"}) == [12]
    assert field({"column": "c", "values": {"-": None}}, {"c": "-"}) == [None]


def test_a_value_without_translation_is_a_problem_unless_there_is_a_default() -> None:
    rule = {"column": "c", "values": {"M": "month"}}
    problem = [("name", "has no translation in values")]
    for value in ("Y", 5, ["M"], {"a": 1}):
        assert faults({"name": rule}, {"c": value}) == ({"name": value}, problem)
    assert field({**rule, "default": "year"}, {"c": "Y"}, {"c": "M"}) == ["year", "month"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12.50", 1250),
        ("12.5", 1250),
        (" 12 ", 1200),
        ("-0.01", -1),
        ("+3.1000", 310),
        (12, 1200),
        (12.5, 1250),
        (0.1 + 0.7, None),
        (1.1, 110),
        (4.35, 435),
        (19.99, 1999),
        (1e15, 10**17),
        (Decimal("12.50"), 1250),
        (Decimal("1E+2"), 10000),
        (Decimal("12.005"), None),
        ("99999999999999999999.99", 9999999999999999999999),
        ("1,234.50", None),
        ("12,50", None),
        ("12.505", None),
        ("1e2", None),
        ("1_000", None),
        ("$5", None),
        ("NaN", None),
        (float("inf"), None),
        (True, None),
        ([1], None),
        ("9" * 5000, None),
    ],
)
def test_cents_are_exact_or_a_problem(value: Any, expected: int | None) -> None:
    mapping = {"amount_in_cents": {"column": "c", "convert": "cents"}}
    record, found = faults(mapping, {"c": value}, "line_items")
    if expected is None:
        assert found == [("amount_in_cents", f"cannot be read as cents: {READABLE['cents']}")]
        assert record == {"amount_in_cents": value}
    else:
        assert (record, found) == ({"amount_in_cents": expected}, [])
        assert type(record["amount_in_cents"]) is int


@pytest.mark.parametrize(
    ("convert", "value", "expected"),
    [
        ("integer", "12", 12),
        ("integer", "-12.0", -12),
        ("integer", 12.0, 12),
        ("integer", Decimal("12.00"), 12),
        ("integer", 10**30, 10**30),
        ("boolean", True, True),
        ("boolean", "T", True),
        ("boolean", "no", False),
        ("boolean", 0, False),
        ("boolean", Decimal(1), True),
        ("boolean", " Yes ", True),
        ("text", 12, "12"),
        ("text", 12.0, "12"),
        ("text", 12.5, "12.5"),
        ("text", Decimal("12.50"), "12.50"),
        ("text", True, "true"),
        ("text", dt.date(2026, 3, 1), "2026-03-01"),
        ("text", "x", "x"),
        ("json", '{"a": [1.5]}', {"a": [1.5]}),
        ("json", ["a"], ["a"]),
        ("json", {"a": 1}, {"a": 1}),
    ],
)
def test_conversions_make_values_of_a_type(convert: str, value: Any, expected: Any) -> None:
    (found,) = field({"column": "c", "convert": convert}, {"c": value})
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("convert", "value"),
    [
        ("integer", "12.5"),
        ("integer", 12.5),
        ("integer", True),
        ("integer", "1,000"),
        ("integer", {}),
        ("boolean", "maybe"),
        ("boolean", 2),
        ("boolean", []),
        ("text", [1]),
        ("text", {"a": 1}),
        ("date", "01/03/2026"),
        ("date", 20260301),
        ("date", "2026-13-01"),
        ("date", [1]),
        ("json", "{"),
        ("json", '{"a": 1, "a": 2}'),
        ("json", 5),
    ],
)
def test_what_cannot_be_converted_is_a_problem_and_stays_as_it_was(convert: str, value: Any) -> None:
    record, found = faults({"name": {"column": "c", "convert": convert}}, {"c": value})
    assert record == {"name": value}
    assert found == [("name", f"cannot be read as {convert}: {READABLE[convert]}")]


@pytest.mark.parametrize(("word", "expected"), [("y", True), ("N", False), ("yes", True), ("f", False), ("1", True)])
def test_words_for_truth_values(word: str, expected: bool) -> None:
    assert mapped({"prorated": {"column": "c", "convert": "boolean"}}, {"c": word}, kind="line_items") == [
        {"prorated": expected}
    ]


NOON = dt.datetime(2026, 3, 1, 12)  # noqa: DTZ001 - the rule says of which zone it is


@pytest.mark.parametrize(
    ("options", "value", "expected"),
    [
        ({}, "2026-03-01", "2026-03-01"),
        ({}, "2026-03-01 12:00:00", "2026-03-01T12:00:00Z"),
        ({}, "2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"),
        ({}, " 2026-03-01 12:00:00 +0200 ", "2026-03-01T10:00:00Z"),
        ({}, "2026-03-01 12:00:00 UTC", "2026-03-01T12:00:00Z"),
        ({}, NOON, "2026-03-01T12:00:00Z"),
        ({}, NOON.replace(tzinfo=dt.timezone(dt.timedelta(hours=2))), "2026-03-01T10:00:00Z"),
        ({}, dt.date(2026, 3, 1), "2026-03-01"),
        ({"timezone": "Europe/Berlin"}, "2026-03-01 12:00:00", "2026-03-01T11:00:00Z"),
        ({"timezone": "Europe/Berlin"}, "2026-07-01T12:00:00", "2026-07-01T10:00:00Z"),
        ({"timezone": "Europe/Berlin"}, "2026-03-01T12:00:00+02", "2026-03-01T10:00:00Z"),
        ({"timezone": "Europe/Berlin"}, "2026-03-01 12:00:00 UTC", "2026-03-01T12:00:00Z"),
        ({"timezone": "Europe/Berlin"}, NOON, "2026-03-01T11:00:00Z"),
        ({"timezone": "Europe/Berlin"}, NOON.replace(tzinfo=dt.UTC), "2026-03-01T12:00:00Z"),
        # a day is a day, wherever it is
        ({"timezone": "Europe/Berlin"}, "2026-03-01", "2026-03-01"),
        ({"timezone": "Europe/Berlin"}, dt.date(2026, 3, 1), "2026-03-01"),
        ({"format": "%d.%m.%Y"}, "01.03.2026", "2026-03-01"),
        ({"format": "%Y%m%d"}, 20260301, "2026-03-01"),
        ({"format": "%d.%m.%Y", "timezone": "Europe/Berlin"}, "01.03.2026", "2026-03-01"),
        ({"format": "%d.%m.%Y %H:%M", "timezone": "Europe/Berlin"}, "01.03.2026 12:00", "2026-03-01T11:00:00Z"),
        ({"format": "%m/%d/%Y %I:%M %p"}, "03/01/2026 12:00 AM", "2026-03-01T00:00:00Z"),
        (
            {"format": "%Y-%m-%d %H:%M %z", "timezone": "Europe/Berlin"},
            "2026-03-01 12:00 -0100",
            "2026-03-01T13:00:00Z",
        ),
        ({"format": "%d.%m.%Y"}, NOON, "2026-03-01T12:00:00Z"),
    ],
)
def test_dates_are_text_that_the_api_reads(options: dict[str, str], value: Any, expected: str) -> None:
    rule = {"column": "c", "convert": "date", **options}
    assert field(rule, {"c": value}, {"c": value}, name="date", kind="invoices") == [expected, expected]


@pytest.mark.parametrize("value", ["2026-03-01", "1.3.", ""])
def test_text_of_another_format_is_a_problem(value: str) -> None:
    mapping = {"date": {"column": "c", "convert": "date", "format": "%d.%m.%Y"}}
    record, found = faults(mapping, {"c": value}, "invoices")
    assert (record, found) == (
        ({"date": value}, [("date", "cannot be read as date: text in the format %d.%m.%Y")]) if value else ({}, [])
    )


def test_fields_may_be_parts_of_others() -> None:
    mapping = {
        "primary_contact.email": "mail",
        "primary_contact.first_name": "first",
        "attributes.tags": {"column": "tags", "convert": "json"},
        "attributes.custom.segment": "segment",
    }
    assert mapped(mapping, {"mail": "a@acme.example", "first": "Ada", "tags": '["a"]', "segment": "large"}, {}) == [
        {
            "primary_contact": {"email": "a@acme.example", "first_name": "Ada"},
            "attributes": {"tags": ["a"], "custom": {"segment": "large"}},
        },
        {},
    ]


LINES = {
    "column": "lines",
    "each": {
        "type": {"constant": "subscription"},
        "plan_external_id": "plan",
        "amount_in_cents": {"column": "amount", "convert": "cents"},
    },
}


def test_records_in_lists_have_a_mapping_of_their_own() -> None:
    row = {"id": "inv-1", "lines": [{"plan": "team", "amount": "12.50"}, {"plan": None, "amount": 1, "more": 2}]}
    assert mapped({"external_id": "id", "line_items": LINES}, row, {"id": "inv-2", "lines": []}, kind="invoices") == [
        {
            "external_id": "inv-1",
            "line_items": [
                {"type": "subscription", "plan_external_id": "team", "amount_in_cents": 1250},
                {"type": "subscription", "amount_in_cents": 100},
            ],
        },
        {"external_id": "inv-2", "line_items": []},
    ]


def test_a_list_may_be_text() -> None:
    rule = {**LINES, "convert": "json"}
    row = {"lines": json.dumps([{"plan": "team", "amount": "1"}])}
    (items,) = field(rule, row, name="line_items", kind="invoices")
    assert items == [{"type": "subscription", "plan_external_id": "team", "amount_in_cents": 100}]
    assert faults({"line_items": rule}, {"lines": "["}, "invoices") == (
        {"line_items": "["},
        [("line_items", "cannot be read as json: JSON")],
    )


def test_problems_in_lists_say_where_they_are() -> None:
    row = {"lines": [{"amount": "1"}, 7, {"amount": "x"}]}
    record, found = faults({"line_items": LINES}, row, "invoices")
    assert record["line_items"][1:] == [7, {"type": "subscription", "amount_in_cents": "x"}]
    assert found == [
        ("line_items[1]", "must be an object"),
        ("line_items[2].amount_in_cents", f"cannot be read as cents: {READABLE['cents']}"),
    ]
    assert faults({"line_items": LINES}, {"lines": "x"}, "invoices") == (
        {"line_items": "x"},
        [("line_items", "must be a list")],
    )


def test_columns_of_a_row_may_become_records_of_a_list() -> None:
    mapping = {
        "attributes.custom": {
            "each": [
                {"type": {"constant": "String"}, "key": {"constant": "segment"}, "value": "segment"},
                {
                    "type": {"constant": "Integer"},
                    "key": {"constant": "seats"},
                    "value": {"column": "n", "convert": "integer"},
                },
            ]
        }
    }
    segment = {"type": "String", "key": "segment", "value": "large"}
    seats = {"type": "Integer", "key": "seats", "value": 3}
    rows = ({"segment": "large", "n": "3"}, {"segment": None, "n": "3"}, {"segment": None, "n": None})
    assert mapped(mapping, *rows) == [
        {"attributes": {"custom": [segment, seats]}},
        {"attributes": {"custom": [seats]}},
        {},
    ]
    assert faults(mapping, {"segment": None, "n": "x"})[1] == [
        ("attributes.custom[0].value", f"cannot be read as integer: {READABLE['integer']}")
    ]


def test_columns_within_a_list_of_mappings_are_read_from_a_table(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"id,amount,other\ninv-1,12.50,x\n")
    item = {"type": {"constant": "one_time"}, "amount_in_cents": {"column": "amount", "convert": "cents"}}
    mapping = {"external_id": "id", "line_items": {"each": [item]}}
    expected = {"external_id": "inv-1", "line_items": [{"type": "one_time", "amount_in_cents": 1250}]}
    assert records(path, "invoices", mapping=mapping) == [expected]
    item["plan_external_id"] = "plan"
    with pytest.raises(ValueError, match=r"^a\.csv has no column 'plan', which mapping names"):
        given(path, "invoices", mapping=mapping)


def test_a_column_that_no_record_has_is_told_of_at_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = written(
        tmp_path, "a.jsonl", b'{"id": "1", "lines": [{"plan": "x"}]}\n{"id": "2", "lines": []}\n{"day": null}\n'
    )
    mapping = {"external_id": "id", "date": "day", "currency": "curr", "line_items": LINES}
    given(path, "invoices", mapping=mapping)
    assert "invoices: no record has 'curr', 'lines[].amount', which mapping names" in caplog.text


def test_without_records_there_is_no_word_of_columns(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    given(written(tmp_path, "a.jsonl", b""), mapping={"name": "n"})
    assert "which mapping names" not in caplog.text


def test_a_bad_line_has_no_other_problems_for_a_mapping(tmp_path: Path) -> None:
    (bad,) = given(written(tmp_path, "a.jsonl", b"x"), mapping={"name": {"column": "n", "default": "d"}})
    assert (bad.record, [problem.message for problem in bad.problems], bad.text) == (None, ["is not JSON"], "x")
    (bad,) = given([["no record"]], mapping={"name": "n"})
    assert (bad.record, [problem.message for problem in bad.problems]) == (["no record"], ["must be an object"])


@pytest.mark.parametrize(
    ("kind", "mapping", "complaints"),
    [
        ("customers", {"nmae": "n"}, ["nmae is no field of customers; is 'name' meant?"]),
        ("customers", {"mrr": "n"}, ["mrr is no field of customers; there are data_source_uuid, external_id, name,"]),
        ("customers", {"primary_contact.emial": "n"}, ["primary_contact.emial is no field", "is 'email' meant?"]),
        ("customers", {"name.first": "n"}, ["name.first is no field of customers: name has no parts"]),
        ("invoices", {"plan_uuid": "n"}, ["plan_uuid is no field of invoices"]),
        ("customers", {5: "n"}, ["5 must be the name of a field"]),
        ("customers", {"name": ""}, ["name has no column"]),
        ("customers", {"name": 5}, ["name must be the name of a column, or a mapping with column or constant"]),
        ("customers", {"name": {}}, ["name must have column or constant"]),
        ("customers", {"name": {"colum": "n"}}, ["name has an unknown key 'colum'; is 'column' meant?"]),
        ("customers", {"name": {"column": "n", "sep": ","}}, ["name has an unknown key 'sep'; there are column, con"]),
        ("customers", {"name": {"column": 5}}, ["name has a column that is no name"]),
        ("customers", {"name": {"constant": 5, "convert": "text"}}, ["name has constant and so cannot have convert"]),
        ("customers", {"name": {"column": "n", "convert": "cent"}}, ["unknown conversion 'cent'; is 'cents' meant?"]),
        ("customers", {"name": {"column": "n", "convert": "upper"}}, ["'upper'; there are cents, integer, boolean,"]),
        ("customers", {"name": {"column": "n", "convert": ["text"]}}, ["name has an unknown conversion"]),
        ("customers", {"name": {"column": "n", "values": ["a"]}}, ["name has values that are no mapping"]),
        (
            "customers",
            {"name": {"column": "n", "format": "%Y"}},
            ["name has format, which only goes with convert date"],
        ),
        ("customers", {"name": {"column": "n", "convert": "date", "format": 5}}, ["name has a format that is no text"]),
        ("customers", {"name": {"column": "n", "convert": "date", "timezone": "Mars/Base"}}, ["timezone that is none"]),
        ("customers", {"name": {"column": "n", "convert": "date", "timezone": "/etc"}}, ["timezone that is none"]),
        ("customers", {"name": {"column": "n", "each": {"a": "b"}}}, ["name holds no list of records"]),
        ("customers", {"attributes": "a", "attributes.tags": "b"}, ["attributes is mapped both as a whole and in"]),
        ("invoices", {"line_items": {"column": "l", "each": "x"}}, ["line_items must be a mapping of fields"]),
        ("invoices", {"line_items": {"each": {}}}, ["line_items has an each without column, which must be a list"]),
        ("invoices", {"line_items": {"each": []}}, ["line_items has an each without column, which must be a list"]),
        ("invoices", {"line_items": {"each": [{"amout_in_cents": "a"}]}}, ["is 'amount_in_cents' meant?"]),
        (
            "invoices",
            {"line_items": {"column": "l", "each": {"typ": "t", "plan_external_id": {}}}, "dat": "d"},
            [
                "line_items.typ is no field of line_items; is 'type' meant?",
                "line_items.plan_external_id must",
                "dat is",
            ],
        ),
        ("customers", [], ["must be a mapping of fields to columns"]),
        ("customers", {}, ["must be a mapping of fields to columns"]),
    ],
)
def test_a_bad_mapping_is_one_error_that_names_field_and_rule(kind: str, mapping: Any, complaints: list[str]) -> None:
    with pytest.raises(ValueError) as error:
        check_mapping(kind, mapping)
    assert str(error.value).startswith(f"mapping of {kind}: ")
    assert [complaint for complaint in complaints if complaint not in str(error.value)] == []


@pytest.mark.parametrize("where", ["argument", "spec"])
def test_a_bad_mapping_is_found_before_anything_is_read(where: str) -> None:
    mapping = {"nmae": "n"}
    spec, options = (
        ({"path": "nowhere.csv"}, {"mapping": mapping})
        if where == "argument"
        else (
            {"path": "nowhere.csv", "mapping": mapping},
            {},
        )
    )
    with pytest.raises(ValueError, match=r"^mapping of customers: nmae is no field"):
        open_source("customers", spec, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "mapping"),
    [
        ("line_items", {"invoice_external_id": "i", "plan_external_id": "p"}),
        ("transactions", {"invoice_external_id": "i", "amount_in_cents": {"column": "a", "convert": "cents"}}),
        ("subscription_events", {"event_type": {"constant": "subscription_cancelled"}, "effective_date": "d"}),
        ("plans", {"interval_unit": {"column": "u", "values": {"M": "month"}}}),
        ("invoices", {"transactions": {"column": "t", "each": {"date": "d"}}}),
    ],
)
def test_a_good_mapping_passes(kind: str, mapping: dict[str, Any]) -> None:
    check_mapping(kind, mapping)
    check_mapping(kind, json.loads(json.dumps(mapping)))
