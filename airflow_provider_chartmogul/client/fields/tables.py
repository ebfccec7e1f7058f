"""The fields of each kind of record.

From the API's description: request bodies, ``JsonImport*``, and the rules for line items and events. Endpoints for
single objects and bulk imports share what they have in common; :data:`SINGLE` and :data:`BULK` say how they differ.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from airflow_provider_chartmogul.client.fields.attributes import READERS
from airflow_provider_chartmogul.client.fields.rules import (
    ATTRIBUTE_RULES,
    EVENT_TYPES,
    INVOICE_RULES,
    ITEM_RULES,
    customers_need,
    events_need,
    recurring_items_need,
    subscriptions_need,
)
from airflow_provider_chartmogul.client.fields.shape import Fields
from airflow_provider_chartmogul.client.fields.values import (
    account_code,
    anything,
    at_least,
    attribute_key,
    boolean,
    country,
    currency,
    integer,
    list_of,
    mapping,
    mapping_or_records,
    not_negative,
    not_zero,
    number_like,
    one_of,
    or_empty,
    past,
    percentage,
    positive,
    records,
    text,
    text_up_to,
    timestamp,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_PERSON: Final = Fields(
    dict.fromkeys(
        ("first_name", "last_name", "email", "title", "phone", "linked_in", "twitter", "notes", "external_id"), text
    )
)
_CUSTOMER: Final = Fields(
    {
        "data_source_uuid": text,
        "external_id": text,
        "name": text,
        "email": text,
        "company": text,
        "country": country,
        "state": text,
        "city": text,
        "zip": text,
        "lead_created_at": past,
        "free_trial_started_at": timestamp,
        "owner": text,
        "status": one_of("New Lead", "Working Lead", "Qualified Lead", "Unqualified Lead"),
        "website_url": text,
        "attributes": mapping,
        "primary_contact": mapping,
    },
    required=("external_id",),
    objects={"attributes": "attributes", "primary_contact": "primary_contacts"},
)
_PLAN: Final = Fields(
    {
        "data_source_uuid": text,
        "external_id": text,
        "name": text,
        "interval_count": positive,
        "interval_unit": one_of("day", "month", "year"),
    },
    required=("name", "interval_count", "interval_unit"),
)
_INVOICE: Final = Fields(
    {
        "external_id": text,
        "customer_external_id": text,
        "data_source_uuid": text,
        "date": past,
        "due_date": timestamp,
        "currency": currency,
        "collection_method": one_of("automatic", "manual"),
        "line_items": at_least(1, records, "one line item"),
        "transactions": records,
    },
    required=("external_id", "date", "currency", "line_items"),
    rules=INVOICE_RULES,
    parts={"line_items": "line_items", "transactions": "transactions"},
)
_LINE_ITEM: Final = Fields(
    {
        "external_id": text,
        "type": one_of("subscription", "one_time", "trial"),
        "amount_in_cents": integer,
        "subscription_external_id": text,
        "subscription_set_external_id": text,
        "service_period_start": timestamp,
        "service_period_end": timestamp,
        "cancelled_at": timestamp,
        "prorated": boolean,
        "proration_type": one_of("differential", "full", "differential_mrr"),
        "quantity": not_zero,
        "discount_code": text,
        "discount_amount_in_cents": integer,
        "discount_description": text,
        "tax_amount_in_cents": integer,
        "transaction_fees_in_cents": integer,
        "transaction_fees_currency": currency,
        "balance_transfer": boolean,
        "account_code": account_code,
        "event_order": integer,
        "description": text,
    },
    required=("type",),
    rules=ITEM_RULES,
)
_TRANSACTION: Final = Fields(
    {
        "external_id": text,
        "type": one_of("payment", "refund"),
        "result": one_of("successful", "failed"),
        "date": past,
        "amount_in_cents": not_negative,
        "transaction_fees_in_cents": integer,
        "transaction_fees_currency": currency,
    },
    required=("type", "result", "date"),
)
_SUBSCRIPTION_EVENT: Final = Fields(
    {
        "external_id": text,
        "data_source_uuid": text,
        "customer_external_id": text,
        "subscription_external_id": text,
        "subscription_set_external_id": text,
        "event_type": one_of(*EVENT_TYPES),
        "event_date": past,
        "effective_date": timestamp,
        "plan_external_id": text,
        "currency": or_empty(currency),
        "amount_in_cents": or_empty(number_like),
        "tax_amount_in_cents": or_empty(number_like),
        "quantity": or_empty(number_like),
        "retracted_event_id": text,
        "event_order": integer,
    },
    required=("customer_external_id", "subscription_external_id", "event_type", "event_date", "effective_date"),
    also_required=events_need,
    empty={"amount_in_cents": ("",)},
)
_ATTRIBUTE: Final = Fields({"key": text, "value": anything}, required=("key", "value"), empty={"value": ("", None)})
_CONNECTION: Final = Fields(
    {"customer_uuid": text, "subscriptions": at_least(2, records, "two subscriptions")},
    required=("customer_uuid", "subscriptions"),
    parts={"subscriptions": "connected_subscriptions"},
)

SINGLE: Final[Mapping[str, Fields]] = {
    "data_sources": Fields({"name": text, "system": text}, required=("name",)),
    "customers": _CUSTOMER.also("data_source_uuid"),
    "primary_contacts": _PERSON,
    "attributes": Fields(
        {"tags": list_of(text), "custom": mapping_or_records}, parts={"custom": "customer_attributes"}
    ),
    "customer_attributes": replace(
        _ATTRIBUTE.also("type", key=attribute_key, type=one_of(*READERS), source=text), rules=ATTRIBUTE_RULES
    ),
    "custom_attributes": _ATTRIBUTE,
    "customer_merges": Fields(
        {"from": mapping, "into": mapping},
        required=("from", "into"),
        objects={"from": "merged_customers", "into": "merged_customers"},
    ),
    "merged_customers": Fields(
        {"customer_uuid": text, "data_source_uuid": text, "external_id": text},
        also_required=customers_need,
    ),
    "customer_unmerges": Fields(
        {
            "customer_uuid": text,
            "data_source_uuid": text,
            "external_id": text,
            "move_to_new_customer": list_of(one_of("tasks", "opportunities", "notes")),
        },
        required=("customer_uuid", "data_source_uuid", "external_id"),
    ),
    "contacts": replace(
        _PERSON.also(
            "customer_uuid",
            "data_source_uuid",
            customer_uuid=text,
            data_source_uuid=text,
            position=integer,
            last_seen=timestamp,
            custom=records,
        ),
        never_null=("position", "custom"),
        parts={"custom": "custom_attributes"},
    ),
    "contact_merges": Fields(
        {"into_contact_uuid": text, "from_contact_uuid": text}, required=("into_contact_uuid", "from_contact_uuid")
    ),
    "customer_notes": Fields(
        {
            "customer_uuid": text,
            "type": one_of("note", "call"),
            "text": text,
            "author_email": text,
            "call_duration": not_negative,
            "created_at": timestamp,
            "updated_at": timestamp,
        },
        required=("customer_uuid", "type"),
        never_null=("text", "author_email", "call_duration", "created_at", "updated_at"),
    ),
    "tasks": Fields(
        {
            "customer_uuid": text,
            "task_details": text_up_to(255),
            "assignee": text,
            "due_date": timestamp,
            "completed_at": timestamp,
        },
        required=("customer_uuid", "task_details", "assignee", "due_date"),
    ),
    "opportunities": Fields(
        {
            "customer_uuid": text,
            "owner": text,
            "pipeline": text,
            "pipeline_stage": text,
            "estimated_close_date": timestamp,
            "currency": currency,
            "amount_in_cents": integer,
            "type": one_of("recurring", "one-time", "arr"),
            "forecast_category": one_of("pipeline", "best_case", "committed", "lost", "won"),
            "win_likelihood": percentage,
            "custom": records,
        },
        required=(
            "customer_uuid",
            "owner",
            "pipeline",
            "pipeline_stage",
            "estimated_close_date",
            "currency",
            "amount_in_cents",
        ),
        never_null=("type", "forecast_category", "win_likelihood", "custom"),
        parts={"custom": "custom_attributes"},
    ),
    "plans": _PLAN.also("data_source_uuid"),
    "plan_groups": Fields(
        {"name": text, "plans": at_least(1, list_of(text), "one plan")},
        required=("name", "plans"),
        changes={"plans": list_of(text)},
    ),
    "invoices": _INVOICE,
    "invoice_statuses": Fields(
        {"data_source_uuid": text, "external_id": text, "status": one_of("voided", "written_off")},
        required=("data_source_uuid", "external_id", "status"),
    ),
    "line_items": replace(
        _LINE_ITEM.also(plan_uuid=text), also_required=recurring_items_need("plan_uuid", amount=True)
    ),
    "transactions": _TRANSACTION,
    "subscription_events": _SUBSCRIPTION_EVENT.also("data_source_uuid"),
    "subscription_connections": _CONNECTION,
    "connected_subscriptions": Fields(
        {"data_source_uuid": text, "uuid": text, "external_id": text},
        required=("data_source_uuid",),
        also_required=subscriptions_need,
    ),
    "subscription_cancellations": Fields({"cancelled_at": past, "cancellation_dates": list_of(past)}),
}
"""What the endpoints for single objects take, by kind; parts and bodies without an endpoint of their own included."""

BULK: Final[Mapping[str, Fields]] = {
    **SINGLE,
    "customers": _CUSTOMER.also(country=text),
    "plans": _PLAN.also("external_id"),
    "invoices": _INVOICE.also("customer_external_id"),
    "line_items": replace(
        _LINE_ITEM.also("amount_in_cents", plan_external_id=text, invoice_external_id=text),
        also_required=recurring_items_need("plan_external_id"),
    ),
    "transactions": _TRANSACTION.also(invoice_external_id=text),
    "subscription_events": _SUBSCRIPTION_EVENT,
}
"""What a bulk import takes, by kind: external ids instead of uuids, the data source in the path."""


def table(kind: str, *, bulk: bool = False) -> Fields:
    """Return the fields of a kind of record.

    :param bulk: as a bulk import takes it.
    """
    return (BULK if bulk else SINGLE)[kind]
