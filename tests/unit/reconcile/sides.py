"""Two sides of a comparison: the records of a source, and a ChartMogul that can be changed behind their back."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.imports import Given, Limits, Pace, import_billing
from airflow_provider_chartmogul.reconcile import Reconciliation, Window
from tests.unit.imports.samples import cancellation, customer, invoice, line_item, plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient

Records = dict[str, list[dict[str, Any]]]


def item(number: int, **fields: Any) -> dict[str, Any]:
    return line_item(number, **{"external_id": f"inv-{number}-seats", **fields})


def payment(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "external_id": f"inv-{number}-paid",
        "type": "payment",
        "result": "successful",
        "date": "2026-03-02",
        **fields,
    }


def bill(number: int, **fields: Any) -> dict[str, Any]:
    return invoice(number, **{"line_items": [item(number)], "transactions": [payment(number)], **fields})


def history() -> Records:
    """Three customers with a subscription of 50.00 a month each; that of the first has ended."""
    return {
        "plans": [plan()],
        "customers": [customer(number) for number in (1, 2, 3)],
        "invoices": [bill(number) for number in (1, 2, 3)],
        "subscription_events": [cancellation(1, external_id="end-1")],
    }


@dataclass
class Found:
    """What a comparison has found."""

    summary: dict[str, Any]
    rows: list[dict[str, Any]]
    fixes: list[dict[str, Any]]
    extras: list[dict[str, Any]]
    updates: list[dict[str, Any]]
    short: set[tuple[Any, ...]] = field(init=False)
    """Of each row: kind, what it is about, field, and the values of both sides."""

    def __post_init__(self) -> None:
        self.short = {
            (
                row["kind"],
                f"{row['customer_external_id']} {row['month']} {row['currency']}"
                if row["level"] == "month"
                else row["external_id"],
                row["field"],
                row["source_value"],
                row["chartmogul_value"],
            )
            for row in self.rows
        }


@dataclass
class Sides:
    """A source and a data source, equal at first."""

    client: ChartMogulClient
    data_source: str
    records: Records

    def store(self, records: Mapping[str, Iterable[Any]], name: str = "") -> None:
        """Import something."""
        given = deepcopy({kind: list(those) for kind, those in records.items()})
        result = import_billing(
            self.client, self.data_source, given, limits=Limits(scope=name), pace=Pace(0.001, timeout=30)
        )
        result.raise_for_failures()

    def invoice(self, external_id: str) -> dict[str, Any]:
        """Return an invoice as ChartMogul has it."""
        return dict(self.client.invoices.retrieve_by_external_id(self.data_source, external_id))

    def uuids(self) -> dict[str, str]:
        """Return the uuids of all customers by external id."""
        return {
            one["external_id"]: one["uuid"] for one in self.client.customers.list(data_source_uuid=self.data_source)
        }

    def replace(self, invoice: dict[str, Any]) -> None:
        """Let ChartMogul have another invoice of this name."""
        self.client.invoices.delete_by_external_id(self.data_source, invoice["external_id"])
        self.store({"invoices": [invoice]}, name="replaced")

    def compare(
        self, records: Mapping[str, Iterable[Any]] | None = None, window: Window | None = None, **options: Any
    ) -> Found:
        """Compare the records of the source, or others, with what ChartMogul holds."""
        given = self.records if records is None else records
        with Reconciliation(self.client, self.data_source, given.keys(), window, **options) as found:
            found.read(one if isinstance(one, Given) else Given(kind, one, "") for kind in given for one in given[kind])
            found.compare()
            offers = (list(found.fixes()), list(found.extras()), list(found.updates()))
            return Found(found.summary(), list(found.differences()), *offers)


def reasons(found: Found) -> set[str | None]:
    """Return why nothing is offered for the invoices that differ, or ``None`` where something is."""
    kinds = ("different", "extra", "voided")
    return {row["message"] for row in found.rows if row["kind"] in kinds and row["level"] == "invoice"}


def sums(
    number: int,
    ours: tuple[int, int, int, int] = (1, 5000, 1, 5000),
    theirs: tuple[int, int, int, int] = (1, 5000, 1, 5000),
) -> set[tuple[Any, ...]]:
    """Return the rows about the sums of a customer in March that differ."""
    names = ("invoices", "amount_in_cents", "payments", "payments_in_cents")
    return {
        ("sum", f"acct-{number} 2026-03 USD", name, mine, its)
        for name, mine, its in zip(names, ours, theirs, strict=True)
        if mine != its
    }


NOTHING = (0, 0, 0, 0)
