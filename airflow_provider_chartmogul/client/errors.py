"""From what came back, or did not, to the package's errors.

Sentences of the API are kept short and free of e-mail addresses; whole bodies are never quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from airflow_provider_chartmogul.exceptions import (
    ChartMogulAuthenticationError,
    ChartMogulBadRequestError,
    ChartMogulConflictError,
    ChartMogulConnectionError,
    ChartMogulNotFoundError,
    ChartMogulPermissionError,
    ChartMogulRateLimitError,
    ChartMogulRequestFailedError,
    ChartMogulServerError,
    ChartMogulStatusError,
    ChartMogulTimeoutError,
    ChartMogulUnprocessableError,
)

SENTENCE_LENGTH = 200
FIELDS_IN_DETAIL = 3

_EMAIL = re.compile(r"[^\s\"'<>@,;:]+@[^\s\"'<>@,;:]+")
_DUPLICATE = re.compile(r"already (exists|been taken)", re.IGNORECASE)

_BY_STATUS: dict[int, type[ChartMogulStatusError]] = {
    400: ChartMogulBadRequestError,
    401: ChartMogulAuthenticationError,
    402: ChartMogulRequestFailedError,
    403: ChartMogulPermissionError,
    404: ChartMogulNotFoundError,
    409: ChartMogulConflictError,
    422: ChartMogulUnprocessableError,
    429: ChartMogulRateLimitError,
}


class ChartMogulUnreachableError(ChartMogulConnectionError):
    """No connection came about, so the request was certainly not sent."""


class ChartMogulConnectTimeoutError(ChartMogulTimeoutError):
    """No connection came about within the connect timeout, so the request was certainly not sent."""


def status_error(
    request: str, status: int, headers: Mapping[str, str], content: bytes, *, secrets: Sequence[str] = ()
) -> ChartMogulStatusError:
    """Read any of the API's error bodies.

    :param request: ``METHOD /path``.
    :param secrets: what must not be quoted even if the answer quotes it.
    """
    fallback = ChartMogulServerError if status >= 500 else ChartMogulStatusError
    errors, detail = _read_body(content)
    detail = _without(detail, secrets)
    return _BY_STATUS.get(status, fallback)(
        f"{request} answered {status}" + (f": {detail}" if detail else ""),
        status_code=status,
        detail=detail,
        errors={field: _without(sentence, secrets) for field, sentence in errors.items()},
        request_id=headers.get("X-Request-Id"),
        retry_after=_retry_after(headers.get("Retry-After")),
    )


def says_duplicate(error: ChartMogulUnprocessableError) -> bool:
    """Whether the record was refused because it is already there."""
    return any(_DUPLICATE.search(sentence) for sentence in [error.detail, *error.errors.values()])


def _read_body(content: bytes) -> tuple[dict[str, str], str]:
    """Return field to sentence, and the whole as one sentence."""
    text = content.decode("utf-8", "replace").strip()
    try:
        body = json.loads(text)
    except ValueError:
        # a page for people (HTML, XML) tells a program nothing
        return {}, "" if text.startswith("<") else _short(text)
    errors = dict(_fields(body))
    message = _sentence(body)
    if message:
        return errors, message
    named = [f"{field}: {sentence}" for field, sentence in errors.items()]
    more = f" (and {len(named) - FIELDS_IN_DETAIL} more)" if len(named) > FIELDS_IN_DETAIL else ""
    return errors, "; ".join(named[:FIELDS_IN_DETAIL]) + more


def _sentence(body: Any) -> str:
    """Return the one sentence that a body holds beside its fields, if it holds one."""
    if isinstance(body, Mapping):
        body = body.get("message") or body.get("error")
    elif isinstance(body, list) and all(isinstance(item, str) for item in body):
        body = " ".join(body)
    return _short(body) if isinstance(body, str) else ""


def _fields(body: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield field and sentence; records of a batch are named by position, as ``invoices[0].date``."""
    if isinstance(body, list):
        for position, item in enumerate(body):
            yield from _fields(item, f"{prefix}[{position}].")
        return
    if not isinstance(body, Mapping):
        return
    if isinstance(body.get("param"), str) and isinstance(body.get("message"), str):
        yield f"{prefix}{body['param']}", _short(body["message"])
    for detail in _items(body.get("error_details")):
        yield from _fields(detail, prefix)
    if isinstance(body.get("errors"), Mapping):
        yield from _named(body["errors"], prefix)
    elif isinstance(body.get("invoices"), list):
        yield from _fields(body["invoices"], f"{prefix}invoices")
    elif not prefix and not _sentence(body):
        yield from _named(body, prefix)


def _named(fields: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for field, value in fields.items():
        sentences = [item for item in _items(value) if isinstance(item, str)]
        if sentences:
            yield f"{prefix}{field}", _short(" ".join(sentences))


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _without(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "<secret>")
    return text


def _short(text: str) -> str:
    """Return one line of bounded length without e-mail addresses."""
    line = _EMAIL.sub("<e-mail>", " ".join(text.split()))
    return line if len(line) <= SENTENCE_LENGTH else line[: SENTENCE_LENGTH - 1] + "…"


def _retry_after(value: str | None) -> float | None:
    """Read seconds or an HTTP date; anything else counts as not sent."""
    if not value:
        return None
    try:
        return max(0.0, float(value)) if value.isdigit() else _seconds_until(parsedate_to_datetime(value))
    except ValueError:
        return None


def _seconds_until(when: datetime) -> float:
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
