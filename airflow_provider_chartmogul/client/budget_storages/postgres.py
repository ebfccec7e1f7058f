"""A budget in Postgres: for workers on several machines that have no Redis."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pyrate_limiter import PostgresBucket

from airflow_provider_chartmogul.client.budget_storages.base import BudgetStorage, rates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyrate_limiter import AbstractBucket

_TIMEOUT_SECONDS = 5
_SETTINGS = {
    # the bucket's table has timestamps without time zone
    "TimeZone": "UTC",
    # what a crash of the server forgets is over by the time it is back
    "synchronous_commit": "off",
    # milliseconds
    "statement_timeout": "10000",
}
# a server that is gone without a word is noticed within seconds: all threads wait for its answer
_PATIENCE: dict[str, Any] = {
    "connect_timeout": _TIMEOUT_SECONDS,
    "tcp_user_timeout": 1000 * _TIMEOUT_SECONDS,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
_NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
# CASE, so that no lock is tried a second time that this session holds: it would be granted
_TAKE_SLOT = """
SELECT slot FROM generate_series(0, %s - 1) AS slot
WHERE CASE WHEN slot = ANY(%s::int[]) THEN false ELSE pg_try_advisory_lock(%s, slot) END LIMIT 1
"""
_GIVE_BACK = "SELECT pg_advisory_unlock(%s, %s)"


class PostgresStorage(BudgetStorage):
    """A table for the permits of the last second, and an advisory lock for each request in flight.

    The time is that of the server. It takes the locks away when the connection of a process that died is gone.
    """

    kind = "postgres"
    example = "postgresql://user:password@host:5432/database"
    malformed = (ValueError, psycopg.Error)
    failures: ClassVar = (psycopg.Error, OSError)

    def __init__(self, url: str, name: str, lease_seconds: float) -> None:
        super().__init__(url, name, lease_seconds)
        conninfo_to_dict(url)
        self._session: _Session
        # the first half of the locks' number, a signed integer of 32 bits
        self._lock = int.from_bytes(bytes.fromhex(name)[:4], signed=True)

    def _open(self) -> AbstractBucket:
        self._session = _Session(self._url)
        pool_of_one = cast("Any", self._session)
        return PostgresBucket(pool_of_one, f"chartmogul_{self._name}", rates(1))

    def _now(self) -> int:
        return int(self._session.value(_NOW))

    def _take_slot(self, count: int) -> Callable[[], object] | None:
        return self._session.take(self._lock, count)


class _Session:
    """One connection for the bucket, which takes it for a pool, and for the locks, which are gone when it is."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True, **_PATIENCE)
        for name, value in _SETTINGS.items():
            self._connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        self._turn = threading.RLock()
        self._held: set[int] = set()

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection]:
        with self._turn, self._connection.transaction():
            yield self._connection

    def value(self, query: str, *parameters: Any) -> Any:
        """Return the first column of the first row, ``None`` if there is no row."""
        with self._turn:
            row = self._connection.execute(query, parameters).fetchone()
        return None if row is None else row[0]

    def take(self, lock: int, count: int) -> Callable[[], None] | None:
        with self._turn:
            slot = self.value(_TAKE_SLOT, count, list(self._held), lock)
            if slot is None:
                return None
            self._held.add(slot)
        return partial(self._give_back, lock, slot)

    def _give_back(self, lock: int, slot: int) -> None:
        with self._turn:
            self.value(_GIVE_BACK, lock, slot)
            self._held.discard(slot)

    @property
    def closed(self) -> bool:
        return self._connection.closed

    def close(self) -> None:
        self._connection.close()
