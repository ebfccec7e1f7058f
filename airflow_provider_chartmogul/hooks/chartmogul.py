"""The bridge from an Airflow connection to a ChartMogul client."""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.providers.common.compat.connection import get_async_connection, get_async_extra_dejson
from airflow.providers.common.compat.sdk import AirflowException, BaseHook, mask_secret
from asgiref.sync import sync_to_async

from airflow_provider_chartmogul.client import ChartMogulClient
from airflow_provider_chartmogul.client.budget_storages import secrets_in
from airflow_provider_chartmogul.exceptions import ChartMogulConfigError
from airflow_provider_chartmogul.get_provider_info import get_provider_info

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.providers.common.compat.sdk import Connection

DEFAULT_PATH = "/v1"
# the fields of Extra, each an argument of the client; and one that is no number
BUDGET_STORAGE = "budget_storage"
NUMBERS: dict[str, type[int] | type[float]] = {
    "requests_per_second": int,
    "max_connections": int,
    "connect_timeout": float,
    "read_timeout": float,
    "max_retry_seconds": float,
}
# a person is waiting for the answer of a connection test
TEST_RETRY_SECONDS = 10.0


class ChartMogulHook(BaseHook):
    """Hand out a client for the ChartMogul account of an Airflow connection.

    The connection (type ``chartmogul``) holds the API key as password. Its host is only needed to point somewhere
    else than ``https://api.chartmogul.com/v1``: a whole base URL, or host and port with ``schema`` ``http`` or
    ``https``. Extra may set ``requests_per_second``, ``max_connections``, ``connect_timeout``, ``read_timeout`` and
    ``max_retry_seconds`` (the last three in seconds), and name a ``budget_storage`` with which all workers share the
    first two: a URL, kept secret as it may hold a password.

    Nothing is looked up or opened before the first use.

    :param chartmogul_conn_id: Airflow connection.
    :param max_retry_seconds: retry each operation no longer than this, even where the connection allows more.
    """

    conn_name_attr = "chartmogul_conn_id"
    default_conn_name = "chartmogul_default"
    conn_type = "chartmogul"
    hook_name = "ChartMogul"

    def __init__(self, chartmogul_conn_id: str = default_conn_name, *, max_retry_seconds: float | None = None) -> None:
        super().__init__()
        self.chartmogul_conn_id = chartmogul_conn_id
        self.max_retry_seconds = max_retry_seconds
        self._client: ChartMogulClient | None = None

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Describe the connection form to Airflow before 3.2, which does not read the provider info for it."""
        declared = get_provider_info()["connection-types"][0]["ui-field-behaviour"]
        return {name.replace("-", "_"): value for name, value in declared.items()}

    def get_conn(self) -> ChartMogulClient:
        """Return the client of this hook, the same one each time.

        :raises ChartMogulConfigError: the connection lacks the API key or holds a field that cannot work.
        """
        if self._client is None:
            connection = self.get_connection(self.chartmogul_conn_id)
            self._client = _client(connection, connection.extra_dejson, self.max_retry_seconds)
        return self._client

    async def get_async_conn(self) -> ChartMogulClient:
        """Return the same client as :meth:`get_conn`, without ever blocking the event loop.

        The client itself is synchronous: call it with ``asyncio.to_thread``.

        :raises ChartMogulConfigError: as :meth:`get_conn`.
        """
        if self._client is None:
            connection = await get_async_connection(self.chartmogul_conn_id, self)
            extra = await get_async_extra_dejson(connection)
            # masking a secret talks to the supervisor, and blocks
            self._client = await sync_to_async(_client)(connection, extra, self.max_retry_seconds)
        return self._client

    def close(self) -> None:
        """Close the connections of the client, if there is one."""
        if self._client is not None:
            self._client.close()

    def test_connection(self) -> tuple[bool, str]:
        """Ask ChartMogul whose key this is. Never raises.

        :return: whether it works, and a sentence for people: the account's name or what is wrong.
        """
        hook = type(self)(self.chartmogul_conn_id, max_retry_seconds=TEST_RETRY_SECONDS)
        try:
            account = hook.get_conn().account.retrieve()
        except AirflowException as err:
            return False, str(err)
        except Exception as err:  # noqa: BLE001 - the form shows a sentence, whatever happened; foreign text may quote secrets
            return False, f"Connecting to ChartMogul failed: {type(err).__name__}"
        finally:
            hook.close()
        return True, f"Connected to ChartMogul account '{account.get('name')}'"


def _client(connection: Connection, extra: Mapping[str, Any], max_retry_seconds: float | None) -> ChartMogulClient:
    if not connection.password:
        raise ChartMogulConfigError(
            f"Connection '{connection.conn_id}' has no API key: put it into the password field."
        )
    settings: dict[str, Any] = {
        name: _number(connection.conn_id, name, extra[name], number)
        for name, number in NUMBERS.items()
        if extra.get(name) not in (None, "")
    }
    if base_url := _base_url(connection):
        settings["base_url"] = base_url
    if storage_url := _storage_url(connection.conn_id, extra.get(BUDGET_STORAGE)):
        settings[BUDGET_STORAGE] = storage_url
    if max_retry_seconds is not None:
        settings["max_retry_seconds"] = min(settings.get("max_retry_seconds", math.inf), max_retry_seconds)
    # Airflow masks the password but cannot know the header that is made of it
    mask_secret(base64.b64encode(f"{connection.password}:".encode()).decode())
    return ChartMogulClient(connection.password, **settings)


def _storage_url(conn_id: str, value: Any) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str):
        raise ChartMogulConfigError(f"Extra field '{BUDGET_STORAGE}' of connection '{conn_id}' must be a URL.")
    for secret in secrets_in(value):
        mask_secret(secret)
    return value


def _number(conn_id: str, name: str, value: Any, number: type[int] | type[float]) -> int | float:
    kind = "whole number" if number is int else "number"
    complaint = f"Extra field '{name}' of connection '{conn_id}' must be a positive {kind}."
    try:
        # by way of text, so that 40.5 is not cut to 40 and True is no number
        parsed = number(str(value))
    except ValueError:
        raise ChartMogulConfigError(complaint) from None
    if not (math.isfinite(parsed) and parsed > 0):
        raise ChartMogulConfigError(complaint)
    return parsed


def _base_url(connection: Connection) -> str | None:
    host = (connection.host or "").strip()
    if not host:
        return None
    if "://" not in host:
        port = f":{connection.port}" if connection.port else ""
        host = f"{connection.schema or 'https'}://{host}{port}"
    try:
        url = urlsplit(host)
        valid = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:
        valid = False
    # the text of the host is not repeated: somebody may have put credentials into it
    if not valid or url.username is not None or url.query or url.fragment:
        raise ChartMogulConfigError(
            f"Host of connection '{connection.conn_id}' must be a URL such as https://api.chartmogul.com/v1, "
            "or a host name with schema http or https, without user, password, query or fragment."
        )
    return f"{url.scheme}://{url.netloc}{url.path.rstrip('/') or DEFAULT_PATH}"
