"""What a stream is: tables that can be read from ChartMogul, page by page."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.exceptions import ChartMogulInvalidResponseError
from airflow_provider_chartmogul.streams.columns import JSON, Column, json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date, datetime

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.streams.windows import Window

EXTRA = Column("extra", JSON)

Row = dict[str, Any]
# the rows that one API record turns into, by table suffix
Record = dict[str, list[Row]]
Page = list[Record]


class LoadMode(StrEnum):
    """How what was read takes the place of what a table held.

    ``MERGE`` replaces the records that were read and keeps all others; where a row's place in time is what identifies
    it, that is the interval. ``REPLACE_INTERVAL`` replaces the rows of the interval that was read. ``REPLACE`` replaces
    all rows.
    """

    MERGE = "merge"
    REPLACE_INTERVAL = "replace_interval"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a stream.

    :param columns: the columns that have a field of their own. A column ``extra`` follows them: JSON of all fields
        without a column, under their API names, or null if there are none.
    :param key: the column that identifies a row, in metrics within one slice (see :class:`Scope`); never null.
    :param suffix: what a child table adds to the name of the main table; empty for the main table.
    :param parent_key: the column that holds the key of the main table's row, in child tables.
    :param required: further columns that are never null.
    """

    columns: tuple[Column, ...]
    key: str
    suffix: str = ""
    parent_key: str | None = None
    required: tuple[str, ...] = ()
    all_columns: tuple[Column, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "all_columns", (*self.columns, EXTRA))

    def row(self, stream: str, record: Mapping[str, Any]) -> Row:
        """Turn an API record into a row with a value for each column.

        :param stream: name of the stream, for errors.
        :param record: as the API sent it.
        :raises ChartMogulInvalidResponseError: a field is of another kind than its column, or a required one
            is missing; names stream, field and key of the record, never the value.
        """
        unknown = dict(record)
        row: Row = {}
        for column in self.columns:
            value = unknown.pop(column.api_field, None)
            try:
                row[column.name] = column.parse(value)
            except ValueError as err:
                raise ChartMogulInvalidResponseError(f"Stream {stream}, record {record.get(self.key)}: {err}") from None
        for name in (self.key, *self.required):
            if row[name] is None:
                raise ChartMogulInvalidResponseError(f"Stream {stream}: a record has no {name!r}")
        row[EXTRA.name] = json_text(unknown) if unknown else None
        return row


@dataclass(frozen=True, slots=True)
class Scope:
    """The rows that a reading restates: those of an interval, within one slice of the table.

    :param column: the date or timestamp column that places a row in time.
    :param start: first value, inclusive.
    :param end: end, exclusive.
    :param constants: columns that have one value in all rows of the reading; rows with others are left alone.
    """

    column: str
    start: date | datetime
    end: date | datetime
    constants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a stream. No record is requested until ``pages`` is iterated.

    :param pages: pages of records, each held only while it is worked on.
    :param scope: what the reading restates; ``None`` if the stream has no place in time.
    """

    pages: Iterator[Page]
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """What narrows a reading. A stream takes those that its ``options`` name.

    :param window: instants to read, for streams with a place in time.
    :param interval: bucket size of metrics.
    :param geo: metrics of customers in these countries (ISO 3166-1 alpha-2), comma-separated.
    :param plans: metrics of these plans, comma-separated.
    :param filters: metrics under this filter expression.
    :param data_source_uuid: records of this data source.
    """

    window: Window | None = None
    interval: str | None = None
    geo: str | None = None
    plans: str | None = None
    filters: str | None = None
    data_source_uuid: str | None = None

    def required_window(self) -> Window:
        """Return the window.

        :raises ValueError: there is none.
        """
        if self.window is None:
            raise ValueError("this stream is read by time: give interval_start and interval_end")
        return self.window


NARROWING = tuple(option.name for option in fields(Options) if option.name != "window")
"""Names of the options that a DAG author may set; a stream takes some of them."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Something that can be read from ChartMogul as one or several tables.

    :param name: name in the catalogue.
    :param tables: the main table, then its children.
    :param open: begins a reading.
    :param default_mode: how a load restates the table unless told otherwise.
    :param options: names of the fields of :class:`Options` that it takes, besides ``window``.
    :param intervals: bucket sizes of a metric; empty for other streams.
    """

    name: str
    tables: tuple[Table, ...]
    open: Callable[[ChartMogulClient, Options], Reading]
    default_mode: LoadMode = LoadMode.REPLACE
    options: frozenset[str] = frozenset()
    intervals: tuple[str, ...] = ()

    @property
    def windowed(self) -> bool:
        """Whether the stream is read for an interval of time; others can only be read as a whole."""
        return self.default_mode is LoadMode.REPLACE_INTERVAL

    def check(self, mode: str, options: Options) -> None:
        """Check that a mode and options fit the stream.

        :raises ValueError: they do not; says which.
        """
        if mode not in tuple(LoadMode):
            raise ValueError(f"load_mode must be one of {', '.join(LoadMode)}, not {mode!r}")
        if mode == LoadMode.REPLACE_INTERVAL and not self.windowed:
            raise ValueError(f"stream {self.name} cannot be read by time: its load_mode is replace or merge")
        for name in NARROWING:
            if getattr(options, name) and name not in self.options:
                raise ValueError(f"stream {self.name} takes no {name}")
        if options.interval and options.interval not in self.intervals:
            raise ValueError(
                f"interval of stream {self.name} must be one of {', '.join(self.intervals)}, not {options.interval!r}"
            )
