"""Dates and times in and out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from airflow_provider_chartmogul.moments import Moment, as_day, as_text, as_utc

MIDNIGHT = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2026-10-01",
        "2026-10-01T00:00:00Z",
        "2026-10-01 00:00:00",
        "2026-10-01 00:00:00 UTC",
        "2026-10-01 02:00:00 +0200",
        "2026-09-30T20:00:00-04:00",
        "2026-10-01T00:00:00.000Z",
        date(2026, 10, 1),
        datetime(2026, 10, 1),  # noqa: DTZ001 - naive on purpose
        datetime(2026, 10, 1, 2, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_every_form_that_the_api_reads_is_one_instant(value: Moment) -> None:
    assert as_utc(value) == MIDNIGHT
    assert as_utc(value).tzinfo is UTC
    assert as_day(value) == date(2026, 10, 1)


@pytest.mark.parametrize("value", ["", "None", "20261001", "2026-W40-4", "2026-13-01", "01.10.2026", "now", 1, None])
def test_other_forms_are_refused_without_being_quoted(value: Moment) -> None:
    with pytest.raises(ValueError, match=r"not a date|month must be|Invalid") as caught:
        as_utc(value)
    assert not value or value == 1 or str(value) not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2026-10-01 00:00:00 UTC", "2026-10-01 00:00:00 UTC"),
        (date(2026, 10, 1), "2026-10-01"),
        (datetime(2026, 10, 1, 2, tzinfo=timezone(timedelta(hours=2))), "2026-10-01T00:00:00Z"),
    ],
)
def test_what_is_sent(value: Moment, text: str) -> None:
    assert as_text(value) == text
