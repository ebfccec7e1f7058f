"""Transactions: payments and refunds of invoices that are there already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_chartmogul.client.fields import checked
from airflow_provider_chartmogul.client.resources._named import named, retrieve_named
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.resources.invoices import InvoicesResource, part_finder
from airflow_provider_chartmogul.client.values import Record, path

if TYPE_CHECKING:
    from airflow_provider_chartmogul.moments import Moment

_FIELDS = ("uuid",)


class TransactionsResource(Resource):
    """``client.transactions``. ``handle_as_user_edit`` is explained in ``client.invoices``.

    Reference: ``/reference/transactions``.
    """

    def create(
        self,
        invoice_uuid: str,
        *,
        type: Literal["payment", "refund"],  # noqa: A002 - the API's name
        date: Moment,
        result: Literal["successful", "failed"],
        handle_as_user_edit: bool | None = None,
        **fields: Any,
    ) -> Record:
        """Add a payment or refund to an invoice. Keyed by ``external_id`` if that is given.

        Reference: ``/reference/transactions/add``.

        :param type: ``payment`` or ``refund``.
        :param result: ``successful`` or ``failed``.
        :param fields: ``external_id``, ``amount_in_cents`` (positive integer cents, also of a refund; without it the
            whole invoice), ``transaction_fees_in_cents``, ``transaction_fees_currency``.
        :raises ChartMogulNotFoundError: no such invoice.
        :raises ChartMogulUnprocessableError: a field is refused.
        """
        url = path("/import/invoices/{}/transactions", invoice_uuid)
        body = checked("transactions", {"type": type, "date": date, "result": result, **fields})
        query = {"handle_as_user_edit": handle_as_user_edit}
        find = part_finder(InvoicesResource(self._api), invoice_uuid, "transactions", fields.get("external_id"))
        return self._api.post_keyed(url, body, query, find=find, must_have=_FIELDS)

    def retrieve(
        self,
        transaction_uuid: str,
        *,
        with_disabled: bool | None = None,
        include_edit_histories: bool | None = None,
    ) -> Record:
        """Return one transaction; options as in ``client.invoices.list``.

        Reference: ``/reference/transactions/retrieve``.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        params = {
            "with_disabled": with_disabled,
            "include_edit_histories": include_edit_histories,
        }
        return self._api.get(path("/transactions/{}", transaction_uuid), params, must_have=_FIELDS)

    def retrieve_by_external_id(
        self,
        data_source_uuid: str,
        external_id: str,
        *,
        with_disabled: bool | None = None,
        include_edit_histories: bool | None = None,
    ) -> Record:
        """Return one transaction, found by its external id; options as in ``client.invoices.list``.

        Reference: ``/reference/transactions/retrieve``.

        :raises ValueError: one of the two names is empty.
        :raises ChartMogulNotFoundError: the data source has none with this external id.
        """
        query = named(
            data_source_uuid,
            external_id,
            with_disabled=with_disabled,
            include_edit_histories=include_edit_histories,
        )
        return retrieve_named(self._api, "transactions", query)

    def update(self, transaction_uuid: str, *, handle_as_user_edit: bool | None = None, **fields: Any) -> Record:
        """Change a payment or refund and return it. Repeated at will; the status of the invoice follows.

        Reference: ``/reference/transactions/update``.

        :param fields: any of those of :meth:`create`; ``external_id`` and the invoice stay.
        :raises ChartMogulNotFoundError: there is none with this uuid.
        :raises ChartMogulUnprocessableError: a value is refused, or all payments would be more than the invoice.
        """
        query = {"handle_as_user_edit": handle_as_user_edit}
        body = checked("transactions", fields, partial=True)
        return self._api.patch(path("/transactions/{}", transaction_uuid), body, query, must_have=_FIELDS)

    def update_by_external_id(
        self, data_source_uuid: str, external_id: str, *, handle_as_user_edit: bool | None = None, **fields: Any
    ) -> Record:
        """:meth:`update` a transaction that is named by its external id.

        Reference: ``/reference/transactions/update``.

        :raises ValueError: one of the two names is empty.
        """
        query = named(data_source_uuid, external_id, handle_as_user_edit=handle_as_user_edit)
        return self._api.patch("/transactions", checked("transactions", fields, partial=True), query, must_have=_FIELDS)

    def disable(
        self, transaction_uuid: str, *, disabled: bool = True, handle_as_user_edit: bool | None = None
    ) -> Record:
        """Hide a transaction from all metrics, or bring it back, and return it. Repeated at will.

        Only in automatic data sources, and only with an external id.

        Reference: ``/reference/transactions/disable``.

        :param disabled: ``False`` brings it back.
        :raises ChartMogulNotFoundError: there is none with this uuid.
        :raises ChartMogulUnprocessableError: the data source is not automatic, or there is no external id.
        """
        query = {"handle_as_user_edit": handle_as_user_edit}
        url = path("/transactions/{}/disabled_state", transaction_uuid)
        return self._api.patch(url, {"disabled": disabled}, query, must_have=_FIELDS)

    def disable_by_external_id(
        self,
        data_source_uuid: str,
        external_id: str,
        *,
        disabled: bool = True,
        handle_as_user_edit: bool | None = None,
    ) -> Record:
        """:meth:`disable` a transaction that is named by its external id, or bring it back.

        Reference: ``/reference/transactions/disable``.

        :raises ValueError: one of the two names is empty.
        """
        query = named(data_source_uuid, external_id, handle_as_user_edit=handle_as_user_edit)
        return self._api.patch("/transactions/disabled_state", {"disabled": disabled}, query, must_have=_FIELDS)

    def delete(self, transaction_uuid: str, *, handle_as_user_edit: bool | None = None) -> None:
        """Delete a transaction; the status of the invoice follows.

        Repeated at will. Reference: ``/reference/transactions/delete``.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        self._api.delete(
            path("/transactions/{}", transaction_uuid), params={"handle_as_user_edit": handle_as_user_edit}
        )

    def delete_by_external_id(
        self, data_source_uuid: str, external_id: str, *, handle_as_user_edit: bool | None = None
    ) -> None:
        """:meth:`delete` a transaction that is named by its external id.

        Reference: ``/reference/transactions/delete``.

        :raises ValueError: one of the two names is empty.
        """
        query = named(data_source_uuid, external_id, handle_as_user_edit=handle_as_user_edit)
        self._api.delete("/transactions", params=query)
