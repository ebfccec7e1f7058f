"""The nine metrics."""

from __future__ import annotations

from datetime import date
from functools import partial

from airflow_provider_chartmogul.emulator import dates, errors
from airflow_provider_chartmogul.emulator.analytics.engine import MetricsParameterError
from airflow_provider_chartmogul.emulator.http import Answer, Call, Operation, answer

NAMES = ("all", "mrr", "arr", "arpa", "asp", "customer-count", "customer-churn-rate", "mrr-churn-rate", "ltv")

# beyond these, days before and after can no longer be counted


def retrieve_metric(name: str, call: Call) -> Answer:
    """``GET /metrics/<name>``."""
    query, ledger = call.query, call.ledger
    ledger.projection.settle()
    start, end = _day(call, "start-date"), _day(call, "end-date")
    try:
        body = ledger.projection.analytics.metric(
            name,
            start,
            end,
            query.get("interval") if name != "ltv" else None,
            ledger.now(),
            geo=query.get("geo"),
            plans=query.get("plans"),
            filters=query.get("filters"),
        )
    except MetricsParameterError as error:
        raise errors.coded(400, str(error), error.param) from error
    return answer(body)


def _day(call: Call, name: str) -> date:
    text = call.query.get(name)
    if not text:
        raise errors.missing(name)
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise errors.coded(400, f"parameter '{name}' is not a date", name) from error
    if day.year not in dates.YEARS:
        raise errors.coded(400, f"parameter '{name}' is out of range", name)
    return day


OPERATIONS = tuple(Operation("GET", f"/metrics/{name}", partial(retrieve_metric, name)) for name in NAMES)
