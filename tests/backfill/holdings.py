"""What ChartMogul holds, record by record, against what was to be brought there."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow_provider_chartmogul.client import ChartMogulClient

Record = dict[str, Any]
Records = dict[str, list[Record]]

PARTS: Final = ("line_items", "transactions")
KINDS: Final = ("plans", "customers", "invoices", *PARTS, "subscription_events")
STATES: Final = ("created", "already_there", "rejected", "unknown", "not_sent")

_MOMENTS: Final = ("date", "_at", "_start", "_end")
"""How the names of fields end that hold a date."""

_SILENT: Final = frozenset({"cancelled_at", "description", "attributes"})
"""The API takes them of a line item or customer, and tells of them elsewhere or not at all."""


def assert_holds_exactly(
    client: ChartMogulClient, data_source: str, records: Mapping[str, Iterable[Mapping[str, Any]]]
) -> None:
    """Fail unless a data source holds each of these records once, as it was given, and no other.

    :param records: lists by kind; parts of invoices stand in them or beside them, all have an ``external_id``.
    """
    wanted, held = _flat(records), _held(client, data_source)
    for kind in KINDS:
        assert _names(held[kind]) == _names(wanted[kind]), f"{kind}: missing, too many or more than once"
        found = {record["external_id"]: record for record in held[kind]}
        for record in wanted[kind]:
            name, it = record["external_id"], found[record["external_id"]]
            other = {field: it.get(field) for field, value in record.items() if not _same(field, value, it)}
            assert not other, f"{kind}: {name} has {other}"


def nested(records: Mapping[str, Iterable[Mapping[str, Any]]]) -> Records:
    """Return records with line items and transactions in their invoices."""
    flat = _flat(records)
    parts: dict[tuple[str, str], list[Record]] = {}
    for kind in PARTS:
        for part in flat.pop(kind):
            parts.setdefault((kind, part.pop("invoice_external_id")), []).append(part)
    for invoice in flat["invoices"]:
        invoice |= {kind: parts.get((kind, invoice["external_id"]), []) for kind in PARTS}
    return flat


def states(result: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return the counts of an import's result that are not zero."""
    counts = {kind: {state: n for state, n in of.items() if n} for kind, of in result["records"].items()}
    assert all(set(of) <= set(STATES) for of in counts.values())
    return counts


def all_of(records: Mapping[str, Sequence[Any]], state: str) -> dict[str, dict[str, int]]:
    """Return :func:`states` of an import whose records are all in one state."""
    return {kind: {state: len(those)} for kind, those in records.items() if those}


def _flat(records: Mapping[str, Iterable[Mapping[str, Any]]]) -> Records:
    flat: Records = {kind: [dict(record) for record in records.get(kind, ())] for kind in KINDS}
    for invoice in flat["invoices"]:
        for kind in PARTS:
            flat[kind] += [{**part, "invoice_external_id": invoice["external_id"]} for part in invoice.pop(kind, ())]
    return flat


def _held(client: ChartMogulClient, data_source: str) -> Records:
    # refused invoices are kept as well, hidden
    invoices = list(client.invoices.list(data_source_uuid=data_source, validation_type="all"))
    assert not [invoice["errors"] for invoice in invoices if invoice["errors"]]
    return _flat(
        {
            "plans": client.plans.list(data_source_uuid=data_source),
            "customers": client.customers.list(data_source_uuid=data_source),
            "invoices": invoices,
            "subscription_events": client.subscription_events.list(data_source_uuid=data_source),
        }
    )


def _names(records: Iterable[Record]) -> Counter[str]:
    return Counter(str(record["external_id"]) for record in records)


def _same(field: str, value: Any, held: Record) -> bool:
    if field == "prorated" and held["type"] == "one_time":
        # means nothing there, and comes back as null
        return not value
    return field in _SILENT or _comparable(field, held.get(field)) == _comparable(field, value)


def _comparable(field: str, value: Any) -> Any:
    if not isinstance(value, str) or not field.endswith(_MOMENTS):
        return value
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
