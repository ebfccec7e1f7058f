"""What all ChartMogul operators share."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_chartmogul.hooks.chartmogul import ChartMogulHook

if TYPE_CHECKING:
    from collections.abc import Sequence


class ChartMogulOperator(BaseOperator):
    """Base of the operators that talk to ChartMogul.

    :param chartmogul_conn_id: Airflow connection with the API key. (templated)
    """

    template_fields: Sequence[str] = ("chartmogul_conn_id",)

    def __init__(self, *, chartmogul_conn_id: str = ChartMogulHook.default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chartmogul_conn_id = chartmogul_conn_id

    @cached_property
    def hook(self) -> ChartMogulHook:
        """The hook of the connection; opens nothing by itself."""
        return ChartMogulHook(self.chartmogul_conn_id)


def is_literal(value: Any) -> bool:
    """Tell whether a template field holds its final text already at parse time, and so can be checked early."""
    return isinstance(value, str) and "{{" not in value and "{%" not in value


def required_text(name: str, value: object) -> str:
    """Return a rendered argument as text.

    :raises ValueError: it is missing, or only what a template without a value renders to.
    """
    text = str(value)
    if text.strip() in ("", "None"):
        raise ValueError(f"{name} is empty")
    return text
