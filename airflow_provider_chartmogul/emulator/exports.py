"""The file of an activities export: a zip with one CSV (``/reference/activities/create-export``)."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.emulator import dates
from airflow_provider_chartmogul.emulator.store import feed

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.analytics.model import Movement
    from airflow_provider_chartmogul.emulator.store.ledger import Ledger
    from airflow_provider_chartmogul.emulator.store.records import Export

#: Not documented for the export: the nearest documented layout, in lower case.
COLUMNS = (
    "date",
    "customer_name",
    "mrr_movement",
    "mrr",
    "description",
    "movement_type",
    "currency_code",
    "billing_connector_uuid",
    "customer_external_id",
    "customer_uuid",
    "subscription_external_id",
    "plan_external_id",
    "active_subscription_quantity",
    "uuid",
    "rank",
    "previous_plan_external_id",
)


def archive(ledger: Ledger, export: Export) -> bytes:
    """Write the activities of this moment into the zip of an export."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    currency = ledger.settings.account.currency
    for rank, movement in enumerate(feed.movements(ledger, export.filters), 1):
        writer.writerow(_row(movement, currency, rank))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr(export.file_name.removesuffix(".zip") + ".csv", text.getvalue())
    return content.getvalue()


def _row(movement: Movement, currency: str, rank: int) -> tuple[object, ...]:
    previous = movement.previous_plan
    return (
        dates.offset(movement.at),
        movement.customer_name,
        movement.movement,
        movement.mrr_after,
        movement.description,
        movement.type,
        currency,
        movement.data_source_uuid,
        movement.customer.external_id,
        movement.customer.uuid,
        movement.subscription_external_id,
        movement.plan.external_id,
        movement.quantity,
        movement.uuid,
        rank,
        previous.external_id if previous else "",
    )
