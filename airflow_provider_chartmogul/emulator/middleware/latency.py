"""Waits before each answer, without keeping others waiting."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from airflow_provider_chartmogul.emulator.state import State


class Latency:
    """The request is under way while it waits, so it counts towards the parallel limit."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then pass the request on."""
        if self._state.settings.latency_ms:
            await asyncio.sleep(self._state.settings.latency_ms / 1000)
        await self._app(scope, receive, send)
