"""Checks every answer of the emulators of this process against ``openapi.yaml``, whichever test provokes it.

Emulators in processes of their own cannot be seen from here. There are two: the one of the command line
(``tests/unit/emulator/test_command_line.py``) and the one of the demo (``tests/dags/test_demo.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.emulator import server
from airflow_provider_chartmogul.emulator.app import API_PREFIX
from tests.contract import specification

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from airflow_provider_chartmogul.emulator.connections import Connections
    from airflow_provider_chartmogul.emulator.state import State


class Checks:
    """What was checked, and what was wrong with it. Emulators add to it from their own threads.

    :ivar checked: number of answers that were held against the description.
    """

    def __init__(self) -> None:
        self.checked = 0
        self._violations: list[str] = []

    def take(self) -> list[str]:
        """Return what was wrong since the last time, each sentence once."""
        found, self._violations = self._violations, []
        return list(dict.fromkeys(found))

    def check(self, scope: Scope, status: int, content_type: str, body: bytes) -> None:
        """Check one answer, if it is one of an operation of the API and no deliberate fault."""
        match = scope.get("chartmogul.match")
        if match is None or match.operation is None or "chartmogul.fault" in scope:
            return
        if not scope["path"].startswith(f"{API_PREFIX}/"):
            return
        self.checked += 1
        operation = specification.operations().get(specification.unnamed(match.operation.name))
        if operation is None:
            self._violations.append(f"{match.operation.name}: the API has no such operation")
        elif problem := specification.problem(operation, status, content_type, body):
            self._violations.append(f"{operation.id}: {problem}")

    def failed(self, scope: Scope, error: Exception) -> None:
        """Note that there was an exception instead of an answer."""
        self._violations.append(f"{scope['method']} {scope['path']}: {type(error).__name__}: {error}")


class Checked:
    """ASGI middleware around an emulator: its answers pass through unchanged."""

    def __init__(self, app: ASGIApp, checks: Checks) -> None:
        self._app = app
        self._checks = checks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start: Message = {}
        body = b""

        async def observe(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
            else:
                body += message.get("body", b"")
                # Before the answer goes out: the test that waits for it must find the violation.
                if not message.get("more_body"):
                    self._checks.check(scope, start["status"], _content_type(start), body)
            await send(message)

        try:
            await self._app(scope, receive, observe)
        except Exception as error:
            self._checks.failed(scope, error)
            raise


def _content_type(start: Message) -> str:
    values = [value.decode() for name, value in start["headers"] if name.lower() == b"content-type"]
    return values[0] if values else ""


def checked_app(checks: Checks) -> Callable[[State, Connections, asyncio.Event], ASGIApp]:
    """Return what takes the place of ``build_app`` of the emulator's server."""
    build_app = server.build_app
    specification.operations()  # read now: the first request must not wait for it

    def build(state: State, connections: Connections, stopping: asyncio.Event) -> ASGIApp:
        return Checked(build_app(state, connections, stopping), checks)

    return build
