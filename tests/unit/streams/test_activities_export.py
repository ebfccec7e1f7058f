"""Movements out of the file of an export: from the emulator, and from files of other forms."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest

from airflow_provider_chartmogul.exceptions import (
    ChartMogulExportFailedError,
    ChartMogulInvalidResponseError,
    ChartMogulWaitTimeoutError,
)
from airflow_provider_chartmogul.streams import STREAMS, activities_export
from airflow_provider_chartmogul.streams.model import Options
from airflow_provider_chartmogul.streams.reading import pages
from airflow_provider_chartmogul.streams.windows import Window
from tests.contract.account import Account
from tests.unit.streams.fakes import FakeClient, records_of, requests, rows_of

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator
    from airflow_provider_chartmogul.streams.model import Reading

STREAM = STREAMS["activities_export"]
JANUARY = Window.of("2026-01-01", "2026-02-01")
HEADER = "date,uuid,mrr_movement"


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses that were to be made between two looks."""
    made: list[float] = []
    monkeypatch.setattr(activities_export, "sleep", made.append)
    return made


@pytest.fixture
def account(emulator: Emulator, client: ChartMogulClient) -> Account:
    account = Account(emulator, client)
    assert account.event
    return account


class Exports:
    """The exports of a client: one, that becomes what ``statuses`` say, with this file."""

    def __init__(self, content: bytes, statuses: tuple[str, ...] = ("succeeded",)) -> None:
        self.content = content
        self.statuses = list(statuses)
        self.calls: list[str] = []

    def create(self, **bounds: Any) -> dict[str, Any]:
        self.calls.append(f"create {bounds['start_date']:%m-%d} {bounds['end_date']:%m-%d}")
        return {"id": "exp_1", "status": "pending"}

    def retrieve(self, export_id: str) -> dict[str, Any]:
        self.calls.append("retrieve")
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return {"id": export_id, "status": status, "file_url": "https://files.example/x.zip?signature=hidden"}

    def download(self, file_url: str, target: BinaryIO) -> int:
        self.calls.append("download")
        return target.write(self.content)


