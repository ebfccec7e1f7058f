"""Activities: the MRR movements, as a feed and as an export file."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Literal

from airflow_provider_chartmogul.client.pagination import Listing, PageShape
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import Record, moment, path, query

if TYPE_CHECKING:
    from airflow_provider_chartmogul.moments import Moment

MovementType = Literal["new_biz", "reactivation", "expansion", "contraction", "churn"]

_SHAPE = PageShape("entries")
_EXPORT_FIELDS = ("id", "status")


def _filters(start_date: Moment | None, end_date: Moment | None, movement: MovementType | None) -> dict[str, str | int]:
    return query(
        {
            "start-date": moment("start_date", start_date),
            "end-date": moment("end_date", end_date),
            "type": movement,
        }
    )


class ActivitiesResource(Resource):
    """``client.activities``. Money is integer cents of the account currency."""

    def list(
        self,
        *,
        start_date: Moment | None = None,
        end_date: Moment | None = None,
        type: MovementType | None = None,  # noqa: A002 - the API's name
        order: Literal["date", "-date"] | None = None,
        per_page: int = 200,
        cursor: str | None = None,
    ) -> Listing:
        """List the movements of the account, oldest first unless ``order`` is ``-date``.

        History is recomputed: a movement may vanish and come back with another ``uuid``.

        Reference: ``/reference/activities/list``.

        :param start_date: at or after this point in time, or this day in the account's time zone.
        :param end_date: at or before; needs ``start_date``.
        """
        params = {**_filters(start_date, end_date, type), "order": order}
        return self._listing("/activities", params, shape=_SHAPE, per_page=per_page, cursor=cursor)

    def list_for_customer(self, customer_uuid: str, *, per_page: int = 200, cursor: str | None = None) -> Listing:
        """List the movements of one customer, newest first.

        Reference: ``/reference/customers/list-activities``.

        :raises ChartMogulNotFoundError: while reading, when there is no such customer.
        """
        url = path("/customers/{}/activities", customer_uuid)
        return self._listing(url, {}, shape=_SHAPE, per_page=per_page, cursor=cursor)


class ActivitiesExportsResource(Resource):
    """``client.activities_exports``."""

    def create(
        self,
        *,
        start_date: Moment | None = None,
        end_date: Moment | None = None,
        type: MovementType | None = None,  # noqa: A002 - the API's name
    ) -> Record:
        """Order an export. Treated as idempotent: a second export of the same costs nothing and changes nothing.

        Reference: ``/reference/activities/create-export``.

        :return: the export with ``id`` and ``status`` ``pending``.
        """
        return self._api.post_idempotent(
            "/activities_export", _filters(start_date, end_date, type), must_have=_EXPORT_FIELDS
        )

    def retrieve(self, export_id: str) -> Record:
        """Return the export; once ``status`` is ``succeeded`` with a ``file_url`` that is good for seven days.

        Reference: ``/reference/activities/retrieve-export``.

        :raises ChartMogulNotFoundError: there is no such export.
        """
        return self._api.get(path("/activities_export/{}", export_id), must_have=_EXPORT_FIELDS)

    def download(self, file_url: str, target: BinaryIO) -> int:
        """Copy the zip archive of a finished export into an open binary file.

        The whole file is fetched before the first byte is written to the target.

        :param file_url: from :meth:`retrieve`. Whoever has it can read the file: do not log or store it.
        :param target: open for writing, such as ``ObjectStoragePath(...).open("wb")``.
        :return: size in bytes.
        :raises ChartMogulPermissionError: the URL has expired.
        """
        return self._api.download(file_url, target)
