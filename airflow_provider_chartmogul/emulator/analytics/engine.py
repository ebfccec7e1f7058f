"""The analytics of an account: customers in; metrics, activities and subscriptions out."""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator.analytics.activities import subscription_row
from airflow_provider_chartmogul.emulator.analytics.buckets import day_of
from airflow_provider_chartmogul.emulator.analytics.filters import FilterError, Selection
from airflow_provider_chartmogul.emulator.analytics.history import History
from airflow_provider_chartmogul.emulator.analytics.index import Index
from airflow_provider_chartmogul.emulator.analytics.metrics import Metrics, MetricsParameterError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime
    from decimal import Decimal

    from airflow_provider_chartmogul.emulator.analytics.model import Account, Customer, Movement
    from airflow_provider_chartmogul.emulator.analytics.timeline import RateAt

__all__ = ["Analytics", "FilterError", "MetricsParameterError"]


class Analytics:
    """Everything computed for one account. Histories are worked out per customer, when first asked for.

    Not safe for use by several threads at once. All instants are UTC, all money hundredths of the account currency.

    :param account: settings; new settings or rates need a new object.
    :param fx: what one unit of a currency is worth in the account currency on a day (of the account's time zone).
    """

    def __init__(self, account: Account, fx: Callable[[str, date], Decimal]) -> None:
        self.account = account
        self._rate_at = _rates(account, fx)
        self._customers: dict[str, Customer] = {}
        self._histories: dict[str, History] = {}
        self._index: Index | None = None
        self._activities: list[Movement] | None = None

    def put_customer(self, customer: Customer) -> None:
        """Add a customer, or replace it together with all its billing data."""
        self._customers[customer.uuid] = customer
        self._forget(customer.uuid)

    def remove_customer(self, uuid: str) -> None:
        """Take a customer out; unknown ones are ignored."""
        self._customers.pop(uuid, None)
        self._forget(uuid)

    def metric(
        self,
        name: str,
        start: date,
        end: date,
        interval: str | None,
        now: datetime,
        geo: str | None = None,
        plans: str | None = None,
        filters: str | None = None,
    ) -> dict[str, Any]:
        """Body of ``GET /metrics/<name>``.

        :param name: ``all``, ``mrr``, ``arr``, ``arpa``, ``asp``, ``customer-count``, ``customer-churn-rate``,
            ``mrr-churn-rate`` or ``ltv``.
        :param interval: None = default of the series.
        :param now: later billing data does not count yet.
        :param geo: comma-separated country codes.
        :param plans: comma-separated names, uuids or external ids of plans.
        :param filters: CFL expression.
        :raises MetricsParameterError: for a wrong interval or an empty range; its subclass FilterError for ``filters``.
        """
        index = self._index_of(Selection.parse(geo, plans, filters), now)
        return Metrics(index, self.account, now).series(name, start, end, interval)

    def activities(self, now: datetime | None = None) -> list[Movement]:
        """Movements of all customers, oldest first; those of one instant per customer in the order they add up."""
        if self._activities is None:
            found = [movement for history in self._all() for movement in history.movements]
            self._activities = sorted(found, key=attrgetter("at"))
        if now is None:
            return list(self._activities)
        return self._activities[: bisect_right(self._activities, now, key=attrgetter("at"))]

    def customer_activities(self, uuid: str, now: datetime | None = None) -> list[Movement]:
        """Movements of one customer, oldest first."""
        return [movement for movement in self._history(uuid).movements if now is None or movement.at <= now]

    def subscriptions(self, uuid: str, now: datetime) -> list[dict[str, Any]]:
        """Entries of ``GET /customers/{uuid}/subscriptions``, oldest first."""
        return [subscription_row(state, self.account.currency) for state in self._history(uuid).subscriptions(now)]

    def customer_summary(self, uuid: str, now: datetime) -> dict[str, Any]:
        """``mrr``, ``arr``, ``status`` and ``customer_since`` (an instant, None for a lead) of a customer."""
        history = self._history(uuid)
        mrr = history.mrr(now)
        return {
            "mrr": mrr,
            "arr": 12 * mrr,
            "status": history.status(now, self.account),
            "customer_since": history.customer_since(now),
        }

    def _forget(self, uuid: str) -> None:
        self._histories.pop(uuid, None)
        self._index = self._activities = None

    def _history(self, uuid: str) -> History:
        history = self._histories.get(uuid)
        if history is None:
            history = self._histories[uuid] = History.of(self._customers[uuid], self.account, self._rate_at)
        return history

    def _all(self) -> list[History]:
        return [self._history(uuid) for uuid in self._customers]

    def _index_of(self, selection: Selection, now: datetime) -> Index:
        """The index of the customers and plans selected; only that of the whole account is kept."""
        histories = self._all()
        if selection.filters_customers:
            histories = [history for history in histories if selection.keeps_customer(history, now, self.account)]
        elif not selection.filters_plans:
            self._index = self._index or Index(histories)
            return self._index
        return Index(histories, cache(selection.keeps_plan) if selection.filters_plans else None)


def _rates(account: Account, fx: Callable[[str, date], Decimal]) -> RateAt:
    """Exact factors by currency and instant, each day's rate asked for once."""

    @cache
    def ratio(currency: str, day: date) -> tuple[int, int]:
        return fx(currency, day).as_integer_ratio()

    def rate_at(currency: str, instant: datetime) -> tuple[int, int]:
        return (1, 1) if currency == account.currency else ratio(currency, day_of(instant, account.time_zone))

    return rate_at
