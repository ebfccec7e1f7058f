"""Activities exports (``/reference/activities/create-export``)."""

from __future__ import annotations

import csv
import io
import re
import time
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api


def finished(api: Api, body: dict[str, Any] | None = None) -> dict[str, Any]:
    created = api.json("POST", "/activities_export", body)
    deadline = time.monotonic() + 10
    while (export := api.json("GET", f"/activities_export/{created['id']}"))["status"] != "succeeded":
        assert time.monotonic() < deadline
    result: dict[str, Any] = export
    return result


def rows(export: dict[str, Any]) -> list[dict[str, str]]:
    answer = requests.get(export["file_url"], timeout=5)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        (name,) = archive.namelist()
        return list(csv.DictReader(io.StringIO(archive.read(name).decode())))


def test_pending_then_succeeded(api: Api, paying: str) -> None:
    api.emulator.configure(account={"name": "Nordlicht Software"})
    created = api.json("POST", "/activities_export", {})
    assert created == {
        "id": created["id"],
        "status": "pending",
        "file_url": None,
        "params": {"kind": "activities", "params": {}},
        "expires_at": None,
        "created_at": "2026-03-15T12:00:00+00:00",
    }
    export = finished(api)
    assert export["expires_at"] == "2026-03-22T12:00:00+00:00"
    root = re.escape(api.emulator.base_url.removesuffix("/v1"))
    assert re.match(rf"{root}/files/activities-nordlicht-software-[0-9a-f-]{{36}}\.zip\?X-Amz-", export["file_url"])
    (row,) = rows(export)
    assert (
        row.items()
        >= {
            "date": "2026-01-10T00:00:00+00:00",
            "customer_uuid": paying,
            "mrr_movement": "5000",
            "mrr": "5000",
            "movement_type": "new_biz",
            "currency_code": "USD",
            "plan_external_id": "team",
            "active_subscription_quantity": "1",
        }.items()
    )


def test_filters_and_their_echo(api: Api, paying: str) -> None:
    export = finished(api, {"start-date": "2026-01-01T00:00:00Z", "end-date": "2026-01-31", "type": "new_biz"})
    assert export["params"] == {
        "kind": "activities",
        "params": {
            "activity_type": "new_biz",
            "start_date": "2026-01-01 00:00:00 +0000",
            "end_date": "2026-01-31 00:00:00 +0000",
        },
    }
    assert len(rows(export)) == 1
    assert rows(finished(api, {"type": "churn"})) == []
    assert api.json("POST", "/activities_export", {"type": "sale"}, 400)["param"] == "type"


def test_the_file_is_for_those_without_credentials(api: Api, paying: str) -> None:
    url = finished(api)["file_url"]
    assert requests.get(url, auth=("test-key", ""), timeout=5).status_code == 400
    unknown = requests.get(url.replace("activities-", "other-"), timeout=5)
    assert (unknown.status_code, unknown.headers["Content-Type"]) == (404, "application/xml")
    api.emulator.configure(now="2026-03-22T12:00:01Z")
    expired = requests.get(url, timeout=5)
    assert (expired.status_code, b"<Code>AccessDenied</Code>" in expired.content) == (403, True)


def test_the_file_is_under_faults_but_not_under_limits(api: Api, paying: str) -> None:
    url = finished(api)["file_url"]
    api.emulator.configure(limits=True)
    assert {requests.get(url, timeout=5).status_code for _ in range(50)} == {200}
    api.emulator.set_faults([{"kind": "503", "path": "^/files/"}])
    assert requests.get(url, timeout=5).status_code == 503
    assert api.emulator.stats()["requests_by_operation"]["GET /files/{file_name}"] == 51


def test_with_a_lag_time_decides(api: Api, paying: str) -> None:
    api.emulator.configure(processing_ms=200)
    started = time.monotonic()
    finished(api)
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("uuid", ["00000000-0000-4000-8000-000000000000", "malformed"])
def test_unknown_exports_are_404(api: Api, uuid: str) -> None:
    assert api.json("GET", f"/activities_export/{uuid}", expect=404)["code"] == 404
