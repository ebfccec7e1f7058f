"""Invoices, with their line items and transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_chartmogul.client.fields import checked
from airflow_provider_chartmogul.client.pagination import Listing, PageShape
from airflow_provider_chartmogul.client.resources._billed import FIELDS, BilledResource
from airflow_provider_chartmogul.client.values import Record, filled, path
from airflow_provider_chartmogul.exceptions import ChartMogulInvalidRecordError, ChartMogulUnprocessableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ValidationType = Literal["valid", "invalid", "all"]
FinalStatus = Literal["voided", "written_off"]

_SHAPE = PageShape("invoices", must_have=FIELDS)
_IMPORTED = PageShape("invoices", paged=False, must_have=("uuid", "external_id"))


class InvoicesResource(BilledResource):
    """``client.invoices``. Money is integer cents of the invoice currency.

    Where a method takes ``handle_as_user_edit``: in automatic data sources (Stripe, Chargebee, …) ``True`` keeps the
    change through re-syncs; elsewhere it means nothing.
    """

    _kind = "invoices"

    def list(
        self,
        *,
        customer_uuid: str | None = None,
        data_source_uuid: str | None = None,
        external_id: str | None = None,
        validation_type: ValidationType | None = None,
        with_disabled: bool | None = None,
        include_edit_histories: bool | None = None,
        per_page: int = 200,
        cursor: str | None = None,
    ) -> Listing:
        """List the invoices of the account, newest first, with line items and transactions.

        :param external_id: exact external id; unique only together with ``data_source_uuid``.
        :param validation_type: ``valid`` (what the API does by itself), ``invalid`` or ``all``.
        :param with_disabled: list disabled invoices as well.
        :param include_edit_histories: add ``edit_history_summary`` where there are edits.
        """
        params = {
            "customer_uuid": customer_uuid,
            "data_source_uuid": data_source_uuid,
            "external_id": external_id,
            "validation_type": validation_type,
            "with_disabled": with_disabled,
            "include_edit_histories": include_edit_histories,
        }
        return self._listing("/invoices", params, shape=_SHAPE, per_page=per_page, cursor=cursor)

    def list_for_customer(
        self,
        customer_uuid: str,
        *,
        validation_type: ValidationType | None = None,
        with_disabled: bool | None = None,
        include_edit_histories: bool | None = None,
        per_page: int = 200,
        cursor: str | None = None,
    ) -> Listing:
        """List the invoices of one customer, oldest first; options as in :meth:`list`.

        Reference: ``/reference/customers/list-invoices``.

        :raises ChartMogulNotFoundError: while reading, when there is no such customer.
        """
        params = {
            "validation_type": validation_type,
            "with_disabled": with_disabled,
            "include_edit_histories": include_edit_histories,
        }
        url = path("/import/customers/{}/invoices", customer_uuid)
        return self._listing(url, params, shape=_SHAPE, per_page=per_page, cursor=cursor)

    def create(
        self, customer_uuid: str, invoices: Sequence[Mapping[str, Any]], *, handle_as_user_edit: bool | None = None
    ) -> Record:
        """Import invoices of one customer, all or none. Keyed by their external ids.

        After a failure that leaves open what was stored, the invoices that are there are taken as done
        and only the others are sent again.

        Reference: ``/reference/invoices/add``.

        :param invoices: each with ``external_id``, ``date``, ``currency``, ``line_items`` and, optionally,
            ``due_date``, ``transactions``, ``collection_method``, and for a merged customer
            ``customer_external_id`` and ``data_source_uuid``.
        :return: ``{"invoices": [...]}``, in the order given.
        :raises ValueError: there is no invoice.
        :raises ChartMogulInvalidRecordError: one cannot be sent; named like ``invoices[1].line_items[0].type``.
        :raises ChartMogulUnprocessableError: one is refused, so none was stored; ``errors`` names it by position.
        :raises ChartMogulNotFoundError: no such customer (the API says "Invoice not found").
        """
        stored: dict[str, Record] = {}
        body = {"invoices": _checked(filled("invoices", invoices))}

        def find() -> Record | None:
            stored.update(self._stored(customer_uuid, invoices))
            body["invoices"] = [row for row in invoices if row["external_id"] not in stored]
            return None if body["invoices"] else {"invoices": []}

        url = path("/import/customers/{}/invoices", customer_uuid)
        answer = self._api.post_keyed(url, body, {"handle_as_user_edit": handle_as_user_edit}, find=find)
        imported = _IMPORTED.read(answer, f"POST {url}").records
        if not stored:
            return answer
        stored.update({row["external_id"]: row for row in imported})
        return {**answer, "invoices": [stored[row["external_id"]] for row in invoices]}

    def retrieve(
        self,
        invoice_uuid: str,
        *,
        validation_type: ValidationType | None = None,
        with_disabled: bool | None = None,
        include_edit_histories: bool | None = None,
    ) -> Record:
        """Return one invoice with line items and transactions; options as in :meth:`list`.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        return self._retrieve(
            invoice_uuid,
            validation_type=validation_type,
            with_disabled=with_disabled,
            include_edit_histories=include_edit_histories,
        )

    def retrieve_by_external_id(
        self,
        data_source_uuid: str,
        external_id: str,
        *,
        validation_type: ValidationType | None = None,
        with_disabled: bool | None = None,
        include_edit_histories: bool | None = None,
    ) -> Record:
        """Return one invoice with line items and transactions, found by its external id; options as in :meth:`list`.

        :raises ValueError: one of the two names is empty.
        :raises ChartMogulNotFoundError: the data source has none with this external id.
        """
        return self._retrieve_by_external_id(
            data_source_uuid,
            external_id,
            validation_type=validation_type,
            with_disabled=with_disabled,
            include_edit_histories=include_edit_histories,
        )

    def update(self, invoice_uuid: str, *, handle_as_user_edit: bool | None = None, **fields: Any) -> Record:
        """Change the terms of an invoice and return it. Repeated at will; MRR follows in the background.

        Reference: ``/reference/invoices/update``.

        :param fields: ``date`` (not in the future), ``due_date``, ``currency``, ``collection_method`` (``automatic``,
            ``manual``); nothing else of an invoice can change here.
        :raises ChartMogulNotFoundError: there is none with this uuid.
        :raises ChartMogulUnprocessableError: a value is refused.
        """
        return self._update(self._by_uuid(invoice_uuid), fields, handle_as_user_edit)

    def update_by_external_id(
        self, data_source_uuid: str, external_id: str, *, handle_as_user_edit: bool | None = None, **fields: Any
    ) -> Record:
        """:meth:`update` an invoice that is named by its external id.

        Reference: ``/reference/invoices/update``.

        :raises ValueError: one of the two names is empty.
        """
        return self._update(self._by_external_id(data_source_uuid, external_id), fields, handle_as_user_edit)

    def update_status(
        self,
        data_source_uuid: str,
        external_id: str,
        *,
        status: FinalStatus,
        handle_as_user_edit: bool | None = None,
    ) -> None:
        """Void an invoice or write it off; by default its items then no longer count for MRR.

        Repeated at will: an invoice that has the status already is success. The other statuses follow from the
        transactions.

        Reference: ``/reference/invoices/update-status``.

        :param status: ``voided`` or ``written_off``; neither can be taken back.
        :raises ChartMogulNotFoundError: no such data source, or it has no such invoice.
        :raises ChartMogulUnprocessableError: the invoice has the other one of the two statuses.
        """
        url = path("/data_sources/{}/invoices/{}/status", data_source_uuid, external_id)
        try:
            self._api.put(url, {"status": status}, {"handle_as_user_edit": handle_as_user_edit})
        except ChartMogulUnprocessableError:
            # our own change, whose answer was lost, is refused when it is asked for again
            if self.retrieve_by_external_id(data_source_uuid, external_id).get("status") != status:
                raise

    def disable(self, invoice_uuid: str, *, disabled: bool = True, handle_as_user_edit: bool | None = None) -> Record:
        """Hide an invoice with line items and transactions from all metrics, or bring it back. Repeated at will.

        Only in automatic data sources, and only if invoice, line items and transactions all have external ids.

        :param disabled: ``False`` brings it back.
        :return: the invoice; while it is disabled without line items and transactions.
        :raises ChartMogulNotFoundError: there is none with this uuid.
        :raises ChartMogulUnprocessableError: the data source is not automatic, or an external id is missing.
        """
        return self._disable(self._by_uuid(invoice_uuid), disabled, handle_as_user_edit)

    def disable_by_external_id(
        self,
        data_source_uuid: str,
        external_id: str,
        *,
        disabled: bool = True,
        handle_as_user_edit: bool | None = None,
    ) -> Record:
        """:meth:`disable` an invoice that is named by its external id, or bring it back.

        :raises ValueError: one of the two names is empty.
        """
        return self._disable(self._by_external_id(data_source_uuid, external_id), disabled, handle_as_user_edit)

    def delete(self, invoice_uuid: str, *, handle_as_user_edit: bool | None = None) -> None:
        """Delete an invoice with line items and transactions; a subscription without other invoices goes too.

        Repeated at will. Reference: ``/reference/delete-an-invoice``.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        self._delete(self._by_uuid(invoice_uuid), handle_as_user_edit)

    def delete_by_external_id(
        self, data_source_uuid: str, external_id: str, *, handle_as_user_edit: bool | None = None
    ) -> None:
        """:meth:`delete` an invoice that is named by its external id.

        Reference: ``/reference/delete-an-invoice``.

        :raises ValueError: one of the two names is empty.
        """
        self._delete(self._by_external_id(data_source_uuid, external_id), handle_as_user_edit)

    def delete_for_customer(self, data_source_uuid: str, customer_uuid: str) -> None:
        """Delete all invoices that a customer has in one data source, and so its subscriptions there.

        Repeated at will. Reference: ``/reference/invoices/delete-all``.

        :raises ChartMogulNotFoundError: no such data source or customer.
        """
        self._api.delete(path("/data_sources/{}/customers/{}/invoices", data_source_uuid, customer_uuid))

    def _stored(self, customer_uuid: str, invoices: Sequence[Mapping[str, Any]]) -> dict[str, Record]:
        found = {}
        for row in invoices:
            same = self.list(
                customer_uuid=customer_uuid,
                data_source_uuid=row.get("data_source_uuid"),
                external_id=row["external_id"],
                validation_type="all",
            )
            if (invoice := same.first()) is not None:
                found[row["external_id"]] = invoice
        return found


def _checked(invoices: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    for position, row in enumerate(invoices):
        try:
            checked("invoices", row)
        except ChartMogulInvalidRecordError as error:
            found = [(f"invoices[{position}].{field}", message) for field, message in error.problems]
            words = "; ".join(f"{field} {message}" for field, message in found)
            raise ChartMogulInvalidRecordError(words, found) from None
    return list(invoices)
