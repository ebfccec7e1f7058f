"""Parquet as records of plain values, a page at a time."""

from __future__ import annotations

import datetime as dt
import decimal
import io
import uuid
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_provider_chartmogul.imports.sources import open_source
from tests.unit.imports.sources.reading import given, records, written

if TYPE_CHECKING:
    from pathlib import Path

CUT = "cannot be read on: the data of Parquet is cut or broken"
NOON = dt.datetime(2026, 3, 1, 12, 0, 0, 5)  # noqa: DTZ001 - what names no zone is UTC


def packed(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def column(tmp_path: Path, values: pa.Array) -> list[Any]:
    """Return what becomes of the values of one column."""
    table = pa.table({"value": values})
    return [record["value"] for record in records(written(tmp_path, "a.parquet", packed(table)))]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array(["Jürgen", None]), ["Jürgen", None]),
        (pa.array(["Jürgen", None], pa.large_string()), ["Jürgen", None]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (pa.array([1, None, -(2**62)]), [1, None, -(2**62)]),
        (pa.array([True, None]), [True, None]),
        (pa.array([1.5, float("nan"), None]), [1.5, None, None]),
        (pa.array([dt.date(2026, 3, 1)]), [dt.date(2026, 3, 1)]),
        (pa.array([NOON], pa.timestamp("us")), [NOON]),
        (pa.array([NOON], pa.timestamp("us", "UTC")), [NOON.replace(tzinfo=dt.UTC)]),
        (pa.array([NOON], pa.timestamp("us", "Europe/Berlin")), [NOON.replace(tzinfo=dt.UTC)]),
        (pa.array([1772366400000005001], pa.timestamp("ns")), [NOON]),
        (
            pa.array([[{"at": 1772366400000005001}]], pa.list_(pa.struct([("at", pa.timestamp("ns"))]))),
            [[{"at": NOON}]],
        ),
        (pa.array([{"a": [1, None]}, None]), [{"a": [1, None]}, None]),
        (pa.array([[{"a": 1}, {"b": "x"}], []]), [[{"a": 1, "b": None}, {"a": None, "b": "x"}], []]),
        (pa.array([[("segment", "large")]], pa.map_(pa.string(), pa.string())), [{"segment": "large"}]),
    ],
)
def test_values_are_pythons_own(tmp_path: Path, values: pa.Array, expected: list[Any]) -> None:
    found = column(tmp_path, values)
    assert found == expected
    assert list(map(type, found)) == list(map(type, expected))


def test_decimals_stay_unless_they_are_whole(tmp_path: Path) -> None:
    money = pa.decimal128(12, 2)
    given_values = [decimal.Decimal("12.50"), decimal.Decimal("12.00"), None]
    found = column(tmp_path, pa.array(given_values, money))
    assert [repr(value) for value in found] == ["Decimal('12.50')", "12", "None"]
    nested = column(
        tmp_path, pa.array([[{"amount": value} for value in given_values]], pa.list_(pa.struct([("amount", money)])))
    )
    assert [repr(item["amount"]) for item in nested[0]] == ["Decimal('12.50')", "12", "None"]


def test_ids_of_their_own_type_are_text(tmp_path: Path) -> None:
    one = uuid.UUID("00000000-0000-0000-0000-000000000001")
    assert column(tmp_path, pa.array([one.bytes], pa.uuid())) == [str(one)]


@pytest.mark.parametrize(
    ("values", "name"),
    [(pa.array([b"a", None]), "bytes"), (pa.array([dt.time(12), None]), "time"), (pa.array([[b"a"], None]), "bytes")],
)
def test_a_value_that_the_api_has_no_form_for_is_a_problem(tmp_path: Path, values: pa.Array, name: str) -> None:
    table = pa.table({"external_id": ["acct-1", "acct-2"], "email": values})
    bad, good = given(written(tmp_path, "a.parquet", packed(table)))
    message = f"holds {name}, which the API cannot take"
    assert [(problem.field, problem.message) for problem in bad.problems] == [("email", message)]
    assert bad.record == {"external_id": "acct-1", "email": values[0].as_py()}
    assert (good.record, good.problems) == ({"external_id": "acct-2", "email": None}, ())


def test_an_infinite_number_is_a_problem(tmp_path: Path) -> None:
    (bad,) = given(written(tmp_path, "a.parquet", packed(pa.table({"email": [float("inf")]}))))
    assert [(problem.field, problem.message) for problem in bad.problems] == [
        ("email", "is infinite, which the API cannot take")
    ]


