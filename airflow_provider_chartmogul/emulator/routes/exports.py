"""Activities exports, and the file that stands for the object store."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import dates, errors, exports
from airflow_provider_chartmogul.emulator.http import Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.store import feed
from airflow_provider_chartmogul.emulator.store.ledger import new_uuid
from airflow_provider_chartmogul.emulator.store.records import Export

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.store.ledger import Ledger

_LIFETIME = timedelta(days=7)
_ECHO = {"type": "activity_type", "start-date": "start_date", "end-date": "end_date"}


def create_activities_export(call: Call) -> Answer:
    """``POST /activities_export``: 200, pending."""
    body = call.json()
    filters = {name: str(body[name]) for name in _ECHO if body.get(name) is not None}
    feed.movements(call.ledger, filters)  # refuses what is wrong with the filters
    slug = re.sub(r"[^a-z0-9]+", "-", call.state.settings.account.name.lower()).strip("-")
    export = Export(
        id=new_uuid(),
        file_name=f"activities-{slug}-{new_uuid()}.zip",
        params={
            _ECHO[name]: value if name == "type" else dates.spaced(dates.parse(value))
            for name, value in filters.items()
        },
        filters=filters,
        created_at=call.ledger.now(),
        by_polls=not call.state.settings.processing_ms,
    )
    call.ledger.exports[export.id] = export
    if not export.by_polls:
        call.ledger.later(lambda: _complete(call.ledger, export))
    return answer(_json(call, export))


def retrieve_activities_export(call: Call) -> Answer:
    """``GET /activities_export/{id}``: without a processing lag it succeeds at the second question."""
    export = call.ledger.exports.get(call.path["export_id"])
    if export is None:
        raise errors.coded(404, "Export not found", "id")
    export.polls += 1
    if export.by_polls and export.polls > 1 and export.completed_at is None:
        _complete(call.ledger, export)
    return answer(_json(call, export))


def download(call: Call) -> Answer:
    """Hand out the zip; a second credential is refused, and so is an expired link, as an object store does."""
    found = (export for export in call.ledger.exports.values() if export.file_name == call.path["file_name"])
    export = next(found, None)
    if "authorization" in call.headers:
        return _xml(400, "InvalidArgument", "Only one auth mechanism allowed")
    if export is None or export.completed_at is None:
        return _xml(404, "NoSuchKey", "The specified key does not exist.")
    if call.ledger.now() > export.completed_at + _LIFETIME:
        return _xml(403, "AccessDenied", "Request has expired")
    return Answer(200, export.content, "application/zip")


def _complete(ledger: Ledger, export: Export) -> None:
    export.content = exports.archive(ledger, export)
    export.completed_at = ledger.now()


def _json(call: Call, export: Export) -> dict[str, Any]:
    done = export.completed_at
    query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=604800&X-Amz-Signature=emulated"
    return {
        "id": export.id,
        "status": "succeeded" if done else "pending",
        "file_url": f"http://{call.host}/files/{export.file_name}?{query}" if done else None,
        "params": {"kind": "activities", "params": export.params},
        "expires_at": dates.offset(done + _LIFETIME) if done else None,
        "created_at": dates.offset(export.created_at),
    }


def _xml(status: int, code: str, message: str) -> Answer:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Answer(status, body.encode(), "application/xml")


OPERATIONS = (
    Operation("POST", "/activities_export", create_activities_export),
    Operation("GET", "/activities_export/{export_id}", retrieve_activities_export),
)

FILES = (Operation("GET", "/files/{file_name}", download, "files"),)
