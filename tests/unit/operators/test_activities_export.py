"""Starting exports, and storing their files as they came or unpacked."""

from __future__ import annotations

import io
import json
import logging
import time
import zipfile
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import responses

from airflow_provider_chartmogul.exceptions import ChartMogulExportFailedError, ChartMogulInvalidResponseError
from airflow_provider_chartmogul.intervals import DATA_INTERVAL_END, DATA_INTERVAL_START
from airflow_provider_chartmogul.operators.activities_export import (
    ChartMogulCreateActivitiesExportOperator,
    ChartMogulDownloadActivitiesExportOperator,
)

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

API = "http://chartmogul.test/v1"
EXPORT = "0b6a4f52-7c1d-4e8e-9f3a-5d2c1b0a9e55"
FILE = "https://files.example/activities.zip"
LINK = f"{FILE}?X-Amz-Signature=hidden-word"
CSV = b"date,customer_name\n2026-01-08,Falter\n"


@pytest.fixture(autouse=True)
def conn(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"max_retry_seconds": 0.001}
    fields = {"conn_type": "chartmogul", "password": "test-key", "host": API, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", json.dumps(fields))


def archive(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return target.getvalue()


def offer(content: bytes, status: str = "succeeded") -> None:
    responses.get(f"{API}/activities_export/{EXPORT}", json={"id": EXPORT, "status": status, "file_url": LINK})
    responses.get(FILE, body=content)


def create(**arguments: Any) -> Any:
    return ChartMogulCreateActivitiesExportOperator(task_id="export", **arguments).execute({})


def download(path: Path, **arguments: Any) -> Any:
    return run_download(**{"export_id": EXPORT, "path": f"file://{path}", **arguments})


def run_download(**arguments: Any) -> Any:
    return ChartMogulDownloadActivitiesExportOperator(task_id="download", **arguments).execute({})


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        (
            {"interval_start": "2026-01-01", "interval_end": "2026-02-01"},
            {"start-date": "2026-01-01T00:00:00Z", "end-date": "2026-01-31T23:59:59.999000Z"},
        ),
        (
            {"interval_start": "2026-01-01", "interval_end": "2026-01-02", "activity_type": "churn"},
            {"start-date": "2026-01-01T00:00:00Z", "end-date": "2026-01-01T23:59:59.999000Z", "type": "churn"},
        ),
        (
            {"interval_start": "2026-01-01T10:00+02:00", "interval_end": "2026-01-01T11:00+02:00"},
            {"start-date": "2026-01-01T08:00:00Z", "end-date": "2026-01-01T08:59:59.999000Z"},
        ),
        ({"interval_start": None, "interval_end": None}, {}),
        ({"interval_start": None, "interval_end": None, "activity_type": ""}, {}),
    ],
)
@responses.activate
def test_an_export_covers_the_interval(arguments: dict[str, Any], body: dict[str, str]) -> None:
    matcher = responses.matchers.json_params_matcher(body)
    responses.post(f"{API}/activities_export", json={"id": EXPORT, "status": "pending"}, match=[matcher])
    assert create(**arguments) == EXPORT


def test_the_range_is_the_data_interval_by_default() -> None:
    task = ChartMogulCreateActivitiesExportOperator(task_id="export")
    assert (task.interval_start, task.interval_end) == (DATA_INTERVAL_START, DATA_INTERVAL_END)


def test_an_unknown_activity_type_is_refused_when_the_dag_is_parsed() -> None:
    with pytest.raises(ValueError, match="activity_type must be one of new_biz, reactivation, expansion"):
        ChartMogulCreateActivitiesExportOperator(task_id="export", activity_type="new")


@pytest.mark.parametrize(
    "arguments",
    [
        {"activity_type": "new", "interval_start": "2026-01-01", "interval_end": "2026-02-01"},
        {"interval_start": "2026-01-01", "interval_end": None},
        {"interval_start": "None", "interval_end": "None"},
    ],
)
@responses.activate
def test_what_a_template_made_of_it_is_refused_before_any_request(arguments: dict[str, Any]) -> None:
    task = ChartMogulCreateActivitiesExportOperator(task_id="export", activity_type="{{ params.type }}")
    task.activity_type = None
    for name, value in arguments.items():
        setattr(task, name, value)
    with pytest.raises(ValueError, match=r"must be|is empty"):
        task.execute({})
    assert len(responses.calls) == 0


