"""The rate budget of an API key: requests per second and requests in flight.

ChartMogul counts per account, so all clients of one key in this process draw on one budget.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyrate_limiter import Decision, InMemoryBucket, MonotonicClock, Rate, RateItem

if TYPE_CHECKING:
    from collections.abc import Iterator

# ChartMogul counts arrivals in any sliding second; we count departures. A request that travels a little longer than
# the one forty places after it brings the two closer together, and the extra 45 ms make room for that. They cost
# 1.7 requests per second.
WINDOW_MS = 1045

_CLOCK = MonotonicClock()


class RateBudget:
    """Hands out permission to send, at most so many per sliding second and so many in flight.

    Waiting happens here and sends nothing. Threads take their turn one after the other, so that one sleeper
    holds the place for all and nobody wakes in vain.

    :param requests_per_second: permits in any sliding second.
    :param max_connections: requests in flight at once.
    """

    def __init__(self, requests_per_second: int, max_connections: int) -> None:
        self._bucket = InMemoryBucket([Rate(requests_per_second, WINDOW_MS)])
        self._turn = threading.Lock()
        self._slots = threading.Condition()
        self._max_connections = max_connections
        self._in_flight = 0
        self._paused_until = 0.0

    def configure(self, requests_per_second: int, max_connections: int) -> None:
        """Change the limits for all who share this budget."""
        self._bucket.rates = [Rate(requests_per_second, WINDOW_MS)]
        with self._slots:
            self._max_connections = max_connections
            self._slots.notify_all()

    def pause(self, seconds: float) -> None:
        """Let nobody send for so many seconds: ChartMogul said that it has too much to do."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    @contextmanager
    def request(self) -> Iterator[None]:
        """Wait for permission to send one request, and count it as in flight until the block ends."""
        with self._slots:
            self._slots.wait_for(lambda: self._in_flight < self._max_connections)
            self._in_flight += 1
        try:
            # after the wait for a free slot: a permit must be used at once, or departures bunch up
            self._wait_for_permit()
            yield
        finally:
            with self._slots:
                self._in_flight -= 1
                self._slots.notify()

    def _wait_for_permit(self) -> None:
        with self._turn:
            while (seconds := self._seconds_to_wait()) > 0:
                time.sleep(seconds)

    def _seconds_to_wait(self) -> float:
        """Take a permit and return 0, or return how long there is none.

        The bucket is asked directly, with the time of each attempt: the limiter on top of it books a waiting
        request for the moment it meant to wake, which under load is earlier than the moment it is sent.
        """
        paused = self._paused_until - time.monotonic()
        if paused > 0:
            return paused
        now = _CLOCK.now()
        self._bucket.leak(now)
        decision = self._bucket.put_decision(RateItem("request", now))
        assert isinstance(decision, Decision)  # noqa: S101 - the in-memory bucket answers at once
        return 0.0 if decision.allowed else max(decision.retry_after_ms or 0, 1) / 1000


_budgets: dict[tuple[int, str, str], RateBudget] = {}


def shared_budget(api_key: str, base_url: str, requests_per_second: int, max_connections: int) -> RateBudget:
    """Return the budget of this key and address, the same for every client in this process.

    The limits of the client that asks last hold for all. The process id is part of the key because a forked process
    must not inherit locks that another thread held at the time of the fork.
    """
    digest = hashlib.sha256(api_key.encode()).hexdigest()
    fresh = RateBudget(requests_per_second, max_connections)
    budget = _budgets.setdefault((os.getpid(), digest, base_url), fresh)
    if budget is not fresh:
        budget.configure(requests_per_second, max_connections)
    return budget
