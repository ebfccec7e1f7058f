"""What goes into a bulk import: customers, plans, invoices with their parts, and subscription events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_chartmogul.client.values import Record

INPUT_KINDS: Final = ("customers", "plans", "invoices", "subscription_events")
API_KINDS: Final = ("customers", "plans", "invoices", "line_items", "transactions", "subscription_events")


@dataclass(slots=True)
class BillingRecords:
    """Records of one data source, joined by external ids.

    Fields are those of ChartMogul's bulk import (``/reference/bulk-import``); money is integer cents, dates are text as
    the API takes it (``2026-03-01``, ISO 8601, ``2026-03-01 00:00:00 UTC``) or ``date`` and ``datetime`` objects.

    :param customers: ``external_id`` and any field of a customer.
    :param plans: ``external_id``, ``name``, ``interval_count``, ``interval_unit`` (day, month, year).
    :param invoices: ``external_id``, ``customer_external_id``, ``date``, ``currency``, and nested ``line_items`` (at
        least one; they name their plan by ``plan_external_id``) and ``transactions``.
    :param subscription_events: ``customer_external_id``, ``subscription_external_id``, ``event_type``, ``event_date``,
        ``effective_date``.
    """

    customers: list[Record] = field(default_factory=list)
    plans: list[Record] = field(default_factory=list)
    invoices: list[Record] = field(default_factory=list)
    subscription_events: list[Record] = field(default_factory=list)

    def of(self, kind: str) -> list[Record]:
        """Return the records of one kind of :data:`INPUT_KINDS`."""
        records: list[Record] = getattr(self, kind)
        return records

    def extend(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Add records of mixed kinds, each as ``{"kind": "invoices", "record": {…}}``; other keys are ignored.

        This is how rejected records are written, so that a corrected file can be imported as it is.

        :raises ValueError: a line has no known kind or no record.
        """
        for number, line in enumerate(lines, start=1):
            kind, record = line.get("kind"), line.get("record")
            if kind not in INPUT_KINDS or not isinstance(record, dict):
                raise ValueError(f'line {number} must be {{"kind": one of {", ".join(INPUT_KINDS)}, "record": object}}')
            self.of(kind).append(record)
