"""Data sources: the containers of everything that is imported."""

from __future__ import annotations

from typing import BinaryIO, Literal

from airflow_provider_chartmogul.client.errors import says_duplicate
from airflow_provider_chartmogul.client.fields import checked
from airflow_provider_chartmogul.client.pagination import Listing, PageShape
from airflow_provider_chartmogul.client.request import File
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import Record, path
from airflow_provider_chartmogul.exceptions import ChartMogulUnprocessableError

CsvType = Literal[
    "customer",
    "contact",
    "plan",
    "invoice",
    "line_item",
    "transaction",
    "subscription_event",
    "manual_subscription_event",
    "customer_note",
    "customers_contacts_enrichment",
]

_FIELDS = ("uuid",)
_SHAPE = PageShape("data_sources", paged=False, must_have=_FIELDS)


class DataSourcesResource(Resource):
    """``client.data_sources``."""

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
        body = checked("data_sources", {"name": name})
        return self._api.post_keyed("/data_sources", body, find=lambda: self._find(name), must_have=_FIELDS)

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

        Repeated at will.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        self._api.delete(path("/data_sources/{}", data_source_uuid))

    def import_csv(
        self,
        data_source_uuid: str,
        *,
        file: str | bytes | BinaryIO,
        type: CsvType,  # noqa: A002 - the API's name
        batch_name: str | None = None,
    ) -> Record:
        """Queue a CSV file. Has no key: not repeated when it may have been done.

        Plans and customers come before invoices, and invoices before their line items and transactions. The API has
        no operation that tells how a batch went on.

        Reference: ``/reference/sources/import-csv``.

        :param file: UTF-8 text, its bytes, or a file that is open for reading bytes; held in memory.
        :param type: what the rows are, which decides the headers: ``customer``, ``contact``, ``plan``, ``invoice``,
            ``line_item``, ``transaction``, ``subscription_event``, ``manual_subscription_event``,
            ``customer_note``, ``customers_contacts_enrichment``.
        :param batch_name: a label.
        :return: the batch with ``id`` (an integer), ``status`` ``queued``, ``processed_count`` and ``error_count``.
        :raises ValueError: the file is empty.
        :raises ChartMogulNotFoundError: no such data source.
        :raises ChartMogulUnprocessableError: type, headers or encoding are refused.
        :raises ChartMogulAmbiguousWriteError: the file may or may not have been queued.
        """
        content = file.encode() if isinstance(file, str) else file if isinstance(file, bytes) else file.read()
        if not content:
            raise ValueError("file is empty")
        fields = {"type": type, **({} if batch_name is None else {"batch_name": batch_name})}
        csv = File(f"{type}.csv", content, "text/csv")
        url = path("/data_sources/{}/uploads", data_source_uuid)
        return self._api.post_unkeyed(url, fields, file=csv, must_have=("id",))

    def purge(self, data_source_uuid: str) -> None:
        """Delete the invoices, subscriptions and events of a data source; it stays, with its customers and plans.

        The data disappears in the background. Repeated at will. Not part of the reference.

        :raises ChartMogulNotFoundError: no such data source.
        """
        self._api.remove(path("/data_sources/{}/dependent", data_source_uuid))

    def empty(self, data_source_uuid: str) -> None:
        """Delete all data of a data source, customers included; it stays itself.

        The data disappears in the background. Repeated at will. Not part of the reference.

        :raises ChartMogulNotFoundError: no such data source.
        """
        self._api.remove(path("/data_sources/{}/all", data_source_uuid))

    def _find(self, name: str) -> Record | None:
        return next((source for source in self.list(name=name) if source.get("name") == name), None)
