"""What users of the account know of customers and have to do with them: contacts, notes, tasks, opportunities."""

from __future__ import annotations

from airflow_provider_chartmogul.streams.columns import DATE, INTEGER, JSON, STRING, TIMESTAMP, columns
from airflow_provider_chartmogul.streams.lists import list_stream
from airflow_provider_chartmogul.streams.model import Table
from airflow_provider_chartmogul.streams.records import Member

_TIMES = columns(TIMESTAMP, "created_at", "updated_at")

CONTACT = Table(
    columns=(
        *columns(STRING, "uuid", "customer_uuid", "customer_external_id", "data_source_uuid", "external_id"),
        *columns(INTEGER, "position"),
        *columns(STRING, "first_name", "last_name", "title", "email", "phone", "linked_in", "twitter", "notes"),
        *columns(TIMESTAMP, "last_seen"),
        *columns(JSON, "custom"),
    ),
    key=("uuid",),
)

CUSTOMER_NOTE = Table(
    columns=(
        *columns(STRING, "uuid", "customer_uuid", "type", "author", "text"),
        *columns(INTEGER, "call_duration"),
        *_TIMES,
    ),
    key=("uuid",),
)

TASK = Table(
    columns=(
        *columns(STRING, "task_uuid", "customer_uuid", "task_details", "assignee"),
        *columns(TIMESTAMP, "due_date", "completed_at"),
        *_TIMES,
    ),
    key=("task_uuid",),
)

OPPORTUNITY = Table(
    columns=(
        *columns(STRING, "uuid", "customer_uuid", "owner", "pipeline", "pipeline_stage", "type", "forecast_category"),
        *columns(INTEGER, "win_likelihood"),
        *columns(DATE, "estimated_close_date"),
        *columns(STRING, "currency"),
        *columns(INTEGER, "amount_in_cents"),
        *columns(JSON, "custom"),
        *_TIMES,
    ),
    key=("uuid",),
)

CONTACTS = list_stream("contacts", "a person at a customer", "contacts", Member(CONTACT), by_source=True)
CUSTOMER_NOTES = list_stream(
    "customer_notes", "a note or call log of a customer", "customer_notes", Member(CUSTOMER_NOTE)
)
TASKS = list_stream("tasks", "a task of a user about a customer", "tasks", Member(TASK), key="task_uuid")
OPPORTUNITIES = list_stream(
    "opportunities",
    "a sale that may come about; the API key must be that of a user with a CRM seat",
    "opportunities",
    Member(OPPORTUNITY),
)
