"""Buckets and their labels."""

from __future__ import annotations

from datetime import date

import pytest

from airflow_provider_chartmogul.emulator.analytics.buckets import Bucket, buckets, day_of, opening
from tests.unit.emulator_analytics.billing import at


@pytest.mark.parametrize(
    ("start", "end", "interval", "week_start_on", "labels"),
    [
        ("2026-01-01", "2026-01-20", "week", "monday", ["2026-01-04", "2026-01-11", "2026-01-18", "2026-01-20"]),
        ("2026-01-01", "2026-01-20", "week", "sunday", ["2026-01-03", "2026-01-10", "2026-01-17", "2026-01-20"]),
        ("2026-01-01", "2026-02-01", "month", "monday", ["2026-01-31", "2026-02-01"]),
        ("2026-01-01", "2026-08-15", "quarter", "monday", ["2026-03-31", "2026-06-30", "2026-08-15"]),
        ("2025-11-01", "2026-03-15", "year", "monday", ["2025-12-31", "2026-03-15"]),
        ("2024-02-28", "2024-03-01", "day", "monday", ["2024-02-28", "2024-02-29", "2024-03-01"]),
        ("2026-01-04", "2026-01-05", "week", "monday", ["2026-01-04", "2026-01-05"]),
        ("2026-11-30", "2026-12-01", "quarter", "monday", ["2026-12-01"]),
    ],
)
def test_labels(start: str, end: str, interval: str, week_start_on: str, labels: list[str]) -> None:  # example 5
    found = buckets(date.fromisoformat(start), date.fromisoformat(end), interval, week_start_on)

    assert [bucket.last.isoformat() for bucket in found] == labels


def test_bucket_cut_at_its_left_edge_begins_with_the_range() -> None:
    assert buckets(date(2026, 1, 20), date(2026, 2, 28), "month", "monday") == [
        Bucket(date(2026, 1, 20), date(2026, 1, 31)),
        Bucket(date(2026, 2, 1), date(2026, 2, 28)),
    ]


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2026, 1, 1), "Europe/Berlin", "2025-12-31 23:00"),
        (date(2026, 7, 1), "Europe/Berlin", "2026-06-30 22:00"),
        (date(2026, 1, 1), "America/New_York", "2026-01-01 05:00"),
    ],
)
def test_days_begin_in_the_time_zone_of_the_account(day: date, zone: str, instant: str) -> None:
    assert opening(day, zone) == at(instant)
    assert day_of(at(instant), zone) == day
