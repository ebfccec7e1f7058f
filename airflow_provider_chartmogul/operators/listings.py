"""Operators that read lists: activities, the subscriptions of a customer, customers by e-mail address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.operators.activities_range import ChartMogulActivitiesRangeOperator
from airflow_provider_chartmogul.operators.base import required_text
from airflow_provider_chartmogul.operators.reading import ChartMogulReadingOperator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.client.values import Record


class ChartMogulListActivitiesOperator(ChartMogulActivitiesRangeOperator, ChartMogulReadingOperator):
    """Return the MRR movements of an interval, oldest first, or write them to a file.

    ChartMogul recomputes history: the same interval may hold other movements tomorrow. For the movements of years there
    is ``ChartMogulCreateActivitiesExportOperator``. The interval as in
    :class:`~airflow_provider_chartmogul.operators.activities_range.ChartMogulActivitiesRangeOperator`, the result as
    :class:`ChartMogulReadingOperator`. Reference: ``/reference/activities/list``.
    """

    template_fields: Sequence[str] = (*ChartMogulActivitiesRangeOperator.template_fields, "path", "path_conn_id")

    def execute(self, context: Context) -> list[Record] | dict[str, Any]:
        """Read, and return the movements or what was written."""
        movements = self.movements()
        return self.deliver(self.hook.get_conn().activities.list(**movements))


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
