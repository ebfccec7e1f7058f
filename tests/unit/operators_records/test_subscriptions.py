"""Tasks on subscriptions and their events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulImportFailedError, ChartMogulImportIncompleteError
from airflow_provider_chartmogul.operators.invoices import ChartMogulImportInvoicesOperator
from airflow_provider_chartmogul.operators.subscription_events import (
    ChartMogulDeleteSubscriptionEventsOperator,
    ChartMogulImportSubscriptionEventsOperator,
    ChartMogulUpdateSubscriptionEventsOperator,
)
from airflow_provider_chartmogul.operators.subscriptions import (
    ChartMogulCancelSubscriptionsOperator,
    ChartMogulConnectSubscriptionsOperator,
    ChartMogulDisconnectSubscriptionsOperator,
)
from tests.unit.imports.samples import cancellation, customer, invoice, line_item
from tests.unit.operators_records.running import counts, run

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator


@pytest.fixture
def customer_uuid(client: ChartMogulClient, data_source: str, team: dict[str, Any]) -> str:
    """A customer with the subscriptions ``old`` and ``new``."""
    assert team
    uuid = str(client.customers.create(data_source_uuid=data_source, **customer())["uuid"])
    records = [
        invoice(1, external_id=name, line_items=[line_item(subscription_external_id=name)]) for name in ("old", "new")
    ]
    run(ChartMogulImportInvoicesOperator, records=records, data_source_uuid=data_source)
    return uuid


def imported(client: ChartMogulClient, customer_uuid: str) -> dict[str, dict[str, Any]]:
    return {found["external_id"]: found for found in client.subscriptions.list_imported(customer_uuid)}


class TestSubscriptions:
    def test_cancel(self, client: ChartMogulClient, customer_uuid: str) -> None:
        old, new = (imported(client, customer_uuid)[name]["uuid"] for name in ("old", "new"))
        records = [
            {"uuid": old, "cancelled_at": "2026-03-15"},
            {"uuid": new, "cancellation_dates": ["2026-03-10", "2026-03-20"]},
        ]
        assert counts(run(ChartMogulCancelSubscriptionsOperator, records=records)) == {"records": 2, "cancelled": 2}
        found = imported(client, customer_uuid)
        assert found["old"]["cancellation_dates"] == ["2026-03-15T00:00:00.000Z"]
        assert len(found["new"]["cancellation_dates"]) == 2
        run(ChartMogulCancelSubscriptionsOperator, records={"uuid": old, "cancellation_dates": []})
        assert imported(client, customer_uuid)["old"]["cancellation_dates"] == []

    @pytest.mark.parametrize(
        ("dates", "message"),
        [
            ({}, "cancelled_at is missing, and cancellation_dates as well"),
            ({"canceled_at": "2026-03-15"}, "canceled_at is unknown; is 'cancelled_at' meant"),
            (
                {"cancelled_at": "2026-03-15", "cancellation_dates": []},
                "cancelled_at must not be given beside cancellation_dates",
            ),
        ],
    )
    def test_one_way_to_cancel(self, dates: dict[str, Any], message: str) -> None:
        with pytest.raises(ChartMogulImportFailedError, match=message):
            run(ChartMogulCancelSubscriptionsOperator, records={"uuid": "sub_1", **dates})

    def test_a_time_is_added_once_where_the_customer_is_known(
        self, client: ChartMogulClient, emulator: Emulator, customer_uuid: str
    ) -> None:
        uuid = imported(client, customer_uuid)["old"]["uuid"]
        record = {"uuid": uuid, "customer_uuid": customer_uuid, "cancelled_at": "2026-03-15"}
        emulator.set_faults([{"kind": "drop_after", "method": "PATCH", "times": 1}])
        with pytest.raises(ChartMogulImportIncompleteError):
            run(ChartMogulCancelSubscriptionsOperator, records=record)
        assert counts(run(ChartMogulCancelSubscriptionsOperator, records=record)) == {"records": 1, "cancelled": 1}
        assert imported(client, customer_uuid)["old"]["cancellation_dates"] == ["2026-03-15T00:00:00.000Z"]
        assert emulator.stats()["requests_by_operation"]["PATCH /import/subscriptions/{subscription_uuid}"] == 1
        run(ChartMogulCancelSubscriptionsOperator, records={**record, "cancelled_at": "2026-03-16"})
        assert len(imported(client, customer_uuid)["old"]["cancellation_dates"]) == 2

    def test_a_time_that_cannot_be_looked_up_is_not_sent_again(
        self, client: ChartMogulClient, emulator: Emulator, customer_uuid: str
    ) -> None:
        uuid = imported(client, customer_uuid)["old"]["uuid"]
        emulator.set_faults([{"kind": "drop_after", "method": "PATCH", "times": 1}])
        with pytest.raises(ChartMogulImportFailedError, match="may or may not"):
            run(ChartMogulCancelSubscriptionsOperator, records={"uuid": uuid, "cancelled_at": "2026-03-15"})

    def test_the_subscription_of_another_customer_is_not_cancelled(
        self, client: ChartMogulClient, data_source: str, customer_uuid: str
    ) -> None:
        uuid = imported(client, customer_uuid)["old"]["uuid"]
        other = client.customers.create(data_source_uuid=data_source, external_id="other")["uuid"]
        record = {"uuid": uuid, "customer_uuid": other, "cancelled_at": "2026-03-15"}
        with pytest.raises(ChartMogulImportFailedError, match="customer_uuid has no such subscription"):
            run(ChartMogulCancelSubscriptionsOperator, records=record)
        assert imported(client, customer_uuid)["old"]["cancellation_dates"] == []

    def test_connect_and_disconnect(self, client: ChartMogulClient, data_source: str, customer_uuid: str) -> None:
        names = [{"data_source_uuid": data_source, "external_id": name} for name in ("new", "old")]
        record = {"customer_uuid": customer_uuid, "subscriptions": names}
        apart = len(list(client.subscriptions.list(customer_uuid)))
        for _ in range(2):
            result = run(ChartMogulConnectSubscriptionsOperator, records=record)
            assert result == {"records": 1, "connected": 1, "rejected": 0, "unknown": 0, "uuids": [customer_uuid]}
            assert len(list(client.subscriptions.list(customer_uuid))) == apart - 1
        result = run(ChartMogulDisconnectSubscriptionsOperator, records=record)
        assert counts(result) == {"records": 1, "disconnected": 1}
        assert len(list(client.subscriptions.list(customer_uuid))) == apart

    def test_a_connection_needs_two(self, data_source: str) -> None:
        one = [{"data_source_uuid": data_source, "external_id": "old"}]
        record = {"customer_uuid": "cus_1", "subscriptions": one}
        with pytest.raises(ChartMogulImportFailedError, match="subscriptions must hold at least two subscriptions"):
            run(ChartMogulConnectSubscriptionsOperator, records=record)


class TestEvents:
    def event(self, **fields: Any) -> dict[str, Any]:
        return cancellation(subscription_external_id="old", external_id="ev-1", **fields)

    def events(self, client: ChartMogulClient) -> list[tuple[str, str]]:
        return [(found["external_id"], found["effective_date"][:10]) for found in client.subscription_events.list()]

    @pytest.mark.usefixtures("customer_uuid")
    def test_skip_update_fail(self, client: ChartMogulClient, data_source: str) -> None:
        given = {"data_source_uuid": data_source, "records": self.event()}
        assert counts(run(ChartMogulImportSubscriptionEventsOperator, **given)) == {"records": 1, "created": 1}
        changed = {**given, "records": self.event(effective_date="2026-04-02")}
        result = run(ChartMogulImportSubscriptionEventsOperator, **changed)
        assert (counts(result), self.events(client)) == (
            {"records": 1, "already_there": 1},
            [("ev-1", "2026-04-01")],
        )
        result = run(ChartMogulImportSubscriptionEventsOperator, **changed, if_exists="update")
        assert (counts(result), self.events(client)) == ({"records": 1, "updated": 1}, [("ev-1", "2026-04-02")])
        with pytest.raises(ChartMogulImportFailedError):
            run(ChartMogulImportSubscriptionEventsOperator, **changed, if_exists="fail")

    @pytest.mark.usefixtures("customer_uuid")
    def test_without_external_id_they_are_not_doubled(self, client: ChartMogulClient, data_source: str) -> None:
        record = {**self.event(), "external_id": None}
        for state in ("created", "already_there"):
            result = run(ChartMogulImportSubscriptionEventsOperator, records=record, data_source_uuid=data_source)
            assert counts(result) == {"records": 1, state: 1}
        assert len(self.events(client)) == 1

    @pytest.mark.usefixtures("customer_uuid")
    def test_update_and_delete(self, client: ChartMogulClient, data_source: str) -> None:
        records = [self.event(), {**self.event(), "external_id": "ev-2"}]
        made = run(ChartMogulImportSubscriptionEventsOperator, records=records, data_source_uuid=data_source)
        changes = [
            {"id": made["uuids"][0], "effective_date": "2026-04-03"},
            {"external_id": "ev-2", "effective_date": "2026-04-04"},
        ]
        result = run(ChartMogulUpdateSubscriptionEventsOperator, records=changes, data_source_uuid=data_source)
        assert (counts(result), result["uuids"]) == ({"records": 2, "updated": 2}, made["uuids"])
        assert sorted(self.events(client)) == [("ev-1", "2026-04-03"), ("ev-2", "2026-04-04")]
        result = run(ChartMogulDeleteSubscriptionEventsOperator, uuids=made["uuids"][:1])
        assert (counts(result), self.events(client)) == ({"records": 1, "deleted": 1}, [("ev-2", "2026-04-04")])
        names = [{"external_id": "ev-2"}, {"external_id": "ev-2"}]
        result = run(ChartMogulDeleteSubscriptionEventsOperator, records=names[:1], data_source_uuid=data_source)
        assert counts(result) == {"records": 1, "deleted": 1}
        result = run(ChartMogulDeleteSubscriptionEventsOperator, records=names[:1], data_source_uuid=data_source)
        assert counts(result) == {"records": 1, "missing": 1}

    @pytest.mark.usefixtures("customer_uuid")
    def test_as_the_api_lists_them(self, client: ChartMogulClient, data_source: str) -> None:
        records = [self.event(), {**self.event(), "external_id": "ev-2"}]
        run(ChartMogulImportSubscriptionEventsOperator, records=records, data_source_uuid=data_source)
        listed = [{**found, "effective_date": "2026-04-09"} for found in client.subscription_events.list()]
        assert counts(run(ChartMogulUpdateSubscriptionEventsOperator, records=listed)) == {"records": 2, "updated": 2}
        assert sorted(self.events(client)) == [("ev-1", "2026-04-09"), ("ev-2", "2026-04-09")]
        again = [{**listed[0], "external_id": name} for name in ("a", "b")]
        with pytest.raises(ChartMogulImportFailedError, match=": id is used before, in record 1"):
            run(ChartMogulUpdateSubscriptionEventsOperator, records=again)
        assert counts(run(ChartMogulDeleteSubscriptionEventsOperator, records=listed)) == {"records": 2, "deleted": 2}
        assert self.events(client) == []

    @pytest.mark.usefixtures("customer_uuid")
    def test_another_external_id_alone_is_no_change(self, client: ChartMogulClient, data_source: str) -> None:
        run(ChartMogulImportSubscriptionEventsOperator, records=self.event(), data_source_uuid=data_source)
        (found,) = client.subscription_events.list()
        with pytest.raises(ChartMogulImportFailedError, match="names no field to change"):
            run(ChartMogulUpdateSubscriptionEventsOperator, records={"id": found["id"], "external_id": "ev-new"})

    @pytest.mark.usefixtures("customer_uuid")
    def test_one_number_is_enough(self, client: ChartMogulClient, data_source: str) -> None:
        made = run(ChartMogulImportSubscriptionEventsOperator, records=self.event(), data_source_uuid=data_source)
        (number,) = made["uuids"]
        assert isinstance(number, int)
        result = run(ChartMogulDeleteSubscriptionEventsOperator, uuids=number)
        assert (counts(result), self.events(client)) == ({"records": 1, "deleted": 1}, [])

    @pytest.mark.parametrize("number", [True, -1, 1.0, "one", "None"])
    def test_what_is_no_number_of_an_event(self, number: Any) -> None:
        with pytest.raises(ChartMogulImportFailedError, match="id must be a number"):
            run(ChartMogulDeleteSubscriptionEventsOperator, records={"id": number, "external_id": "ev-1"})

    def test_events_that_are_not_named(self) -> None:
        for operator in (ChartMogulUpdateSubscriptionEventsOperator, ChartMogulDeleteSubscriptionEventsOperator):
            with pytest.raises(ChartMogulImportFailedError, match="id must be a number"):
                run(operator, records={"event_date": "2026-03-01"})
