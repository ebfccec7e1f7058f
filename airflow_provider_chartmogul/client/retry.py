"""The retry decision: what may pass, what may have been done already, how long to wait, when to give up."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential, wait_random

from airflow_provider_chartmogul.client.errors import ChartMogulConnectTimeoutError, ChartMogulUnreachableError
from airflow_provider_chartmogul.exceptions import ChartMogulConnectionError, ChartMogulStatusError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Event

T = TypeVar("T")

log = logging.getLogger(__name__)

BACKOFF = wait_exponential(multiplier=0.2, max=30) + wait_random(0, 0.2)
"""Waits in seconds between the attempts of one operation."""

RETRY_AFTER_CAP = 60.0
"""Longest wait, in seconds, that a ``Retry-After`` header can ask for."""

REFUSED_UNSEEN = frozenset({429, 503})
"""Statuses with which ChartMogul turns a request away before working on it."""

# Monotonic. A look-up inside of a write shares the write's deadline, so that the whole stays bounded.
_deadline: ContextVar[float | None] = ContextVar("chartmogul_deadline", default=None)
_stop: ContextVar[Event | None] = ContextVar("chartmogul_stop", default=None)


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(error, ChartMogulStatusError):
        return error.status_code in (408, 429) or error.status_code >= 500
    return isinstance(error, ChartMogulConnectionError)


def is_ambiguous(error: BaseException) -> bool:
    """Whether ChartMogul may have done the work although no usable answer came."""
    if isinstance(error, (ChartMogulUnreachableError, ChartMogulConnectTimeoutError)):
        return False
    if isinstance(error, ChartMogulStatusError) and error.status_code in REFUSED_UNSEEN:
        return False
    return is_transient(error)


def retrying(attempt: Callable[[], T], *, name: str, seconds: float, slow_down: Callable[[float], None]) -> T:
    """Call until it works, fails for good, or the time is up.

    :param attempt: one try; its error decides.
    :param name: ``METHOD /path``, for the log.
    :param seconds: no try starts later than this after the first one.
    :param slow_down: told the coming wait in seconds when ChartMogul said that it has too much to do.
    """

    def before_sleep(state: RetryCallState) -> None:
        error, wait = _error(state), state.upcoming_sleep
        if isinstance(error, ChartMogulStatusError) and error.status_code in REFUSED_UNSEEN:
            slow_down(wait)
        log.info("%s failed (%s), try %d in %.1f s", name, _kind(error), state.attempt_number + 1, wait)

    with bounded(seconds) as deadline:
        return Retrying(
            retry=retry_if_exception(is_transient),
            wait=_wait,
            stop=lambda state: time.monotonic() + state.upcoming_sleep > deadline,
            before_sleep=before_sleep,
            sleep=_sleep,
            reraise=True,
        )(attempt)


@contextmanager
def bounded(seconds: float) -> Iterator[float]:
    """Let no try inside start later than so many seconds from now, nor later than a bound around this one says.

    Holds in this thread, and in what ``asyncio.to_thread`` calls.
    """
    outer = _deadline.get()
    own = time.monotonic() + seconds
    deadline = own if outer is None else min(own, outer)
    token = _deadline.set(deadline)
    try:
        yield deadline
    finally:
        _deadline.reset(token)


@contextmanager
def stopped_by(stop: Event) -> Iterator[None]:
    """Let waits for another try inside end with an error as soon as an event is set. Holds in this thread."""
    token = _stop.set(stop)
    try:
        yield
    finally:
        _stop.reset(token)


def _sleep(seconds: float) -> None:
    stop = _stop.get()
    if stop is None:
        time.sleep(seconds)
    elif stop.wait(seconds):
        # whether the last try was in doubt is for whoever has set the event: nobody waits for this answer any more
        raise ChartMogulConnectionError("given up, since what it was for has ended")


def _wait(state: RetryCallState) -> float:
    asked = getattr(_error(state), "retry_after", None) or 0.0
    return max(BACKOFF(state), min(asked, RETRY_AFTER_CAP))


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _kind(error: BaseException | None) -> str:
    # by type: every Airflow exception has a status_code, 500 unless it says otherwise
    return f"status {error.status_code}" if isinstance(error, ChartMogulStatusError) else type(error).__name__
