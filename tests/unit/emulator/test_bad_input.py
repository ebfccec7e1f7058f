"""What cannot be meant is answered with 400, never with a 500 that would look like an outage."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator import Emulator


def get(emulator: Emulator, path: str, **query: str) -> requests.Response:
    return requests.get(f"{emulator.base_url}{path}", params=query, auth=(emulator.api_key, ""), timeout=10)


@pytest.mark.parametrize("text", ["xx&5", "&", "2026-01-01&", "&٣", "2026-01-01T00:00:00.000000000Z&x"])
@pytest.mark.parametrize("path", ["/customers", "/activities"])
def test_cursors_of_no_list(emulator: Emulator, path: str, text: str) -> None:
    refused = get(emulator, path, cursor=base64.b64encode(text.encode()).decode())
    assert (refused.status_code, refused.json()["param"]) == (400, "cursor")


def test_activities_have_no_cursor_without_a_time(emulator: Emulator) -> None:
    assert get(emulator, "/activities", cursor=base64.b64encode(b"&5").decode()).status_code == 400


@pytest.mark.parametrize(("start", "end"), [("2026-01-01", "9999-12-31"), ("0001-01-01", "2026-01-01")])
def test_days_beyond_the_calendar(emulator: Emulator, start: str, end: str) -> None:
    refused = get(emulator, "/metrics/mrr", **{"start-date": start, "end-date": end, "interval": "month"})
    assert (refused.status_code, refused.json()["code"]) == (400, 400)


def test_stopping_twice_is_stopping_once() -> None:
    from airflow_provider_chartmogul.emulator import Emulator

    emulator = Emulator("test-key")
    emulator.stop()
    emulator.stop()
