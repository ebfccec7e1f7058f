"""Line items of invoices that are there already, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_chartmogul.client.resources._billed import InvoicePartResource

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client.resources.invoices import ValidationType
    from airflow_provider_chartmogul.client.values import Record


class LineItemsResource(InvoicePartResource):
    """``client.line_items``. ``handle_as_user_edit`` is explained in ``client.invoices``."""

    _kind = "line_items"

    def create(
        self,
        invoice_uuid: str,
        *,
        type: Literal["subscription", "one_time", "trial"],  # noqa: A002 - the API's name
        handle_as_user_edit: bool | None = None,
        **fields: Any,
    ) -> Record:
        """Add a line item to an invoice. Keyed by ``external_id`` if that is given.

        :param type: ``subscription``, ``one_time`` or ``trial``.
        :param fields: ``amount_in_cents`` (integer cents for the whole quantity, after discount, tax included; not
            needed for a trial); for subscriptions and trials also ``subscription_external_id``, ``plan_uuid``,
            ``service_period_start`` and ``service_period_end``; optionally ``external_id``, ``quantity``,
            ``tax_amount_in_cents``, ``prorated``, …
        :raises ChartMogulNotFoundError: no such invoice.
        :raises ChartMogulUnprocessableError: a field is refused.
        """
        return self._create(invoice_uuid, {"type": type, **fields}, handle_as_user_edit)

    def retrieve(
        self,
        line_item_uuid: str,
        *,
        validation_type: ValidationType | None = None,
        with_disabled: bool | None = None,
        include_edit_histories: bool | None = None,
    ) -> Record:
        """Return one line item; options as in ``client.invoices.list``.

        Reference: ``/reference/line-items/retrieve``.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        return self._retrieve(
            line_item_uuid,
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
        """Return one line item, found by its external id; options as in ``client.invoices.list``.

        Reference: ``/reference/line-items/retrieve``.

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

    def update(self, line_item_uuid: str, *, handle_as_user_edit: bool | None = None, **fields: Any) -> Record:
        """Change a line item and return it. Repeated at will; MRR follows in the background.

        Reference: ``/reference/line-items/update``.

        :param fields: any of those of :meth:`create`; ``external_id`` and the invoice stay.
        :raises ChartMogulNotFoundError: there is none with this uuid.
        :raises ChartMogulUnprocessableError: a value is refused.
        """
        return self._update(self._by_uuid(line_item_uuid), fields, handle_as_user_edit)

    def update_by_external_id(
        self, data_source_uuid: str, external_id: str, *, handle_as_user_edit: bool | None = None, **fields: Any
    ) -> Record:
        """:meth:`update` a line item that is named by its external id.

        Reference: ``/reference/line-items/update``.

        :raises ValueError: one of the two names is empty.
        """
        return self._update(self._by_external_id(data_source_uuid, external_id), fields, handle_as_user_edit)

    def disable(self, line_item_uuid: str, *, disabled: bool = True, handle_as_user_edit: bool | None = None) -> Record:
        """Hide a line item from all metrics, or bring it back, and return it. Repeated at will.

        Only in automatic data sources, and only with an external id.

        Reference: ``/reference/line-items/disable``.

        :param disabled: ``False`` brings it back.
        :raises ChartMogulNotFoundError: there is none with this uuid.
        :raises ChartMogulUnprocessableError: the data source is not automatic, or there is no external id.
        """
        return self._disable(self._by_uuid(line_item_uuid), disabled, handle_as_user_edit)

    def disable_by_external_id(
        self,
        data_source_uuid: str,
        external_id: str,
        *,
        disabled: bool = True,
        handle_as_user_edit: bool | None = None,
    ) -> Record:
        """:meth:`disable` a line item that is named by its external id, or bring it back.

        Reference: ``/reference/line-items/disable``.

        :raises ValueError: one of the two names is empty.
        """
        return self._disable(self._by_external_id(data_source_uuid, external_id), disabled, handle_as_user_edit)

    def delete(self, line_item_uuid: str, *, handle_as_user_edit: bool | None = None) -> None:
        """Delete a line item; a subscription that no other item names goes too.

        Repeated at will. Reference: ``/reference/line-items/delete``.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        self._delete(self._by_uuid(line_item_uuid), handle_as_user_edit)

    def delete_by_external_id(
        self, data_source_uuid: str, external_id: str, *, handle_as_user_edit: bool | None = None
    ) -> None:
        """:meth:`delete` a line item that is named by its external id.

        Reference: ``/reference/line-items/delete``.

        :raises ValueError: one of the two names is empty.
        """
        self._delete(self._by_external_id(data_source_uuid, external_id), handle_as_user_edit)
