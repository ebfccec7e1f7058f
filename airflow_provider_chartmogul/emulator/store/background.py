"""Work that the API accepts at once and does later: merges, deletions, imports."""

from __future__ import annotations

import heapq
import time
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class _Task(NamedTuple):
    due: float
    order: int
    accepted: float
    work: Callable[[], None]


class Background:
    """Accepted work in the order in which it falls due.

    Nothing runs by itself: :meth:`run_due` is called before each answer, which nobody can tell from a worker that
    was on time.
    """

    def __init__(self) -> None:
        self._tasks: list[_Task] = []
        self._order = count()
        #: The time at which records that are changed now count as received; None stands for this moment.
        self.received: float | None = None

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        """Do something later; at once where there is no lag.

        What it changes counts as received now, so that the figures follow together with the records.
        """
        now = time.monotonic()
        if not seconds:
            work()
            return
        heapq.heappush(self._tasks, _Task(now + seconds, next(self._order), now, work))

    def run_due(self) -> None:
        """Do all work whose time has come, in order."""
        while self._tasks and self._tasks[0].due <= time.monotonic():
            task = heapq.heappop(self._tasks)
            self.received = task.accepted
            try:
                task.work()
            finally:
                self.received = None
