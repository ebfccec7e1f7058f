"""40 requests in any second, 20 at a time (``/docs/rate-limits``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from airflow_provider_chartmogul.emulator.faults import ANSWERS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from airflow_provider_chartmogul.emulator.state import State


class Limits:
    """Refuses what is over the limits, before any work; refused requests count towards the rate as well."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        traffic = self._state.traffic
        if self._state.settings.limits and traffic.over_rate():
            traffic.refused_429 += 1
            await _refuse("429", scope, receive, send)
        elif self._state.settings.limits and traffic.over_parallel():
            traffic.refused_503 += 1
            await _refuse("503", scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def _refuse(kind: str, scope: Scope, receive: Receive, send: Send) -> None:
    status, content_type, body = ANSWERS[kind]
    await Response(body, status, headers={"content-type": content_type})(scope, receive, send)
