"""Send the requests of an import, many at a time, and follow each until ChartMogul has worked it off."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.client.retry import bounded, stopped_by
from airflow_provider_chartmogul.exceptions import (
    ChartMogulNotFoundError,
    ChartMogulUnprocessableError,
    ChartMogulWaitTimeoutError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.imports.packing import Batch

log = logging.getLogger(__name__)

TERMINAL: Final = frozenset({"completed", "failed"})

_GROWTH: Final = 1.5
_MAX_POLL_INTERVAL: Final = 30.0
_LOOKS_PER_SECOND: Final = 10.0
"""So many questions after imports under way leave most of the 40 requests a second to what is sent."""

_SENDERS: Final = 4
"""Bodies of 5 MB that are held and sent at a time."""

_PROGRESS_SECONDS: Final = 10.0


Refusal = dict[str, str]
"""A failed import that never came to be."""


@dataclass(slots=True)
class Sent:
    """One import on the server.

    :param batch: what it holds.
    :param name: its ``external_id``.
    :param attempt: how many imports of the same content there are with it.
    :param own: whether this run, or an earlier try of it, has sent it.
    :param finished: the import as the API describes it, in a terminal status.
    :param intact: whether what it brought is still there, as far as it was asked.
    :param pause: seconds between the last two questions after it; 0 for one that was worked off already.
    """

    batch: Batch
    name: str
    attempt: int = 1
    own: bool = False
    finished: Mapping[str, Any] | None = None
    intact: bool = True
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How to wait.

    :param poll_interval: seconds until the first question after an import's state; grows up to 30 s.
    :param timeout: seconds for everything.
    :param max_in_flight: most imports that are not worked off at a time.
    :param waiting: whether to wait until all are worked off. Otherwise what was sent is left to itself.
    """

    poll_interval: float = 1.0
    timeout: float = 3600.0
    max_in_flight: int = 500
    waiting: bool = True


class Sender:
    """Sends imports, each once, and tells when they are worked off.

    :param client: client of the account.
    :param data_source_uuid: data source, ``ds_…``.
    :param name: names the import of a batch; gets the attempt.
    :param body: makes the body of a request, given name and attempt, or ``None`` if nothing is left to send. Called in
        the thread of :meth:`run`, as are the others. If it changes the name of the batch, that import is looked for
        first.
    :param spot: makes, for a batch, a question whether what an import of long ago brought is still there. That is asked
        in another thread.
    :param finished: told of each import that is worked off; returns whether that settles the batch. Otherwise another
        import of what it left out is begun.
    :param own: names of imports that an earlier try of this run has sent.

    :ivar sent: names of the imports that were sent.
    :ivar begun: numbers of the batches that are on the server, or may be.
    :ivar under_way: by number, what is not done.
    """

    def __init__(
        self,
        client: ChartMogulClient,
        data_source_uuid: str,
        pace: Pace,
        *,
        name: Callable[[Batch, int], str],
        body: Callable[[Batch, str, int], bytes | None],
        spot: Callable[[Batch], Callable[[], bool]],
        finished: Callable[[Sent], bool],
        own: Iterable[str] = (),
    ) -> None:
        self._client = client
        self._source = data_source_uuid
        self._pace = pace
        self._name = name
        self._body = body
        self._spot = spot
        self._finished = finished
        self._own = set(own)
        self._deadline = time.monotonic() + pace.timeout
        self.sent: list[str] = []
        self.begun: set[int] = set()
        self.under_way: dict[int, Sent] = {}

    def run(self, batches: Iterable[Batch], *, waiting: bool | None = None) -> list[Sent]:
        """Send what is not there yet, follow it, and return the imports that are still under way.

        The first failure ends everything: nothing more is sent, and a repeated run goes on.

        :param waiting: instead of what the pace says.
        :raises ChartMogulWaitTimeoutError: not done in time.
        """
        threads = ThreadPoolExecutor(self._client.max_connections, thread_name_prefix="chartmogul-import")
        run = _Run(list(batches), self._pace.waiting if waiting is None else waiting, threads, self._deadline)
        try:
            while run.left():
                self._begin(run)
                self._look(run)
                self._take(run)
                run.tell_progress()
                if not run.waiting and run.is_stuck(self.under_way, self._pace):
                    break
        finally:
            # also on a signal that ends the task: nothing may go on sending behind its back, nor wait for an outage
            run.stop.set()
            threads.shutdown(cancel_futures=True)
        return [self.under_way[number] for number in sorted(self.under_way)]

    def _begin(self, run: _Run) -> None:
        while run.may_begin(self.under_way, self._pace) and len(run.jobs) < 2 * self._client.max_connections:
            batch = run.next_batch()
            self._find(run, Sent(batch, self._name(batch, 1)))

    def _find(self, run: _Run, sent: Sent) -> None:
        self.under_way[sent.batch.number] = sent
        run.submit(sent, self._found, self._look_up, sent, self._spot(sent.batch))

    def _look(self, run: _Run) -> None:
        now = time.monotonic()
        if run.waiting and now > self._deadline:
            raise self._timed_out()
        while run.bodies and run.sending < _SENDERS:
            self._send(run, run.bodies.pop(0))
        while run.waiting and run.due and run.due[0][0] <= now:
            sent = heapq.heappop(run.due)[2]
            run.submit(sent, self._found, self._retrieve, sent.name)

    def _take(self, run: _Run) -> None:
        """Wait until something happens, and go on with it."""
        pause = min([self._deadline - time.monotonic(), *(entry[0] - time.monotonic() for entry in run.due[:1])])
        if not run.jobs:
            if run.waiting and run.due:
                time.sleep(max(pause, 0.0))
            return
        done, _ = wait(run.jobs, timeout=max(pause, 0.0) if run.waiting else None, return_when=FIRST_COMPLETED)
        for future in done:
            sent, proceed = run.jobs.pop(future)
            proceed(run, sent, future.result())

    def _look_up(self, sent: Sent, spot: Callable[[], bool]) -> Mapping[str, Any] | None:
        current = self._retrieve(sent.name)
        if current is not None and current.get("status") in TERMINAL and sent.name not in self._own:
            sent.intact = spot()
        return current

    def _retrieve(self, name: str) -> Mapping[str, Any] | None:
        try:
            return self._client.json_imports.retrieve(self._source, name)
        except ChartMogulNotFoundError:
            return None

    def _found(self, run: _Run, sent: Sent, current: Mapping[str, Any] | None) -> None:
        sent.own = sent.own or sent.name in self._own
        if current is None:
            run.bodies.append(sent)
            return
        self.begun.add(sent.batch.number)
        if current.get("status") in TERMINAL:
            self._settle(run, sent, current)
        else:
            self._wait_for(run, sent)

    def _send(self, run: _Run, sent: Sent) -> None:
        body = self._body(sent.batch, sent.name, sent.attempt)
        if body is None:
            self._done(run, sent)
        elif self._name(sent.batch, sent.attempt) != sent.name:
            self._find(run, Sent(sent.batch, self._name(sent.batch, 1)))
        else:
            run.sending += 1
            run.submit(sent, self._created, self._create, sent, body)

    def _create(self, sent: Sent, body: bytes) -> Refusal | bool:
        """Send, unless another run has just sent the same; return whether this one did, or why it was refused."""
        self.begun.add(sent.batch.number)
        try:
            self._client.json_imports.create_encoded(self._source, external_id=sent.name, body=body)
        except ChartMogulUnprocessableError as error:
            return {"status": "failed", "error": str(error)} if self._retrieve(sent.name) is None else False
        return True

    def _created(self, run: _Run, sent: Sent, created: Refusal | bool) -> None:
        run.sending -= 1
        if isinstance(created, dict):
            sent.own = True
            self._settle(run, sent, created)
            return
        sent.own = created
        if created:
            self.sent.append(sent.name)
        self._wait_for(run, sent)

    def _wait_for(self, run: _Run, sent: Sent) -> None:
        least = max(self._pace.poll_interval, len(run.due) / _LOOKS_PER_SECOND)
        sent.pause = max(min(sent.pause * _GROWTH, _MAX_POLL_INTERVAL), least)
        heapq.heappush(run.due, (time.monotonic() + sent.pause, next(run.order), sent))

    def _settle(self, run: _Run, sent: Sent, finished: Mapping[str, Any]) -> None:
        sent.finished = finished
        if self._finished(sent):
            self._done(run, sent)
        else:
            again = Sent(sent.batch, self._name(sent.batch, sent.attempt + 1), sent.attempt + 1)
            self._find(run, again)

    def _done(self, run: _Run, sent: Sent) -> None:
        del self.under_way[sent.batch.number]
        run.done.add(sent.batch.number)

    def _timed_out(self) -> ChartMogulWaitTimeoutError:
        names = ", ".join(sorted(sent.name for sent in self.under_way.values())[:3])
        return ChartMogulWaitTimeoutError(
            f"{len(self.under_way)} imports into {self._source} are not done after {self._pace.timeout:g} s, such as "
            f"{names}; a repeated run looks for them on the server and goes on"
        )


