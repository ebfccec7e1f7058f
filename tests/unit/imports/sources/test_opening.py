"""What a source is, from plain data; and records that say their own kind."""

from __future__ import annotations

import io
import json
import random
import tracemalloc
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_provider_chartmogul.imports.given import Given
from airflow_provider_chartmogul.imports.sources import Row, Shapes, check_mapping, open_rows, open_source
from tests.unit.imports.sources.reading import given, problems, records, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS = ["plans", "customers", "invoices", "line_items", "transactions", "subscription_events"]
ONE_OF_KINDS = f"must be one of {', '.join(KINDS)}"


@pytest.mark.parametrize("kind", KINDS)
def test_records_may_be_given_as_they_are(kind: str) -> None:
    assert given([{"external_id": "1"}, {"external_id": None}], kind) == [
        Given(kind, {"external_id": "1"}, "record 1"),
        Given(kind, {"external_id": None}, "record 2"),
    ]
    assert records({"external_id": "1"}, kind) == [{"external_id": "1"}]
    assert records([], kind) == []


def test_what_is_no_record_is_a_problem() -> None:
    found = problems([{"external_id": "1"}, "x", None])
    assert found == [("record 2", "", "must be an object"), ("record 3", "", "must be an object")]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", "invoices is empty, or its template has no value"),
        ("None", "invoices is empty, or its template has no value"),
        ('[{"external_id": "1"}]', "invoices is a list or a record as text: a template that stands for it needs"),
        ({"path": ""}, "invoices is empty, or its template has no value"),
        ({"path": []}, "path of invoices must be a path or a list of paths"),
        ({"path": 5}, "path of invoices must be a path or a list of paths"),
        ({"path": [5]}, "invoices is empty, or its template has no value"),
        ({"path": "a.csv", "fromat": "csv"}, "invoices with path has unknown keys fromat; known: "),
        ({"path": "a.csv", "sql": "SELECT 1"}, "invoices with path has unknown keys sql; known: "),
        ({"path": "a.csv", "format": "xml"}, "format of invoices must be one of jsonl, csv, parquet, not 'xml'"),
        ({"path": "a.csv", "conn_id": "None"}, "conn_id is empty, or its template has no value"),
        ({"sql": "SELECT 1"}, "invoices with sql needs the connection of a database: conn_id"),
        ({"sql": "", "conn_id": "warehouse"}, "invoices is empty, or its template has no value"),
    ],
)
def test_a_spec_that_cannot_be_used_is_an_error_at_once(spec: Any, message: str) -> None:
    with pytest.raises(ValueError) as error:
        open_source("invoices", spec)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("spec", [None, 5, b"a.csv"])
def test_what_is_no_spec_is_an_error_that_names_the_argument(spec: Any) -> None:
    with pytest.raises(TypeError, match=r"^corrected must be records, a path or a query, not "):
        open_source("invoices", spec, name="corrected")


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match=f"^kind {ONE_OF_KINDS}, not 'contacts'$"):
        open_source("contacts", [])


def test_a_spec_says_more_than_the_arguments(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", b'{"a": "1", "b": "2"}\n')
    mapping = {"name": "a"}
    assert records(path, mapping=mapping) == [{"name": "1"}]
    assert records({"path": path, "mapping": {"name": "b"}}, mapping=mapping) == [{"name": "2"}]
    assert records({"path": path, "mapping": None}, mapping=mapping) == [{"name": "1"}]


LETTERS = [
    {"kind": "customers", "record": {"external_id": "acct-1"}, "problems": [{"field": "name"}], "position": 5},
    {"kind": "invoices", "record": {"external_id": "inv-1"}, "replace": True},
    {"kind": "line_items", "record": {"external_id": "li-1"}, "replace": False},
]
RECORDS_OF_LETTERS = [
    ("customers", {"external_id": "acct-1"}, False),
    ("invoices", {"external_id": "inv-1"}, True),
    ("line_items", {"external_id": "li-1"}, False),
]


def as_csv() -> bytes:
    lines = ["kind,record,replace"]
    for letter in LETTERS:
        record = json.dumps(letter["record"]).replace('"', '""')
        lines.append(f'{letter["kind"]},"{record}",{str(letter.get("replace", "")).lower()}')
    return "\n".join(lines).encode()


def as_parquet() -> bytes:
    sink = io.BytesIO()
    rows = [{**letter, "record": json.dumps(letter["record"]), "replace": letter.get("replace")} for letter in LETTERS]
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl", "\n".join(map(json.dumps, LETTERS)).encode()),
        ("a.csv", as_csv()),
        ("a.parquet", as_parquet()),
        ("inline", b""),
    ],
)
def test_records_may_say_their_own_kind(tmp_path: Path, name: str, data: bytes) -> None:
    found = given(written(tmp_path, name, data) if data else LETTERS, None)
    assert [(one.kind, one.record, one.replace) for one in found] == RECORDS_OF_LETTERS
    assert not any(one.problems for one in found)


def test_records_of_a_query_may_say_their_own_kind(sqlite_conn: str) -> None:
    text = """SELECT 'invoices' AS kind, '{"external_id": "inv-1"}' AS record, 1 AS "replace\""""
    (found,) = given(text, None, sql_conn_id=sqlite_conn)
    assert found == Given("invoices", {"external_id": "inv-1"}, "row 1", replace=True)


