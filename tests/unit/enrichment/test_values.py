"""Types of custom attributes: what is read as one, what equals what ChartMogul answers, what is another type."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_chartmogul.enrichment.values import equal, fits, read

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
CET = timezone(timedelta(hours=1))

# type, a value as rows hold it, the value of an answer that is the same
SAME = [
    ("Integer", "12", 12),
    ("Integer", 12, 12),
    ("Integer", 12.0, 12),
    ("Integer", Decimal(12), 12),
    ("Integer", 12, 12.0),
    ("Decimal", "1.50", 1.5),
    ("Decimal", Decimal("1.50"), 1.5),
    ("Decimal", Decimal("0.1"), 0.1),
    ("Decimal", 2, 2),
    ("Decimal", "2.0", 2),
    ("Timestamp", "2026-01-31 12:00:00 UTC", "2026-01-31T12:00:00.000Z"),
    ("Timestamp", NOON, "2026-01-31T12:00:00.000Z"),
    ("Timestamp", NOON.astimezone(CET), "2026-01-31T12:00:00.000Z"),
    ("Timestamp", NOON.replace(tzinfo=None), "2026-01-31T12:00:00.000Z"),
    ("Timestamp", NOON.replace(microsecond=123456), "2026-01-31T12:00:00.123Z"),
    ("Timestamp", date(2026, 1, 31), "2026-01-31T00:00:00.000Z"),
    ("Timestamp", "2022-09-08", "2022-09-08 00:00:00"),
    ("Boolean", True, True),
    ("Boolean", "f", False),
    ("Boolean", 0, False),
    ("String", "12", "12"),
    ("String", "2026-01-31", "2026-01-31"),
]


@pytest.mark.parametrize(("kind", "given", "there"), SAME)
def test_the_same(kind: str, given: Any, there: Any) -> None:
    assert equal(kind, read(kind, given), there)


OTHER = [
    ("Integer", 12, 13),
    ("Integer", 1, True),
    ("Integer", 1, None),
    ("Decimal", 1.5, 1.51),
    ("Timestamp", NOON, "2026-01-31T12:00:01.000Z"),
    ("Timestamp", "2026-01-31", "2026-01-31T00:00:00+01:00"),
    ("Boolean", True, False),
    ("Boolean", True, 1),
    ("String", "12", 12),
    ("String", "a", "A"),
    ("String", "a", None),
]


@pytest.mark.parametrize(("kind", "given", "there"), OTHER)
def test_another(kind: str, given: Any, there: Any) -> None:
    assert not equal(kind, read(kind, given), there)


UNFIT = [
    ("Integer", "12.5"),
    ("Integer", 12.5),
    ("Integer", True),
    ("Integer", float("nan")),
    ("Integer", float("inf")),
    ("Decimal", "much"),
    ("Decimal", float("nan")),
    ("Timestamp", "yesterday"),
    ("Timestamp", 1767225600),
    ("Boolean", "yes"),
    ("Boolean", 2),
    ("String", 12),
    ("String", "x" * 256),
    ("String", "a\0b"),
    ("String", "\ud800"),
]


@pytest.mark.parametrize(("kind", "given"), UNFIT)
def test_what_does_not_fit(kind: str, given: Any) -> None:
    with pytest.raises((ValueError, TypeError, OverflowError)):
        read(kind, given)


# an Integer may go to a Decimal key; whole decimals come back as integers; text may look like a moment
FITTING = {
    "String": ["a", "2026-01-31T12:00:00.000Z"],
    "Integer": [1, 1.5],
    "Decimal": [1, 1.5],
    "Timestamp": ["2026-01-31T12:00:00.000Z"],
    "Boolean": [True],
}


@pytest.mark.parametrize("kind", FITTING)
def test_what_may_be_of_a_type(kind: str) -> None:
    answers = ["a", "2026-01-31T12:00:00.000Z", 1, 1.5, True, None, [1]]
    assert [there for there in answers if fits(kind, there)] == FITTING[kind]
