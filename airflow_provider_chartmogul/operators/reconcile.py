"""Operator that holds a billing source against what ChartMogul has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul import json_lines, record_files
from airflow_provider_chartmogul.exceptions import ChartMogulReconciliationError
from airflow_provider_chartmogul.imports.records import INPUT_KINDS, PARTS
from airflow_provider_chartmogul.operators.base import check_allowance, check_flag, optional_text, required_id
from airflow_provider_chartmogul.operators.sources import ChartMogulSourcesOperator
from airflow_provider_chartmogul.reconcile import COLUMNS, Reconciliation, Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.moments import Moment

_PATHS: Final = ("differences_path", "fix_path", "update_path", "extra_path")


class ChartMogulReconcileOperator(ChartMogulSourcesOperator):
    """Compare a billing source with what ChartMogul holds in a data source, and say what would mend it. Sends nothing.

    The sources are those of ``ChartMogulBulkImportOperator``. A kind of record that is given is taken to be given as a
    whole: what the source does not have of it is extra in ChartMogul. Invoices are compared by ``external_id``, with
    line items and transactions, and summed up by customer, month and currency; of customers the MRR is compared as
    well, where all of it is in the currency of the account. A field that the source does not give is not compared, nor
    are ``description``, ``balance_transfer`` and the currency of fees, and the API's defaults equal an absence. Records
    that are faulty by themselves are told of and not compared. Everything lies on the local disk of the worker
    meanwhile, not in memory.

    What might destroy good data is not offered, only told of: the row of the difference has the reason as its
    ``message``, and the result counts it as ``open``. So it is with different invoices that hold something in
    ChartMogul which the source does not give, that are voided or written off, or whose parts in the source may not be
    complete, and with extra ones while the source may lack some by mistake. Plans and events that are refused or
    different are mended by no file: the import changes neither. Of a data source that is no custom one nothing is.

    The same source and the same ChartMogul give the same files, byte by byte. After an import
    ``ChartMogulProcessingSensor`` first waits until the MRR is up to date.

    Returns ``{"equal": …, "differences": numbers by kind and level, "open": numbers of invoices by kind, "compared":
    numbers of invoices, sums and MRR, "not_compared": number of customers whose MRR could not be}``. Kinds are
    ``missing``, ``extra``, ``different``, ``voided`` (in ChartMogul only), ``refused`` (ChartMogul keeps it out of
    sight with errors), ``sum``, ``mrr``, and ``invalid`` and ``unreadable`` (in the source). Levels are ``plan``,
    ``customer``, ``invoice``, ``event`` and ``month``.

    :param data_source_uuid: uuid of the custom data source, ``ds_…``. (templated)
    :param interval_start: only invoices of this instant or later, by their dates on either side. (templated)
    :param interval_end: only invoices before this instant. With a window, the MRR is not compared, and no invoice is
        offered for deletion: it may lie outside of the window in the source. (templated)
    :param differences_path: file for the table of differences, JSON Lines (gzip where it ends in ``.gz``) or Parquet:
        ``level``, ``kind``, ``customer_external_id``, ``month``, ``currency``, ``external_id``, ``field``,
        ``source_value``, ``chartmogul_value``, ``message``. (templated)
    :param fix_path: file for what is missing or different, and for invoices that are refused, as
        ``ChartMogulBulkImportOperator(records=…)`` takes it, JSON Lines; a different invoice gives way to that of the
        source, and is kept in the line as ``was``. (templated)
    :param update_path: file for the invoices that differ in nothing but date, due date, currency or collection method,
        as ``ChartMogulImportInvoicesOperator(records=…, if_exists="update")`` takes it, JSON Lines. (templated)
    :param extra_path: file for the invoices that are one too many, as ``ChartMogulDeleteInvoicesOperator(records=…)``
        takes it, JSON Lines, each kept in its line as ``was``. (templated)
    :param max_extra: how many invoices may be one too many; below 1, which share of those that ChartMogul has. If there
        are more, ``extra_path`` stays empty. It is empty as well while the source has invoices or parts that cannot be
        read or placed, or no sound invoice that ChartMogul has.
    :param compare_mrr: compare the MRR of customers.
    :param fail_on_difference: fail the task if there is any difference, when the files are written.
    :raises ChartMogulReconciliationError: there is, and ``fail_on_difference`` is set; the task is not retried.
    :raises ChartMogulNotFoundError: there is no such data source.
    :raises ValueError: parts of invoices are given without these, or ``max_extra`` is no number of 0 or more, when the
        DAG is parsed; two paths are the same.
    """

    template_fields: Sequence[str] = (
        *ChartMogulSourcesOperator.template_fields,
        "data_source_uuid",
        "interval_start",
        "interval_end",
        *_PATHS,
    )

    def __init__(
        self,
        *,
        data_source_uuid: str,
        interval_start: Moment | None = None,
        interval_end: Moment | None = None,
        differences_path: str | None = None,
        fix_path: str | None = None,
        update_path: str | None = None,
        extra_path: str | None = None,
        max_extra: float = 0.05,
        compare_mrr: bool = True,
        fail_on_difference: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.data_source_uuid = data_source_uuid
        self.interval_start = interval_start
        self.interval_end = interval_end
        self.differences_path = differences_path
        self.fix_path = fix_path
        self.update_path = update_path
        self.extra_path = extra_path
        self.max_extra = max_extra
        self.compare_mrr = compare_mrr
        self.fail_on_difference = fail_on_difference
        check_flag("compare_mrr", compare_mrr)
        check_flag("fail_on_difference", fail_on_difference)
        check_allowance("max_extra", max_extra)
        self._given_kinds()

    def execute(self, context: Context) -> dict[str, Any]:
        """Compare, write the files that are wanted, and return how many differences there are."""
        source = required_id("data_source_uuid", self.data_source_uuid)
        paths = {name: optional_text(name, getattr(self, name)) for name in _PATHS}
        _check_distinct(paths)
        window = Window.of(self.interval_start, self.interval_end)
        client, kinds = self.hook.get_conn(), self._given_kinds()
        options: dict[str, Any] = {"with_mrr": self.compare_mrr, "max_extra": self.max_extra}
        with Reconciliation(client, source, kinds, window, **options) as found:
            found.read(self.given())
            for warning in found.warnings:
                self.log.warning("%s", warning)
            found.compare()
            summary = found.summary()
            self.log.info("Reconciliation: %s", json.dumps(summary))
            self._write(found, paths)
        if self.fail_on_difference and not summary["equal"]:
            told = ", ".join(
                f"{count} {kind} ({level})"
                for kind, levels in summary["differences"].items()
                for level, count in levels.items()
            )
            where = f"; they are in {paths['differences_path']}" if paths["differences_path"] else ""
            raise ChartMogulReconciliationError(f"ChartMogul differs from the billing source: {told}{where}")
        return summary

    def _given_kinds(self) -> list[str]:
        kinds = [kind for kind in INPUT_KINDS if getattr(self, kind) not in (None, "", [])]
        if not self.records and "invoices" not in kinds and (parts := [kind for kind in PARTS if kind in kinds]):
            raise ValueError(f"{parts[0]} are compared with their invoices: give invoices as well")
        return kinds

    def _write(self, found: Reconciliation, paths: Mapping[str, str | None]) -> None:
        if path := paths["differences_path"]:
            count = record_files.write(self.storage_path(path), found.differences(), COLUMNS)
            self.log.info("differences_path: %d differences are in %s", count, path)
        plans = {"fix_path": found.fixes, "update_path": found.updates, "extra_path": found.extras}
        for name, lines in plans.items():
            if path := paths[name]:
                count = json_lines.write(self.storage_path(path), lines())
                self.log.info("%s: %d records are in %s", name, count, path)


def _check_distinct(paths: Mapping[str, str | None]) -> None:
    by_path: dict[str, str] = {}
    for name, path in paths.items():
        if path and by_path.setdefault(path, name) != name:
            raise ValueError(f"{by_path[path]} and {name} are the same file: {path}")
