"""What the tests with ChartMogul's own client share."""

from __future__ import annotations

from typing import Any

import chartmogul
import pytest

LINE_ITEM = {
    "type": "subscription",
    "subscription_external_id": "sub-1",
    "service_period_start": "2026-01-10T00:00:00Z",
    "service_period_end": "2026-02-10T00:00:00Z",
    "amount_in_cents": 5000,
    "quantity": 1,
}


def walk(method: Any, config: chartmogul.Config, key: str, **arguments: Any) -> list[Any]:
    """Follow the cursor to the end, bounded."""
    found: list[Any] = []
    cursor: dict[str, str] = {}
    for _ in range(100):
        page = method(config, **arguments, **cursor).get()
        found += getattr(page, key)
        if not page.has_more:
            return found
        cursor = {"cursor": page.cursor}
    raise AssertionError("the list did not end")


def refused(promise: Any) -> int:
    with pytest.raises(chartmogul.APIError) as caught:
        promise.get()
    return int(caught.value.__cause__.response.status_code)
