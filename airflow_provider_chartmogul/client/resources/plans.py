"""Plans: name and interval of what customers subscribe to. Prices are on the line items."""

from __future__ import annotations

from typing import Any, Literal

from airflow_provider_chartmogul.client.fields import checked
from airflow_provider_chartmogul.client.pagination import Listing, PageShape
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import Record, path

IntervalUnit = Literal["day", "month", "year"]

_FIELDS = ("uuid",)
_SHAPE = PageShape("plans", must_have=_FIELDS)


class PlansResource(Resource):
    """``client.plans``."""

    def list(
        self,
        *,
        data_source_uuid: str | None = None,
        external_id: str | None = None,
        system: str | None = None,
        per_page: int = 200,
        cursor: str | None = None,
    ) -> Listing:
        """List the plans of all data sources, newest first.

        :param system: only plans of this billing system, such as ``Custom``.
        """
        params = {"data_source_uuid": data_source_uuid, "external_id": external_id, "system": system}
        return self._listing("/plans", params, shape=_SHAPE, per_page=per_page, cursor=cursor)

    def create(
        self,
        *,
        data_source_uuid: str,
        name: str,
        interval_count: int,
        interval_unit: IntervalUnit,
        external_id: str | None = None,
        **fields: Any,
    ) -> Record:
        """Add a plan to a custom data source. Keyed by ``data_source_uuid`` and ``external_id`` if that is given.

        Reference: ``/reference/plans/add``.

        :param interval_count: 3 with ``month`` is quarterly, 7 with ``day`` weekly.
        :param external_id: your id, unique in the data source; without one the creation cannot be repeated safely.
        :raises ChartMogulUnprocessableError: a field is refused, or the external id is taken.
        """
        body: Record = {
            "data_source_uuid": data_source_uuid,
            "name": name,
            "interval_count": interval_count,
            "interval_unit": interval_unit,
            **({} if external_id is None else {"external_id": external_id}),
        }
        same = self.list(data_source_uuid=data_source_uuid, external_id=external_id)
        find = same.first if external_id else None
        return self._api.post_keyed("/plans", checked("plans", {**body, **fields}), find=find, must_have=_FIELDS)

    def retrieve(self, plan_uuid: str) -> Record:
        """Return one plan.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        return self._api.get(path("/plans/{}", plan_uuid), must_have=_FIELDS)

    def update(self, plan_uuid: str, **fields: Any) -> Record:
        """Change ``name``, ``interval_count`` or ``interval_unit``. MRR is recalculated in the background.

        Repeated at will.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        :raises ChartMogulUnprocessableError: a value is refused.
        """
        body = checked("plans", fields, partial=True)
        return self._api.patch(path("/plans/{}", plan_uuid), body, must_have=_FIELDS)

    def delete(self, plan_uuid: str) -> None:
        """Delete a plan of a custom data source.

        :raises ChartMogulUnprocessableError: subscriptions or invoices still name it.
        """
        self._api.delete(path("/plans/{}", plan_uuid))
