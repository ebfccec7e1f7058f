"""Hold a billing source against what ChartMogul has in a data source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.fields.dates import now
from airflow_provider_chartmogul.imports.checking import check_together
from airflow_provider_chartmogul.imports.intake import Intake
from airflow_provider_chartmogul.imports.journal import Journal
from airflow_provider_chartmogul.imports.packing import ENVELOPE, MAX_BYTES
from airflow_provider_chartmogul.reconcile import names
from airflow_provider_chartmogul.reconcile.billing import Billing
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


class Reconciliation:
    """One comparison: :meth:`read` the source, :meth:`compare`, then ask for what was found. A context manager.

    Both sides lie on the local disk meanwhile, and are gone at the end.

    :param client: client of the account.
    :param data_source_uuid: data source, ``ds_…``.
    :param kinds: kinds of records that the source gives, even if there are none. Each is taken to be given as a whole:
        what is not among them is extra in ChartMogul.
    :param window: which invoices are compared, by their dates on either side.
    :param with_mrr: compare the MRR of customers as well; never within a window, which has only a part of it.
    """

    def __init__(
        self,
        client: ChartMogulClient,
        data_source_uuid: str,
        kinds: Collection[str],
        window: Window | None = None,
        *,
        with_mrr: bool = True,
    ) -> None:
        self._client = client
        self._source = data_source_uuid
        self._kinds = set(kinds)
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
        """Take all records of the source in, and see which are faulty by themselves or among each other."""
        intake = Intake(self._journal)
        intake.take_all(self._watched(given))
        self.warnings += intake.warnings
        check_together(self._journal, MAX_BYTES - ENVELOPE)

    def compare(self) -> None:
        """Read what ChartMogul holds, and compare."""
        events, invoices = "subscription_events" in self._kinds, "invoices" in self._kinds
        held = Held(self._client, self._source, self._journal)
        held.read(invoices=invoices, events=events)
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
        return self._findings.fixes()

    def extras(self) -> Iterator[Record]:
        """Yield the invoices whose deletion would, as the operator that deletes invoices takes them."""
        return self._findings.extras(self._source)

    def summary(self) -> dict[str, Any]:
        """Return ``{"equal": …, "differences": numbers by kind and level, "compared": numbers, "not_compared": …}``."""
        counts = self._findings.counts()
        left = sum(counts.pop(NO_DIFFERENCE, {}).values())
        return {"equal": not counts, "differences": counts, "compared": self._compared, "not_compared": left}

    def _watched(self, given: Iterable[Given]) -> Iterator[Given]:
        for one in given:
            self._kinds.add(one.kind)
            if one.kind == "invoices" and isinstance(one.record, Mapping) and "transactions" in one.record:
                self._kinds.add("transactions")
            yield one

    def _compare_invoices(self, held: Held) -> None:
        sums = Sums(self._journal)
        implied = Implied(self._journal, held.plans, now()) if self._with_mrr else None
        knows = "transactions" in self._kinds
        billing = Billing(self._journal, self._findings, self._window, with_transactions=knows)
        billing.compare(sums, implied)
        sums.compare(self._findings, self._window, with_transactions=knows)
        self._compared |= {"invoices": billing.compared, "sums": sums.compared}
        if implied is not None:
            implied.compare(self._findings)
            self._compared["mrr"] = implied.compared
