"""Opportunities: sales that may come about. The API key must be that of a user with a CRM seat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.fields import checked
from airflow_provider_chartmogul.client.pagination import Listing, PageShape
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import Record, day, path

if TYPE_CHECKING:
    from airflow_provider_chartmogul.moments import Moment

_FIELDS = ("uuid",)
_SHAPE = PageShape("entries", must_have=_FIELDS)


class OpportunitiesResource(Resource):
    """``client.opportunities``. Pipelines and their stages are set up in the app; the API cannot list them."""

    def list(
        self,
        *,
        customer_uuid: str | None = None,
        owner: str | None = None,
        pipeline: str | None = None,
        pipeline_stage: str | None = None,
        estimated_close_date_on_or_after: Moment | None = None,
        estimated_close_date_on_or_before: Moment | None = None,
        per_page: int = 200,
        cursor: str | None = None,
    ) -> Listing:
        """List the opportunities of the account, newest first.

        Reference: ``/reference/list-opportunities``.

        :param owner: e-mail address of a user.
        :param pipeline: name of a pipeline; ``pipeline_stage``: name of a stage.
        :param estimated_close_date_on_or_after: first day; of a point in time, the day in UTC.
        :param estimated_close_date_on_or_before: last day.
        :raises ValueError: a date is none.
        """
        after, before = estimated_close_date_on_or_after, estimated_close_date_on_or_before
        params = {
            "customer_uuid": customer_uuid,
            "owner": owner,
            "pipeline": pipeline,
            "pipeline_stage": pipeline_stage,
            "estimated_close_date_on_or_after": day("estimated_close_date_on_or_after", after),
            "estimated_close_date_on_or_before": day("estimated_close_date_on_or_before", before),
        }
        return self._listing("/opportunities", params, shape=_SHAPE, per_page=per_page, cursor=cursor)

    def create(
        self,
        *,
        customer_uuid: str,
        owner: str,
        pipeline: str,
        pipeline_stage: str,
        estimated_close_date: Moment,
        currency: str,
        amount_in_cents: int,
        **fields: Any,
    ) -> Record:
        """Add an opportunity. Has no key: not repeated when it may have been done.

        Reference: ``/reference/opportunities/add``.

        :param owner: e-mail address of a user of the account.
        :param pipeline: name of a pipeline that exists; ``pipeline_stage``: name of one of its stages.
        :param estimated_close_date: a day; of a point in time, the day in UTC.
        :param currency: ISO 4217 code.
        :param amount_in_cents: integer cents of that currency.
        :param fields: ``type`` (``recurring`` by month, ``arr`` by year, ``one-time``), ``forecast_category``
            (``pipeline``, ``best_case``, ``committed``, ``lost``, ``won``), ``win_likelihood`` (0 to 100; else that
            of the stage), ``custom`` (a list of ``{"key": …, "value": …}``; the answer has a map).
        :raises ChartMogulNotFoundError: no such customer.
        :raises ChartMogulUnprocessableError: a field is refused.
        :raises ChartMogulAmbiguousWriteError: it may or may not have been added.
        """
        record = {
            "customer_uuid": customer_uuid,
            "owner": owner,
            "pipeline": pipeline,
            "pipeline_stage": pipeline_stage,
            "estimated_close_date": estimated_close_date,
            "currency": currency,
            "amount_in_cents": amount_in_cents,
        }
        body = _with_day(checked("opportunities", {**record, **fields}))
        return self._api.post_unkeyed("/opportunities", body, must_have=_FIELDS)

    def retrieve(self, opportunity_uuid: str) -> Record:
        """Return one opportunity.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        return self._api.get(path("/opportunities/{}", opportunity_uuid), must_have=_FIELDS)

    def update(self, opportunity_uuid: str, **fields: Any) -> Record:
        """Change the given fields and return the opportunity. Repeated at will.

        :param fields: as in :meth:`create`, except the customer.
        :raises ChartMogulNotFoundError: there is none with this uuid.
        :raises ChartMogulUnprocessableError: a value is refused.
        """
        body = _with_day(checked("opportunities", fields, partial=True))
        return self._api.patch(path("/opportunities/{}", opportunity_uuid), body, must_have=_FIELDS)

    def delete(self, opportunity_uuid: str) -> None:
        """Delete an opportunity. Repeated at will.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        self._api.delete(path("/opportunities/{}", opportunity_uuid))


def _with_day(record: Record) -> Record:
    if "estimated_close_date" not in record:
        return record
    return {**record, "estimated_close_date": day("estimated_close_date", record["estimated_close_date"])}
