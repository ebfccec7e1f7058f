"""Counts requests and finds out which operation they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from airflow_provider_chartmogul.emulator.http import Router
    from airflow_provider_chartmogul.emulator.state import State


class Counting:
    """Outermost layer; leaves the match of the request in the scope for the layers inside."""

    def __init__(self, app: ASGIApp, state: State, router: Router) -> None:
        self._app = app
        self._state = state
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request in and out."""
        match = self._router.find(scope["method"], scope["path"])
        scope["chartmogul.match"] = match
        traffic = self._state.traffic
        traffic.arrive(match.operation.name if match.operation else f"{scope['method']} (unknown)")
        try:
            await self._app(scope, receive, send)
        finally:
            traffic.leave()
