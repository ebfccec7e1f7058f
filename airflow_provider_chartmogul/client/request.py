"""What is asked of the API, before anything is known of how it travels."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.values import json_default

if TYPE_CHECKING:
    from collections.abc import Mapping

CHUNK = 1 << 20
"""Bytes of a file that are held in memory at a time."""


@dataclass(frozen=True)
class File:
    """A file to send.

    :param name: its name, for the receiver.
    :param content_type: MIME type.
    """

    name: str
    content: bytes
    content_type: str


@dataclass(frozen=True)
class Request:
    """What to ask.

    :param path: escaped, below the base URL.
    :param params: query; ``None`` is left out, flags become words.
    :param body: sent as JSON; dates inside become text. JSON that is encoded already is sent as it is.
    :param file: sent with the body as the fields of a form, which is then not JSON.
    """

    method: str
    path: str
    params: Mapping[str, Any] | None = None
    body: Mapping[str, Any] | bytes | None = None
    file: File | None = None

    @property
    def name(self) -> str:
        """Method and path: all that errors and logs may quote of a request."""
        return f"{self.method} {self.path}"

    def content(self) -> dict[str, Any]:
        """Return what the HTTP library is to send, read anew each time: a retry may have less to send."""
        if self.file is not None:
            return {"data": self.body, "files": {"file": (self.file.name, self.file.content, self.file.content_type)}}
        if self.body is None:
            return {}
        encoded = isinstance(self.body, bytes)
        body = self.body if encoded else json.dumps(self.body, default=json_default, allow_nan=False).encode()
        return {"data": body, "headers": {"Content-Type": "application/json"}}
