"""A client of canned answers that notes what it was asked, and helpers to walk readings and count requests."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client import Page
from airflow_provider_chartmogul.streams.reading import pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableSequence

    from airflow_provider_chartmogul.emulator import Emulator
    from airflow_provider_chartmogul.streams.model import Reading, Record, Row


class FakeListing:
    """The cursor of a page is the number of the next one."""

    def __init__(self, pages: list[list[dict[str, Any]]], cursor: str | None = None) -> None:
        self._pages = pages
        self._first = int(cursor or 0)

    def pages(self) -> Iterator[Page]:
        last = max(len(self._pages) - 1, 0)
        for number, records in enumerate(self._pages[self._first :], self._first):
            yield Page(records, str(number + 1), number < last, {})

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for records in self._pages:
            yield from records


@dataclass
class FakeClient:
    """Hands out ``lists[resource]`` as pages and ``entries`` for any metric."""

    lists: dict[str, Any] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)
    account_settings: dict[str, Any] = field(default_factory=lambda: {"time_zone": "UTC", "week_start_on": "monday"})
    calls: MutableSequence[tuple[str, dict[str, Any]]] = field(default_factory=list)
    max_connections: int = 20

    def __post_init__(self) -> None:
        self.lists.setdefault("data_sources", [[]])

    def __getattr__(self, resource: str) -> Any:
        if resource == "account":
            return SimpleNamespace(retrieve=lambda: self.account_settings)
        if resource == "metrics":
            return _Metrics(self)
        return SimpleNamespace(list=self._list(resource))

    def _list(self, resource: str) -> Callable[..., FakeListing]:
        def listing(*args: str, **arguments: Any) -> FakeListing:
            self.calls.append((resource, {"args": args, **arguments} if args else arguments))
            pages = self.lists[resource]
            return FakeListing(pages(*args) if callable(pages) else pages, arguments.get("cursor"))

        return listing


class _Metrics:
    def __init__(self, client: FakeClient) -> None:
        self._client = client

    def __getattr__(self, metric: str) -> Callable[..., dict[str, Any]]:
        def retrieve(**arguments: Any) -> dict[str, Any]:
            self._client.calls.append((metric, arguments))
            return {"entries": self._client.entries, "summary": {}}

        return retrieve


def rows_of(reading: Reading, suffix: str = "") -> list[Row]:
    return [row for record in records_of(reading) for row in (record.rows or {})[suffix]]


def records_of(reading: Reading) -> list[Record]:
    return [record for page, _ in pages(reading) for record in page.records]


@contextmanager
def requests(emulator: Emulator) -> Iterator[Counter[str]]:
    """Count what is asked of an emulator within the block, by operation; filled at its end."""
    counted: Counter[str] = Counter()
    before = Counter(emulator.stats()["requests_by_operation"])
    yield counted
    counted.update(Counter(emulator.stats()["requests_by_operation"]) - before)
