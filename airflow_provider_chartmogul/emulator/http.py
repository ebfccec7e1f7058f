"""One call of an operation, its answer, and how calls find their operation."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response
from starlette.routing import compile_path

from airflow_provider_chartmogul.emulator import errors

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable

    from starlette.types import Receive, Scope

    from airflow_provider_chartmogul.emulator.state import State
    from airflow_provider_chartmogul.emulator.store.ledger import Ledger

#: ``front``: customers, metrics, CRM and so on; ``billing``: the Rails services; ``files``: what stands for the
#: object store. They differ in their headers in recorded traffic.
Service = Literal["front", "billing", "files"]


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of an answer.

    :param content_type: left out of an answer without a body.
    """

    status: int
    body: bytes = b""
    content_type: str = "application/json"


def answer(body: Any, status: int = 200) -> Answer:
    """Answer with JSON."""
    return Answer(status, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


NO_CONTENT = Answer(204)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation.

    :param path: path parameters.
    :param query: query parameters; of a repeated one the last counts.
    :param host: where the client reached the emulator, for absolute links.
    """

    state: State
    path: dict[str, str]
    query: QueryParams
    headers: Headers
    body: bytes
    host: str

    @property
    def ledger(self) -> Ledger:
        """The data of the account."""
        return self.state.ledger

    def flag(self, name: str) -> bool:
        """Read a flag; only the word ``true`` sets it."""
        return self.query.get(name) == "true"

    def json(self) -> dict[str, Any]:
        """Read the body; an absent one is an empty object.

        :raises ApiError: 400 when it is not a JSON object.
        """
        try:
            body = _parsed(self.body or b"{}")
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise errors.coded(400, "The request body is not a JSON object")
        return body


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API.

    :param template: path below the base URL; ``{name:path}`` for a parameter that may hold slashes.
    """

    method: str
    template: str
    handler: Callable[[Call], Answer]
    service: Service = "front"

    @property
    def name(self) -> str:
        """``METHOD /path/{template}``, as the counters show it."""
        return f"{self.method} {self.template.replace(':path}', '}')}"


@dataclass(frozen=True, slots=True)
class Match:
    """The operation that a request is for; None with the status to refuse it with."""

    operation: Operation | None
    path: dict[str, str]
    refusal: int = 404


class Router:
    """Finds the operation of a request.

    :param prefix: base path of the operations.
    """

    def __init__(self, prefix: str, operations: Iterable[Operation]) -> None:
        self._operations: dict[str, list[tuple[re.Pattern[str], Operation]]] = {}
        for operation in operations:
            pattern = compile_path(prefix + operation.template)[0]
            self._operations.setdefault(operation.method, []).append((pattern, operation))

    def find(self, method: str, path: str) -> Match:
        """Find an operation; the first one declared wins."""
        for pattern, operation in self._operations.get(method, ()):
            found = pattern.match(path)
            if found:
                return Match(operation, found.groupdict())
        others = (pattern for table in self._operations.values() for pattern, _ in table)
        # An id that is missing from the path is a wrong method, too (``/docs/response-codes``).
        if "//" in path or any(pattern.match(path) for pattern in others):
            return Match(None, {}, 405)
        return Match(None, {}, 404)


def _parsed(body: bytes) -> Any:
    """Parse JSON as the standard has it: without NaN, and without halves of characters, which no answer can hold."""
    parsed = json.loads(body, parse_constant=_refuse)
    if b"\\ud" in body.lower():
        json.dumps(parsed, ensure_ascii=False).encode()
    return parsed


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


async def read_body(receive: Receive) -> bytes:
    """Read the whole body of a request."""
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def run(operation: Operation, state: State, scope: Scope, path: dict[str, str], body: bytes) -> Response:
    """Do the work of an operation; errors become answers."""
    started = time.perf_counter()
    headers = Headers(scope=scope)
    call = Call(state, path, QueryParams(scope["query_string"]), headers, body, headers.get("host", "127.0.0.1"))
    try:
        done = operation.handler(call)
    except errors.ApiError as error:
        done = answer(error.body, error.status)
    return as_response(done, operation.service, time.perf_counter() - started)


def as_response(done: Answer, service: Service, seconds: float = 0.0) -> Response:
    """Turn an answer into HTTP with the headers of the service; 204 has neither body nor content type."""
    response = Response(done.body if done.status != 204 else None, done.status)
    if done.status != 204:
        charset = "; charset=utf-8" if service == "billing" and done.content_type == "application/json" else ""
        response.headers["content-type"] = done.content_type + charset
    if service == "front" and done.status < 400:
        response.headers["access-control-allow-credentials"] = "true"
    if service == "billing":
        response.headers.update(_BILLING_HEADERS)
        response.headers["x-request-id"] = uuid.uuid4().hex
        response.headers["x-runtime"] = f"{seconds:.6f}"
        if done.status in (200, 201):
            response.headers["etag"] = f'W/"{hashlib.sha256(done.body).hexdigest()[:32]}"'
            response.headers["cache-control"] = "max-age=0, private, must-revalidate"
    return response


_BILLING_HEADERS = {
    "cache-control": "no-cache",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "x-download-options": "noopen",
    "x-permitted-cross-domain-policies": "none",
    "x-xss-protection": "0",
    "referrer-policy": "strict-origin-when-cross-origin",
}
