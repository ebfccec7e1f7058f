"""From ChartMogul into files, on a local disk or in object storage."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow_provider_chartmogul.operators.base import required_text, storage_path
from airflow_provider_chartmogul.streams.metrics import DEFAULT_INTERVAL
from airflow_provider_chartmogul.streams.model import NARROWING, LoadMode
from airflow_provider_chartmogul.transfers.base import ChartMogulStreamOperator, is_final
from airflow_provider_chartmogul.transfers.files.formats import FORMATS, check_format

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import ObjectStoragePath

    from airflow_provider_chartmogul.streams.model import Options, Stream
    from airflow_provider_chartmogul.streams.windows import Window
    from airflow_provider_chartmogul.transfers.loading import Plan, Target

_PARTITION_NAMES = {"day": "%Y-%m-%d", "month": "%Y-%m"}


class ChartMogulToObjectStorageOperator(ChartMogulStreamOperator):
    """Load a stream of ChartMogul into files of JSON Lines, CSV or Parquet.

    Each table of the stream has a folder, ``<path>/<stream>`` (``<path>/<stream>_<list>`` for lists that its records
    hold), and in it one file whose name says what it holds, so that a load that is run again replaces its own:

    ====================  =============================================================================================
    load mode             file
    ====================  =============================================================================================
    ``replace_interval``  ``<start>--<end>``: the rows of the interval, the default of streams with a place in time
    ..                    with ``partition``: ``day=<day>`` or ``month=<month>``, for each that the interval touches
    ``replace``           ``<stream>``: all rows, the default of streams that can only be read as a whole
    ``snapshot``          ``as_of=<as_of>``: what was reported at that moment; rows carry it in a column ``as_of``
    ====================  =============================================================================================

    What narrows a load has a folder of its own below that, so that loads of other slices of the stream do not replace
    each other: ``metrics_mrr/interval-month/``, ``metrics_mrr/interval-month/geo-DE,FR/``,
    ``customers/data_source_uuid-ds_…/``.

    A file is written beside its place and moved when all are complete, the main table's last: whatever fails, each file
    is the old one or the new one, whole.
    Columns are those of :class:`~airflow_provider_chartmogul.transfers.chartmogul_to_sql.ChartMogulToSqlOperator`.
    Files of intervals that overlap would hold rows twice. So with ``lookback_days`` give ``partition``: the files of
    the days or months before are then written anew, each on its own. Metrics are small: give them the whole history as
    interval, and ``load_mode="replace"``.

    Where Airflow keeps state of tasks (3.3 and later), each page is kept beside the file until that is complete, and a
    retry goes on from the last one. The file is the same to the byte.

    All arguments of :class:`~airflow_provider_chartmogul.transfers.base.ChartMogulStreamOperator`, and:

    :param path: folder, for example ``s3://bucket/chartmogul``. (templated)
    :param path_conn_id: Airflow connection of the object storage, if it needs one. (templated)
    :param file_format: ``parquet``, ``jsonl``, ``jsonl.gz`` or ``csv``.
    :param partition: ``day`` or ``month`` (of UTC): a file for each that the interval touches, from its beginning, read
        one after the other. By default one file for the interval. Not for metrics, whose buckets are of the account's
        time zone.
    :raises ChartMogulConfigError: the path or the format cannot be used.
    :raises ChartMogulLoadError: the storage refused something.
    """

    template_fields: Sequence[str] = (*ChartMogulStreamOperator.template_fields, "path", "path_conn_id")
    load_modes = (LoadMode.REPLACE_INTERVAL, LoadMode.REPLACE, LoadMode.SNAPSHOT)

    def __init__(
        self,
        *,
        path: str,
        path_conn_id: str | None = None,
        file_format: str = "parquet",
        partition: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.path_conn_id = path_conn_id
        self.file_format = file_format
        self.partition = partition
        self.checked(is_final)

    def checked(self, is_known: Callable[[Any], bool] = lambda _: True) -> tuple[Stream, LoadMode, Options]:
        """Check what is known by now, and return what to load, how, and what narrows it."""
        stream, mode, options = super().checked(is_known)
        check_format(self.file_format)
        if is_known(self.path):
            required_text("path", self.path)
        if self.partition is not None and self.partition not in _PARTITION_NAMES:
            raise ValueError(f"partition must be one of {', '.join(_PARTITION_NAMES)}, not {self.partition!r}")
        if self.partition and (mode is not LoadMode.REPLACE_INTERVAL or stream.intervals):
            raise ValueError(f"partition needs load_mode replace_interval, and no metric: not {mode} of {stream.name}")
        if mode is LoadMode.REPLACE_INTERVAL and not self.partition and self.lookback_days not in (0, "0"):
            raise ValueError(
                "files of intervals that overlap would hold rows twice: with lookback_days give a partition, "
                "or load_mode replace with the whole history as interval"
            )
        return stream, mode, options

    def windows(self, window: Window | None) -> Sequence[Window | None]:
        """Return the windows that have a file of their own."""
        return window.partitioned(self.partition) if window and self.partition else (window,)

    def target(self, plan: Plan, window: Window | None) -> Target:
        """Return the files of a window, one for each table."""
        from airflow_provider_chartmogul.transfers.files.target import FilesTarget

        paths = {table.suffix: self._file(table.suffix, plan, window) for table in plan.tables}
        return FilesTarget(paths, plan, self.file_format)

    def target_name(self) -> str:
        """Return the folder of the main table."""
        return "/".join([self.path.rstrip("/"), self.stream, *self._slice()])

    def _slice(self) -> list[str]:
        """Return the folders for what narrows the load."""
        stream, _, options = self.checked()
        narrowing: dict[str, str | None] = {name: getattr(options, name) for name in NARROWING}
        if stream.intervals:
            narrowing["interval"] = options.interval or DEFAULT_INTERVAL
        if options.split_by:
            narrowing[options.split_by] = ",".join(options.split_values)
        return [f"{name}-{quote(value, safe=',')}" for name, value in narrowing.items() if value]

    def _file(self, suffix: str, plan: Plan, window: Window | None) -> ObjectStoragePath:
        table = f"{self.stream}_{suffix}" if suffix else self.stream
        name = table
        if plan.as_of:
            name = f"as_of={_stamp(plan.as_of)}"
        elif window and self.partition:
            name = f"{self.partition}={window.start:{_PARTITION_NAMES[self.partition]}}"
        elif window and plan.mode is LoadMode.REPLACE_INTERVAL:
            name = f"{_stamp(window.start)}--{_stamp(window.end)}"
        folder = storage_path(self.path, self.path_conn_id).joinpath(table, *self._slice())
        return folder / f"{name}{FORMATS[self.file_format]}"


def _stamp(moment: datetime) -> str:
    """Return a moment as names of files may hold it, midnight as a date."""
    if moment.time() == time.min:
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%Y-%m-%dT%H%M%S}{f'.{moment.microsecond:06}' if moment.microsecond else ''}Z"
