"""Subscription events; requests have an envelope, answers have none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import dates, errors, paging
from airflow_provider_chartmogul.emulator.http import NO_CONTENT, Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.reading import Reader
from airflow_provider_chartmogul.emulator.routes.addressing import disabled_wanted, hidden
from airflow_provider_chartmogul.emulator.store import disabling, event_drafts
from airflow_provider_chartmogul.emulator.views.invoices import disabled_state

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_chartmogul.emulator.store.records import SubscriptionEvent

_ENVELOPE = "subscription_event"


def create_subscription_event(call: Call) -> Answer:
    """``POST /subscription_events``."""
    record = _unwrap(call.json())
    source_uuid = str(record.get("data_source_uuid") or "")
    event, wrong = event_drafts.event(call.ledger, record, source_uuid)
    if call.ledger.data_sources.get(source_uuid) is None:
        wrong = {"data_source_uuid": "Data source not found"} | wrong
    if wrong:
        raise errors.fields(wrong)
    call.ledger.churn.add_event(event)
    return answer(event_json(event), 201)


def list_subscription_events(call: Call) -> Answer:
    """``GET /subscription_events``: newest first."""
    query = call.query
    request = paging.read(query)
    moments = {name: _moment(call, name) for name in ("event_date", "effective_date")}
    names = ("data_source_uuid", "external_id", "customer_external_id", "subscription_external_id", "event_type")

    def matches(event: SubscriptionEvent) -> bool:
        return (
            not hidden(call, event)
            and all(query.get(name) in (None, getattr(event, name)) for name in names)
            and query.get("plan_external_id") in (None, event.sent.get("plan_external_id"))
            and all(wanted in (None, getattr(event, name)) for name, wanted in moments.items())
        )

    page = call.ledger.churn.events.page(request, matches)
    body: dict[str, Any] = {"subscription_events": [event_json(event) for event in page.records]}
    if request.is_first:
        pages = paging.page_numbers(call.ledger.churn.events.count(matches), request.per_page)["total_pages"]
        before = dates.millis(call.ledger.now())
        body["meta"] = {"next_key": None, "prev_key": None, "before_key": before, "page": 1, "total_pages": pages}
    return answer({**body, "cursor": page.cursor, "has_more": page.has_more})


def update_subscription_event(call: Call) -> Answer:
    """``PATCH /subscription_events``: the body says which."""
    changes = _unwrap(call.json())
    old = _find(call, changes)
    fixed = ("id", "external_id", "data_source_uuid")
    record = event_drafts.as_record(old) | {name: value for name, value in changes.items() if name not in fixed}
    event, wrong = event_drafts.event(call.ledger, record, old.data_source_uuid, old)
    if wrong:
        raise errors.fields(wrong)
    call.ledger.churn.replace_event(old, event)
    return answer(event_json(event))


def delete_subscription_event(call: Call) -> Answer:
    """``DELETE /subscription_events``: the body says which, or the query."""
    wanted = {
        name: call.query[f"{_ENVELOPE}[{name}]"]
        for name in ("id", "external_id", "data_source_uuid")
        if f"{_ENVELOPE}[{name}]" in call.query
    }
    call.ledger.churn.remove_event(_find(call, wanted or _unwrap(call.json())))
    return NO_CONTENT


def disable_subscription_event(call: Call) -> Answer:
    """``PATCH /subscription_events/{id}/disabled_state``, or with the name of the event in the body.

    Clients differ in whether the name has an envelope, as elsewhere, or stands beside ``disabled``.
    """
    body = call.json()
    inner = body.get(_ENVELOPE)
    named = inner if isinstance(inner, dict) else body
    event = _find_by_id(call, call.path["subscription_event_id"]) if call.path else _find_by_name(call, named)
    return answer(
        event_json(disabling.set_event(call.ledger, event, disabled_wanted(call, event.data_source_uuid, event)))
    )


def event_json(event: SubscriptionEvent) -> dict[str, Any]:
    """Return the body of an event; times have no milliseconds."""
    sent = event.sent
    return {
        "id": event.seq,
        "data_source_uuid": event.data_source_uuid,
        "customer_external_id": event.customer_external_id,
        "subscription_set_external_id": sent.get("subscription_set_external_id"),
        "subscription_external_id": event.subscription_external_id,
        "plan_external_id": sent.get("plan_external_id"),
        "event_date": dates.seconds(event.event_date),
        "effective_date": dates.seconds(event.effective_date),
        "event_type": event.event_type,
        "external_id": event.external_id,
        "errors": {},
        "created_at": dates.seconds(event.created_at),
        "updated_at": dates.seconds(event.updated_at),
        "quantity": sent.get("quantity", 1),
        "currency": sent.get("currency"),
        "amount_in_cents": sent.get("amount_in_cents"),
        "tax_amount_in_cents": sent.get("tax_amount_in_cents", 0),
        "retracted_event_id": sent.get("retracted_event_id"),
        "event_order": sent.get("event_order"),
        **disabled_state(dates.seconds(event.disabled_at) if event.disabled_at else None),
    }


def _unwrap(body: dict[str, Any]) -> dict[str, Any]:
    record = body.get(_ENVELOPE)
    if not isinstance(record, dict):
        raise errors.missing_envelope(_ENVELOPE)
    return record


def _find(call: Call, wanted: dict[str, Any]) -> SubscriptionEvent:
    return _find_by_id(call, str(wanted["id"])) if wanted.get("id") else _find_by_name(call, wanted)


def _find_by_id(call: Call, name: str) -> SubscriptionEvent:
    return _known(call.ledger.churn.events.get(name))


def _find_by_name(call: Call, wanted: dict[str, Any]) -> SubscriptionEvent:
    reader = Reader(wanted)
    reader.require("data_source_uuid", "external_id")
    source_uuid, external_id = reader.text("data_source_uuid"), reader.text("external_id")
    if reader.errors:
        raise errors.fields(reader.errors)
    return _known(call.ledger.churn.events.by_external_id(source_uuid or "", external_id or ""))


def _known(event: SubscriptionEvent | None) -> SubscriptionEvent:
    if event is None:
        raise errors.ApiError(404, {"error": "Subscription event not found"})
    return event


def _moment(call: Call, name: str) -> datetime | None:
    if name not in call.query:
        return None
    try:
        return dates.parse(call.query[name])
    except ValueError as error:
        raise errors.invalid(name) from error


OPERATIONS = (
    Operation("POST", "/subscription_events", create_subscription_event, "billing"),
    Operation("GET", "/subscription_events", list_subscription_events, "billing"),
    Operation("PATCH", "/subscription_events", update_subscription_event, "billing"),
    Operation("DELETE", "/subscription_events", delete_subscription_event, "billing"),
    Operation("PATCH", "/subscription_events/disabled_state", disable_subscription_event, "billing"),
    Operation(
        "PATCH", "/subscription_events/{subscription_event_id}/disabled_state", disable_subscription_event, "billing"
    ),
)
