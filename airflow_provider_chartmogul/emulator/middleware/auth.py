"""HTTP Basic with the API key as user name (``/docs/authentication``)."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from airflow_provider_chartmogul.emulator.state import State

_REFUSAL = b'{"code":401,"message":"No valid API key provided","param":null}'


class Authentication:
    """Lets requests with the key pass; the password is empty or the key again."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request pass if it has the key."""
        if self._is_valid(Headers(scope=scope).get("authorization", "")):
            await self._app(scope, receive, send)
        else:
            await Response(_REFUSAL, 401, headers={"content-type": "application/json"})(scope, receive, send)

    def _is_valid(self, header: str) -> bool:
        scheme, _, token = header.partition(" ")
        try:
            user, _, password = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        key = self._state.api_key.encode()
        right_user = hmac.compare_digest(user.encode(), key)
        return scheme.lower() == "basic" and right_user and password.encode() in (b"", key)
