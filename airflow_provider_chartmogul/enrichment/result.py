"""The account of a run: what became of every row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.enrichment.columns import KIND
from airflow_provider_chartmogul.exceptions import (
    ChartMogulError,
    ChartMogulImportFailedError,
    ChartMogulImportIncompleteError,
)
from airflow_provider_chartmogul.imports.rejections import Rejection, sorts_of, summarised
from airflow_provider_chartmogul.imports.result import MAX_PROBLEMS, allowed_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.enrichment.ledger import Ledger

CHANGES: Final[dict[str, type]] = {"set": dict, "removed": list, "tags_added": list, "tags_removed": list}
"""What can change at a customer, each with what holds it."""


@dataclass(slots=True, kw_only=True)
class Enrichment:
    """What became of the rows of one run.

    :param ledger: with all of them.
    :param ignore_missing: whether a row that names no customer has not failed.
    :param check_only: whether nothing is to be sent.
    :param fan_out: how many ``rows`` reach how many ``customers``, and how many one reaches at most (``largest``).
    :param customers: how many customers the sound rows reach.
    :param writes: how many requests changed something, or would have.
    :param stopped_by: the error after which nothing was sent any more.
    """

    ledger: Ledger
    ignore_missing: bool
    check_only: bool = False
    fan_out: dict[str, int] = field(default_factory=dict)
    customers: int = 0
    writes: int = 0
    stopped_by: ChartMogulError | None = None

    @property
    def failing(self) -> tuple[str, ...]:
        """The states of rows that have failed."""
        return ("rejected", "unknown") if self.ignore_missing else ("rejected", "not_found", "unknown")

    def failures(self) -> int:
        """Return how many rows have failed by now."""
        counts = self.ledger.counts()
        return sum(counts[state] for state in self.failing)

    def summary(self) -> dict[str, Any]:
        """Return the account as small JSON."""
        counts = self.ledger.counts()
        summary: dict[str, Any] = {"rows": counts.total(), "customers": self.customers}
        summary |= {state: counts[state] for state in ("unchanged", "changed", "rejected", "unknown", "not_found")}
        if counts["not_sent"]:
            summary["not_sent"] = counts["not_sent"]
        if self.check_only:
            summary["check_only"] = True
        return {**summary, "writes": self.writes, "fan_out": self.fan_out}

    def results(self) -> Iterator[Record]:
        """Yield what was done for each row at each customer, or would have been, in the order of the rows."""
        for position, place, customer, state, change in self.ledger.outcomes():
            done = {name: (change or {}).get(name) or empty() for name, empty in CHANGES.items()}
            yield {"position": position, "place": place, "customer_uuid": customer, "state": state, **done}

    def rejected(self) -> Iterator[Record]:
        """Yield the rows that have failed, as they were given, with their problems; corrected, they are rows again."""
        problems = self._rejections()
        problem = next(problems, None)
        for position, place, state, record, text in self.ledger.given(self.failing):
            faults = []
            while problem is not None and problem.position == position:
                faults.append({"field": problem.field, "message": problem.message})
                problem = next(problems, None)
            line = {"kind": KIND, "record": record, "problems": faults, "retryable": state == "unknown"}
            yield {**line, "position": position, "place": place} | ({} if text is None else {"text": text})

    def complaint(self) -> str:
        """Return how many rows have failed, and why; an empty text if none has."""
        failed = self.failures()
        return f"{failed} rows failed: {summarised(sorts_of(self._rejections()))}" if failed else ""

    def raise_for_failures(self, max_rejected: float = 0) -> None:
        """Raise if more rows have failed than may, or if some were not sent.

        :param max_rejected: number of rows, or below 1 a share of all.
        :raises ChartMogulImportFailedError: only a correction helps.
        :raises ChartMogulImportIncompleteError: ChartMogul could not be reached; a repeated run sends what is left.
        """
        if self.stopped_by is not None:
            raise self.stopped_by
        counts, failed = self.ledger.counts(), self.failures()
        allowed = allowed_of(max_rejected, counts.total())
        if failed <= allowed and not counts["not_sent"]:
            return
        left = f", {counts['not_sent']} others were not sent" if counts["not_sent"] else ""
        told = summarised(sorts_of(self._rejections()))
        text = f"{failed} rows failed ({allowed} allowed){left}: {told}"
        if failed - counts["unknown"] <= allowed:
            raise ChartMogulImportIncompleteError(text)
        raise ChartMogulImportFailedError(text, [found.as_dict() for found in self._rejections(MAX_PROBLEMS)])

    def _rejections(self, limit: int = -1) -> Iterator[Rejection]:
        for found in self.ledger.problems(self.failing, limit):
            name = found.pop("name")
            # never an address, which is a person's
            external_id, customer = name.get("external_id"), name.get("customer_uuid")
            retryable = found.pop("state") == "unknown"
            yield Rejection(KIND, external_id=external_id, customer=customer, retryable=retryable, **found)
