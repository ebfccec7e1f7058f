"""Ids that are whole numbers in other systems are text in records, whatever they come from."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_provider_chartmogul.imports.billing_import import inline
from airflow_provider_chartmogul.imports.given import Given
from airflow_provider_chartmogul.imports.sources import Shapes, out_of_letter
from tests.unit.imports.sources.reading import given, records, written

if TYPE_CHECKING:
    from pathlib import Path

IDS = {
    "plans": ["external_id"],
    "customers": ["external_id"],
    "invoices": ["external_id", "customer_external_id"],
    "line_items": [
        "external_id",
        "invoice_external_id",
        "plan_external_id",
        "subscription_external_id",
        "subscription_set_external_id",
    ],
    "transactions": ["external_id", "invoice_external_id"],
    "subscription_events": [
        "external_id",
        "customer_external_id",
        "plan_external_id",
        "subscription_external_id",
        "subscription_set_external_id",
        "retracted_event_id",
    ],
}


@pytest.mark.parametrize("kind", IDS)
@pytest.mark.parametrize("value", [5, Decimal(5), Decimal("5.00")])
def test_every_id_of_every_kind(kind: str, value: Any) -> None:
    record = dict.fromkeys(IDS[kind], value)
    expected = [dict.fromkeys(IDS[kind], "5")]
    assert records([record], kind) == expected
    assert records([{"kind": kind, "record": record}], None) == expected
    assert [one.record for one in inline({kind: [record]})] == expected
    # whoever gave it has it as it was
    assert record == dict.fromkeys(IDS[kind], value)


@pytest.mark.parametrize("value", [True, 5.0, Decimal("5.5"), Decimal("NaN"), Decimal("1e999999"), [5], {"a": 5}])
def test_what_is_no_whole_number_stays(value: Any) -> None:
    (record,) = records([{"external_id": value}])
    assert record["external_id"] is value


def test_numbers_that_are_no_ids_stay() -> None:
    record = {"external_id": "li-1", "amount_in_cents": 5, "quantity": 5}
    assert records([record], "line_items") == [record]


def test_ids_in_the_parts_of_invoices() -> None:
    parts: dict[str, Any] = {"line_items": [{"external_id": 7, "plan_external_id": 8, "quantity": 2}, "x"]}
    parts["transactions"] = [{"external_id": 9}]
    assert records([{"external_id": 5, **parts}], "invoices") == [
        {
            "external_id": "5",
            "line_items": [{"external_id": "7", "plan_external_id": "8", "quantity": 2}, "x"],
            "transactions": [{"external_id": "9"}],
        }
    ]
    assert parts["transactions"] == [{"external_id": 9}]


def test_ids_of_files(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", json.dumps({"external_id": 5}).encode())
    assert records(path) == [{"external_id": "5"}]
    pq.write_table(pa.table({"external_id": [5], "name": ["Acme"]}), tmp_path / "a.parquet")
    assert records(str(tmp_path / "a.parquet")) == [{"external_id": "5", "name": "Acme"}]


def test_ids_that_are_mapped() -> None:
    rows = [{"id": 5, "lines": [{"plan": 8}]}]
    mapping = {"external_id": "id", "line_items": {"column": "lines", "each": {"plan_external_id": "plan"}}}
    assert records(rows, "invoices", mapping=mapping) == [
        {"external_id": "5", "line_items": [{"plan_external_id": "8"}]}
    ]


def test_ids_of_records_that_are_sent_one_by_one() -> None:
    (one,) = given([{"external_id": 5, "plan_external_id": 8}], "customers", shapes=Shapes())
    assert one.record == {"external_id": "5", "plan_external_id": "8"}
    letter = {"kind": "customers", "record": {"external_id": 5}, "problems": []}
    (one,) = given([letter], "customers", shapes=Shapes())
    assert out_of_letter("customers", one).record == {"external_id": "5"}


def test_rows_that_are_no_records_of_the_api_stay() -> None:
    row = {"kind": "rows", "record": {"plan_external_id": 5}, "problems": []}
    assert out_of_letter("rows", Given("rows", row, "")).record == {"plan_external_id": 5}
