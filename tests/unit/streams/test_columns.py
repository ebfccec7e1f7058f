from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulInvalidResponseError
from airflow_provider_chartmogul.streams.columns import Column, ColumnType, columns
from airflow_provider_chartmogul.streams.model import Table


@pytest.mark.parametrize(
    ("kind", "value", "parsed"),
    [
        ("string", "ünï 🦊", "ünï 🦊"),
        ("string", 12, "12"),
        ("integer", 9_007_199_254_740_993, 9_007_199_254_740_993),
        ("integer", -4000, -4000),
        ("integer", 4000.0, 4000),
        ("decimal", 2.92, Decimal("2.92")),
        ("decimal", 0, Decimal(0)),
        ("decimal", -43735.29, Decimal("-43735.29")),
        ("boolean", False, False),
        ("timestamp", "2026-02-11T00:00:00.123Z", datetime(2026, 2, 11, 0, 0, 0, 123_000, tzinfo=UTC)),
        ("timestamp", "2026-02-11T00:30:00+02:00", datetime(2026, 2, 10, 22, 30, tzinfo=UTC)),
        ("timestamp", "2026-02-11 00:00:00 UTC", datetime(2026, 2, 11, tzinfo=UTC)),
        ("timestamp", "2026-02-11", datetime(2026, 2, 11, tzinfo=UTC)),
        ("date", "2026-02-28", date(2026, 2, 28)),
        ("json", {"tags": ["ü", None]}, '{"tags":["ü",null]}'),
        ("json", [], "[]"),
    ],
)
def test_values_take_the_type_of_their_column(kind: str, value: object, parsed: object) -> None:
    result = Column("field", ColumnType(kind)).parse(value)

    assert result == parsed
    assert type(result) is type(parsed)


def test_timestamps_are_in_utc() -> None:
    moment = Column("date", ColumnType.TIMESTAMP).parse("2026-02-11T00:30:00+02:00")

    assert moment.tzinfo is UTC


@pytest.mark.parametrize("kind", list(ColumnType))
def test_null_stays_null(kind: ColumnType) -> None:
    assert Column("field", kind).parse(None) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", {"secret-value": 1}),
        ("integer", "secret-value"),
        ("integer", True),
        ("integer", 40.5),
        ("decimal", "secret-value"),
        ("decimal", float("nan")),
        ("boolean", "secret-value"),
        ("timestamp", "secret-value"),
        ("timestamp", 1_700_000_000),
        ("date", "secret-value"),
    ],
)
def test_a_value_of_another_kind_is_named_by_stream_field_and_record_but_not_quoted(kind: str, value: object) -> None:
    table = Table(columns=(*columns(ColumnType.STRING, "uuid"), Column("the-field", ColumnType(kind))), key=("uuid",))

    with pytest.raises(ChartMogulInvalidResponseError) as caught:
        table.row("customers", {"uuid": "cus_1", "the-field": value})

    text = str(caught.value)
    assert "customers" in text
    assert "cus_1" in text
    assert "the-field" in text
    assert kind in text
    assert "secret-value" not in text
    assert str(value) not in text


def test_hyphens_become_underscores_and_fields_without_a_column_are_kept_as_they_came() -> None:
    table = Table(
        columns=(*columns(ColumnType.STRING, "uuid", "billing-system-url"), Column("n", ColumnType.INTEGER)),
        key=("uuid",),
    )

    row = table.row("customers", {"uuid": "cus_1", "billing-system-url": "u", "brand-new": {"a-b": "ü"}, "other": None})

    assert row == {
        "uuid": "cus_1",
        "billing_system_url": "u",
        "n": None,
        "extra": '{"brand-new":{"a-b":"ü"},"other":null}',
    }
    assert json.loads(row["extra"]) == {"brand-new": {"a-b": "ü"}, "other": None}
    assert table.row("customers", {"uuid": "cus_1"})["extra"] is None


@pytest.mark.parametrize("record", [{"name": "secret-value"}, {"uuid": None, "name": "secret-value"}])
def test_a_record_without_its_key_is_refused(record: dict[str, object]) -> None:
    table = Table(columns=columns(ColumnType.STRING, "uuid", "name"), key=("uuid",))

    with pytest.raises(ChartMogulInvalidResponseError, match=r"customers.*'uuid'") as caught:
        table.row("customers", record)

    assert "secret-value" not in str(caught.value)
