"""Tables of a billing system with bad rows, mapped to fields, from CSV and from a database."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from airflow_provider_chartmogul.exceptions import ChartMogulImportFailedError
from airflow_provider_chartmogul.imports import sending
from airflow_provider_chartmogul.operators.imports import ChartMogulReplayRejectedOperator
from airflow_provider_chartmogul.operators.line_items import ChartMogulImportLineItemsOperator
from airflow_provider_chartmogul.transfers.object_storage_to_chartmogul import ObjectStorageToChartMogulOperator
from airflow_provider_chartmogul.transfers.sql_to_chartmogul import SqlToChartMogulOperator
from tests.backfill.bad_rows import CELLS, KIND_OF, BadRows, choose, numbered
from tests.backfill.billing_database import write_database
from tests.backfill.billing_files import write_files
from tests.backfill.billing_history import BillingHistory
from tests.backfill.dag_files import write_records
from tests.backfill.holdings import assert_holds_exactly, states
from tests.backfill.runs import lines
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient

MAPPINGS = json.loads((REPOSITORY / "dags_examples" / "billing_mappings.json").read_text())
TABLE_OF = {kind: table for table, kind in KIND_OF.items()}


@pytest.fixture(autouse=True)
def connection(chartmogul_conn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection that tasks use, without the long waits between questions."""
    monkeypatch.setattr(sending, "_LOOKS_PER_SECOND", 1_000)


@pytest.fixture(scope="module")
def history() -> BillingHistory:
    return BillingHistory(customers=80, months=6)


@pytest.fixture(scope="module")
def bad(history: BillingHistory) -> BadRows:
    return choose(history)


def arguments(data_source: str, tmp_path: Path, **further: Any) -> dict[str, Any]:
    files = {f"{name}_path": str(tmp_path / f"{name}.jsonl") for name in ("rejected", "result")}
    return {"task_id": "import", "data_source_uuid": data_source, "poll_interval": 0.02, **files, **further}


def from_csv(history: BillingHistory, bad: BadRows, data_source: str, tmp_path: Path) -> dict[str, Any]:
    (shard,) = write_files(history, tmp_path, format="csv")
    for (table, number), cell in bad.cells.items():
        put(shard / f"{table}.csv", number, cell.column, cell.value or "")
    paths = {kind: str(shard / f"{table}.csv") for table, kind in KIND_OF.items() if table != "plans"}
    result: dict[str, Any] = ObjectStorageToChartMogulOperator(
        plans=str(tmp_path / "plans.csv"),
        **paths,
        mappings=MAPPINGS,
        max_rejected=0.5,
        **arguments(data_source, tmp_path),
    ).execute({})
    return result


def put(file: Path, number: int, column: str, value: str) -> None:
    """Put a value into a row of a CSV file."""
    with file.open(newline="", encoding="utf-8") as given:
        rows = list(csv.reader(given))
    rows[number][rows[0].index(column)] = value
    with file.open("w", newline="", encoding="utf-8") as given:
        csv.writer(given).writerows(rows)


def from_sql(history: BillingHistory, bad: BadRows, data_source: str, tmp_path: Path) -> dict[str, Any]:
    database = tmp_path / "warehouse.sqlite"
    write_database(history, sa.create_engine(f"sqlite:///{database}"))
    with closing(sqlite3.connect(database)) as connection, connection:
        for (table, number), cell in bad.cells.items():
            # SQLite keeps what it is given, whatever the column is for
            connection.execute(f"UPDATE {table} SET {cell.column} = ? WHERE rowid = ?", (cell.value, number))
    result: dict[str, Any] = SqlToChartMogulOperator(
        sql_conn_id="warehouse",
        **{kind: f"SELECT * FROM {table} ORDER BY rowid" for table, kind in KIND_OF.items()},
        mappings=MAPPINGS,
        max_rejected=0.5,
        **arguments(data_source, tmp_path),
    ).execute({})
    return result


def csv_place(table: str, number: int) -> str:
    return f"{table}.csv, line {number + 1}"


def sql_place(_: str, number: int) -> str:
    return f"row {number}"


@pytest.mark.usefixtures("sqlite_conn")
@pytest.mark.parametrize(("load", "place"), [(from_csv, csv_place), (from_sql, sql_place)], ids=["csv", "sql"])
def test_bad_cells_are_reported_corrected_and_replayed(
    client: ChartMogulClient,
    data_source: str,
    history: BillingHistory,
    bad: BadRows,
    tmp_path: Path,
    load: Callable[..., dict[str, Any]],
    place: Callable[[str, int], str],
) -> None:
    result = load(history, bad, data_source, tmp_path)
    good = bad.good(history)
    assert_holds_exactly(client, data_source, good)

    account = lines(tmp_path / "result.jsonl")
    assert Counter((TABLE_OF[line["kind"]], line["position"]) for line in account) == numbered(history)
    assert all(line["place"] == place(TABLE_OF[line["kind"]], line["position"]) for line in account)
    rejected = {(TABLE_OF[line["kind"]], line["position"]): line for line in lines(tmp_path / "rejected.jsonl")}
    assert rejected.keys() == bad.all
    assert {line["state"] for line in account} == {"created", "rejected"}
    held_back = Counter(KIND_OF[table] for table, _ in bad.all)
    assert states(result) == {
        kind: {"created": len(those), **({"rejected": held_back[kind]} if held_back[kind] else {})}
        for kind, those in good.items()
    }
    for row, line in rejected.items():
        if cell := bad.cells.get(row):
            (problem,) = [one for one in line["problems"] if one["field"] == cell.field]
            assert cell.message in problem["message"], cell
        else:
            assert all(one["message"].startswith(("names ", "has a part ")) for one in line["problems"])

    records = history.as_records()
    corrected = tmp_path / "corrected.jsonl"
    with corrected.open("w") as file:
        for (table, number), line in rejected.items():
            file.write(json.dumps({**line, "record": records[KIND_OF[table]][number - 1]}) + "\n")
    replayed = ChartMogulReplayRejectedOperator(path=str(corrected), **arguments(data_source, tmp_path)).execute({})
    assert_holds_exactly(client, data_source, records)
    assert states(replayed) == {kind: {"created": count} for kind, count in held_back.items()}
    assert (tmp_path / "rejected.jsonl").read_text() == ""


