"""What all storages have in common: a bucket of pyrate-limiter for the rate, and slots for what is in flight."""

from __future__ import annotations

import itertools
import logging
import math
import random
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, TypeVar

from pyrate_limiter import Decision, Rate, RateItem

from airflow_provider_chartmogul.client.errors import ChartMogulUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyrate_limiter import AbstractBucket

T = TypeVar("T")

log = logging.getLogger(__name__)

# ChartMogul counts arrivals in any sliding second; we count departures. A request that travels a little longer than
# the one forty places after it brings the two closer together, and the extra 25 ms make room for that: with two cores,
# both busy, they came 14 ms closer at the worst. They cost one request per second.
WINDOW_MS = 1025
# A burst of forty from as many threads is what brings them closer: so no more than a quarter leave in a quarter of it.
_PARTS = 4


def rates(requests_per_second: int) -> list[Rate]:
    """Return what keeps so many requests a second apart; always two, since some buckets are made for their number."""
    if requests_per_second == 1:
        # a single one has no parts
        return [Rate(1, WINDOW_MS), Rate(2, 2 * WINDOW_MS)]
    part = Rate(math.ceil(requests_per_second / _PARTS), WINDOW_MS // _PARTS)
    return [part, Rate(requests_per_second, WINDOW_MS)]


class BudgetStorage(ABC):
    """Keeps the requests of the last second and those in flight, of all who use the same name.

    :meth:`permit` and :meth:`slot` are asked by one thread at a time; what :meth:`slot` returns may be called by any.

    :param url: where the storage is. It may hold a password and is never shown.
    :param name: of the budget.
    :param lease_seconds: how long a slot counts whose holder died.
    """

    kind: ClassVar[str]
    example: ClassVar[str]
    #: what the constructor raises for a URL that cannot work
    malformed: ClassVar[tuple[type[Exception], ...]] = (ValueError,)
    #: what the library raises when the storage cannot be used
    failures: ClassVar[tuple[type[Exception], ...]]
    #: spreads those who wait for the same moment, so that they do not all ask at once
    jitter_seconds: ClassVar[float] = 0.005

    def __init__(self, url: str, name: str, lease_seconds: float) -> None:
        self._url = url
        self._name = name
        self._lease_seconds = lease_seconds
        self._bucket: AbstractBucket | None = None
        self._asked = itertools.count()

    def permit(self, rates: Sequence[Rate]) -> float:
        """Take a permit to send now and return 0, or return how many seconds to wait before asking again.

        :param rates: made by :func:`rates`.
        :raises ChartMogulUnreachableError: the storage cannot be used.
        """
        return self._using(lambda bucket: self._ask(bucket, rates))

    def slot(self, count: int) -> Callable[[], None] | None:
        """Take one of so many slots and return what gives it back, or ``None`` if all are taken.

        Giving back never fails: the answer of the request is there and must not be lost.

        :raises ChartMogulUnreachableError: the storage cannot be used.
        """
        free = self._using(lambda bucket: self._take_slot(count))
        return None if free is None else lambda: self._give_back(free)

    @abstractmethod
    def _open(self) -> AbstractBucket:
        """Connect, and return the bucket."""

    def _close(self, bucket: AbstractBucket) -> None:
        """Give up what :meth:`_open` opened."""
        bucket.close()

    @abstractmethod
    def _now(self) -> int:
        """Return the time in milliseconds by the one clock that all who share the storage go by."""

    @abstractmethod
    def _take_slot(self, count: int) -> Callable[[], object] | None: ...

    def _ask(self, bucket: AbstractBucket, rates: Sequence[Rate]) -> float:
        """Ask the bucket directly, with the time of each attempt.

        The limiter on top of it books a waiting request for the moment it meant to wake, which under load is earlier
        than the moment it is sent.
        """
        bucket.rates = list(rates)
        if next(self._asked) % rates[-1].limit == 0:
            bucket.leak(self._now())
        decision = bucket.put_decision(RateItem("request", self._now()))
        assert isinstance(decision, Decision)  # noqa: S101 - none of our buckets is asynchronous
        if decision.allowed:
            return 0.0
        if decision.retry_after_ms is None:
            # somebody else was asking
            return random.uniform(0.002, 0.01)  # noqa: S311 - spreads, hides nothing
        if decision.retry_after_ms > 2 * WINDOW_MS:
            # requests of the future: the clock was set back
            bucket.flush()
        wait = min(max(decision.retry_after_ms, 1), WINDOW_MS) / 1000
        return wait + random.uniform(0, self.jitter_seconds)  # noqa: S311

    def _using(self, ask: Callable[[AbstractBucket], T]) -> T:
        try:
            if self._bucket is None:
                self._bucket = self._open()
            return ask(self._bucket)
        except self.failures as error:
            # by type: texts of drivers may quote credentials
            failure = type(error).__name__
        bucket, self._bucket = self._bucket, None
        if bucket is not None:
            with suppress(*self.failures):
                self._close(bucket)
        # the kind of error that says that the request was certainly not sent
        raise ChartMogulUnreachableError(f"the storage of the rate budget ({self.kind}) cannot be used: {failure}")

    def _give_back(self, free: Callable[[], object]) -> None:
        try:
            free()
        except self.failures as error:
            log.warning("a slot of the rate budget (%s) could not be given back: %s", self.kind, type(error).__name__)
