"""Loads that die by SIGKILL, wherever, and the next try of them."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulLoadError, ChartMogulServerError
from airflow_provider_chartmogul.transfers import loading
from airflow_provider_chartmogul.transfers.loading import Attempt
from airflow_provider_chartmogul.transfers.sql.target import SqlTarget
from tests.unit.transfers.sql_orders import DURABLE, MODES, contents, load, order, plan
from tests.unit.transfers.sql_processes import PAGES, POINTS, load_and_die, processes, reading

if TYPE_CHECKING:
    from airflow_provider_chartmogul.streams.model import Page
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
