"""Plan groups: plans, of any data sources, that reports take together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.fields import checked
from airflow_provider_chartmogul.client.pagination import Listing, PageShape
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import Record, path

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIELDS = ("uuid",)
_SHAPE = PageShape("plan_groups", must_have=_FIELDS)
_PLANS = PageShape("plans", must_have=_FIELDS)


class PlanGroupsResource(Resource):
    """``client.plan_groups``. A record has ``plans_count``; its plans are listed by :meth:`list_plans`."""

    def list(self, *, per_page: int = 200, cursor: str | None = None) -> Listing:
        """List the plan groups of the account, newest first."""
        return self._listing("/plan_groups", {}, shape=_SHAPE, per_page=per_page, cursor=cursor)

    def create(self, *, name: str, plans: Sequence[str], **fields: Any) -> Record:
        """Make a plan group. Has no key: not repeated when it may have been done.

        Reference: ``/reference/plan-groups/add``.

        :param plans: uuids of at least one plan.
        :raises ChartMogulInvalidRecordError: there is no plan.
        :raises ChartMogulUnprocessableError: name or plans are refused; ``errors`` calls the latter ``plan_ids``.
        :raises ChartMogulAmbiguousWriteError: it may or may not have been made.
        """
        body = checked("plan_groups", {"name": name, "plans": plans, **fields})
        return self._api.post_unkeyed("/plan_groups", body, must_have=_FIELDS)

    def retrieve(self, plan_group_uuid: str) -> Record:
        """Return one plan group, without its plans.

        Reference: ``/reference/plan-groups/retrieve``.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        return self._api.get(path("/plan_groups/{}", plan_group_uuid), must_have=_FIELDS)

    def update(self, plan_group_uuid: str, **fields: Any) -> Record:
        """Change ``name`` or ``plans`` and return the plan group. Repeated at will.

        :param fields: ``name``; ``plans``, uuids that take the place of all plans of the group.
        :raises ChartMogulNotFoundError: there is none with this uuid.
        :raises ChartMogulUnprocessableError: a value is refused.
        """
        body = checked("plan_groups", fields, partial=True)
        return self._api.patch(path("/plan_groups/{}", plan_group_uuid), body, must_have=_FIELDS)

    def delete(self, plan_group_uuid: str) -> None:
        """Delete a plan group; its plans stay. Repeated at will.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        self._api.delete(path("/plan_groups/{}", plan_group_uuid))

    def list_plans(self, plan_group_uuid: str, *, per_page: int = 200, cursor: str | None = None) -> Listing:
        """List the plans of a group, as in ``client.plans``.

        :raises ChartMogulNotFoundError: while reading, when there is no such group.
        """
        url = path("/plan_groups/{}/plans", plan_group_uuid)
        return self._listing(url, {}, shape=_PLANS, per_page=per_page, cursor=cursor)
