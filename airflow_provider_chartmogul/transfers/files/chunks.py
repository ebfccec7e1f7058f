"""Pages that are kept beside a file until it is complete, so that another process can go on from them."""

from __future__ import annotations

import json
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from airflow_provider_chartmogul.exceptions import ChartMogulLoadError
from airflow_provider_chartmogul.files import make_folder, names
from airflow_provider_chartmogul.transfers.files.failing import failing_as
from airflow_provider_chartmogul.transfers.files.rows import Encoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from airflow.providers.common.compat.sdk import ObjectStoragePath

    from airflow_provider_chartmogul.streams.reading import Position

# an object storage takes longer to find an object than to send it
_READ_AHEAD = 8


class Chunk(NamedTuple):
    """What is kept of a page.

    :param position: where the reading goes on behind it.
    :param keys: of its records that were not read before.
    :param tables: their rows, table by table.
    """

    position: Position
    keys: Sequence[str]
    tables: Sequence[Encoded]


class Chunks:
    """A folder with an object for each page: a line of JSON, then the rows of the tables in the form of the format.

    :param folder: where; it is made with the first page.
    :param layout: what the rows are like; those of another layout are of no use.
    """

    def __init__(self, folder: ObjectStoragePath, layout: str) -> None:
        self._folder = folder
        self._layout = layout
        self._count = 0

    def add(self, chunk: Chunk) -> None:
        """Keep a page, whole or not at all.

        :raises ChartMogulLoadError: the storage fails.
        """
        path = self._path(self._count + 1)
        with failing_as(path, "keeping a page"):
            if not self._count:
                make_folder(self._folder)
            path.fs.pipe_file(path.path, _dumped(chunk, self._layout))
        self._count += 1

    def __iter__(self) -> Iterator[Chunk]:
        """Yield what is kept, in the order of the pages.

        :raises ChartMogulLoadError: the storage fails, or something of it is gone.
        """
        for number, chunk in self._read(range(1, self._count + 1)):
            if chunk is None:
                raise ChartMogulLoadError(f"{self._path(number)}: a page that was kept is not whole any more")
            yield chunk

    def resume(self) -> Iterator[Chunk]:
        """Yield what an earlier process kept, up to the page that it was keeping when it died.

        :raises ChartMogulLoadError: the storage fails.
        """
        with failing_as(self._folder, "looking for pages that were kept"):
            kept = names(self._folder)
        for number, chunk in self._read(range(1, len(kept) + 1)):
            # one that is missing or not whole, or was kept by another version of this package
            if chunk is None:
                break
            self._count = number
            yield chunk
        for name in kept - {_name(number) for number in range(1, self._count + 1)}:
            path = self._folder / name
            with failing_as(path, "removing a page that is not whole"):
                path.fs.rm_file(path.path)

    def remove(self) -> None:
        """Remove all that is kept; fails as the storage does."""
        # what was listed before may be gone, and more may be there
        self._folder.fs.invalidate_cache()
        if self._folder.exists():
            self._folder.fs.rm(self._folder.path, recursive=True)

    def _read(self, numbers: Iterable[int]) -> Iterator[tuple[int, Chunk | None]]:
        with ThreadPoolExecutor(_READ_AHEAD) as pool:
            ahead: deque[tuple[int, Future[Chunk | None]]] = deque()
            for number in numbers:
                ahead.append((number, pool.submit(self._chunk, number)))
                if len(ahead) == _READ_AHEAD:
                    yield _taken(ahead)
            while ahead:
                yield _taken(ahead)

    def _chunk(self, number: int) -> Chunk | None:
        path = self._path(number)
        with failing_as(path, "reading a page that was kept"):
            try:
                return _loaded(path.fs.cat_file(path.path), self._layout)
            except FileNotFoundError:
                return None

    def _path(self, number: int) -> ObjectStoragePath:
        return self._folder / _name(number)


def _name(number: int) -> str:
    return f"{number:06}"


def _taken(ahead: deque[tuple[int, Future[Chunk | None]]]) -> tuple[int, Chunk | None]:
    number, chunk = ahead.popleft()
    return number, chunk.result()


def _dumped(chunk: Chunk, layout: str) -> bytes:
    body = b"".join(table.payload for table in chunk.tables)
    header = {
        "layout": layout,
        "position": chunk.position,
        "keys": chunk.keys,
        "tables": [[table.rows, len(table.payload)] for table in chunk.tables],
        "crc32": crc32(body),
    }
    return json.dumps(header).encode() + b"\n" + body


def _loaded(data: bytes, layout: str) -> Chunk | None:
    """Return a chunk if it is whole and of the layout."""
    head, _, body = data.partition(b"\n")
    try:
        header: dict[str, Any] = json.loads(head)
    except ValueError:
        return None
    if header["layout"] != layout or header["crc32"] != crc32(body):
        return None
    stream = BytesIO(body)
    tables = [Encoded(rows, stream.read(size)) for rows, size in header["tables"]]
    return Chunk(header["position"], header["keys"], tables)
