"""Operators on data sources, the containers of everything that is imported."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.operators.base import (
    ChartMogulOperator,
    check_flag,
    is_literal,
    required_id,
    required_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.client.resources.data_sources import DataSourcesResource

SCOPES = ("all", "dependent")


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


class ChartMogulDataSourceRemovalOperator(ChartMogulOperator):
    """Base of the operators that delete what was imported into a data source. The data disappears in the background.

    Returns whether there was such a data source.

    :param data_source_uuid: the data source (``ds_…``). (templated)
    :param ignore_missing: a data source that does not exist is success; otherwise the task fails.
    :raises ChartMogulNotFoundError: there is no such data source, and ``ignore_missing`` is off.
    """

    template_fields: Sequence[str] = (*ChartMogulOperator.template_fields, "data_source_uuid")

    def __init__(self, *, data_source_uuid: str, ignore_missing: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_source_uuid = data_source_uuid
        self.ignore_missing = ignore_missing
        check_flag("ignore_missing", ignore_missing)

    @abstractmethod
    def removal(self, data_sources: DataSourcesResource) -> Callable[[str], None]:
        """Return the method that removes; raise ``ValueError`` where there is none."""

    def execute(self, context: Context) -> bool:
        """Return whether there was such a data source."""
        uuid = required_id("data_source_uuid", self.data_source_uuid)
        remove = self.removal(self.hook.get_conn().data_sources)
        try:
            remove(uuid)
        except ChartMogulNotFoundError:
            if not self.ignore_missing:
                raise
            self.log.warning("There is no data source %s", uuid)
            return False
        return True


class ChartMogulDeleteDataSourceOperator(ChartMogulDataSourceRemovalOperator):
    """Delete a data source and all that was imported into it, for good.

    Arguments and result as :class:`ChartMogulDataSourceRemovalOperator`.
    """

    def removal(self, data_sources: DataSourcesResource) -> Callable[[str], None]:
        """Delete it."""
        return data_sources.delete


class ChartMogulEmptyDataSourceOperator(ChartMogulDataSourceRemovalOperator):
    """Delete what was imported into a data source, for good, and keep the data source.

    ChartMogul's reference does not describe this, but its own clients do it. Arguments and result as
    :class:`ChartMogulDataSourceRemovalOperator`.

    :param scope: ``all`` for everything, customers and plans included; ``dependent`` for invoices, subscriptions and
        events only. (templated)
    :raises ValueError: unknown scope; when the DAG is parsed, unless templated.
    """

    template_fields: Sequence[str] = (*ChartMogulDataSourceRemovalOperator.template_fields, "scope")

    def __init__(self, *, scope: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scope = scope
        if is_literal(scope):
            _check_scope(scope)

    def removal(self, data_sources: DataSourcesResource) -> Callable[[str], None]:
        """Empty all of it, or what depends on customers."""
        _check_scope(self.scope)
        return data_sources.empty if self.scope == "all" else data_sources.purge


def _check_scope(scope: str) -> None:
    if scope not in SCOPES:
        raise ValueError(f"scope must be {' or '.join(SCOPES)}, not {scope!r}")
