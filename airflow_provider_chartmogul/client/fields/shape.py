"""What there is to know about the fields of one kind of record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client.fields.values import Check

Condition = Callable[[Mapping[str, Any]], tuple[str, ...]]


def _nothing(_: Mapping[str, Any]) -> tuple[str, ...]:
    return ()


class Rule(NamedTuple):
    """What a field must be because of others.

    :param field: the field at fault where the rule is broken; a record without it breaks no rule.
    :param others: the fields that it is judged by. Changes that lack one of them are not judged: it may be there.
    :param judge: takes a record in which the field is not None and good by itself, whatever the others are, and returns
        what is wrong with it, without quoting values, or None.
    """

    field: str
    others: tuple[str, ...]
    judge: Callable[[Mapping[str, Any]], str | None]


@dataclass(frozen=True, slots=True)
class Fields:
    """One kind of record.

    :param checks: the known fields, each with the check of its value.
    :param required: fields that no new record can do without.
    :param also_required: fields that a record needs because of what its others say.
    :param empty: required fields, each with the empty values (``""``, ``None``) that count as given.
    :param never_null: fields that can be left out, but not sent as null.
    :param changes: fields, each with the check of its value where that of a change may be another than a new record's.
    :param rules: what fields must be because of others.
    :param parts: fields that hold a list of records, each with the kind of these.
    :param objects: fields that hold one record, each with its kind.
    """

    checks: Mapping[str, Check]
    required: tuple[str, ...] = ()
    also_required: Condition = _nothing
    empty: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    never_null: tuple[str, ...] = ()
    changes: Mapping[str, Check] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)
    objects: Mapping[str, str] = field(default_factory=dict)

    def also(self, *required: str, **checks: Check) -> Fields:
        """Return the same kind with further required fields and further or other known ones."""
        return replace(self, checks={**self.checks, **checks}, required=(*self.required, *required))

    def missing(self, record: Mapping[str, Any], *, partial: bool) -> list[str]:
        """Return the required fields that are not there or hold nothing; of changes, those that would be emptied."""
        needed = [n for n in self.required if n in record] if partial else self.required + self.also_required(record)
        return [name for name in needed if record.get(name) in (None, "") and self._lacks(name, record)]

    def _lacks(self, name: str, record: Mapping[str, Any]) -> bool:
        return name not in record or record[name] not in self.empty.get(name, ())


def parts(record: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the records in a list that is a field of another, also of one that is not well formed."""
    value = record.get(name)
    return [part for part in value if isinstance(part, Mapping)] if isinstance(value, list | tuple) else []
