"""Movements of an interval: read in pieces of it where they are dense, none lost and none twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_chartmogul.client import Page
from airflow_provider_chartmogul.streams import STREAMS
from airflow_provider_chartmogul.streams.activities import MOST_PARTS
from airflow_provider_chartmogul.streams.model import Options
from airflow_provider_chartmogul.streams.reading import pages
from airflow_provider_chartmogul.streams.windows import Window
from tests.contract.account import Account
from tests.unit.streams.fakes import requests, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator
    from airflow_provider_chartmogul.streams.reading import Position

START = datetime(2026, 1, 1, tzinfo=UTC)
JANUARY = Window(START, START + timedelta(days=31))


class Feed:
    """A client whose activities lie at these instants, listed as the API does: both ends included, oldest first."""

    def __init__(self, instants: Iterable[datetime], per_page: int = 200) -> None:
        self.entries = [
            {"uuid": f"{number:05}", "date": at.isoformat().replace("+00:00", "Z")}
            for number, at in enumerate(sorted(instants))
        ]
        self.per_page = per_page
        self.requests = 0
        self.activities = self

    def list(self, *, start_date: datetime, end_date: datetime, order: str, cursor: str | None) -> Listing:
        assert order == "date"
        found = [one for one in self.entries if start_date <= datetime.fromisoformat(one["date"]) <= end_date]
        return Listing(self, found, int(cursor or 0))

    def read(self, window: Window = JANUARY, position: Position | None = None) -> list[tuple[list[str], Position]]:
        reading = STREAMS["activities"].open(self, Options(window))  # type: ignore[arg-type]
        return [([one.key for one in page.records], behind) for page, behind in pages(reading, position)]

    def keys(self, window: Window = JANUARY) -> list[str]:
        return [key for keys, _ in self.read(window) for key in keys]

    def within(self, window: Window = JANUARY) -> list[str]:
        inside = (one for one in self.entries if window.start <= datetime.fromisoformat(one["date"]) < window.end)
        return [one["uuid"] for one in inside]


class Listing:
    def __init__(self, feed: Feed, found: list[dict[str, Any]], first: int) -> None:
        self.feed, self.found, self.first = feed, found, first

    def pages(self) -> Iterator[Page]:
        start, has_more = self.first, True
        while has_more:
            self.feed.requests += 1
            end = start + self.feed.per_page
            has_more = end < len(self.found)
            yield Page(self.found[start:end], str(end), has_more, {})
            start = end


def evenly(count: int, window: Window = JANUARY) -> list[datetime]:
    width = (window.end - window.start) / max(count, 1)
    return [window.start + width * number for number in range(count)]


@pytest.mark.parametrize(("count", "asked"), [(0, 1), (1, 1), (200, 1), (201, 2), (1000, 5), (2000, 10)])
def test_a_window_of_a_few_pages_is_read_in_one_walk(count: int, asked: int) -> None:
    feed = Feed(evenly(count))

    assert feed.keys() == feed.within()
    assert feed.requests == asked


@pytest.mark.parametrize(("count", "parts"), [(2700, 2), (8000, 6), (40_000, 32), (80_000, 32)])
def test_a_dense_window_is_read_in_pieces(count: int, parts: int) -> None:
    feed = Feed(evenly(count))
    read = feed.read()

    keys = [key for keys, _ in read for key in keys]
    assert sorted(keys) == feed.within()
    assert len(keys) == count
    assert len(read[0][1]) == parts <= MOST_PARTS
    # each piece may end in a page that is not full
    assert count / 200 <= feed.requests <= count / 200 + parts + 1


def test_a_window_that_only_began_densely_costs_a_request_for_each_piece() -> None:
    feed = Feed([*evenly(250, Window(START, START + timedelta(hours=1))), *evenly(3)])

    assert sorted(feed.keys()) == feed.within()
    assert feed.requests <= 1 + MOST_PARTS


def test_many_movements_of_one_instant_are_not_divided() -> None:
    at = START + timedelta(days=3)
    feed = Feed([at] * 900)

    assert feed.keys() == feed.within()
    assert feed.requests == 5


@pytest.mark.parametrize("tied", [1, 2, 199, 200, 201, 500])
@pytest.mark.parametrize("before", [1, 100, 199, 200])
def test_movements_of_one_instant_over_the_end_of_the_first_page_are_all_there_once(tied: int, before: int) -> None:
    at = START + timedelta(hours=5)
    later = evenly(5000, Window(at + timedelta(hours=1), JANUARY.end))
    feed = Feed([*evenly(before, Window(START, at)), *[at] * tied, *later])

    assert sorted(feed.keys()) == feed.within()


def test_movements_at_the_seams_are_there_once() -> None:
    feed = Feed(evenly(6000))
    _, position = feed.read()[0]
    seams = [Window.parse(part).start for part, _ in position]
    tied = Feed([*evenly(6000), *seams, *seams])
    assert [Window.parse(part).start for part, _ in tied.read()[0][1]] == seams

    assert sorted(tied.keys()) == tied.within()


def test_the_pieces_cover_what_is_behind_the_first_page() -> None:
    feed = Feed(evenly(6000))
    first, position = feed.read()[0]
    pieces = [Window.parse(part) for part, _ in position]

    assert pieces[0].start == datetime.fromisoformat(feed.entries[len(first)]["date"])
    assert pieces[-1].end == JANUARY.end
    assert all(one.end == following.start for one, following in pairwise(pieces))
    assert all(cursor is None for _, cursor in position)


def test_pieces_of_less_than_a_second_do_not_overlap() -> None:
    window = Window(START + timedelta(milliseconds=500), START + timedelta(milliseconds=2500))
    feed = Feed(evenly(2000, window), per_page=3)

    assert sorted(feed.keys(window)) == feed.within(window)


def test_what_lies_at_the_end_of_the_window_belongs_to_the_next() -> None:
    feed = Feed([*evenly(6000), JANUARY.end, JANUARY.end])

    assert sorted(feed.keys()) == feed.within()
    assert len(feed.keys()) == 6000


@pytest.mark.parametrize("count", [1000, 6000])
def test_a_walk_goes_on_from_every_position(count: int) -> None:
    feed = Feed(evenly(count))
    read = feed.read()
    whole = [keys for keys, _ in read]

    for done, (_, position) in enumerate(read, 1):
        rest = feed.read(position=json.loads(json.dumps(position)))
        assert [keys for keys, _ in rest] == whole[done:]


moments = st.builds(
    lambda seconds, millis: START + timedelta(seconds=seconds, milliseconds=millis),
    st.one_of(st.integers(0, 120), st.integers(0, 31 * 24 * 3600)),
    st.sampled_from([0, 0, 1, 500, 999]),
)


@given(instants=st.lists(moments, max_size=150), seconds=st.integers(1, 31 * 24 * 3600), millis=st.integers(0, 999))
@settings(max_examples=150, deadline=None)
def test_none_is_lost_or_doubled_wherever_they_lie(instants: list[datetime], seconds: int, millis: int) -> None:
    window = Window(START + timedelta(milliseconds=millis), START + timedelta(seconds=seconds, milliseconds=millis))
    feed = Feed(instants, per_page=3)

    assert sorted(feed.keys(window)) == feed.within(window)


def test_a_first_page_without_movements_is_followed() -> None:
    feed = Feed([])
    reading = STREAMS["activities"].open(feed, Options(JANUARY))  # type: ignore[arg-type]
    feed.list = lambda **_: Empty()  # type: ignore[assignment]

    assert [page.records for page, _ in pages(reading)] == [[], []]


class Empty:
    def pages(self) -> Iterator[Page]:
        yield Page([], "1", True, {})
        yield Page([], "2", False, {})


def test_the_movements_of_an_account(emulator: Emulator, client: ChartMogulClient) -> None:
    account = Account(emulator, client)
    assert account.event
    with requests(emulator) as asked:
        rows = rows_of(STREAMS["activities"].open(client, Options(Window.of("2026-01-10", "2026-02-20"))))

    (row,) = rows
    assert (row["type"], row["date"]) == ("new_biz", datetime(2026, 1, 10, tzinfo=UTC))
    assert (row["activity_mrr_movement"], row["activity_mrr"], row["activity_arr"]) == (5000, 5000, 60_000)
    assert (row["customer_uuid"], row["plan_external_id"]) == (account.paying, "team")
    assert row["extra"] is None
    assert asked == {"GET /activities": 1}
