"""Python arguments to what the API takes: flags, comma lists, path segments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from airflow_provider_chartmogul.exceptions import ChartMogulInvalidResponseError
from airflow_provider_chartmogul.moments import Moment, as_day, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")
Record = dict[str, Any]


def comma(value: str | Iterable[str] | None) -> str | None:
    """Return several values as the API's comma-separated text; text passes as it is."""
    return value if value is None or isinstance(value, str) else ",".join(value)


def query(params: Mapping[str, Any]) -> dict[str, str | int]:
    """Drop what was not given, and write flags as the words ``true`` and ``false``."""
    return {
        name: ("true" if value else "false") if isinstance(value, bool) else value
        for name, value in params.items()
        if value is not None
    }


def moment(name: str, value: Moment | None) -> str | None:
    """Return what the API reads of a date or time, if one was given.

    :raises ValueError: it is none; names the argument.
    """
    return None if value is None else read_argument(name, value, as_text)


def day(name: str, value: Moment | None) -> str | None:
    """Return the calendar day, if one was given; of a point in time, the day in UTC.

    :raises ValueError: it is none; names the argument.
    """
    return None if value is None else read_argument(name, value, as_day).isoformat()


def read_argument(name: str, value: Moment, read: Callable[[Moment], T]) -> T:
    """Return what a reader of dates makes of an argument.

    :raises ValueError: as the reader does, with the name of the argument.
    """
    try:
        return read(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def filled(name: str, values: Sequence[T]) -> list[T]:
    """Return a list that holds something.

    :raises ValueError: it is empty, or no list: a text would be taken for its letters, a map for its keys. Names the
        argument.
    """
    if isinstance(values, str | Mapping) or not values:
        raise ValueError(f"{name} must be a list with at least one item")
    return list(values)


def path(template: str, *ids: str | int) -> str:
    """Fill ids into a path, escaped.

    :raises ValueError: for an empty id, which would address the whole collection.
    """
    segments = [str(value) for value in ids]
    if any(segment in ("", ".", "..") for segment in segments):
        raise ValueError(f"an id for {template} is empty or not an id")
    return template.format(*(quote(segment, safe="") for segment in segments))


def with_fields(record: object, names: Sequence[str], request: str) -> Record:
    """Return a record of an answer if it is an object that has these fields, with something in them.

    :param request: ``METHOD /path``.
    :raises ChartMogulInvalidResponseError: it lacks one.
    """
    if not isinstance(record, dict):
        raise ChartMogulInvalidResponseError(f"{request}: a record of the answer is not an object")
    for name in names:
        if record.get(name) is None:
            raise ChartMogulInvalidResponseError(f"{request}: the answer lacks the field {name!r}")
    return record


def json_default(value: object) -> str | float:
    """Write dates and decimals inside of request bodies; anything else that JSON lacks is the caller's mistake."""
    if isinstance(value, date):
        return as_text(value)
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


def json_for_people(value: object) -> str | float:
    """Write the same inside of files that tell of records: one that cannot be sent must still be seen."""
    try:
        return json_default(value)
    except TypeError:
        return str(value)
