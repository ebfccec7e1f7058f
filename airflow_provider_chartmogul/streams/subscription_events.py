"""Subscription events, as they were imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.streams.columns import BOOLEAN, INTEGER, JSON, STRING, TIMESTAMP, columns, number
from airflow_provider_chartmogul.streams.lists import list_stream
from airflow_provider_chartmogul.streams.model import Table
from airflow_provider_chartmogul.streams.records import Member

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# the API echoes what was sent: numbers, texts of numbers, or empty texts
_NUMBERS = ("amount_in_cents", "tax_amount_in_cents", "quantity")

SUBSCRIPTION_EVENT = Table(
    columns=(
        # a number, kept as text as all keys are
        *columns(STRING, "id", "data_source_uuid", "external_id", "customer_external_id"),
        *columns(STRING, "subscription_external_id", "subscription_set_external_id", "plan_external_id", "event_type"),
        *columns(TIMESTAMP, "event_date", "effective_date"),
        *columns(STRING, "currency"),
        *columns(INTEGER, *_NUMBERS, "event_order"),
        *columns(STRING, "retracted_event_id"),
        *columns(TIMESTAMP, "created_at", "updated_at"),
        *columns(BOOLEAN, "disabled"),
        *columns(TIMESTAMP, "disabled_at"),
        *columns(STRING, "disabled_by"),
        *columns(BOOLEAN, "user_created"),
        *columns(JSON, "errors"),
    ),
    key=("id",),
)


def _with_numbers(stream: str, event: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    texts = {name: event[name] for name in _NUMBERS if isinstance(event.get(name), str)}
    return ({**event, **{name: number(text) for name, text in texts.items()}},)


SUBSCRIPTION_EVENTS = list_stream(
    "subscription_events",
    "an enabled subscription event: a scheduled change or cancellation",
    "subscription_events",
    Member(SUBSCRIPTION_EVENT, _with_numbers),
    key="id",
    by_source=True,
)
