"""The account and its data sources, with all their settings: answers that have no pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.streams.columns import JSON, STRING, TIMESTAMP, columns
from airflow_provider_chartmogul.streams.lists import WHOLE, walked
from airflow_provider_chartmogul.streams.model import Page, Reading, Stream, Table
from airflow_provider_chartmogul.streams.records import Member, record_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.streams.model import Options

_TEXT_SETTINGS = ("churn_recognition", "refund_handling", "proximate_movement_reclassification")
# flags in some answers, texts or objects in others
_OTHER_SETTINGS = ("churn_when_zero_mrr", "auto_churn_subscription")

ACCOUNT_TABLE = Table(
    columns=(
        *columns(STRING, "id", "name", "currency", "time_zone", "week_start_on", *_TEXT_SETTINGS),
        *columns(JSON, *_OTHER_SETTINGS),
    ),
    key=("id",),
)

DATA_SOURCE = Table(
    columns=(
        *columns(STRING, "uuid", "name", "system", "status"),
        *columns(TIMESTAMP, "created_at"),
        *columns(JSON, "processing_status", "auto_churn_subscription_setting", "invoice_handling_setting"),
    ),
    key=("uuid",),
)

_account = record_of("account", "id", [Member(ACCOUNT_TABLE)])
_data_source = record_of("data_sources", "uuid", [Member(DATA_SOURCE)])


def _open_account(client: ChartMogulClient, options: Options) -> Reading:
    def walk(part: str, cursor: str | None) -> Iterator[Page]:
        yield Page([_account(client.account.retrieve([*_TEXT_SETTINGS, *_OTHER_SETTINGS]))])

    return Reading(walk)


def _open_data_sources(client: ChartMogulClient, options: Options) -> Reading:
    def walk(part: str, cursor: str | None) -> Iterator[Page]:
        sources = client.data_sources.list(
            with_processing_status=True, with_auto_churn_subscription_setting=True, with_invoice_handling_setting=True
        )
        return walked(sources, _data_source)

    return Reading(walk)


ACCOUNT = Stream(
    "account",
    "the account that owns the API key, with its settings",
    "GET /account",
    (ACCOUNT_TABLE,),
    _open_account,
    remarks=WHOLE,
)
DATA_SOURCES = Stream(
    "data_sources",
    "a data source, with its settings and how far its records are processed",
    "GET /data_sources",
    (DATA_SOURCE,),
    _open_data_sources,
    remarks=WHOLE,
)
