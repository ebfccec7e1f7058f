"""A bad line is told of, with what stood there, and all others are read."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.unit.imports.sources.reading import given, problems, records, written

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.imports.given import Given

GOOD = b'{"external_id": "acct-1"}\n'


@pytest.mark.parametrize(
    ("line", "message", "text"),
    [
        (b"name: Acme", "is not JSON", "name: Acme"),
        (b'{"external_id": "acct-2", "na', "is not JSON", '{"external_id": "acct-2", "na'),
        (b'{"name": "J\xfcrgen"}', "is not UTF-8", '{"name": "J\\xfcrgen"}'),
        (b'{"name": "a\0b"}', "holds a NUL byte", '{"name": "a\0b"}'),
        (b"[1]", "is no JSON object", "[1]"),
        (b"null", "is no JSON object", "null"),
        (b'{"name": "a", "name": "b"}', "has the same key more than once in an object", '{"name": "a", "name": "b"}'),
        (b'{"lines": [{"a": 1, "a": 1}]}', "has the same key more than once in an object", None),
        (b'{"mrr": NaN}', "holds NaN or Infinity, which JSON has not", '{"mrr": NaN}'),
        (b'{"mrr": [-Infinity]}', "holds NaN or Infinity, which JSON has not", None),
        (b'{"mrr": 1e999}', "holds a number that is too large", None),
        (b"[" * 100_000, "is nested too deeply", None),
    ],
)
def test_a_bad_line_is_told_of_and_shown(tmp_path: Path, line: bytes, message: str, text: str | None) -> None:
    first, bad, last = given(written(tmp_path, "a.jsonl", GOOD + line + b"\r\n" + GOOD))
    assert (bad.kind, bad.record, bad.place) == ("customers", None, "a.jsonl, line 2")
    assert [(problem.field, problem.message) for problem in bad.problems] == [("", message)]
    assert bad.text == (text or line.decode())
    assert [(one.record, one.place, one.problems, one.text) for one in (first, last)] == [
        ({"external_id": "acct-1"}, "a.jsonl, line 1", (), None),
        ({"external_id": "acct-1"}, "a.jsonl, line 3", (), None),
    ]


def test_a_last_line_that_is_cut_is_told_of(tmp_path: Path) -> None:
    assert problems(written(tmp_path, "a.jsonl", GOOD + GOOD[:-5])) == [("a.jsonl, line 2", "", "is not JSON")]


def test_blank_lines_count_but_are_no_records(tmp_path: Path) -> None:
    found = given(written(tmp_path, "a.jsonl", b"\n  \n" + GOOD + b"\r\n" + GOOD.rstrip()))
    assert [one.place for one in found] == ["a.jsonl, line 3", "a.jsonl, line 5"]


def test_a_mark_of_byte_order_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    assert records(written(tmp_path, "a.jsonl", b"\xef\xbb\xbf" + GOOD)) == [{"external_id": "acct-1"}]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_line_may_be_very_long_and_have_many_fields(tmp_path: Path, name: str) -> None:
    record = {"name": "x" * 6_000_000, **{f"field {number}": number for number in range(300)}}
    data = json.dumps(record).encode() + b"\n" + GOOD
    found = records(written(tmp_path, name, gzip.compress(data) if name.endswith(".gz") else data))
    assert found == [record, {"external_id": "acct-1"}]


def test_values_are_as_they_were_written(tmp_path: Path) -> None:
    record = {"amount_in_cents": "12", "quantity": 2, "prorated": None, "custom": [1.5, "\ud83d", True]}
    assert records(written(tmp_path, "a.jsonl", json.dumps(record).encode())) == [record]


def cut(tmp_path: Path, suffix: str, line: bytes) -> list[Given]:
    # random enough that most of it is still there when the end is gone
    data = gzip.compress(b"".join(line % number for number in range(50_000)))
    return given(written(tmp_path, f"a.{suffix}.gz", data[: len(data) // 2]))


@pytest.mark.parametrize(("suffix", "line"), [("jsonl", b'{"external_id": "%d"}\n'), ("csv", b"%d\n")])
def test_a_packed_file_that_is_cut_gives_what_is_there_and_says_so(tmp_path: Path, suffix: str, line: bytes) -> None:
    *good, last = cut(tmp_path, suffix, line)
    assert len(good) > 10_000
    assert not any(one.problems for one in good)
    assert (last.kind, last.record) == ("customers", None)
    assert [problem.message for problem in last.problems] == ["cannot be read on: the data of gzip is cut or broken"]
    assert last.place == good[-1].place.replace(", ", ", after ")


def test_a_file_that_is_not_packed_though_its_name_says_so_is_told_of(tmp_path: Path) -> None:
    message = "cannot be read on: the data of gzip is cut or broken"
    assert problems(written(tmp_path, "a.jsonl.gz", GOOD)) == [("a.jsonl.gz", "", message)]
