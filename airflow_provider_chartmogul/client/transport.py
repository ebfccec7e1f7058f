"""The one door to the API: a request goes out once, authenticated, bounded in time and within the rate budget.

What may be sent again, and when, is decided in :mod:`~airflow_provider_chartmogul.client.api`.
"""

from __future__ import annotations

import json
import logging
import os
import time
from base64 import b64encode
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import NewConnectionError, ReadTimeoutError
from urllib3.util.retry import Retry

from airflow_provider_chartmogul import __version__
from airflow_provider_chartmogul.client.budget_storages import budget_storage
from airflow_provider_chartmogul.client.errors import (
    ChartMogulConnectTimeoutError,
    ChartMogulUnreachableError,
    status_error,
)
from airflow_provider_chartmogul.client.rate_budget import RateBudget, digest, shared_budget
from airflow_provider_chartmogul.client.request import CHUNK, Request
from airflow_provider_chartmogul.client.statistics import Tally
from airflow_provider_chartmogul.client.values import Record, query
from airflow_provider_chartmogul.exceptions import (
    ChartMogulConfigError,
    ChartMogulConnectionError,
    ChartMogulInvalidResponseError,
    ChartMogulStatusError,
    ChartMogulTimeoutError,
)

log = logging.getLogger(__name__)

USER_AGENT = f"airflow-provider-chartmogul/{__version__}"


class _Ready(NamedTuple):
    """A request that only has to be sent, and how."""

    request: requests.PreparedRequest
    settings: Any


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
        storage_url: str | None,
    ) -> None:
        if not api_key:
            raise ChartMogulConfigError("the ChartMogul API key is empty")
        if requests_per_second < 1 or max_connections < 1:
            raise ValueError("requests_per_second and max_connections must be at least 1")
        self.base_url = _checked(base_url)
        self._api_key = api_key
        self._limits = (requests_per_second, max_connections)
        self._timeout = (connect_timeout, read_timeout)
        self._storage_url = storage_url
        # well above what a request takes, as a body may come in parts
        self._lease_seconds = 2 * (connect_timeout + read_timeout)
        if storage_url:
            # complains now of what cannot work, instead of at the first request
            budget_storage(storage_url, "0" * 8, self._lease_seconds)
        # by process id: a forked process must not share sockets or locks with its parent
        self._sessions: dict[int, requests.Session] = {}
        self._budgets: dict[int, RateBudget] = {}
        self._tallies: dict[int, Tally] = {}

    @property
    def budget(self) -> RateBudget:
        """The rate budget that all clients of this key and address share."""
        budget = self._budgets.get(os.getpid())
        return budget or self._budgets.setdefault(os.getpid(), self._shared_budget())

    @property
    def identity(self) -> str:
        """A digest of key and address."""
        return digest(f"{self._api_key} {self.base_url}")

    @property
    def tally(self) -> Tally:
        """What was sent and received."""
        return self._tallies.get(os.getpid()) or self._tallies.setdefault(os.getpid(), Tally())

    def send(self, request: Request) -> Record | None:
        """Send once, and return the JSON object of the answer, or ``None`` if it has no body."""
        # before there is permission: what comes between that and the sending brings departures closer together
        ready = self._prepared(request)
        asked = time.monotonic()
        with self.budget.request():
            started = time.monotonic()
            self.tally.sent(started - asked)
            response = self._exchange(ready, request)
            elapsed = (time.monotonic() - started) * 1000
        self.tally.received(response.status_code, response.raw.tell())
        log.debug("%s -> %d in %.0f ms", request.name, response.status_code, elapsed)
        if not 200 <= response.status_code < 300:
            raise self._status_error(response, request)
        return _json_object(response.content, request) if response.content else None

    def fetch(self, url: str, request: Request, target: BinaryIO) -> None:
        """Copy a file from another host once, without credentials and outside of the rate budget.

        :param url: with its signature in the query.
        :param request: the same without the signature, for errors.
        """
        with requests.Session() as session:
            # an authentication that adds nothing also keeps .netrc out
            session.auth = _no_credentials
            session.headers["User-Agent"] = USER_AGENT
            try:
                with session.get(url, stream=True, timeout=self._timeout) as response:
                    if response.status_code != 200:
                        raise self._status_error(response, request)
                    try:
                        for chunk in response.iter_content(CHUNK):
                            target.write(chunk)
                    finally:
                        self.tally.downloaded(response.raw.tell())
                return
            except requests.RequestException as error:
                failure = _connection_error(error, request)
        raise failure

    def close(self) -> None:
        """Close the idle connections. The next request opens new ones."""
        session = self._sessions.pop(os.getpid(), None)
        if session is not None:
            session.close()

    def _shared_budget(self) -> RateBudget:
        return shared_budget(
            self._api_key,
            self.base_url,
            *self._limits,
            storage_url=self._storage_url,
            lease_seconds=self._lease_seconds,
        )

    def _prepared(self, request: Request) -> _Ready:
        session = self._session()
        url, params = self.base_url + request.path, query(request.params or {})
        prepared = session.prepare_request(requests.Request(request.method, url, params=params, **request.content()))
        # what the environment says of proxies and certificates
        return _Ready(prepared, session.merge_environment_settings(url, {}, None, None, None))

    def _exchange(self, ready: _Ready, request: Request) -> requests.Response:
        try:
            return self._session().send(
                ready.request,
                timeout=self._timeout,
                # credentials never travel to a place that an answer names
                allow_redirects=False,
                **ready.settings,
            )
        except requests.RequestException as error:
            failure = _connection_error(error, request)
        # outside of the handler: the library's error quotes the query and must not ride along as context
        raise failure

    def _session(self) -> requests.Session:
        session = self._sessions.get(os.getpid())
        return session or self._sessions.setdefault(os.getpid(), self._new_session())

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.auth = HTTPBasicAuth(self._api_key.encode(), b"")
        session.headers.update({"Accept": "application/json", "User-Agent": USER_AGENT})
        adapter = HTTPAdapter(
            pool_connections=1,
            pool_maxsize=self._limits[1],
            # what is sent again is decided in one place, and that is not here
            max_retries=Retry(0, read=False),
            pool_block=True,
        )
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session

    def _status_error(self, response: requests.Response, request: Request) -> ChartMogulStatusError:
        secrets = (self._api_key, b64encode(f"{self._api_key}:".encode()).decode())
        return status_error(request.name, response.status_code, response.headers, response.content, secrets=secrets)


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _connection_error(error: requests.RequestException, request: Request) -> ChartMogulConnectionError:
    """Name what went wrong without the text of the library's error, which quotes the query."""
    inner = error.args[0] if error.args else None
    if isinstance(error, requests.ConnectTimeout):
        return ChartMogulConnectTimeoutError(f"{request.name}: no connection within the connect timeout")
    if isinstance(error, requests.Timeout) or isinstance(inner, ReadTimeoutError):
        return ChartMogulTimeoutError(f"{request.name}: no answer within the read timeout")
    if isinstance(getattr(inner, "reason", None), NewConnectionError):
        return ChartMogulUnreachableError(f"{request.name}: cannot connect (refused, or an unknown host name)")
    if isinstance(error, (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)):
        return ChartMogulInvalidResponseError(f"{request.name}: the answer was cut short or is garbled")
    if isinstance(error, requests.exceptions.SSLError):
        return ChartMogulConnectionError(f"{request.name}: the TLS connection failed")
    return ChartMogulConnectionError(f"{request.name}: the connection was cut before the answer came")


def _json_object(content: bytes, request: Request) -> Record:
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
