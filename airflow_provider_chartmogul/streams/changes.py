"""Which customers have changed since the last load: those whose subscriptions are worth a request."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_chartmogul.moments import as_utc
from airflow_provider_chartmogul.streams.columns import INTEGER, STRING, TIMESTAMP, columns
from airflow_provider_chartmogul.streams.model import EXTRA, Row, Table
from airflow_provider_chartmogul.streams.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from airflow_provider_chartmogul.client import ChartMogulClient

OLD_PAGES = 5
"""So many pages in a row without a record of the window end the look at a list."""

_MOMENTS_OF_EVENTS = ("event_date", "created_at", "updated_at")

READ_CUSTOMER = Table(
    columns=(
        *columns(STRING, "customer_uuid"),
        *columns(INTEGER, "mrr"),
        *columns(STRING, "status"),
        *columns(TIMESTAMP, "read_at"),
    ),
    key=("customer_uuid",),
    suffix="customers",
)
"""What a load remembers of each customer: how it looked when its subscriptions were read, and for which moment."""


class Memory(Protocol):
    """What earlier loads remember, as rows of :data:`READ_CUSTOMER`."""

    def last_load(self) -> datetime | None:
        """Return the latest ``read_at``, if there is any."""

    def of(self, customer_uuids: Sequence[str]) -> Mapping[str, Row]:
        """Return what is remembered of some customers, by their uuid."""


@dataclass(frozen=True)
class Changes:
    """Tells changed customers from others.

    A customer counts as changed if it was seen in an activity, invoice or subscription event of the window, or its
    ``mrr`` or ``status`` differs from what was remembered, or nothing was, or that is too long ago. The window begins
    with the last load if that is earlier. Invoices and events are listed by the time of their creation, newest first,
    which invoices do not tell: they are read down until some pages in a row hold none that is dated in the window.

    :param client: the API.
    :param memory: what earlier loads remember.
    :param window: where to look for changes.
    :param as_of: the moment that the load is for.
    :param sweep: everything is read anew after this time, whether it changed or not.
    """

    client: ChartMogulClient
    memory: Memory
    window: Window
    as_of: datetime
    sweep: timedelta

    def changed(self, customers: Sequence[Mapping[str, Any]]) -> set[str]:
        """Return which of some customers have changed, by their uuid."""
        remembered = self.memory.of([customer["uuid"] for customer in customers])
        return {one["uuid"] for one in customers if self._has_changed(one, remembered.get(one["uuid"]))}

    def row(self, customer: Mapping[str, Any]) -> Row:
        """Return what is to be remembered of a customer whose subscriptions are read now."""
        row = READ_CUSTOMER.row("subscriptions", {**_looks(customer), "customer_uuid": customer["uuid"]})
        return {**row, "read_at": self.as_of, EXTRA.name: None}

    @cached_property
    def _seen(self) -> set[str | tuple[str, str]]:
        """Who was seen in the window: by uuid, and of events by source and external id."""
        last = self.memory.last_load()
        window = Window(min(self.window.start, last or self.window.start), self.window.end)
        activities = self.client.activities.list(start_date=window.start, end_date=window.end)
        invoices = _newest(self.client.invoices.list().pages(), ("date",), window)
        events = _newest(self.client.subscription_events.list().pages(), _MOMENTS_OF_EVENTS, window)
        return {
            *(one["customer-uuid"] for one in activities),
            *(one["customer_uuid"] for one in invoices),
            *((one["data_source_uuid"], one["customer_external_id"]) for one in events),
        }

    def _has_changed(self, customer: Mapping[str, Any], remembered: Row | None) -> bool:
        return (
            remembered is None
            or _looks(customer) != {name: remembered[name] for name in ("mrr", "status")}
            or self.as_of - remembered["read_at"] >= self.sweep
            or customer["uuid"] in self._seen
            or not self._seen.isdisjoint(_names(customer))
        )


def _looks(customer: Mapping[str, Any]) -> dict[str, Any]:
    return {"mrr": customer.get("mrr"), "status": customer.get("status")}


def _names(customer: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield each source with each external id: which of a merged customer's go together is not told."""
    sources = customer.get("data_source_uuids") or [customer.get("data_source_uuid")]
    ids = customer.get("external_ids") or [customer.get("external_id")]
    return ((source, external_id) for source in sources for external_id in ids)


def _newest(pages: Iterable[Any], fields: Sequence[str], window: Window) -> Iterator[Mapping[str, Any]]:
    """Yield the records of which a moment lies in the window, as far as it pays to look for them."""
    old_pages = 0
    for page in pages:
        recent = [record for record in page.records if _latest(record, fields) >= window.start]
        yield from recent
        # old bills that were imported lately stand among the newest
        old_pages = 0 if recent else old_pages + 1
        if old_pages == OLD_PAGES:
            return


def _latest(record: Mapping[str, Any], fields: Sequence[str]) -> datetime:
    return max(as_utc(record[name]) for name in fields if record.get(name) is not None)
