"""Walking a reading: its parts side by side, the next page of each fetched while the last is worked on.

The order of the pages depends on what ChartMogul answers and on nothing else, so that equal answers give equal files:
the parts take turns, a page each, and a part that ends makes room for the next.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from airflow_provider_chartmogul.streams.model import Page, Reading

PARALLEL_PARTS = 16
"""Parts that take turns. A page of each is held; more would not be faster than the API allows."""

Position = list[tuple[str, str | None]]
"""Parts of a reading that have not ended, and the cursor of each, in the order of their turns; JSON will keep it."""


def pages(reading: Reading, position: Position | None = None) -> Iterator[tuple[Page, Position]]:
    """Yield each page with the position behind it, from which another walk can go on.

    Memory is two pages of each part that takes turns. Pages that are under way when the iterator is closed or a part
    fails are waited for; none follows them.

    :param position: where to go on; from the beginning if ``None``.
    """
    turns = _beginning(reading) if position is None else [_at(entry) for entry in position]
    with _walks(reading) as walks:
        while turns:
            for part, cursor in turns[:PARALLEL_PARTS]:
                walks.ahead(part, cursor)
            part, _ = turns.pop(0)
            page = walks.take(part)
            if page is None:
                walks.end(part)
                continue
            turns.extend((new, None) for new in page.parts)
            if page.cursor is not None:
                turns.insert(PARALLEL_PARTS - 1, (part, page.cursor))
                # its next page is fetched while the caller works on this one
                walks.ahead(part, page.cursor)
            else:
                walks.end(part)
            yield page, list(turns)


def _beginning(reading: Reading) -> Position:
    return [(part, None) for part in reading.parts()]


def _at(entry: Sequence[Any]) -> tuple[str, str | None]:
    # JSON has made a list of the pair
    part, cursor = entry
    return part, cursor


class _Walks:
    """The walks of the parts that take turns, each at most one page ahead."""

    def __init__(self, reading: Reading, pool: ThreadPoolExecutor) -> None:
        self._reading = reading
        self._pool = pool
        self._walks: dict[str, Iterator[Page]] = {}
        self._ahead: dict[str, Future[Page | None]] = {}

    def ahead(self, part: str, cursor: str | None) -> None:
        """Begin to fetch the part's next page, unless that has begun."""
        if part not in self._ahead:
            walk = self._walks.get(part) or self._walks.setdefault(part, self._reading.walk(part, cursor))
            self._ahead[part] = self._pool.submit(next, walk, None)

    def take(self, part: str) -> Page | None:
        """Wait for the part's next page and return it; ``None`` if there is none."""
        page = self._ahead[part].result()
        del self._ahead[part]
        return page

    def end(self, part: str) -> None:
        """Forget a part that has ended."""
        self._walks.pop(part)

    def close(self) -> None:
        """Let nothing begin any more, wait for what has, and end all walks."""
        self._reading.hurry()
        self._pool.shutdown(cancel_futures=True)
        for walk in self._walks.values():
            close = getattr(walk, "close", None)
            if close is not None:
                close()


@contextmanager
def _walks(reading: Reading) -> Iterator[_Walks]:
    walks = _Walks(reading, ThreadPoolExecutor(PARALLEL_PARTS, thread_name_prefix="chartmogul-reading"))
    try:
        yield walks
    finally:
        walks.close()
