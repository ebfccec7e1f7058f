from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from tenacity import wait_fixed

from airflow_provider_chartmogul.client import ChartMogulClient, retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "BACKOFF", wait_fixed(0.002))


@pytest.fixture
def connect() -> Iterator[Callable[..., ChartMogulClient]]:
    """Make clients that give up soon and are closed at the end."""
    with ExitStack() as stack:

        def make(url: str, **options: object) -> ChartMogulClient:
            settings = {"requests_per_second": 10_000, "read_timeout": 5.0, "max_retry_seconds": 5.0, **options}
            return stack.enter_context(ChartMogulClient("sentinel-key", url, **settings))  # type: ignore[arg-type]

        yield make
