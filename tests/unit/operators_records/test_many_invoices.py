"""Two thousand records, twenty of them bad in twenty ways: all others arrive, and each bad one is accounted for."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_chartmogul.exceptions import ChartMogulImportFailedError
from airflow_provider_chartmogul.operators.invoices import ChartMogulImportInvoicesOperator
from tests.unit.imports.samples import customer, invoice, line_item
from tests.unit.operators_records.running import counts, lines, run

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

CUSTOMERS = 40
RECORDS = 2_000
BAD_EVERY = 100


def _invoice(number: int, **fields: Any) -> dict[str, Any]:
    owner = number % CUSTOMERS
    return {**invoice(number), "customer_external_id": f"acct-{owner}", "line_items": [_item(number)], **fields}


def _item(number: int, **fields: Any) -> dict[str, Any]:
    return {**line_item(number % CUSTOMERS), "external_id": f"li-{number}", **fields}


def _without(number: int, name: str) -> dict[str, Any]:
    return {key: value for key, value in _invoice(number).items() if key != name}


# position to the record there, the field at fault, and words of the message
BAD: dict[int, tuple[Any, str, str]] = {
    100: (_without(100, "date"), "date", "is missing"),
    200: (_without(200, "external_id"), "external_id", "is missing"),
    300: (_invoice(300, date="1.3.2026"), "date", "must be a date"),
    400: (_invoice(400, currency="euro"), "currency", "ISO 4217"),
    500: (
        {**_without(500, "external_id"), "extrenal_id": "inv-500"},
        "external_id",
        "is missing; is 'extrenal_id' meant?",
    ),
    600: (_invoice(600, external_id="inv-560"), "external_id", "is used before, in record 560"),
    700: (_invoice(700, line_items=[]), "line_items", "at least one line item"),
    800: (_invoice(800, line_items="none"), "line_items", "must be a list"),
    900: (_invoice(900, line_items=[_item(900, amount_in_cents="5000")]), "line_items[0].amount_in_cents", "integer"),
    1000: (_invoice(1000, line_items=[_item(1000, type="monthly")]), "line_items[0].type", "must be one of"),
    1100: (_invoice(1100, line_items=[_item(1100, plan_external_id=None)]), "line_items[0].plan_uuid", "is missing"),
    1200: (_invoice(1200, line_items=[_item(1200, quantity=0)]), "line_items[0].quantity", "must not be 0"),
    1300: (_without(1300, "customer_external_id"), "customer_uuid", "is missing, and customer_external_id as well"),
    1400: (
        _invoice(1400, transactions=[{"type": "payment", "date": "2026-03-02", "result": "lost"}]),
        "transactions[0].result",
        "must be one of successful, failed",
    ),
    1500: ("inv-1500", "", "must be an object"),
    1600: (_invoice(1600, date="2999-01-01"), "date", "in the future"),
    1700: (_invoice(1700, currency="XYZ"), "currency", "ISO 4217"),
    # these look good until ChartMogul is asked
    1800: (_invoice(1800, customer_external_id="nobody"), "customer_external_id", "names no customer"),
    1900: (
        _invoice(1900, line_items=[_item(1900, plan_external_id="gold")]),
        "line_items[0].plan_external_id",
        "names no plan",
    ),
    2000: (_invoice(2000, line_items=[_item(2000, external_id="li-1")]), "line_items.external_id", "already exists"),
}


@pytest.fixture
def records(client: ChartMogulClient, data_source: str, team: dict[str, Any]) -> list[Any]:
    for number in range(CUSTOMERS):
        client.customers.create(data_source_uuid=data_source, **customer(number))
    return [BAD[number][0] if number in BAD else _invoice(number) for number in range(1, RECORDS + 1)]


def stored(client: ChartMogulClient, data_source: str) -> Counter[str]:
    return Counter(found["external_id"] for found in client.invoices.list(data_source_uuid=data_source))


EXPECTED = Counter(f"inv-{number}" for number in range(1, RECORDS + 1) if number not in BAD)


def test_bad_records_are_left_out_and_named(
    client: ChartMogulClient, data_source: str, records: list[Any], tmp_path: Path
) -> None:
    assert len(BAD) == 20
    path = tmp_path / "rejected.jsonl"
    given = {"records": records, "data_source_uuid": data_source, "rejected_path": str(path)}
    result = run(ChartMogulImportInvoicesOperator, **given, max_rejected=20)
    assert result == {
        "records": 2_000,
        "created": 1_980,
        "updated": 0,
        "already_there": 0,
        "rejected": 20,
        "unknown": 0,
    }
    assert stored(client, data_source) == EXPECTED
    letters = lines(path)
    assert [letter["record"] for letter in letters] == [record for record, *_ in BAD.values()]
    for letter, (position, (_, field, message)) in zip(letters, BAD.items(), strict=True):
        problem = letter["problems"][0]
        assert (problem["position"], problem["field"]) == (position, field)
        assert message in problem["message"]
        assert problem["message"]

    with pytest.raises(ChartMogulImportFailedError, match=r"20 records failed \(19 allowed\)") as caught:
        run(ChartMogulImportInvoicesOperator, **given, max_rejected=19)
    assert isinstance(caught.value, AirflowFailException)
    assert {row["position"] for row in caught.value.rejected} == BAD.keys()
    assert stored(client, data_source) == EXPECTED


def test_lost_answers_double_nothing(
    client: ChartMogulClient, emulator: Emulator, data_source: str, records: list[Any]
) -> None:
    good = [record for record in records if isinstance(record, dict)][:400]
    good = [record for record in good if record.get("external_id") in EXPECTED]
    emulator.set_faults([{"kind": "drop_after", "method": "POST", "every": 10}])
    first = run(ChartMogulImportInvoicesOperator, records=good, data_source_uuid=data_source)
    assert counts(first) == {"records": len(good), "created": len(good)}
    # what the answer to a second creation would have been, nobody could tell
    emulator.set_faults([])
    second = run(ChartMogulImportInvoicesOperator, records=good, data_source_uuid=data_source)
    assert counts(second) == {"records": len(good), "already_there": len(good)}
    assert stored(client, data_source) == Counter(record["external_id"] for record in good)
