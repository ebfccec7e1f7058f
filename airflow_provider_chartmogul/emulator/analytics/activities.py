"""Movements as the API shows them: wording, identity, and rows of the two activity lists and the subscription list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from airflow_provider_chartmogul.emulator.analytics.model import Movement

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_chartmogul.emulator.analytics.model import Customer, MovementType, SubscriptionKey
    from airflow_provider_chartmogul.emulator.analytics.timeline import Step, SubscriptionState

_NAMESPACE = UUID("5b0a9a3e-3d0c-5f5e-8f0b-6f2f6a1f4c11")
_SIGNS = {
    "AUD": "A$", "BRL": "R$", "CAD": "C$", "CNY": "CN¥", "EUR": "€", "GBP": "£", "INR": "₹", "JPY": "¥",
    "KRW": "₩", "MXN": "MX$", "NZD": "NZ$", "PLN": "zł", "USD": "$",
}  # fmt: skip


def currency_sign(currency: str) -> str:
    """Sign of a currency; its code where there is no common sign."""
    return _SIGNS.get(currency, currency)


def movement_of(customer: Customer, step: Step, kind: MovementType) -> Movement:
    """The movement that a step makes. Equal content gives an equal uuid, after each recalculation."""
    item, key = step.after.newest, step.after.key
    words = _describe(step, kind)
    content = (customer.uuid, *key, step.at.isoformat(), kind, step.movement, step.total_after, item.plan.uuid, words)
    uuid = _derived(*content)
    return Movement(
        uuid=str(uuid),
        id=_number(uuid),
        customer=customer,
        at=step.at,
        type=kind,
        movement=step.movement,
        mrr_after=step.total_after,
        description=words,
        subscription_key=key,
        subscription_external_id=item.subscription_external_id,
        subscription_set_external_id=item.subscription_set_external_id,
        data_source_uuid=item.data_source_uuid,
        plan=item.plan,
        previous_plan=step.before.plan if step.before and step.before.active else None,
        quantity=item.quantity if step.after.active else 0,
    )


def _describe(step: Step, kind: MovementType) -> str:
    item, before = step.after.newest, step.before
    name = f"{item.plan.name} plan" if item.quantity == 1 else f"{item.plan.name} plan ({item.quantity})"
    if kind == "churn" or not step.after.active:
        return f"cancelled their {item.plan.name} plan"
    if kind == "reactivation":
        return f"reactivated an old account with {item.plan.name} plan"
    if before and before.active and before.plan.uuid == item.plan.uuid:
        return f"{'upgraded' if kind == 'expansion' else 'downgraded'} their {name}"
    return f"downgraded to the {name}" if kind == "contraction" else f"purchased the {name}"


def _derived(*content: object) -> UUID:
    return uuid5(_NAMESPACE, "\n".join(map(str, content)))


def _number(uuid: UUID) -> int:
    """A positive integer below 2**53, which JSON readers keep exactly."""
    return uuid.int >> 75


def timestamp(instant: datetime) -> str:
    """ISO 8601 with a numeric offset and no fraction, as in activities and subscriptions."""
    return instant.isoformat(timespec="seconds")


def activity_row(movement: Movement, currency: str) -> dict[str, Any]:
    """Entry of ``GET /activities``. (/reference/activities/list)"""
    customer = movement.customer
    return {
        **_common(movement, currency),
        "subscription-external-id": movement.subscription_external_id,
        "subscription-set-external-id": movement.subscription_set_external_id,
        "plan-external-id": movement.plan.external_id,
        "customer-name": movement.customer_name,
        "customer-uuid": customer.uuid,
        "customer-external-id": customer.external_id,
        "billing-connector-uuid": movement.data_source_uuid,
        "uuid": movement.uuid,
    }


def customer_activity_row(movement: Movement, currency: str) -> dict[str, Any]:
    """Entry of ``GET /customers/{uuid}/activities``. (/reference/customers/list-activities)"""
    return {
        "id": movement.id,
        **_common(movement, currency),
        "currency-sign": currency_sign(currency),
        "subscription-external-id": movement.subscription_external_id,
    }


def _common(movement: Movement, currency: str) -> dict[str, Any]:
    return {
        "description": movement.description,
        "activity-mrr-movement": movement.movement,
        "activity-mrr": movement.mrr_after,
        "activity-arr": movement.arr_after,
        "date": timestamp(movement.at),
        "type": movement.type,
        "currency": currency,
    }


def subscription_uuid(key: SubscriptionKey) -> str:
    """The bare uuid of a subscription in its row, which differs from that of the import side.

    It does not come from the customer: it is the same after a merge.
    """
    return str(_derived(*key))


def subscription_set_uuid(*key: str) -> str:
    """The bare uuid of a subscription set, from data source, external id of the customer and that of the set."""
    *owner, external_id = key
    return str(_derived(*owner, "set", external_id))


def subscription_row(state: SubscriptionState, currency: str) -> dict[str, Any]:
    """Entry of ``GET /customers/{uuid}/subscriptions``. (/reference/customers/list-subscriptions)"""
    item = state.newest
    uuid = subscription_uuid(state.key)
    *owner, _ = state.key
    set_external_id = item.subscription_set_external_id
    return {
        "id": _number(UUID(uuid)),
        "external_id": item.subscription_external_id,
        "subscription_set_external_id": set_external_id or item.subscription_external_id,
        "subscription_set_uuid": subscription_set_uuid(*owner, set_external_id) if set_external_id else None,
        "quantity": item.quantity,
        "uuid": uuid,
        "mrr": state.shown_mrr,
        "arr": 12 * state.shown_mrr,
        "status": "active" if state.active else "inactive",
        "plan": item.plan.name,
        "billing-cycle": item.plan.interval_unit,
        "billing-cycle-count": item.plan.interval_count,
        "start-date": timestamp(state.started_at),
        "end-date": timestamp(state.ends_at),
        "currency": currency,
        "currency-sign": currency_sign(currency),
    }
