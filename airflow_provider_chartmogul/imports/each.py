"""Send records one by one, several at a time, and tell what became of each."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from airflow_provider_chartmogul.client.retry import is_transient, stopped_by
from airflow_provider_chartmogul.exceptions import (
    ChartMogulAmbiguousWriteError,
    ChartMogulAuthenticationError,
    ChartMogulError,
    ChartMogulInvalidRecordError,
    ChartMogulPermissionError,
    ChartMogulStatusError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_chartmogul.client.values import Record

    Send = Callable[[Record], "Sent"]

log = logging.getLogger(__name__)

_PATIENCE: Final = 5
"""At least so many records in a row must fail for want of an answer before the rest is not tried."""

_PROGRESS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one record.

    :param state: what was done (``created``, ``deleted``, …), or ``rejected``, ``unknown`` (it may or may not have been
        done) or ``not_sent``.
    :param uuid: id of the record that was made, changed or found.
    :param reasons: pairs of field (or empty text) and message, for the last three states.
    """

    state: str
    uuid: str | int | None = None
    reasons: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Account:
    """What became of all records.

    :param sent: one entry for each record, in the order of the records; none before the end.
    :param stopped_by: the error that no record could have escaped (a revoked key), after which nothing was sent.
    """

    sent: list[Sent] = field(default_factory=list)
    stopped_by: ChartMogulError | None = None


def send_each(records: Sequence[Record], send: Send, *, threads: int, account: Account | None = None) -> Account:
    """Send records and account for each, whatever becomes of the others.

    A refused key ends everything, and so do more failures in a row for want of an answer than one outage of a moment
    explains: what is left then is ``not_sent``.

    :param records: in the order of the account.
    :param send: sends one record, from any thread.
    :param threads: most records under way at the same time.
    :param account: an empty one. It is filled also where a signal or a mistake in the code ends the run; a record that
        had no answer by then is ``unknown``.
    """
    account = Account() if account is None else account
    run = _Run(records, send, max(_PATIENCE, threads))
    pool = ThreadPoolExecutor(max(1, min(threads, len(records))), thread_name_prefix="chartmogul-records")
    try:
        for worker in as_completed([pool.submit(run.work) for _ in range(min(threads, len(records)))]):
            worker.result()
    finally:
        # also on a signal that ends the task: nothing may go on sending behind its back, nor wait for an outage
        run.stop.set()
        run.ended.set()
        try:
            pool.shutdown()
        finally:
            account.sent, account.stopped_by = run.all_sent(), run.stopped_by
    return account


_NOT_SENT: Final = Sent("not_sent", None, (("", "was not sent, since the run ended before"),))
_UNANSWERED: Final = Sent("unknown", None, (("", "was taken up, and the run ended before there was an answer"),))


@dataclass(slots=True)
class _Run:
    records: Sequence[Record]
    send: Send
    patience: int
    sent: list[Sent | None] = field(init=False)
    stopped_by: ChartMogulError | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    next_position: int = 0
    failed_in_a_row: int = 0

    def __post_init__(self) -> None:
        self.sent = [None] * len(self.records)

    def work(self) -> None:
        """Take up one record after the other until there are none."""
        while (position := self.take()) is not None:
            found = self.sent[position] = self.attempt(self.records[position])
            self.failed_in_a_row = self.failed_in_a_row + 1 if found.state == "unknown" else 0
            if self.failed_in_a_row >= self.patience:
                self.stop.set()

    def all_sent(self) -> list[Sent]:
        """Return what became of each record by now."""
        return [
            sent or (_UNANSWERED if position < self.next_position else _NOT_SENT)
            for position, sent in enumerate(self.sent)
        ]

    def take(self) -> int | None:
        with self.lock:
            position = self.next_position
            if self.stop.is_set() or position == len(self.records):
                return None
            self.next_position += 1
        if position and position % _PROGRESS == 0:
            log.info("%d of %d records are taken up", position, len(self.records))
        return position

    def attempt(self, record: Record) -> Sent:
        try:
            # a record that waits for another try is given up when the task ends
            with stopped_by(self.ended):
                return self.send(record)
        except ChartMogulError as error:
            if isinstance(error, ChartMogulAuthenticationError | ChartMogulPermissionError):
                self.stopped_by = error
                self.stop.set()
            return _judged(error)
        except (TypeError, ValueError) as error:
            # what a record holds does not fit the method that sends it, such as a field named like an argument
            return Sent("rejected", None, (("", str(error)),))


def _judged(error: ChartMogulError) -> Sent:
    if isinstance(error, ChartMogulInvalidRecordError):
        return Sent("rejected", None, tuple(error.problems) or (("", str(error)),))
    if isinstance(error, ChartMogulAmbiguousWriteError) or is_transient(error):
        return Sent("unknown", None, (("", str(error)),))
    errors = error.errors if isinstance(error, ChartMogulStatusError) else {}
    return Sent("rejected", None, tuple(errors.items()) or (("", str(error)),))
