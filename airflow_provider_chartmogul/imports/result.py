"""The account of an import: what became of every record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.exceptions import ChartMogulImportFailedError, ChartMogulImportIncompleteError
from airflow_provider_chartmogul.imports.journal import STATES

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from airflow_provider_chartmogul.imports.rejections import Rejection

MAX_PROBLEMS: Final = 100
"""So many problems an account holds; all are in the files that are written."""


@dataclass(slots=True)
class ImportResult:
    """What became of the records.

    :param counts: for each kind the number of input records in each state of
        :data:`~airflow_provider_chartmogul.imports.journal.STATES`. An invoice is one record, with all that is in it.
    :param problems: the first faults of records that were rejected or are unknown.
    :param problem_count: how many there are.
    :param reasons: the sorts of causes, of all of these, as a sentence.
    :param warnings: sentences for people, e.g. about fields that look misspelt.
    :param imports: how many bulk imports on the server hold the records, found or sent.
    :param sent: external ids of those that this run sent.
    """

    counts: Mapping[str, Counter[str]]
    problems: list[Rejection] = field(default_factory=list)
    problem_count: int = 0
    reasons: str = ""
    warnings: list[str] = field(default_factory=list)
    imports: int = 0
    sent: list[str] = field(default_factory=list)

    def total(self, *states: str) -> int:
        """Return the number of records in these states, in all without any."""
        return sum(count[state] for count in self.counts.values() for state in states or count)

    @property
    def failures(self) -> int:
        """Number of records that were rejected or are unaccounted for."""
        return self.total("rejected", "unknown")

    def summary(self) -> dict[str, Any]:
        """Return ``{"records": counts by kind and state, "imports": number, "sent": number of new ones}``.

        Kinds without records are left out.
        """
        counts = {kind: {state: count[state] for state in STATES} for kind, count in self.counts.items() if count}
        return {"records": counts, "imports": self.imports, "sent": len(self.sent)}

    def complaint(self) -> str:
        """Return how many records failed, and why; an empty text if none did."""
        return f"{self.failures} records were not imported: {self.reasons}" if self.failures else ""

    def raise_for_failures(self, max_rejected: float = 0, *, sent: bool = True) -> None:
        """Raise unless at most this many records failed, and no others are left.

        :param sent: whether all others were to be sent.
        :param max_rejected: number of records, or below 1 a share of all.
        :raises ChartMogulImportFailedError: with the first problems in ``rejected``, and one of each sort in its text.
        :raises ChartMogulImportIncompleteError: too many are unknown, and few enough rejected: a repetition may do.
        """
        allowed = allowed_of(max_rejected, self.total())
        left_out = self.total("not_sent") if sent else 0
        if self.failures <= allowed and not left_out:
            return
        left = f", {left_out} others were not sent" if left_out else ""
        text = f"{self.failures} records were not imported ({allowed} allowed){left}: {self.reasons}"
        if self.total("rejected") <= allowed:
            raise ChartMogulImportIncompleteError(text)
        raise ChartMogulImportFailedError(text, [problem.as_dict() for problem in self.problems])


def allowed_of(max_rejected: float, total: int) -> int:
    """Return how many of some records may fail.

    :param max_rejected: a number, or below 1 a share.
    """
    # 0.29 of 100 are 29, though their product is a little less
    return int(max_rejected) if max_rejected >= 1 else int(round(max_rejected * total, 6))
