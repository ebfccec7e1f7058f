"""40 requests in any second, 20 at a time (``/docs/rate-limits``)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests

from airflow_provider_chartmogul.emulator import running_emulator
from airflow_provider_chartmogul.emulator.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.emulator import Emulator


@pytest.fixture
def limited() -> Iterator[Emulator]:
    with running_emulator() as emulator:
        yield emulator


def ping(emulator: Emulator, session: requests.Session | None = None) -> requests.Response:
    return (session or requests).get(f"{emulator.base_url}/ping", auth=(emulator.api_key, ""), timeout=10)


def within_a_second(emulator: Emulator, requests_: int) -> list[requests.Response]:
    """Send so many requests; again if a pause of the machine spread them over more than a second."""
    with requests.Session() as session:
        for _ in range(10):
            emulator.reset()
            started = time.monotonic()
            answers = [ping(emulator, session) for _ in range(requests_)]
            if time.monotonic() - started < 1:
                return answers
    raise AssertionError("ten bursts in a row took longer than a second each")


def test_the_41st_request_of_a_second_is_refused(limited: Emulator) -> None:
    answers = within_a_second(limited, 50)
    statuses = [answer.status_code for answer in answers]
    assert statuses == [200] * 40 + [429] * 10
    assert answers[-1].json() == {
        "code": 429,
        "message": "Your request rate has exceeded our rate limit.",
        "param": None,
    }
    assert "Retry-After" not in answers[-1].headers
    assert limited.stats()["refused_429"] == 10


def test_any_sliding_second_is_looked_at_and_refused_requests_count() -> None:
    now = 0.0
    traffic = Traffic(clock=lambda: now)
    assert [traffic.over_rate() for _ in range(30)] == [False] * 30
    now = 0.6
    assert [traffic.over_rate() for _ in range(30)] == [False] * 10 + [True] * 20
    now = 1.2  # the first 30 are out of the window, the 30 after them are in it, refused or not
    assert [traffic.over_rate() for _ in range(11)] == [False] * 10 + [True]
    now = 2.2
    assert not traffic.over_rate()


def test_more_than_20_at_a_time_are_503_as_text(limited: Emulator) -> None:
    limited.configure(latency_ms=1500)
    barrier = threading.Barrier(25)

    def at_once(_: int) -> requests.Response:
        barrier.wait()
        return ping(limited)

    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(at_once, range(25)))
    assert Counter(answer.status_code for answer in answers) == {200: 20, 503: 5}
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.headers["Content-Type"] == "text/plain"
    stats = limited.stats()
    assert (stats["refused_503"], stats["connections_opened"]) == (5, 25)


def test_switched_off_nothing_is_refused(emulator: Emulator) -> None:
    with requests.Session() as session:
        assert {ping(emulator, session).status_code for _ in range(100)} == {200}
    stats = emulator.stats()
    assert (stats["requests"], stats["connections_opened"], stats["in_flight_max"]) == (100, 1, 1)
    assert stats["requests_by_operation"] == {"GET /ping": 100}


def test_latency_does_not_keep_others_waiting(emulator: Emulator) -> None:
    emulator.configure(latency_ms=300)
    with ThreadPoolExecutor(10) as pool:
        started = time.monotonic()
        assert {answer.status_code for answer in pool.map(lambda _: ping(emulator), range(10))} == {200}
        took = time.monotonic() - started
    assert took >= 0.3
    assert emulator.stats()["in_flight_max"] == 10
