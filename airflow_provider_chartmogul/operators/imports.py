"""Operators that import billing data in bulk."""

from __future__ import annotations

import time
from abc import abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow.providers.common.compat.sdk import conf

from airflow_provider_chartmogul.exceptions import ChartMogulError, ChartMogulWaitTimeoutError
from airflow_provider_chartmogul.imports.billing_import import BillingImport, Limits
from airflow_provider_chartmogul.imports.packing import MAX_CUSTOMERS
from airflow_provider_chartmogul.imports.sending import Pace
from airflow_provider_chartmogul.imports.sources import open_source
from airflow_provider_chartmogul.operators.accounting import ChartMogulAccountingOperator
from airflow_provider_chartmogul.operators.base import (
    check_count,
    check_flag,
    optional_text,
    required_id,
    required_text,
    required_truth,
)
from airflow_provider_chartmogul.operators.sources import ChartMogulSourcesOperator
from airflow_provider_chartmogul.triggers.base import settled
from airflow_provider_chartmogul.triggers.imports import ChartMogulImportsTrigger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports import Given, ImportResult
    from airflow_provider_chartmogul.triggers.base import Event

_BEGUN: Final = "imports_begun"
"""XCom of a try that waits in the triggerer: which imports it has sent, and until when it waits."""


