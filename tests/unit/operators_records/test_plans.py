"""Tasks on plans and plan groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulImportFailedError
from airflow_provider_chartmogul.operators.plan_groups import (
    ChartMogulCreatePlanGroupsOperator,
    ChartMogulDeletePlanGroupsOperator,
    ChartMogulUpdatePlanGroupsOperator,
)
from airflow_provider_chartmogul.operators.plans import ChartMogulImportPlansOperator
from tests.unit.imports.samples import plan
from tests.unit.operators_records.running import counts, run

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator


class TestPlans:
    def test_skip_update_fail(self, client: ChartMogulClient, data_source: str, team: dict[str, Any]) -> None:
        records = [plan(name="Team 2"), plan(external_id="gold", interval_unit="year")]
        given = {"records": records, "data_source_uuid": data_source}
        result = run(ChartMogulImportPlansOperator, **given)
        assert counts(result) == {"records": 2, "created": 1, "already_there": 1}
        assert client.plans.retrieve(team["uuid"])["name"] == "Team"
        result = run(ChartMogulImportPlansOperator, **given, if_exists="update")
        assert counts(result) == {"records": 2, "updated": 2}
        assert client.plans.retrieve(team["uuid"])["name"] == "Team 2"
        with pytest.raises(ChartMogulImportFailedError):
            run(ChartMogulImportPlansOperator, **given, if_exists="fail")

    def test_without_external_id_they_are_not_doubled(self, client: ChartMogulClient, data_source: str) -> None:
        record = plan()
        del record["external_id"]
        for state in ("created", "already_there"):
            result = run(ChartMogulImportPlansOperator, records=record, data_source_uuid=data_source)
            assert counts(result) == {"records": 1, state: 1}
        assert len(list(client.plans.list())) == 1


class TestPlanGroups:
    def test_one_of_each_name(self, client: ChartMogulClient, team: dict[str, Any]) -> None:
        record = {"name": "All", "plans": [team["uuid"]]}
        first = run(ChartMogulCreatePlanGroupsOperator, records=record)
        second = run(ChartMogulCreatePlanGroupsOperator, records=[record, {**record, "name": "More"}])
        assert counts(second) == {"records": 2, "created": 1, "already_there": 1}
        assert second["uuids"][0] == first["uuids"][0]
        assert sorted(group["name"] for group in client.plan_groups.list()) == ["All", "More"]

    def test_a_lost_answer_doubles_nothing(
        self, emulator: Emulator, client: ChartMogulClient, team: dict[str, Any]
    ) -> None:
        emulator.set_faults([{"kind": "drop_after", "method": "POST", "times": 1}])
        result = run(ChartMogulCreatePlanGroupsOperator, records={"name": "All", "plans": [team["uuid"]]})
        assert counts(result) == {"records": 1, "created": 1}
        assert [group["uuid"] for group in client.plan_groups.list()] == result["uuids"]

    def test_update_and_delete(self, client: ChartMogulClient, team: dict[str, Any]) -> None:
        made = run(ChartMogulCreatePlanGroupsOperator, records={"name": "All", "plans": [team["uuid"]]})
        (uuid,) = made["uuids"]
        result = run(ChartMogulUpdatePlanGroupsOperator, records={"uuid": uuid, "name": "Some"})
        assert counts(result) == {"records": 1, "updated": 1}
        assert client.plan_groups.retrieve(uuid)["name"] == "Some"
        assert counts(run(ChartMogulDeletePlanGroupsOperator, uuids=uuid)) == {"records": 1, "deleted": 1}
        assert list(client.plan_groups.list()) == []

    def test_a_group_needs_plans(self) -> None:
        with pytest.raises(ChartMogulImportFailedError, match="plans must hold at least one plan"):
            run(ChartMogulCreatePlanGroupsOperator, records={"name": "None", "plans": []})
