"""Plans, plan groups, and which plans are in which group."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.streams.columns import INTEGER, STRING, columns
from airflow_provider_chartmogul.streams.lists import WHOLE, list_stream, walked
from airflow_provider_chartmogul.streams.model import Reading, Record, Stream, Table
from airflow_provider_chartmogul.streams.records import Member

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.streams.model import Options

_PLAN = (
    *columns(STRING, "uuid", "external_id", "data_source_uuid", "name"),
    *columns(INTEGER, "interval_count"),
    *columns(STRING, "interval_unit"),
)

PLAN = Table(columns=_PLAN, key=("uuid",))

PLAN_GROUP = Table(columns=(*columns(STRING, "uuid", "name"), *columns(INTEGER, "plans_count")), key=("uuid",))

PLAN_GROUP_PLAN = Table(
    columns=(*columns(STRING, "plan_group_uuid"), *_PLAN),
    key=("plan_group_uuid", "uuid"),
)


def _open_plans_of_groups(client: ChartMogulClient, options: Options) -> Reading:
    """Begin a walk over all plan groups that costs a request more for each of them."""
    return Reading(
        lambda part, cursor: walked(client.plan_groups.list(cursor=cursor), partial(_plans_of_group, client))
    )


def _plans_of_group(client: ChartMogulClient, group: Mapping[str, Any]) -> Record:
    uuid = group["uuid"]
    try:
        plans = list(client.plan_groups.list_plans(uuid))
    except ChartMogulNotFoundError:
        # deleted since it was listed
        plans = []
    rows = [PLAN_GROUP_PLAN.row("plan_group_plans", {**plan, "plan_group_uuid": uuid}) for plan in plans]
    return Record(uuid, {"": rows})


PLANS = list_stream("plans", "a plan", "plans", Member(PLAN), by_source=True)
PLAN_GROUPS = list_stream("plan_groups", "a group of plans", "plan_groups", Member(PLAN_GROUP))
PLAN_GROUP_PLANS = Stream(
    "plan_group_plans",
    "a plan in a plan group",
    "GET /plan_groups, GET /plan_groups/{plan_group_uuid}/plans",
    (PLAN_GROUP_PLAN,),
    _open_plans_of_groups,
    remarks=WHOLE,
)
