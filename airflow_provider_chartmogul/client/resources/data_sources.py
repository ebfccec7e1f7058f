"""Data sources: the containers of everything that is imported."""

from __future__ import annotations

from airflow_provider_chartmogul.client.errors import says_duplicate
from airflow_provider_chartmogul.client.pagination import Listing, PageShape
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import Record, path, with_fields
from airflow_provider_chartmogul.exceptions import ChartMogulUnprocessableError

_FIELDS = ("uuid",)
_SHAPE = PageShape("data_sources", paged=False, must_have=_FIELDS)


class DataSourcesResource(Resource):
    """``client.data_sources``. Reference: ``/reference/sources``."""

    def list(
        self,
        *,
        name: str | None = None,
        system: str | None = None,
        with_processing_status: bool | None = None,
        with_auto_churn_subscription_setting: bool | None = None,
        with_invoice_handling_setting: bool | None = None,
    ) -> Listing:
        """List the data sources, all in one answer.

        Reference: ``/reference/sources/list``.

        :param name: exact name.
        :param system: exact billing system, such as ``Custom`` or ``Stripe``.
        :param with_processing_status: add ``processing_status``.
        :param with_auto_churn_subscription_setting: add ``auto_churn_subscription_setting``.
        :param with_invoice_handling_setting: add ``invoice_handling_setting``.
        """
        params = {
            "name": name,
            "system": system,
            "with_processing_status": with_processing_status,
            "with_auto_churn_subscription_setting": with_auto_churn_subscription_setting,
            "with_invoice_handling_setting": with_invoice_handling_setting,
        }
        return self._listing("/data_sources", params, shape=_SHAPE)

    def create(self, *, name: str) -> Record:
        """Make a custom data source. Keyed by its name.

        Reference: ``/reference/sources/add``.

        :raises ChartMogulUnprocessableError: the name is taken.
        """
        answer = self._api.post_keyed("/data_sources", {"name": name}, find=lambda: self._find(name))
        return with_fields(answer, _FIELDS, "POST /data_sources")

    def get_or_create(self, *, name: str) -> Record:
        """Return the data source of this name, and make it if there is none. Safe against others who do the same."""
        found = self._find(name)
        if found is not None:
            return found
        try:
            return self.create(name=name)
        except ChartMogulUnprocessableError as error:
            winner = self._find(name) if says_duplicate(error) else None
            if winner is None:
                raise
            return winner

    def retrieve(
        self,
        data_source_uuid: str,
        *,
        with_processing_status: bool | None = None,
        with_auto_churn_subscription_setting: bool | None = None,
        with_invoice_handling_setting: bool | None = None,
    ) -> Record:
        """Return one data source; flags as in :meth:`list`.

        Reference: ``/reference/sources/retrieve``.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        params = {
            "with_processing_status": with_processing_status,
            "with_auto_churn_subscription_setting": with_auto_churn_subscription_setting,
            "with_invoice_handling_setting": with_invoice_handling_setting,
        }
        return self._api.get(path("/data_sources/{}", data_source_uuid), params, must_have=_FIELDS)

    def delete(self, data_source_uuid: str) -> None:
        """Delete a data source and all that was imported into it. The data disappears in the background.

        Reference: ``/reference/sources/delete``.
        """
        self._api.delete(path("/data_sources/{}", data_source_uuid))

    def _find(self, name: str) -> Record | None:
        return next((source for source in self.list(name=name) if source.get("name") == name), None)
