"""Walking a reading: turns, positions, memory and failures, on parts that are made up."""

from __future__ import annotations

import json
import string
import threading
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.streams.model import Page, Reading, Record
from airflow_provider_chartmogul.streams.reading import PARALLEL_PARTS, pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class Book:
    """Parts with so many pages each, of one record each, that note what is fetched.

    :param lengths: number of pages by part.
    :param announced: parts that a page makes known.
    :param before: called in the thread that fetches a page.
    """

    def __init__(
        self,
        lengths: dict[str, int],
        announced: dict[str, Sequence[str]] | None = None,
        before: Callable[[str], None] = lambda page: None,
    ) -> None:
        self.lengths = lengths
        self.announced = announced or {}
        self.before = before
        self.fetched: list[str] = []
        self.closed: set[str] = set()
        told = {part for parts in self.announced.values() for part in parts}
        self.reading = Reading(self.walk, lambda: tuple(part for part in lengths if part not in told))

    def walk(self, part: str, cursor: str | None) -> Iterator[Page]:
        try:
            for number in range(int(cursor or 0), self.lengths[part]):
                page = f"{part}{number}"
                self.fetched.append(page)
                self.before(page)
                following = str(number + 1) if number + 1 < self.lengths[part] else None
                yield Page([Record(page, {"": []})], following, self.announced.get(page, ()))
        finally:
            self.closed.add(part)

    def read(self, position: Any = None) -> list[str]:
        return [key for page, _ in pages(self.reading, position) for key in keys(page)]


def keys(page: Page) -> list[str]:
    return [record.key for record in page.records]


def threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("chartmogul-reading")]


def test_parts_take_turns() -> None:
    assert Book({"a": 3, "b": 1, "c": 2}).read() == ["a0", "b0", "c0", "a1", "c1", "a2"]


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("b", "a"), ("c", "a"), ("b", "c")])
def test_the_order_does_not_depend_on_who_answers_first(first: str, second: str) -> None:
    """Each page of one part waits until the same page of another has been asked for."""
    asked = {f"{first}{number}": threading.Event() for number in range(3)}

    def before(page: str) -> None:
        if page in asked:
            asked[page].set()
        elif page.startswith(second):
            assert asked[page.replace(second, first)].wait(timeout=20)

    book = Book({"a": 3, "b": 3, "c": 3}, before=before)

    assert book.read() == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]


def test_the_pages_of_several_parts_are_fetched_at_once() -> None:
    together = threading.Barrier(PARALLEL_PARTS, timeout=20)
    book = Book(dict.fromkeys(string.ascii_letters[:PARALLEL_PARTS], 1), before=lambda page: together.wait() and None)

    assert len(book.read()) == PARALLEL_PARTS


def test_the_next_page_is_fetched_while_the_caller_works_on_one() -> None:
    fetching = threading.Event()
    book = Book({"a": 2}, before=lambda page: fetching.set() if page == "a1" else None)

    walk = pages(book.reading)
    next(walk)

    assert fetching.wait(timeout=20)
    walk.close()


def test_a_part_that_ends_makes_room_for_the_next() -> None:
    parts = string.ascii_letters[: PARALLEL_PARTS + 2]
    running, waiting = parts[:PARALLEL_PARTS], parts[PARALLEL_PARTS:]
    book = Book(dict.fromkeys(parts, 2))
    read = []

    for page, _ in pages(book.reading):
        read += keys(page)
        if len(read) == PARALLEL_PARTS:
            # none of the first has ended
            assert not [one for one in book.fetched if one[0] in waiting]

    turns = [(running, 0), (running, 1), (waiting, 0), (waiting, 1)]
    assert read == [f"{part}{number}" for group, number in turns for part in group]


def test_parts_that_a_page_makes_known_are_walked_too() -> None:
    book = Book({"a": 1, "b": 2, "c": 2, "d": 1}, announced={"a0": ["c", "d"]})

    assert book.read() == ["a0", "b0", "c0", "d0", "b1", "c1"]


def test_parts_without_a_page_are_passed_over() -> None:
    assert Book({"a": 0, "b": 2, "c": 0}).read() == ["b0", "b1"]
    assert Book({}).read() == []


LENGTHS = {**dict.fromkeys(string.ascii_letters[: PARALLEL_PARTS + 4], 3), "b": 1, "c": 7, "y": 2, "z": 4}
ANNOUNCED = {"c3": ["y"], "a0": ["z"]}


def test_a_walk_goes_on_from_every_position() -> None:
    whole = Book(LENGTHS, ANNOUNCED)
    positions = [json.dumps(position) for _, position in pages(whole.reading)]
    every = Book(LENGTHS, ANNOUNCED).read()
    assert len(set(every)) == len(every) == sum(LENGTHS.values())

    for done, position in enumerate(positions, 1):
        rest = Book(LENGTHS, ANNOUNCED)
        # those that are known by then are in the position
        rest.reading = Reading(rest.walk, lambda: pytest.fail("parts are asked for once"))
        assert rest.read(json.loads(position)) == every[done:]
        assert sorted(rest.fetched) == sorted(every[done:])


def test_a_walk_that_was_broken_off_asks_for_at_most_one_page_of_a_part_again() -> None:
    every = Book(LENGTHS, ANNOUNCED).read()

    for done in range(1, len(every)):
        book = Book(LENGTHS, ANNOUNCED)
        walk = pages(book.reading)
        for _ in range(done):
            _, position = next(walk)
        walk.close()
        before = list(book.fetched)

        assert book.read(position) == every[done:]
        again = [page for page in before if book.fetched.count(page) > 1]
        assert len({page[0] for page in again}) == len(again) <= PARALLEL_PARTS


def test_the_last_position_has_nothing_left() -> None:
    positions = [position for _, position in pages(Book({"a": 2, "b": 3}).reading)]

    assert positions[-1] == []
    assert Book({"a": 2, "b": 3}).read([]) == []


@pytest.mark.parametrize("count", [1, 3, PARALLEL_PARTS + 10])
def test_no_part_is_more_than_a_page_ahead(count: int) -> None:
    book = Book(dict.fromkeys(string.ascii_letters[:count], 5))

    for done, _ in enumerate(pages(book.reading), 1):
        assert len(book.fetched) <= done + min(count, PARALLEL_PARTS)


def test_a_part_that_fails_stops_all() -> None:
    def before(page: str) -> None:
        if page == "b1":
            raise KeyError(page)

    book = Book({"a": 1000, "b": 1000, "c": 1000}, before=before)
    read: list[str] = []

    with pytest.raises(KeyError, match="b1"):
        read.extend(key for page, _ in pages(book.reading) for key in keys(page))

    # what was under way has ended, and nothing can begin
    assert threads() == []
    assert book.closed == {page[0] for page in book.fetched}
    assert {"a0", "b0", "c0", "a1", "b1"} <= set(book.fetched) <= {"a0", "b0", "c0", "a1", "b1", "c1", "a2"}
    assert read == ["a0", "b0", "c0", "a1"]


def test_a_walk_that_is_closed_stops_all() -> None:
    book = Book({"a": 1000, "b": 1000})
    walk = pages(book.reading)
    next(walk)

    walk.close()

    assert threads() == []
    assert book.closed == {page[0] for page in book.fetched}
    assert len(book.fetched) <= 3


def test_parts_that_cannot_be_named_are_no_reading() -> None:
    def parts() -> Sequence[str]:
        raise KeyError("parts")

    with pytest.raises(KeyError, match="parts"):
        next(pages(Reading(Book({}).walk, parts)))