@pytest.mark.parametrize(
    ("letter", "kind", "record", "problem"),
    [
        ({"record": {"a": 1}}, "records", {"record": {"a": 1}}, ("kind", ONE_OF_KINDS)),
        ({"kind": "contacts", "record": {}}, "records", {"kind": "contacts", "record": {}}, ("kind", ONE_OF_KINDS)),
        ({"kind": ["customers"]}, "records", {"kind": ["customers"]}, ("kind", ONE_OF_KINDS)),
        ({"kind": "plans"}, "plans", None, ("", "must be an object")),
        ({"kind": "plans", "record": [1]}, "plans", [1], ("", "must be an object")),
        ({"kind": "plans", "record": "{"}, "plans", "{", ("", "must be an object")),
        ({"kind": "invoices", "record": {}, "replace": "x"}, "invoices", {}, ("replace", "must be true or false")),
        ({"kind": "invoices", "record": {}, "replace": []}, "invoices", {}, ("replace", "must be true or false")),
        (5, "records", 5, ("", "must be an object")),
    ],
)
def test_what_says_no_kind_is_a_problem(letter: Any, kind: str, record: Any, problem: tuple[str, str]) -> None:
    (found,) = given([letter], None)
    assert (found.kind, found.record, [tuple(one) for one in found.problems]) == (kind, record, [problem])


def test_a_line_that_nothing_could_be_read_of_comes_back_as_it_was(tmp_path: Path) -> None:
    (bad,) = given(written(tmp_path, "a.jsonl", b'{"kind": "cust'), None)
    assert (bad.kind, bad.record, bad.text) == ("records", None, '{"kind": "cust')
    assert [tuple(one) for one in bad.problems] == [("", "is not JSON")]
    for kind in ("records", "customers"):
        (again,) = given([{"kind": kind, "record": None, "text": bad.text}], None)
        assert (again.kind, again.record, again.text, bool(again.problems)) == (kind, None, bad.text, True)


def test_records_of_several_kinds_have_no_mapping() -> None:
    with pytest.raises(ValueError, match=r"^mapping is for records of one kind"):
        open_source(None, [], mapping={"name": "n"})


def numbered(folder: Path, suffix: str, count: int) -> str:
    """Write 200,000 records, which are 60 MB as JSON."""
    path = folder / f"a.{suffix}"
    if suffix == "parquet":
        # one group of rows, which no packing makes small
        letters = random.Random(1)
        names = [letters.randbytes(125).hex() for _ in range(count)]
        pq.write_table(pa.table({"external_id": [f"acct-{number}" for number in range(count)], "name": names}), path)
        return str(path)
    with path.open("w") as file:
        if suffix == "csv":
            file.write("external_id,name\n")
        line = {"csv": "acct-{0},{1}\n", "jsonl": '{{"external_id": "acct-{0}", "name": "{1}"}}\n'}[suffix]
        for number in range(count):
            file.write(line.format(number, "x" * 250))
    return str(path)


def taken(source: Iterator[Given]) -> int:
    return sum(not one.problems for one in source)


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("mapping", [None, {"external_id": "external_id"}], ids=["plain", "mapped"])
def test_memory_is_a_page(tmp_path: Path, suffix: str, mapping: dict[str, Any] | None) -> None:
    count = 200_000
    path = numbered(tmp_path, suffix, count)
    # modules that are imported late are no records
    next(open_source("customers", path, mapping=mapping))
    arrow = pa.total_allocated_bytes()
    tracemalloc.start()
    try:
        source = open_source("customers", path, mapping=mapping)
        assert taken(next(source) for _ in range(count // 2)) == count // 2
        assert (pa.total_allocated_bytes() - arrow) / 2**20 < 16
        assert taken(source) == count // 2
        assert tracemalloc.get_traced_memory()[1] / 2**20 < 8
    finally:
        tracemalloc.stop()


class TestRows:
    def test_they_are_as_they_stand_there(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("id,amount_in_cents\n1,5\n2\n")
        assert list(open_rows(str(tmp_path / "a.csv"))) == [
            Row({"id": "1", "amount_in_cents": "5"}, "a.csv, line 2"),
            Row(None, "a.csv, line 3", (("", "has 1 cells, the header has 2"),), "2"),
        ]
        assert list(open_rows([{"id": 1}, 7])) == [Row({"id": 1}, "record 1"), Row(7, "record 2")]

    def test_they_have_no_mapping(self) -> None:
        with pytest.raises(ValueError, match="facts takes no mapping"):
            open_rows({"path": "a.csv", "mapping": {"a": "b"}}, name="facts")

    def test_nothing_is_read_before_they_are_taken(self) -> None:
        rows = open_rows("/nowhere/a.csv")
        with pytest.raises(ValueError, match="there is no file"):
            next(rows)


class TestSingleObjects:
    SHAPES = Shapes(also={"contacts": ("uuid",)})

    def test_their_kinds_are_others(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("uuid,position\ncon_1,7\n")
        (found,) = open_source("contacts", str(tmp_path / "a.csv"), shapes=self.SHAPES)
        assert found == Given("contacts", {"uuid": "con_1", "position": 7}, "a.csv, line 2")
        with pytest.raises(ValueError, match=r"kind must be one of plans, .*, not 'contacts'"):
            open_source("contacts", [])
        with pytest.raises(ValueError, match=r"kind must be one of data_sources, .*, not 'nobodies'"):
            open_source("nobodies", [], shapes=self.SHAPES)

    def test_mappings_are_held_against_what_their_endpoints_take(self) -> None:
        check_mapping("contacts", {"uuid": "a", "email": "b"}, self.SHAPES)
        check_mapping("line_items", {"plan_uuid": "a"}, Shapes())
        check_mapping("line_items", {"plan_external_id": "a"})
        for kind, mapping, shapes in (
            ("contacts", {"uuid": "a"}, Shapes()),
            ("line_items", {"plan_external_id": "a"}, Shapes()),
            ("line_items", {"plan_uuid": "a"}, Shapes(bulk=True)),
        ):
            with pytest.raises(ValueError, match=f"is no field of {kind}"):
                check_mapping(kind, mapping, shapes)
