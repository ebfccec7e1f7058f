"""Exclusive Airflow intervals become the inclusive dates of the API, by one rule for every notation."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pendulum
import pytest

from airflow_provider_chartmogul.intervals import inclusive_dates, inclusive_instants

JANUARY = (date(2026, 1, 1), date(2026, 1, 31))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-01", "2026-02-01"),
        (" 2026-01-01T00:00:00Z ", "2026-02-01 00:00:00+00:00"),
        (date(2026, 1, 1), date(2026, 2, 1)),
        (datetime(2026, 1, 1), datetime(2026, 2, 1)),  # noqa: DTZ001 - naive on purpose
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)),
        (pendulum.datetime(2026, 1, 1), pendulum.datetime(2026, 2, 1)),
        (str(pendulum.datetime(2026, 1, 1)), str(pendulum.datetime(2026, 2, 1))),
        ("2026-01-01T01:00:00+01:00", "2026-02-01T01:00:00+01:00"),
    ],
)
def test_every_notation_of_january_is_january(start: object, end: object) -> None:
    assert inclusive_dates(start, end) == JANUARY


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-01-15T10:00", "2026-01-15T11:00", (date(2026, 1, 15), date(2026, 1, 15))),
        ("2026-01-15T10:00", "2026-01-16T10:00", (date(2026, 1, 15), date(2026, 1, 16))),
        ("2026-01-15", "2026-01-16", (date(2026, 1, 15), date(2026, 1, 15))),
        ("2024-02-28", "2024-03-01", (date(2024, 2, 28), date(2024, 2, 29))),
    ],
)
def test_days_that_are_touched_count(start: str, end: str, expected: tuple[date, date]) -> None:
    assert inclusive_dates(start, end) == expected


def test_days_are_those_of_utc() -> None:
    new_york = timezone(timedelta(hours=-5))
    start, end = datetime(2026, 1, 1, 22, tzinfo=new_york), datetime(2026, 1, 2, 22, tzinfo=new_york)
    assert inclusive_dates(start, end) == (date(2026, 1, 2), date(2026, 1, 3))


@pytest.mark.parametrize(
    ("zone", "first", "last"), [("America/Los_Angeles", 14, 15), ("UTC", 15, 15), ("Pacific/Auckland", 15, 16)]
)
def test_days_can_be_those_of_another_zone(zone: str, first: int, last: int) -> None:
    days = inclusive_dates("2025-06-15", "2025-06-16", ZoneInfo(zone))
    assert days == (date(2025, 6, first), date(2025, 6, last))


@pytest.mark.parametrize(
    ("end", "last"),
    [
        ("2026-01-16", "2026-01-15T23:59:59.999000"),
        ("2026-01-15T11:00:00+01:00", "2026-01-15T09:59:59.999000"),
        ("2026-01-15T10:00:00.000500Z", "2026-01-15T10:00:00"),
        ("2026-01-15T10:00:00.001000Z", "2026-01-15T10:00:00"),
    ],
)
def test_instants_end_with_the_last_millisecond_before_the_end(end: str, last: str) -> None:
    start = "2026-01-15T08:30:00.250000+01:00"
    expected = datetime(2026, 1, 15, 7, 30, 0, 250_000, tzinfo=UTC), datetime.fromisoformat(f"{last}+00:00")
    assert inclusive_instants(start, end) == expected


@pytest.mark.parametrize("bad", ["", "None", "yesterday", "12:30", None, 20260101])
def test_an_unreadable_bound_is_named(bad: object) -> None:
    with pytest.raises(ValueError, match=r"^interval_start (must be|is empty)"):
        inclusive_dates(bad, "2026-01-02")
    with pytest.raises(ValueError, match=r"^interval_end (must be|is empty)"):
        inclusive_dates("2026-01-01", bad)


@pytest.mark.parametrize("end", ["2026-01-01", "2025-12-31"])
def test_an_empty_or_backward_interval_says_how_it_comes_about(end: str) -> None:
    with pytest.raises(ValueError, match=r"interval_end .* must be later than interval_start .*manual.*Timetable"):
        inclusive_dates("2026-01-01", end)
    with pytest.raises(ValueError, match=r"interval_end .* must be later than interval_start"):
        inclusive_instants("2026-01-01", end)


@pytest.mark.parametrize("value", [None, "", "None"])
def test_a_run_without_a_data_interval_is_told_what_to_do(value: str | None) -> None:
    with pytest.raises(ValueError, match=r"interval_start is empty.*CronDataIntervalTimetable"):
        inclusive_dates(value, "2026-02-01")
