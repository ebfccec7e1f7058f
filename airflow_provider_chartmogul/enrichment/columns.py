"""What the columns of rows mean: whom a row is about, and what it wants."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from airflow_provider_chartmogul.client.fields import Problem
from airflow_provider_chartmogul.client.fields.attributes import checked_keys, checked_tags
from airflow_provider_chartmogul.client.fields.values import text
from airflow_provider_chartmogul.enrichment.difference import OwnedTags, Wanted
from airflow_provider_chartmogul.enrichment.values import TYPES, read

if TYPE_CHECKING:
    from typing import Self

KIND: Final = "enrichment"
"""The kind of these rows, where records of several kinds stand side by side."""

NAMES: Final = {
    "customer_uuid": ("customer_uuid",),
    "external_id": ("external_id", "data_source_uuid"),
    "email": ("email",),
}
"""The ways to name a customer, each with the columns that it takes."""

_ALL_TAGS: Final = "*"
_UUID: Final = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class Attribute:
    """A custom attribute and where its values are.

    :param key: of the attribute.
    :param type: one of :data:`~airflow_provider_chartmogul.enrichment.values.TYPES`.
    :param column: of the rows.
    """

    key: str
    type: str
    column: str


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of rows mean.

    :param naming: a key of :data:`NAMES`.
    :param names: its columns, by the field that they hold.
    :param attributes: the custom attributes.
    :param tags_column: the column that holds a list of tags.
    :param tag_flags: tag to the column that says whether a customer is to have it.
    :param owned: tags that the rows alone decide about.
    :param clears: whether NULL takes away what is there.
    """

    naming: str
    names: Mapping[str, str]
    attributes: Sequence[Attribute] = ()
    tags_column: str | None = None
    tag_flags: Mapping[str, str] = field(default_factory=dict)
    owned: OwnedTags = field(default_factory=OwnedTags)
    clears: bool = False

    @classmethod
    def given(
        cls,
        *,
        customer: object,
        attributes: object = None,
        tags_column: object = None,
        tag_flags: object = None,
        owned_tags: object = None,
        nulls: object = "keep",
    ) -> Self:
        """Return what arguments say, as ``ChartMogulEnrichCustomersOperator`` has them.

        :raises ValueError: one of them cannot be; names it.
        """
        naming, names = _naming(customer)
        column = None if tags_column is None else _column("tags_column", tags_column)
        flags = _flags(tag_flags)
        if attributes is None and column is None and not flags:
            raise ValueError("give at least one of attributes, tags_column and tag_flags")
        if owned_tags is not None and column is None and not flags:
            raise ValueError("owned_tags without tags_column or tag_flags would take tags off all customers")
        if nulls not in ("keep", "clear"):
            raise ValueError(f"nulls must be 'keep' or 'clear', not {nulls!r}")
        return cls(naming, names, _attributes(attributes), column, flags, _owned(owned_tags), nulls == "clear")

    @property
    def types(self) -> dict[str, str]:
        """The type of each attribute, by key."""
        return {attribute.key: attribute.type for attribute in self.attributes}

    def read(
        self, row: Mapping[str, Any], data_source_uuid: str | None = None
    ) -> tuple[dict[str, str], Wanted, list[Problem]]:
        """Return whom a row is about, as fields of :data:`NAMES` with their values, what it wants, and what is wrong.

        :param data_source_uuid: of all rows, of which none may name another one; else a column holds it.
        """
        faults: list[Problem] = []
        return self._name(row, data_source_uuid, faults), self._wanted(row, faults), faults

    def _name(self, row: Mapping[str, Any], data_source_uuid: str | None, faults: list[Problem]) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in NAMES[self.naming]:
            value: Any = row.get(self.names[name])
            if isinstance(value, int | UUID) and not isinstance(value, bool):
                value = str(value)
            of_all = data_source_uuid if name == "data_source_uuid" else None
            if of_all and (value is None or value == ""):
                value = of_all
            if of_all and value != of_all:
                # the same external id is another customer there
                faults.append(Problem(self.names[name], "is not the data source of the argument data_source_uuid"))
            elif complaint := _name_complaint(name, value):
                faults.append(Problem(self.names[name], complaint))
            else:
                found[name] = value
        return found

    def _wanted(self, row: Mapping[str, Any], faults: list[Problem]) -> Wanted:
        values: dict[str, Any] = {}
        cleared: list[str] = []
        for attribute in self.attributes:
            for value in _read(row, attribute.column, _typed(attribute), faults):
                if value is not None:
                    values[attribute.key] = value
                elif self.clears:
                    cleared.append(attribute.key)
        return Wanted(values, cleared, **self._tags(row, faults))

    def _tags(self, row: Mapping[str, Any], faults: list[Problem]) -> dict[str, Any]:
        named, refused, kept = set[str](), set[str](), set[str]()
        # flags say something about their own tags only
        exact = bool(self.owned.names) and self.tags_column is not None
        if self.tags_column is not None:
            for tags in _read(row, self.tags_column, _tags, faults):
                exact = exact and (tags is not None or self.clears)
                named.update(tags or ())
        for tag, column in self.tag_flags.items():
            for flag in _read(row, column, _flag, faults):
                (named if flag else kept if flag is None and not self.clears else refused).add(tag)
        return {
            "tags": sorted(named),
            "refused": sorted(refused - named),
            "kept": sorted(kept - named),
            "exact": exact,
        }


