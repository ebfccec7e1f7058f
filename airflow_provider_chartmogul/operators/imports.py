"""Operators that import billing data in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.imports import BillingRecords, import_billing
from airflow_provider_chartmogul.imports.batching import MAX_CUSTOMERS
from airflow_provider_chartmogul.imports.records import INPUT_KINDS
from airflow_provider_chartmogul.operators.accounting import ChartMogulAccountingOperator
from airflow_provider_chartmogul.operators.base import required_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports import ImportResult

ListOrPath = list[dict[str, Any]] | str
"""Records themselves, or the path of a JSON Lines file with one record in each line."""


class ChartMogulImportBillingOperator(ChartMogulAccountingOperator):
    """Import customers, plans, invoices and subscription events by bulk JSON imports, and wait until they are done.

    All records are checked before anything is sent. All records of a customer travel in one request, plans before all
    customers. The imports are named after their content, so that a retry, or a later run over the same data, finds
    them on the server, waits for those under way, and sends nothing twice. Records that exist already stay as they are
    (the API has no upsert) and count as success. Each set of records is a list of dicts or, better for more than a few,
    the path of a JSON Lines file (gzip where it ends in ``.gz``); the fields are those of
    :class:`~airflow_provider_chartmogul.imports.records.BillingRecords`. All records are held in memory.

    Returns ``{"records": counts by kind and outcome, "imports": external ids, "sent": number of new ones}``. The end of
    the import is about the records: metrics follow later, for which there is
    ``ChartMogulProcessingSensor``. Reference: ``/reference/bulk-import``.

    :param data_source_uuid: uuid of the custom data source, ``ds_…``. (templated)
    :param customers: customers. (templated)
    :param plans: plans; those that the data source has already are not sent. (templated)
    :param invoices: invoices with nested ``line_items`` and ``transactions``. (templated)
    :param subscription_events: subscription events. (templated)
    :param records: records of mixed kinds, each as ``{"kind": "invoices", "record": {…}}``: the form in which
        ``rejected_path`` is written. (templated)
    :param customers_per_request: most customers in one request; a request has at most 5 MB in any case.
    :param max_in_flight: most imports under way at the same time.
    :param poll_interval: seconds until the first question after an import's state; grows up to 30 s.
    :param timeout: seconds for the whole import.
    :raises ChartMogulImportFailedError: more than ``max_rejected`` records were rejected; the task is not retried.
    :raises ChartMogulWaitTimeoutError: not done within ``timeout``; a retry goes on waiting.
    """

    template_fields: Sequence[str] = (
        *ChartMogulAccountingOperator.template_fields,
        "data_source_uuid",
        *INPUT_KINDS,
        "records",
    )
    template_fields_renderers = dict.fromkeys((*INPUT_KINDS, "records"), "json")

    def __init__(
        self,
        *,
        data_source_uuid: str,
        customers: ListOrPath | None = None,
        plans: ListOrPath | None = None,
        invoices: ListOrPath | None = None,
        subscription_events: ListOrPath | None = None,
        records: ListOrPath | None = None,
        customers_per_request: int = MAX_CUSTOMERS,
        max_in_flight: int = 4,
        poll_interval: float = 1.0,
        timeout: float = 3600.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.data_source_uuid = data_source_uuid
        self.customers = customers
        self.plans = plans
        self.invoices = invoices
        self.subscription_events = subscription_events
        self.records = records
        self.customers_per_request = customers_per_request
        self.max_in_flight = max_in_flight
        self.poll_interval = poll_interval
        self.timeout = timeout
        self._check_arguments()

    def _check_arguments(self) -> None:
        if all(getattr(self, name) is None for name in (*INPUT_KINDS, "records")):
            raise ValueError(f"give at least one of {', '.join(INPUT_KINDS)} and records")
        for name in ("customers_per_request", "max_in_flight"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in ("poll_interval", "timeout"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0 seconds, not {getattr(self, name)}")

    def send(self) -> tuple[BillingRecords, ImportResult]:
        """Import; return the records as they were given, and what became of them."""
        data_source_uuid = required_text("data_source_uuid", self.data_source_uuid)
        billing = self._read()
        result = import_billing(
            self.hook.get_conn(),
            data_source_uuid,
            billing,
            max_rejected=self.max_rejected,
            customers_per_request=self.customers_per_request,
            max_in_flight=self.max_in_flight,
            poll_interval=self.poll_interval,
            timeout=self.timeout,
        )
        for warning in result.warnings:
            self.log.warning("%s", warning)
        return billing, result

    def _read(self) -> BillingRecords:
        billing = BillingRecords(**{kind: self._records(kind) for kind in INPUT_KINDS})
        billing.extend(self._records("records"))
        return billing

    def _records(self, name: str) -> list[Record]:
        given: ListOrPath | None = getattr(self, name)
        if given is None:
            return []
        if isinstance(given, str):
            return self.read_lines(given)
        if not isinstance(given, list):
            raise TypeError(f"{name} must be a list of records or a path, not {type(given).__name__}")
        return list(given)
