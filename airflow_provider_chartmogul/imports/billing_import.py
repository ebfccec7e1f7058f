"""Import billing records by bulk JSON imports, and account for every one of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.imports.account import close, problems, reasons, rejected, results
from airflow_provider_chartmogul.imports.checking import (
    check_together,
    hold_back,
    reject_unknown_customers,
    reject_unknown_plans,
)
from airflow_provider_chartmogul.imports.given import Given
from airflow_provider_chartmogul.imports.intake import Intake
from airflow_provider_chartmogul.imports.journal import Journal
from airflow_provider_chartmogul.imports.left_out import LACKS_PARTS, OF_OTHERS, recall, remember
from airflow_provider_chartmogul.imports.packing import (
    ENVELOPE,
    MAX_BYTES,
    MAX_CUSTOMERS,
    Batch,
    content_left,
    encoded,
    pack,
    pack_plans,
)
from airflow_provider_chartmogul.imports.present import Present
from airflow_provider_chartmogul.imports.result import MAX_PROBLEMS, ImportResult, allowed_of
from airflow_provider_chartmogul.imports.sending import Pace, Sender, Sent
from airflow_provider_chartmogul.imports.sources.ids import ids_as_text
from airflow_provider_chartmogul.imports.verdict import judge, missing_parts, resolve_doubts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.pagination import Listing
    from airflow_provider_chartmogul.client.values import Record

log = logging.getLogger(__name__)

_RENAMED = " "
"""Comes before the name under which the rest of an import was sent, where records had to be left out of it."""

_WHAT_IS_THERE = """
SELECT r.id, r.kind, r.external_id, r.replaces, t.uuid, t.errors, t.parts, CASE r.kind
    WHEN 'invoices' THEN t.owner <> ifnull(c.uuid, '')
    WHEN 'subscription_events' THEN t.owner <> r.customer AND ifnull(o.uuid, t.owner) <> ifnull(c.uuid, r.customer) END
