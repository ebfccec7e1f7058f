"""The place of a stream's rows in files: one for each table, replaced as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from airflow_provider_chartmogul.moments import as_utc
from airflow_provider_chartmogul.streams.columns import TIMESTAMP, Column
from airflow_provider_chartmogul.streams.model import LoadMode
from airflow_provider_chartmogul.transfers.files.chunks import Chunk, Chunks
from airflow_provider_chartmogul.transfers.files.failing import at_best, failing_as
from airflow_provider_chartmogul.transfers.files.new_file import NewFile, make_room, overtaken
from airflow_provider_chartmogul.transfers.files.rows import TableRows
from airflow_provider_chartmogul.transfers.files.seen import Seen
from airflow_provider_chartmogul.transfers.loading import AS_OF, Landed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import ObjectStoragePath

    from airflow_provider_chartmogul.files import Replacement
    from airflow_provider_chartmogul.streams.model import Page
    from airflow_provider_chartmogul.streams.reading import Position
    from airflow_provider_chartmogul.transfers.files.rows import Encoded
    from airflow_provider_chartmogul.transfers.loading import Attempt, Plan

MODES = (LoadMode.REPLACE, LoadMode.REPLACE_INTERVAL, LoadMode.SNAPSHOT)
"""Load modes that files can: a file is written as a whole, from what was read."""

_DEDUPLICATING = "looking for records that were read before"


class FilesTarget:
    """Files on a local disk or object storage, one for each table of a stream.

    They are written beside those whose place they take, and moved when all are complete, one after the other, for
    storages cannot move several at once: each file is whole at any time, and that of the main table is the last to be
    new. If a move fails, files moved before it are new already, and the next load replaces them again.

    A record that was read twice counts as it was read first. Equal records give equal bytes, however they came in pages
    and tries.

    In an attempt that is durable, pages are kept in a folder beside the main table's file, and the files are made of
    them at the end.

    A try that begins takes the load from older ones, even from one that is still alive because its worker only seemed
    to be dead: that one fails before it moves a file, and before it keeps a page among those of the newer.

    :param paths: where the files shall stand, by table suffix.
    :param plan: what the load does; of modes only :data:`MODES`.
    :param file_format: one of :data:`~airflow_provider_chartmogul.transfers.files.formats.FORMATS`.
    :raises ValueError: files cannot do what the plan says, or there is no such format.
    :raises ChartMogulConfigError: the format needs an extra that is not installed.
    """

    def __init__(self, paths: Mapping[str, ObjectStoragePath], plan: Plan, file_format: str) -> None:
        stamp = _stamp(plan)
        self._tables = [TableRows(paths[table.suffix], table, file_format, stamp) for table in plan.tables]
        self._main = self._tables[0].path
        self._layout = _layout(file_format, self._tables)
        self._places: list[Replacement] = []
        self._new: list[NewFile] = []
        self._placed = False
        self._seen = Seen()

    def begin(self, attempt: Attempt) -> Position | None:
        """Make room beside the targets, and take up or remove what an earlier try of the load left there.

        :raises ChartMogulConfigError: a target is a directory, or Airflow knows no storage of that kind.
        :raises ChartMogulLoadError: the storage refuses to be written to; names path and step.
        """
        self._chunks = Chunks(self._main.parent / f".{self._main.name}.{attempt.load_id}", self._layout)
        self._durable = attempt.durable
        for table in self._tables:
            self._places.append(make_room(table.path, attempt.load_id))
        if not attempt.going_on:
            with failing_as(self._main, "removing the pages beside it"):
                self._chunks.remove()
        if not self._durable:
            self._open()
        return self._resume() if attempt.going_on else None

    def stage(self, page: Page, position: Position) -> None:
        """Write the records of a page that were not read before, or keep them for the files.

        :raises ChartMogulLoadError: the storage or the format refuses them; names path and step, or record and column;
            or a newer try took the load.
        """
        with failing_as(self._main, _DEDUPLICATING):
            records = self._seen.unseen(page.records)
        encoded = [table.encode(records) for table in self._tables]
        if self._durable:
            self._check_alone()
            self._chunks.add(Chunk(position, [record.key for record in records], encoded))
        else:
            self._write(encoded)

    def put_in_place(self) -> Landed:
        """Complete all files, then move them, that of the main table last.

        :raises ChartMogulLoadError: the storage fails; names path and step; or a newer try took the load.
        """
        if self._durable:
            self._check_alone()
            self._open()
            for chunk in self._chunks:
                self._write(chunk.tables)
        # to be asked before: in object storages, a file that was removed while it was written is back when complete
        self._check_alone()
        for file in self._new:
            file.complete()
        for file in reversed(self._new):
            file.put_in_place()
        self._placed = True
        return Landed({str(file.target): file.rows for file in self._new}, sum(file.size for file in self._new))

    def end(self, *, keep: bool) -> None:
        """Remove what is beside the targets, but for pages that shall be kept. Never raises."""
        pages_go = not keep and self._owns_pages()
        for file in self._new:
            file.abandon()
        for place in self._places:
            with at_best(place.target, "removing the file beside it"):
                place.remove()
        if pages_go:
            with at_best(self._main, "removing the pages beside it"):
                self._chunks.remove()
        self._seen.close()

    def _check_alone(self) -> None:
        # This is no lock, which object storages do not have: a newer try may begin between the look and what follows.
        # At worst one page is kept twice, by both; whole ones only are read, and each try moves a file of its own.
        with failing_as(self._main, "looking for the file beside it"):
            if not self._places[0].exists():
                raise overtaken(self._main)

    def _owns_pages(self) -> bool:
        """Tell whether the pages that are kept are those of this try, and not of a newer one."""
        if self._placed:
            return True
        with at_best(self._main, "looking for the file beside it"):
            return bool(self._places) and self._places[0].exists()
        return False

    def _open(self) -> None:
        for table, place in zip(self._tables, self._places, strict=True):
            self._new.append(NewFile(place, table.codec))

    def _write(self, tables: Sequence[Encoded]) -> None:
        for file, encoded in zip(self._new, tables, strict=True):
            file.add(encoded)

    def _resume(self) -> Position | None:
        position = None
        for chunk in self._chunks.resume():
            with failing_as(self._main, _DEDUPLICATING):
                self._seen.add(chunk.keys)
            if not self._durable:
                self._write(chunk.tables)
            position = chunk.position
        return position


def _stamp(plan: Plan) -> dict[Column, datetime]:
    if plan.mode not in MODES:
        raise ValueError(f"load_mode of files must be one of {', '.join(MODES)}, not {plan.mode!s}")
    if plan.mode != LoadMode.SNAPSHOT:
        return {}
    if plan.as_of is None:
        raise ValueError(f"load_mode {plan.mode} needs the moment that the rows are read for")
    return {Column(AS_OF, TIMESTAMP): as_utc(plan.as_of)}


def _layout(file_format: str, tables: Sequence[TableRows]) -> str:
    """Return what tells rows of one format and set of columns from those of another."""
    columns = [[f"{column.name} {column.type}" for column in table.columns] for table in tables]
    return f"{file_format} {crc32(repr(columns).encode()):08x}"
