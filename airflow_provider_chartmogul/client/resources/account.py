"""The account that owns the API key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import Record, comma

if TYPE_CHECKING:
    from collections.abc import Sequence


class AccountResource(Resource):
    """``client.account``."""

    def retrieve(self, include: Sequence[str] | None = None) -> Record:
        """Return name, reporting ``currency``, ``time_zone`` and ``week_start_on`` of the account.

        Reference: ``/reference/retrieve-account``.

        :param include: names of settings to add: ``churn_recognition``, ``churn_when_zero_mrr``,
            ``auto_churn_subscription``, ``refund_handling``, ``proximate_movement_reclassification``.
        """
        params = {"include": comma(include)}
        return self._api.get("/account", params, must_have=("name", "currency", "time_zone"))
