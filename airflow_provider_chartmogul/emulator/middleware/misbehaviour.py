"""Makes requests fail as the fault rules say."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import Response

from airflow_provider_chartmogul.emulator.faults import ANSWERS
from airflow_provider_chartmogul.emulator.http import read_body

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from airflow_provider_chartmogul.emulator.connections import Connections
    from airflow_provider_chartmogul.emulator.faults import FaultRule
    from airflow_provider_chartmogul.emulator.state import State


class Misbehaviour:
    """Answers with an error, or breaks the connection before, after or instead of the work.

    :param stopping: set when the server stops; hanging requests end then.
    """

    def __init__(self, app: ASGIApp, state: State, connections: Connections, stopping: asyncio.Event) -> None:
        self._app = app
        self._state = state
        self._connections = connections
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or let it fail."""
        rule = self._state.faults.pick(scope["method"], scope["path"])
        if rule is None:
            await self._app(scope, receive, send)
            return
        scope["chartmogul.fault"] = rule.kind  # for who checks answers: this is not one of the API
        if rule.kind in ANSWERS:
            self._count(rule.kind)
            status, content_type, body = ANSWERS[rule.kind]
            await Response(body, status, headers={"content-type": content_type})(scope, receive, send)
        else:
            await self._break(rule, scope, receive, send)

    def _count(self, kind: str) -> None:
        self._state.traffic.refused_429 += kind == "429"
        self._state.traffic.refused_503 += kind == "503"

    async def _break(self, rule: FaultRule, scope: Scope, receive: Receive, send: Send) -> None:
        if rule.kind == "drop_before":
            await read_body(receive)
        elif rule.kind == "hang":
            await read_body(receive)
            await self._wait_for_client(receive, rule.seconds)
        else:
            messages = await self._do_the_work(scope, receive)
            if rule.kind == "truncate":
                await _send_half(messages, send)
        await self._close(scope, receive)

    async def _do_the_work(self, scope: Scope, receive: Receive) -> list[Message]:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        return messages

    async def _wait_for_client(self, receive: Receive, seconds: float) -> None:
        waits = [asyncio.ensure_future(receive()), asyncio.ensure_future(self._stopping.wait())]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _close(self, scope: Scope, receive: Receive) -> None:
        transport = self._connections.of(scope)
        if transport is None:
            return  # the client was faster
        transport.close()
        # Only once the server has seen the end of the connection it no longer answers with its own 500.
        while (await receive())["type"] != "http.disconnect":
            pass


async def _send_half(messages: list[Message], send: Send) -> None:
    start, *rest = messages
    body = b"".join(message.get("body", b"") for message in rest)
    await send(start)
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
