"""Transactions: payments and refunds of invoices that are there already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_chartmogul.client.resources._billed import InvoicePartResource

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.moments import Moment


class TransactionsResource(InvoicePartResource):
    """``client.transactions``. ``handle_as_user_edit`` is explained in ``client.invoices``."""

    _kind = "transactions"

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
        return self._create(invoice_uuid, {"type": type, "date": date, "result": result, **fields}, handle_as_user_edit)

    def retrieve(
        self,
        transaction_uuid: str,
        *,
        with_disabled: bool | None = None,
        include_edit_histories: bool | None = None,
    ) -> Record:
        """Return one transaction; options as in ``client.invoices.list``.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        return self._retrieve(
            transaction_uuid,
            with_disabled=with_disabled,
            include_edit_histories=include_edit_histories,
        )

    def retrieve_by_external_id(
        self,
        data_source_uuid: str,
        external_id: str,
        *,
        with_disabled: bool | None = None,
        include_edit_histories: bool | None = None,
    ) -> Record:
        """Return one transaction, found by its external id; options as in ``client.invoices.list``.

        :raises ValueError: one of the two names is empty.
        :raises ChartMogulNotFoundError: the data source has none with this external id.
        """
        return self._retrieve_by_external_id(
            data_source_uuid,
            external_id,
            with_disabled=with_disabled,
            include_edit_histories=include_edit_histories,
        )

    def update(self, transaction_uuid: str, *, handle_as_user_edit: bool | None = None, **fields: Any) -> Record:
        """Change a payment or refund and return it. Repeated at will; the status of the invoice follows.

        Reference: ``/reference/transactions/update``.

        :param fields: any of those of :meth:`create`; ``external_id`` and the invoice stay.
        :raises ChartMogulNotFoundError: there is none with this uuid.
        :raises ChartMogulUnprocessableError: a value is refused, or all payments would be more than the invoice.
        """
        return self._update(self._by_uuid(transaction_uuid), fields, handle_as_user_edit)

    def update_by_external_id(
        self, data_source_uuid: str, external_id: str, *, handle_as_user_edit: bool | None = None, **fields: Any
    ) -> Record:
        """:meth:`update` a transaction that is named by its external id.

        Reference: ``/reference/transactions/update``.

        :raises ValueError: one of the two names is empty.
        """
        return self._update(self._by_external_id(data_source_uuid, external_id), fields, handle_as_user_edit)

    def disable(
        self, transaction_uuid: str, *, disabled: bool = True, handle_as_user_edit: bool | None = None
    ) -> Record:
        """Hide a transaction from all metrics, or bring it back, and return it. Repeated at will.

        Only in automatic data sources, and only with an external id.

        :param disabled: ``False`` brings it back.
        :raises ChartMogulNotFoundError: there is none with this uuid.
        :raises ChartMogulUnprocessableError: the data source is not automatic, or there is no external id.
        """
        return self._disable(self._by_uuid(transaction_uuid), disabled, handle_as_user_edit)

    def disable_by_external_id(
        self,
        data_source_uuid: str,
        external_id: str,
        *,
        disabled: bool = True,
        handle_as_user_edit: bool | None = None,
    ) -> Record:
        """:meth:`disable` a transaction that is named by its external id, or bring it back.

        :raises ValueError: one of the two names is empty.
        """
        return self._disable(self._by_external_id(data_source_uuid, external_id), disabled, handle_as_user_edit)

    def delete(self, transaction_uuid: str, *, handle_as_user_edit: bool | None = None) -> None:
        """Delete a transaction; the status of the invoice follows.

        Repeated at will.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        self._delete(self._by_uuid(transaction_uuid), handle_as_user_edit)

    def delete_by_external_id(
        self, data_source_uuid: str, external_id: str, *, handle_as_user_edit: bool | None = None
    ) -> None:
        """:meth:`delete` a transaction that is named by its external id.

        :raises ValueError: one of the two names is empty.
        """
        self._delete(self._by_external_id(data_source_uuid, external_id), handle_as_user_edit)
