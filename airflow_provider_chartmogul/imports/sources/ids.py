"""Ids that are numbers in other systems, and text to the API."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from airflow_provider_chartmogul.client.fields import SINGLE, table
from airflow_provider_chartmogul.imports.records import INPUT_KINDS, PARTS

_IDS: Final = (
    "external_id",
    "customer_external_id",
    "plan_external_id",
    "invoice_external_id",
    "subscription_external_id",
    "subscription_set_external_id",
    "retracted_event_id",
)
# nothing longer is an id
_HUGE: Final = 10**100


@functools.cache
def ids_as_text(kind: str, *, bulk: bool = True) -> Callable[[Any], Any]:
    """Return what makes text of whole numbers in the fields of a record that hold ids, also in the parts of it.

    The record itself stays as it is; without such numbers it is returned.

    :param kind: kind of the records.
    :param bulk: as a bulk import takes them; otherwise as the endpoints for single objects do.
    """
    if kind not in (INPUT_KINDS if bulk else SINGLE):
        # rows that are no records of the API
        return lambda record: record
    fields = table(kind, bulk=bulk)
    # single records may name others for which there is no field
    names = tuple(name for name in _IDS if not bulk or name in fields.checks or kind in PARTS)
    inner = tuple((name, ids_as_text(part, bulk=bulk)) for name, part in fields.parts.items() if name in PARTS)

    def converted(record: Any) -> Any:
        if not isinstance(record, Mapping):
            return record
        changes: dict[str, Any] = {}
        for name in names:
            value = record.get(name)
            if value is not None and type(value) is not str and (text := _whole(value)) is not None:
                changes[name] = text
        for name, convert in inner:
            those = record.get(name)
            if isinstance(those, list | tuple):
                new = [convert(part) for part in those]
                if any(after is not before for after, before in zip(new, those, strict=True)):
                    changes[name] = new
        return {**record, **changes} if changes else record

    return converted


def _whole(value: Any) -> str | None:
    if type(value) is int:
        return str(value) if abs(value) < _HUGE else None
    if isinstance(value, Decimal) and value.is_finite() and abs(value) < _HUGE and value == int(value):
        return str(int(value))
    return None
