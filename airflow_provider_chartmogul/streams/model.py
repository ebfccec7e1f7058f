"""What a stream is: tables that can be read from ChartMogul, page by page, in parts that can be walked side by side."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_chartmogul.exceptions import ChartMogulInvalidResponseError
from airflow_provider_chartmogul.streams.columns import FIT, JSON, PARSERS, UNFIT, Column, json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.streams.windows import Window

EXTRA = Column("extra", JSON)

Row = dict[str, Any]


class Record(NamedTuple):
    """What one record of the API became.

    :param key: what identifies the record; where it is read twice, it counts as one.
    :param rows: its rows, by table suffix; ``None`` if the record is there but was not read, since it is unchanged.
    """

    key: str
    rows: dict[str, list[Row]] | None


class Page(NamedTuple):
    """What one page of the API became.

    :param records: its records, in the order of the API.
    :param cursor: where the part goes on; ``None`` if it ends here.
    :param parts: parts of the reading that became known with this page.
    :param total: how many pages the part has, where the API says so.
    """

    records: Sequence[Record]
    cursor: str | None = None
    parts: Sequence[str] = ()
    total: int | None = None


class LoadMode(StrEnum):
    """How what was read takes the place of what a table held.

    ``MERGE`` replaces the records that were read and keeps all others; where a row's place in time is what identifies
    it, that is the interval. ``REPLACE_INTERVAL`` replaces the rows of the interval that was read. ``REPLACE`` replaces
    all rows. ``APPEND`` adds the records that the table does not hold yet and never touches those that it does.
    ``SNAPSHOT`` keeps what earlier loads reported: rows carry the moment that they were read for (``as_of``), and only
    rows of the same moment are replaced.
    """

    MERGE = "merge"
    REPLACE_INTERVAL = "replace_interval"
    REPLACE = "replace"
    APPEND = "append"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a stream.

    :param columns: the columns that have a field of their own. A column ``extra`` follows them: JSON of all fields
        without a column, under their API names, or null if there are none.
    :param key: the columns that together identify a row; never null.
    :param record_key: the column that holds :attr:`Record.key`: what is replaced together when a record is read anew.
        The only column of ``key`` unless given.
    :param suffix: what a child table adds to the name of the main table; empty for the main table.
    :param required: further columns that are never null.
    :param elsewhere: fields that other tables hold, and that are not kept in ``extra`` therefore.
    """

    columns: tuple[Column, ...]
    key: tuple[str, ...]
    record_key: str = ""
    suffix: str = ""
    required: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    all_columns: tuple[Column, ...] = field(init=False)
    _nulls: Row = field(init=False, repr=False, compare=False)
    _plan: dict[str, tuple[str, type | None, Callable[[Any], Any]]] = field(init=False, repr=False, compare=False)
    _never_null: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        def set_(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        set_("record_key", self.record_key or self.key[0])
        set_("all_columns", (*self.columns, EXTRA))
        set_("_nulls", dict.fromkeys(column.name for column in self.all_columns))
        set_("_plan", {one.api_field: (one.name, FIT.get(one.type), PARSERS[one.type]) for one in self.columns})
        set_("_never_null", (*self.key, *self.required))

    def row(self, stream: str, record: Mapping[str, Any]) -> Row:
        """Turn an API record into a row with a value for each column.

        :param stream: name of the stream, for errors.
        :param record: as the API sent it.
        :raises ChartMogulInvalidResponseError: a field is of another kind than its column, or a required one
            is missing; names stream, field and key of the record, never the value.
        """
        row = self._nulls.copy()
        plan = self._plan
        # in the order of the record, so that equal records give equal text
        unknown = {}
        try:
            for field_, value in record.items():
                if field_ in plan:
                    if value is not None:
                        name, fit, parse = plan[field_]
                        row[name] = value if type(value) is fit else parse(value)
                elif field_ not in self.elsewhere:
                    unknown[field_] = value
        except UNFIT:
            raise self._complaint(stream, record) from None
        for name in self._never_null:
            if row[name] is None:
                raise ChartMogulInvalidResponseError(f"Stream {stream}: a record has no {name!r}")
        if unknown:
            row[EXTRA.name] = json_text(unknown)
        return row

    def _complaint(self, stream: str, record: Mapping[str, Any]) -> ChartMogulInvalidResponseError:
        fields = {column.name: column.api_field for column in self.columns}
        key = " ".join(str(value) for name in self.key if (value := record.get(fields[name])))
        for column in self.columns:
            try:
                column.parse(record.get(column.api_field))
            except ValueError as error:
                return ChartMogulInvalidResponseError(f"Stream {stream}, record {key}: {error}")
        raise AssertionError("every field is fit")


@dataclass(frozen=True, slots=True)
class Scope:
    """The rows that a reading restates: those of an interval, within one slice of the table.

    :param column: the date or timestamp column that places a row in time.
    :param start: first value, inclusive.
    :param end: end, exclusive.
    :param constants: columns that have one value, or one of a few, in all rows of the reading; rows with others are
        left alone. Without a single value (``()``) the reading has no rows and restates none.
    """

    column: str
    start: date | datetime
    end: date | datetime
    constants: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a stream; :func:`~airflow_provider_chartmogul.streams.reading.pages` walks it.

    :param walk: yields the pages of a part, from its beginning or from a cursor that a page gave.
    :param parts: names the parts to begin with; asked once, when the walk begins.
    :param scope: what the reading restates; ``None`` if the stream has no place in time.
    :param hurry: called when the walk is given up: pages that are under way need not be completed.
    """

    walk: Callable[[str, str | None], Iterator[Page]]
    parts: Callable[[], Sequence[str]] = lambda: ("",)
    scope: Scope | None = None
    hurry: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Options:
    """What narrows a reading. A stream takes those that its ``options`` name.

    :param window: instants to read, for streams with a place in time.
    :param interval: bucket size of metrics.
    :param geo: metrics of customers in these countries (ISO 3166-1 alpha-2), comma-separated.
    :param plans: metrics of these plans, comma-separated.
    :param filters: metrics under this filter expression.
    :param split_by: ``geo``, ``plans`` or ``filters``: metrics of each single value, instead of all together.
    :param split_values: the values of ``split_by``; if empty, all plans or the countries of all customers.
    :param data_source_uuid: records of this data source.
    """

    window: Window | None = None
    interval: str | None = None
    geo: str | None = None
    plans: str | None = None
    filters: str | None = None
    split_by: str | None = None
    split_values: tuple[str, ...] = ()
    data_source_uuid: str | None = None

    def required_window(self) -> Window:
        """Return the window.

        :raises ValueError: there is none.
        """
        if self.window is None:
            raise ValueError("this stream is read by time: give interval_start and interval_end")
        return self.window


SEGMENTS = ("geo", "plans", "filters")
"""Options that make a metric that of some customers or plans only, and by each of which it can be split."""

NARROWING = tuple(option.name for option in fields(Options) if option.name not in ("window", "split_values"))
"""Names of the options that a DAG author may set; a stream takes some of them."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Something that can be read from ChartMogul as one or several tables.

    :param name: name in the catalogue.
    :param about: what a row is, for the documentation.
    :param endpoint: the requests that it reads with, for the documentation.
    :param tables: the main table, then its children.
    :param open: begins a reading; requests nothing but what the scope depends on.
    :param split: along what it is read in parallel; empty if it is not.
    :param time_column: the column that places a row of the main table in time; empty if there is none.
    :param default_mode: how a load restates the table unless told otherwise.
    :param remarks: how it changes later and what is uncertain of it, for the documentation.
    :param options: names of the fields of :class:`Options` that it takes, besides ``window``.
    :param intervals: bucket sizes of a metric; empty for other streams.
    """

    name: str
    about: str
    endpoint: str
    tables: tuple[Table, ...]
    open: Callable[[ChartMogulClient, Options], Reading]
    split: str = ""
    time_column: str = ""
    default_mode: LoadMode = LoadMode.REPLACE
    remarks: str = ""
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
            raise ValueError(
                f"stream {self.name} cannot be read by time: its load_mode is one of "
                f"{', '.join(one for one in LoadMode if one is not LoadMode.REPLACE_INTERVAL)}"
            )
        for name in NARROWING:
            if getattr(options, name) and name not in self.options:
                raise ValueError(f"stream {self.name} takes no {name}")
        if options.interval and options.interval not in self.intervals:
            raise ValueError(
                f"interval of stream {self.name} must be one of {', '.join(self.intervals)}, not {options.interval!r}"
            )
        if options.split_by and options.split_by not in SEGMENTS:
            raise ValueError(f"split_by must be one of {', '.join(SEGMENTS)}, not {options.split_by!r}")
        if options.split_by == "filters" and not options.split_values:
            raise ValueError("split_by filters needs the filter expressions: ChartMogul has no list of them")
        if options.split_values and not options.split_by:
            raise ValueError("split_values need split_by")
