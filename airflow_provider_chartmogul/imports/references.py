"""Compare the plans that records name with those that the data source has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.client.fields import parts
from airflow_provider_chartmogul.imports.validation import Rejection, Source, customer_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.records import BillingRecords

_KIND_OF_PARTS: Final = {"invoices": "line_items", "subscription_events": "subscription_events"}


def unknown_plans(records: BillingRecords, server_plans: Mapping[str, Any], rejected: set[Source]) -> list[Rejection]:
    """Refuse what names a plan that neither the input nor the data source has.

    The API would store such records, marked as failed and hidden, instead of refusing them.

    :param records: what is to be imported.
    :param server_plans: the plans of the data source by external id.
    :param rejected: input records that are refused already.
    """
    known = server_plans.keys() | {plan["external_id"] for plan in records.plans if "external_id" in plan}
    found: list[Rejection] = []
    for kind, kind_of_part in _KIND_OF_PARTS.items():
        for position, record in enumerate(records.of(kind), start=1):
            source = Source(kind, position)
            if source in rejected:
                continue
            for path, part in _named_parts(kind, record):
                plan = part.get("plan_external_id")
                if plan is not None and plan not in known:
                    external_id, name = part.get("external_id"), f"{path}plan_external_id"
                    message = f"names plan {plan!r}, which is neither in the input nor in the data source"
                    found.append(Rejection(kind_of_part, external_id, customer_of(kind, record), name, message, source))
    return found


def compare_plans(records: BillingRecords, server_plans: Mapping[str, Any]) -> list[str]:
    """Return a warning for each plan that the data source has with another interval: MRR depends on it."""
    warnings = []
    for plan in records.plans:
        there = server_plans.get(plan["external_id"]) if "external_id" in plan else None
        if there and any(plan.get(name) != there.get(name) for name in ("interval_count", "interval_unit")):
            warnings.append(
                f"plans: {plan['external_id']!r} is in the data source with an interval of "
                f"{there.get('interval_count')} {there.get('interval_unit')}; the input has another and is not sent"
            )
    return warnings


def _named_parts(kind: str, record: Record) -> list[tuple[str, Mapping[str, Any]]]:
    if kind != "invoices":
        return [("", record)]
    return [(f"line_items[{index}].", item) for index, item in enumerate(parts(record, "line_items"))]
