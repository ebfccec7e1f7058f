"""Which customers and plans a metrics request is about: ``geo``, ``plans`` and the filter language (CFL)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator.analytics.metrics import MetricsParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from airflow_provider_chartmogul.emulator.analytics.history import History
    from airflow_provider_chartmogul.emulator.analytics.model import Account, Plan

    Value = str | Decimal | bool
    Test = Callable[[Collection[Value], list[Value]], bool]

_CONDITION = re.compile(r"(?P<field>[\w.-]+)~(?P<operator>[A-Z_]+)~(?P<values>(?:'[^']*'|[^~'])+)(?:~AND~|$)")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_VALUE = re.compile(r"\s*(?:'([^']*)'|([^',~]+?))\s*(?:,|$)")


class FilterError(MetricsParameterError):
    """A ``filters`` expression that is malformed, or names a field or operator that is not supported."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "filters")


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a CFL expression."""

    field: str
    operator: str
    values: list[Value]

    def holds(self, actual: Collection[Value]) -> bool:
        """Whether a field with these values (none, one or several) satisfies it."""
        return _OPERATORS[self.operator](actual, self.values)


@dataclass(frozen=True, slots=True)
class Selection:
    """Customers and plans that a request is about.

    :param countries: ISO codes; None = all.
    :param plans: names, uuids or external ids; None = all.
    """

    countries: frozenset[str] | None
    plans: frozenset[str] | None
    conditions: tuple[Condition, ...]

    @classmethod
    def parse(cls, geo: str | None, plans: str | None, filters: str | None) -> Selection:
        """Read the three query parameters.

        :raises FilterError: for a ``filters`` that cannot be read or is not supported.
        """
        return cls(_listed(geo), _listed(plans), tuple(parse_filters(filters)) if filters else ())

    @property
    def filters_plans(self) -> bool:
        """Whether it leaves plans out."""
        return self.plans is not None or any(condition.field == "plan" for condition in self.conditions)

    @property
    def filters_customers(self) -> bool:
        """Whether it leaves customers out."""
        return self.countries is not None or any(condition.field != "plan" for condition in self.conditions)

    def keeps_plan(self, plan: Plan) -> bool:
        """Whether subscriptions on a plan count."""
        names: list[Value] = [name for name in (plan.name, plan.uuid, plan.external_id) if name]
        return (self.plans is None or not self.plans.isdisjoint(map(str, names))) and all(
            condition.holds(names) for condition in self.conditions if condition.field == "plan"
        )

    def keeps_customer(self, history: History, now: datetime, account: Account) -> bool:
        """Whether a customer counts, by what it is at present."""
        if self.countries is not None and history.customer.country not in self.countries:
            return False
        return all(
            condition.holds(_actual(condition, history, now, account))
            for condition in self.conditions
            if condition.field != "plan"
        )


def parse_filters(expression: str) -> list[Condition]:
    """Read a CFL expression: ``field~OPERATOR~value,value~AND~…``.

    :raises FilterError: if it is malformed or not supported.
    """
    conditions, position = [], 0
    while position < len(expression):
        match = _CONDITION.match(expression, position)
        if match is None:
            raise FilterError(f"parameter 'filters' cannot be read from: {expression[position:]}")
        conditions.append(_condition(match["field"], match["operator"], match["values"]))
        position = match.end()
    if expression.endswith("~AND~"):
        raise FilterError("parameter 'filters' ends with ~AND~")
    return conditions


def _condition(field: str, operator: str, text: str) -> Condition:
    if field not in _FIELDS and not field.startswith("custom."):
        raise FilterError(f"parameter 'filters' has an unsupported field: {field}")
    if operator not in _OPERATORS:
        raise FilterError(f"parameter 'filters' has an unknown operator: {operator}")
    values = _values(text)
    if operator == "BETWEEN" and len(values) != 2:
        raise FilterError("parameter 'filters': BETWEEN takes two values")
    if field == "mrr" and not all(isinstance(value, Decimal) for value in values):
        raise FilterError("parameter 'filters': mrr takes numbers")
    if field == "customer_status":
        values = [_status(str(value)) for value in values]
    return Condition(field, operator, values)


def _values(text: str) -> list[Value]:
    values: list[Value] = []
    position = 0
    while position < len(text):
        match = _VALUE.match(text, position)
        if match is None:
            raise FilterError(f"parameter 'filters' has an unreadable value: {text}")
        values.append(match[1] if match[1] is not None else _bare(match[2]))
        position = match.end()
    return values


def _bare(text: str) -> Value:
    """An unquoted value: a number, true or false; dates and uuids stay text."""
    if text in ("true", "false"):
        return text == "true"
    return Decimal(text) if _NUMBER.fullmatch(text) else text


def _listed(text: str | None) -> frozenset[str] | None:
    return frozenset(part.strip() for part in text.split(",")) if text else None


def _status(name: str) -> str:
    return name.lower().replace(" ", "_")


_FIELDS: dict[str, Callable[[History, datetime, Account], Collection[Any]]] = {
    "region": lambda history, now, account: _present(history.customer.country),
    "currency": lambda history, now, account: {item.currency for item in history.customer.line_items},
    "mrr": lambda history, now, account: [Decimal(history.mrr(now)) / 100],
    "customer_status": lambda history, now, account: [_status(history.status(now, account))],
    "tags": lambda history, now, account: history.customer.tags,
    "plan": lambda history, now, account: (),  # a condition on subscriptions: Selection.keeps_plan
}


def _actual(condition: Condition, history: History, now: datetime, account: Account) -> Collection[Value]:
    if condition.field in _FIELDS:
        return _FIELDS[condition.field](history, now, account)
    return [_comparable(value) for value in _present(history.customer.custom.get(condition.field[len("custom.") :]))]


def _present(value: object) -> list[Any]:
    return [] if value is None else [value]


def _comparable(value: Any) -> Value:
    if isinstance(value, bool):
        return value
    return Decimal(str(value)) if isinstance(value, int | float | Decimal) else str(value)


def _compares(test: Callable[[Any, Any], bool]) -> Test:
    """An operator that holds if some value of the field, of the same kind, passes against the first one given."""
    return lambda actual, given: any(test(value, given[0]) for value in actual if type(value) is type(given[0]))


def _contains(actual: Collection[Value], given: list[Value]) -> bool:
    return any(str(part) in str(value) for value in actual for part in given)


def _equals(actual: Collection[Value], given: list[Value]) -> bool:
    return any(value in actual for value in given)


_OPERATORS: dict[str, Test] = {
    "ANY": _equals,
    "ALL": lambda actual, given: all(value in actual for value in given),
    "NONE": lambda actual, given: not _equals(actual, given),
    "EQ": _equals,
    "NOT_EQ": lambda actual, given: not _equals(actual, given),
    "IS": _equals,
    "IS_NOT": lambda actual, given: not _equals(actual, given),
    "GT": _compares(lambda value, limit: value > limit),
    "GTE": _compares(lambda value, limit: value >= limit),
    "LT": _compares(lambda value, limit: value < limit),
    "LTE": _compares(lambda value, limit: value <= limit),
    "BETWEEN": lambda actual, given: any(
        type(value) is type(given[0]) is type(given[1]) and given[0] <= value <= given[1]  # type: ignore[operator]
        for value in actual
    ),
    "CONTAINS": _contains,
    "NOT_CONTAINS": lambda actual, given: not _contains(actual, given),
}
