"""Operators on plan groups, which reports take together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.exceptions import ChartMogulAmbiguousWriteError
from airflow_provider_chartmogul.imports.each import Sent
from airflow_provider_chartmogul.operators.changing_records import (
    ChartMogulDeleteRecordsOperator,
    ChartMogulUpdateRecordsOperator,
)
from airflow_provider_chartmogul.operators.records import ChartMogulRecordsOperator

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.each import Send


class ChartMogulCreatePlanGroupsOperator(ChartMogulRecordsOperator):
    """Make plan groups. A group of the same name that is there counts as ``already_there`` and stays as it is.

    A record has ``name`` and ``plans``, the uuids of at least one plan of any data source. The other count is
    ``created``. Arguments, result and errors as in
    :class:`~airflow_provider_chartmogul.operators.records.ChartMogulRecordsOperator`.
    Reference: ``/reference/plan-groups/add``.
    """

    kind = "plan_groups"
    states = ("created", "already_there")
    key_fields = ("name",)

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what makes one group, unless there is one of its name."""
        there = _by_name(client)

        def send(record: Record) -> Sent:
            name = record["name"]
            if name in there:
                return Sent("already_there", there[name])
            try:
                return Sent("created", client.plan_groups.create(**record)["uuid"])
            except ChartMogulAmbiguousWriteError:
                found = _by_name(client).get(name)
                if found is None:
                    raise
                return Sent("created", found)

        return send


class ChartMogulUpdatePlanGroupsOperator(ChartMogulUpdateRecordsOperator):
    """Change the ``name`` or the ``plans`` (all of them) of plan groups.

    Arguments, result and errors as in
    :class:`~airflow_provider_chartmogul.operators.changing_records.ChartMogulUpdateRecordsOperator`.
    """

    kind = "plan_groups"


class ChartMogulDeletePlanGroupsOperator(ChartMogulDeleteRecordsOperator):
    """Delete plan groups; their plans stay.

    Arguments, result and errors as in
    :class:`~airflow_provider_chartmogul.operators.changing_records.ChartMogulDeleteRecordsOperator`.
    """

    kind = "plan_groups"


def _by_name(client: ChartMogulClient) -> dict[str, str]:
    # the API cannot be asked for a name, and takes one twice
    return {group["name"]: group["uuid"] for group in client.plan_groups.list()}
