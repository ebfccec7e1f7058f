"""Data sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import dates, errors, imports
from airflow_provider_chartmogul.emulator.http import NO_CONTENT, Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.store import emptying
from airflow_provider_chartmogul.emulator.store.records import CUSTOM

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.store.ledger import Ledger
    from airflow_provider_chartmogul.emulator.store.records import DataSource

_HANDLING = {
    "create_subscription_when_invoice_is": "open",
    "update_subscription_when_invoice_is": "open",
    "prevent_subscription_for_invoice_voided": True,
    "prevent_subscription_for_invoice_refunded": False,
    "prevent_subscription_for_invoice_written_off": True,
}


def list_data_sources(call: Call) -> Answer:
    """``GET /data_sources``: all in one answer, filtered by exact name or system."""
    name, system = call.query.get("name"), call.query.get("system")
    found = [
        _json(call, source)
        for source in call.ledger.data_sources
        if name in (None, source.name) and system in (None, source.system)
    ]
    return answer({"data_sources": found})


def create_data_source(call: Call) -> Answer:
    """``POST /data_sources``: the name is unique in the account."""
    ledger = call.ledger
    name = call.json().get("name")
    if not isinstance(name, str) or not name.strip():
        raise errors.fields({"name": "A name is required for each data source."})
    if ledger.has_source(name):
        raise errors.fields({"name": "Has already been taken."})
    return answer(_json(call, ledger.add_source(name, CUSTOM)), 201)


def retrieve_data_source(call: Call) -> Answer:
    """``GET /data_sources/{uuid}``."""
    return answer(_json(call, source_in_path(call)))


def delete_data_source(call: Call) -> Answer:
    """``DELETE /data_sources/{uuid}``: the source is gone at once, what was imported into it after the lag."""
    ledger, source = call.ledger, source_in_path(call)
    ledger.data_sources.remove(source)
    ledger.later(lambda: emptying.empty(ledger, source.uuid))
    return NO_CONTENT


def empty_data_source(call: Call) -> Answer:
    """``DELETE /data_sources/{uuid}/all``: after the lag the source is as new."""
    ledger, source = call.ledger, source_in_path(call)
    ledger.later(lambda: emptying.empty(ledger, source.uuid))
    return NO_CONTENT


def purge_data_source(call: Call) -> Answer:
    """``DELETE /data_sources/{uuid}/dependent``: after the lag there are no invoices, subscriptions and events."""
    ledger, source = call.ledger, source_in_path(call)
    ledger.later(lambda: emptying.purge(ledger, source.uuid))
    return NO_CONTENT


def source_in_path(call: Call) -> DataSource:
    """Return the source that the path names.

    :raises ApiError: 404 for an unknown or malformed id.
    """
    source = call.ledger.data_sources.get(call.path["data_source_uuid"])
    if source is None:
        raise errors.not_found("data source")
    return source


def _json(call: Call, source: DataSource) -> dict[str, Any]:
    ledger = call.ledger
    with_status = call.flag("with_processing_status")
    if with_status:
        imports.poll_all(ledger, source)
    pending = _pending(ledger, source)
    body: dict[str, Any] = {
        "uuid": source.uuid,
        "name": source.name,
        "system": source.system,
        "created_at": dates.millis(source.created_at),
        "status": "importing" if pending else "idle",
    }
    if with_status:
        counts = {"processed": source.processed, "failed": source.failed, "pending": pending}
        body["processing_status"] = counts if any(counts.values()) else {}
    if call.flag("with_auto_churn_subscription_setting"):
        body["auto_churn_subscription_setting"] = {"enabled": False, "interval": None}
    if call.flag("with_invoice_handling_setting"):
        body["invoice_handling_setting"] = {"manual": _HANDLING, "automatic": _HANDLING}
    return body


def _pending(ledger: Ledger, source: DataSource) -> int:
    ledger.projection.settle()
    return ledger.projection.pending(source.uuid) + imports.pending(ledger, source)


OPERATIONS = (
    Operation("GET", "/data_sources", list_data_sources),
    Operation("POST", "/data_sources", create_data_source),
    Operation("GET", "/data_sources/{data_source_uuid}", retrieve_data_source),
    Operation("DELETE", "/data_sources/{data_source_uuid}", delete_data_source),
    Operation("DELETE", "/data_sources/{data_source_uuid}/all", empty_data_source),
    Operation("DELETE", "/data_sources/{data_source_uuid}/dependent", purge_data_source),
)
