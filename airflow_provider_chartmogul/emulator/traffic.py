"""Counters and rate limits: what clients are measured by."""

from __future__ import annotations

import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_REQUESTS_PER_SECOND = 40
MAX_IN_FLIGHT = 20


class Traffic:
    """Requests seen so far, and the sliding log of the last second.

    All requests count towards the rate, refused ones too (``/docs/rate-limits``: all requests count).

    :param clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.in_flight = 0
        self.connections_open = 0
        self.reset()

    def reset(self) -> None:
        """Set all counters to zero; what is under way stays counted."""
        self.requests = 0
        self.by_operation: Counter[str] = Counter()
        self.connections_opened = 0
        self.in_flight_max = self.in_flight
        self.refused_429 = 0
        self.refused_503 = 0
        self._arrivals: deque[float] = deque()

    def arrive(self, operation: str) -> None:
        """Count a request when it arrives."""
        self.requests += 1
        self.by_operation[operation] += 1
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)

    def leave(self) -> None:
        """Count a request out when its answer is sent or its connection is gone."""
        self.in_flight -= 1

    def over_rate(self) -> bool:
        """Log an arrival; tell whether it is the 41st or a later one of any sliding second."""
        now = self._clock()
        while self._arrivals and self._arrivals[0] <= now - 1:
            self._arrivals.popleft()
        self._arrivals.append(now)
        return len(self._arrivals) > MAX_REQUESTS_PER_SECOND

    def over_parallel(self) -> bool:
        """Tell whether more requests are under way than allowed, this one included."""
        return self.in_flight > MAX_IN_FLIGHT

    def as_json(self) -> dict[str, Any]:
        """Return the counters of ``GET /_emulator/state``."""
        return {
            "requests": self.requests,
            "requests_by_operation": dict(self.by_operation),
            "connections_opened": self.connections_opened,
            "connections_open": self.connections_open,
            "in_flight_max": self.in_flight_max,
            "refused_429": self.refused_429,
            "refused_503": self.refused_503,
        }
