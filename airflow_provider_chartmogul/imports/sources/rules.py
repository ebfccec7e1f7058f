"""What is wrong with the rules of a mapping."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from airflow_provider_chartmogul.client.fields import misspelt
from airflow_provider_chartmogul.imports.sources.conversions import CONVERSIONS

if TYPE_CHECKING:
    from airflow_provider_chartmogul.imports.sources.shapes import Shapes

_OPTIONS: Final = {
    "constant": {"constant"},
    "column": {"column", "values", "convert", "format", "timezone", "default", "each"},
    "each": {"each"},
}
_OF_DATES: Final = ("format", "timezone")


def complaint(shapes: Shapes, kind: str, field: object, rule: object, mapping: Mapping[Any, Any]) -> str:
    """Return what is wrong with a field of a mapping and its rule, the mappings within left aside; or an empty text.

    :param shapes: what records look like.
    :param kind: kind of the records.
    :param mapping: the whole, since fields must not get into each other's way.
    """
    if not isinstance(field, str):
        return "must be the name of a field"
    if found := _unknown_field(shapes, kind, field):
        return found
    if any(str(other).startswith(f"{field}.") for other in mapping):
        return "is mapped both as a whole and in parts"
    return _rule_complaint(rule) or _each_complaint(shapes, kind, field, rule)


def kind_of_parts(shapes: Shapes, kind: str, field: str) -> str | None:
    """Return the kind of the records in the list that a field holds, if it holds one."""
    *folders, name = field.split(".")
    for folder in folders:
        kind = shapes.fields(kind).objects.get(folder, kind)
    return shapes.fields(kind).parts.get(name)


def _each_complaint(shapes: Shapes, kind: str, field: str, rule: Any) -> str:
    if isinstance(rule, str) or "each" not in rule:
        return ""
    if kind_of_parts(shapes, kind, field) is None:
        return "holds no list of records, and so can have no each"
    if "column" not in rule and (not isinstance(rule["each"], list | tuple) or not rule["each"]):
        return "has an each without column, which must be a list of mappings"
    return ""


def _unknown_field(shapes: Shapes, kind: str, field: str) -> str:
    fields = shapes.fields(kind)
    name, _, rest = field.partition(".")
    if name not in fields.checks:
        near = misspelt(kind, {name: None}, bulk=shapes.bulk).get(name)
        hint = f"is {near!r} meant?" if near else f"there are {', '.join(fields.checks)}"
        return f"is no field of {kind}; {hint}"
    if not rest:
        return ""
    if name in fields.objects:
        return _unknown_field(shapes, fields.objects[name], rest)
    return "" if fields.checks[name]({}) is None else f"is no field of {kind}: {name} has no parts"


def _rule_complaint(rule: object) -> str:
    if isinstance(rule, str):
        return "" if rule else "has no column"
    if not isinstance(rule, Mapping):
        return "must be the name of a column, or a mapping with column or constant"
    sort = next((key for key in _OPTIONS if key in rule), None)
    if unknown := [str(key) for key in rule if key not in _OPTIONS["column"] | _OPTIONS["constant"]]:
        return f"has an unknown key {_with_hint(unknown[0], sorted(_OPTIONS['column'] | _OPTIONS['constant']))}"
    if sort is None:
        return "must have column or constant"
    if surplus := [str(key) for key in rule if key not in _OPTIONS[sort]]:
        return f"has {sort} and so cannot have {', '.join(surplus)}"
    return _column_complaint(rule) if sort == "column" else ""


def _column_complaint(rule: Mapping[str, Any]) -> str:
    if not isinstance(rule["column"], str) or not rule["column"]:
        return "has a column that is no name"
    if not isinstance(rule.get("values", {}), Mapping):
        return "has values that are no mapping"
    convert = rule.get("convert")
    if convert is not None and str(convert) not in CONVERSIONS:
        return f"has an unknown conversion {_with_hint(str(convert), list(CONVERSIONS))}"
    if surplus := [key for key in _OF_DATES if rule.get(key) is not None and convert != "date"]:
        return f"has {surplus[0]}, which only goes with convert date"
    if not isinstance(rule.get("format", ""), str | None):
        return "has a format that is no text"
    return _timezone_complaint(rule.get("timezone"))


def _timezone_complaint(name: object) -> str:
    try:
        if name is not None:
            ZoneInfo(str(name))
    except (LookupError, ValueError, OSError):
        return f"has a timezone that is none: {name!r}"
    return ""


def _with_hint(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"{name!r}; {f'is {near[0]!r} meant?' if near else 'there are ' + ', '.join(known)}"
