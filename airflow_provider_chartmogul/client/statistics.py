"""What a client has sent and received so far, as plain numbers."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Statistics:
    """Totals of one client in this process since it was made.

    :param requests: requests to the API that were given to the network, repetitions included.
    :param refused_429: of these, answered with 429: too many in a second, or too much work in a minute.
    :param refused_503: of these, answered with 503: too many at once.
    :param waited_seconds: time that requests waited for the rate budget. Threads that wait side by side add up.
    :param bytes_received: bodies of answers and files, as they travelled.
    """

    requests: int = 0
    refused_429: int = 0
    refused_503: int = 0
    waited_seconds: float = 0.0
    bytes_received: int = 0


class Tally:
    """Adds up. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals = Statistics()

    @property
    def totals(self) -> Statistics:
        """The sums so far; they do not change any more."""
        return self._totals

    def sent(self, waited_seconds: float) -> None:
        """Count a request that leaves after so long a wait."""
        with self._lock:
            totals = self._totals
            self._totals = replace(
                totals, requests=totals.requests + 1, waited_seconds=totals.waited_seconds + waited_seconds
            )

    def received(self, status: int, size: int) -> None:
        """Count an answer, its body in bytes."""
        with self._lock:
            totals = self._totals
            self._totals = replace(
                totals,
                refused_429=totals.refused_429 + (status == 429),
                refused_503=totals.refused_503 + (status == 503),
                bytes_received=totals.bytes_received + size,
            )

    def downloaded(self, size: int) -> None:
        """Count a file, or what came of it, in bytes."""
        with self._lock:
            self._totals = replace(self._totals, bytes_received=self._totals.bytes_received + size)
