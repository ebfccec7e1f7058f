"""The one door to the API: authentication, timeouts, rate budget, retries, error mapping.

Each verb says how it may be repeated: ``get``, ``put``, ``patch``, ``delete``, ``remove`` and ``post_idempotent`` at
will, ``post_keyed`` after a look-up, ``post_unkeyed`` only when ChartMogul certainly did not work on it.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from urllib3.util.retry import Retry

from airflow_provider_chartmogul import __version__
from airflow_provider_chartmogul.client import errors, retry
from airflow_provider_chartmogul.client.rate_budget import RateBudget, shared_budget
from airflow_provider_chartmogul.client.values import Record, json_default, query
from airflow_provider_chartmogul.exceptions import (
    ChartMogulAmbiguousWriteError,
    ChartMogulConfigError,
    ChartMogulConnectionError,
    ChartMogulError,
    ChartMogulInvalidResponseError,
    ChartMogulNotFoundError,
    ChartMogulUnprocessableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

log = logging.getLogger(__name__)

CHUNK = 1 << 20


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    params: Mapping[str, Any] | None = None
    body: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """Method and path: all that errors and logs may quote of a request."""
        return f"{self.method} {self.path}"

    def encoded_body(self) -> bytes | None:
        if self.body is None:
            return None
        return json.dumps(self.body, default=json_default, allow_nan=False).encode()


class Transport:
    """Sends requests for one API key. Thread-safe; opens nothing before the first request.

    Arguments are those of :class:`~airflow_provider_chartmogul.client.ChartMogulClient`.
    """

    def __init__(
        self,
        api_key: str,
        base_url: str,
        *,
        requests_per_second: int,
        max_connections: int,
        connect_timeout: float,
        read_timeout: float,
        max_retry_seconds: float,
    ) -> None:
        if not api_key:
            raise ChartMogulConfigError("the ChartMogul API key is empty")
        if requests_per_second < 1 or max_connections < 1:
            raise ValueError("requests_per_second and max_connections must be at least 1")
        self.base_url = _checked(base_url)
        self._api_key = api_key
        self._limits = (requests_per_second, max_connections)
        self._timeout = (connect_timeout, read_timeout)
        self._max_retry_seconds = max_retry_seconds
        # by process id: a forked process must not share sockets or locks with its parent
        self._sessions: dict[int, requests.Session] = {}
        self._budgets: dict[int, RateBudget] = {}

    def close(self) -> None:
        """Close the idle connections. The next request opens new ones."""
        session = self._sessions.pop(os.getpid(), None)
        if session is not None:
            session.close()

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Record:
        """Read. Retried at will."""
        return self._repeatable(_Request("GET", path, params))

    def put(self, path: str, body: Mapping[str, Any]) -> Record:
        """Set. Retried at will."""
        return self._repeatable(_Request("PUT", path, body=body))

    def patch(self, path: str, body: Mapping[str, Any], params: Mapping[str, Any] | None = None) -> Record:
        """Set some fields. Retried at will."""
        return self._repeatable(_Request("PATCH", path, params, body))

    def post_idempotent(self, path: str, body: Mapping[str, Any]) -> Record:
        """Post what does no harm when it is done twice. Retried at will."""
        return self._repeatable(_Request("POST", path, body=body))

    def remove(self, path: str, body: Mapping[str, Any]) -> Record | None:
        """Take parts named in the body off a record; ``None`` when the API answers without a body. Retried at will."""
        request = _Request("DELETE", path, body=body)
        return self._retrying(request, lambda: self._send(request))

    def delete(self, path: str, params: Mapping[str, Any] | None = None, body: Mapping[str, Any] | None = None) -> None:
        """Delete. Retried at will; a record that is gone when the deletion is repeated was deleted."""
        request = _Request("DELETE", path, params, body)
        tries = 0

        def attempt() -> None:
            nonlocal tries
            tries += 1
            try:
                self._send(request)
            except ChartMogulNotFoundError:
                if tries == 1:
                    raise

        self._retrying(request, attempt)

    def post_keyed(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        find: Callable[[], Record | None] | None,
        params: Mapping[str, Any] | None = None,
    ) -> Record:
        """Create a record that can be looked up by its natural key.

        After a failure that leaves open whether the record was made, it is looked up before it is sent again;
        if it is there, it is the answer.

        :param find: looks the record up and returns it as the creation would, or ``None``. Without it (the caller
            gave no key) the request is sent like :meth:`post_unkeyed`.
        """
        if find is None:
            return self.post_unkeyed(path, body, params=params)
        request = _Request("POST", path, params, body)
        in_doubt = False

        def attempt() -> Record:
            nonlocal in_doubt
            if in_doubt and (found := find()) is not None:
                return found
            try:
                return self._object(request)
            except ChartMogulUnprocessableError as error:
                found = find() if in_doubt and errors.says_duplicate(error) else None
                if found is None:
                    raise
                return found
            except ChartMogulError as error:
                in_doubt = in_doubt or retry.is_ambiguous(error)
                raise

        return self._retrying(request, attempt)

    def post_unkeyed(self, path: str, body: Mapping[str, Any], *, params: Mapping[str, Any] | None = None) -> Record:
        """Create a record that nothing tells apart from its double.

        Sent again only when no connection came about or ChartMogul turned the request away (429, 503).

        :raises ChartMogulAmbiguousWriteError: when it may have been done.
        """
        request = _Request("POST", path, params, body)

        def attempt() -> Record:
            try:
                return self._object(request)
            except ChartMogulError as error:
                if not retry.is_ambiguous(error):
                    raise
                raise ChartMogulAmbiguousWriteError(
                    f"{error}. It may or may not have taken effect; look before sending it again."
                ) from error

        return self._retrying(request, attempt)

    def download(self, url: str, target: BinaryIO) -> int:
        """Copy a pre-signed file into an open binary file, without credentials, and return its size in bytes.

        The file is fetched completely before the first byte goes to the target, so that a retry leaves no traces.
        It lies on another host and does not count against the rate budget.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError("the file's URL is not an http(s) URL")
        # the query is the signature: whoever reads it in a log can fetch the file
        request = _Request("GET", f"{parts.netloc.rpartition('@')[2]}{parts.path}")
        with tempfile.TemporaryFile() as spool:
            self._retrying(request, lambda: self._fetch(url, request, spool))
            size = spool.tell()
            spool.seek(0)
            shutil.copyfileobj(spool, target, CHUNK)
        return size

    def _fetch(self, url: str, request: _Request, spool: Any) -> None:
        spool.seek(0)
        spool.truncate()
        with requests.Session() as session:
            # an authentication that adds nothing also keeps .netrc out
            session.auth = _no_credentials
            session.headers["User-Agent"] = _USER_AGENT
            try:
                with session.get(url, stream=True, timeout=self._timeout) as response:
                    if response.status_code != 200:
                        raise errors.status_error(response, request.name)
                    for chunk in response.iter_content(CHUNK):
                        spool.write(chunk)
                return
            except requests.RequestException as error:
                failure = errors.connection_error(error, request.name)
        raise failure

    def _repeatable(self, request: _Request) -> Record:
        return self._retrying(request, lambda: self._object(request))

    def _retrying(self, request: _Request, attempt: Callable[[], T]) -> T:
        return retry.retrying(
            attempt, name=request.name, seconds=self._max_retry_seconds, slow_down=self._budget().pause
        )

    def _object(self, request: _Request) -> Record:
        answer = self._send(request)
        if answer is None:
            raise ChartMogulInvalidResponseError(f"{request.name}: the answer has no body")
        return answer

    def _send(self, request: _Request) -> Record | None:
        """Send once, and return the JSON object of the answer, or ``None`` if it has no body."""
        with self._budget().request():
            started = time.monotonic()
            response = self._exchange(request)
        elapsed = (time.monotonic() - started) * 1000
        log.debug("%s -> %d in %.0f ms", request.name, response.status_code, elapsed)
        if not 200 <= response.status_code < 300:
            raise errors.status_error(response, request.name)
        return _json_object(response.content, request) if response.content else None

    def _exchange(self, request: _Request) -> requests.Response:
        body = request.encoded_body()
        try:
            return self._session().request(
                request.method,
                self.base_url + request.path,
                params=query(request.params or {}),
                data=body,
                headers={"Content-Type": "application/json"} if body is not None else None,
                timeout=self._timeout,
                # credentials never travel to a place that an answer names
                allow_redirects=False,
            )
        except requests.RequestException as error:
            failure: ChartMogulConnectionError = errors.connection_error(error, request.name)
        # outside of the handler: the library's error quotes the query and must not ride along as context
        raise failure

    def _session(self) -> requests.Session:
        session = self._sessions.get(os.getpid())
        return session or self._sessions.setdefault(os.getpid(), self._new_session())

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.auth = HTTPBasicAuth(self._api_key.encode(), b"")
        session.headers.update({"Accept": "application/json", "User-Agent": _USER_AGENT})
        adapter = HTTPAdapter(
            pool_connections=1,
            pool_maxsize=self._limits[1],
            # retries are decided in one place, and that is not here
            max_retries=Retry(0, read=False),
            pool_block=True,
        )
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session

    def _budget(self) -> RateBudget:
        budget = self._budgets.get(os.getpid())
        return budget or self._budgets.setdefault(
            os.getpid(), shared_budget(self._api_key, self.base_url, *self._limits)
        )


_USER_AGENT = f"airflow-provider-chartmogul/{__version__}"


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _json_object(content: bytes, request: _Request) -> Record:
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ChartMogulInvalidResponseError(f"{request.name}: the answer is not a JSON object")
    return answer


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ChartMogulConfigError("the base URL must look like https://api.chartmogul.com/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ChartMogulConfigError("the base URL must hold no credentials, query or fragment")
    return base_url.rstrip("/")
