"""Activities and subscription rows."""

from __future__ import annotations

from uuid import UUID

from airflow_provider_chartmogul.emulator.analytics.activities import activity_row, currency_sign, customer_activity_row
from tests.unit.emulator_analytics.billing import SOURCE, YEAR, analytics, at, cancelled, customer, item, plan

BASIC, PRO = plan("Basic"), plan("Pro")


def words(*facts: object) -> list[str]:
    return [one.description for one in analytics(customer(*facts)).activities()]  # type: ignore[arg-type]


def test_wording_of_samples() -> None:
    assert words(
        item(4000, "2026-01-01", plan=BASIC),
        cancelled("2026-02-01"),
        item(4000, "2026-03-01", plan=BASIC),
        item(8000, "2026-04-01", plan=PRO, quantity=2),
    ) == [
        "purchased the Basic plan",
        "cancelled their Basic plan",
        "reactivated an old account with Basic plan",
        "purchased the Pro plan (2)",
    ]


def test_wording_of_changes() -> None:
    assert words(
        item(4000, "2026-01-01", plan=PRO),
        item(5000, "2026-02-01", plan=PRO),
        item(4500, "2026-03-01", plan=PRO),
        item(1000, "2026-04-01", plan=BASIC),
        item(700, "2026-05-01", plan=PRO, sub="s2"),
        cancelled("2026-06-01"),
    )[1:] == [
        "upgraded their Pro plan",
        "downgraded their Pro plan",
        "downgraded to the Basic plan",
        "purchased the Pro plan",
        "cancelled their Basic plan",
    ]


def test_rows_have_the_keys_of_recordings() -> None:
    engine = analytics(
        customer(
            item(4000, "2026-01-08", plan=BASIC, subscription_set_external_id="set-1"),
            external_id="crm-1",
            name="Ada",
            company="Falter & Sohn",
        )
    )
    (movement,) = engine.activities()

    assert activity_row(movement, "EUR") == {
        "description": "purchased the Basic plan",
        "activity-mrr-movement": 4000,
        "activity-mrr": 4000,
        "activity-arr": 48000,
        "date": "2026-01-08T00:00:00+00:00",
        "type": "new_biz",
        "currency": "EUR",
        "subscription-external-id": "s1",
        "subscription-set-external-id": "set-1",
        "plan-external-id": "plan-basic",
        "customer-name": "Falter & Sohn",
        "customer-uuid": "cus_1",
        "customer-external-id": "crm-1",
        "billing-connector-uuid": SOURCE,
        "uuid": movement.uuid,
    }
    assert customer_activity_row(movement, "EUR") == {
        "id": movement.id,
        "description": "purchased the Basic plan",
        "activity-mrr-movement": 4000,
        "activity-mrr": 4000,
        "activity-arr": 48000,
        "date": "2026-01-08T00:00:00+00:00",
        "type": "new_biz",
        "currency": "EUR",
        "currency-sign": "€",
        "subscription-external-id": "s1",
    }


def test_movement_names_the_plan_before_and_the_quantity_after() -> None:
    engine = analytics(
        customer(
            item(1, "2026-01-01", plan=BASIC, quantity=3),
            item(2, "2026-02-01", plan=PRO, quantity=4),
            cancelled("2026-03-01"),
            item(2, "2026-04-01", plan=PRO, quantity=4),
        )
    )

    assert [(one.previous_plan, one.plan, one.quantity) for one in engine.activities()] == [
        (None, BASIC, 3),
        (BASIC, PRO, 4),
        (PRO, PRO, 0),
        (None, PRO, 4),
    ]


def test_customer_without_company_is_shown_by_name() -> None:
    (movement,) = analytics(customer(item(1, "2026-01-01"), name="Ada")).activities()

    assert movement.customer_name == "Ada"


