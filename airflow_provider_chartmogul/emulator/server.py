"""Runs the emulator: a real HTTP server in a thread of this process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from typing import TYPE_CHECKING, Any, TypeVar

import uvicorn

from airflow_provider_chartmogul.emulator.app import API_PREFIX, build_app
from airflow_provider_chartmogul.emulator.connections import Connections, tracking_protocol
from airflow_provider_chartmogul.emulator.settings import Settings
from airflow_provider_chartmogul.emulator.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from starlette.types import Receive, Scope, Send

T = TypeVar("T")

_START_SECONDS = 10


class Emulator:
    """An emulated ChartMogul; the server starts with the object and ends with :meth:`stop`.

    :param api_key: the only key it accepts.
    :param host: address to listen on.
    :param port: 0 takes a free port.
    :param settings: what it starts with and goes back to on :meth:`reset`.
    :raises OSError: when the port cannot be had.
    """

    def __init__(self, api_key: str, host: str = "127.0.0.1", port: int = 0, settings: Settings | None = None) -> None:
        self.api_key = api_key
        self._state = State(api_key, settings or Settings())
        self._socket = socket.create_server((host, port), backlog=2048)
        # Accepted connections inherit it; without, a small answer waits 40 ms for the client's acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.base_url = f"http://{host}:{self._socket.getsockname()[1]}{API_PREFIX}"
        self._server = _Server(self._state)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        if not self._server.ready.wait(_START_SECONDS):
            raise RuntimeError("the emulator did not start")

    def __repr__(self) -> str:
        return f"Emulator({self.base_url!r})"

    def stop(self) -> None:
        """Stop the server; requests that hang are cut. Stopping twice does nothing more."""
        if self._thread.is_alive():
            self._server.stop()
            self._thread.join()

    def connection(self, **extra: Any) -> str:
        """Return an Airflow connection to this emulator as JSON, for ``AIRFLOW_CONN_…``; extra fields as keywords."""
        return json.dumps({"conn_type": "chartmogul", "password": self.api_key, "host": self.base_url, "extra": extra})

    def reset(self) -> None:
        """Forget data, faults and counters; settings are again those of the start."""
        self._server.call(self._state.reset)

    def set_faults(self, rules: Sequence[dict[str, Any]]) -> None:
        """Make requests fail.

        :param rules: ``{"kind": "403"|"429"|"503"|"500"|"500_html"|"500_text"|"drop_before"|"drop_after"|"hang"|
            "truncate", "method": "POST", "path": regex, "every": 10, "times": 3, "seconds": 30}``; all but kind may be
            left out.
        :raises ValueError: for an unusable rule.
        """
        self._server.call(lambda: self._state.set_faults(rules))

    def configure(self, **changes: Any) -> None:
        """Change settings while running.

        :param changes: ``latency_ms``, ``processing_ms``, ``limits``, ``import_errors``, ``now``, ``fx_rates``,
            ``account``.
        :raises ValueError: for an unknown name or an unusable value.
        """
        self._server.call(lambda: self._state.configure(changes))

    def add_source(self, name: str, system: str = "Stripe") -> str:
        """Add a data source of another billing system, which the API cannot; its records come in through the API.

        Only records of such automatic sources can be disabled.

        :return: its uuid.
        :raises ValueError: for an empty or taken name.
        """
        return self._server.call(lambda: self._state.add_source(name, system)).uuid

    def stats(self) -> dict[str, Any]:
        """Return the counters: requests, requests by operation, connections, most in flight, refused."""
        return self._server.call(self._state.traffic.as_json)


@contextlib.contextmanager
def running_emulator(
    api_key: str = "test-key",
    limits: bool = True,
    latency_ms: int = 0,
    processing_ms: int = 0,
    now: str | datetime | None = None,
    currency: str = "USD",
    time_zone: str = "UTC",
    week_start_on: str = "monday",
) -> Iterator[Emulator]:
    """Run an emulator on a free port of the loopback interface.

    :param limits: enforce 40 requests per second and 20 parallel requests.
    :param latency_ms: wait before each answer, milliseconds.
    :param processing_ms: lag before imports complete and data is in the metrics, milliseconds.
    :param now: frozen clock of the account; real time if not given.
    :param currency: of the account.
    """
    settings = Settings().changed(
        limits=limits,
        latency_ms=latency_ms,
        processing_ms=processing_ms,
        now=now,
        account={"currency": currency, "time_zone": time_zone, "week_start_on": week_start_on},
    )
    emulator = Emulator(api_key, settings=settings)
    try:
        yield emulator
    finally:
        emulator.stop()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers (it runs in a thread), with calls into its event loop."""

    def __init__(self, state: State) -> None:
        self.ready = threading.Event()
        self._stopping: asyncio.Event
        self._loop: asyncio.AbstractEventLoop
        self._state = state
        self._connections = Connections(state.traffic)
        config = uvicorn.Config(
            self._answer,
            http=tracking_protocol(self._connections),
            interface="asgi3",
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
        super().__init__(config)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._app = build_app(self._state, self._connections, self._stopping)
        await super().startup(sockets)
        self.ready.set()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def call(self, work: Callable[[], T]) -> T:
        """Run something between two requests."""

        async def in_loop() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(in_loop(), self._loop).result()

    def stop(self) -> None:
        """Let hanging requests end and the server shut down."""
        self.call(self._stopping.set)
        self.should_exit = True
