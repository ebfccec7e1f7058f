"""CSV as RFC 4180 has it; a bad row is told of, and all others are read."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from airflow_provider_chartmogul.imports.sources import open_source
from tests.unit.imports.sources.reading import given, problems, records, written

if TYPE_CHECKING:
    from pathlib import Path

NOT_CLOSED = "is no CSV: a quote is not closed, or is followed by text"


def test_rows_are_records_of_text_without_what_is_empty(tmp_path: Path) -> None:
    data = b'external_id,name,email\r\nacct-1,"Acme, ""the"" Inc",\r\nacct-2,"two\r\nlines","a@acme.example"\r\n'
    assert records(written(tmp_path, "a.csv", data)) == [
        {"external_id": "acct-1", "name": 'Acme, "the" Inc', "email": None},
        {"external_id": "acct-2", "name": "two\r\nlines", "email": "a@acme.example"},
    ]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_files_may_be_packed_and_begin_with_a_mark_of_byte_order(tmp_path: Path, name: str, mark: bytes) -> None:
    data = mark + "external_id,name\nacct-1,Jürgen\n".encode()
    path = written(tmp_path, name, gzip.compress(data) if name.endswith(".gz") else data)
    assert records(path) == [{"external_id": "acct-1", "name": "Jürgen"}]


def test_places_are_lines_where_rows_begin(tmp_path: Path) -> None:
    data = b'external_id,name\nacct-1,"a\nb\nc"\n\nacct-2,d\n'
    assert [one.place for one in given(written(tmp_path, "a.csv", data))] == ["a.csv, line 2", "a.csv, line 6"]


@pytest.mark.parametrize(
    ("line", "message", "text"),
    [
        (b"acct-2", "has 1 cells, the header has 2", "acct-2"),
        (b"acct-2,b,c", "has 3 cells, the header has 2", "acct-2,b,c"),
        (b"acct-2,J\xfcrgen", "is not UTF-8", "acct-2,J\\xfcrgen"),
        (b"acct-2,a\0b", "holds a NUL byte", "acct-2,a\0b"),
        (b'acct-2,"a"b', NOT_CLOSED, 'acct-2,"a"b'),
        (b'acct-2,"a', NOT_CLOSED, 'acct-2,"a'),
    ],
)
@pytest.mark.parametrize("following", [b'acct-3,"c"\r\nacct-4,d\r\n', b"acct-3,c\r\nacct-4,d"])
def test_a_bad_row_is_told_of_and_takes_no_other_with_it(
    tmp_path: Path, line: bytes, message: str, text: str, following: bytes
) -> None:
    data = b"external_id,name\r\nacct-1,a\r\n" + line + b"\r\n" + following
    first, bad, *others = given(written(tmp_path, "a.csv", data))
    assert (bad.record, bad.place, bad.text) == (None, "a.csv, line 3", text)
    assert [(problem.field, problem.message) for problem in bad.problems] == [("", message)]
    assert first.record == {"external_id": "acct-1", "name": "a"}
    assert [(one.record, one.place, one.problems) for one in others] == [
        ({"external_id": "acct-3", "name": "c"}, "a.csv, line 4", ()),
        ({"external_id": "acct-4", "name": "d"}, "a.csv, line 5", ()),
    ]


def test_a_bad_byte_on_a_later_line_of_a_row_shows_the_whole_row(tmp_path: Path) -> None:
    (bad,) = given(written(tmp_path, "a.csv", b'external_id,name\nacct-1,"a\n\xff\nb"\n'))
    assert (bad.place, bad.text) == ("a.csv, line 2", 'acct-1,"a\n\\xff\nb"')


def test_a_row_may_be_very_long_and_have_many_columns(tmp_path: Path) -> None:
    columns = [f"field {number}" for number in range(300)]
    cells = ["x" * 6_000_000, *map(str, range(299))]
    data = ",".join(columns) + "\n" + ",".join(cells) + "\n"
    assert records(written(tmp_path, "a.csv", data.encode())) == [dict(zip(columns, cells, strict=True))]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"external_id,name,external_id,name", "a.csv has more than one column 'external_id', 'name'"),
        (b"external_id,n\xfcme", "a.csv: the header is not UTF-8"),
        (b'external_id,"name', "a.csv: the header is no CSV: a quote is not closed, or is followed by text"),
    ],
)
def test_a_header_that_cannot_be_used_is_one_error(tmp_path: Path, header: bytes, message: str) -> None:
    with pytest.raises(ValueError) as error:
        given(written(tmp_path, "a.csv", header + b"\na,b,c,d\n"))
    assert str(error.value) == message


def test_numbers_and_truth_values_of_known_fields_are_read(tmp_path: Path) -> None:
    columns = b"external_id,invoice_external_id,type,amount_in_cents,quantity,prorated,balance_transfer,event_order\n"
    data = columns + b"1,2,one_time,-1250,3,TRUE,no,\n"
    assert records(written(tmp_path, "a.csv", data), "line_items") == [
        {
            "external_id": "1",
            "invoice_external_id": "2",
            "type": "one_time",
            "amount_in_cents": -1250,
            "quantity": 3,
            "prorated": True,
            "balance_transfer": False,
            "event_order": None,
        }
    ]


@pytest.mark.parametrize("written_as", ["12.50", "12.00", "1,250", "1e3", "٣", "9" * 5000, "abc"])
def test_what_is_no_plain_integer_stays_text_and_so_is_found_later(tmp_path: Path, written_as: str) -> None:
    data = f'amount_in_cents,prorated\n"{written_as}",maybe\n'.encode()
    (record,) = records(written(tmp_path, "a.csv", data), "line_items")
    assert record == {"amount_in_cents": written_as, "prorated": "maybe"}


def test_numbers_of_events_and_plans_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"interval_count,amount_in_cents,quantity\n2,500,3\n")
    assert records(path, "plans") == [{"interval_count": 2, "amount_in_cents": "500", "quantity": "3"}]
    assert records(path, "subscription_events") == [{"interval_count": "2", "amount_in_cents": 500, "quantity": 3}]


def test_a_mapping_gets_the_text(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"amount_in_cents,n\n1250,0012\n")
    mapping = {"amount_in_cents": {"column": "amount_in_cents", "convert": "cents"}, "external_id": "n"}
    assert records(path, "line_items", mapping=mapping) == [{"amount_in_cents": 125000, "external_id": "0012"}]


def test_a_column_that_is_not_there_is_one_error_before_any_record(tmp_path: Path) -> None:
    written(tmp_path, "a.csv", b"id,name\n1,Acme\n")
    written(tmp_path, "b.csv", b"id,title\n1,Acme\n")
    with pytest.raises(ValueError, match=r"^b\.csv has no column 'name', which mapping names; it has 'id', 'title'$"):
        next(open_source("customers", f"{tmp_path}/*.csv", mapping={"external_id": "id", "name": "name"}))


def test_a_file_with_a_header_alone_or_nothing_is_empty(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    written(tmp_path, "a.csv", b"id\n")
    written(tmp_path, "b.csv", b"")
    assert given(f"{tmp_path}/*", mapping={"external_id": "id"}) == []
    assert [name for name in ("a.csv", "b.csv") if f"{name} is empty" in caplog.text] == ["a.csv", "b.csv"]


def test_nothing_is_wrong_with_a_good_file(tmp_path: Path) -> None:
    assert problems(written(tmp_path, "a.csv", b"external_id\nacct-1\n")) == []