class ChartMogulImportOperator(ChartMogulAccountingOperator):
    """Base of the operators that import billing records by bulk JSON imports, and account for each.

    Everything is read and checked before anything is sent; with more than ``max_rejected`` faulty records nothing is
    sent at all. Plans go first. All records of a customer travel in one request, and requests about different customers
    are under way at the same time; a customer that is too large for one takes several, one after the other. The imports
    are named after their content, so that a retry, or a later run over the same data, finds them on the server, waits
    for those under way, and sends nothing twice. Of a request that is new, only what the data source does not have is
    sent. Records that exist already stay as they are (the API has no upsert) and count as success; refused invoices,
    which the API keeps out of sight, are deleted and sent again.

    Records are kept on the local disk of the worker meanwhile, not in memory.

    Returns ``{"records": counts by kind and state, "imports": number of bulk imports, "sent": how many of them are
    new}``. The states are ``created``, ``already_there`` (also what an earlier try has sent), ``rejected``,
    ``unknown`` and ``not_sent``. The end of the import is about the records: metrics follow later, for which there is
    ``ChartMogulProcessingSensor``. Reference: ``/reference/bulk-import``.

    :param data_source_uuid: uuid of the custom data source, ``ds_…``. (templated)
    :param check_only: whether to read and check everything, and send nothing: a dry run. (templated)
    :param scope: part of the names of the imports. Under another scope, what was deleted in ChartMogul is sent once
        more; what is there stays as it is. (templated)
    :param customers_per_request: most customers in one request; a request has at most 5 MB in any case.
    :param max_in_flight: most imports under way at the same time.
    :param poll_interval: seconds until the first question after an import's state; grows up to 30 s.
    :param timeout: seconds for the whole import.
    :param deferrable: wait in the triggerer. The sources are read once more when the wait is over.
    :raises ChartMogulImportFailedError: more than ``max_rejected`` records were rejected; the task is not retried.
    :raises ChartMogulImportIncompleteError: more than that are unknown; a retry asks for them.
    :raises ChartMogulWaitTimeoutError: not done within ``timeout``; a retry goes on waiting.
    """

    template_fields: Sequence[str] = (
        *ChartMogulAccountingOperator.template_fields,
        "data_source_uuid",
        "check_only",
        "scope",
    )

    # a bulk import tells no ids
    result_columns = tuple(name for name in ChartMogulAccountingOperator.result_columns if name != "uuid")

    def __init__(
        self,
        *,
        data_source_uuid: str,
        check_only: bool | str = False,
        scope: str = "",
        customers_per_request: int = MAX_CUSTOMERS,
        max_in_flight: int = 500,
        poll_interval: float = 1.0,
        timeout: float = 6 * 3600.0,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.data_source_uuid = data_source_uuid
        self.check_only = check_only
        self.scope = scope
        self.customers_per_request = customers_per_request
        self.max_in_flight = max_in_flight
        self.poll_interval = poll_interval
        self.timeout = timeout
        self.deferrable = deferrable
        self._check_arguments()

    def _check_arguments(self) -> None:
        for name in ("customers_per_request", "max_in_flight"):
            check_count(name, getattr(self, name), least=1)
        for name in ("poll_interval", "timeout"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0 seconds, not {getattr(self, name)}")
        check_flag("deferrable", self.deferrable)

    @abstractmethod
    def given(self) -> Iterator[Given]:
        """Yield the records."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Import, and return how many records are in which state."""
        return self._run(context, {}, time.time() + self.timeout)

    def execute_complete(self, context: Context, event: Event | None = None) -> dict[str, Any]:
        """Go on when the imports that were sent are worked off."""
        ti = context["ti"]
        begun = ti.xcom_pull(task_ids=self.task_id, key=_BEGUN, map_indexes=ti.map_index)
        try:
            settled(event)
        except ChartMogulError:
            self._tell_what_is_known(context, begun["sent"])
            raise
        return self._run(context, begun["sent"], begun["deadline"])

    def _tell_what_is_known(self, context: Context, sent: Mapping[str, str]) -> None:
        with self._billing_import(context, 0.0) as billing:
            billing.read(self.given())
            billing.take_as_begun(sent)
            self.tell_so_far(_Account(billing, check_only=False))

    def _billing_import(self, context: Context, timeout: float) -> BillingImport:
        limits = Limits(
            self.max_rejected,
            self.customers_per_request,
            scope=optional_text("scope", self.scope) or "",
            run=str(context.get("run_id") or ""),
        )
        pace = Pace(self.poll_interval, timeout, self.max_in_flight, waiting=not self.deferrable)
        data_source_uuid = required_id("data_source_uuid", self.data_source_uuid)
        return BillingImport(self.hook.get_conn(), data_source_uuid, limits, pace)

    def _run(self, context: Context, own: Mapping[str, str], deadline: float) -> dict[str, Any]:
        check_only = required_truth("check_only", self.check_only)
        self.check_paths()
        with self._billing_import(context, deadline - time.time()) as billing:
            billing.read(self.given())
            for warning in billing.warnings:
                self.log.warning("%s", warning)
            account = _Account(billing, check_only)
            if not check_only:
                with self.accounted(account):
                    under_way = billing.send(own)
                if under_way:
                    # not as arguments of what goes on: a DAG that is only tried out does not keep these
                    context["ti"].xcom_push(key=_BEGUN, value={"sent": billing.sent, "deadline": deadline})
                    self._wait_for(under_way, deadline)
            return self.conclude(account)

    def _wait_for(self, under_way: Sequence[str], deadline: float) -> None:
        left = deadline - time.time()
        if left <= 0:
            raise ChartMogulWaitTimeoutError(f"{len(under_way)} imports are not done after {self.timeout:g} s")
        self.log.info("Waiting for %d imports in the triggerer", len(under_way))
        self.defer(
            trigger=ChartMogulImportsTrigger(
                data_source_uuid=self.data_source_uuid,
                import_ids=list(under_way),
                chartmogul_conn_id=self.chartmogul_conn_id,
                poll_interval=max(self.poll_interval, 1.0),
                deadline=deadline,
            ),
            method_name="execute_complete",
            # the trigger keeps the deadline; the framework's timeout is only the net under it
            timeout=timedelta(seconds=left + 2 * max(self.poll_interval, 1.0) + 60),
        )


class ChartMogulBulkImportOperator(ChartMogulSourcesOperator, ChartMogulImportOperator):
    """Import customers, plans, invoices and subscription events by bulk JSON imports, and account for each record.

    Sources as :class:`~airflow_provider_chartmogul.operators.sources.ChartMogulSourcesOperator`; everything else as
    :class:`ChartMogulImportOperator`. Reference: ``/reference/bulk-import``.
    """

    template_fields: Sequence[str] = (
        *ChartMogulImportOperator.template_fields,
        *(
            name
            for name in ChartMogulSourcesOperator.template_fields
            if name not in ChartMogulImportOperator.template_fields
        ),
    )


class ChartMogulReplayRejectedOperator(ChartMogulImportOperator):
    """Import the records that another import has rejected, once they are corrected.

    Takes the file that ``rejected_path`` of an import named, with each ``record`` corrected in its place; other keys of
    a line, such as ``problems``, are ignored. Customers, plans and invoices that are there already may be named.
    Refused invoices, which the API keeps out of sight, are deleted before they are sent again. A line that is not
    corrected is rejected once more: name another ``rejected_path`` for those. Everything else as
    :class:`ChartMogulImportOperator`. Reference: ``/reference/bulk-import``.

    :param path: JSON Lines, or Parquet with the record as JSON text; ``*`` names several files. (templated)
    """

    template_fields: Sequence[str] = (*ChartMogulImportOperator.template_fields, "path")

    def __init__(self, *, path: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.path = path

    def check_paths(self) -> None:
        """Refuse also to write over the file that is read: what is not written would be gone.

        :raises ValueError: ``rejected_path`` or ``result_path`` is ``path``.
        """
        read = self.storage_path(required_text("path", self.path)).path
        for name in ("rejected_path", "result_path"):
            path = optional_text(name, getattr(self, name))
            if path and self.storage_path(path).path == read:
                raise ValueError(f"{name} and path name the same file")
        super().check_paths()

    def given(self) -> Iterator[Given]:
        """Yield the records of the file."""
        path = required_text("path", self.path)
        return open_source(None, path, path_conn_id=optional_text("path_conn_id", self.path_conn_id), name="path")


class _Account:
    """The account of an import, for the files and the result of a task."""

    def __init__(self, billing: BillingImport, check_only: bool) -> None:
        self._billing = billing
        self._check_only = check_only
        self._result: ImportResult | None = None

    @property
    def result(self) -> ImportResult:
        if self._result is None:
            self._result = self._billing.result()
        return self._result

    def summary(self) -> dict[str, Any]:
        return self.result.summary() | ({"check_only": True} if self._check_only else {})

    def rejected(self) -> Iterator[Record]:
        _ = self.result
        return self._billing.rejected()

    def results(self) -> Iterator[Record]:
        _ = self.result
        return self._billing.results()

    def complaint(self) -> str:
        return self.result.complaint()

    def raise_for_failures(self, max_rejected: float) -> None:
        self.result.raise_for_failures(max_rejected, sent=not self._check_only)
