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
    :param empty: required fields, each with the empty values (``""``, ``None``) that count as given.
    :param never_null: fields that can be left out, but not sent as null.
    :param changes: fields, each with the check of its value where that of a change may be another than a new record's.
    :param parts: fields that hold a list of records, each with the kind of these.
    :param objects: fields that hold one record, each with its kind.
    """

    checks: Mapping[str, Check]
    required: tuple[str, ...] = ()
    also_required: Condition = _nothing
    empty: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    never_null: tuple[str, ...] = ()
    changes: Mapping[str, Check] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    objects: Mapping[str, str] = field(default_factory=dict)

    def also(self, *required: str, **checks: Check) -> Fields:
        """Return the same kind with further required fields and further or other known ones."""
        return replace(self, checks={**self.checks, **checks}, required=(*self.required, *required))

    def required_of(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the fields that this record needs."""
        return self.required + self.also_required(record)

    def lacks(self, name: str, record: Mapping[str, Any]) -> bool:
        """Tell whether a required field of a record is not there or holds nothing."""
        value = record.get(name)
        return name not in record or (value in (None, "") and value not in self.empty.get(name, ()))
