from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError, ChartMogulLoadError
from airflow_provider_chartmogul.streams.model import Record, Row
from airflow_provider_chartmogul.transfers.files import parquet
from airflow_provider_chartmogul.transfers.files.formats import FORMATS, check_format
from tests.unit.transfers.files_samples import INVOICE, ITEM, Source, loaded, record, records
from tests.unit.transfers.storage import Storage, local_storage

__all__ = ["local_storage"]

FULL = {
    "uuid": "inv_1",
    "date": "2026-03-04T05:06:07.089+02:00",
    "due-day": "2026-03-31",
    "cents": -5,
    "rate": 0.1 + 0.2,
    "paid": False,
    "tags": {"b": [1.50, None], "a": 'x"\n'},
    "unknown": {"ü": "€"},
}
EMPTY = {"uuid": 'He said "no",\r\n', "date": "2026-03-04T00:00:00Z", "tags": ""}


def rows(storage: Storage, file_format: str, *invoices: dict[str, object]) -> bytes:
    made = [Record(str(one["uuid"]), {"": [INVOICE.row("invoices", one)]}) for one in invoices]
    loaded(storage, Source(made), file_format)
    return storage.read(f"invoices{FORMATS[file_format]}")


def test_lines_of_json_are_typed_and_nested(local_storage: Storage) -> None:
    lines = rows(local_storage, "jsonl", FULL, EMPTY).decode().splitlines()
    assert lines == [
        '{"uuid":"inv_1","date":"2026-03-04T03:06:07.089000Z","due_day":"2026-03-31","cents":-5,'
        '"rate":0.30000000000000004,"paid":false,"tags":{"b":[1.5,null],"a":"x\\"\\n"},"extra":{"unknown":{"ü":"€"}}}',
        '{"uuid":"He said \\"no\\",\\r\\n","date":"2026-03-04T00:00:00Z","due_day":null,"cents":null,'
        '"rate":null,"paid":null,"tags":"","extra":null}',
    ]
    assert [json.loads(line)["uuid"] for line in lines] == [FULL["uuid"], EMPTY["uuid"]]


def test_csv_tells_null_from_empty_text(local_storage: Storage) -> None:
    data = rows(local_storage, "csv", FULL, EMPTY | {"uuid": ""}).decode()
    assert data == (
        "uuid,date,due_day,cents,rate,paid,tags,extra\r\n"
        '"inv_1",2026-03-04T03:06:07.089000Z,2026-03-31,-5,0.30000000000000004,false,'
        '"{""b"":[1.5,null],""a"":""x\\""\\n""}","{""unknown"":{""ü"":""€""}}"\r\n'
        '"",2026-03-04T00:00:00Z,,,,,"""""",\r\n'
    )


def test_csv_is_read_back(local_storage: Storage) -> None:
    data = rows(local_storage, "csv", FULL, EMPTY).decode()
    first, second = csv.DictReader(io.StringIO(data, newline=""))
    assert json.loads(first["tags"]) == FULL["tags"]
    assert second["uuid"] == EMPTY["uuid"]


def test_parquet_has_the_types_of_the_columns(local_storage: Storage) -> None:
    table = pq.read_table(io.BytesIO(rows(local_storage, "parquet", FULL, EMPTY)))
    assert table.schema.equals(
        pa.schema(
            [
                pa.field("uuid", pa.string(), nullable=False),
                pa.field("date", pa.timestamp("us", tz="UTC"), nullable=False),
                ("due_day", pa.date32()),
                ("cents", pa.int64()),
                ("rate", pa.decimal128(38, 9)),
                ("paid", pa.bool_()),
                ("tags", pa.string()),
                ("extra", pa.string()),
            ]
        )
    )
    assert table.to_pylist() == [
        {
            "uuid": "inv_1",
            "date": datetime(2026, 3, 4, 3, 6, 7, 89_000, tzinfo=UTC),
            "due_day": date(2026, 3, 31),
            "cents": -5,
            "rate": Decimal("0.3"),
            "paid": False,
            "tags": '{"b":[1.5,null],"a":"x\\"\\n"}',
            "extra": '{"unknown":{"ü":"€"}}',
        },
        {
            **dict.fromkeys(table.schema.names),
            "uuid": EMPTY["uuid"],
            "date": datetime(2026, 3, 4, tzinfo=UTC),
            "tags": '""',
        },
    ]


