"""Subscriptions: the import side with its churn history, the metrics side with MRR, connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import dates, errors, paging
from airflow_provider_chartmogul.emulator.analytics.activities import subscription_uuid
from airflow_provider_chartmogul.emulator.http import Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.routes.customers import customer_in_path
from airflow_provider_chartmogul.emulator.store import connecting
from airflow_provider_chartmogul.emulator.store.collection import page_of_few

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_chartmogul.emulator.store.ledger import Ledger
    from airflow_provider_chartmogul.emulator.store.records import Customer, Subscription


def list_import_subscriptions(call: Call) -> Answer:
    """``GET /import/customers/{uuid}/subscriptions``: as imported, with ``cancellation_dates``."""
    customer = call.ledger.customers.get(call.path["customer_uuid"])
    if customer is None:
        raise errors.sentence(404, "Customer not found", "customer")
    request = paging.read(call.query)
    everything = call.ledger.subscriptions_of(customer)
    page = page_of_few(everything, request)
    body: dict[str, Any] = {
        "customer_uuid": customer.uuid,
        "subscriptions": [_import_json(call.ledger, one) for one in page.records],
    }
    if request.is_first:
        body |= paging.page_numbers(len(everything), request.per_page)
    return answer({**body, "cursor": page.cursor, "has_more": page.has_more})


def cancel_subscription(call: Call) -> Answer:
    """``PATCH /import/subscriptions/{uuid}``: add one cancellation, or replace the whole churn history."""
    ledger = call.ledger
    subscription = ledger.subscriptions.get(call.path["subscription_uuid"])
    if subscription is None:
        raise errors.ApiError(404, {"error": "Subscription not found"})
    body = call.json()
    given = body.get("cancellation_dates")
    if ("cancelled_at" in body) == isinstance(given, list):
        raise _bad_date()
    if isinstance(given, list):
        ledger.churn.replace_dates(subscription, [_past(ledger, value) for value in given])
    else:
        ledger.churn.add_dates(subscription, [_past(ledger, body["cancelled_at"])])
    answered = _import_json(ledger, subscription)
    return answer({**answered, "customer_uuid": subscription.customer_uuid}, 202)


def list_customer_subscriptions(call: Call) -> Answer:
    """``GET /customers/{uuid}/subscriptions``: as processed, with MRR."""
    customer = customer_in_path(call)
    request = paging.read(call.query)
    projection = call.ledger.projection
    known = projection.has_figures(customer)
    rows = projection.analytics.subscriptions(customer.uuid, call.ledger.now()) if known else []
    start = 0 if request.after_id is None else request.after_id
    entries = rows[start : start + request.per_page]
    end = start + len(entries)
    body: dict[str, Any] = {"entries": entries, "has_more": end < len(rows)}
    if request.is_first:
        body |= {"per_page": request.per_page, "page": 1}
    # The rows are computed anew on each call and have no numbers of their own: the cursor counts them.
    return answer({**body, "cursor": paging.encode(None, end) if entries else call.query.get("cursor")})


def connect_subscriptions(call: Call) -> Answer:
    """``POST /customers/{uuid}/connect_subscriptions``: the first one stands for all; MRR follows after the lag."""
    customer, chosen = _chosen(call)
    connecting.connect(call.ledger, customer, chosen)
    return answer({}, 202)


def disconnect_subscriptions(call: Call) -> Answer:
    """``POST /customers/{uuid}/disconnect_subscriptions``: all but the first one stand alone again."""
    customer, chosen = _chosen(call)
    connecting.disconnect(call.ledger, customer, chosen)
    return answer({}, 202)


def _chosen(call: Call) -> tuple[Customer, list[Subscription]]:
    """Read which subscriptions of the customer in the path are meant.

    :raises ApiError: 404 for an unknown customer; 400 for fewer than two different subscriptions, a reference that
        lacks a part or names nothing, and an external id that several subscriptions of the source have.
    """
    customer = call.ledger.customers.get(call.path["customer_uuid"])
    if customer is None:
        raise errors.ApiError(404, {"error": "Customer not found"})
    references = call.json().get("subscriptions")
    if not isinstance(references, list) or not all(isinstance(one, dict) for one in references):
        raise errors.missing_envelope("subscriptions")
    chosen = [_referred(call.ledger, customer, reference) for reference in references]
    if len({one.uuid for one in chosen}) < max(2, len(chosen)):
        raise errors.coded(400, "At least two different subscriptions are needed", "subscriptions")
    return customer, chosen


def _referred(ledger: Ledger, customer: Customer, reference: dict[str, Any]) -> Subscription:
    source, uuid, external_id = (reference.get(name) for name in ("data_source_uuid", "uuid", "external_id"))
    if not source or not (uuid or external_id):
        raise errors.missing_envelope("external_id" if source else "data_source_uuid")
    found = [
        one
        for one in ledger.subscriptions_of(customer)
        if one.data_source_uuid == source
        and (uuid in (one.uuid, subscription_uuid(one.key)) if uuid else one.external_id == external_id)
    ]
    if not found:
        raise errors.coded(400, "Subscription not found", "uuid" if uuid else "external_id")
    if len(found) > 1:
        raise errors.coded(400, "Several subscriptions have this external_id, name them by uuid", "external_id")
    return found[0]


def _import_json(ledger: Ledger, subscription: Subscription) -> dict[str, Any]:
    customer = ledger.customers.get(subscription.customer_uuid)
    items = ledger.items_of(customer, subscription) if customer else []
    body: dict[str, Any] = {"uuid": subscription.uuid, "external_id": subscription.external_id}
    sets = [item.subscription_set_external_id for item in items if item.subscription_set_external_id]
    if sets:
        body["subscription_set_external_id"] = sets[-1]
    return body | {
        "cancellation_dates": [dates.millis(at) for at in sorted(one.at for one in subscription.cancellations)],
        "plan_uuid": items[-1].plan_uuid if items else None,
        "data_source_uuid": subscription.data_source_uuid,
    }


def _past(ledger: Ledger, value: Any) -> datetime:
    try:
        moment = dates.parse(value)
    except ValueError as error:
        raise _bad_date() from error
    if moment > ledger.now():
        raise _bad_date()
    return moment


def _bad_date() -> errors.ApiError:
    return errors.sentence(422, "Invalid cancellation date", "cancellation_dates")


OPERATIONS = (
    Operation("GET", "/import/customers/{customer_uuid}/subscriptions", list_import_subscriptions, "billing"),
    Operation("PATCH", "/import/subscriptions/{subscription_uuid}", cancel_subscription, "billing"),
    Operation("GET", "/customers/{customer_uuid}/subscriptions", list_customer_subscriptions),
    Operation("POST", "/customers/{customer_uuid}/connect_subscriptions", connect_subscriptions, "billing"),
    Operation("POST", "/customers/{customer_uuid}/disconnect_subscriptions", disconnect_subscriptions, "billing"),
)
