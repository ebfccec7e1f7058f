"""MRR movements of an interval by an export: one file instead of many pages, for years of history at once."""

from __future__ import annotations

import csv
import io
import json
import time
import zipfile
import zlib
from contextlib import contextmanager
from functools import partial
from itertools import islice
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from uuid import UUID, uuid5

from airflow_provider_chartmogul.activities_exports import damaged, file_link, has_succeeded
from airflow_provider_chartmogul.exceptions import (
    ChartMogulExportFailedError,
    ChartMogulNotFoundError,
    ChartMogulPermissionError,
    ChartMogulWaitTimeoutError,
)
from airflow_provider_chartmogul.streams.activities import ACTIVITY, RESTATED
from airflow_provider_chartmogul.streams.columns import INTEGER, column_name, number
from airflow_provider_chartmogul.streams.model import LoadMode, Page, Reading, Record, Scope, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.streams.model import Options, Row
    from airflow_provider_chartmogul.streams.windows import Window

NAME = "activities_export"
ROWS_PER_PAGE = 1000
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
LONGEST_WAIT = 3600.0
"""Seconds between two looks at an export, doubled from look to look, and how long it may take in all."""

sleep = time.sleep

# The columns of the file are not documented. These are the names of the nearest layout that is, where they differ from
# those of the API.
_API_FIELDS = {
    "mrr_movement": "activity-mrr-movement",
    "mrr": "activity-mrr",
    "arr": "activity-arr",
    "movement_type": "type",
    "currency_code": "currency",
    **{column.name: column.api_field for column in ACTIVITY.columns},
}
_NUMBERS = frozenset(column.api_field for column in ACTIVITY.columns if column.type is INTEGER)
_WITHOUT_UUID = UUID("5b1e8a52-2d0f-5c3c-9f6f-6f1b6d9a3c11")


def _open(client: ChartMogulClient, options: Options) -> Reading:
    """Begin a reading of the movements whose instant lies in the window.

    The only part is the export, ordered and waited for when the walk begins; the cursor tells how many rows of its file
    are done. A walk that goes on fetches the same file again, for the seven days that ChartMogul keeps it.
    """
    window = options.required_window()
    return Reading(
        partial(_walk, client, window), partial(_ordered, client, window), Scope("date", window.start, window.end)
    )


def _ordered(client: ChartMogulClient, window: Window) -> Sequence[str]:
    """Order an export, wait for it and return its id.

    :raises ChartMogulExportFailedError: it failed.
    :raises ChartMogulWaitTimeoutError: it takes too long.
    """
    # as with the list of activities: instants, of which the API includes the end
    export = client.activities_exports.create(start_date=window.start, end_date=window.end)
    export_id = str(export["id"])
    waited, pause = 0.0, FIRST_PAUSE
    while not has_succeeded(export := client.activities_exports.retrieve(export_id)):
        if waited >= LONGEST_WAIT:
            raise ChartMogulWaitTimeoutError(
                f"Activities export {export_id} is still {export['status']} after {waited:.0f} s"
            )
        sleep(pause)
        waited += pause
        pause = min(2 * pause, LONGEST_PAUSE)
    return (export_id,)


def _walk(client: ChartMogulClient, window: Window, export_id: str, cursor: str | None) -> Iterator[Page]:
    done = int(cursor or 0)
    with TemporaryFile() as file, _readable(export_id):
        archive = cast("BinaryIO", file)
        _fetch(client, export_id, archive)
        rows = islice(_rows(export_id, archive), done, None)
        chunk = list(islice(rows, ROWS_PER_PAGE))
        while chunk:
            done += len(chunk)
            following = list(islice(rows, ROWS_PER_PAGE))
            records = [Record(row["uuid"], {"": [row]}) for row in map(_row, chunk) if _lies_in(window, row)]
            yield Page(records, str(done) if following else None)
            chunk = following


def _lies_in(window: Window, row: Row) -> bool:
    return bool(window.start <= row["date"] < window.end)


def _fetch(client: ChartMogulClient, export_id: str, archive: BinaryIO) -> None:
    """Copy the file of an export that has succeeded.

    :raises ChartMogulExportFailedError: it is no longer there.
    """
    exports = client.activities_exports
    try:
        exports.download(file_link(exports.retrieve(export_id)), archive)
    except (ChartMogulNotFoundError, ChartMogulPermissionError) as error:
        raise ChartMogulExportFailedError(
            f"Activities export {export_id} is no longer there, or its file has expired: a new load orders another one"
        ) from error


def _rows(export_id: str, archive: BinaryIO) -> Iterator[dict[str, Any]]:
    """Yield the rows of all members of the archive, under the names of the API."""
    with zipfile.ZipFile(archive) as members:
        for member in members.infolist():
            if not member.is_dir():
                with members.open(member) as file:
                    yield from _table(export_id, csv.reader(io.TextIOWrapper(file, "utf-8-sig", newline="")))


def _table(export_id: str, lines: Iterator[list[str]]) -> Iterator[dict[str, Any]]:
    names = _names(next(lines, []))
    for line in lines:
        if len(line) != len(names):
            raise damaged(export_id, f"a row has {len(line)} values under {len(names)} names")
        yield {name: number(text) if name in _NUMBERS else text or None for name, text in zip(names, line, strict=True)}


def _names(header: list[str]) -> list[str]:
    """Return the fields of the API that a header means; names that mean none stay as they are."""
    return [_API_FIELDS.get(column_name(name.strip().lower().replace(" ", "_")), name) for name in header]


def _row(record: dict[str, Any]) -> Row:
    """Make the row of a record.

    Without ``uuid`` a record is identified by all that it says: two that say the same are one.
    """
    if record.get("uuid") is None:
        record = {**record, "uuid": str(uuid5(_WITHOUT_UUID, json.dumps(record, sort_keys=True)))}
    return ACTIVITY.row(NAME, record)


@contextmanager
def _readable(export_id: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error):
        raise damaged(export_id, "not a sound zip archive") from None
    except (csv.Error, UnicodeDecodeError):
        raise damaged(export_id, "not CSV in UTF-8") from None


ACTIVITIES_EXPORT = Stream(
    NAME,
    "an MRR movement of a customer, out of the file of an activities export",
    "POST /activities_export, GET /activities_export/{id}",
    (ACTIVITY,),
    _open,
    time_column="date",
    default_mode=LoadMode.REPLACE_INTERVAL,
    remarks=f"{RESTATED} The columns of the file are not documented: what it does not have is null, and records "
    "without `uuid` get one made of all that they say.",
)