def test_unchanged_activity_keeps_its_uuid_and_a_changed_one_gets_another() -> None:
    first, second = item(4000, "2026-01-01"), item(5000, "2026-02-01")
    before = [one.uuid for one in analytics(customer(first, second)).activities()]

    again = [one.uuid for one in analytics(customer(second, first, name="Renamed")).activities()]
    changed = [one.uuid for one in analytics(customer(first, item(5001, "2026-02-01"))).activities()]

    assert again == before
    assert changed[0] == before[0]
    assert changed[1] != before[1]


def test_ids_differ_and_fit_into_json() -> None:
    engine = analytics(customer(item(1, "2026-01-01"), item(2, "2026-02-01"), item(3, "2026-03-01")))

    ids = {one.id for one in engine.activities()}

    assert len(ids) == 3
    assert all(0 < identifier < 2**53 for identifier in ids)


def test_ascending_by_date_and_cumulative_at_one_instant() -> None:
    engine = analytics(
        customer(item(1, "2026-01-02"), item(2, "2026-01-02", sub="s2"), uuid="cus_1"),
        customer(item(4, "2026-01-01"), uuid="cus_2"),
    )

    assert [one.mrr_after for one in engine.activities()] == [4, 1, 3]


def test_future_movements_wait_for_their_moment() -> None:
    engine = analytics(customer(item(1, "2026-01-01"), item(2, "2026-02-01")))

    assert len(engine.activities(at("2026-01-31"))) == len(engine.customer_activities("cus_1", at("2026-01-31"))) == 1
    assert len(engine.activities(at("2026-02-01"))) == len(engine.activities()) == 2


def test_subscription_row() -> None:
    engine = analytics(
        customer(
            item(48000, "2026-01-08", "2027-01-08", plan=YEAR, quantity=5, currency="EUR"),
        ),
        currency="EUR",
    )

    (row,) = engine.subscriptions("cus_1", at("2028-01-01"))

    assert isinstance(row.pop("id"), int)
    assert str(UUID(row["uuid"])) == row.pop("uuid")
    assert row == {
        "external_id": "s1",
        "subscription_set_external_id": "s1",
        "subscription_set_uuid": None,
        "quantity": 5,
        "mrr": 4000,
        "arr": 48000,
        "status": "active",
        "plan": "Annual",
        "billing-cycle": "year",
        "billing-cycle-count": 1,
        "start-date": "2026-01-08T00:00:00+00:00",
        "end-date": "2027-01-08T00:00:00+00:00",
        "currency": "EUR",
        "currency-sign": "€",
    }


def test_subscriptions_of_a_set_share_its_uuid() -> None:
    engine = analytics(
        customer(
            *(item(1, "2026-01-01", sub=sub, subscription_set_external_id="set-1") for sub in ("s1", "s2")),
            item(1, "2026-01-01", sub="s3", subscription_set_external_id="set-2"),
        )
    )

    first, second, other = engine.subscriptions("cus_1", at("2026-01-01"))

    assert first["subscription_set_external_id"] == "set-1"
    assert str(UUID(first["subscription_set_uuid"])) == second["subscription_set_uuid"]
    assert other["subscription_set_uuid"] != first["subscription_set_uuid"]


def test_inactive_subscription_keeps_its_last_mrr() -> None:
    engine = analytics(customer(item(4000, "2026-01-08", "2026-02-08"), cancelled("2026-01-20")))

    (before,) = engine.subscriptions("cus_1", at("2026-01-19"))
    (after,) = engine.subscriptions("cus_1", at("2026-01-20"))

    assert (before["status"], before["mrr"], before["end-date"]) == ("active", 4000, "2026-02-08T00:00:00+00:00")
    assert (after["status"], after["mrr"], after["end-date"]) == ("inactive", 4000, "2026-01-20T00:00:00+00:00")
    assert after["id"] == before["id"]
    assert after["uuid"] == before["uuid"]


def test_currency_without_a_common_sign_shows_its_code() -> None:
    assert (currency_sign("GBP"), currency_sign("CHF")) == ("£", "CHF")
