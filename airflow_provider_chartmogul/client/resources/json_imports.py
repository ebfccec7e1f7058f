"""Bulk imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import Record, path
from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError

_FIELDS = ("id", "status")

Rows = Sequence[Mapping[str, Any]]


class JsonImportsResource(Resource):
    """``client.json_imports``. Reference: ``/reference/bulk-import``."""

    def create(
        self,
        data_source_uuid: str,
        *,
        external_id: str,
        customers: Rows | None = None,
        plans: Rows | None = None,
        invoices: Rows | None = None,
        line_items: Rows | None = None,
        transactions: Rows | None = None,
        subscription_events: Rows | None = None,
    ) -> Record:
        """Queue flat lists of records that name each other by external ids. Keyed by ``external_id``.

        Send all records of a customer in one import of at most 5 MB, and the next import of the same customer only
        after this one is ``completed``. Records are checked later: see :meth:`retrieve`.

        Reference: ``/reference/bulk-import``.

        :param external_id: your id of the import, under which it can be followed.
        :return: the import with ``status`` ``queued``.
        """
        kinds = {
            "customers": customers,
            "plans": plans,
            "invoices": invoices,
            "line_items": line_items,
            "transactions": transactions,
            "subscription_events": subscription_events,
        }
        body = {"external_id": external_id, **{kind: rows for kind, rows in kinds.items() if rows is not None}}
        return self._create(data_source_uuid, external_id, body)

    def create_encoded(self, data_source_uuid: str, *, external_id: str, body: bytes) -> Record:
        """Queue the same as :meth:`create`, given as the JSON text that is to be sent: for many megabytes of it.

        Reference: ``/reference/bulk-import``.

        :param external_id: your id of the import, which stands in the text as well.
        :param body: UTF-8.
        """
        return self._create(data_source_uuid, external_id, body)

    def retrieve(self, data_source_uuid: str, import_id: str) -> Record:
        """Return ``status`` (``queued``, ``processing``, ``completed``) and ``status_details`` of an import.

        ``completed`` means stored, not that the metrics are calculated.

        Reference: ``/reference/bulk-import/track-status``.

        :param import_id: the ``external_id`` given, or the ``id`` of the answer.
        :raises ChartMogulNotFoundError: there is no such import.
        """
        url = path("/data_sources/{}/json_imports/{}", data_source_uuid, import_id)
        return self._api.get(url, must_have=_FIELDS)

    def _create(self, data_source_uuid: str, external_id: str, body: Record | bytes) -> Record:
        return self._api.post_keyed(
            path("/data_sources/{}/json_imports", data_source_uuid),
            body,
            find=lambda: self._find(data_source_uuid, external_id),
            must_have=_FIELDS,
        )

    def _find(self, data_source_uuid: str, external_id: str) -> Record | None:
        try:
            return self.retrieve(data_source_uuid, external_id)
        except ChartMogulNotFoundError:
            return None
