"""Opportunities. Every pipeline and stage exists; a stage knows no likelihood to win."""

from __future__ import annotations

from airflow_provider_chartmogul.emulator.routes.crm import Resource, equal, on_or_after, on_or_before
from airflow_provider_chartmogul.emulator.store.crm_fields import (
    Field,
    currency,
    day,
    email,
    filled,
    integer,
    key_values,
    word,
)

OPERATIONS = Resource(
    "opportunity",
    "/opportunities",
    lambda crm: crm.opportunities,
    fields={
        "owner": Field(email, required=True),
        "pipeline": Field(filled(), required=True),
        "pipeline_stage": Field(filled(), required=True),
        "estimated_close_date": Field(day, required=True),
        "currency": Field(currency, required=True),
        "amount_in_cents": Field(integer(), required=True),
        "type": Field(word("recurring", "one-time", "arr"), "recurring"),
        "forecast_category": Field(word("pipeline", "best_case", "committed", "lost", "won"), "pipeline"),
        "win_likelihood": Field(integer(0, 100), 0),
        "custom": Field(key_values, {}),
    },
    filters={
        "owner": equal("owner"),
        "pipeline": equal("pipeline"),
        "pipeline_stage": equal("pipeline_stage"),
        "estimated_close_date_on_or_after": on_or_after("estimated_close_date"),
        "estimated_close_date_on_or_before": on_or_before("estimated_close_date"),
    },
).operations()
