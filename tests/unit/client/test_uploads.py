"""CSV files for a data source, and what takes its data away."""

from __future__ import annotations

import io
import re
from email import message_from_bytes
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.exceptions import (
    ChartMogulAmbiguousWriteError,
    ChartMogulInvalidResponseError,
    ChartMogulNotFoundError,
)
from tests.unit.client.servers import answer, drop, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator
    from tests.unit.client.servers import Received

    Connect = Callable[..., ChartMogulClient]

PATH = "POST /data_sources/ds_1/uploads"
ROWS = "Name,Interval count,Interval unit,Plan ID\nŽivot,1,month,p-1\n"
BATCH = {"id": 7, "status": "queued", "error_count": 0, "processed_count": 0}


def parts(request: Received) -> dict[str, tuple[str | None, str, bytes]]:
    """Return file name, MIME type and content of each part of a form."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    form: Any = message_from_bytes(head + request.body)
    return {
        re.findall(r' name="([^"]*)"', part["Content-Disposition"])[0]: (
            part.get_filename(),
            part.get_content_type(),
            part.get_payload(decode=True),
        )
        for part in form.get_payload()
    }


@pytest.mark.parametrize("file", [ROWS, ROWS.encode(), io.BytesIO(ROWS.encode())], ids=["text", "bytes", "open file"])
def test_a_file_travels_as_a_form(connect: Connect, file: Any) -> None:
    with serving(answer(201, BATCH)) as server:
        assert connect(server.url).data_sources.import_csv("ds_1", file=file, type="plan", batch_name="May") == BATCH

    assert server.calls == [PATH]
    assert server.requests[0].headers["Content-Type"].startswith("multipart/form-data; boundary=")
    sent = parts(server.requests[0])
    assert sent["file"] == ("plan.csv", "text/csv", ROWS.encode())
    assert {name: content for name, (_, _, content) in sent.items() if name != "file"} == {
        "type": b"plan",
        "batch_name": b"May",
    }


def test_an_open_file_is_sent_whole_again_after_it_was_turned_away(connect: Connect) -> None:
    with serving(answer(429), answer(201, BATCH)) as server:
        connect(server.url).data_sources.import_csv("ds_1", file=io.BytesIO(ROWS.encode()), type="plan")

    assert [parts(request)["file"][2] for request in server.requests] == [ROWS.encode()] * 2
    assert "batch_name" not in parts(server.requests[1])


def test_a_file_that_may_have_been_queued_is_not_sent_again(connect: Connect) -> None:
    with serving(drop) as server, pytest.raises(ChartMogulAmbiguousWriteError, match="may or may not"):
        connect(server.url).data_sources.import_csv("ds_1", file=ROWS, type="plan")

    assert server.calls == [PATH]


@pytest.mark.parametrize("file", ["", b"", io.BytesIO()])
def test_an_empty_file_is_refused(connect: Connect, file: Any) -> None:
    with pytest.raises(ValueError, match="file is empty"):
        connect("http://127.0.0.1:9/v1").data_sources.import_csv("ds_1", file=file, type="plan")


def test_a_batch_without_id_is_an_error(connect: Connect) -> None:
    with serving(answer(201, {"status": "queued"})) as server, pytest.raises(ChartMogulInvalidResponseError):
        connect(server.url).data_sources.import_csv("ds_1", file=ROWS, type="plan")


def test_the_rows_arrive(client: ChartMogulClient) -> None:
    source = client.data_sources.create(name="Files")["uuid"]
    batch = client.data_sources.import_csv(source, file=ROWS, type="plan", batch_name="May")

    assert isinstance(batch["id"], int)
    assert [(plan["name"], plan["external_id"]) for plan in client.plans.list()] == [("Život", "p-1")]


@pytest.mark.parametrize(("operation", "path"), [("purge", "dependent"), ("empty", "all")])
def test_taking_data_away(connect: Connect, operation: str, path: str) -> None:
    with serving(drop, answer(204, text="")) as server:
        assert getattr(connect(server.url).data_sources, operation)("ds_1") is None
    assert server.calls == [f"DELETE /data_sources/ds_1/{path}"] * 2, "repeated at will"

    with serving(drop, answer(404, {"error": "not found"})) as server, pytest.raises(ChartMogulNotFoundError):
        getattr(connect(server.url).data_sources, operation)("ds_1")  # the data source itself has to stay


@pytest.mark.parametrize(("operation", "customers"), [("purge", 1), ("empty", 0)])
def test_what_is_left(client: ChartMogulClient, emulator: Emulator, operation: str, customers: int) -> None:
    source = client.data_sources.create(name="Files")["uuid"]
    uuid = client.customers.create(data_source_uuid=source, external_id="c-1")["uuid"]
    item = {"type": "one_time", "amount_in_cents": 500}
    client.invoices.create(
        uuid, [{"external_id": "i-1", "date": "2026-01-01", "currency": "USD", "line_items": [item]}]
    )
    emulator.set_faults([{"kind": "drop_after", "method": "DELETE", "times": 1}])

    getattr(client.data_sources, operation)(source)

    assert list(client.invoices.list()) == []
    assert len(list(client.customers.list())) == customers
    assert client.data_sources.retrieve(source)["uuid"] == source
