"""Bulk imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import dates, errors, imports
from airflow_provider_chartmogul.emulator.http import Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.routes.data_sources import source_in_path

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.store.records import JsonImport

MAX_BYTES = 5 * 1024 * 1024


def create_json_import(call: Call) -> Answer:
    """``POST /data_sources/{uuid}/json_imports``: queued; the records are checked later.

    Undocumented, and chosen here: over 5 MB is 422, and so is a repeated ``external_id``.
    """
    source = source_in_path(call)
    if len(call.body) > MAX_BYTES:
        raise errors.sentence(422, "The payload is larger than 5 MB", "payload")
    payload = call.json()
    external_id = payload.get("external_id")
    if not external_id or not isinstance(external_id, str):
        raise errors.sentence(422, "external_id is missing", "external_id")
    if call.ledger.imports.by_external_id(source.uuid, external_id):
        raise errors.sentence(422, "The external ID for this import already exists in our system.", "external_id")
    for kind in imports.KINDS:
        records = payload.get(kind) or []
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise errors.sentence(422, f"{kind} is not a list of records", kind)
    return answer(_json(imports.queue(call.ledger, source, external_id, payload)))


def retrieve_json_import(call: Call) -> Answer:
    """``GET /data_sources/{uuid}/json_imports/{id or external_id}``."""
    source = source_in_path(call)
    name = call.path["import_id"]
    item = call.ledger.imports.by_external_id(source.uuid, name) or call.ledger.imports.get(name)
    if item is None or item.data_source_uuid != source.uuid:
        raise errors.not_found("import")
    imports.poll(call.ledger, item)
    return answer(_json(item))


def _json(item: JsonImport) -> dict[str, Any]:
    return {
        "id": item.id,
        "data_source_uuid": item.data_source_uuid,
        "status": item.status,
        "external_id": item.external_id,
        "status_details": item.status_details,
        "created_at": dates.seconds(item.created_at),
        "updated_at": dates.seconds(item.updated_at),
    }


OPERATIONS = (
    Operation("POST", "/data_sources/{data_source_uuid}/json_imports", create_json_import, "billing"),
    Operation("GET", "/data_sources/{data_source_uuid}/json_imports/{import_id:path}", retrieve_json_import, "billing"),
)
