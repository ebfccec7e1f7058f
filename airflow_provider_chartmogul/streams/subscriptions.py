"""Subscriptions with their MRR, customer by customer."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_chartmogul.exceptions import ChartMogulInvalidResponseError, ChartMogulNotFoundError
from airflow_provider_chartmogul.streams.changes import READ_CUSTOMER
from airflow_provider_chartmogul.streams.columns import INTEGER, STRING, TIMESTAMP, columns
from airflow_provider_chartmogul.streams.model import Page, Reading, Record, Stream, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Future

    from airflow_provider_chartmogul import client as api
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.streams.changes import Changes
    from airflow_provider_chartmogul.streams.model import Options

# pages of customers whose subscriptions are asked for at a time: the last answers of one and the first of the next
PAGES_AT_ONCE = 2

SUBSCRIPTION = Table(
    columns=(
        *columns(STRING, "uuid", "customer_uuid"),
        *columns(INTEGER, "id"),
        *columns(STRING, "external_id", "subscription_set_external_id", "subscription_set_uuid", "status", "plan"),
        *columns(INTEGER, "quantity", "mrr", "arr"),
        *columns(STRING, "currency", "currency-sign", "billing-cycle"),
        *columns(INTEGER, "billing-cycle-count"),
        *columns(TIMESTAMP, "start-date", "end-date"),
    ),
    key=("uuid",),
    record_key="customer_uuid",
)


class _Asked(NamedTuple):
    """A page of customers whose subscriptions were asked for."""

    page: api.Page
    answers: list[Future[Record]]
    unchanged: list[Record]

    def answered(self) -> Page:
        cursor = self.page.cursor if self.page.has_more else None
        records = [*self.unchanged, *(answer.result() for answer in self.answers)]
        return Page(records, cursor, total=self.page.raw.get("total_pages"))


def _open(client: ChartMogulClient, options: Options) -> Reading:
    """Begin a walk over all customers, since subscriptions can only be listed by customer.

    It costs a request per 200 customers and one more for every single customer: at the API's 40 requests per second
    at least four minutes for 10,000 customers.
    """
    return _Walk(client, options.data_source_uuid).reading()


def open_changed(client: ChartMogulClient, changes: Changes) -> Reading:
    """Begin a walk over all customers that reads the subscriptions of changed ones only.

    The table of :data:`~airflow_provider_chartmogul.streams.changes.READ_CUSTOMER` belongs to what is read. Records of
    customers that have not changed come without rows.
    """
    return _Walk(client, changes=changes).reading()


class _GivenUpError(Exception):
    """Nobody waits for the answer any more."""


class _Walk:
    """A walk over customers that asks for the subscriptions of each, or of those that changed."""

    def __init__(
        self, client: ChartMogulClient, data_source_uuid: str | None = None, changes: Changes | None = None
    ) -> None:
        self._client = client
        self._data_source_uuid = data_source_uuid
        self._changes = changes
        self._given_up = Event()

    def reading(self) -> Reading:
        return Reading(self.pages, hurry=self._given_up.set)

    def pages(self, part: str, cursor: str | None) -> Iterator[Page]:
        asked: deque[_Asked] = deque()
        customers = self._client.customers.list(data_source_uuid=self._data_source_uuid, cursor=cursor)
        pool = ThreadPoolExecutor(self._client.max_connections, thread_name_prefix="chartmogul-subscriptions")
        try:
            for page in customers.pages():
                asked.append(self._ask(pool, page))
                if len(asked) == PAGES_AT_ONCE:
                    yield asked.popleft().answered()
            while asked:
                yield asked.popleft().answered()
        finally:
            pool.shutdown(cancel_futures=True)

    def _ask(self, pool: ThreadPoolExecutor, page: api.Page) -> _Asked:
        by_uuid = {_uuid(customer): customer for customer in page.records}
        wanted = self._changes.changed(page.records) if self._changes else by_uuid.keys()
        answers = [pool.submit(self._of_customer, by_uuid[uuid]) for uuid in by_uuid if uuid in wanted]
        return _Asked(page, answers, [Record(uuid, None) for uuid in by_uuid if uuid not in wanted])

    def _of_customer(self, customer: Mapping[str, Any]) -> Record:
        if self._given_up.is_set():
            raise _GivenUpError
        uuid = customer["uuid"]
        try:
            subscriptions = list(self._client.subscriptions.list(uuid))
        except ChartMogulNotFoundError:
            # deleted or merged into another since it was listed
            subscriptions = []
        rows = {"": [SUBSCRIPTION.row("subscriptions", {**one, "customer_uuid": uuid}) for one in subscriptions]}
        if self._changes:
            rows[READ_CUSTOMER.suffix] = [self._changes.row(customer)]
        return Record(uuid, rows)


def _uuid(customer: Mapping[str, Any]) -> str:
    uuid = customer.get("uuid")
    if not isinstance(uuid, str) or not uuid:
        raise ChartMogulInvalidResponseError("Stream subscriptions: a customer has no 'uuid'")
    return uuid


SUBSCRIPTIONS = Stream(
    "subscriptions",
    "a subscription of a customer, with its MRR",
    "GET /customers, GET /customers/{customer_uuid}/subscriptions",
    (SUBSCRIPTION,),
    _open,
    split="customers",
    remarks="The API cannot tell what has changed, and costs a request for each customer.",
    options=frozenset({"data_source_uuid"}),
)
