"""Values of databases and Parquet as those that records hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

_AS_THEY_ARE: Final = frozenset({str, int, bool, type(None), date, datetime})

_HUGE: Final = 10**18


class UnfitValueError(ValueError):
    """A value that the API has no form for; the text says of which type it is, and never quotes it."""


def plain(value: Any) -> Any:
    """Return a value as text, number, truth value, date, list or dict; NaN is none.

    Decimals stay, unless they are whole.

    :raises UnfitValueError: it is something else.
    """
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, float | Decimal):
        return _number(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        # this is how Arrow gives maps
        return plain(dict(value))
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str | int | date):
        return value
    raise UnfitValueError(f"holds {type(value).__name__}, which the API cannot take")


def plain_row(names: list[str], values: tuple[Any, ...]) -> tuple[dict[str, Any], tuple[tuple[str, str], ...]]:
    """Return a record of plain values, and the columns at fault, each with what is wrong; there the value stays.

    :param names: of the columns.
    :param values: one for each.
    """
    record: dict[str, Any] = {}
    faults: tuple[tuple[str, str], ...] = ()
    for name, value in zip(names, values, strict=True):
        record[name] = value
        if type(value) in _AS_THEY_ARE:
            continue
        try:
            record[name] = plain(value)
        except UnfitValueError as error:
            faults = (*faults, (name, str(error)))
    return record, faults


def _number(value: float | Decimal) -> float | int | Decimal | None:
    if math.isnan(value):
        return None
    if math.isinf(value):
        raise UnfitValueError("is infinite, which the API cannot take")
    is_whole = isinstance(value, Decimal) and abs(value) < _HUGE and value == int(value)
    return int(value) if is_whole else value
