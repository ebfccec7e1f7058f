"""What invoices, line items and transactions share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from airflow_provider_chartmogul.client.fields import checked
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import path
from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.client.values import Record

FIELDS = ("uuid",)


class Target(NamedTuple):
    """Which record a request is about.

    :param path: where requests about it go.
    :param query: what names it there, if the path does not.
    """

    path: str
    query: Mapping[str, str]


class BilledResource(Resource):
    """Operations on records that are named by their uuid, or by data source and external id."""

    _kind: ClassVar[str]
    """``invoices``, ``line_items`` or ``transactions``: in paths, in answers, and for the check of fields."""

    def _by_uuid(self, uuid: str) -> Target:
        return Target(path(f"/{self._kind}/{{}}", uuid), {})

    def _by_external_id(self, data_source_uuid: str, external_id: str) -> Target:
        # without one of the two the API could mean another record
        if not (data_source_uuid and external_id):
            raise ValueError("name the record by data_source_uuid and external_id")
        return Target(f"/{self._kind}", {"data_source_uuid": data_source_uuid, "external_id": external_id})

    def _retrieve(self, uuid: str, **options: str | bool | None) -> Record:
        return self._api.get(self._by_uuid(uuid).path, options, must_have=FIELDS)

    def _retrieve_by_external_id(self, data_source_uuid: str, external_id: str, **options: str | bool | None) -> Record:
        target = self._by_external_id(data_source_uuid, external_id)
        answer = self._api.get(target.path, {**target.query, **options})
        # the answer holds the record in a list or bare
        for record in answer.get(self._kind, [answer]):
            if record.get("external_id") == external_id:
                return dict(record)
        raise ChartMogulNotFoundError(f"GET {target.path}: there is no record with this external id", status_code=404)

    def _update(self, target: Target, fields: Mapping[str, Any], handle_as_user_edit: bool | None) -> Record:
        query = {**target.query, "handle_as_user_edit": handle_as_user_edit}
        return self._api.patch(target.path, checked(self._kind, fields, partial=True), query, must_have=FIELDS)

    def _disable(self, target: Target, disabled: bool, handle_as_user_edit: bool | None) -> Record:
        query = {**target.query, "handle_as_user_edit": handle_as_user_edit}
        return self._api.patch(f"{target.path}/disabled_state", {"disabled": disabled}, query, must_have=FIELDS)

    def _delete(self, target: Target, handle_as_user_edit: bool | None) -> None:
        self._api.delete(target.path, params={**target.query, "handle_as_user_edit": handle_as_user_edit})


class InvoicePartResource(BilledResource):
    """Operations on what an invoice consists of."""

    def _create(self, invoice_uuid: str, fields: Mapping[str, Any], handle_as_user_edit: bool | None) -> Record:
        """Add a part to an invoice, keyed by its external id if it has one."""
        external_id = fields.get("external_id")

        def find() -> Record | None:
            invoice = self._api.get(path("/invoices/{}", invoice_uuid), {"validation_type": "all"}, must_have=FIELDS)
            return next((part for part in invoice.get(self._kind, []) if part.get("external_id") == external_id), None)

        return self._api.post_keyed(
            path(f"/import/invoices/{{}}/{self._kind}", invoice_uuid),
            checked(self._kind, fields),
            {"handle_as_user_edit": handle_as_user_edit},
            find=find if external_id else None,
            must_have=FIELDS,
        )
