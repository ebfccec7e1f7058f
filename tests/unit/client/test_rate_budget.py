"""The rate budget: never more than allowed, shared by all who use one key."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from airflow_provider_chartmogul.client import ChartMogulClient, rate_budget
from airflow_provider_chartmogul.client.budget_storages import memory
from airflow_provider_chartmogul.client.budget_storages.memory import MemoryStorage
from airflow_provider_chartmogul.client.rate_budget import RateBudget, shared_budget
from tests.unit.client.servers import answer, serving

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Time that passes by sleeping only."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> int:
        return int(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.seconds += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(memory, "_CLOCK", clock)
    monkeypatch.setattr(rate_budget, "time", clock)
    return clock


def departures(budget: RateBudget, clock: Clock, count: int) -> list[float]:
    times = []
    for _ in range(count):
        with budget.request():
            times.append(clock.seconds - 1000)
    return times


def test_no_second_holds_more_than_allowed_and_none_is_wasted(clock):
    times = departures(RateBudget(40, 20), clock, 200)

    # with room for requests that travel at different speeds
    assert all(later - earlier > 1.02 for earlier, later in zip(times, times[40:], strict=False))
    # a quarter of them at once
    assert times[9] == 0
    assert times[39] < 0.78
    assert 160 / (times[-1] - times[39]) >= 38.5


def test_a_pause_holds_for_its_time_and_the_longest_counts(clock):
    budget = RateBudget(40, 20)
    budget.pause(5)
    budget.pause(2)

    assert departures(budget, clock, 2) == [5.0, 5.0]


class Watched(MemoryStorage):
    """Counts the slots that are taken."""

    held = 0

    def _take_slot(self, count: int) -> Callable[[], None]:
        self.held += 1
        return self._free

    def _free(self) -> None:
        self.held -= 1


def test_a_pause_that_begins_during_a_wait_is_spent_without_a_shared_slot(clock, monkeypatch):
    storage = Watched()
    budget = RateBudget(1, 20, storage)
    sleep, naps = clock.sleep, []

    def nap(seconds: float) -> None:
        naps.append((seconds >= 4, storage.held))
        sleep(seconds)
        if len(naps) == 1:
            budget.pause(5)

    monkeypatch.setattr(clock, "sleep", nap)
    with budget.request():
        pass
    with budget.request():
        assert storage.held == 1

    assert naps == [(False, 1), (True, 0)]
    assert storage.held == 0


def test_a_shared_slot_is_given_back_when_the_wait_is_broken_off(clock, monkeypatch):
    storage = Watched()
    budget = RateBudget(1, 20, storage)
    with budget.request():
        pass

    def break_off(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(clock, "sleep", break_off)
    with pytest.raises(KeyboardInterrupt), budget.request():
        pass
    assert storage.held == 0


def test_limits_can_be_changed(clock):
    budget = RateBudget(40, 20)
    budget.configure(2, 20)

    assert departures(budget, clock, 3)[2] > 1


def test_no_more_in_flight_than_allowed():
    budget = RateBudget(10_000, 3)
    lock, inside, most = threading.Lock(), 0, 0

    def work(_: int) -> None:
        nonlocal inside, most
        with budget.request():
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.002)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(10) as threads:
        list(threads.map(work, range(50)))

    assert most == 3


def test_a_slot_is_free_again_after_an_error():
    budget = RateBudget(10_000, 1)
    for _ in range(3):
        with pytest.raises(KeyError), budget.request():
            raise KeyError


def test_clients_of_one_key_and_address_share_a_budget():
    one = ChartMogulClient("shared-key", "http://127.0.0.1:9/v1")
    other = ChartMogulClient("shared-key", "http://127.0.0.1:9/v1/")

    assert one._transport.budget is other._transport.budget
    assert ChartMogulClient("other-key", "http://127.0.0.1:9/v1")._transport.budget is not one._transport.budget
    assert ChartMogulClient("shared-key", "http://127.0.0.1:8/v1")._transport.budget is not one._transport.budget


def test_two_clients_together_send_no_more_than_one_may(monkeypatch):
    with serving(answer()) as server, ThreadPoolExecutor(8) as threads:
        clients = [ChartMogulClient("both", server.url, requests_per_second=30) for _ in range(2)]
        started = time.monotonic()
        list(threads.map(lambda n: clients[n % 2].ping(), range(31)))
        assert time.monotonic() - started >= 1.0
        for client in clients:
            client.close()


def test_the_limits_of_the_last_to_begin_hold_for_all():
    first = shared_budget("limits-key", "http://127.0.0.1:9/v1", 40, 20)
    assert shared_budget("limits-key", "http://127.0.0.1:9/v1", 10, 5) is first
    assert first._rates[-1].limit == 10
    assert first._max_connections == 5


def test_the_registry_does_not_keep_the_key():
    budget = shared_budget("sentinel-registry-key", "http://127.0.0.1:9/v1", 40, 20)
    assert budget in rate_budget._budgets.values()
    assert "sentinel-registry-key" not in repr(rate_budget._budgets) + repr(vars(budget))
