"""What one customer amounts to: its steps, its movements, and its state at any moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.emulator.analytics.activities import movement_of
from airflow_provider_chartmogul.emulator.analytics.movements import classify
from airflow_provider_chartmogul.emulator.analytics.timeline import timeline

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_chartmogul.emulator.analytics.model import (
        Account,
        Customer,
        Movement,
        SubscriptionKey,
    )
    from airflow_provider_chartmogul.emulator.analytics.timeline import RateAt, Step, SubscriptionState


@dataclass(frozen=True, slots=True)
class History:
    """A customer with everything that happened to its MRR, oldest first; steps may lie in the future."""

    customer: Customer
    steps: tuple[Step, ...]
    movements: tuple[Movement, ...]

    @classmethod
    def of(cls, customer: Customer, account: Account, rate_at: RateAt) -> History:
        """Work out the history of a customer."""
        steps = timeline(customer, rate_at)
        movements = tuple(movement_of(customer, step, kind) for step, kind in classify(steps, account))
        return cls(customer, tuple(steps), movements)

    def mrr(self, now: datetime) -> int:
        """MRR of the customer, hundredths of the account currency."""
        return next((step.total_after for step in reversed(self.steps) if step.at <= now), 0)

    def customer_since(self, now: datetime) -> datetime | None:
        """When the customer first paid; None for a lead."""
        return next((step.at for step in self.steps if step.at <= now and step.total_after > 0), None)

    def status(self, now: datetime, account: Account) -> str:
        """``New Lead`` until the customer pays, then ``Active``, and ``Cancelled`` once it has left."""
        if self.customer_since(now) is None:
            return "New Lead"
        last = next(step for step in reversed(self.steps) if step.at <= now)
        stays = last.total_after > 0 or (last.active_after and not account.churn_when_zero_mrr)
        return "Active" if stays else "Cancelled"

    def subscriptions(self, now: datetime) -> list[SubscriptionState]:
        """State of each subscription that has started, in the order of their start."""
        states: dict[SubscriptionKey, SubscriptionState] = {}
        for step in self.steps:
            if step.at <= now:
                states[step.after.key] = step.after
        return list(states.values())
