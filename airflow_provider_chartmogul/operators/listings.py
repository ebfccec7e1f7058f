"""Operators that read lists: activities, the subscriptions of a customer, customers by e-mail address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.intervals import DATA_INTERVAL_END, DATA_INTERVAL_START, inclusive_instants
from airflow_provider_chartmogul.operators.activities_export import movement_type
from airflow_provider_chartmogul.operators.base import is_literal, required_text
from airflow_provider_chartmogul.operators.reading import ChartMogulReadingOperator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.moments import Moment


class ChartMogulListActivitiesOperator(ChartMogulReadingOperator):
    """Return the MRR movements of an interval, oldest first, or write them to a file.

    It covers exactly the interval, to the millisecond. ChartMogul recomputes history: the same interval may hold other
    movements tomorrow. For the movements of years there is ``ChartMogulCreateActivitiesExportOperator``.
    Reference: ``/reference/activities/list``. Result as :class:`ChartMogulReadingOperator`.

    :param interval_start: first moment of the range; the start of the data interval by default. (templated)
    :param interval_end: end of the range, exclusive; the end of the data interval by default. Both as ``None`` read
        everything. (templated)
    :param activity_type: only ``new_biz``, ``reactivation``, ``expansion``, ``contraction`` or ``churn``. (templated)
    :raises ValueError: unknown activity type; when the DAG is parsed, unless templated.
    """

    template_fields: Sequence[str] = (
        *ChartMogulReadingOperator.template_fields,
        "interval_start",
        "interval_end",
        "activity_type",
    )

    def __init__(
        self,
        *,
        interval_start: Moment | None = DATA_INTERVAL_START,
        interval_end: Moment | None = DATA_INTERVAL_END,
        activity_type: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.interval_start = interval_start
        self.interval_end = interval_end
        self.activity_type = activity_type
        if is_literal(activity_type):
            movement_type(activity_type)

    def execute(self, context: Context) -> list[Record] | dict[str, Any]:
        """Read, and return the movements or what was written."""
        movement = movement_type(self.activity_type)
        first = last = None
        if self.interval_start is not None or self.interval_end is not None:
            first, last = inclusive_instants(self.interval_start, self.interval_end)
        return self.deliver(self.hook.get_conn().activities.list(start_date=first, end_date=last, type=movement))


class ChartMogulListCustomerSubscriptionsOperator(ChartMogulReadingOperator):
    """Return the subscriptions of a customer with their ``mrr`` and ``arr`` in integer cents, or write them to a file.

    An ``inactive`` one keeps its last MRR: sum only the ``active`` ones.
    Reference: ``/reference/customers/list-subscriptions``. Result as :class:`ChartMogulReadingOperator`.

    :param customer_uuid: the customer (``cus_…``). (templated)
    :raises ChartMogulNotFoundError: no such customer.
    """

    template_fields: Sequence[str] = (*ChartMogulReadingOperator.template_fields, "customer_uuid")

    def __init__(self, *, customer_uuid: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.customer_uuid = customer_uuid

    def execute(self, context: Context) -> list[Record] | dict[str, Any]:
        """Read, and return the subscriptions or what was written."""
        customer_uuid = required_text("customer_uuid", self.customer_uuid)
        return self.deliver(self.hook.get_conn().subscriptions.list(customer_uuid))


class ChartMogulSearchCustomersOperator(ChartMogulReadingOperator):
    """Return the customers with an e-mail address, or write them to a file. Nobody with the address is no error.

    Reference: ``/reference/customers/list-by-email``. Result as :class:`ChartMogulReadingOperator`.

    :param customer_email: the address, as a whole. (templated)
    :param with_associated_emails: look at the addresses of the customers' contacts as well.
    """

    template_fields: Sequence[str] = (*ChartMogulReadingOperator.template_fields, "customer_email")

    def __init__(self, *, customer_email: str, with_associated_emails: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.customer_email = customer_email
        self.with_associated_emails = with_associated_emails

    def execute(self, context: Context) -> list[Record] | dict[str, Any]:
        """Read, and return the customers or what was written."""
        address = required_text("customer_email", self.customer_email)
        customers = self.hook.get_conn().customers
        found = customers.search(email=address, with_associated_emails=self.with_associated_emails or None)
        return self.deliver(_or_nobody(found))


def _or_nobody(found: Iterable[Record]) -> Iterator[Record]:
    customers = iter(found)
    try:
        first = next(customers, None)
    except ChartMogulNotFoundError:
        # this is how the API says that there is nobody
        return
    if first is not None:
        yield first
        yield from customers
