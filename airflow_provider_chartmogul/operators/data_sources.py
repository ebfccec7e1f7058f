"""Operators on data sources, the containers of everything that is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.operators.base import ChartMogulOperator, required_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context


class ChartMogulGetOrCreateDataSourceOperator(ChartMogulOperator):
    """Return the uuid of the data source of a name, after creating it where there is none.

    Names are unique within an account, so that retries and re-runs find the source of the first run.
    Reference: ``/reference/sources/add``.

    :param name: name of the data source. (templated)
    """

    template_fields: Sequence[str] = (*ChartMogulOperator.template_fields, "name")

    def __init__(self, *, name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name

    def execute(self, context: Context) -> str:
        """Return the uuid (``ds_…``)."""
        name = required_text("name", self.name)
        source = self.hook.get_conn().data_sources.get_or_create(name=name)
        self.log.info("Data source '%s' is %s", name, source["uuid"])
        return str(source["uuid"])
