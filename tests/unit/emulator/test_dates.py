"""Date forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from airflow_provider_chartmogul.emulator import dates

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api

BERLIN = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-02-11", datetime(2026, 2, 11, tzinfo=UTC)),
        ("2026-02-11 10:20:30", datetime(2026, 2, 11, 10, 20, 30, tzinfo=UTC)),
        ("2026-02-11 10:20:30 UTC", datetime(2026, 2, 11, 10, 20, 30, tzinfo=UTC)),
        ("2026-02-11T10:20:30Z", datetime(2026, 2, 11, 10, 20, 30, tzinfo=UTC)),
        ("2026-02-11T10:20:30.125Z", datetime(2026, 2, 11, 10, 20, 30, 125_000, tzinfo=UTC)),
        ("2026-02-11T10:20:30+01:00", datetime(2026, 2, 11, 9, 20, 30, tzinfo=UTC)),
        ("2026-02-11 10:20:30 +0100", datetime(2026, 2, 11, 10, 20, 30, tzinfo=BERLIN)),
    ],
)
def test_accepted_forms(text: str, moment: datetime) -> None:
    assert dates.parse(text) == moment


@pytest.mark.parametrize("value", ["", "11.02.2026", "2026-02-30", "2026-W07-3", "20260211", "soon", 1770768000, None])
def test_other_forms_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"date|day|month"):
        dates.parse(value)


def test_returned_forms() -> None:
    moment = datetime(2026, 2, 11, 1, 2, 3, 456_789, tzinfo=UTC)
    assert dates.millis(moment) == "2026-02-11T01:02:03.456Z"
    assert dates.seconds(moment) == "2026-02-11T01:02:03Z"
    assert dates.offset(moment) == "2026-02-11T01:02:03+00:00"
    assert dates.nanos(moment) == "2026-02-11T01:02:03.456789000Z"
    assert dates.parse_nanos(dates.nanos(moment)) == moment


def test_over_http(api: Api, source: str) -> None:
    uuid = api.customer(source, lead_created_at="2026-02-11 01:00:00 +0100", free_trial_started_at="2026-02-12")
    shown = api.json("GET", f"/customers/{uuid}")
    assert shown["lead_created_at"] == "2026-02-11T00:00:00.000Z"
    assert shown["free_trial_started_at"] == "2026-02-12T00:00:00.000Z"
