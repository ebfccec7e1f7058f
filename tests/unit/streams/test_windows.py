from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from airflow_provider_chartmogul.streams.windows import Buckets, Window


@pytest.mark.parametrize(
    "start",
    [
        "2026-01-10",
        "2026-01-10T00:00:00+00:00",
        "2026-01-10 00:00:00+00:00",
        date(2026, 1, 10),
        datetime(2026, 1, 10, 2, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_a_window_is_in_utc_and_begins_earlier_by_the_lookback(start: str | date) -> None:
    window = Window.of(start, "2026-01-11", lookback_days=3)

    assert window == Window(datetime(2026, 1, 7, tzinfo=UTC), datetime(2026, 1, 11, tzinfo=UTC))
    assert window.start.tzinfo is UTC


def test_a_run_without_an_interval_of_its_own_loads_its_lookback() -> None:
    window = Window.of("2026-01-11T06:00:00Z", "2026-01-11T06:00:00Z", lookback_days=1)

    assert window == Window(datetime(2026, 1, 10, 6, tzinfo=UTC), datetime(2026, 1, 11, 6, tzinfo=UTC))


@pytest.mark.parametrize(
    ("start", "end", "lookback", "complaint"),
    [
        ("2026-01-11", "2026-01-11", 0, "lookback_days"),
        ("2026-01-12", "2026-01-11", 0, "nothing lies between"),
        ("", "2026-01-11", 0, "interval_start"),
        ("2026-01-11", "None", 0, "interval_end"),
        ("2026-01-11", "2026-01-12", -1, "lookback_days"),
    ],
)
def test_a_window_that_cannot_be_says_why(start: str, end: str, lookback: int, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Window.of(start, end, lookback)


@pytest.mark.parametrize(
    ("interval", "week_start_on", "day", "first", "next_first"),
    [
        ("day", "monday", "2026-01-01", "2026-01-01", "2026-01-02"),
        ("week", "monday", "2026-01-01", "2025-12-29", "2026-01-05"),
        ("week", "monday", "2026-01-04", "2025-12-29", "2026-01-05"),
        ("week", "monday", "2026-01-05", "2026-01-05", "2026-01-12"),
        ("week", "sunday", "2026-01-01", "2025-12-28", "2026-01-04"),
        ("week", "sunday", "2026-01-04", "2026-01-04", "2026-01-11"),
        ("month", "monday", "2026-01-31", "2026-01-01", "2026-02-01"),
        ("month", "monday", "2028-02-29", "2028-02-01", "2028-03-01"),
        ("month", "monday", "2026-12-15", "2026-12-01", "2027-01-01"),
        ("quarter", "monday", "2026-02-10", "2026-01-01", "2026-04-01"),
        ("quarter", "monday", "2026-12-31", "2026-10-01", "2027-01-01"),
        ("year", "monday", "2027-12-31", "2027-01-01", "2028-01-01"),
        ("year", "monday", "2028-02-29", "2028-01-01", "2029-01-01"),
    ],
)
def test_buckets_are_those_of_the_calendar(
    interval: str, week_start_on: str, day: str, first: str, next_first: str
) -> None:
    buckets = Buckets(interval, week_start_on)

    assert buckets.start(date.fromisoformat(day)) == date.fromisoformat(first)
    assert buckets.after(date.fromisoformat(day)) == date.fromisoformat(next_first)


@pytest.mark.parametrize("interval", ["day", "week", "month", "quarter", "year"])
def test_buckets_tile_the_calendar(interval: str) -> None:
    buckets = Buckets(interval)
    for offset in range(1500):
        day = date(2023, 12, 20) + timedelta(days=offset)
        assert buckets.start(day) <= day < buckets.after(day)
        assert buckets.start(buckets.after(day) - timedelta(days=1)) == buckets.start(day)


@pytest.mark.parametrize(
    ("start", "end", "partition", "expected"),
    [
        ("2026-02-03", "2026-02-04", "day", ["2026-02-03/2026-02-04"]),
        ("2026-02-03T12:00", "2026-02-04T00:00:01", "day", ["2026-02-03/2026-02-04", "2026-02-04/2026-02-05"]),
        ("2026-02-03", "2026-02-04", "month", ["2026-02-01/2026-03-01"]),
        ("2026-01-31", "2026-02-01", "month", ["2026-01-01/2026-02-01"]),
        (
            "2025-12-31",
            "2026-02-02",
            "month",
            ["2025-12-01/2026-01-01", "2026-01-01/2026-02-01", "2026-02-01/2026-03-01"],
        ),
    ],
)
def test_partitions_are_whole(start: str, end: str, partition: str, expected: list[str]) -> None:
    found = Window.of(start, end).partitioned(partition)
    assert [f"{one.start:%Y-%m-%d}/{one.end:%Y-%m-%d}" for one in found] == expected
