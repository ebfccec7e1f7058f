"""The account that owns the API key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.operators.base import ChartMogulOperator, optional_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context


class ChartMogulAccountOperator(ChartMogulOperator):
    """Return the account: ``id``, ``name``, reporting ``currency``, ``time_zone`` and ``week_start_on``.

    Currency and time zone are those of all metrics. Reference: ``/reference/retrieve-account``.

    :param include: settings to add, as list or comma-separated: ``churn_recognition``, ``churn_when_zero_mrr``,
        ``auto_churn_subscription``, ``refund_handling``, ``proximate_movement_reclassification``. (templated)
    """

    template_fields: Sequence[str] = (*ChartMogulOperator.template_fields, "include")

    def __init__(self, *, include: str | Sequence[str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.include = include

    def execute(self, context: Context) -> dict[str, Any]:
        """Return the account as it came."""
        include = optional_text("include", self.include, several=True)
        return self.hook.get_conn().account.retrieve(include=include)
