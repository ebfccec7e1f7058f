"""A small account on the emulator, made through the client: what scenarios and generated requests start from."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

NOW = "2026-03-15T12:00:00Z"
Record = dict[str, Any]


class Account:
    """One data source with a monthly plan of 50.00 USD, a paying customer and a lead; more on demand.

    :param client: of the emulator, whose clock this stops at :data:`NOW`.
    :param source: data source for all of it; a new custom one if not given.
    """

    def __init__(self, emulator: Emulator, client: ChartMogulClient, source: str | None = None) -> None:
        emulator.configure(now=NOW)
        self.emulator = emulator
        self.client = client
        self.source: str = source or client.data_sources.create(name="Ledger")["uuid"]
        self.plan: str = self.new_plan("team")["uuid"]
        self.paying: str = self.new_customer("acct-1", email="ida@firm.example", attributes={"tags": ["pilot"]})["uuid"]
        self.lead: str = self.new_customer("acct-2", email="lea@firm.example")["uuid"]
        payment = {"external_id": "tr-1", "type": "payment", "date": "2026-01-11", "result": "successful"}
        self.invoice = self.bill(self.paying, "inv-1", transactions=[payment])

    def automatic(self) -> Account:
        """Return the like of it in a source of a billing system: only there can records be disabled."""
        return Account(self.emulator, self.client, self.emulator.add_source("Cards", "Stripe"))

    def new_plan(self, external_id: str) -> Record:
        return self.client.plans.create(
            data_source_uuid=self.source,
            external_id=external_id,
            name=external_id.title(),
            interval_count=1,
            interval_unit="month",
        )

    def new_customer(self, external_id: str, **fields: Any) -> Record:
        record = {"name": external_id.upper(), **fields}
        return self.client.customers.create(data_source_uuid=self.source, external_id=external_id, **record)

    def line_item(self, number: int | str = 1, **fields: Any) -> Record:
        """Return a line item of three months from 2026-01-10, 50.00 each."""
        return {
            "external_id": f"li-{number}",
            "type": "subscription",
            "subscription_external_id": f"sub-{number}",
            "plan_uuid": self.plan,
            "service_period_start": "2026-01-10T00:00:00Z",
            "service_period_end": "2026-04-10T00:00:00Z",
            "amount_in_cents": 5000,
            **fields,
        }

    def draft(self, external_id: str, **fields: Any) -> Record:
        """Return an invoice as it is sent; its number is that of its line item and subscription."""
        items = [self.line_item(external_id.removeprefix("inv-"))]
        return {"external_id": external_id, "date": "2026-01-10", "currency": "USD", "line_items": items, **fields}

    def bill(self, customer_uuid: str, external_id: str, **fields: Any) -> Record:
        """Import an invoice and return it as it is stored."""
        answer = self.client.invoices.create(customer_uuid, [self.draft(external_id, **fields)])
        stored: Record = answer["invoices"][0]
        return stored

    def mrr(self) -> int:
        """Return the MRR at the end of February, cents."""
        months = self.client.metrics.mrr(start_date="2026-02-01", end_date="2026-02-28")
        return int(months["entries"][0]["mrr"])

    def named(self, external_id: str) -> dict[str, str]:
        """Return how a record is named by its external id."""
        return {"data_source_uuid": self.source, "external_id": external_id}

    def subscription(self, customer_uuid: str | None = None) -> Record:
        """Return the first subscription of a customer."""
        return next(iter(self.client.subscriptions.list(customer_uuid or self.paying)))

    def merged(self) -> str:
        """Fold the paying customer into the lead and return the uuid that is left."""
        self.client.customers.merge(from_=self.paying, into=self.lead)
        return self.lead

    def settled(self, read: Callable[[], Record], waiting: str) -> Record:
        """Return what a background job has become, once it no longer waits."""
        for _ in range(10):
            record = read()
            if record["status"] != waiting:
                return record
        raise AssertionError(f"still {waiting}")

    @property
    def item(self) -> str:
        return str(self.invoice["line_items"][0]["uuid"])

    @property
    def transaction(self) -> str:
        return str(self.invoice["transactions"][0]["uuid"])

    @cached_property
    def event(self) -> Record:
        """The cancellation of the paying customer's subscription, in February."""
        return self.client.subscription_events.create(**self.event_draft("evt-1"))

    def event_draft(self, external_id: str, **fields: Any) -> Record:
        return {
            "external_id": external_id,
            "data_source_uuid": self.source,
            "customer_external_id": "acct-1",
            "subscription_external_id": "sub-1",
            "event_type": "subscription_cancelled",
            "event_date": "2026-02-20T00:00:00Z",
            "effective_date": "2026-02-20T00:00:00Z",
            **fields,
        }

    @cached_property
    def contact(self) -> Record:
        return self.new_contact(email="max@firm.example", first_name="Max")

    def new_contact(self, **fields: Any) -> Record:
        return self.client.contacts.create(customer_uuid=self.paying, data_source_uuid=self.source, **fields)

    @cached_property
    def note(self) -> Record:
        return self.client.customer_notes.create(customer_uuid=self.paying, **self.note_draft)

    note_draft: Record = {"type": "note", "text": "Asked for an offer", "author_email": "ada@us.example"}

    @cached_property
    def task(self) -> Record:
        return self.client.tasks.create(customer_uuid=self.paying, **self.task_draft)

    task_draft: Record = {"task_details": "Call back", "assignee": "ada@us.example", "due_date": "2026-04-01"}

    @cached_property
    def opportunity(self) -> Record:
        return self.client.opportunities.create(customer_uuid=self.paying, **self.opportunity_draft)

    opportunity_draft: Record = {
        "owner": "ada@us.example",
        "pipeline": "New business",
        "pipeline_stage": "Discovery",
        "estimated_close_date": "2026-06-30",
        "currency": "USD",
        "amount_in_cents": 120_000,
    }

    @cached_property
    def plan_group(self) -> Record:
        return self.client.plan_groups.create(name="Standard", plans=[self.plan])

    @cached_property
    def json_import(self) -> Record:
        customers = [{"external_id": "acct-3", "name": "Cleo"}]
        return self.client.json_imports.create(self.source, external_id="batch-1", customers=customers)

    @cached_property
    def subscription_set(self) -> str:
        """The uuid of the set of the paying customer's subscription."""
        self.bill(self.lead, "inv-9", line_items=[self.line_item(9, subscription_set_external_id="set-9")])
        return str(self.subscription(self.lead)["subscription_set_uuid"])
