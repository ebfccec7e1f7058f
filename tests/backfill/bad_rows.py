"""A billing history some of whose rows are bad, each in another way, and what goes down with each of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.backfill.billing_history import BillingHistory
    from tests.backfill.holdings import Records

KIND_OF: Final = {
    "accounts": "customers",
    "plans": "plans",
    "invoices": "invoices",
    "invoice_lines": "line_items",
    "payments": "transactions",
    "cancellations": "subscription_events",
}


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell that cannot be used, with the field that is named, and part of what is said."""

    table: str
    column: str
    value: str | None
    field: str
    message: str


CELLS: Final = (
    BadCell("accounts", "account_no", None, "external_id", "is missing"),
    BadCell("accounts", "signed_up", "2025/13/45", "lead_created_at", "cannot be read as date"),
    BadCell("accounts", "signed_up", "01.01.2999", "lead_created_at", "must not be in the future"),
    BadCell("invoices", "invoice_no", None, "external_id", "is missing"),
    BadCell("invoices", "account_no", "A999999", "customer_external_id", "names a customer that is neither"),
    BadCell("invoices", "currency", "euro", "currency", "ISO 4217"),
    BadCell("invoices", "issued_at", "soon", "date", "cannot be read as date"),
    BadCell("invoices", "issued_at", "2999-01-01 00:00:00", "date", "must not be in the future"),
    BadCell("invoice_lines", "total", "12.345", "amount_in_cents", "cannot be read as cents"),
    BadCell("invoice_lines", "total", "1,000.00", "amount_in_cents", "cannot be read as cents"),
    BadCell("invoice_lines", "total", None, "amount_in_cents", "is missing"),
    BadCell("invoice_lines", "plan_code", "gold", "plan_external_id", "names plan 'gold'"),
    BadCell("invoice_lines", "period_to", "2001-01-01 00:00:00", "service_period_end", "must be after"),
    BadCell("invoice_lines", "seats", "two", "quantity", "cannot be read as integer"),
    BadCell("invoice_lines", "is_prorated", "perhaps", "prorated", "cannot be read as boolean"),
    BadCell("invoice_lines", "line_type", "gift", "type", "must be one of"),
    BadCell("payments", "kind", "gift", "type", "must be one of"),
    BadCell("payments", "outcome", None, "result", "is missing"),
    BadCell("payments", "booked_at", "31.12.2025", "date", "cannot be read as date"),
    BadCell("cancellations", "ends_at", None, "effective_date", "is missing"),
)


@dataclass(slots=True)
class BadRows:
    """Rows by table and number, counted from 1.

    :param cells: those with a bad cell.
    :param held_back: those that are good and cannot be imported without a bad one.
    """

    cells: dict[tuple[str, int], BadCell] = field(default_factory=dict)
    held_back: set[tuple[str, int]] = field(default_factory=set)

    @property
    def all(self) -> set[tuple[str, int]]:
        """All rows that cannot be imported."""
        return self.held_back | self.cells.keys()

    def good(self, history: BillingHistory) -> Records:
        """Return the records that can be imported."""
        records = history.as_records()
        return {
            kind: [one for number, one in enumerate(records[kind], start=1) if (table, number) not in self.all]
            for table, kind in KIND_OF.items()
        }


def choose(history: BillingHistory) -> BadRows:
    """Choose a row for each bad cell, of another account each: one of those that never cancel."""
    found, cancelled = BadRows(), {row["account_no"] for row in history.tables["cancellations"]}
    taken: set[str] = set()
    for cell in CELLS:
        for number, row in enumerate(history.tables[cell.table], start=1):
            account, cancels = row["account_no"], row["account_no"] in cancelled
            if account in taken or cancels != (cell.table == "cancellations") or not _fits(cell, row):
                continue
            taken.add(account)
            found.cells[cell.table, number] = cell
            found.held_back |= set(_held_back(history, cell, row)) - {(cell.table, number)}
            break
        else:
            raise AssertionError(f"no row for {cell}")
    return found


def numbered(history: BillingHistory) -> Counter[tuple[str, int]]:
    """Return table and number of each row, once."""
    return Counter((table, number) for table in KIND_OF for number, _ in enumerate(history.tables[table], start=1))


def _fits(cell: BadCell, row: dict[str, Any]) -> bool:
    return cell.table != "invoice_lines" or (row["line_type"] == "subscription" and row["period_to"] is not None)


def _held_back(history: BillingHistory, cell: BadCell, row: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield what is of the same account as a bad one, or else of the same invoice as a bad one or a bad part."""
    column = {"accounts": "account_no", "cancellations": "cancellation_no"}.get(cell.table, "invoice_no")
    for table, rows in history.tables.items():
        yield from ((table, number) for number, one in enumerate(rows, start=1) if one.get(column) == row[column])
