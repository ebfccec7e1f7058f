"""Read from a finished bulk import what became of each record.

``status_details`` of an import holds a status for each customer and, below it, for each kind; only the errors of a
failed kind tell its records apart. The API's pages show no failed import, so several shapes of errors are read, and
what cannot be told is called unknown instead of guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from airflow_provider_chartmogul.client.errors import ALREADY_THERE, short

if TYPE_CHECKING:
    from airflow_provider_chartmogul.imports.batching import Batch, Part

State = Literal["imported", "already_there", "rejected", "unknown", "not_sent"]

_GOOD: Final = frozenset({"imported", "completed", "succeeded", "success"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record.

    :param part: the record as it was sent.
    :param state: imported, already_there, rejected, unknown (the API does not tell) or not_sent.
    :param reasons: pairs of field (or empty text) and message, where it was rejected or is unknown.
    """

    part: Part
    state: State
    reasons: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Complaint:
    external_id: str | None
    field: str
    message: str

    @property
    def about_existence(self) -> bool:
        """Whether it says that some external id is taken, of the record itself or of one of its parts."""
        return self.field.rpartition(".")[2] in ("", "external_id") and bool(ALREADY_THERE.search(self.message))

    def says_already_there(self, kind: str) -> bool:
        """Whether it says that the external id of the record itself, one of this kind, is taken."""
        return self.about_existence and self.field in ("", "external_id", f"{kind}.external_id")


def outcomes(batch: Batch, finished: Mapping[str, Any]) -> Iterator[Outcome]:
    """Yield one outcome for every record of a batch, in no particular order.

    :param batch: what was sent.
    :param finished: the import as the API describes it, in a terminal status.
    """
    reported = list(_reported(batch, finished))
    invoices = {outcome.part.external_id: outcome.state for outcome in reported if outcome.part.kind == "invoices"}
    for outcome in reported:
        yield _in_its_invoice(outcome, invoices.get(outcome.part.body.get("invoice_external_id", "")))


def _in_its_invoice(outcome: Outcome, invoice: State | None) -> Outcome:
    """Judge a line item or transaction by what became of its invoice: alone it counts for nothing."""
    if invoice == "imported" and outcome.state == "already_there":
        return Outcome(outcome.part, "rejected", (("external_id", "already exists, in another invoice"),))
    if invoice == "already_there" and outcome.state == "imported":
        reason = "its invoice was there already, and may not have been changed"
        return Outcome(outcome.part, "unknown", (("", reason),))
    if invoice in ("rejected", "unknown") and outcome.state in ("imported", "already_there"):
        return Outcome(outcome.part, invoice, (("", f"its invoice is {invoice}"),))
    return outcome


def _reported(batch: Batch, finished: Mapping[str, Any]) -> Iterator[Outcome]:
    details = finished.get("status_details") or {}
    together: dict[tuple[str, str], list[Part]] = {}
    for part in batch.parts:
        together.setdefault((part.customer if part.customer is not None else "plans", part.kind), []).append(part)
    for (key, kind), parts in together.items():
        about = details.get(key)
        if not isinstance(about, Mapping):
            ended = f"the import ended as {finished.get('status')!r} without naming it"
            reason = short(str(finished.get("error") or ended))
            yield from (Outcome(part, "unknown", (("", reason),)) for part in parts)
            continue
        of_kind = about.get(kind)
        yield from _judge(parts, of_kind if isinstance(of_kind, Mapping) else about)


def _judge(parts: list[Part], about: Mapping[str, Any]) -> Iterator[Outcome]:
    if about.get("status") in _GOOD:
        yield from (Outcome(part, "imported") for part in parts)
        return
    complaints = list(_complaints(about, {part.external_id for part in parts}))
    unnamed = [complaint for complaint in complaints if complaint.external_id is None]
    for part in parts:
        named = [complaint for complaint in complaints if complaint.external_id == part.external_id]
        if named:
            yield _refused(part, named)
        elif not unnamed and complaints:
            yield Outcome(part, "imported")
        elif unnamed and (len(parts) == 1 or all(complaint.says_already_there(part.kind) for complaint in unnamed)):
            yield _refused(part, unnamed)
        else:
            reason = "; ".join(complaint.message for complaint in unnamed) or "no reason given"
            yield Outcome(part, "unknown", (("", f"one or more of {part.kind} failed: {reason}"),))


def _refused(part: Part, complaints: list[_Complaint]) -> Outcome:
    # an invoice that is sent again is refused for its parts as well; for its parts alone it is another invoice
    itself = any(complaint.says_already_there(part.kind) for complaint in complaints)
    if itself and all(complaint.about_existence for complaint in complaints):
        return Outcome(part, "already_there")
    return Outcome(part, "rejected", tuple((complaint.field, complaint.message) for complaint in complaints))


def _complaints(about: Mapping[str, Any], external_ids: Iterable[str]) -> Iterator[_Complaint]:
    known = set(external_ids)
    errors = about.get("errors") or about.get("error") or about.get("message") or []
    if isinstance(errors, Mapping):
        for key, value in errors.items():
            yield from _of_record(key, value) if key in known else _of_field(None, key, value)
    else:
        for entry in errors if isinstance(errors, list) else [errors]:
            yield from _of_entry(entry, known)


def _of_entry(entry: Any, known: set[str]) -> Iterator[_Complaint]:
    if not isinstance(entry, Mapping):
        yield _Complaint(None, "", short(str(entry)))
        return
    external_id = entry.get("external_id") if entry.get("external_id") in known else None
    if isinstance(entry.get("errors"), Mapping | list | str):
        yield from _of_record(external_id, entry["errors"])
    else:
        yield _Complaint(
            external_id, str(entry.get("param") or entry.get("field") or ""), short(str(entry.get("message", "")))
        )


def _of_record(external_id: str | None, value: Any) -> Iterator[_Complaint]:
    if isinstance(value, Mapping):
        for name, messages in value.items():
            yield from _of_field(external_id, name, messages)
    else:
        yield from _of_field(external_id, "", value)


def _of_field(external_id: str | None, name: str, messages: Any) -> Iterator[_Complaint]:
    for message in messages if isinstance(messages, list) else [messages]:
        yield _Complaint(external_id, name, short(str(message)))
