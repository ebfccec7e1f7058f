"""The account of records that are sent one by one: what became of every one of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.exceptions import (
    ChartMogulError,
    ChartMogulImportFailedError,
    ChartMogulImportIncompleteError,
)
from airflow_provider_chartmogul.imports.each import Account, Sent
from airflow_provider_chartmogul.imports.rejections import Rejection, sorts_of, summarised
from airflow_provider_chartmogul.imports.result import allowed_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from airflow_provider_chartmogul.client.fields import Problem
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.given import Given

MAX_UUIDS: Final = 100
"""Up to so many records the result holds an id for each; beyond, it would not be small."""

_HELD_BACK: Final = Sent("not_sent")


@dataclass(slots=True)
class Entry:
    """One record.

    :param given: as its source gave it.
    :param record: as it is sent; empty where that cannot be.
    :param sent: what became of it.
    :param is_good: whether it may be sent.
    """

    given: Given
    record: Record
    sent: Sent = _HELD_BACK
    is_good: bool = True

    @classmethod
    def checked(cls, given: Given, record: Record, faults: Sequence[Problem]) -> Entry:
        """Return a record that was checked: with faults it is rejected, otherwise not sent yet."""
        return cls(given, record, Sent("rejected", None, tuple(faults)), False) if faults else cls(given, record)

    def again(self) -> Any:
        """Return the record as input for another run."""
        derived = self.record.get("external_id") if self.is_good else None
        if derived is None or self.given.record.get("external_id") not in (None, ""):
            return self.given.record
        # alone, it would pass for an equal one that was sent
        return {**self.given.record, "external_id": derived}


@dataclass(slots=True, kw_only=True)
class EachResult:
    """What became of records.

    :param kind: of all of them.
    :param entries: the records, in their order.
    :param states: what can become of a good one.
    :param is_repeatable: tells whether another run takes a record for done if it is.
    :param has_ids: whether answers hold ids.
    :param check_only: whether nothing is to be sent.
    :param stopped_by: the error after which nothing was sent any more.
    """

    kind: str
    entries: list[Entry]
    states: tuple[str, ...]
    is_repeatable: Callable[[Record], bool]
    has_ids: bool = True
    check_only: bool = False
    stopped_by: ChartMogulError | None = None
    good: list[Entry] = field(init=False)

    def __post_init__(self) -> None:
        self.good = [entry for entry in self.entries if entry.is_good]

    def may_be_sent(self, max_rejected: float) -> bool:
        """Tell whether the good records are to be sent: not if too many others are faulty."""
        faulty = len(self.entries) - len(self.good)
        return not self.check_only and faulty <= allowed_of(max_rejected, len(self.entries))

    def settle(self, account: Account) -> None:
        """Take over what became of the good records; nothing did if the account is empty."""
        for entry, sent in zip(self.good, account.sent, strict=False):
            entry.sent = sent
        self.stopped_by = account.stopped_by

    def problems(self) -> Iterator[Rejection]:
        """Yield everything that is wrong."""
        for position, entry in enumerate(self.entries, start=1):
            yield from self._of_entry(position, entry)

    def rejected(self) -> Iterator[Record]:
        """Yield the records that failed, as they were given, with their problems; corrected, they are input again.

        Where a record was to be sent under an external id that it had not, it has it here.
        """
        for position, entry in enumerate(self.entries, start=1):
            if entry.sent.reasons:
                yield {
                    "kind": self.kind,
                    "record": entry.again(),
                    "problems": [problem.as_dict() for problem in self._of_entry(position, entry)],
                    "retryable": self._is_retryable(entry),
                    "position": position,
                    "place": entry.given.place,
                } | ({} if entry.given.text is None else {"text": entry.given.text})

    def results(self) -> Iterator[Record]:
        """Yield what became of each record."""
        for position, entry in enumerate(self.entries, start=1):
            yield {
                "kind": self.kind,
                "position": position,
                "place": entry.given.place,
                "external_id": entry.record.get("external_id"),
                "customer_external_id": entry.record.get("customer_external_id"),
                "uuid": None if entry.sent.uuid is None else str(entry.sent.uuid),
                "state": entry.sent.state,
                "problems": [{"field": name, "message": message} for name, message in entry.sent.reasons],
            }

    def summary(self) -> dict[str, Any]:
        """Return the account as small JSON."""
        counts = self._counts()
        summary: dict[str, Any] = {"records": len(self.entries)}
        summary |= {state: counts[state] for state in (*self.states, "rejected", "unknown")}
        if counts["not_sent"]:
            summary["not_sent"] = counts["not_sent"]
        if self.check_only:
            summary["check_only"] = True
        if self.has_ids and len(self.entries) <= MAX_UUIDS:
            summary["uuids"] = [entry.sent.uuid for entry in self.entries]
        return summary

    def complaint(self) -> str:
        """Return how many records failed, and why; an empty text if none did."""
        states = self._counts()
        failed = states["rejected"] + states["unknown"]
        return f"{failed} records failed: {summarised(sorts_of(self.problems()))}" if failed else ""

    def raise_for_failures(self, max_rejected: float) -> None:
        """Raise if more records failed than may, or some were not sent that should have been.

        :param max_rejected: number of records, or below 1 a share of all.
        :raises ChartMogulImportFailedError: only a correction helps.
        :raises ChartMogulImportIncompleteError: ChartMogul could not be reached; another run sends what is left.
        """
        if self.stopped_by is not None:
            raise self.stopped_by
        states = self._counts()
        failed, allowed = states["rejected"] + states["unknown"], allowed_of(max_rejected, len(self.entries))
        left_out = 0 if self.check_only else states["not_sent"]
        if failed <= allowed and not left_out:
            return
        left = f", {left_out} others were not sent" if left_out else ""
        problems = list(self.problems())
        text = f"{failed} records failed ({allowed} allowed){left}: {summarised(sorts_of(problems))}"
        if states["rejected"] <= allowed and all(self.is_repeatable(entry.record) for entry in self.good):
            raise ChartMogulImportIncompleteError(text)
        raise ChartMogulImportFailedError(text, [problem.as_dict() for problem in problems])

    def _counts(self) -> Counter[str]:
        return Counter(entry.sent.state for entry in self.entries)

    def _is_retryable(self, entry: Entry) -> bool:
        # what may be there, and would not be found there, must not be sent again unseen
        state = entry.sent.state
        return state == "not_sent" or (state == "unknown" and self.is_repeatable(entry.record))

    def _of_entry(self, position: int, entry: Entry) -> Iterator[Rejection]:
        external_id = entry.record.get("external_id")
        customer = entry.record.get("customer_external_id") or entry.record.get("customer_uuid")
        place, retryable = entry.given.place, self._is_retryable(entry)
        for name, message in entry.sent.reasons:
            yield Rejection(self.kind, position, external_id, customer, name, message, place, retryable=retryable)