def archive(*members: str | bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.mkdir("folder")
        for number, member in enumerate(members):
            zipped.writestr(f"folder/{number}.csv", member)
    return content.getvalue()


def opened(exports: Exports) -> Reading:
    client = FakeClient()
    client.activities_exports = exports
    return STREAM.open(client, Options(JANUARY))  # type: ignore[arg-type]


def rows_in(*members: str | bytes) -> list[dict[str, Any]]:
    return rows_of(opened(Exports(archive(*members))))


def line(number: int) -> str:
    return f"2026-01-02T00:00:00Z,u{number},{number}"


# the emulator's -------------------------------------------------------------------------------------------------------


def test_an_export_has_what_the_list_has(account: Account, pauses: list[float]) -> None:
    options = Options(Window.of("2026-01-01", "2026-03-01"))
    with requests(account.emulator) as asked:
        exported = rows_of(STREAM.open(account.client, options))

    listed = rows_of(STREAMS["activities"].open(account.client, options))
    assert [row["type"] for row in exported] == ["new_biz", "churn"]
    # these the file does not have
    missing = {"activity_arr": None, "subscription_set_external_id": None}
    extra = [json.loads(row.pop("extra")) for row in exported]
    assert exported == [{name: value for name, value in (row | missing).items() if name != "extra"} for row in listed]
    assert [one["active_subscription_quantity"] for one in extra] == ["1", "0"]
    assert [one["previous_plan_external_id"] for one in extra] == [None, "team"]
    assert asked == {"POST /activities_export": 1, "GET /activities_export/{export_id}": 3, "GET /files/{file_name}": 1}
    assert pauses == [1.0]


def test_the_end_of_the_interval_stays_outside(account: Account) -> None:
    reading = STREAM.open(account.client, Options(Window.of("2026-01-10", "2026-02-20")))

    assert [row["type"] for row in rows_of(reading)] == ["new_biz"]
    assert reading.scope is not None
    assert (reading.scope.column, reading.scope.start) == ("date", datetime(2026, 1, 10, tzinfo=UTC))
    assert reading.scope.end == datetime(2026, 2, 20, tzinfo=UTC)


def test_a_file_that_has_expired_is_named(account: Account) -> None:
    reading = STREAM.open(account.client, Options(JANUARY))
    (export_id,) = reading.parts()
    account.emulator.configure(now="2026-03-25T12:00:00Z")

    with pytest.raises(ChartMogulExportFailedError, match=f"{export_id} is no longer there, or its file has expired"):
        list(pages(reading, [(export_id, "1000")]))


def test_an_export_that_vanished_is_named(account: Account) -> None:
    reading = STREAM.open(account.client, Options(JANUARY))

    with pytest.raises(ChartMogulExportFailedError, match="no-such-export is no longer there"):
        list(pages(reading, [("no-such-export", "1000")]))


def test_the_link_to_the_file_is_in_no_log(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="airflow_provider_chartmogul")

    assert rows_of(STREAM.open(account.client, Options(JANUARY)))

    assert "X-Amz-Signature" not in "".join(record.getMessage() for record in caplog.records)


# waiting --------------------------------------------------------------------------------------------------------------


def test_looks_become_rarer_and_unknown_words_mean_that_it_goes_on(pauses: list[float]) -> None:
    exports = Exports(archive(HEADER), ("pending", "queued", *["working"] * 6, "succeeded"))

    assert rows_of(opened(exports)) == []

    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    assert exports.calls == ["create 01-01 02-01", *["retrieve"] * 10, "download"]


def test_an_export_that_failed_is_no_reading() -> None:
    with pytest.raises(ChartMogulExportFailedError, match="exp_1 failed"):
        rows_of(opened(Exports(b"", ("pending", "failed"))))


def test_the_wait_is_bounded(pauses: list[float]) -> None:
    with pytest.raises(ChartMogulWaitTimeoutError, match=r"exp_1 is still pending after 36\d\d s"):
        rows_of(opened(Exports(b"", ("pending",))))

    assert 3600 <= sum(pauses) < 3600 + activities_export.LONGEST_PAUSE


# the file -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("upper", [False, True])
def test_names_of_the_documented_layout_mean_fields_of_the_api(upper: bool) -> None:
    cells = {
        "date": "2026-01-02 03:04:05 UTC",
        "customer_name": "Ünï, Ltd.",
        "mrr_movement": "-4000",
        "mrr": "0.0",
        "description": "cancelled",
        "movement_type": "churn",
        "currency_code": "EUR",
        "billing_connector_uuid": "ds_1",
        "customer_external_id": "",
        "customer_uuid": "cus_1",
        "subscription_external_id": "007",
        "plan_external_id": "team",
        "active_subscription_quantity": "0",
        "uuid": "u1",
        "rank": "1",
        "previous_plan_external_id": "",
    }
    header = ",".join(name.upper() if upper else name for name in cells)
    values = ",".join(f'"{cell}"' for cell in cells.values())

    (row,) = rows_in(f"\ufeff{header}\r\n{values}\r\n")

    extra = json.loads(row.pop("extra"))
    assert row == {
        "uuid": "u1",
        "date": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "type": "churn",
        "description": "cancelled",
        "activity_mrr_movement": -4000,
        "activity_mrr": 0,
        "activity_arr": None,
        "currency": "EUR",
        "customer_uuid": "cus_1",
        "customer_external_id": None,
        "customer_name": "Ünï, Ltd.",
        "subscription_external_id": "007",
        "subscription_set_external_id": None,
        "plan_external_id": "team",
        "billing_connector_uuid": "ds_1",
    }
    assert {name.lower(): value for name, value in extra.items()} == {
        "active_subscription_quantity": "0",
        "rank": "1",
        "previous_plan_external_id": None,
    }


def test_names_of_the_api_are_known_too() -> None:
    (row,) = rows_in("Date,uuid,activity-mrr,Activity MRR Movement,Customer UUID\n2026-01-02,u1,5,6,c\n")

    assert (row["activity_mrr"], row["activity_mrr_movement"], row["customer_uuid"]) == (5, 6, "c")
    assert row["extra"] is None


def test_all_members_are_read_each_under_its_own_header() -> None:
    rows = rows_in(f"{HEADER}\n{line(1)}\n", "uuid,date\nu2,2026-01-03\n", "", f"{HEADER}\n")

    assert [(row["uuid"], row["activity_mrr_movement"]) for row in rows] == [("u1", 1), ("u2", None)]


def test_records_without_uuid_are_identified_by_what_they_say() -> None:
    cells = "date,customer_uuid,mrr\n2026-01-02,c1,5\n2026-01-02,c2,5\n2026-01-02,c1,5\n"

    first, second, like_the_first = records_of(opened(Exports(archive(cells))))
    again = records_of(opened(Exports(archive("mrr,date,customer_uuid\n5,2026-01-02,c1\n"))))

    assert first.key == like_the_first.key == again[0].key
    assert first.key != second.key
    assert [row["uuid"] for row in (first.rows or {})[""]] == [first.key]


@pytest.mark.parametrize(
    ("cells", "complaint"),
    [
        ("2026-01-02,u1,secret-value", "record u1: field 'activity-mrr-movement' does not hold a integer"),
        ("2026-01-02,u1,40.5", "record u1: field 'activity-mrr-movement'"),
        ("secret-value,u1,1", "record u1: field 'date' does not hold a timestamp"),
        (",u1,1", "a record has no 'date'"),
    ],
)
def test_values_of_another_kind_are_named_but_not_quoted(cells: str, complaint: str) -> None:
    with pytest.raises(ChartMogulInvalidResponseError, match=f"Stream activities_export.*{complaint}") as told:
        rows_in(f"{HEADER}\n{cells}\n")

    assert "secret-value" not in str(told.value)
    assert "40.5" not in str(told.value)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"<html>", "not a sound zip archive"),
        (archive(f"{HEADER}\n{line(1)}\n" * 50)[:-200], "not a sound zip archive"),
        (archive(b"date,uuid\n2026-01-02,\xff\n"), "not CSV in UTF-8"),
        (archive("date,uuid\n2026-01-02\n"), "a row has 1 values under 2 names"),
        (archive("date,uuid\n2026-01-02,a,secret-value\n"), "a row has 3 values under 2 names"),
        # longer than any reader of this process takes
        (archive("date,uuid\n2026-01-02," + "x" * 17_000_000), "not CSV in UTF-8"),
    ],
)
def test_a_damaged_file_is_named(content: bytes, complaint: str) -> None:
    with pytest.raises(ChartMogulInvalidResponseError, match=f"export exp_1 is damaged: {complaint}"):
        rows_of(opened(Exports(content)))