def test_a_problem_of_a_column_is_told_of_the_field_that_is_made_of_it(tmp_path: Path) -> None:
    path = written(tmp_path, "a.parquet", packed(pa.table({"id": ["acct-1"], "mail": [b"a"], "other": [b"b"]})))
    (bad,) = given(path, mapping={"external_id": "id", "primary_contact.email": "mail"})
    assert [problem.field for problem in bad.problems] == ["primary_contact.email"]
    assert bad.record == {"external_id": "acct-1", "primary_contact": {"email": b"a"}}


def test_places_are_rows_of_each_file(tmp_path: Path) -> None:
    for name in ("a.parquet", "b.parquet"):
        written(tmp_path, name, packed(pa.table({"external_id": ["1", "2"]})))
    expected = ["a.parquet, row 1", "a.parquet, row 2", "b.parquet, row 1", "b.parquet, row 2"]
    assert [one.place for one in given(f"{tmp_path}/*")] == expected


def test_a_column_that_is_not_there_is_one_error_before_any_record(tmp_path: Path) -> None:
    written(tmp_path, "a.parquet", packed(pa.table({"id": ["1"]})))
    written(tmp_path, "b.parquet", packed(pa.table({"ID": ["1"], "name": ["Acme"]})))
    source = open_source("customers", str(tmp_path), mapping={"external_id": "id"})
    with pytest.raises(ValueError, match=r"^b\.parquet has no column 'id', which mapping names; it has 'ID', 'name'$"):
        next(source)


def test_only_columns_that_a_mapping_names_are_read(tmp_path: Path) -> None:
    table = pa.table({"id": ["1"], "secret": ["x"], "lines": [[{"a": 1}]]})
    path = written(tmp_path, "a.parquet", packed(table))
    seen: list[Any] = []
    original = pq.ParquetFile.iter_batches

    def watched(self: Any, *args: Any, **options: Any) -> Any:
        for batch in original(self, *args, **options):
            seen.extend(batch.schema.names)
            yield batch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pq.ParquetFile, "iter_batches", watched)
        assert records(path, mapping={"external_id": "id"}) == [{"external_id": "1"}]
    assert seen == ["id"]


@pytest.mark.parametrize("keep", [0.5, 0.99])
def test_a_file_that_is_cut_is_told_of(tmp_path: Path, keep: float) -> None:
    data = packed(pa.table({"external_id": list(map(str, range(1000)))}))
    (bad,) = given(written(tmp_path, "a.parquet", data[: int(len(data) * keep)]))
    assert (bad.record, bad.place, [problem.message for problem in bad.problems]) == (None, "a.parquet", [CUT])


def test_a_file_that_is_cut_hides_no_other(tmp_path: Path) -> None:
    whole = packed(pa.table({"id": ["1"]}))
    written(tmp_path, "a.parquet", whole)
    written(tmp_path, "b.parquet", whole[:-4])
    written(tmp_path, "c.parquet", whole)
    found = given(str(tmp_path), mapping={"external_id": "id"})
    assert [(one.place, bool(one.problems)) for one in found] == [
        ("a.parquet, row 1", False),
        ("b.parquet", True),
        ("c.parquet, row 1", False),
    ]


def test_a_file_that_is_broken_in_the_middle_gives_what_comes_before(tmp_path: Path) -> None:
    ids = [str(number) for number in range(6_000)]
    data = bytearray(packed(pa.table({"external_id": ids}), row_group_size=2_000, use_dictionary=False))
    start = pq.ParquetFile(io.BytesIO(bytes(data))).metadata.row_group(1).column(0).data_page_offset
    data[start : start + 200] = b"\xff" * 200
    *good, bad = given(written(tmp_path, "a.parquet", bytes(data)))
    assert [one.record["external_id"] for one in good] == ids[:2_000]
    assert (bad.place, [problem.message for problem in bad.problems]) == ("a.parquet, after row 2000", [CUT])


@pytest.mark.parametrize("error", [ConnectionResetError("the storage is gone"), OSError(5, "Input/output error")])
def test_a_storage_that_fails_is_no_fault_of_the_file(
    tmp_path: Path, error: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "a.parquet", packed(pa.table({"external_id": ["1"]})))

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", fail)
    with pytest.raises(type(error)):
        given(path)


def test_300_columns_are_read(tmp_path: Path) -> None:
    row = {f"field {number}": number for number in range(300)}
    assert records(written(tmp_path, "a.parquet", packed(pa.Table.from_pylist([row])))) == [row]
