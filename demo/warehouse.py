"""What the demo reads back from the warehouse."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import duckdb

from airflow_provider_chartmogul.client import ChartMogulClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLOWS: Final = ("new_business", "expansion", "contraction", "churn", "reactivation")
_MONTHS: Final = """
    SELECT date, mrr.mrr, mrr_new_business, mrr_expansion, mrr_contraction, mrr_churn, mrr_reactivation,
        customers, arpa, customer_churn_rate
    FROM chartmogul_mrr_by_month AS mrr JOIN chartmogul_metrics_all USING (date)
    WHERE date BETWEEN ? AND ? ORDER BY date
"""
_HEADINGS: Final = (
    *("Month", "MRR", "New", "Expansion", "Contraction", "Churn", "Reactivation", "Customers", "ARPA", "Churn rate"),
)


def monthly_table(warehouse: Path, year: int) -> str:
    """Return the months of a year with MRR, its movements, customers, ARPA and customer churn rate, as text."""
    rows = [_HEADINGS] + [
        (
            f"{day:%Y-%m}",
            *(f"{cents / 100:,.2f}" for cents in money),
            f"{customers:,}",
            f"{arpa / 100:,.2f}",
            f"{rate:.2f} %",
        )
        for day, *money, customers, arpa, rate in _months(warehouse, year)
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def compare(warehouse: Path, base_url: str, api_key: str, year: int) -> list[str]:
    """Read everything once more over the API and return what differs from the warehouse, as sentences."""
    with ChartMogulClient(api_key, base_url) as client, duckdb.connect(str(warehouse), read_only=True) as database:
        differences = list(_different_months(_months(warehouse, year), client, year))
        first, last = date(year, 1, 1), date(year, 12, 31)
        listings = {
            "customers": client.customers.list(),
            "invoices": client.invoices.list(),
            "activities": client.activities.list(start_date=first, end_date=last),
        }
        for name, listing in listings.items():
            expected = {record["uuid"] for record in listing}
            condition = "WHERE date >= ? AND date < ?" if name == "activities" else ""
            bounds = [first, date(year + 1, 1, 1)] if condition else []
            found = database.execute(f"SELECT uuid FROM chartmogul_{name} {condition}", bounds).fetchall()  # noqa: S608
            if sorted(uuid for (uuid,) in found) != sorted(expected):
                differences.append(f"{name}: {len(found)} in the warehouse, {len(expected)} in the API")
    return differences


def _months(warehouse: Path, year: int) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(warehouse), read_only=True) as database:
        return database.execute(_MONTHS, [date(year, 1, 1), date(year, 12, 31)]).fetchall()


def _different_months(rows: list[tuple[Any, ...]], client: ChartMogulClient, year: int) -> Iterator[str]:
    first, last = date(year, 1, 1), date(year, 12, 31)
    mrr = client.metrics.mrr(start_date=first, end_date=last, interval="month")["entries"]
    figures = client.metrics.all(start_date=first, end_date=last, interval="month")["entries"]
    if len(rows) != len(mrr):
        yield f"{len(rows)} months in the warehouse, {len(mrr)} in the API"
    for row, movements, others in zip(rows, mrr, figures, strict=False):
        expected = (
            date.fromisoformat(movements["date"]),
            movements["mrr"],
            *(movements[f"mrr-{flow.replace('_', '-')}"] for flow in FLOWS),
            others["customers"],
            others["arpa"],
            others["customer-churn-rate"],
        )
        if tuple(map(_comparable, row)) != tuple(map(_comparable, expected)):
            yield f"{row[0]:%Y-%m}"


def _comparable(value: Any) -> Any:
    return value if isinstance(value, date) else round(float(value), 2)
