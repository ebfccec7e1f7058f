"""A stream of two tables, and readings of it whose pages are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.streams.columns import (
    BOOLEAN,
    DATE,
    DECIMAL,
    INTEGER,
    JSON,
    STRING,
    TIMESTAMP,
    columns,
)
from airflow_provider_chartmogul.streams.model import LoadMode, Page, Reading, Record, Table
from airflow_provider_chartmogul.transfers.files.formats import FORMATS
from airflow_provider_chartmogul.transfers.files.target import FilesTarget
from airflow_provider_chartmogul.transfers.loading import Attempt, Landed, Plan, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.unit.transfers.storage import Storage

INVOICE = Table(
    columns=(
        *columns(STRING, "uuid"),
        *columns(TIMESTAMP, "date"),
        *columns(DATE, "due-day"),
        *columns(INTEGER, "cents"),
        *columns(DECIMAL, "rate"),
        *columns(BOOLEAN, "paid"),
        *columns(JSON, "tags"),
    ),
    key=("uuid",),
    required=("date",),
)
ITEM = Table(columns=columns(STRING, "uuid", "invoice_uuid"), key=("uuid",), record_key="invoice_uuid", suffix="items")
TABLES = (INVOICE, ITEM)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def record(number: int, version: int = 0) -> Record:
    """Make an invoice with as many items as its number is away from a multiple of three."""
    uuid = f"inv_{number}"
    invoice = {
        "uuid": uuid,
        "date": (BEGIN + timedelta(hours=number)).isoformat(),
        "due-day": "2026-02-28",
        "cents": number * 100 + version,
        "rate": number / 8,
        "paid": number % 2 == 0,
        "tags": {"list": [f"tag {number}", None], "quote": '"'},
        "new": "ü",
    }
    items = [ITEM.row("invoices", {"uuid": f"li_{number}_{i}", "invoice_uuid": uuid}) for i in range(number % 3)]
    return Record(uuid, {"": [INVOICE.row("invoices", invoice)], "items": items})


@dataclass
class Source:
    """Records in pages of one size; notes which pages were asked for.

    :param before_page: told of each page before it is handed out.
    """

    records: Sequence[Record]
    size: int = 4
    before_page: Callable[[int], None] = lambda page: None
    asked: list[int] = field(default_factory=list)

    def reading(self) -> Reading:
        return Reading(self._walk)

    def _walk(self, part: str, cursor: str | None) -> Iterator[Page]:
        for start in range(int(cursor or 0), len(self.records), self.size):
            page = start // self.size
            self.asked.append(page)
            self.before_page(page)
            end = start + self.size
            yield Page(self.records[start:end], str(end) if end < len(self.records) else None)


def records(count: int = 30) -> list[Record]:
    return [record(number) for number in range(count)]


def target(
    storage: Storage, file_format: str = "jsonl", mode: LoadMode = LoadMode.REPLACE, as_of: datetime | None = None
) -> FilesTarget:
    extension = FORMATS[file_format]
    paths = {"": storage.path(f"invoices{extension}"), "items": storage.path(f"items{extension}")}
    return FilesTarget(paths, Plan(TABLES, mode, as_of=as_of), file_format)


def loaded(
    storage: Storage,
    source: Source,
    file_format: str = "jsonl",
    attempt: Attempt | None = None,
    **options: object,
) -> Landed:
    return load(
        source.reading(),
        target(storage, file_format),
        attempt or Attempt("load"),
        **options,  # type: ignore[arg-type]
    )
