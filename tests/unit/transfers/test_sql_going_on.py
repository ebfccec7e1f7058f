"""Loads that die by SIGKILL, wherever, and the next try of them."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from airflow_provider_chartmogul.exceptions import ChartMogulLoadError, ChartMogulServerError
from airflow_provider_chartmogul.streams.reading import pages
from airflow_provider_chartmogul.transfers import loading
from airflow_provider_chartmogul.transfers.loading import Attempt
from airflow_provider_chartmogul.transfers.sql.target import SqlTarget
from tests.unit.transfers.sql_orders import DURABLE, MODES, contents, load, order, plan
from tests.unit.transfers.sql_processes import PAGES, POINTS, load_and_die, processes, reading

if TYPE_CHECKING:
    from airflow_provider_chartmogul.streams.model import Page
    from airflow_provider_chartmogul.streams.reading import Position
    from tests.unit.transfers.conftest import Warehouse

AGAIN = Attempt("load", durable=True, going_on=True)
LEFT = {"extract": ["x2", "y2"], "staging": ["x2", "y1", "y2"], "swap": [], "clean-up": []}
END_OTHERS = (
    "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
)


def begin_with(warehouse: Warehouse) -> None:
    for table in sorted(warehouse.tables()):
        warehouse.execute(f"DROP TABLE {table}")
    load(warehouse, [order("a", "a1", label="old"), order("gone", "g1"), order("later", happened="2027-01-01")])


def target(warehouse: Warehouse, mode: str) -> SqlTarget:
    return SqlTarget(warehouse.engine(), plan(mode), table="orders")


def killed(warehouse: Warehouse, mode: str, point: str, attempt: Attempt) -> None:
    """Load in a process of its own that kills itself."""
    process = processes.Process(target=load_and_die, args=(warehouse.url(), mode, point, attempt))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("point", POINTS)
def test_the_next_try_of_a_load_that_was_killed_goes_on_from_what_was_staged(
    warehouse: Warehouse, mode: str, point: str
) -> None:
    begin_with(warehouse)
    loading.load(reading([]), target(warehouse, mode), Attempt("uninterrupted"))
    uninterrupted = contents(warehouse)
    begin_with(warehouse)

    killed(warehouse, mode, point, DURABLE)
    left_behind = {name for name in warehouse.tables() if "chartmogul" in name}
    asked: list[str] = []
    rows = loading.load(reading(asked), target(warehouse, mode), AGAIN).rows

    assert len(left_behind) == 4
    # no page that was staged is read again, and none is left out
    assert sorted(asked) == LEFT[point]
    assert contents(warehouse) == uninterrupted
    assert warehouse.tables() == {"orders", "orders_items"}
    # what was in place already was put there once
    assert rows["orders"] == (0 if (mode, point) == ("append", "clean-up") else {"append": 6}.get(mode, 7))


@pytest.mark.parametrize(
    ("point", "durable"), [("extract", False), ("swap", False), ("extract", True), ("staging", True), ("swap", True)]
)
def test_a_load_that_was_killed_left_the_tables_as_they_were(warehouse: Warehouse, point: str, durable: bool) -> None:
    begin_with(warehouse)
    before = contents(warehouse)

    killed(warehouse, "replace", point, Attempt("load", durable))

    assert contents(warehouse) == before


@pytest.mark.parametrize("next_try", [Attempt("load"), DURABLE], ids=["temporary", "durable"])
def test_what_is_not_gone_on_from_is_thrown_away(warehouse: Warehouse, next_try: Attempt) -> None:
    begin_with(warehouse)
    killed(warehouse, "replace", "swap", DURABLE)

    asked: list[str] = []
    rows = loading.load(reading(asked), target(warehouse, "replace"), next_try).rows

    assert sorted(asked) == sorted(PAGES)
    assert rows == {"orders": 7, "orders_items": 7}
    assert warehouse.tables() == {"orders", "orders_items"}


@pytest.mark.parametrize("gone", ["everything", "one table", "the position"])
def test_a_try_begins_anew_if_what_was_staged_is_not_whole(warehouse: Warehouse, gone: str) -> None:
    begin_with(warehouse)
    killed(warehouse, "replace", "extract", DURABLE)
    staged = sorted(name for name in warehouse.tables() if "chartmogul" in name)
    position, one = staged[1], staged[-1]
    if gone == "the position":
        # as after a crash of Postgres, which empties tables that are not logged
        warehouse.execute(f"DELETE FROM {position}")
    else:
        warehouse.execute(*(f"DROP TABLE {name}" for name in (staged if gone == "everything" else [one])))

    asked: list[str] = []
    loading.load(reading(asked), target(warehouse, "replace"), AGAIN)

    assert position.endswith("_position")
    assert sorted(asked) == sorted(PAGES)
    assert len(contents(warehouse)[0]) == 7
    assert warehouse.tables() == {"orders", "orders_items"}


def test_a_try_begins_anew_if_what_was_staged_has_other_columns(warehouse: Warehouse) -> None:
    begin_with(warehouse)
    killed(warehouse, "replace", "extract", DURABLE)
    position = next(name for name in warehouse.tables() if name.endswith("_position"))
    warehouse.execute(f"UPDATE {position} SET columns = replace(columns, 'label', 'title')")

    asked: list[str] = []
    loading.load(reading(asked), target(warehouse, "replace"), AGAIN)

    assert sorted(asked) == sorted(PAGES)
    assert warehouse.tables() == {"orders", "orders_items"}


def test_another_load_is_not_gone_on_from(warehouse: Warehouse) -> None:
    begin_with(warehouse)
    killed(warehouse, "replace", "extract", DURABLE)

    asked: list[str] = []
    loading.load(reading(asked), target(warehouse, "replace"), Attempt("other", durable=True, going_on=True))

    assert sorted(asked) == sorted(PAGES)
    # what the first load staged is for its next try
    assert len(warehouse.tables()) == 2 + 4


@pytest.mark.parametrize("keep", [True, False])
def test_what_is_staged_waits_for_the_next_try_if_there_is_one(warehouse: Warehouse, keep: bool) -> None:
    begin_with(warehouse)
    before = contents(warehouse)

    def fail(name: str) -> None:
        if name == "x2":
            raise ChartMogulServerError("GET /customers: 500", status_code=500)

    with pytest.raises(ChartMogulServerError):
        loading.load(reading([], fail), target(warehouse, "merge"), DURABLE, tried_again=lambda error: keep)
    assert contents(warehouse) == before
    assert len(warehouse.tables()) == 2 + 4 * keep

    asked: list[str] = []
    loading.load(reading(asked), target(warehouse, "merge"), AGAIN)
    assert sorted(asked) == (["x2", "y2"] if keep else sorted(PAGES))


def test_a_lost_connection_is_one_clear_error_and_the_next_try_goes_on(postgres_warehouse: Warehouse) -> None:
    begin_with(postgres_warehouse)
    before = contents(postgres_warehouse)
    staged: list[Page] = []

    def lose(page: Page) -> None:
        staged.append(page)
        if len(staged) == 2:
            postgres_warehouse.query(END_OTHERS)

    with pytest.raises(ChartMogulLoadError, match=r"^Loading into orders failed while staging: \w+") as caught:
        loading.load(
            reading([]),
            target(postgres_warehouse, "replace"),
            DURABLE,
            on_page=lose,
            tried_again=lambda error: True,
        )
    assert caught.value.__cause__ is None
    assert contents(postgres_warehouse) == before

    asked: list[str] = []
    loading.load(reading(asked), target(postgres_warehouse, "replace"), AGAIN)
    assert sorted(asked) == ["x1", "x2", "y1", "y2"]


def test_staging_is_removed_by_a_new_connection_if_the_old_one_was_lost(postgres_warehouse: Warehouse) -> None:
    begin_with(postgres_warehouse)

    def lose(page: Page) -> None:
        postgres_warehouse.query(END_OTHERS)

    with pytest.raises(ChartMogulLoadError):
        loading.load(reading([]), target(postgres_warehouse, "replace"), DURABLE, on_page=lose)

    assert postgres_warehouse.tables() == {"orders", "orders_items"}


# a worker that only seems to be dead ----------------------------------------------------------------------------------

OVERTAKEN = r"^Loading into orders failed while \w+: another try of this load is under way$"


@pytest.mark.parametrize("newer_try", [AGAIN, DURABLE, Attempt("load")], ids=["going on", "anew", "temporary"])
@pytest.mark.parametrize("tells", ["another page", "the end"])
def test_an_older_try_that_is_still_alive_fails_and_harms_no_newer_one(
    warehouse: Warehouse, newer_try: Attempt, tells: str
) -> None:
    begin_with(warehouse)
    before = contents(warehouse)
    newer = target(warehouse, "merge")
    older_pages: list[Page] = []
    positions: list[Position | None] = []

    def begin_newer(page: Page) -> None:
        older_pages.append(page)
        if len(older_pages) == (3 if tells == "another page" else 6):
            positions.append(newer.begin(newer_try))

    with pytest.raises(ChartMogulLoadError, match=OVERTAKEN) as caught:
        # nothing that the older one left is to be kept: but what it staged is no longer its own
        loading.load(reading([]), target(warehouse, "merge"), DURABLE, on_page=begin_newer)
    assert caught.value.__cause__ is None
    assert contents(warehouse) == before

    asked: list[str] = []
    for page, position in pages(reading(asked), positions[0]):
        newer.stage(page, position)
    newer.put_in_place()
    newer.end(keep=False)

    assert len(asked) == (6 if newer_try is not AGAIN else 3 if tells == "another page" else 0)
    rows = contents(warehouse)
    assert [uuid for uuid, *_ in rows[0]] == ["a", "b", "c", "d", "e", "f", "gone", "later", "moved"]
    assert [uuid for uuid, _ in rows[1]] == ["a1", "a2", "b1", "c1", "d1", "f1", "g1", "m2"]
    assert warehouse.tables() == {"orders", "orders_items"}


@pytest.mark.parametrize("tells", ["another page", "the end"])
def test_an_older_try_fails_after_a_newer_one_has_ended(warehouse: Warehouse, tells: str) -> None:
    begin_with(warehouse)
    staged: list[Page] = []

    def load_newer(page: Page) -> None:
        staged.append(page)
        if len(staged) == (3 if tells == "another page" else 6):
            loading.load(reading([]), target(warehouse, "replace"), AGAIN)

    with pytest.raises(ChartMogulLoadError, match=OVERTAKEN):
        loading.load(reading([]), target(warehouse, "replace"), DURABLE, on_page=load_newer)

    assert len(contents(warehouse)[0]) == 7
    assert warehouse.tables() == {"orders", "orders_items"}


def test_a_newer_try_begins_with_all_that_an_older_one_is_about_to_keep(postgres_warehouse: Warehouse) -> None:
    """It takes the load while a page is being kept: it waits, and neither overlooks the page nor reads it again."""
    begin_with(postgres_warehouse)
    older, newer = target(postgres_warehouse, "replace"), target(postgres_warehouse, "replace")
    older.begin(DURABLE)
    walk = pages(reading([]), None)
    for _ in range(2):
        older.stage(*next(walk))
    waits = threading.Event()

    def on_statement(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE chartmogul_staging_"):
            waits.set()

    sa.event.listen(newer._engine, "before_cursor_execute", on_statement)
    with ThreadPoolExecutor(1) as pool:
        with older._connection.begin():
            older._staged.add(older._connection, *next(walk))
            beginning = pool.submit(newer.begin, AGAIN)
            assert waits.wait(60)
        position = beginning.result(60)

    asked: list[str] = []
    for page, behind in pages(reading(asked), position):
        newer.stage(page, behind)
    newer.put_in_place()
    older.end(keep=False)
    newer.end(keep=False)

    assert sorted(asked) == ["x2", "y1", "y2"]
    assert len(contents(postgres_warehouse)[0]) == 7
