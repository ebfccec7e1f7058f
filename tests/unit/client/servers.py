"""A server that answers requests over real sockets as it was told, faults included."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Received:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Action = Callable[["Server", Received], bytes | None]
"""Makes the bytes of the answer; ``None`` cuts the connection without any."""


def answer(status: int = 200, body: Any = None, *, text: str | None = None, **headers: str) -> Action:
    content = (json.dumps({} if body is None else body) if text is None else text).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    raw = "\r\n".join(lines).encode() + b"\r\n\r\n" + content
    return lambda server, request: raw


def drop(server: Server, request: Received) -> None:
    return None


def hang(server: Server, request: Received) -> None:
    server.stopping.wait(30)


def cut_short(server: Server, request: Received) -> bytes:
    server.close_after.set()
    return b'HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{"entries": ['


@dataclass
class Server:
    """Gives the actions in turn, the last one for ever."""

    actions: list[Action]
    listener: socket.socket
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    in_flight_max: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    close_after: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _in_flight: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/v1"

    @property
    def calls(self) -> list[str]:
        return [f"{request.method} {request.path.removeprefix('/v1')}" for request in self.requests]

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as stream:
            while (request := _read(stream)) is not None:
                with self._lock:
                    self.requests.append(request)
                    action = self.actions.pop(0) if len(self.actions) > 1 else self.actions[0]
                    self._in_flight += 1
                    self.in_flight_max = max(self.in_flight_max, self._in_flight)
                raw = action(self, request)
                with self._lock:
                    self._in_flight -= 1
                if raw is None:
                    return
                connection.sendall(raw)
                if self.close_after.is_set():
                    self.close_after.clear()
                    return


def _read(stream: Any) -> Received | None:
    try:
        first = stream.readline().decode().split()
        if len(first) < 2:
            return None
        headers = {}
        while (line := stream.readline().strip().decode()) != "":
            name, _, value = line.partition(":")
            headers[name.title()] = value.strip()
        body = stream.read(int(headers.get("Content-Length", 0)))
    except OSError:
        return None
    return Received(first[0], first[1], headers, body)


@contextmanager
def serving(*actions: Action) -> Iterator[Server]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    server = Server(list(actions), listener)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def unused_url() -> str:
    """An address on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