def _name_complaint(name: str, value: Any) -> str | None:
    if value is None or value == "":
        return "is missing"
    if complaint := text(value):
        return complaint
    # what is no id would address something else
    shaped = _UUID.fullmatch(value) if name.endswith("uuid") else value.strip()
    return None if shaped else "must be an id"


def _read(row: Mapping[str, Any], column: str, reader: Callable[[Any], Any], faults: list[Problem]) -> Iterator[Any]:
    """Yield the value of a column as it was read, ``None`` for NULL, nothing if it is at fault."""
    if column not in row:
        # NULL is a value; a column that is not there is a misspelt one
        faults.append(Problem(column, "is not a column of this row"))
        return
    value = row[column]
    if value is None or (isinstance(value, str) and not value.strip()):
        yield None
        return
    try:
        yield reader(value)
    except _UnfitError as error:
        faults.append(Problem(column, str(error)))


class _UnfitError(ValueError):
    """Says what a value must be."""


def _typed(attribute: Attribute) -> Callable[[Any], Any]:
    def typed(value: Any) -> Any:
        try:
            return read(attribute.type, value)
        except (TypeError, ValueError, OverflowError):
            # from None: the cause quotes the value
            raise _UnfitError(f"does not fit type {attribute.type} of attribute {attribute.key}") from None

    return typed


def _tags(value: Any) -> list[str]:
    try:
        if isinstance(value, str) and value.lstrip().startswith("["):
            # a list as some databases hand it out
            value = json.loads(value)
        if isinstance(value, str):
            value = [tag for part in value.split(",") if (tag := part.strip())]
        return checked_tags(value) if value != [] else []
    except ValueError:
        raise _UnfitError("must be a list of tags, or tags with commas between them") from None


def _flag(value: Any) -> bool:
    try:
        return bool(read("Boolean", value))
    except ValueError:
        raise _UnfitError("must be true or false") from None


def _column(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} must be the name of a column")
    return value


def _naming(customer: object) -> tuple[str, dict[str, str]]:
    columns = customer if isinstance(customer, Mapping) else {customer: customer}
    for naming, fields in NAMES.items():
        if naming in columns and columns.keys() <= set(fields):
            names = {name: columns.get(name, name) for name in fields}
            return naming, {name: _column(f"customer[{name!r}]", column) for name, column in names.items()}
    raise ValueError(f"customer must be one of {', '.join(NAMES)}, or map it to a column, not {customer!r}")


def _attributes(given: object) -> list[Attribute]:
    if given is None:
        return []
    if not isinstance(given, Mapping) or not given:
        raise ValueError("attributes must map at least one key to a type, or to a column and a type")
    checked_keys(list(given))
    return [_attribute(key, described) for key, described in given.items()]


def _attribute(key: str, described: object) -> Attribute:
    full = described if isinstance(described, Mapping) else {"type": described}
    if not {"type"} <= full.keys() <= {"type", "column"} or full["type"] not in TYPES:
        raise ValueError(f"attributes.{key} must be one of {', '.join(TYPES)}, or a mapping with type and column")
    return Attribute(key, full["type"], _column(f"attributes.{key}.column", full.get("column", key)))


def _flags(given: object) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not given:
        raise ValueError("tag_flags must map at least one tag to a column")
    checked_tags(list(given))
    return {tag: _column(f"tag_flags[{tag!r}]", column) for tag, column in given.items()}


def _owned(given: object) -> OwnedTags:
    if given is None:
        return OwnedTags()
    try:
        names = checked_tags([given] if isinstance(given, str) else given)
    except ValueError:
        raise ValueError("owned_tags must be tags, or their beginnings with * at the end") from None
    if _ALL_TAGS in names:
        raise ValueError("owned_tags must not be '*': tags that people and ChartMogul itself have set would go as well")
    return OwnedTags(tuple(names))
