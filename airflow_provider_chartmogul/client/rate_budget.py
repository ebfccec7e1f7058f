"""The rate budget of an API key: requests per second and requests in flight.

ChartMogul counts per account, so all clients of one key in this process draw on one budget, and those of other
processes as well, where a storage is named.
"""

from __future__ import annotations

import hashlib
import os
import random
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.client.budget_storages import budget_storage
from airflow_provider_chartmogul.client.budget_storages.base import rates
from airflow_provider_chartmogul.client.budget_storages.memory import MemoryStorage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_chartmogul.client.budget_storages.base import BudgetStorage

# between two looks for a free slot: slots are given back by other processes, which tell nobody
POLL_SECONDS = (0.01, 0.03)


class RateBudget:
    """Hands out permission to send, at most so many per sliding second and so many in flight.

    Waiting happens here and sends nothing. Threads take their turn one after the other, so that one sleeper
    holds the place for all and nobody wakes in vain.

    :param requests_per_second: permits in any sliding second, of all who share the storage.
    :param max_connections: requests in flight at once, likewise.
    :param storage: where the budget is kept; in this process if there is none.
    """

    def __init__(self, requests_per_second: int, max_connections: int, storage: BudgetStorage | None = None) -> None:
        self._storage = storage or MemoryStorage()
        self._rates = rates(requests_per_second)
        self._turn = threading.Lock()
        self._slots = threading.Condition()
        self._max_connections = max_connections
        self._in_flight = 0
        self._paused_until = 0.0

    def configure(self, requests_per_second: int, max_connections: int) -> None:
        """Change the limits for all who share this budget."""
        self._rates = rates(requests_per_second)
        with self._slots:
            self._max_connections = max_connections
            self._slots.notify_all()

    def pause(self, seconds: float) -> None:
        """Let nobody of this process send for so many seconds: ChartMogul said that it has too much to do."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    @contextmanager
    def request(self) -> Iterator[None]:
        """Wait for permission to send one request, and count it as in flight until the block ends.

        :raises ChartMogulUnreachableError: the storage of the budget cannot be used.
        """
        with self._slots:
            self._slots.wait_for(lambda: self._in_flight < self._max_connections)
            self._in_flight += 1
        try:
            with self._turn:
                give_back = self._admission()
            try:
                yield
            finally:
                give_back()
        finally:
            with self._slots:
                self._in_flight -= 1
                self._slots.notify()

    def _admission(self) -> Callable[[], None]:
        """Wait for a shared slot and a permit, and return what gives the slot back."""
        while True:
            while (seconds := self._seconds_paused()) > 0:
                time.sleep(seconds)
            give_back = self._storage.slot(self._max_connections)
            if give_back is None:
                time.sleep(random.uniform(*POLL_SECONDS))  # noqa: S311 - spreads, hides nothing
                continue
            permitted = False
            try:
                # after the wait for a free slot: a permit must be used at once, or departures bunch up
                permitted = self._permitted()
            finally:
                if not permitted:
                    give_back()
            if permitted:
                return give_back

    def _permitted(self) -> bool:
        """Wait for a permit; return whether there is one. A pause ends the wait: no slot is held through it."""
        while (seconds := self._storage.permit(self._rates)) > 0:
            time.sleep(seconds)
            if self._seconds_paused() > 0:
                return False
        return True

    def _seconds_paused(self) -> float:
        return self._paused_until - time.monotonic()


_budgets: dict[tuple[int, str, str], RateBudget] = {}


def shared_budget(
    api_key: str,
    base_url: str,
    requests_per_second: int,
    max_connections: int,
    *,
    storage_url: str | None = None,
    lease_seconds: float = 0.0,
) -> RateBudget:
    """Return the budget of this key, address and storage, the same for every client in this process.

    The limits of the client that asks last hold for all. The process id is part of the key because a forked process
    must not inherit locks that another thread held at the time of the fork, nor share its connections.

    :param storage_url: shares the budget with other processes; see
        :func:`~airflow_provider_chartmogul.client.budget_storages.budget_storage`, also for the lease.
    """
    name = digest(f"{api_key}\n{base_url}")
    storage = budget_storage(storage_url, name, lease_seconds) if storage_url else None
    fresh = RateBudget(requests_per_second, max_connections, storage)
    budget = _budgets.setdefault((os.getpid(), name, digest(storage_url or "")), fresh)
    if budget is not fresh:
        budget.configure(requests_per_second, max_connections)
    return budget


def digest(secret: str) -> str:
    """Return what names a secret without telling it, short enough for names of tables."""
    return hashlib.sha256(secret.encode()).hexdigest()[:32]
