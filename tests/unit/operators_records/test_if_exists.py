"""What becomes of records that are there already, also where an answer is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulImportFailedError
from airflow_provider_chartmogul.operators import (
    customers,
    invoices,
    line_items,
    plans,
    subscription_events,
    transactions,
)
from tests.contract.account import Account
from tests.unit.operators_records.running import counts, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator
    from airflow_provider_chartmogul.operators.keyed_records import ChartMogulImportRecordsOperator


@dataclass(frozen=True)
class Kind:
    """One kind of record.

    :param draft: the record that is there, and its new value.
    :param value: reads that value.
    """

    operator: type[ChartMogulImportRecordsOperator]
    draft: Callable[[Account], dict[str, Any]]
    value: Callable[[Account], Any]


PAYMENT = {"external_id": "tr-1", "type": "payment", "date": "2026-01-11", "result": "failed"}
KINDS = [
    Kind(
        customers.ChartMogulImportCustomersOperator,
        lambda a: {"external_id": "acct-2", "name": "NEW"},
        lambda a: a.client.customers.retrieve(a.lead)["name"],
    ),
    Kind(
        plans.ChartMogulImportPlansOperator,
        lambda a: {"external_id": "team", "name": "NEW", "interval_count": 1, "interval_unit": "month"},
        lambda a: a.client.plans.retrieve(a.plan)["name"],
    ),
    Kind(
        invoices.ChartMogulImportInvoicesOperator,
        lambda a: a.draft("inv-1", customer_external_id="acct-1", due_date="2026-05-01"),
        lambda a: a.client.invoices.retrieve(a.invoice["uuid"])["due_date"],
    ),
    Kind(
        line_items.ChartMogulImportLineItemsOperator,
        lambda a: a.line_item(invoice_external_id="inv-1", amount_in_cents=700),
        lambda a: a.client.line_items.retrieve(a.item)["amount_in_cents"],
    ),
    Kind(
        transactions.ChartMogulImportTransactionsOperator,
        lambda a: {**PAYMENT, "invoice_external_id": "inv-1"},
        lambda a: a.client.transactions.retrieve(a.transaction)["result"],
    ),
    Kind(
        subscription_events.ChartMogulImportSubscriptionEventsOperator,
        lambda a: {**a.event_draft(a.event["external_id"]), "effective_date": "2026-02-25"},
        lambda a: a.client.subscription_events.list().first()["effective_date"],  # type: ignore[index]
    ),
]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.operator.kind)


@pytest.fixture
def account(emulator: Emulator, client: ChartMogulClient) -> Account:
    return Account(emulator, client)


def import_again(kind: Kind, account: Account, if_exists: str) -> dict[str, Any]:
    draft = kind.draft(account)
    account.emulator.set_faults([{"kind": "drop_before", "method": "POST", "times": 1}])
    return run(kind.operator, records=draft, data_source_uuid=account.source, if_exists=if_exists)


@each_kind
def test_a_record_that_was_there_is_updated_though_an_answer_is_lost(kind: Kind, account: Account) -> None:
    kind.draft(account)
    before = kind.value(account)
    assert counts(import_again(kind, account, "update")) == {"records": 1, "updated": 1}
    assert kind.value(account) != before


@each_kind
def test_a_record_that_was_there_is_refused_though_an_answer_is_lost(kind: Kind, account: Account) -> None:
    kind.draft(account)
    before = kind.value(account)
    with pytest.raises(ChartMogulImportFailedError, match="external_id already exists"):
        import_again(kind, account, "fail")
    assert kind.value(account) == before


@pytest.mark.parametrize("if_exists", ["skip", "update", "fail"])
def test_what_is_found_after_our_own_lost_answer_is_ours(account: Account, if_exists: str) -> None:
    account.emulator.set_faults([{"kind": "drop_after", "method": "POST", "times": 1}])
    record = {"external_id": "acct-9", "name": "Mine"}
    arguments = {"records": record, "data_source_uuid": account.source, "if_exists": if_exists}
    assert counts(run(customers.ChartMogulImportCustomersOperator, **arguments)) == {"records": 1, "created": 1}


def test_one_that_comes_in_between_is_updated_or_refused(account: Account) -> None:
    """Somebody else creates the record between the look and the creation."""
    operator, there = customers.ChartMogulImportCustomersOperator, account.client.customers.retrieve(account.lead)
    for if_exists, looks in (("update", [None, there]), ("fail", [None])):
        with patch.object(operator, "find", side_effect=looks):
            arguments = {"data_source_uuid": account.source, "if_exists": if_exists, "max_rejected": 1}
            result = run(operator, records={"external_id": "acct-2", "name": "NEW"}, **arguments)
        assert counts(result) == {"records": 1, "updated" if if_exists == "update" else "rejected": 1}
    assert account.client.customers.retrieve(account.lead)["name"] == "NEW"


class TestMergedCustomers:
    """Invoices of a customer who has a part in each of two data sources."""

    @pytest.fixture
    def parts(self, account: Account) -> list[Account]:
        """Two sources with an invoice ``inv-1`` each; the paying customers are one."""
        other = Account(account.emulator, account.client, account.client.data_sources.create(name="Other")["uuid"])
        account.client.customers.merge(from_=account.paying, into=other.paying)
        return [account, other]

    def bill(self, part: Account, draft: dict[str, Any], **arguments: Any) -> dict[str, Any]:
        return run(invoices.ChartMogulImportInvoicesOperator, records=draft, data_source_uuid=part.source, **arguments)

    @pytest.mark.parametrize("number", [0, 1])
    def test_the_invoice_of_the_data_source_is_changed(self, parts: list[Account], number: int) -> None:
        customer = parts[1].paying
        draft = parts[number].draft("inv-1", customer_uuid=customer, due_date="2026-05-01")
        assert counts(self.bill(parts[number], draft, if_exists="update")) == {"records": 1, "updated": 1}
        due = [part.client.invoices.retrieve(part.invoice["uuid"])["due_date"] for part in parts]
        assert [date is not None for date in due] == [number == 0, number == 1]

    @pytest.mark.parametrize("number", [0, 1])
    def test_a_new_one_goes_to_the_part_that_is_named(self, parts: list[Account], number: int) -> None:
        part = parts[number]
        for external_id, more in (("inv-7", {}), ("inv-8", {"customer_uuid": parts[1].paying})):
            (uuid,) = self.bill(part, part.draft(external_id, customer_external_id="acct-1", **more))["uuids"]
            assert part.client.invoices.retrieve(uuid)["data_source_uuid"] == part.source

    def test_what_another_data_source_has_is_not_taken_for_there(self, parts: list[Account]) -> None:
        here, there = parts
        self.bill(here, here.draft("inv-7", customer_external_id="acct-1"))
        for faults in ([], [{"kind": "drop_before", "method": "POST", "times": 1}]):
            here.emulator.set_faults(faults)
            with pytest.raises(ChartMogulImportFailedError, match="customer_external_id"):
                self.bill(there, there.draft("inv-7", customer_uuid=there.paying))
        draft = there.draft("inv-7", customer_external_id="acct-1")
        assert counts(self.bill(there, draft)) == {"records": 1, "created": 1}
