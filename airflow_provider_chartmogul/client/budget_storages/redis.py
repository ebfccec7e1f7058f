"""A budget in Redis: for workers on several machines."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from pyrate_limiter import RedisBucket
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from airflow_provider_chartmogul.client.budget_storages.base import BudgetStorage, rates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyrate_limiter import AbstractBucket, Rate

_TIMEOUT_SECONDS = 5
# a process that dies while it asks keeps the others from asking for so long
_TURN_SECONDS = 2
_POLL_SECONDS = 0.002

# The members of the set are the requests in flight, their scores the end of their leases by the clock of the server.
_TAKE_SLOT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""


class RedisStorage(BudgetStorage):
    """Two sorted sets: the permits of the last second, and the requests in flight with their leases.

    The time is that of the Redis server, so clocks of workers need not agree.
    """

    kind = "redis"
    example = "redis://:password@host:6379/0"
    failures: ClassVar = (RedisError, OSError)

    def __init__(self, url: str, name: str, lease_seconds: float) -> None:
        super().__init__(url, name, lease_seconds)
        self._redis = Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            # for connections that the server has closed; waits are for who asked
            retry=Retry(NoBackoff(), 1),
        )
        self._take = self._redis.register_script(_TAKE_SLOT)

    def _open(self) -> AbstractBucket:
        bucket = RedisBucket.init(rates(1), self._redis, f"chartmogul:{self._name}:permits")
        assert isinstance(bucket, RedisBucket)  # noqa: S101 - the client is not asynchronous
        return bucket

    def _close(self, bucket: AbstractBucket) -> None:
        self._redis.close()

    def _now(self) -> int:
        seconds, microseconds = self._redis.time()
        return int(seconds * 1000 + microseconds // 1000)

    def _ask(self, bucket: AbstractBucket, rates: Sequence[Rate]) -> float:
        # the bucket's script counts up to the time that it is given: who came with a later one would not be seen
        lock = self._redis.lock(f"chartmogul:{self._name}:turn", _TURN_SECONDS, _POLL_SECONDS)
        with lock:
            return super()._ask(bucket, rates)

    def _take_slot(self, count: int) -> Callable[[], object] | None:
        key, slot = f"chartmogul:{self._name}:slots", uuid.uuid4().hex
        taken = self._take(keys=[key], args=[count, int(self._lease_seconds * 1000), slot])
        return partial(self._redis.zrem, key, slot) if taken else None
