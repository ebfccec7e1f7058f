"""Waits before each answer, without keeping others waiting."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from airflow_provider_chartmogul.emulator.state import State


class Latency:
    """The request is under way while it waits, so it counts towards the parallel limit.

    :param stopping: set when the server stops; nobody waits any longer then.
    """

    def __init__(self, app: ASGIApp, state: State, stopping: asyncio.Event) -> None:
        self._app = app
        self._state = state
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then pass the request on."""
        if self._state.settings.latency_ms:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._state.settings.latency_ms / 1000)
        await self._app(scope, receive, send)
