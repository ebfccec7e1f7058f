"""The account of an import: what became of every record."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from airflow_provider_chartmogul.exceptions import ChartMogulImportFailedError
from airflow_provider_chartmogul.imports.records import API_KINDS
from airflow_provider_chartmogul.imports.validation import Rejection, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.outcome import Outcome

STATES: Final = ("imported", "already_there", "rejected", "unknown", "not_sent")
_SHOWN: Final = 5
"""How many problems an error's text holds, one of each sort."""


@dataclass(slots=True)
class ImportResult:
    """What became of every record.

    :param counts: for each kind the number of records in each state of :data:`STATES`. A record refused before sending
        counts once, as the input record that it is.
    :param problems: one entry for each fault of each record that was rejected or is unaccounted for.
    :param warnings: sentences for people, e.g. about fields that look misspelt.
    :param imports: external ids of the imports on the server, found or sent.
    :param sent: how many of these this run sent.
    """

    counts: dict[str, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in API_KINDS})
    problems: list[Rejection] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    sent: int = 0

    @property
    def failures(self) -> int:
        """Number of records that were rejected or are unaccounted for."""
        return sum(count["rejected"] + count["unknown"] for count in self.counts.values())

    def refuse(self, rejections: Iterable[Rejection]) -> None:
        """Enter records that were not sent; several faults of one input record are one rejected record."""
        before = {problem.source for problem in self.problems}
        added = list(rejections)
        for source in {rejection.source for rejection in added} - before:
            self.counts[source.kind]["rejected"] += 1
        self.problems += added

    def enter(self, found: Iterable[Outcome]) -> None:
        """Enter what the API said about records."""
        for outcome in found:
            part = outcome.part
            self.counts[part.kind][outcome.state] += 1
            self.problems += [
                Rejection(part.kind, part.external_id, part.customer, name, message, part.source)
                for name, message in outcome.reasons
            ]

    def summary(self) -> dict[str, Any]:
        """Return ``{"records": counts by kind and state, "imports": external ids, "sent": number}`` as small JSON.

        Kinds without records are left out.
        """
        counts = {kind: {state: count[state] for state in STATES} for kind, count in self.counts.items() if count}
        return {"records": counts, "imports": self.imports, "sent": self.sent}

    def raise_for_failures(self, max_rejected: int = 0) -> None:
        """Raise unless at most this many records failed.

        :raises ChartMogulImportFailedError: with every problem in ``rejected``, and the first of each sort in its text.
        """
        if self.failures <= max_rejected:
            return
        raise ChartMogulImportFailedError(
            f"{self.failures} records were not imported ({max_rejected} allowed): {summarised(self.problems)}",
            [problem.as_dict() for problem in self.problems],
        )


def summarised(problems: Sequence[Rejection]) -> str:
    """Return a sentence with the first problem of each sort, and how many there are besides."""
    first_of_each: dict[tuple[str, str, str], Rejection] = {}
    for problem in problems:
        first_of_each.setdefault((problem.kind, problem.field, problem.message), problem)
    shown = list(first_of_each.values())[:_SHOWN]
    more = f"; and {len(problems) - len(shown)} more problems" if len(problems) > len(shown) else ""
    return f"{'; '.join(map(str, shown))}{more}"


class ByKind(Protocol):
    """Records that can be asked for by kind."""

    def of(self, kind: str, /) -> Sequence[Any]:
        """Return the records of one kind."""


def dead_letters(records: ByKind, problems: Iterable[Rejection]) -> Iterator[Record]:
    """Yield the input records that have problems, each as ``{"kind", "record", "problems"}``.

    Corrected, these lines can be imported as they are (:meth:`BillingRecords.extend`). The fault of a line item or
    transaction brings its whole invoice, of which the API then takes only what it does not have.
    """
    by_source: dict[Source, list[Rejection]] = {}
    for problem in problems:
        by_source.setdefault(problem.source, []).append(problem)
    for source, faults in by_source.items():
        record = records.of(source.kind)[source.position - 1]
        yield {"kind": source.kind, "record": record, "problems": [fault.as_dict() for fault in faults]}