@responses.activate
def test_the_archive_is_stored_as_it_came_and_fetched_without_the_key(tmp_path: Path) -> None:
    content = archive(**{"activities.csv": CSV})
    offer(content)
    target = tmp_path / "new" / "january.zip"
    assert download(target) == {"path": f"file://{target}", "bytes": len(content), "files": [f"file://{target}"]}
    assert files(tmp_path) == {"new/january.zip": content}
    fetched = next(call.request for call in responses.calls if call.request.url.startswith(FILE))
    assert "Authorization" not in fetched.headers


@responses.activate
def test_every_member_is_unpacked(tmp_path: Path) -> None:
    offer(archive(**{"activities.csv": CSV, "more/part 2.csv": b"x\n", "empty/": b""}))
    result = download(tmp_path / "out", unpack=True)
    base = f"file://{tmp_path}/out"
    assert result == {
        "path": base,
        "bytes": len(CSV) + 2,
        "files": [f"{base}/activities.csv", f"{base}/more/part 2.csv"],
    }
    assert files(tmp_path / "out") == {"activities.csv": CSV, "more/part 2.csv": b"x\n"}


@pytest.mark.parametrize("unpack", [True, False])
@responses.activate
def test_a_repeated_download_replaces_the_first(tmp_path: Path, unpack: bool) -> None:
    offer(archive(**{"a.csv": b"first, and longer"}))
    download(tmp_path / "out", unpack=unpack)
    before = files(tmp_path)
    responses.reset()
    content = archive(**{"a.csv": b"second"})
    offer(content)
    download(tmp_path / "out", unpack=unpack)
    assert files(tmp_path) == dict.fromkeys(before, b"second" if unpack else content)


@pytest.mark.parametrize("name", ["../up.csv", "a/../../up.csv", "/root.csv", "..\\up.csv", "C:up.csv"])
@responses.activate
def test_a_member_that_leaves_the_directory_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    offer(archive(**{"good.csv": CSV, name: b"bad"}))
    with pytest.raises(ChartMogulInvalidResponseError, match="leaves its directory"):
        download(tmp_path / "out", unpack=True)
    assert files(tmp_path) == {}


@pytest.mark.parametrize("unpack", [True, False])
@responses.activate
def test_a_damaged_archive_is_refused_and_leaves_nothing(tmp_path: Path, unpack: bool) -> None:
    content = archive(**{"activities.csv": CSV * 50})
    for damaged in (b"<html>gone</html>", content[:-30], content.replace(content[50:60], b"0123456789", 1)):
        responses.reset()
        offer(damaged)
        with pytest.raises(ChartMogulInvalidResponseError, match=f"export {EXPORT} is damaged"):
            download(tmp_path / "out", unpack=unpack)
    assert files(tmp_path) == {}


