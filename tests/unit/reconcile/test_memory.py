"""A comparison takes as much memory for many invoices as for few."""

from __future__ import annotations

import gc
import tracemalloc
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul import local_tables
from airflow_provider_chartmogul.client.pagination import Listing, PageShape
from airflow_provider_chartmogul.imports import Given
from airflow_provider_chartmogul.reconcile import Reconciliation
from tests.unit.imports.samples import cancellation, customer, plan
from tests.unit.reconcile.sides import bill, item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pytest

PAGE = 200


def source(count: int) -> Iterator[Given]:
    yield Given("plans", plan(), "")
    for number in range(count):
        yield Given("customers", customer(number), "")
        yield Given("invoices", bill(number, line_items=[item(number, quantity=1)]), "")
        yield Given("subscription_events", cancellation(number, external_id=f"end-{number}"), "")


def listing(count: int, make: Callable[[int], dict[str, Any]]) -> Listing:
    """A list of so many records, made when its pages are asked for."""

    def get(path: str, params: Mapping[str, Any]) -> dict[str, Any]:
        start = int(params["cursor"] or 0)
        end = min(start + PAGE, count)
        return {"entries": [make(number) for number in range(start, end)], "cursor": str(end), "has_more": end < count}

    return Listing(get, "/many", {}, shape=PageShape())


def chartmogul(count: int) -> Any:
    """As many records on the other side, of which each differs."""
    plans = [{"uuid": "pl_1", **plan()}]
    customers = listing(count, lambda n: {"uuid": f"cus_{n}", "external_id": f"other-{n}", "mrr": 1, "currency": "USD"})
    invoices = listing(
        count, lambda n: {**bill(n, line_items=[item(n, quantity=2)]), "uuid": f"inv_{n}", "customer_uuid": f"cus_{n}"}
    )
    events = listing(count, lambda n: {**cancellation(n, external_id=f"other-{n}", event_date="2026-03-21"), "id": n})
    return SimpleNamespace(
        **{
            name: SimpleNamespace(list=lambda *, answer=answer, **_: answer)
            for name, answer in {
                "plans": plans,
                "customers": customers,
                "invoices": invoices,
                "subscription_events": events,
            }.items()
        },
        data_sources=SimpleNamespace(retrieve=lambda uuid: {"uuid": uuid, "system": "Custom"}),
        subscriptions=SimpleNamespace(list=lambda uuid: [], list_imported=lambda uuid: []),
    )


def peak_of(count: int) -> int:
    gc.collect()
    tracemalloc.start()
    with Reconciliation(chartmogul(count), "ds_1", ()) as found:
        found.read(source(count))
        found.compare()
        different = sum(row["kind"] == "different" for row in found.differences())
        assert (different, sum(1 for _ in found.fixes())) == (count, 3 * count)
        peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_number_of_records(monkeypatch: pytest.MonkeyPatch) -> None:
    # what is small enough for a page is all in memory: let few records be many pages
    monkeypatch.setattr(local_tables, "_PAGE", 50)
    # once before: what is loaded and cached is no matter of the number
    peak_of(PAGE)
    few, many = peak_of(800), peak_of(2_400)
    assert many < few * 1.25
