"""What all operators share that load a stream of ChartMogul into some place."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Asset

from airflow_provider_chartmogul.intervals import DATA_INTERVAL_END, DATA_INTERVAL_START, named_utc
from airflow_provider_chartmogul.operators.base import (
    ChartMogulOperator,
    is_literal,
    optional_text,
    required_text,
)
from airflow_provider_chartmogul.streams import get_stream
from airflow_provider_chartmogul.streams.model import NARROWING, SEGMENTS, LoadMode, Options
from airflow_provider_chartmogul.streams.windows import Window
from airflow_provider_chartmogul.transfers.loading import Landed, Plan, load
from airflow_provider_chartmogul.transfers.progress import Progress
from airflow_provider_chartmogul.transfers.tries import Tries

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.moments import Moment
    from airflow_provider_chartmogul.streams.model import Reading, Stream
    from airflow_provider_chartmogul.transfers.loading import Target

_SEVERAL = ("geo", "plans")


class ChartMogulStreamOperator(ChartMogulOperator):
    """Base of the operators that load a stream.

    :param stream: what to load: one of the :doc:`catalogue of streams </streams>`.
    :param load_mode: ``merge``, ``replace_interval``, ``replace``, ``append`` or ``snapshot``; by default
        ``replace_interval`` for streams with a place in time, ``replace`` for the others.
    :param interval_start: first instant to load, for metrics and activities: a date, a datetime or ISO 8601 text, in
        UTC unless it says otherwise. The start of the data interval by default. (templated)
    :param interval_end: end of the interval, exclusive. The end of the data interval by default. (templated)
    :param lookback_days: how many days before ``interval_start`` to begin. (templated)
    :param interval: bucket size of metrics: ``day``, ``week``, ``month`` (default), ``quarter`` or ``year``. ``asp``
        has no day and week, ``ltv`` only month. (templated)
    :param geo: metrics of customers in these countries only (ISO 3166-1 alpha-2), as list or comma-separated; rows
        carry them comma-separated, in the order given. (templated)
    :param plans: metrics of these plans only (names, uuids or external ids), in the same forms. (templated)
    :param filters: metrics under a filter expression of ChartMogul only. (templated)
    :param split_by: ``geo``, ``plans`` or ``filters``: metrics of each single value, a request and rows of its own for
        each, instead of all together. The values are those of the argument of that name, as a list; without it, all
        plans, or the countries of all customers.
    :param data_source_uuid: records of this data source only; of all if ``None``. With ``replace`` the target then
        holds nothing else. (templated)
    :param as_of: the moment that rows of ``snapshot`` are marked with. The end of the interval by default. (templated)
    :raises ValueError: stream, load mode and options do not fit together, or one of them is empty or of another form;
        when the DAG is parsed, unless templated.
    """

    template_fields: Sequence[str] = (
        *ChartMogulOperator.template_fields,
        "interval_start",
        "interval_end",
        "lookback_days",
        "interval",
        *SEGMENTS,
        "data_source_uuid",
        "as_of",
    )
    load_modes: tuple[LoadMode, ...] = tuple(LoadMode)

    def __init__(
        self,
        *,
        stream: str,
        load_mode: str | None = None,
        interval_start: Moment = DATA_INTERVAL_START,
        interval_end: Moment = DATA_INTERVAL_END,
        lookback_days: int | str = 0,
        interval: str | None = None,
        geo: str | Sequence[str] | None = None,
        plans: str | Sequence[str] | None = None,
        filters: str | Sequence[str] | None = None,
        split_by: str | None = None,
        data_source_uuid: str | None = None,
        as_of: Moment | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.stream = stream
        self.load_mode = load_mode
        self.interval_start = interval_start
        self.interval_end = interval_end
        self.lookback_days = lookback_days
        self.interval = interval
        self.geo = geo
        self.plans = plans
        self.filters = filters
        self.split_by = split_by
        self.data_source_uuid = data_source_uuid
        self.as_of = as_of

    @abstractmethod
    def target(self, plan: Plan, window: Window | None) -> Target:
        """Return where the rows of one reading go."""

    @abstractmethod
    def target_name(self) -> str:
        """Return that place for people; another place has another name."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Load, and return what became of it.

        :return: ``stream``, ``load_mode``, ``target``, ``rows`` by table or file, ``pages``, ``requests``,
            ``refused_429``, ``refused_503``, ``bytes_received``, ``bytes_written`` (files), ``seconds``,
            ``waited_seconds`` (for the rate budget, by all threads), ``interval_start`` and ``cursor``, the end of what
            was read (both ``None`` for streams without a place in time). Asset events of the task's outlets carry the
            same.
        """
        stream, mode, options = self.checked()
        window = self.window(stream)
        windows = self.windows(window)
        client = self.hook.get_conn()
        what = [client.identity, stream.name, mode, repr(options), list(map(str, windows)), self.target_name()]
        tries = Tries(context, what)
        progress = Progress(stream.name, client)
        try:
            for one in windows[len(tries.done) :]:
                tries.finished(self._load(stream, mode, replace(options, window=one), tries, progress))
        except BaseException as error:
            if not tries.follow(error):
                # the error that led here matters more
                with suppress(Exception):
                    tries.end()
            raise
        landed = reduce(add, tries.done)
        summary = {
            "stream": stream.name,
            "load_mode": str(mode),
            "target": self.target_name(),
            **progress.summary(landed),
            "interval_start": window.start.isoformat() if window else None,
            "cursor": window.end.isoformat() if window else None,
        }
        self._tell_outlets(context, summary)
        tries.end()
        return summary

    def window(self, stream: Stream) -> Window | None:
        """Return the window to load; ``None`` for streams that are only read as a whole."""
        if not stream.windowed:
            return None
        return Window.of(self.interval_start, self.interval_end, whole_days(self.lookback_days))

    def windows(self, window: Window | None) -> Sequence[Window | None]:
        """Return the windows to load one after the other, each with a place of its own."""
        return (window,)

    def read(self, stream: Stream, options: Options) -> tuple[Reading, Plan]:
        """Begin a reading, and say what a load does with it; the mode is not decided yet."""
        reading = stream.open(self.hook.get_conn(), options)
        return reading, Plan(stream.tables, stream.default_mode, reading.scope)

    def moment(self) -> datetime:
        """Return the moment that the rows are read for.

        :raises ValueError: nothing says it.
        """
        if self.as_of is not None:
            return named_utc("as_of", self.as_of)
        return named_utc("interval_end", self.interval_end)

    def checked(self, is_known: Callable[[Any], bool] = lambda _: True) -> tuple[Stream, LoadMode, Options]:
        """Check what is known by now, and return what to load, how, and what narrows it."""
        stream = get_stream(self.stream)
        mode = self.load_mode or stream.default_mode
        given = {name: value for name in NARROWING if (value := getattr(self, name)) is not None}
        known = {name: value for name, value in given.items() if is_known(value)}
        if "data_source_uuid" in known:
            # a template without a value must not come to mean all data sources
            required_text("data_source_uuid", known["data_source_uuid"])
        split_by = known.get("split_by")
        values: tuple[str, ...] = ()
        if split_by in SEGMENTS:
            # what is not known yet cannot be found missing
            unknown = split_by in given and split_by not in known
            values = ("",) if unknown else _split_values(split_by, known.pop(split_by, None))
        narrowing: dict[str, Any] = {
            name: optional_text(name, value, several=name in _SEVERAL) for name, value in known.items()
        }
        options = Options(**narrowing, split_values=values)
        stream.check(mode, options)
        self._check_bounds()
        if mode not in self.load_modes:
            raise ValueError(f"load_mode must be one of {', '.join(self.load_modes)}, not {mode!r}")
        return stream, LoadMode(mode), options

    def _check_bounds(self) -> None:
        """Check what is written into the DAG of the time to load; what is rendered is checked where it is used."""
        if isinstance(self.lookback_days, (int, float)) or is_literal(self.lookback_days):
            whole_days(self.lookback_days)
        for name in ("interval_start", "interval_end", "as_of"):
            value = getattr(self, name)
            # a template without a value is empty, which matters only where it is used
            if value and is_literal(value):
                named_utc(name, value)

    def _load(self, stream: Stream, mode: LoadMode, options: Options, tries: Tries, progress: Progress) -> Landed:
        reading, plan = self.read(stream, options)
        plan = replace(plan, mode=mode)
        if mode is LoadMode.SNAPSHOT or plan.mark_vanished:
            plan = replace(plan, as_of=self.moment())
        target = self.target(plan, options.window)
        return load(reading, target, tries.attempt(plan.scope), on_page=progress.page, tried_again=tries.follow)

    def _tell_outlets(self, context: Context, summary: dict[str, Any]) -> None:
        for outlet in self.outlets:
            if isinstance(outlet, Asset):
                context["outlet_events"][outlet].extra.update(summary)


def whole_days(value: int | str) -> int:
    """Return ``lookback_days`` as a number.

    :raises ValueError: it is none, or negative.
    """
    text = str(value).strip()
    if not text.isdecimal():
        raise ValueError(f"lookback_days must be a whole number of days, not {value!r}")
    return int(text)


def _split_values(split_by: str, value: Any) -> tuple[str, ...]:
    """Return the values of a split, each of them once."""
    text = [value] if split_by == "filters" and isinstance(value, str) else value
    if isinstance(text, str):
        text = [one.strip() for one in text.split(",")]
    if not isinstance(text, Sequence | None) or not all(isinstance(one, str) and one for one in text or ()):
        raise ValueError(f"{split_by} must be text or a list of texts, not {value!r}")
    return tuple(dict.fromkeys(text or ()))


def is_final(value: Any) -> bool:
    """Tell whether a template field, or each item of it, holds its final text already at parse time."""
    return is_literal(value) or (isinstance(value, (list, tuple)) and all(map(is_literal, value)))
