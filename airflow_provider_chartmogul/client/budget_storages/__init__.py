"""Where a rate budget is kept, so that several processes share it. The libraries are loaded when a URL names them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.client.budget_storages.base import BudgetStorage


def budget_storage(url: str, name: str, lease_seconds: float) -> BudgetStorage:
    """Return the storage that a URL names, not opened yet.

    :param url: ``redis://…``, ``rediss://…``, ``sqlite:///absolute/path``, ``postgresql://…``.
    :param name: of the budget in the storage: who gives the same name shares it. Lower-case letters and digits.
    :param lease_seconds: a request of a process that died counts as in flight no longer than this, where the storage
        does not notice the death itself.
    :raises ChartMogulConfigError: unknown kind, unusable URL, or a library is missing. The URL is not quoted.
    """
    scheme = url.partition("://")[0]
    if "://" not in url or scheme not in _KINDS:
        raise ChartMogulConfigError(f"budget_storage must be a URL that begins with one of {', '.join(_KINDS)}")
    extra, load = _KINDS[scheme]
    try:
        kind = load()
    except ImportError:
        kind = None
    if kind is None:
        raise ChartMogulConfigError(
            f"budget_storage {scheme}://… needs a library: pip install 'airflow-provider-chartmogul[{extra}]'"
        )
    try:
        return kind(url, name, lease_seconds)
    except kind.malformed:
        # the library's error may quote what is in the URL
        pass
    raise ChartMogulConfigError(f"budget_storage is no usable {scheme}:// URL; it must look like {kind.example}")


def secrets_in(url: str) -> list[str]:
    """Return what must not show in logs: the URL itself, and its password as it is written and as it is meant."""
    try:
        parts = urlsplit(url)
        written = [parts.password or "", *parse_qs(parts.query).get("password", [])]
    except ValueError:
        written = []
    return list(dict.fromkeys(filter(None, [url, *written, *map(unquote, written)])))


def _redis() -> type[BudgetStorage]:
    from airflow_provider_chartmogul.client.budget_storages.redis import RedisStorage

    return RedisStorage


def _sqlite() -> type[BudgetStorage]:
    from airflow_provider_chartmogul.client.budget_storages.sqlite import SqliteStorage

    return SqliteStorage


def _postgres() -> type[BudgetStorage]:
    from airflow_provider_chartmogul.client.budget_storages.postgres import PostgresStorage

    return PostgresStorage


# by scheme: the extra of this package that brings the library, and what loads it
_KINDS: dict[str, tuple[str, Callable[[], type[BudgetStorage]]]] = {
    "redis": ("redis", _redis),
    "rediss": ("redis", _redis),
    "sqlite": ("sqlite", _sqlite),
    "postgresql": ("postgres", _postgres),
    "postgres": ("postgres", _postgres),
}
