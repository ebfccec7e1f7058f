"""The records of an account as plain dataclasses. Moments are UTC, money is integer cents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


#: What the API shows as the system of the sources that it makes itself; all others are automatic.
CUSTOM = "Custom"


@dataclass(slots=True)
class DataSource:
    """A source of billing data; ``processed`` and ``failed`` count its imported records."""

    seq: int
    uuid: str
    name: str
    created_at: datetime
    system: str
    processed: int = 0
    failed: int = 0


#: Types of the line items that make subscriptions.
SUBSCRIPTION_TYPES = frozenset({"subscription", "trial"})

#: Source, customer external id, external id: what names a subscription.
SubscriptionKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Brought:
    """What a data source customer had before it was merged; it takes that along when it leaves again."""

    name: str
    email: str
    company: str
    tags: tuple[str, ...]
    custom: dict[str, Any]


@dataclass(slots=True)
class Part:
    """One data source customer of a customer.

    :param brought: of a merged customer only.
    """

    data_source_uuid: str
    external_id: str
    brought: Brought | None = field(default=None, compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """What names it."""
        return self.data_source_uuid, self.external_id


@dataclass(slots=True)
class Customer:
    """A customer; the numeric ``id`` of the API is ``seq``.

    :param parts: data source customers, the primary one first.
    :param lead_status: one of the four lead states, shown as long as there is no subscription.
    """

    seq: int
    uuid: str
    parts: list[Part]
    created_at: datetime
    name: str = ""
    email: str = ""
    company: str = ""
    country: str | None = None
    state: str | None = None
    city: str | None = None
    zip: str | None = None
    lead_created_at: datetime | None = None
    free_trial_started_at: datetime | None = None
    owner: str | None = None
    website_url: str | None = None
    lead_status: str = "New Lead"
    tags: list[str] = field(default_factory=list)
    custom: dict[str, Any] = field(default_factory=dict)

    @property
    def data_source_uuid(self) -> str:
        """Primary source."""
        return self.parts[0].data_source_uuid

    @property
    def external_id(self) -> str:
        """External id inside the primary source."""
        return self.parts[0].external_id


@dataclass(slots=True)
class Plan:
    """A plan of one source."""

    seq: int
    uuid: str
    external_id: str
    data_source_uuid: str
    name: str
    interval_count: int
    interval_unit: str
    created_at: datetime


@dataclass(slots=True)
class PlanGroup:
    """A group of plans of any sources.

    :param plan_uuids: as they were sent; a plan that was deleted since is no member any more.
    """

    seq: int
    uuid: str
    name: str
    plan_uuids: frozenset[str]
    created_at: datetime


@dataclass(slots=True)
class Transaction:
    """A payment or refund; ``amount_in_cents`` None stands for the whole invoice."""

    uuid: str
    external_id: str | None
    type: str
    date: datetime
    result: str
    amount_in_cents: int | None = None
    transaction_fees_in_cents: int | None = None
    transaction_fees_currency: str | None = None
    disabled_at: datetime | None = None


@dataclass(slots=True)
class LineItem:
    """A line of an invoice; ``seq`` is the order of arrival in the account."""

    seq: int
    uuid: str
    type: str
    amount_in_cents: int
    external_id: str | None = None
    subscription_uuid: str | None = None
    subscription_external_id: str | None = None
    subscription_set_external_id: str | None = None
    plan_uuid: str | None = None
    prorated: bool = False
    proration_type: str | None = None
    service_period_start: datetime | None = None
    service_period_end: datetime | None = None
    cancelled_at: datetime | None = None
    description: str | None = None
    quantity: int = 1
    discount_code: str = ""
    discount_amount_in_cents: int = 0
    discount_description: str | None = None
    tax_amount_in_cents: int = 0
    transaction_fees_in_cents: int = 0
    transaction_fees_currency: str | None = None
    account_code: str = ""
    event_order: int | None = None
    balance_transfer: bool = False
    disabled_at: datetime | None = None


@dataclass(slots=True)
class Invoice:
    """An invoice with its lines and transactions.

    :param final_status: ``voided`` or ``written_off``; the other statuses follow from the transactions.
    :param errors: field -> sentences; filled only when it came in by bulk import and is invalid.
    :param disabled_at: of automatic sources only; since then it is hidden with all its lines and transactions.
    """

    seq: int
    uuid: str
    external_id: str
    customer_uuid: str
    customer_external_id: str
    data_source_uuid: str
    date: datetime
    currency: str
    created_at: datetime
    due_date: datetime | None = None
    collection_method: str | None = None
    final_status: str | None = None
    line_items: list[LineItem] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    errors: dict[str, list[str]] = field(default_factory=dict)
    disabled_at: datetime | None = None

    @property
    def part_key(self) -> tuple[str, str]:
        """What names the data source customer that is billed."""
        return self.data_source_uuid, self.customer_external_id

    def subscription_key(self, item: LineItem) -> SubscriptionKey:
        """What names the subscription of one of its recurring items."""
        return self.data_source_uuid, self.customer_external_id, item.subscription_external_id or ""


@dataclass(slots=True)
class Cancellation:
    """One entry of the churn history of a subscription.

    :param origin: ``item:<uuid>``, ``event:<id>`` or ``direct`` (``PATCH /import/subscriptions``).
    """

    at: datetime
    origin: str
    event_order: int | None = None
    seq: int = 0


@dataclass(slots=True)
class Subscription:
    """A subscription as the import side sees it; it lives as long as a line item names it.

    :param connected_to: uuid of the subscription of the same customer that it continues or is continued by.
    """

    seq: int
    uuid: str
    external_id: str
    customer_uuid: str
    customer_external_id: str
    data_source_uuid: str
    created_at: datetime
    cancellations: list[Cancellation] = field(default_factory=list)
    connected_to: str | None = None
    custom: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> SubscriptionKey:
        """What names it."""
        return self.data_source_uuid, self.customer_external_id, self.external_id


@dataclass(slots=True)
class SubscriptionEvent:
    """A subscription event; the ``id`` of the API is ``seq``.

    :param sent: quantity, amounts, currency and so on with the JSON types they were sent in.
    """

    seq: int
    data_source_uuid: str
    customer_external_id: str
    subscription_external_id: str
    event_type: str
    event_date: datetime
    effective_date: datetime
    created_at: datetime
    updated_at: datetime
    external_id: str | None = None
    sent: dict[str, Any] = field(default_factory=dict)
    disabled_at: datetime | None = None

    @property
    def subscription_key(self) -> SubscriptionKey:
        """What names the subscription it is about."""
        return self.data_source_uuid, self.customer_external_id, self.subscription_external_id


ImportStatus = Literal["queued", "processing", "completed"]


@dataclass(slots=True)
class JsonImport:
    """A bulk import.

    :param due: monotonic time at which the work is done, or None when polls move it on.
    :param from_file: the records stood in a CSV file; then nobody can ask for it.
    """

    seq: int
    id: str
    external_id: str
    data_source_uuid: str
    payload: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    record_count: int
    status: ImportStatus = "queued"
    due: float | None = None
    from_file: bool = False
    status_details: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Export:
    """An export of activities.

    :param params: filters under the names of the answer.
    :param by_polls: questions move it on, and not time.
    """

    id: str
    file_name: str
    params: dict[str, str]
    filters: dict[str, str]
    created_at: datetime
    by_polls: bool
    polls: int = 0
    completed_at: datetime | None = None
    content: bytes = b""
