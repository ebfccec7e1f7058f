"""The budget of one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyrate_limiter import InMemoryBucket, MonotonicClock

from airflow_provider_chartmogul.client.budget_storages.base import BudgetStorage, rates

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyrate_limiter import AbstractBucket

_CLOCK = MonotonicClock()


class MemoryStorage(BudgetStorage):
    """Keeps permits in this process. Slots need no keeping: the budget itself counts those of its process."""

    kind = "memory"
    failures = ()
    jitter_seconds = 0.0

    def __init__(self) -> None:
        super().__init__("", "", 0)

    def _open(self) -> AbstractBucket:
        return InMemoryBucket(rates(1))

    def _now(self) -> int:
        return _CLOCK.now()

    def _take_slot(self, count: int) -> Callable[[], object]:
        return _nothing


def _nothing() -> None: ...
