"""Years of billing of a made-up company, always the same for the same seed.

The tables are those of a billing system, not those of ChartMogul: own names of columns, amounts in units of the
currency, dates in its own forms. :meth:`BillingHistory.as_records` says what they are in ChartMogul's words.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any, Final

from tests.backfill.catalogue import CATALOGUE, months_later
from tests.backfill.customer_lives import TABLES, CustomerLife

if TYPE_CHECKING:
    from collections.abc import Mapping

Row = dict[str, Any]
Tables = dict[str, list[Row]]

BEGIN: Final = datetime(2024, 2, 1, tzinfo=UTC)

# API field by column of the billing system; what is missing here is of no interest to ChartMogul.
_FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "customers": {
        "account_no": "external_id",
        "contact": "name",
        "company": "company",
        "email": "email",
        "country": "country",
        "signed_up": "lead_created_at",
        "trial_from": "free_trial_started_at",
    },
    "plans": {"plan_code": "external_id", "title": "name", "every": "interval_count", "unit": "interval_unit"},
    "invoices": {
        "invoice_no": "external_id",
        "account_no": "customer_external_id",
        "issued_at": "date",
        "due_on": "due_date",
        "currency": "currency",
        "collection": "collection_method",
    },
    "line_items": {
        "line_no": "external_id",
        "invoice_no": "invoice_external_id",
        "line_type": "type",
        "subscription_no": "subscription_external_id",
        "plan_code": "plan_external_id",
        "seats": "quantity",
        "period_from": "service_period_start",
        "period_to": "service_period_end",
        "total": "amount_in_cents",
        "tax": "tax_amount_in_cents",
        "discount": "discount_amount_in_cents",
        "coupon": "discount_code",
        "is_prorated": "prorated",
        "proration": "proration_type",
        "position": "event_order",
        "text": "description",
        "ended_at": "cancelled_at",
    },
    "transactions": {
        "payment_no": "external_id",
        "invoice_no": "invoice_external_id",
        "kind": "type",
        "outcome": "result",
        "booked_at": "date",
        "total": "amount_in_cents",
    },
    "subscription_events": {
        "cancellation_no": "external_id",
        "account_no": "customer_external_id",
        "subscription_no": "subscription_external_id",
        "requested_at": "event_date",
        "ends_at": "effective_date",
    },
}
_TABLES: Final = {
    "customers": "accounts",
    "plans": "plans",
    "invoices": "invoices",
    "line_items": "invoice_lines",
    "transactions": "payments",
    "subscription_events": "cancellations",
}


class BillingHistory:
    """A billing database. Customers do not depend on each other: more of them leave the first ones as they are.

    ============= ============================================================================================
    table         columns
    ============= ============================================================================================
    accounts      account_no, company, contact, email, country, signed_up (text ``05.03.2024``), trial_from
    plans         plan_code, title, every, unit (day, month, year)
    invoices      invoice_no, account_no, issued_at, due_on, currency, collection, total
    invoice_lines line_no, invoice_no, account_no, line_type (subscription, one_time), subscription_no, plan_code,
                  seats, period_from, period_to, total (discount taken off, tax included), tax, discount, coupon,
                  is_prorated, proration (differential, full), position, text, ended_at
    payments      payment_no, invoice_no, account_no, kind (payment, refund), outcome (successful, failed),
                  booked_at, total (None: the whole invoice)
    cancellations cancellation_no, account_no, subscription_no, requested_at, ends_at
    ============= ============================================================================================

    ``total``, ``tax`` and ``discount`` are text such as ``49.90``; ``…_at``, ``…_from`` and ``…_to`` datetimes of UTC
    without a zone, ``due_on`` is a date, ``is_prorated`` a bool; what there is not is None. Rows stand by account, then
    by time.

    :param customers: number of accounts, those that never pay included.
    :param months: length of the history, from 1 February 2024 on.
    """

    def __init__(self, *, customers: int, seed: int = 1, months: int = 24) -> None:
        end = months_later(BEGIN, months)
        self.first_day, self.last_day = BEGIN.date(), end.date() - timedelta(days=1)
        self.tables: Tables = {table: [] for table in TABLES}
        self.tables["plans"] = [plan.row() for plan in CATALOGUE]
        for number in range(customers):
            for table, rows in CustomerLife(number, Random(f"{seed}/{number}"), BEGIN, end).lived().items():
                self.tables[table] += rows
        self.fx_rates = {code: self._rates(rate, seed) for code, rate in (("EUR", 1.08), ("GBP", 1.26))}
        """Value of one unit in USD: ``{currency: {day: "1.0812"}}``, as the emulator's settings take it."""

    def as_records(self) -> Tables:
        """Return lists of records for a bulk import, by kind: nothing nested, nothing that is None, money in cents."""
        records = {kind: [_record(kind, row) for row in self.tables[table]] for kind, table in _TABLES.items()}
        for event in records["subscription_events"]:
            event["event_type"] = "subscription_cancelled"
        return records

    def _rates(self, rate: float, seed: int) -> dict[str, str]:
        random, rates = Random(f"{seed}/{rate}"), {}
        for number in range((self.last_day - self.first_day).days + 1):
            rate += random.choice((-0.004, 0, 0.004))
            rates[(self.first_day + timedelta(days=number)).isoformat()] = f"{rate:.4f}"
        return rates


def _record(kind: str, row: Row) -> Row:
    given = {field: (column, row[column]) for column, field in _FIELDS[kind].items() if row[column] is not None}
    return {field: _value(column, field, value) for field, (column, value) in given.items()}


def _value(column: str, field: str, value: Any) -> Any:
    if field.endswith("_in_cents"):
        return int(Decimal(value) * 100)
    if column == "signed_up":
        return "-".join(reversed(value.split(".")))
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    return value.isoformat() if isinstance(value, date) else value
