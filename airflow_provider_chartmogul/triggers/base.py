"""Waiting in the triggerer: ask, sleep, ask again, until something is settled."""

from __future__ import annotations

import asyncio
import math
import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_chartmogul import exceptions
from airflow_provider_chartmogul.client.retry import bounded, is_transient
from airflow_provider_chartmogul.exceptions import ChartMogulError
from airflow_provider_chartmogul.hooks.chartmogul import ChartMogulHook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow_provider_chartmogul.client import ChartMogulClient

# whatever poll interval was asked for, a trigger must not spin
MIN_SLEEP = 1.0

LOOK_RETRY_SECONDS = 30.0
"""So long may one look repeat a request that fails for passing reasons: the next look is to come anyway."""

Event = dict[str, Any]
"""``{"status": "success", "result": {...}}``, ``{"status": "error", "error": class name, "message": ...}`` or
``{"status": "timeout", "message": ...}``; logged and stored by Airflow, hence small and without secrets."""


class ChartMogulPollTrigger(BaseTrigger):
    """Base of the triggers that read one state of ChartMogul until it is final. Writes nothing: restarts are harmless.

    :param chartmogul_conn_id: Airflow connection with the API key.
    :param poll_interval: seconds between two looks, at least one.
    :param deadline: wall-clock time (``time.time()``) after which the event is ``timeout``; ``None`` waits for ever.
    :param max_failures: so many looks in a row may fail for passing reasons before the wait ends with that error.
    """

    def __init__(
        self,
        chartmogul_conn_id: str,
        poll_interval: float = 60.0,
        deadline: float | None = None,
        max_failures: int = 5,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.chartmogul_conn_id = chartmogul_conn_id
        self.poll_interval = poll_interval
        self.deadline = deadline
        self.max_failures = max_failures

    @abstractmethod
    def look(self, client: ChartMogulClient) -> Event | None:
        """Ask once, blocking; return the final event or ``None`` while there is still something to wait for.

        All looks of a wait are made by one trigger, one after the other, so that it may keep in itself what it saw.
        What it keeps is not serialized: after a restart the wait must be right without it.
        """

    @property
    @abstractmethod
    def subject(self) -> dict[str, Any]:
        """The constructor arguments that say what is waited for."""

    @property
    def waited_for(self) -> str:
        """What is waited for, in short."""
        return str(self.subject)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the constructor arguments, all JSON primitives."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            **self.subject,
            "chartmogul_conn_id": self.chartmogul_conn_id,
            "poll_interval": self.poll_interval,
            "deadline": self.deadline,
            "max_failures": self.max_failures,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield the one final event."""
        hook = ChartMogulHook(self.chartmogul_conn_id, max_retry_seconds=LOOK_RETRY_SECONDS)
        try:
            yield TriggerEvent(await self._wait(hook))  # type: ignore[no-untyped-call]
        finally:
            hook.close()

    async def _wait(self, hook: ChartMogulHook) -> Event:
        failures = 0
        while True:
            try:
                event = await asyncio.to_thread(self._look_in_time, await hook.get_async_conn())
            except ChartMogulError as err:
                failures += 1
                if failures >= self.max_failures or not is_transient(err):
                    return error_event(err)
                self.log.warning("Look failed, %s in a row of at most %s: %s", failures, self.max_failures, err)
            else:
                failures = 0
                if event is not None:
                    return event
            if self._time_left() <= 0:
                return {"status": "timeout", "message": f"Not finished in time: {self.waited_for}"}
            await asyncio.sleep(max(self.poll_interval, MIN_SLEEP))

    def _look_in_time(self, client: ChartMogulClient) -> Event | None:
        with bounded(self._time_left()):
            return self.look(client)

    def _time_left(self) -> float:
        return math.inf if self.deadline is None else self.deadline - time.time()


def settled(event: Event | None, timed_out: type[Exception] = exceptions.ChartMogulWaitTimeoutError) -> dict[str, Any]:
    """Turn the final event of a wait into its result or its error; anything but a known event is an error.

    :param timed_out: the error of a wait that took too long.
    """
    match event:
        case {"status": "success", "result": dict() as result}:
            return result
        case {"status": "timeout", "message": str() as message}:
            raise timed_out(message)
        case {"status": "error", "error": str() as name, "message": str() as message}:
            raise _named_error(name, message)
    status = event.get("status") if isinstance(event, dict) else None
    raise ChartMogulError(f"The trigger answered with an event of unknown form, its status is {status!r}")


def _named_error(name: str, message: str) -> ChartMogulError:
    error = getattr(exceptions, name, None)
    if isinstance(error, type) and issubclass(error, ChartMogulError):
        return error(message)
    return ChartMogulError(message)


def error_event(error: ChartMogulError) -> Event:
    """Describe an error so that the worker can raise it under its public type."""
    public = next(cls.__name__ for cls in type(error).__mro__ if cls.__module__ == exceptions.__name__)
    return {"status": "error", "error": public, "message": str(error)}
