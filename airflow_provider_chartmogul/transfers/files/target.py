"""The place of a stream's rows in files: one for each table, replaced as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.moments import as_utc
from airflow_provider_chartmogul.streams.columns import TIMESTAMP, Column
from airflow_provider_chartmogul.streams.model import LoadMode
from airflow_provider_chartmogul.transfers.files.failing import at_best, failing_as
from airflow_provider_chartmogul.transfers.files.new_file import NewFile, make_room
from airflow_provider_chartmogul.transfers.files.rows import TableRows
from airflow_provider_chartmogul.transfers.files.seen import Seen
from airflow_provider_chartmogul.transfers.loading import Landed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from airflow.providers.common.compat.sdk import ObjectStoragePath

    from airflow_provider_chartmogul.files import Replacement
    from airflow_provider_chartmogul.streams.model import Page
    from airflow_provider_chartmogul.streams.reading import Position
    from airflow_provider_chartmogul.transfers.loading import Attempt, Plan

MODES = (LoadMode.REPLACE, LoadMode.REPLACE_INTERVAL, LoadMode.SNAPSHOT)
"""Load modes that files can: a file is written as a whole, from what was read."""

AS_OF = Column("as_of", TIMESTAMP)
"""The column that ``snapshot`` adds to those of the stream."""


class FilesTarget:
    """Files on a local disk or object storage, one for each table of a stream.

    They are written beside those whose place they take, and moved when all are complete. A record that was read twice
    counts as it was read first. Equal records give equal bytes, however they came in pages and tries.

    :param paths: where the files shall stand, by table suffix.
    :param plan: what the load does; of modes only :data:`MODES`.
    :param file_format: one of :data:`~airflow_provider_chartmogul.transfers.files.formats.FORMATS`.
    :raises ValueError: files cannot do what the plan says, or there is no such format.
    :raises ChartMogulConfigError: the format needs an extra that is not installed.
    """

    def __init__(self, paths: Mapping[str, ObjectStoragePath], plan: Plan, file_format: str) -> None:
        stamp = _stamp(plan)
        self._tables = [TableRows(table, file_format, stamp) for table in plan.tables]
        self._paths = [paths[table.suffix] for table in plan.tables]
        self._places: list[Replacement] = []
        self._new: list[NewFile] = []
        self._seen = Seen()

    def begin(self, attempt: Attempt) -> Position | None:
        """Make room beside the targets; what an earlier try of the load left there is overwritten.

        :raises ChartMogulConfigError: a target is a directory.
        :raises ChartMogulLoadError: the storage refuses to be written to; names path and step.
        """
        for path in self._paths:
            self._places.append(make_room(path, attempt.load_id))
        self._open()
        return None

    def stage(self, page: Page, position: Position) -> None:
        """Write the records of a page that were not read before.

        :raises ChartMogulLoadError: the storage or the format refuses them; names path, step, record and column.
        """
        with failing_as(self._paths[0], "looking for records that were read before"):
            records = self._seen.unseen(page.records)
        for table, file in zip(self._tables, self._new, strict=True):
            file.add(table.encode(records))

    def put_in_place(self) -> Landed:
        """Complete all files, then move them.

        :raises ChartMogulLoadError: the storage fails; names path and step.
        """
        for file in self._new:
            file.complete()
        for file in self._new:
            file.put_in_place()
        return Landed({str(file.target): file.rows for file in self._new}, sum(file.size for file in self._new))

    def end(self, *, keep: bool) -> None:
        """Remove what is beside the targets. Never raises."""
        for file in self._new:
            file.abandon()
        for place in self._places:
            with at_best(place.target, "removing the file beside it"):
                place.remove()
        self._seen.close()

    def _open(self) -> None:
        for table, place in zip(self._tables, self._places, strict=True):
            self._new.append(NewFile(place, table.codec))


def _stamp(plan: Plan) -> dict[Column, datetime]:
    if plan.mode not in MODES:
        raise ValueError(f"load_mode of files must be one of {', '.join(MODES)}, not {plan.mode!s}")
    if plan.mode is not LoadMode.SNAPSHOT:
        return {}
    if plan.as_of is None:
        raise ValueError(f"load_mode {plan.mode} needs the moment that the rows are read for")
    return {AS_OF: as_utc(plan.as_of)}
