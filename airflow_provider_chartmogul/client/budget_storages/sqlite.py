"""A budget in a file: for several processes on one machine."""

from __future__ import annotations

import random
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast
from urllib.parse import unquote, urlsplit

from filelock import FileLock, Timeout
from pyrate_limiter import SQLiteBucket

from airflow_provider_chartmogul.client.budget_storages.base import BudgetStorage, rates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyrate_limiter import AbstractBucket, Rate

_TIMEOUT_SECONDS = 10
_POLL_SECONDS = 0.002


class SqliteStorage(BudgetStorage):
    """A table for the permits of the last second, and a locked file for each request in flight.

    The time is that of the machine. The system takes the locks away from a process that dies.
    """

    kind = "sqlite"
    example = "sqlite:///absolute/path.sqlite"
    failures: ClassVar = (sqlite3.Error, OSError)

    def __init__(self, url: str, name: str, lease_seconds: float) -> None:
        super().__init__(url, name, lease_seconds)
        parts = urlsplit(url)
        # SQLAlchemy writes absolute paths with one more slash
        self._path = "/" + unquote(parts.path).lstrip("/")
        if parts.netloc or parts.query or parts.fragment or not Path(self._path).parent.is_dir():
            raise ValueError("no absolute path in a directory that is there")

    def _open(self) -> AbstractBucket:
        table = f"permits_{self._name}"
        return SQLiteBucket.init_from_file(rates(1), table, self._path, use_file_lock=True)

    def _now(self) -> int:
        return time.time_ns() // 1_000_000

    def _ask(self, bucket: AbstractBucket, rates: Sequence[Rate]) -> float:
        # before the time is read: who waits for the lock must not come with the time at which the wait began
        lock = cast("FileLock", bucket.limiter_lock())
        with lock.acquire(_TIMEOUT_SECONDS, _POLL_SECONDS):
            return super()._ask(bucket, rates)

    def _take_slot(self, count: int) -> Callable[[], object] | None:
        first = random.randrange(count)  # noqa: S311 - so that not all try the same ones first
        for number in range(count):
            lock = FileLock(f"{self._path}.{self._name}.{(first + number) % count}", thread_local=False)
            try:
                lock.acquire(blocking=False)
            except Timeout:
                continue
            return lock.release
        return None
