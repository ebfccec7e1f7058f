"""From a record of the API to the rows of its tables: its own, and those of the lists that it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_chartmogul.exceptions import ChartMogulInvalidResponseError
from airflow_provider_chartmogul.streams.model import Record

if TYPE_CHECKING:
    from airflow_provider_chartmogul.streams.model import Table

ApiRecord = Mapping[str, Any]


def itself(stream: str, record: ApiRecord) -> Iterable[ApiRecord]:
    """Return what the main table has of a record: one row."""
    return (record,)


class Member(NamedTuple):
    """One table of a family: of the tables that are filled from the same records.

    :param table: the table.
    :param items: returns what of a record become its rows; takes the name of the stream, for errors.
    """

    table: Table
    items: Callable[[str, ApiRecord], Iterable[ApiRecord]] = itself

    def alone(self) -> Member:
        """Return the same as the only table of a stream of its own.

        A record that has no rows in it is still read: without rows, so that those that it had are removed.
        """
        return self._replace(table=replace(self.table, suffix=""))


def record_of(stream: str, key: str, members: Sequence[Member]) -> Callable[[ApiRecord], Record]:
    """Return what makes the rows of a record.

    :param stream: name of the stream, for errors.
    :param key: the field that identifies a record.
    :param members: the tables, the main one first.
    """
    return partial(_record, stream, key, members)


def _record(stream: str, key: str, members: Sequence[Member], record: ApiRecord) -> Record:
    """Make the rows of a record.

    :raises ChartMogulInvalidResponseError: it has no key, or something in it is of another kind than it should be.
    """
    value = record.get(key)
    if not isinstance(value, (str, int)):
        raise ChartMogulInvalidResponseError(f"Stream {stream}: a record has no {key!r}")
    rows = {table.suffix: [table.row(stream, item) for item in items(stream, record)] for table, items in members}
    return Record(str(value), rows)


def listed(stream: str, record: ApiRecord, field: str, kind: type) -> list[Any]:
    """Return the list in a field, empty if there is none.

    :raises ChartMogulInvalidResponseError: it is no list, or holds something of another kind.
    """
    value = record.get(field)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, kind) for one in value):
        what = "objects" if kind is dict else "texts"
        raise ChartMogulInvalidResponseError(f"Stream {stream}: field {field!r} is no list of {what}")
    return value


def mapped(stream: str, record: ApiRecord, field: str) -> dict[str, Any]:
    """Return the object in a field, empty if there is none.

    :raises ChartMogulInvalidResponseError: it is no object.
    """
    value = record.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ChartMogulInvalidResponseError(f"Stream {stream}: field {field!r} is no object")
    return value