@responses.activate
def test_a_failed_write_leaves_nothing_under_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_chartmogul.operators import activities_export

    def fill_the_disk(source: Any, sink: Any) -> None:
        sink.write(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(activities_export, "shutil", SimpleNamespace(copyfileobj=fill_the_disk))
    offer(archive(**{"a.csv": CSV}))
    with pytest.raises(OSError, match="no space left"):
        download(tmp_path / "out.zip", unpack=False)
    assert files(tmp_path) == {}


@pytest.mark.parametrize(("status", "complaint"), [("pending", "is pending, not succeeded"), ("failed", "failed")])
@responses.activate
def test_an_export_that_has_not_succeeded_is_not_fetched(tmp_path: Path, status: str, complaint: str) -> None:
    offer(b"", status)
    with pytest.raises(ChartMogulExportFailedError, match=f"{EXPORT} {complaint}"):
        download(tmp_path / "out.zip")
    assert len(responses.calls) == 1


@responses.activate
def test_the_signed_link_gets_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    offer(archive(**{"a.csv": CSV}))
    told = [download(tmp_path / "out.zip")]
    responses.reset()
    responses.get(f"{API}/activities_export/{EXPORT}", json={"id": EXPORT, "status": "succeeded", "file_url": LINK})
    responses.get(FILE, status=403, body="<Error>Request has expired</Error>")
    with pytest.raises(Exception, match="403") as caught:
        download(tmp_path / "out.zip")
    told.append([caught.value, str(caught.value), vars(caught.value)])
    logged = [(record.getMessage(), record.args) for record in caplog.records]
    assert "hidden-word" not in f"{told!r} {logged!r}"


def exported_rows(client: ChartMogulClient, folder: Path, export_id: str) -> list[str]:
    deadline = time.monotonic() + 10
    while client.activities_exports.retrieve(export_id)["status"] != "succeeded":
        assert time.monotonic() < deadline
    download(folder, export_id=export_id, unpack=True)
    (content,) = files(folder).values()
    return content.decode().splitlines()[1:]


@pytest.mark.usefixtures("chartmogul_conn", "subscribers")
@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Auckland"])
def test_exports_of_neighbouring_intervals_hold_each_movement_once(
    client: ChartMogulClient, emulator: Emulator, tmp_path: Path, zone: str
) -> None:
    emulator.configure(account={"time_zone": zone})
    bounds = ["2026-03-01T00:00:00Z", "2026-03-01T12:00:00Z", "2026-03-01T18:00:00Z", "2026-03-02T00:00:00Z"]
    exports = [create(interval_start=start, interval_end=end) for start, end in pairwise(bounds)]
    rows = [exported_rows(client, tmp_path / export_id, export_id) for export_id in exports]

    assert [len(one) for one in rows] == [1, 1, 1]
    assert len({row for one in rows for row in one}) == 3


@responses.activate
def test_the_signature_is_masked_before_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_chartmogul import activities_exports

    masked: list[tuple[str, int]] = []
    monkeypatch.setattr(activities_exports, "mask_secret", lambda secret: masked.append((secret, len(responses.calls))))
    offer(archive(**{"a.csv": CSV}))
    download(tmp_path / "out.zip")
    # after the one request that tells the link
    assert masked == [("X-Amz-Signature=hidden-word", 1)]


@pytest.mark.parametrize("name", ["export_id", "path"])
@pytest.mark.parametrize("nothing", [None, "", " ", "None"])
@responses.activate
def test_what_rendered_to_nothing_is_refused_before_any_request(tmp_path: Path, name: str, nothing: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name} is empty"):
        run_download(**{"export_id": EXPORT, "path": f"file://{tmp_path}/out.zip", name: nothing})
    assert len(responses.calls) == 0


@responses.activate
def test_a_connection_without_a_value_is_refused_before_any_request(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^path_conn_id is empty, or its template has no value"):
        download(tmp_path / "out.zip", path_conn_id="None")
    assert len(responses.calls) == 0


@pytest.mark.parametrize(
    ("answer", "field"),
    [({}, "id"), ({"id": EXPORT}, "status"), ({"id": EXPORT, "status": "succeeded", "file_url": None}, "file_url")],
)
@responses.activate
def test_an_answer_of_another_shape_is_named(tmp_path: Path, answer: dict[str, Any], field: str) -> None:
    responses.get(f"{API}/activities_export/{EXPORT}", json=answer)
    with pytest.raises(
        ChartMogulInvalidResponseError, match=f"GET /activities_export/{EXPORT}: the answer lacks the field '{field}'"
    ):
        download(tmp_path / "out.zip")
    assert files(tmp_path) == {}


@pytest.mark.usefixtures("chartmogul_conn")
def test_an_export_from_start_to_file(client: ChartMogulClient, tmp_path: Path) -> None:
    export_id = create(interval_start="2026-01-01", interval_end="2026-02-01")
    deadline = time.monotonic() + 10
    while client.activities_exports.retrieve(export_id)["status"] != "succeeded":
        assert time.monotonic() < deadline
    result = download(tmp_path / "out", export_id=export_id, unpack=True)
    (content,) = files(tmp_path / "out").values()
    assert result["bytes"] == len(content) > 0