def test_there_is_a_row_for_each_bad_cell(bad: BadRows) -> None:
    assert set(bad.cells.values()) == set(CELLS)
    assert bad.held_back


LINES = {
    "not UTF-8": (lambda line: line.replace(b"@", b"\xe9@"), "is not UTF-8"),
    "a null byte": (lambda line: line.replace(b"@", b"\0@"), "NUL byte"),
    "a cell too many": (lambda line: line.rstrip() + b",more\r\n", "cells"),
    "a cell too few": (lambda line: line.rpartition(b",")[0] + b"\r\n", "cells"),
    "a quote that is not closed": (lambda line: line.replace(b",", b',"', 1), "quote"),
}


def test_bad_lines_of_csv_are_reported_as_they_stand(
    client: ChartMogulClient, data_source: str, history: BillingHistory, tmp_path: Path
) -> None:
    write_files(history, tmp_path, format="csv")
    file = tmp_path / "shard-0" / "accounts.csv"
    text = file.read_bytes().splitlines(keepends=True)
    # the first, the last and some between
    rows = dict(zip((1, 20, 40, 60, len(text) - 1), LINES.values(), strict=True))
    for number, (change, _) in rows.items():
        text[number] = change(text[number])
    file.write_bytes(b"".join(text))
    result = ObjectStorageToChartMogulOperator(
        customers=str(file), mappings=MAPPINGS, max_rejected=len(LINES), **arguments(data_source, tmp_path)
    ).execute({})

    customers = history.as_records()["customers"]
    good = [customer for number, customer in enumerate(customers, start=1) if number not in rows]
    assert_holds_exactly(client, data_source, {"customers": good})
    assert states(result) == {"customers": {"created": len(good), "rejected": len(LINES)}}
    found = {line["position"]: line for line in lines(tmp_path / "rejected.jsonl")}
    assert found.keys() == rows.keys()
    for number, (_, message) in rows.items():
        assert found[number]["place"] == f"accounts.csv, line {number + 1}"
        assert message in found[number]["problems"][0]["message"]
        assert found[number]["text"] == text[number].decode(errors="backslashreplace").rstrip("\r\n")


def test_a_part_whose_line_cannot_be_read_is_added_to_its_invoice_later(
    client: ChartMogulClient, data_source: str, tmp_path: Path
) -> None:
    """Nobody can tell to which invoice it belongs, so that this is imported without it; the account names the line."""
    records: dict[str, list[dict[str, Any]]] = {
        "customers": [{"external_id": "c1", "name": "Acme"}],
        "invoices": [{"external_id": "inv-1", "customer_external_id": "c1", "date": "2025-01-01", "currency": "USD"}],
        "line_items": [
            {"external_id": f"item-{n}", "invoice_external_id": "inv-1", "type": "one_time", "amount_in_cents": n}
            for n in (1, 2)
        ],
    }
    files = write_records(tmp_path, records)
    items = tmp_path / "line_items.jsonl"
    items.write_text(items.read_text().replace('"item-2"', '"item-2'))
    result = ObjectStorageToChartMogulOperator(**files, max_rejected=1, **arguments(data_source, tmp_path)).execute({})
    assert states(result)["line_items"] == {"created": 1, "rejected": 1}
    assert_holds_exactly(client, data_source, {**records, "line_items": records["line_items"][:1]})

    (rejected,) = lines(tmp_path / "rejected.jsonl")
    assert rejected["place"] == "line_items.jsonl, line 2"
    corrected = tmp_path / "corrected.jsonl"
    corrected.write_text(json.dumps({**rejected, "record": records["line_items"][1]}))
    # bulk imports add nothing to invoices that are there, and the run says what does
    with pytest.raises(ChartMogulImportFailedError, match="sent one by one"):
        ChartMogulReplayRejectedOperator(path=str(corrected), **arguments(data_source, tmp_path)).execute({})
    ChartMogulImportLineItemsOperator(task_id="parts", records=str(corrected), data_source_uuid=data_source).execute({})
    assert_holds_exactly(client, data_source, records)


def test_a_table_of_three_hundred_columns_is_imported_for_those_that_are_known(
    client: ChartMogulClient, data_source: str, tmp_path: Path
) -> None:
    more = [f"column_{number}" for number in range(300)]
    file = tmp_path / "customers.csv"
    file.write_text("\n".join([",".join(["external_id", "name", *more]), ",".join(["c1", "Acme", *more])]))
    result = ObjectStorageToChartMogulOperator(customers=str(file), **arguments(data_source, tmp_path)).execute({})
    assert states(result) == {"customers": {"created": 1}}
    assert_holds_exactly(client, data_source, {"customers": [{"external_id": "c1", "name": "Acme"}]})
