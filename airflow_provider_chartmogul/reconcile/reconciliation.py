"""Hold a billing source against what ChartMogul has in a data source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.fields.dates import now
from airflow_provider_chartmogul.imports.checking import check_together
from airflow_provider_chartmogul.imports.intake import Intake
from airflow_provider_chartmogul.imports.journal import Journal
from airflow_provider_chartmogul.imports.packing import ENVELOPE, MAX_BYTES
from airflow_provider_chartmogul.reconcile import names
from airflow_provider_chartmogul.reconcile.billing import Billing
from airflow_provider_chartmogul.reconcile.caution import Caution
from airflow_provider_chartmogul.reconcile.findings import NO_DIFFERENCE, Findings
from airflow_provider_chartmogul.reconcile.held import Held
from airflow_provider_chartmogul.reconcile.implied import Implied
from airflow_provider_chartmogul.reconcile.sums import Sums
from airflow_provider_chartmogul.reconcile.window import Window

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from types import TracebackType

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.given import Given

_CUSTOM = ("Custom", "Import API")
"""What systems of data sources begin with whose records come by the API, today and before."""


class Reconciliation:
    """One comparison: :meth:`read` the source, :meth:`compare`, then ask for what was found. A context manager.

    Both sides lie on the local disk meanwhile, and are gone at the end.

    :param client: client of the account.
    :param data_source_uuid: data source, ``ds_…``.
    :param kinds: kinds of records that the source gives, even if there are none. Each is taken to be given as a whole:
        what is not among them is extra in ChartMogul.
    :param window: which invoices are compared, by their dates on either side.
    :param with_mrr: compare the MRR of customers as well; never within a window, which has only a part of it.
    :param max_extra: how many invoices may be one too many, for any of them to be offered for deletion; below 1, which
        share of those that ChartMogul has.
    """

    def __init__(
        self,
        client: ChartMogulClient,
        data_source_uuid: str,
        kinds: Collection[str],
        window: Window | None = None,
        *,
        with_mrr: bool = True,
        max_extra: float = 0.05,
    ) -> None:
        self._client = client
        self._source = data_source_uuid
        self._kinds = set(kinds)
        self._with_transactions = "transactions" in self._kinds
        self._max_extra = max_extra
        self._is_custom = True
        self._window = window or Window()
        self._with_mrr = with_mrr and self._window.is_all
        self._journal = Journal()
        self._findings = Findings(self._journal)
        self._compared: dict[str, int] = {}
        self.warnings: list[str] = []

    def __enter__(self) -> Reconciliation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._journal.__exit__(kind, error, traceback)

    def read(self, given: Iterable[Given]) -> None:
        """Take all records of the source in, and see which are faulty by themselves or among each other.

        :raises ChartMogulNotFoundError: there is no such data source.
        """
        system = self._client.data_sources.retrieve(self._source).get("system") or ""
        self._is_custom = system.startswith(_CUSTOM)
        if not self._is_custom:
            self.warnings.append("The data source is no custom one: nothing is offered to mend what differs")
        intake = Intake(self._journal)
        intake.take_all(self._watched(given))
        self.warnings += intake.warnings
        check_together(self._journal, MAX_BYTES - ENVELOPE)

    def compare(self) -> None:
        """Read what ChartMogul holds, and compare."""
        events, invoices = "subscription_events" in self._kinds, "invoices" in self._kinds
        held = Held(self._client, self._source, self._journal)
        # without events of the source, those of ChartMogul tell whose MRR cannot be compared
        held.read(invoices=invoices, events=events or (invoices and self._with_mrr))
        names.note_bad_ones(self._journal, self._findings, self._window)
        if "plans" in self._kinds:
            names.compare_plans(self._journal, held.plans, self._findings)
        if "customers" in self._kinds:
            names.compare_customers(self._journal, self._findings)
        if events:
            names.compare_events(self._journal, self._findings)
        if invoices:
            self._compare_invoices(held)
        self._findings.flush()

    def differences(self) -> Iterator[Record]:
        """Yield what was found, each as :data:`~airflow_provider_chartmogul.reconcile.findings.COLUMNS`, sorted."""
        return self._findings.rows()

    def fixes(self) -> Iterator[Record]:
        """Yield the records of the source whose import would mend differences, as an import takes them."""
        return self._findings.fixes() if self._is_custom else iter(())

    def updates(self) -> Iterator[Record]:
        """Yield the invoices whose terms differ, as ``ChartMogulImportInvoicesOperator`` takes them."""
        return self._findings.updates(self._source)

    def extras(self) -> Iterator[Record]:
        """Yield the invoices whose deletion would, as the operator that deletes invoices takes them."""
        return self._findings.extras()

    def summary(self) -> dict[str, Any]:
        """Return ``{"equal": …, "differences": numbers by kind and level, "open": …, "compared": …, …}``.

        ``open``: numbers by kind of the invoices that differ and for which nothing is offered, since it might do harm.
        """
        counts = self._findings.counts()
        left = sum(counts.pop(NO_DIFFERENCE, {}).values())
        return {
            "equal": not counts,
            "differences": counts,
            "open": self._findings.open(),
            "compared": self._compared,
            "not_compared": left,
        }

    def _watched(self, given: Iterable[Given]) -> Iterator[Given]:
        for one in given:
            self._kinds.add(one.kind)
            yield one

    def _compare_invoices(self, held: Held) -> None:
        sums = Sums(self._journal)
        implied = Implied(self._journal, held.plans, now()) if self._with_mrr else None
        caution = Caution(self._journal, self._client, is_custom=self._is_custom, max_extra=self._max_extra)
        knows = self._with_transactions
        billing = Billing(self._journal, self._findings, self._window, caution, with_transactions=knows)
        billing.compare(sums, implied)
        sums.compare(self._findings, self._window, with_transactions=knows)
        self._compared |= {"invoices": billing.compared, "sums": sums.compared}
        if implied is not None:
            implied.compare(self._findings, None if "subscription_events" in self._kinds else self._client)
            self._compared["mrr"] = implied.compared
