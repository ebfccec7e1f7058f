"""The billing facts that the analytics are computed from, and the movement that comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

#: What names a subscription; the last of it is the ``subscription_external_id``, before that stands its owner.
SubscriptionKey = tuple[str, ...]

MovementType = Literal["new_biz", "expansion", "contraction", "churn", "reactivation"]
ItemType = Literal["subscription", "trial"]


@dataclass(frozen=True, slots=True)
class Account:
    """The account settings that change the outcome.

    :param currency: ISO code of the currency that all figures are in.
    :param time_zone: IANA name; its days are the days of the metrics.
    :param week_start_on: ``monday`` or ``sunday``.
    :param churn_when_zero_mrr: an MRR that falls to zero without a cancellation counts as churn, not contraction.
    :param proximate_window_seconds: movements of a customer within this many seconds are classified as one; 0 = off.
    """

    currency: str = "USD"
    time_zone: str = "UTC"
    week_start_on: str = "monday"
    churn_when_zero_mrr: bool = True
    proximate_window_seconds: int = 3600


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan: a name and a billing interval, no price. ``interval_unit`` is ``day``, ``month`` or ``year``."""

    uuid: str
    external_id: str | None
    name: str
    interval_count: int
    interval_unit: str


@dataclass(frozen=True, slots=True)
class LineItem:
    """A recurring or trial item of an invoice that counts: not voided, nor refunded in full where that matters.

    :param uuid: ``li_…``
    :param subscription_key: the subscription it belongs to.
    :param amount_in_cents: charge for the whole quantity and service period, discount off, tax included.
    :param prorated: a part-cycle charge or credit.
    :param proration_type: ``differential`` (also when None), ``full`` or ``differential_mrr``; read only when prorated.
    :param service_period_start: UTC; the item takes effect then.
    :param event_order: order among items of one instant; unset is 0.
    :param sequence: order of arrival, unique within the customer.
    :param type: ``trial`` items make the subscription visible but carry no MRR.
    """

    uuid: str
    subscription_key: SubscriptionKey
    subscription_external_id: str
    subscription_set_external_id: str | None
    data_source_uuid: str
    plan: Plan
    currency: str
    amount_in_cents: int
    tax_amount_in_cents: int
    quantity: int | float
    prorated: bool
    proration_type: str | None
    service_period_start: datetime
    service_period_end: datetime | None
    event_order: int | None
    sequence: int
    type: ItemType = "subscription"


@dataclass(frozen=True, slots=True)
class Event:
    """The end of a subscription: a ``subscription_cancelled`` event or one of the ``cancellation_dates``."""

    subscription_key: SubscriptionKey
    effective_at: datetime
    event_order: int | None = None
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer (all merged parts of it) with everything that counts for its MRR.

    :param external_id: of the part that comes first; shown in activities.
    :param country: ISO 3166-1 alpha-2 code or None.
    :param line_items: in any order.
    """

    uuid: str
    external_id: str | None
    data_source_uuid: str
    name: str | None = None
    company: str | None = None
    country: str | None = None
    state: str | None = None
    tags: tuple[str, ...] = ()
    custom: Mapping[str, Any] = field(default_factory=dict)
    line_items: tuple[LineItem, ...] = ()
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Movement:
    """One MRR movement: a change of one subscription of a customer at one instant.

    :param uuid: bare uuid derived from the content: the same movement has the same one after each recalculation.
    :param id: integer, derived likewise.
    :param at: UTC.
    :param movement: signed, cents of the account currency.
    :param mrr_after: MRR of the customer after it, cents of the account currency.
    :param plan: of the subscription after it; of a cancelled one, the plan that it was on.
    :param previous_plan: of the subscription before it; None where it was not active.
    :param quantity: of the subscription after it; 0 once cancelled.
    """

    uuid: str
    id: int
    customer: Customer
    at: datetime
    type: MovementType
    movement: int
    mrr_after: int
    description: str
    subscription_key: SubscriptionKey
    subscription_external_id: str
    subscription_set_external_id: str | None
    data_source_uuid: str
    plan: Plan
    previous_plan: Plan | None
    quantity: int | float

    @property
    def customer_name(self) -> str:
        """Company if there is one, else name."""
        return self.customer.company or self.customer.name or ""

    @property
    def arr_after(self) -> int:
        """Twelve times :attr:`mrr_after`."""
        return 12 * self.mrr_after
