"""CSV files: their columns by kind of record (``/reference/sources/import-csv``), and the records they hold.

The records are those of a bulk import and are worked through like one; but an invoice may wait for its line items,
which come in a file of their own. Plans go by their ids, amounts are cents. The status of an invoice is not read: it
follows from the transactions. Files of kinds whose columns are not public are taken, but each of their rows fails.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, NamedTuple

from python_multipart import parse_form
from python_multipart.exceptions import FormParserError

from airflow_provider_chartmogul.emulator import errors
from airflow_provider_chartmogul.emulator.imports import UNREADABLE

if TYPE_CHECKING:
    from python_multipart.multipart import Field, File

_FEES = {"transaction fee": "transaction_fees_in_cents", "transaction fees currency": "transaction_fees_currency"}


class Kind(NamedTuple):
    """A kind of file.

    :param records: the records of a bulk import that its rows are.
    :param required: fields whose columns must be there.
    :param columns: field by header in lower case; other columns are ignored.
    """

    records: str
    required: tuple[str, ...]
    columns: dict[str, str]


_COLUMNS_NOT_PUBLIC = Kind(UNREADABLE, (), {})

KINDS: dict[str, Kind] = {
    "customer": Kind(
        "customers",
        ("external_id",),
        {
            "external id": "external_id",
            "name": "name",
            "email": "email",
            "company": "company",
            "country": "country",
            "state": "state",
            "city": "city",
            "zip": "zip",
            "lead created at": "lead_created_at",
            "free trial started at": "free_trial_started_at",
        },
    ),
    "plan": Kind(
        "plans",
        ("name", "interval_count", "interval_unit"),
        {
            "plan id": "external_id",
            "name": "name",
            "interval count": "interval_count",
            "interval unit": "interval_unit",
        },
    ),
    "invoice": Kind(
        "invoices",
        ("customer_external_id", "external_id", "date", "currency"),
        {
            "customer external id": "customer_external_id",
            "invoice external id": "external_id",
            "invoiced date": "date",
            "due date": "due_date",
            "currency": "currency",
            "collection method": "collection_method",
        },
    ),
    "line_item": Kind(
        "line_items",
        ("invoice_external_id", "type", "amount_in_cents"),
        {
            "invoice external id": "invoice_external_id",
            "external id": "external_id",
            "subscription external id": "subscription_external_id",
            "subscription set external id": "subscription_set_external_id",
            "type": "type",
            "amount in cents": "amount_in_cents",
            "plan": "plan_external_id",
            "service period start": "service_period_start",
            "service period end": "service_period_end",
            "quantity": "quantity",
            "proration": "prorated",
            "proration type": "proration_type",
            "discount code": "discount_code",
            "discount amount": "discount_amount_in_cents",
            "discount description": "discount_description",
            "tax amount": "tax_amount_in_cents",
            "description": "description",
            "account code": "account_code",
            "event order": "event_order",
            **_FEES,
        },
    ),
    "transaction": Kind(
        "transactions",
        ("invoice_external_id", "type", "result", "date"),
        {
            "invoice external id": "invoice_external_id",
            "external id": "external_id",
            "type": "type",
            "result": "result",
            "date": "date",
            "amount in cents": "amount_in_cents",
            **_FEES,
        },
    ),
    "subscription_event": Kind(
        "subscription_events",
        ("customer_external_id", "subscription_external_id", "event_type", "event_date", "effective_date"),
        {
            "external id": "external_id",
            "subscription set external id": "subscription_set_external_id",
            "subscription external id": "subscription_external_id",
            "customer external id": "customer_external_id",
            "plan external id": "plan_external_id",
            "date": "event_date",
            "effective date": "effective_date",
            "event type": "event_type",
            "currency": "currency",
            "amount in cents": "amount_in_cents",
            "quantity": "quantity",
            "retracted event id": "retracted_event_id",
            "event order": "event_order",
        },
    ),
    **dict.fromkeys(
        ("contact", "manual_subscription_event", "customer_note", "customers_contacts_enrichment"), _COLUMNS_NOT_PUBLIC
    ),
}


def read(content_type: str, body: bytes) -> dict[str, list[dict[str, Any]]]:
    """Read the form with a CSV file as the payload of a bulk import.

    :raises ApiError: 422 for another form, an unknown kind, a file that is not UTF-8, and columns that are missing.
    """
    fields, content = _form(content_type, body)
    name = fields.get("type", "")
    if name not in KINDS:
        raise errors.sentence(422, "Unsupported type", "type")
    if content is None:
        raise errors.sentence(422, "file is missing", "file")
    kind = KINDS[name]
    return {kind.records: _records(kind, content)}


def _form(content_type: str, body: bytes) -> tuple[dict[str, str], bytes | None]:
    fields: dict[str, str] = {}
    contents: list[bytes] = []

    def on_field(field: Field) -> None:
        if field.field_name:
            fields[field.field_name.decode(errors="replace")] = (field.value or b"").decode(errors="replace")

    def on_file(file: File) -> None:
        file.file_object.seek(0)
        if file.field_name == b"file":
            contents.append(file.file_object.read())
        file.close()

    if not content_type.lower().startswith("multipart/form-data"):
        raise errors.sentence(422, "The file is sent as multipart/form-data", "file")
    try:
        parse_form({"Content-Type": content_type.encode()}, io.BytesIO(body), on_field, on_file)
    except FormParserError as error:
        raise errors.sentence(422, "The form cannot be read", "file") from error
    return fields, contents[-1] if contents else None


def _records(kind: Kind, content: bytes) -> list[dict[str, Any]]:
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise errors.sentence(422, "The file is not a CSV file in UTF-8", "file") from error
    header = [kind.columns.get(title.strip().lower(), "") for title in rows[0]] if rows else []
    for field in kind.required:
        if field not in header:
            title = next(title for title, name in kind.columns.items() if name == field)
            raise errors.sentence(422, f"The column {title.capitalize()!r} is missing", "file")
    return [
        {field: value for field, value in zip(header, row, strict=False) if field and value != ""}
        for row in rows[1:]
        if any(row)
    ]