def test_a_member_with_a_wrong_checksum_is_damage() -> None:
    sound = archive(f"{HEADER}\n{line(1)}\n")
    with zipfile.ZipFile(io.BytesIO(sound)) as members:
        checksum = members.infolist()[-1].CRC.to_bytes(4, "little")

    with pytest.raises(ChartMogulInvalidResponseError, match="not a sound zip archive"):
        rows_of(opened(Exports(sound.replace(checksum, b"\0\0\0\0"))))


# pages ----------------------------------------------------------------------------------------------------------------


def test_a_walk_goes_on_from_every_position(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activities_export, "ROWS_PER_PAGE", 3)
    content = archive(*("\n".join([HEADER, *map(line, range(first, first + 4))]) for first in (0, 4, 8)))
    read = [([one.key for one in page.records], at) for page, at in pages(opened(Exports(content)))]
    whole = [key for keys, _ in read for key in keys]
    assert whole == [f"u{number}" for number in range(12)]
    assert [position for _, position in read] == [[("exp_1", "3")], [("exp_1", "6")], [("exp_1", "9")], []]

    for done, (_, position) in enumerate(read, 1):
        exports = Exports(content)
        rest = pages(opened(exports), json.loads(json.dumps(position)))
        assert [one.key for page, _ in rest for one in page.records] == whole[3 * done :]
        # the export is not ordered again
        assert exports.calls == (["retrieve", "download"] if position else [])


def test_a_page_has_a_thousand_rows() -> None:
    content = archive("\n".join([HEADER, *map(line, range(2500))]))

    assert [len(page.records) for page, _ in pages(opened(Exports(content)))] == [1000, 1000, 500]
