"""CSV uploads: queued; there is nothing to ask how they went, but the processing status of the source."""

from __future__ import annotations

from airflow_provider_chartmogul.emulator import dates, imports, uploads
from airflow_provider_chartmogul.emulator.http import Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.routes.data_sources import source_in_path


def import_csv(call: Call) -> Answer:
    """``POST /data_sources/{uuid}/uploads``: the columns are checked now, the rows after the lag."""
    source = source_in_path(call)
    payload = uploads.read(call.headers.get("content-type", ""), call.body)
    item = imports.queue_file(call.ledger, source, payload)
    return answer(
        {
            "id": item.seq,
            "status": "queued",
            "created_at": dates.seconds(item.created_at),
            "updated_at": dates.seconds(item.updated_at),
            "error_count": 0,
            "processed_count": 0,
        },
        201,
    )


OPERATIONS = (Operation("POST", "/data_sources/{data_source_uuid}/uploads", import_csv),)
