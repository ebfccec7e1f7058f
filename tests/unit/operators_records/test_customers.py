"""Tasks that create, merge and split customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from airflow_provider_chartmogul.client.resources.customers import CustomersResource
from airflow_provider_chartmogul.exceptions import (
    ChartMogulImportFailedError,
    ChartMogulNotFoundError,
    ChartMogulUnprocessableError,
)
from airflow_provider_chartmogul.operators.customers import (
    ChartMogulImportCustomersOperator,
    ChartMogulMergeCustomersOperator,
    ChartMogulUnmergeCustomersOperator,
    ChartMogulUpdateCustomersOperator,
)
from tests.unit.imports.samples import customer
from tests.unit.operators_records.running import counts, run

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator


@pytest.fixture
def uuids(data_source: str) -> list[str]:
    records = [customer(1, attributes={"tags": ["old"]}), customer(2)]
    made: list[str] = run(ChartMogulImportCustomersOperator, records=records, data_source_uuid=data_source)["uuids"]
    return made


def test_a_field_named_like_an_argument_leaves_the_account_of_the_others(
    client: ChartMogulClient, uuids: list[str]
) -> None:
    records = [{"uuid": uuids[0], "customer_uuid": uuids[0], "name": "A"}, {"uuid": uuids[1], "name": "B"}]
    result = run(ChartMogulUpdateCustomersOperator, records=records, max_rejected=1)
    assert counts(result) == {"records": 2, "updated": 1, "rejected": 1}
    assert client.customers.retrieve(uuids[1])["name"] == "B"
    with pytest.raises(ChartMogulImportFailedError, match="'customer_uuid'"):
        run(ChartMogulUpdateCustomersOperator, records=records)


class TestIfExists:
    def import_again(self, data_source: str, **arguments: Any) -> dict[str, Any]:
        records = [customer(1, name="New name"), customer(3)]
        return run(ChartMogulImportCustomersOperator, records=records, data_source_uuid=data_source, **arguments)

    def test_skip(self, client: ChartMogulClient, data_source: str, uuids: list[str]) -> None:
        result = self.import_again(data_source)
        assert counts(result) == {"records": 2, "created": 1, "already_there": 1}
        assert result["uuids"][0] == uuids[0]
        assert client.customers.retrieve(uuids[0])["name"] == "Customer 1"

    def test_update(self, client: ChartMogulClient, data_source: str, uuids: list[str]) -> None:
        result = self.import_again(data_source, if_exists="update")
        assert counts(result) == {"records": 2, "created": 1, "updated": 1}
        assert result["uuids"][0] == uuids[0]
        found = client.customers.retrieve(uuids[0])
        assert (found["name"], found["attributes"]["tags"]) == ("New name", ["old"])

    def test_update_to_nothing(self, emulator: Emulator, data_source: str, uuids: list[str]) -> None:
        record = {"external_id": "acct-1"}
        given = {"records": record, "data_source_uuid": data_source, "if_exists": "update"}
        result = run(ChartMogulImportCustomersOperator, **given)
        assert (counts(result), result["uuids"]) == ({"records": 1, "already_there": 1}, uuids[:1])
        assert "PATCH /customers/{customer_uuid}" not in emulator.stats()["requests_by_operation"]

    def test_fail(self, data_source: str, uuids: list[str]) -> None:
        assert uuids
        with pytest.raises(ChartMogulImportFailedError, match="already exists") as caught:
            self.import_again(data_source, if_exists="fail")
        assert [(row["position"], row["field"]) for row in caught.value.rejected] == [(1, "external_id")]

    def test_a_record_may_name_its_own_data_source(self, client: ChartMogulClient, data_source: str) -> None:
        other = client.data_sources.create(name="Other")["uuid"]
        records = [customer(1), customer(1, data_source_uuid=other)]
        result = run(ChartMogulImportCustomersOperator, records=records, data_source_uuid=data_source)
        assert counts(result) == {"records": 2, "created": 2}
        assert client.customers.list(data_source_uuid=other).first() is not None


class TestMerge:
    def test_by_uuid(self, client: ChartMogulClient, uuids: list[str]) -> None:
        record = {"from": {"customer_uuid": uuids[0]}, "into": {"customer_uuid": uuids[1]}}
        result = run(ChartMogulMergeCustomersOperator, records=record)
        assert result == {
            "records": 1,
            "merged": 1,
            "already_merged": 0,
            "rejected": 0,
            "unknown": 0,
            "uuids": [uuids[1]],
        }
        assert sorted(client.customers.retrieve(uuids[1])["external_ids"]) == ["acct-1", "acct-2"]
        with pytest.raises(ChartMogulNotFoundError):
            client.customers.retrieve(uuids[0])
        again = run(ChartMogulMergeCustomersOperator, records=record)
        assert counts(again) == {"records": 1, "already_merged": 1}

    def test_by_external_id(self, client: ChartMogulClient, data_source: str, uuids: list[str]) -> None:
        goes, stays = ({"data_source_uuid": data_source, "external_id": f"acct-{number}"} for number in (1, 2))
        for state in ("merged", "already_merged"):
            result = run(ChartMogulMergeCustomersOperator, records={"from": goes, "into": stays})
            assert counts(result) == {"records": 1, state: 1}
        assert client.customers.list(data_source_uuid=data_source, external_id="acct-1").first() is not None
        assert len(list(client.customers.list())) == 1
        assert uuids[1] == client.customers.list().first()["uuid"]  # type: ignore[index]

    def test_into_nobody(self, uuids: list[str]) -> None:
        nobody = "cus_00000000-0000-0000-0000-000000000000"
        record = {"from": {"customer_uuid": uuids[0]}, "into": {"customer_uuid": nobody}}
        with pytest.raises(ChartMogulImportFailedError, match="not found"):
            run(ChartMogulMergeCustomersOperator, records=record)

    def test_two_that_are_refused_and_still_two_are_not_merged(
        self, client: ChartMogulClient, emulator: Emulator, data_source: str, uuids: list[str]
    ) -> None:
        refusing = ChartMogulMergeCustomersOperator(
            task_id="task",
            records={
                "from": {"data_source_uuid": data_source, "external_id": "acct-1"},
                "into": {"customer_uuid": uuids[1]},
            },
        )
        refused = ChartMogulUnprocessableError("cannot be merged", status_code=422)
        with (
            patch.object(CustomersResource, "merge", side_effect=refused),
            pytest.raises(ChartMogulImportFailedError, match="cannot be merged"),
        ):
            refusing.execute({})

    def test_a_customer_is_merged_once_and_not_into_itself(self, data_source: str, uuids: list[str]) -> None:
        goes, stays = ({"customer_uuid": uuid} for uuid in uuids)
        records = [{"from": goes, "into": stays}, {"from": dict(goes), "into": stays}, {"from": stays, "into": stays}]
        with pytest.raises(ChartMogulImportFailedError) as caught:
            run(ChartMogulMergeCustomersOperator, records=records)
        assert [(row["position"], row["field"], row["message"]) for row in caught.value.rejected] == [
            (2, "from", "is used before, in record 1"),
            (3, "from", "is the customer that stays"),
        ]

    def test_an_empty_uuid_beside_a_key_is_no_name(
        self, client: ChartMogulClient, emulator: Emulator, data_source: str, uuids: list[str]
    ) -> None:
        emulator.set_faults([{"kind": "drop_after", "method": "POST", "path": "merges", "times": 1}])
        goes = {"customer_uuid": "", "data_source_uuid": data_source, "external_id": "acct-1"}
        result = run(ChartMogulMergeCustomersOperator, records={"from": goes, "into": {"customer_uuid": uuids[1]}})
        assert counts(result) == {"records": 1, "merged": 1}
        assert [found["uuid"] for found in client.customers.list()] == [uuids[1]]

    def test_a_key_that_names_nobody(self, data_source: str, uuids: list[str]) -> None:
        # unlike a uuid, a key does not vanish in a merge
        typo = {"data_source_uuid": data_source, "external_id": "TYPO"}
        with pytest.raises(ChartMogulImportFailedError, match="not found"):
            run(ChartMogulMergeCustomersOperator, records={"from": typo, "into": {"customer_uuid": uuids[0]}})

    def test_unnamed_customers_are_refused_before_anything_is_sent(self, emulator: Emulator, uuids: list[str]) -> None:
        before = emulator.stats()["requests"]
        records = [
            {"from": {"customer_uuid": uuids[0]}},
            {"from": {"external_id": "acct-1"}, "into": {"customer_uuid": uuids[1]}},
        ]
        with pytest.raises(ChartMogulImportFailedError) as caught:
            run(ChartMogulMergeCustomersOperator, records=records)
        assert [(row["position"], row["field"]) for row in caught.value.rejected] == [
            (1, "into"),
            (2, "from.data_source_uuid"),
        ]
        assert emulator.stats()["requests"] == before


class TestUnmerge:
    def test_a_part_becomes_a_customer_again(
        self, client: ChartMogulClient, data_source: str, uuids: list[str]
    ) -> None:
        client.customers.merge(from_=uuids[0], into=uuids[1])
        client.customer_notes.create(customer_uuid=uuids[1], type="note", text="Moves along")
        record = {
            "customer_uuid": uuids[1],
            "data_source_uuid": data_source,
            "external_id": "acct-1",
            "move_to_new_customer": ["notes"],
        }
        assert counts(run(ChartMogulUnmergeCustomersOperator, records=record)) == {"records": 1, "unmerged": 1}
        part = client.customers.list(data_source_uuid=data_source, external_id="acct-1").first()
        assert part is not None
        assert part["uuid"] != uuids[1]
        assert [note["text"] for note in client.customer_notes.list(customer_uuid=part["uuid"])] == ["Moves along"]
        again = run(ChartMogulUnmergeCustomersOperator, records=record)
        assert counts(again) == {"records": 1, "already_unmerged": 1}

    @pytest.mark.parametrize("nobody", ["cus_nope", "None", "[]"])
    def test_of_a_customer_that_is_not_there(self, data_source: str, uuids: list[str], nobody: str) -> None:
        assert uuids
        record = {"customer_uuid": nobody, "data_source_uuid": data_source, "external_id": "acct-1"}
        with pytest.raises(ChartMogulImportFailedError):
            run(ChartMogulUnmergeCustomersOperator, records=record)

    def test_a_part_is_split_off_once(self, client: ChartMogulClient, data_source: str, uuids: list[str]) -> None:
        client.customers.merge(from_=uuids[0], into=uuids[1])
        record = {"customer_uuid": uuids[1], "data_source_uuid": data_source, "external_id": "acct-1"}
        with pytest.raises(ChartMogulImportFailedError, match="external_id is used before, in record 1"):
            run(ChartMogulUnmergeCustomersOperator, records=[record, {**record, "move_to_new_customer": ["notes"]}])

    def test_a_customer_of_one_part(self, data_source: str, uuids: list[str]) -> None:
        record = {"customer_uuid": uuids[0], "data_source_uuid": data_source, "external_id": "acct-1"}
        with pytest.raises(ChartMogulImportFailedError, match="customer_uuid"):
            run(ChartMogulUnmergeCustomersOperator, records=record)