@dataclass(slots=True)
class _Run:
    """Where everything stands."""

    batches: list[Batch]
    waiting: bool
    threads: ThreadPoolExecutor
    deadline: float
    total: int = 0
    done: set[int] = field(default_factory=set)
    jobs: dict[Future[Any], tuple[Sent, Callable[..., None]]] = field(default_factory=dict)
    bodies: list[Sent] = field(default_factory=list)
    due: list[tuple[float, int, Sent]] = field(default_factory=list)
    order: itertools.count[int] = field(default_factory=itertools.count)
    sending: int = 0
    told: float = field(default_factory=time.monotonic)
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.total = len(self.batches)

    def submit(self, sent: Sent, proceed: Callable[..., None], job: Callable[..., Any], *arguments: Any) -> None:
        """Let a thread do a job, and somebody go on with what it returns."""
        self.jobs[self.threads.submit(self._within_bounds, job, *arguments)] = (sent, proceed)

    def _within_bounds(self, job: Callable[..., Any], *arguments: Any) -> Any:
        with stopped_by(self.stop), bounded(self.deadline - time.monotonic()):
            return job(*arguments)

    def left(self) -> bool:
        return len(self.done) < self.total

    def may_begin(self, under_way: Mapping[int, Sent], pace: Pace) -> bool:
        """Tell whether some batch can be taken up: never two of the same customer at a time."""
        return len(under_way) < pace.max_in_flight and any(self._is_free(batch) for batch in self.batches)

    def is_stuck(self, under_way: Mapping[int, Sent], pace: Pace) -> bool:
        """Tell whether there is nothing to do but to wait for imports under way."""
        return not self.jobs and not self.bodies and not self.may_begin(under_way, pace)

    def next_batch(self) -> Batch:
        index = next(index for index, batch in enumerate(self.batches) if self._is_free(batch))
        return self.batches.pop(index)

    def tell_progress(self) -> None:
        if time.monotonic() - self.told > _PROGRESS_SECONDS or not self.left():
            self.told = time.monotonic()
            log.info("%d of %d imports are done, %d are under way", len(self.done), self.total, len(self.due))

    def _is_free(self, batch: Batch) -> bool:
        return batch.after is None or batch.after in self.done
