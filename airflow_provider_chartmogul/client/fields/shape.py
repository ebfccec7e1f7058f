"""What there is to know about the fields of one kind of record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client.fields.values import Check

Condition = Callable[[Mapping[str, Any]], tuple[str, ...]]


def _nothing(_: Mapping[str, Any]) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Fields:
    """One kind of record.

    :param checks: the known fields, each with the check of its value.
    :param required: fields that no new record can do without.
    :param also_required: fields that a record needs because of what its others say.
    :param parts: fields that hold a list of records, each with the kind of these.
    :param objects: fields that hold one record, each with its kind.
    """

    checks: Mapping[str, Check]
    required: tuple[str, ...] = ()
    also_required: Condition = _nothing
    parts: Mapping[str, str] = field(default_factory=dict)
    objects: Mapping[str, str] = field(default_factory=dict)

    def also(self, *required: str, **checks: Check) -> Fields:
        """Return the same kind with further required fields and further or other known ones."""
        return replace(self, checks={**self.checks, **checks}, required=(*self.required, *required))

    def required_of(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the fields that this record needs."""
        return self.required + self.also_required(record)
