"""Import billing records by bulk JSON imports and wait until they are done."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.exceptions import (
    ChartMogulNotFoundError,
    ChartMogulUnprocessableError,
    ChartMogulWaitTimeoutError,
)
from airflow_provider_chartmogul.imports.batching import (
    MAX_BYTES,
    MAX_CUSTOMERS,
    Batch,
    CustomerGroup,
    batches,
    customer_groups,
    plan_parts,
)
from airflow_provider_chartmogul.imports.outcome import Outcome, outcomes
from airflow_provider_chartmogul.imports.references import compare_plans, unknown_plans
from airflow_provider_chartmogul.imports.result import ImportResult
from airflow_provider_chartmogul.imports.validation import Rejection, check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.imports.records import BillingRecords

log = logging.getLogger(__name__)

TERMINAL: Final = frozenset({"completed", "failed"})
_GROWTH: Final = 1.5
_MAX_POLL_INTERVAL: Final = 30.0


def import_billing(
    client: ChartMogulClient,
    data_source_uuid: str,
    records: BillingRecords,
    *,
    max_rejected: int = 0,
    customers_per_request: int = MAX_CUSTOMERS,
    max_bytes: int = MAX_BYTES,
    max_in_flight: int = 4,
    poll_interval: float = 1.0,
    timeout: float = 3600.0,
) -> ImportResult:
    """Import records into a custom data source, wait for the end, and account for each record.

    Everything is checked first; with more than ``max_rejected`` faulty records nothing is sent. Plans that the data
    source does not have yet go first; if too many of them fail, nothing more is sent. Then customers follow with all
    their records, several requests at a time. Each request has an ``external_id`` made of its content: a repeated run
    finds its imports on the server and sends nothing twice. The end is about the records; metrics follow later.

    :param client: client of the account.
    :param data_source_uuid: data source, ``ds_…``.
    :param records: what to import.
    :param max_rejected: how many faulty records may be left out; with more of them nothing is sent.
    :param customers_per_request: most customers in one request.
    :param max_bytes: most bytes of JSON in one request.
    :param max_in_flight: most imports under way at the same time.
    :param poll_interval: seconds until the first question after an import's state; grows up to 30 s.
    :param timeout: seconds for the whole import.
    :return: the account of every record. It does not raise for rejected ones;
        :meth:`~airflow_provider_chartmogul.imports.result.ImportResult.raise_for_failures` does.
    :raises ChartMogulWaitTimeoutError: not done within ``timeout``; a repeated run goes on where this one was.
    """
    sender = _Sender(client, data_source_uuid, poll_interval=poll_interval, timeout=timeout)
    server_plans = {plan["external_id"]: plan for plan in client.plans.list(data_source_uuid=data_source_uuid)}
    checked = check(records)
    warnings = checked.warnings + compare_plans(records, server_plans)
    rejections = checked.rejections + unknown_plans(records, server_plans, checked.rejected_sources)
    rejected = {rejection.source for rejection in rejections}
    groups = customer_groups(records, rejected)
    for group in groups:
        if not group.fits(max_bytes):
            rejections += _too_large(group, max_bytes)

    result = ImportResult(warnings=warnings)
    result.refuse(rejections)
    plans = plan_parts(records, rejected)
    result.enter(Outcome(part, "already_there") for part in plans if part.external_id in server_plans)
    missing = tuple(part for part in plans if part.external_id not in server_plans)
    fitting = (group for group in groups if group.fits(max_bytes))
    packed = list(batches(fitting, max_customers=customers_per_request, max_bytes=max_bytes))
    # one after the other: line items need their plans
    for step, in_flight in (([Batch(missing)] if missing else [], 1), (packed, max_in_flight)):
        if result.failures > max_rejected:
            result.enter(Outcome(part, "not_sent") for batch in step for part in batch.parts)
        else:
            sender.send_all(step, result, max_in_flight=in_flight)
    return result


def _too_large(group: CustomerGroup, max_bytes: int) -> Iterator[Rejection]:
    message = (
        f"the records of customer {group.customer!r} take {group.size:,} bytes; one request must hold all of them and "
        f"may have at most {max_bytes:,} bytes"
    )
    # the parts of an invoice come after it
    for part in {part.source: part for part in reversed(group.parts)}.values():
        yield Rejection(part.kind, part.external_id, group.customer, "", message, part.source)


class _Stopped(Exception):  # noqa: N818 - a signal between threads, never seen outside
    """Another import failed, so that this one need not be waited for."""


class _Sender:
    """Sends batches and waits for them, until one deadline for all."""

    def __init__(
        self, client: ChartMogulClient, data_source_uuid: str, *, poll_interval: float, timeout: float
    ) -> None:
        self.client = client
        self.data_source_uuid = data_source_uuid
        self.poll_interval = poll_interval
        self.timeout = timeout
        self.deadline = time.monotonic() + timeout
        self.stop = threading.Event()

    def send_all(self, all_batches: list[Batch], result: ImportResult, *, max_in_flight: int) -> None:
        """Enter the outcomes of all batches; the first failure ends the others."""
        threads = ThreadPoolExecutor(max_in_flight, thread_name_prefix="chartmogul-import")
        try:
            futures = [threads.submit(self.send, batch) for batch in all_batches]
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                log.info("%d of %d imports are done", done, len(futures))
            # in the order of the batches, so that the account of the same data is the same
            for name, sent, found in (future.result() for future in futures):
                result.imports.append(name)
                result.sent += sent
                result.enter(found)
        finally:
            # also on a signal that ends the task: nothing may go on sending behind its back
            self.stop.set()
            threads.shutdown(cancel_futures=True)
            self.stop.clear()

    def send(self, batch: Batch) -> tuple[str, bool, list[Outcome]]:
        """Find the import of this content or send it; return its name, whether it was sent, and the outcomes.

        An earlier import that left records out does not count: what stood in their way may be gone.
        """
        for attempt in itertools.count(1):
            name = batch.import_id(attempt)
            if time.monotonic() > self.deadline:
                raise self.timed_out(name)
            earlier = self.retrieve(name)
            if earlier is None:
                sent = self.create(name, batch)
                return name, sent, list(outcomes(batch, self.wait(name)))
            found = list(outcomes(batch, self.wait(name, earlier)))
            if all(outcome.state in ("imported", "already_there") for outcome in found):
                return name, False, [Outcome(outcome.part, "already_there") for outcome in found]
        raise AssertionError("unreachable")

    def create(self, name: str, batch: Batch) -> bool:
        """Send, unless another run of the same task has just sent the same; return whether this one did."""
        try:
            self.client.json_imports.create(self.data_source_uuid, external_id=name, **batch.body())
        except ChartMogulUnprocessableError:
            if self.retrieve(name) is None:
                raise
            return False
        return True

    def retrieve(self, name: str) -> Mapping[str, Any] | None:
        if self.stop.is_set():
            raise _Stopped
        try:
            return self.client.json_imports.retrieve(self.data_source_uuid, name)
        except ChartMogulNotFoundError:
            return None

    def wait(self, name: str, current: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Ask until the import is in a terminal status."""
        pause = self.poll_interval
        while current is None or current.get("status") not in TERMINAL:
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise self.timed_out(name)
            if self.stop.wait(min(pause, left)):
                raise _Stopped
            pause = min(pause * _GROWTH, _MAX_POLL_INTERVAL)
            current = self.retrieve(name)
        return current

    def timed_out(self, name: str) -> ChartMogulWaitTimeoutError:
        return ChartMogulWaitTimeoutError(
            f"import {name} into {self.data_source_uuid} is not done after {self.timeout:g} s; "
            "a repeated run finds it on the server and goes on waiting"
        )
