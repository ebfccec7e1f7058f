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
SENTENCE_KEYS = ("message", "error", "errors")

_EMAIL = re.compile(r"[^\s\"'<>@,;:]+@[^\s\"'<>@,;:]+")
ALREADY_THERE = re.compile(r"already (exists|been taken)", re.IGNORECASE)

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
    # before anything is shortened: a part of a secret would no longer be found
    errors, detail = _read_body(_without(content.decode("utf-8", "replace"), secrets).strip())
    return _BY_STATUS.get(status, fallback)(
        f"{request} answered {status}" + (f": {detail}" if detail else ""),
        status_code=status,
        detail=detail,
        errors=errors,
        request_id=headers.get("X-Request-Id"),
        retry_after=_retry_after(headers.get("Retry-After")),
    )


def says_duplicate(error: Exception) -> bool:
    """Whether the record was refused because it is already there."""
    if not isinstance(error, ChartMogulUnprocessableError):
        return False
    return any(ALREADY_THERE.search(sentence) for sentence in [error.detail, *error.errors.values()])


def _read_body(text: str) -> tuple[dict[str, str], str]:
    """Return field to sentence, and the whole as one sentence."""
    try:
        body = json.loads(text)
    except ValueError:
        # a page for people (HTML, XML) tells a program nothing
        return {}, "" if text.startswith("<") else short(text)
    errors, sentence = dict(_fields(body)), _sentence(body)
    named = [f"{field}: {text}" for field, text in errors.items()]
    more = f" (and {len(named) - FIELDS_IN_DETAIL} more)" if len(named) > FIELDS_IN_DETAIL else ""
    fields = "; ".join(named[:FIELDS_IN_DETAIL]) + more
    if not fields or not sentence or sentence in errors.values():
        return errors, fields or sentence
    return errors, f"{sentence} ({fields})"


def _sentence(body: Any) -> str:
    """Return the one sentence that a body holds beside its fields, if it holds one."""
    if isinstance(body, Mapping):
        return next(filter(None, (_text(body.get(key)) for key in SENTENCE_KEYS)), "")
    return _text(body) if isinstance(body, list) else ""


def _fields(body: Any, name: str = "", *, sentences: bool = False) -> Iterator[tuple[str, str]]:
    """Yield field and sentence; what is nested is named like ``invoices[0].line_items[1].plan_uuid``.

    :param sentences: whether texts in here are about the field at which they stand. Elsewhere they may be its value,
        as in a refused record that is sent back.
    """
    if text := _text(body):
        if name and sentences:
            yield short(name), text
    elif isinstance(body, list):
        for position, item in enumerate(body):
            yield from _fields(item, f"{name}[{position}]", sentences=sentences)
    elif isinstance(body, Mapping):
        yield from _said_of_fields(body, name)
        reports = not body.keys().isdisjoint(SENTENCE_KEYS)
        for field, value in body.items():
            if field not in (*SENTENCE_KEYS, "error_details"):
                about_field = not reports and (sentences or (not name and bool(_text(value))))
                yield from _fields(value, _dotted(name, field), sentences=about_field)


def _said_of_fields(body: Mapping[str, Any], name: str) -> Iterator[tuple[str, str]]:
    """Yield what the keys say that the API reserves for errors."""
    about = _dotted(name, body["param"]) if isinstance(body.get("param"), str) else name
    for detail in _items(body.get("error_details")):
        yield from _fields(detail, name)
    for key in SENTENCE_KEYS:
        yield from _fields(body.get(key), about, sentences=True)


def _dotted(name: str, field: str) -> str:
    return f"{name}.{field}" if name else field


def _text(value: Any) -> str:
    """Return a sentence, or a list of them, as one; nothing for anything else."""
    texts = _items(value)
    return short(" ".join(texts)) if all(isinstance(text, str) for text in texts) else ""


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _without(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "<secret>")
    return text


def short(text: str) -> str:
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