FROM batched b JOIN records r ON r.id = b.record
JOIN there t ON t.kind = r.kind AND t.external_id = r.external_id
LEFT JOIN there c ON c.kind = 'customers' AND c.external_id = r.customer
LEFT JOIN there o ON o.kind = 'customers' AND o.external_id = t.owner
WHERE b.batch = ? AND r.state IS NULL
"""
"""The last column tells whether what is there belongs to another customer; merged ones have several names."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an import may do.

    :param max_rejected: how many records may be faulty, or below 1 which share; with more, nothing is sent.
    :param customers_per_request: most customers in one request.
    :param max_bytes: most bytes of JSON in one request.
    :param scope: part of the names of imports. Equal records under another scope are sent once more; those that are
        there stay as they are.
    :param run: names this run and its retries. Invoices that are to replace others do so once in each run.
    """

    max_rejected: float = 0
    customers_per_request: int = MAX_CUSTOMERS
    max_bytes: int = MAX_BYTES
    scope: str = ""
    run: str = ""


@dataclass(slots=True)
class BillingImport:
    """One import: read, check, send, account, in this order. A context manager; its journal is gone at the end.

    All is read and checked before anything is sent. Plans that the data source does not have go first, then customers
    with all their records, many requests at a time, never two about the same customer. Each request is named after its
    content: a repeated run finds it on the server, waits for it if need be, and sends nothing twice. Of a request that
    is not found, only what the data source does not have is sent.

    :param client: client of the account.
    :param data_source_uuid: custom data source, ``ds_…``.
    :ivar sent: names of the imports that this run has sent, each with what was left out of it
        (:mod:`~airflow_provider_chartmogul.imports.left_out`).
    """

    client: ChartMogulClient
    data_source_uuid: str
    limits: Limits = field(default_factory=Limits)
    pace: Pace = field(default_factory=Pace)
    journal: Journal = field(default_factory=Journal)
    warnings: list[str] = field(default_factory=list)
    sent: dict[str, str] = field(default_factory=dict)
    imports: int = 0
    _begun: set[int] = field(default_factory=set)
    _customers: int = 0
    _left_out: dict[str, str] = field(default_factory=dict)
    _present: Present = field(init=False)

    def __post_init__(self) -> None:
        self._present = Present(self.client, self.data_source_uuid, self.journal)

    def __enter__(self) -> BillingImport:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.journal.__exit__(kind, error, traceback)

    def read(self, given: Iterable[Given]) -> None:
        """Take all records in, and see what is wrong with them. Of ChartMogul only plans and customers are asked."""
        # before hours are spent on reading: the key and the data source are right
        self.client.data_sources.retrieve(self.data_source_uuid)
        intake = Intake(self.journal)
        intake.take_all(given)
        self.warnings += intake.warnings
        check_together(self.journal, self.limits.max_bytes - ENVELOPE)
        self._check_plans()
        self._check_customers()
        hold_back(self.journal)

    def send(self, own: Mapping[str, str] | None = None) -> list[str]:
        """Send what is not there, and return the names of imports that are still under way.

        There are none if this waits (:class:`~airflow_provider_chartmogul.imports.sending.Pace`).

        :param own: what was in :attr:`sent` when an earlier part of this run ended: what it has sent, this has sent.
        :raises ChartMogulWaitTimeoutError: not done in time; a repeated run goes on.
        """
        self.sent = dict(own or {})
        if self._too_many_failed():
            return []
        sender = Sender(
            self.client,
            self.data_source_uuid,
            self.pace,
            name=self._name,
            body=self._body,
            spot=self._spot,
            finished=self._finished,
            own=self.sent,
        )
        self._begun = sender.begun
        try:
            return self._send(sender)
        finally:
            self.sent |= {name: self._left_out.get(name, "") for name in sender.sent}

    def take_as_begun(self, own: Mapping[str, str]) -> None:
        """Take what an earlier part of this run has sent as all that was, and ask nobody what became of it.

        :param own: what was in :attr:`sent` when that ended.
        """
        self.sent = dict(own)
        plans = pack_plans(self.journal, max_bytes=self.limits.max_bytes)
        batches = self._packed(len(plans))
        self.imports = len(plans) + len(batches)
        for batch in (*plans, *batches):
            name = self._name(batch, 1)
            if any(sent == name or sent.startswith(f"{name}-") for sent in own):
                self._begun.add(batch.number)

    def result(self) -> ImportResult:
        """Return the account as it stands. What was sent and is not known to be done is ``unknown``."""
        close(self.journal, self._begun)
        return ImportResult(
            counts=self.journal.counts(),
            problems=list(problems(self.journal, MAX_PROBLEMS)),
            problem_count=self.journal.one("SELECT count(*) FROM problems"),
            reasons=reasons(self.journal),
            warnings=self.warnings,
            imports=self.imports,
            sent=[name for name, said in self.sent.items() if not said.startswith(_RENAMED)],
        )

    def rejected(self) -> Iterator[Record]:
        """Yield each record that was rejected or is unknown, as it was given, with its problems."""
        return rejected(self.journal)

    def results(self) -> Iterator[Record]:
        """Yield what became of each record."""
        return results(self.journal)

    def _check_plans(self) -> None:
        wanted = "SELECT 1 FROM records WHERE kind = 'plans' UNION ALL SELECT 1 FROM plans_named LIMIT 1"
        if self.journal.one(wanted) is None:
            return
        there = self._present.read_plans()
        reject_unknown_plans(self.journal)
        self.warnings += _other_intervals(self.journal, there)

    def _check_customers(self) -> None:
        """Ask for customers that records name and that are not among the records."""
        names = [
            name
            for (name,) in self.journal.ask(
                """SELECT DISTINCT customer FROM records r WHERE state IS NULL
                AND kind IN ('invoices', 'subscription_events') AND NOT EXISTS
                (SELECT 1 FROM records c WHERE c.kind = 'customers' AND c.external_id = r.customer)"""
            )
        ]
        if names:
            self._present.find_customers(names, len(names))
            reject_unknown_customers(self.journal)

    def _send(self, sender: Sender) -> list[str]:
        # one after the other: line items need their plans
        if plans := pack_plans(self.journal, max_bytes=self.limits.max_bytes):
            self.imports = len(plans)
            sender.run(plans, waiting=True)
            resolve_doubts(self.journal, self._present)
            hold_back(self.journal)
            if self._too_many_failed():
                return []
        # not before: an import must not be named after records that are held back from it
        batches = self._packed(len(plans))
        self.imports += len(batches)
        self._customers = sum(batch.customers for batch in batches)
        log.info("%d records go into %d imports", self.journal.one("SELECT count(*) FROM batched"), self.imports)
        under_way = sender.run(batches)
        resolve_doubts(self.journal, self._present)
        return [sent.name for sent in under_way]

    def _packed(self, first: int) -> list[Batch]:
        limits = self.limits
        return pack(self.journal, first=first, max_customers=limits.customers_per_request, max_bytes=limits.max_bytes)

    def _too_many_failed(self) -> bool:
        rejected = self.journal.one("SELECT count(*) FROM records WHERE state = 'rejected'")
        return bool(rejected > allowed_of(self.limits.max_rejected, self.journal.one("SELECT count(*) FROM records")))

    def _name(self, batch: Batch, attempt: int) -> str:
        # to replace what somebody has changed again is no repetition
        scope = f"{self.limits.scope} {self.limits.run}" if batch.replaces else self.limits.scope
        name = batch.import_id(scope, attempt)
        said = self.sent.get(name, "")
        return said.removeprefix(_RENAMED) if said.startswith(_RENAMED) else name

    def _body(self, batch: Batch, import_id: str, attempt: int) -> bytes | None:
        """Return what of a batch is not there yet, as the body of a request."""
        customers = [
            name
            for (name,) in self.journal.ask(
                """SELECT DISTINCT r.customer FROM batched b JOIN records r ON r.id = b.record
                WHERE b.batch = ? AND r.customer IS NOT NULL""",
                (batch.number,),
            )
        ]
        if customers:
            self._present.find_customers(customers, self._customers)
            self._present.find_belongings(customers)
        if batch.replaces:
            self._present.find_invoices(self._of_other_customers(batch))
        self._leave_out_what_is_there(batch, import_id, attempt)
        left = self.journal.one(
            "SELECT 1 FROM batched b JOIN records r ON r.id = b.record WHERE b.batch = ? AND r.state IS NULL",
            (batch.number,),
        )
        self._left_out[import_id] = remember(self.journal, batch)
        return None if left is None else encoded(self.journal, batch, import_id)

    def _of_other_customers(self, batch: Batch) -> list[str]:
        """Return the invoices that are to replace others, as far as none was found with the customer."""
        return [
            name
            for (name,) in self.journal.ask(
                """SELECT r.external_id FROM batched b JOIN records r ON r.id = b.record
                WHERE b.batch = ? AND r.replaces AND r.kind = 'invoices' AND NOT EXISTS
                (SELECT 1 FROM there t WHERE t.kind = 'invoices' AND t.external_id = r.external_id)""",
                (batch.number,),
            )
        ]

    def _leave_out_what_is_there(self, batch: Batch, import_id: str, attempt: int) -> None:
        giving_way: dict[str, str] = {}
        replaced: set[str] = set()
        new: dict[str, int] = {}
        there: list[int] = []
        others: list[tuple[int, str, str, str, str]] = []
        for record, kind, external_id, replaces, uuid, errors, parts, foreign in list(
            self.journal.ask(_WHAT_IS_THERE, (batch.number,))
        ):
            # once in a run: what was replaced well stays, if other invoices take another attempt
            if kind == "invoices" and replaces and attempt == 1:
                replaced.add(external_id)
                giving_way[external_id], new[external_id] = uuid, record
            elif kind == "invoices" and errors:
                # the API keeps refused invoices, hidden; without this a corrected one would be refused for its name
                giving_way[external_id], new[external_id] = uuid, record
            elif foreign:
                others.append((record, kind, external_id, "external_id", OF_OTHERS))
            elif kind == "invoices" and missing_parts(self.journal, record, parts):
                others.append((record, kind, external_id, "", LACKS_PARTS))
            else:
                there.append(record)
        if giving_way:
            log.info("%d invoices are deleted to make way for those of the import", len(giving_way))
            there += [new[name] for name in self._present.make_way(giving_way, replaced)]
        self.journal.settle("already_there", there)
        # parts that are records of their own go where their invoice goes
        self.journal.change(
            """UPDATE records SET state = 'already_there' WHERE state IS NULL AND invoice IN
            (SELECT r.external_id FROM batched b JOIN records r ON r.id = b.record
            WHERE b.batch = ? AND r.kind = 'invoices' AND r.state = 'already_there')""",
            (batch.number,),
        )
        if others:
            self.journal.reject(others)
            self._hold_back_parts(batch)
            # a later run must not take this import for one that has them
            batch.content = content_left(self.journal, batch)
            self.sent[import_id] = f"{_RENAMED}{self._name(batch, attempt)}"

    def _hold_back_parts(self, batch: Batch) -> None:
        faults = self.journal.ask(
            """SELECT p.id, p.kind, p.external_id, 'invoice_external_id', 'names an invoice that is rejected'
            FROM batched b JOIN records r ON r.id = b.record JOIN records p ON p.invoice = r.external_id
            WHERE b.batch = ? AND r.kind = 'invoices' AND r.state = 'rejected' AND p.state IS NULL""",
            (batch.number,),
        )
        self.journal.reject(list(faults), consequence=True)

    def _finished(self, sent: Sent) -> bool:
        seen_to_its_end = sent.own or sent.pause > 0
        if not seen_to_its_end and not sent.intact:
            # what it brought has been deleted since
            return False
        recall(self.journal, sent.batch, self.sent.get(sent.name, ""))
        state = "created" if sent.own else "already_there"
        # what stood in the way of an import of long ago may be gone, and what it left out as well
        return judge(self.journal, sent.batch, sent.finished or {}, state, final=seen_to_its_end)

    def _spot(self, batch: Batch) -> Callable[[], bool]:
        """Return a question for the last record of each kind in a batch: they may have been deleted since."""
        # plans are few, and were all read before
        missing = """SELECT 1 FROM batched b JOIN records r ON r.id = b.record WHERE b.batch = ? AND r.kind = 'plans'
            AND NOT EXISTS (SELECT 1 FROM there t WHERE t.kind = 'plans' AND t.external_id = r.external_id)"""
        if self.journal.one(missing, (batch.number,)) is not None:
            return lambda: False
        lists: dict[str, Callable[..., Listing]] = {
            "customers": self.client.customers.list,
            "invoices": self.client.invoices.list,
            "subscription_events": self.client.subscription_events.list,
        }
        last = """SELECT r.external_id FROM batched b JOIN records r ON r.id = b.record
            WHERE b.batch = ? AND r.kind = ? ORDER BY b.rank DESC LIMIT 1"""
        names = {kind: self.journal.one(last, (batch.number, kind)) for kind in lists}
        asked = [
            lists[kind](data_source_uuid=self.data_source_uuid, external_id=name)
            for kind, name in names.items()
            if name is not None
        ]
        return lambda: all(listing.first() is not None for listing in asked)


def import_billing(
    client: ChartMogulClient,
    data_source_uuid: str,
    records: Iterable[Given] | Mapping[str, Iterable[Record]],
    *,
    limits: Limits | None = None,
    pace: Pace | None = None,
) -> ImportResult:
    """Import records, wait until ChartMogul has worked them off, and return the account of them.

    :param records: what to import: lists of records by kind
        (:data:`~airflow_provider_chartmogul.imports.records.INPUT_KINDS`), or as sources give them.
    :return: the account. It does not raise for rejected records; its method ``raise_for_failures`` does.
    :raises ChartMogulWaitTimeoutError: not done in time; a repeated run goes on where this one was.
    """
    given = inline(records) if isinstance(records, Mapping) else records
    with BillingImport(client, data_source_uuid, limits or Limits(), pace or Pace()) as billing:
        billing.read(given)
        billing.send()
        return billing.result()


def inline(records: Mapping[str, Iterable[Any]]) -> Iterator[Given]:
    """Yield records that are given by kind."""
    for kind, those in records.items():
        sound = ids_as_text(kind)
        yield from (Given(kind, sound(record), "") for record in those)


def _other_intervals(journal: Journal, there: Mapping[str, Record]) -> Iterator[str]:
    """Yield a warning for each plan that the data source has with another interval: MRR depends on it."""
    for name, body in journal.ask("SELECT external_id, body FROM records WHERE kind = 'plans' AND state IS NULL"):
        plan, known = json.loads(body), there.get(name)
        if known and any(plan.get(field) != known.get(field) for field in ("interval_count", "interval_unit")):
            yield (
                f"plans: {name!r} is in the data source with an interval of {known.get('interval_count')} "
                f"{known.get('interval_unit')}; the input has another and is not sent"
            )
