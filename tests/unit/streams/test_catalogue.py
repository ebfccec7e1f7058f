"""What the catalogue promises of all its streams, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_chartmogul.streams import STREAMS, get_stream
from airflow_provider_chartmogul.streams.columns import ColumnType
from airflow_provider_chartmogul.streams.model import LoadMode, Options


def test_the_catalogue_holds_the_nine_metrics_and_the_lists() -> None:
    assert set(STREAMS) == {
        "account",
        "data_sources",
        "customers",
        "customer_tags",
        "customer_custom_attributes",
        "contacts",
        "customer_notes",
        "tasks",
        "opportunities",
        "plans",
        "plan_groups",
        "plan_group_plans",
        "invoices",
        "line_items",
        "transactions",
        "subscriptions",
        "subscription_events",
        "activities",
        "activities_export",
        *(
            f"metrics_{metric}"
            for metric in (
                "all",
                "mrr",
                "arr",
                "arpa",
                "asp",
                "customer_count",
                "customer_churn_rate",
                "mrr_churn_rate",
                "ltv",
            )
        ),
    }
    with pytest.raises(ValueError, match=r"stream must be one of account, .*customers.*'custommers'"):
        get_stream("custommers")


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_columns_are_unique_without_hyphens_and_hold_the_keys(stream: Any) -> None:
    assert stream.tables[0].suffix == ""
    for table in stream.tables:
        types = {column.name: column.type for column in table.all_columns}
        assert len(types) == len(table.all_columns)
        assert not any("-" in name for name in types)
        assert {types[name] for name in table.key} <= {ColumnType.STRING, ColumnType.DATE}
        assert {table.record_key, *table.required} <= types.keys()
        assert list(types)[-1] == "extra"
        if table.suffix:
            # replacing an interval knows of no children
            assert not stream.windowed
            # all that is read of one record is replaced together
            assert table.record_key == f"{stream.name.removesuffix('s')}_uuid"


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_streams_say_how_they_are_read(stream: Any) -> None:
    assert stream.about
    assert stream.remarks
    assert stream.windowed == bool(stream.time_column)
    if stream.windowed:
        assert stream.time_column in {column.name for column in stream.tables[0].columns}
    stream.check(stream.default_mode, Options())


@pytest.mark.parametrize(
    ("name", "mode", "options", "complaint"),
    [
        ("customers", "replace_interval", {}, "customers cannot be read by time"),
        ("customers", "upsert", {}, "load_mode must be one of merge, replace_interval, replace, append, snapshot"),
        ("customers", "merge", {"geo": "DE"}, "customers takes no geo"),
        ("customers", "merge", {"interval": "day"}, "customers takes no interval"),
        ("metrics_mrr", "replace_interval", {"data_source_uuid": "ds_1"}, "metrics_mrr takes no data_source_uuid"),
        ("activities", "replace_interval", {"data_source_uuid": "ds_1"}, "activities takes no data_source_uuid"),
        ("metrics_asp", "replace_interval", {"interval": "day"}, "interval .* month, quarter, year, not 'day'"),
        ("metrics_ltv", "replace_interval", {"interval": "year"}, "interval .* month, not 'year'"),
        ("tasks", "merge", {"data_source_uuid": "ds_1"}, "tasks takes no data_source_uuid"),
        ("account", "replace", {"interval": "day"}, "account takes no interval"),
        ("activities", "replace_interval", {"split_by": "geo"}, "activities takes no split_by"),
        ("metrics_mrr", "replace_interval", {"split_by": "tags"}, "split_by must be one of geo, plans, filters"),
        ("metrics_mrr", "replace_interval", {"split_by": "filters"}, "split_by filters needs the filter expressions"),
        ("metrics_mrr", "replace_interval", {"split_values": ("DE",)}, "split_values need split_by"),
    ],
)
def test_what_does_not_fit_a_stream_is_refused(name: str, mode: str, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        STREAMS[name].check(mode, Options(**options))


@pytest.mark.parametrize(
    "options",
    [
        Options(split_by="plans"),
        Options(split_by="geo"),
        Options(split_by="geo", split_values=("DE", "FR"), interval="week"),
        Options(split_by="filters", split_values=("mrr~GT~150",), plans="Team"),
    ],
)
def test_a_metric_can_be_split(options: Options) -> None:
    STREAMS["metrics_mrr"].check(LoadMode.REPLACE_INTERVAL, options)


def test_lists_of_data_sources_can_be_narrowed_to_one() -> None:
    narrowed = {name for name, stream in STREAMS.items() if "data_source_uuid" in stream.options}

    assert narrowed == {
        "customers",
        "customer_tags",
        "customer_custom_attributes",
        "contacts",
        "plans",
        "invoices",
        "line_items",
        "transactions",
        "subscriptions",
        "subscription_events",
    }
