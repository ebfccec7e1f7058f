"""An account whose metrics move while nothing is pending, and a clock that tests turn."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient

_names = count()


class Billing:
    """Ten customers that pay since a year; each can be taken out of the metrics, which no count of records shows."""

    def __init__(self, client: ChartMogulClient) -> None:
        self._client = client
        self.uuid = client.data_sources.create(name=f"Billing {next(_names)}")["uuid"]
        self.send(*range(10))
        while self.pending():
            pass
        self._left = [invoice["uuid"] for invoice in client.invoices.list(data_source_uuid=self.uuid)]

    def send(self, *numbers: int) -> None:
        """Send customers, each with an invoice, in bulk."""
        name = f"customers-{next(_names)}"
        plan = {"external_id": name, "name": name, "interval_count": 1, "interval_unit": "month"}
        self._client.json_imports.create(
            self.uuid,
            external_id=name,
            plans=[plan],
            customers=[{"external_id": f"c{n}", "name": f"Customer {n}"} for n in numbers],
            invoices=[
                {"external_id": f"i{n}", "customer_external_id": f"c{n}", "date": "2025-01-10", "currency": "USD"}
                for n in numbers
            ],
            line_items=[
                {
                    "invoice_external_id": f"i{n}",
                    "type": "subscription",
                    "subscription_external_id": f"s{n}",
                    "plan_external_id": name,
                    "service_period_start": "2025-01-10",
                    "service_period_end": "2025-02-10",
                    "amount_in_cents": 5000,
                }
                for n in numbers
            ],
        )

    def pending(self) -> int:
        """Return how many records of the source are not worked off."""
        found = self._client.data_sources.retrieve(self.uuid, with_processing_status=True)
        pending: int = found["processing_status"]["pending"]
        return pending

    def move(self) -> None:
        """Let the metrics move; no record is pending, and the counts stay."""
        self._client.invoices.delete(self._left.pop())

    def mrr(self) -> int:
        """Return the MRR at the end of 2025."""
        answer = self._client.metrics.mrr(start_date="2025-12-01", end_date="2025-12-31", interval="month")
        mrr: int = answer["entries"][0]["mrr"]
        return mrr


class Clock:
    """Stands in for the module ``time``; time passes only where a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
