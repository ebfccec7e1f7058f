"""What the made-up billing history holds, and that databases and files hold the same."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.backfill.billing_columns import COLUMNS
from tests.backfill.billing_database import write_database
from tests.backfill.billing_files import write_files
from tests.backfill.billing_history import BillingHistory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HISTORY = BillingHistory(customers=150)
RECORDS = HISTORY.as_records()
SMALL = BillingHistory(customers=12)
DATES = ("moment", "day")


def plain(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[tuple[str, ...]]]:
    """The rows as text, whatever a database or a file makes of their types."""
    return {
        table: sorted(tuple(_plain(row[column], of) for column, of in COLUMNS[table].items()) for row in rows)
        for table, rows in tables.items()
    }


def _plain(value: Any, of: str) -> str:
    if value is None or value == "":
        return ""
    if of == "amount":
        return f"{Decimal(str(value)):.2f}"
    if of == "flag":
        return str(value in (True, "true"))
    if of in DATES:
        return str(datetime.fromisoformat(str(value)))
    return str(value)


def test_the_same_seed_gives_the_same_history_and_more_customers_do_not_change_the_first() -> None:
    assert BillingHistory(customers=12).tables == SMALL.tables
    assert HISTORY.tables["invoices"][: len(SMALL.tables["invoices"])] == SMALL.tables["invoices"]
    assert BillingHistory(customers=12, seed=2).tables != SMALL.tables


def test_nothing_happens_outside_the_history() -> None:
    days = [
        row[column].date()
        for table, columns in COLUMNS.items()
        for row in HISTORY.tables[table]
        for column, of in columns.items()
        if of == "moment" and row[column] and column != "period_to"
    ]
    assert (min(days) >= HISTORY.first_day, max(days) <= HISTORY.last_day) == (True, True)
    assert (str(HISTORY.first_day), str(HISTORY.last_day)) == ("2024-02-01", "2026-01-31")


def test_the_history_has_a_bit_of_everything() -> None:
    lines, payers = RECORDS["line_items"], {invoice["customer_external_id"] for invoice in RECORDS["invoices"]}
    subscriptions = defaultdict(set)
    for row in HISTORY.tables["invoice_lines"]:
        subscriptions[row["account_no"]].add(row["subscription_no"])
    amounts = dict.fromkeys(payers, Decimal(0))
    for row in HISTORY.tables["invoices"]:
        amounts[row["account_no"]] += Decimal(row["total"])
    found = {
        "currencies": {invoice["currency"] for invoice in RECORDS["invoices"]},
        "rhythms": {line["plan_external_id"][-1] for line in lines if line["type"] == "subscription"},
        "types": {line["type"] for line in lines},
        "proration": {line.get("proration_type") for line in lines if line["prorated"]},
        "order": {line.get("event_order") for line in lines},
        "transactions": {(one["type"], one["result"]) for one in RECORDS["transactions"]},
        "whole and part": {"amount_in_cents" in one for one in RECORDS["transactions"]},
    }
    assert found == {
        "currencies": {"USD", "EUR", "GBP"},
        "rhythms": {"m", "q", "y", "w"},
        "types": {"subscription", "one_time"},
        "proration": {None, "differential", "full"},
        "order": {None, 1, 2},
        "transactions": {("payment", "successful"), ("payment", "failed"), ("refund", "successful")},
        "whole and part": {True, False},
    }
    for some in (
        {customer["external_id"] for customer in RECORDS["customers"]} - payers,
        [customer for customer in RECORDS["customers"] if "free_trial_started_at" in customer],
        [name for name, total in amounts.items() if total == 0],
        [name for name, names in subscriptions.items() if len(names - {None}) > 1],
        [line for line in lines if line["amount_in_cents"] < 0],
        [line for line in lines if line.get("discount_amount_in_cents")],
        [line for line in lines if line["tax_amount_in_cents"]],
        [line for line in lines if line["quantity"] > 1],
        [line for line in lines if "cancelled_at" in line],
        RECORDS["subscription_events"],
    ):
        assert some


def test_records_are_in_the_words_of_the_api() -> None:
    row = next(row for row in HISTORY.tables["invoice_lines"] if row["discount"] and row["tax"] != "0.00")
    record = next(line for line in RECORDS["line_items"] if line["external_id"] == row["line_no"])
    assert record == {
        "external_id": row["line_no"],
        "invoice_external_id": row["invoice_no"],
        "type": "subscription",
        "subscription_external_id": row["subscription_no"],
        "plan_external_id": row["plan_code"],
        "quantity": row["seats"],
        "service_period_start": f"{row['period_from']:%Y-%m-%dT%H:%M:%S}Z",
        "service_period_end": f"{row['period_to']:%Y-%m-%dT%H:%M:%S}Z",
        "amount_in_cents": int(row["total"].replace(".", "")),
        "tax_amount_in_cents": int(row["tax"].replace(".", "")),
        "discount_amount_in_cents": int(row["discount"].replace(".", "")),
        "discount_code": row["coupon"],
        "prorated": False,
    }
    account = HISTORY.tables["accounts"][0]
    assert RECORDS["customers"][0]["lead_created_at"] == f"{datetime.strptime(account['signed_up'], '%d.%m.%Y'):%F}"  # noqa: DTZ007


@pytest.mark.parametrize("database", ["sqlite", "duckdb", "postgres"])
def test_databases_hold_the_history(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    import sqlalchemy as sa

    uri = {"sqlite": f"sqlite:///{tmp_path}/billing.sqlite", "duckdb": f"duckdb:///{tmp_path}/billing.duckdb"}
    engine = sa.create_engine(uri.get(database) or request.getfixturevalue("postgres_uri"))
    try:
        write_database(HISTORY, engine, prefix="billing_")
        write_database(SMALL, engine, prefix="billing_")
        with engine.connect() as connection:
            rows = {
                table: [dict(row._mapping) for row in connection.execute(sa.text(f"SELECT * FROM billing_{table}"))]
                for table in COLUMNS
            }
    finally:
        engine.dispose()
    assert plain(rows) == plain(SMALL.tables)


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_files_hold_the_history_and_an_account_is_in_one_shard(kind: str, tmp_path: Path) -> None:
    shards = write_files(SMALL, tmp_path / "out", format=kind, shards=3)
    assert [shard.name for shard in shards] == ["shard-0", "shard-1", "shard-2"]
    rows = {"plans": READ[kind](tmp_path / "out" / f"plans.{kind}")}
    seen = defaultdict(set)
    for table in COLUMNS.keys() - {"plans"}:
        parts = {shard: READ[kind](shard / f"{table}.{kind}") for shard in shards}
        rows[table] = [row for part in parts.values() for row in part]
        for shard, part in parts.items():
            for row in part:
                seen[row["account_no"]].add(shard)
    assert plain(rows) == plain(SMALL.tables)
    assert {len(where) for where in seen.values()} == {1}


def _read_parquet(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


READ: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    "jsonl": lambda path: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()],
    "csv": lambda path: list(csv.DictReader(path.open(encoding="utf-8", newline=""))),
    "parquet": _read_parquet,
}