def test_row_groups_of_parquet_have_one_size(local_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROWS_PER_GROUP", 7)
    loaded(local_storage, Source(records(30), size=4), "parquet")
    metadata = pq.read_metadata(io.BytesIO(local_storage.read("invoices.parquet")))
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [7, 7, 7, 7, 2]
    assert metadata.row_group(0).column(0).compression == "ZSTD"


def test_pages_do_not_show_in_a_large_file_of_parquet() -> None:
    # more than a page of Parquet, of texts that it does not number
    rows = [
        {"uuid": sha256(bytes([i % 251, i // 251])).hexdigest() * 2, "invoice_uuid": "i", "extra": None}
        for i in range(60_000)
    ]
    codec = parquet.ParquetCodec(ITEM, ITEM.all_columns)

    def written(size: int) -> bytes:
        sink = io.BytesIO()
        file = codec.writer(sink)
        for start in range(0, len(rows), size):
            file.add(codec.encode(rows[start : start + size]))
        file.close()
        return sink.getvalue()

    assert len({written(size) for size in (130, 200, 60_000)}) == 1


def test_packed_lines_are_the_lines(local_storage: Storage) -> None:
    loaded(local_storage, Source(records()), "jsonl")
    loaded(local_storage, Source(records()), "jsonl.gz")
    packed = local_storage.read("invoices.jsonl.gz")
    assert gzip.decompress(packed) == local_storage.read("invoices.jsonl")
    # neither time nor name, which differ from run to run
    assert packed[3:8] == bytes(5)


@pytest.mark.parametrize("file_format", ["jsonl", "csv"])
def test_half_of_a_surrogate_pair_is_escaped(local_storage: Storage, file_format: str) -> None:
    assert b"a\\ud83d\xc3\xbc" in rows(local_storage, file_format, EMPTY | {"uuid": "a\ud83dü"})


def test_half_of_a_surrogate_pair_is_escaped_in_parquet(local_storage: Storage) -> None:
    data = rows(local_storage, "parquet", EMPTY | {"uuid": "a\ud83dü"}, FULL)
    assert pq.read_table(io.BytesIO(data))["uuid"].to_pylist() == ["a\\ud83dü", "inv_1"]


@pytest.mark.parametrize(("file_format", "content"), [("jsonl", b""), ("csv", b"uuid,invoice_uuid,extra\r\n")])
def test_no_rows_are_a_file(local_storage: Storage, file_format: str, content: bytes) -> None:
    landed = loaded(local_storage, Source([]), file_format)
    assert local_storage.read(f"items{FORMATS[file_format]}") == content
    assert set(landed.rows.values()) == {0}


def test_no_rows_are_a_packed_file(local_storage: Storage) -> None:
    loaded(local_storage, Source([]), "jsonl.gz")
    assert gzip.decompress(local_storage.read("items.jsonl.gz")) == b""


def test_no_rows_are_a_file_of_parquet_with_columns(local_storage: Storage) -> None:
    loaded(local_storage, Source([]), "parquet")
    table = pq.read_table(io.BytesIO(local_storage.read("items.parquet")))
    assert (table.num_rows, table.schema.names) == (0, ["uuid", "invoice_uuid", "extra"])


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [("cents", 2**63, "int64"), ("rate", 1e30, r"decimal128\(38, 9\)")],
)
def test_what_parquet_cannot_hold_is_named_without_its_value(
    local_storage: Storage, column: str, value: float, kind: str
) -> None:
    invoice: Row = EMPTY | {"uuid": "inv_7", column: value}
    with pytest.raises(
        ChartMogulLoadError, match=f"/invoices.parquet: record inv_7: column '{column}' does not fit into {kind}$"
    ):
        rows(local_storage, "parquet", FULL, invoice)
    assert local_storage.names() == set()


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^file_format must be one of jsonl, jsonl.gz, csv, parquet, not 'orc'$"):
        check_format("orc")


def test_parquet_names_its_extra(local_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, parquet.__name__)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ChartMogulConfigError, match=r"airflow-provider-chartmogul\[parquet\]"):
        loaded(local_storage, Source([record(1)]), "parquet")
