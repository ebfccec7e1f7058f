"""When two values of a field mean the same: dates as moments, and the API's defaults as if nothing was given."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.moments import as_utc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

Difference = tuple[str, Any, Any]
"""A field, and what it is in the source and in ChartMogul."""

_MOMENTS: Final = frozenset(
    {"date", "due_date", "service_period_start", "service_period_end", "event_date", "effective_date"}
)
_NUMBERS_AS_TEXT: Final = frozenset({"amount_in_cents", "tax_amount_in_cents", "quantity"})
_DEFAULTS: Final[Mapping[str, Any]] = {
    "quantity": 1,
    "amount_in_cents": 0,
    "tax_amount_in_cents": 0,
    "discount_amount_in_cents": 0,
    "transaction_fees_in_cents": 0,
    "balance_transfer": False,
    "prorated": False,
    "proration_type": "differential",
    "event_order": 0,
}


def differences(
    fields: Sequence[str], ours: Mapping[str, Any], theirs: Mapping[str, Any], prefix: str = ""
) -> Iterator[Difference]:
    """Yield the fields that differ, of those that both sides know.

    :param ours: record of the source; what is missing or None is not known.
    :param theirs: record of ChartMogul; what is missing is not known.
    :param prefix: what the names of the fields begin with.
    """
    for name in fields:
        if ours.get(name) is None or name not in theirs:
            continue
        mine, its = meant(name, ours[name]), meant(name, theirs[name])
        if mine != its:
            yield f"{prefix}{name}", mine, its


def meant(name: str, value: Any) -> Any:
    """Return the one form of all values of a field that mean the same."""
    if value is None or value == "":
        return _DEFAULTS.get(name)
    if name in _MOMENTS:
        return moment(value)
    if name in _NUMBERS_AS_TEXT and isinstance(value, str | float):
        # of subscription events, which keep the type that was sent
        return _number(value)
    return value


def moment(value: str | date) -> str:
    """Return an instant as text that sorts by time, to the millisecond, which is all that the API tells."""
    return _moment_of_text(value) if isinstance(value, str) else _text_of(as_utc(value))


@functools.lru_cache(maxsize=10_000)
def _moment_of_text(value: str) -> str:
    return _text_of(as_utc(value))


def _text_of(instant: datetime) -> str:
    return f"{instant.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"


def _number(value: str | float) -> Any:
    try:
        number = float(value)
    except ValueError:
        return value
    return int(number) if number.is_integer() else number
