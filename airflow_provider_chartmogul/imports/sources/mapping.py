"""How fields of the API are made of the columns of a source: rules that are plain data.

A mapping is ``{field: rule}``. Fields may be dotted (``primary_contact.email``). A rule is the name of a column, or:

- ``{"constant": value}``
- ``{"column": name}`` with any of ``"values"`` (translations; they come first), ``"convert"`` (one of
  :data:`~airflow_provider_chartmogul.imports.sources.conversions.CONVERSIONS`; ``"date"`` takes ``"format"`` and
  ``"timezone"``), ``"default"`` (the value of the field where the column has none, or no translation)
- ``{"column": name, "each": mapping}`` for a list of records, whose own fields the inner mapping names as columns
- ``{"each": [mapping, …]}`` for a list of records that are made of columns of the same row; one that finds all its
  columns empty is left out
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from airflow_provider_chartmogul.client.fields import Problem
from airflow_provider_chartmogul.imports.sources.conversions import CONVERSIONS, readable
from airflow_provider_chartmogul.imports.sources.rules import complaint, kind_of_parts
from airflow_provider_chartmogul.imports.sources.shapes import BULK_SHAPES, Shapes

Read = Callable[[Mapping[str, Any], list[Problem]], Any]
"""Takes a row, returns the value of a field or ``None``, and enters what is wrong with it."""

_NOTHING: Final = object()


def check_mapping(kind: str, mapping: object, shapes: Shapes = BULK_SHAPES) -> None:
    """Refuse a mapping that cannot be used, whatever the source.

    :param kind: kind of the records.
    :param shapes: what records look like; by default, as a bulk import takes them.
    :raises ValueError: it names an unknown field, or has a rule that is none; the text names each.
    """
    compiled(kind, mapping, shapes)


def compiled(kind: str, mapping: object, shapes: Shapes) -> Mapper:
    """Return what maps rows.

    :param shapes: what records look like.
    :raises ValueError: as :func:`check_mapping` does.
    """
    complaints: list[str] = []
    mapper = _Compiler(shapes, kind, complaints).mapper("", mapping)
    if complaints:
        raise ValueError(f"mapping of {kind}: {'; '.join(complaints)}")
    return mapper


class Mapper:
    """Makes records of rows.

    :param plain: pairs of field and column, for the fields that are as their columns are.
    :param others: pairs of the path to a field and what reads it.
    :param columns: all columns that are read, each with a field that is made of it.
    :param fixed: fields that are constants.
    :param inner: the mappers within, each with what comes before the names of its columns.
    """

    def __init__(
        self,
        plain: Sequence[tuple[str, str]],
        others: Sequence[tuple[tuple[str, ...], Read]],
        columns: Mapping[str, str],
        fixed: frozenset[str],
        inner: Sequence[tuple[str, Mapper]],
    ) -> None:
        self.columns = columns
        self.fixed = fixed
        self._plain = tuple(plain)
        self._single = tuple((path[0], read) for path, read in others if len(path) == 1)
        self._nested = tuple((path, read) for path, read in others if len(path) > 1)
        self._inner = inner
        self._unseen = set(columns)

    def map(self, row: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
        """Return a record; what could not be read is as it was, and is entered as a problem."""
        if self._unseen:
            self._unseen.difference_update(row)
        record: dict[str, Any] = {}
        for name, column in self._plain:
            value = row.get(column)
            # NaN is not equal to itself
            if value is not None and value == value:
                record[name] = value
        for name, read in self._single:
            value = read(row, problems)
            if value is not None:
                record[name] = value
        for path, read in self._nested:
            value = read(row, problems)
            if value is not None:
                _put(record, path, value)
        return record

    def unseen(self) -> list[str]:
        """Return the columns that no row had."""
        within = [f"{place}{column}" for place, mapper in self._inner for column in mapper.unseen()]
        return sorted({*self._unseen, *within})


def _put(record: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *folders, name = path
    for folder in folders:
        record = record.setdefault(folder, {})
    record[name] = value


class _Compiler:
    def __init__(self, shapes: Shapes, kind: str, complaints: list[str]) -> None:
        self.shapes = shapes
        self.kind = kind
        self.complaints = complaints

    def mapper(self, place: str, mapping: object) -> Mapper:
        """Return the mapper of one mapping, and enter what is wrong with it.

        :param place: comes before its fields in complaints.
        """
        plain: list[tuple[str, str]] = []
        others: list[tuple[tuple[str, ...], Read]] = []
        columns: dict[str, str] = {}
        fixed: set[str] = set()
        inner: list[tuple[str, Mapper]] = []
        if not isinstance(mapping, Mapping) or not mapping:
            self.complaints.append(f"{place.rstrip('.')} must be a mapping of fields to columns".lstrip())
            mapping = {}
        for field, rule in mapping.items():
            found = complaint(self.shapes, self.kind, field, rule, mapping)
            if found:
                self.complaints.append(f"{place}{field} {found}")
                continue
            path = tuple(field.split("."))
            rule = {"column": rule} if isinstance(rule, str) else rule
            if "constant" in rule:
                fixed.add(path[0])
            if "column" in rule:
                columns.setdefault(rule["column"], field)
            if rule.keys() == {"column"} and len(path) == 1:
                plain.append((field, rule["column"]))
                continue
            others.append((path, self.reading(f"{place}{field}.", field, rule, columns, inner)))
        return Mapper(plain, others, columns, frozenset(fixed), inner)

    def reading(
        self, place: str, field: str, rule: Mapping[str, Any], columns: dict[str, str], inner: list[tuple[str, Mapper]]
    ) -> Read:
        """Return what reads a field, and enter which columns and mappers that takes."""
        if "constant" in rule:
            return _constant(rule["constant"])
        if "each" not in rule:
            return _column(field, rule)
        compiler = _Compiler(self.shapes, str(kind_of_parts(self.shapes, self.kind, field)), self.complaints)
        if "column" in rule:
            mapper = compiler.mapper(place, rule["each"])
            inner.append((f"{rule['column']}[].", mapper))
            return _each_item(field, _column(field, {key: rule[key] for key in rule if key != "each"}), mapper)
        mappers = [compiler.mapper(f"{place}each[{index}].", one) for index, one in enumerate(rule["each"])]
        for mapper in mappers:
            columns.update({column: field for column in mapper.columns if column not in columns})
            inner.append(("", mapper))
        return _each_mapping(field, mappers)


def _constant(value: Any) -> Read:
    if isinstance(value, dict | list):
        return lambda _row, _problems: copy.deepcopy(value)
    return lambda _row, _problems: value


def _column(field: str, rule: Mapping[str, Any]) -> Read:
    column, name, values = rule["column"], rule.get("convert"), rule.get("values")
    convert = CONVERSIONS[name](rule.get("format"), rule.get("timezone")) if name else None
    complaint = f"cannot be read as {name}: {readable(name, rule.get('format'))}" if name else ""
    default = _constant(rule.get("default"))
    has_default = rule.get("default") is not None

    def read(row: Mapping[str, Any], problems: list[Problem]) -> Any:
        given = row.get(column)
        # NaN is not equal to itself
        if given is None or given != given:
            return default(row, problems)
        value = given
        if values is not None:
            value = _translated(values, given)
            if value is _NOTHING:
                if not has_default and given != "":
                    problems.append(Problem(field, "has no translation in values"))
                    return given
                value = ""
        if value == "":
            return default(row, problems) if has_default or convert else value
        if convert is None or value is None:
            return value
        try:
            return convert(value)
        except (ValueError, TypeError, ArithmeticError):
            problems.append(Problem(field, complaint))
            return given

    return read


def _translated(values: Mapping[Any, Any], value: Any) -> Any:
    """Look a value up, or its text: keys of JSON are text."""
    if isinstance(value, bool):
        value = "true" if value else "false"
    try:
        found = values.get(value, _NOTHING)
    except TypeError:
        return _NOTHING
    return values.get(str(value), _NOTHING) if found is _NOTHING else found


def _each_item(field: str, whole: Read, mapper: Mapper) -> Read:
    def read(row: Mapping[str, Any], problems: list[Problem]) -> Any:
        items = whole(row, problems)
        if items is None:
            return None
        if not isinstance(items, list | tuple):
            if not problems or problems[-1].field != field:
                problems.append(Problem(field, "must be a list"))
            return items
        records: list[Any] = []
        found: list[Problem] = []
        for index, item in enumerate(items):
            if isinstance(item, Mapping):
                records.append(mapper.map(item, found))
            else:
                records.append(item)
                found.append(Problem("", "must be an object"))
            if found:
                problems += [Problem(f"{field}[{index}].{one.field}".rstrip("."), one.message) for one in found]
                found.clear()
        return records

    return read


def _each_mapping(field: str, mappers: Sequence[Mapper]) -> Read:
    def read(row: Mapping[str, Any], problems: list[Problem]) -> Any:
        records: list[Any] = []
        for mapper in mappers:
            found: list[Problem] = []
            record = mapper.map(row, found)
            if mapper.columns and record.keys() <= mapper.fixed:
                continue
            problems += [Problem(f"{field}[{len(records)}].{one.field}", one.message) for one in found]
            records.append(record)
        return records or None

    return read
