"""A billing history as files."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.backfill.billing_columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.backfill.billing_history import BillingHistory

    Row = dict[str, Any]


def write_files(history: BillingHistory, folder: Path, *, format: str = "jsonl", shards: int = 1) -> list[Path]:  # noqa: A002
    """Write ``plans.<format>``, and in a folder for each shard a file for each other table.

    All rows of an account are in one shard. In JSON Lines and CSV amounts are text such as ``49.90``, moments text such
    as ``2024-05-16 03:25:43``, flags ``true`` and ``false``, and what there is not is null, or empty. Parquet has
    types.

    :param format: ``jsonl``, ``csv`` or ``parquet``.
    :return: the folders of the shards, ``shard-0`` first.
    """
    write = {"jsonl": _write_jsonl, "csv": _write_csv, "parquet": _write_parquet}[format]
    folders = [folder / f"shard-{number}" for number in range(shards)]
    for shard in folders:
        shard.mkdir(parents=True)
    write(folder / f"plans.{format}", "plans", history.tables["plans"])
    for table in COLUMNS.keys() - {"plans"}:
        parts = defaultdict(list)
        for row in history.tables[table]:
            parts[int(row["account_no"][1:]) % shards].append(row)
        for number, shard in enumerate(folders):
            write(shard / f"{table}.{format}", table, parts[number])
    return folders


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, date) else value


def _write_jsonl(path: Path, table: str, rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            shown = {column: _as_text(row[column]) for column in COLUMNS[table]}
            file.write(json.dumps(shown, ensure_ascii=False) + "\n")


def _write_csv(path: Path, table: str, rows: Sequence[Row]) -> None:
    flags = {True: "true", False: "false"}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS[table])
        for row in rows:
            values = (row[column] for column in COLUMNS[table])
            writer.writerow(flags[value] if isinstance(value, bool) else value for value in values)


def _write_parquet(path: Path, table: str, rows: Sequence[Row]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "text": pa.string(),
        "integer": pa.int32(),
        "amount": pa.decimal128(12, 2),
        "moment": pa.timestamp("us"),
        "day": pa.date32(),
        "flag": pa.bool_(),
    }
    amounts = {column for column, of in COLUMNS[table].items() if of == "amount"}
    typed = [
        {column: Decimal(value) if value and column in amounts else value for column, value in row.items()}
        for row in rows
    ]
    schema = pa.schema([(column, types[of]) for column, of in COLUMNS[table].items()])
    pq.write_table(pa.Table.from_pylist(typed, schema=schema), path)
