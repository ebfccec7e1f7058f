"""Loads of orders that end badly, in processes of their own.

They are forks of a server that has imported all they need and has no database open: a fork of the tests' own process
would have the objects of DuckDB, but not its threads.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from airflow_provider_chartmogul.exceptions import ChartMogulLoadError
from airflow_provider_chartmogul.streams.model import Page, Reading
from airflow_provider_chartmogul.transfers import loading
from airflow_provider_chartmogul.transfers.sql.target import SqlTarget
from tests.unit.transfers import sql_orders
from tests.unit.transfers.sql_orders import SCOPE, order, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from airflow_provider_chartmogul.transfers.loading import Attempt

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([__name__])

# two parts that take turns: x0 y0 x1 y1 x2 y2; record "moved" is on three pages
PAGES = {
    "x0": [order("a", "a1", "a2", label="new"), order("moved", "m1", label="first")],
    "y0": [order("b", "b1", label="new")],
    "x1": [order("c", "c1"), order("moved", "m1", "m2", label="second")],
    "y1": [order("d", "d1"), order("e")],
    "x2": [order("moved", "m2", label="last")],
    "y2": [order("f", "f1")],
}
# where a load dies: what it was about to execute, for the how-maniest time; once before, it rehearses
POINTS = {
    "extract": ("", 0),
    "staging": ("UPDATE chartmogul_staging_", 4),
    "swap": ("INSERT INTO orders_items ", 2),
    "clean-up": ("DROP TABLE chartmogul_staging_", 1),
}


def reading(asked: list[str], on_page: Callable[[str], None] = lambda name: None) -> Reading:
    def walk(part: str, cursor: str | None) -> Iterator[Page]:
        for number in range(int(cursor or 0), 3):
            asked.append(f"{part}{number}")
            on_page(f"{part}{number}")
            yield Page(PAGES[f"{part}{number}"], str(number + 1) if number < 2 else None)

    return Reading(walk, lambda: ("x", "y"), SCOPE)


def load_and_die(url: str, mode: str, point: str, attempt: Attempt) -> None:
    """Load, and be killed at one of :data:`POINTS`."""
    engine, staged, four = sa.create_engine(url), [], threading.Event()
    text, times = POINTS[point]
    seen: list[str] = []

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def on_statement(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if text and " ".join(statement.split()).startswith(text):
            seen.append(statement)
            if len(seen) == times:
                die()

    def on_page(name: str) -> None:
        if point == "extract" and name == "x2":
            four.wait(60)
            die()

    def count(page: Page) -> None:
        staged.append(page)
        if len(staged) == 4:
            four.set()

    sa.event.listen(engine, "before_cursor_execute", on_statement)
    loading.load(reading([], on_page), SqlTarget(engine, plan(mode), table="orders"), attempt, on_page=count)


def load_onto_full_disk(url: str, attempt: Attempt, answer: Connection) -> None:
    """Load more than fits; answer with the error."""
    # to a process that may write no more to files, the disk is as good as full
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
    pages = [[order(f"{n} {i}", label=os.urandom(1000).hex()) for i in range(200)] for n in range(20)]
    load_and_tell(url, attempt, answer, pages)


def load_and_tell(url: str, attempt: Attempt, answer: Connection, pages: list[Any]) -> None:
    """Load pages; answer with the error."""
    target = SqlTarget(sa.create_engine(url), plan(), table="orders")
    try:
        loading.load(sql_orders.reading(pages), target, attempt)
    except ChartMogulLoadError as error:
        answer.send(str(error))
    answer.send("no error")
