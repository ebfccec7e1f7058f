"""Operator that finds which subscriptions go on in another billing system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul import json_lines
from airflow_provider_chartmogul.billing_change import find_continuations
from airflow_provider_chartmogul.operators.base import required_id, required_text
from airflow_provider_chartmogul.operators.files import ChartMogulFilesOperator
from airflow_provider_chartmogul.streams.windows import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.moments import Moment


class ChartMogulFindContinuedSubscriptionsOperator(ChartMogulFilesOperator):
    """Find which subscriptions of merged customers go on as which ones of the new billing system.

    Changes nothing. Looks at the customers that are of both data sources; merges must have taken effect. What had ended
    before the change has no continuation, and what begins after it is none. Of the rest, an old and a new subscription
    with the same ``external_id`` belong together, or the only old one and the only new one.
    ``result_path`` gets a line for each, which ``ChartMogulConnectSubscriptionsOperator`` takes as ``records``, with
    the ``external_ids`` of both and the ``reason`` (``external_id``, ``only_ones``) for people. Where others are left
    on both sides, it is not clear whether one goes on as the other: ``ambiguous_path`` gets the customer with its
    ``old`` and ``new`` ones for people to decide. Those that are connected already are found again, which does no harm.

    Returns ``{"connections": number, "ambiguous": number, "result_path", "ambiguous_path"}``. It takes up to two
    requests for each merged customer. Reference: ``/reference/customers/list-subscriptions``.

    :param old_data_source_uuid: the data source (``ds_…``) of the old billing system. (templated)
    :param new_data_source_uuid: the data source of the new one. (templated)
    :param interval_start: when the change began: a date, a datetime or ISO 8601 text. (templated)
    :param interval_end: when it was over, exclusive. (templated)
    :param result_path: file of JSON Lines for the connections. (templated)
    :param ambiguous_path: file of JSON Lines for what people must decide. (templated)
    :raises ValueError: the data sources are the same, or the interval is none.
    :raises ChartMogulNotFoundError: there is no such data source.
    """

    template_fields: Sequence[str] = (
        *ChartMogulFilesOperator.template_fields,
        "old_data_source_uuid",
        "new_data_source_uuid",
        "interval_start",
        "interval_end",
        "result_path",
        "ambiguous_path",
    )

    def __init__(
        self,
        *,
        old_data_source_uuid: str,
        new_data_source_uuid: str,
        interval_start: Moment,
        interval_end: Moment,
        result_path: str,
        ambiguous_path: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.old_data_source_uuid = old_data_source_uuid
        self.new_data_source_uuid = new_data_source_uuid
        self.interval_start = interval_start
        self.interval_end = interval_end
        self.result_path = result_path
        self.ambiguous_path = ambiguous_path

    def execute(self, context: Context) -> dict[str, Any]:
        """Look, write both files, and return how many lines they have."""
        paths = {name: required_text(name, getattr(self, name)) for name in ("result_path", "ambiguous_path")}
        found = find_continuations(
            self.hook.get_conn(),
            required_id("old_data_source_uuid", self.old_data_source_uuid),
            required_id("new_data_source_uuid", self.new_data_source_uuid),
            Window.of(self.interval_start, self.interval_end),
        )
        json_lines.write(self.storage_path(paths["result_path"]), found.connections)
        json_lines.write(self.storage_path(paths["ambiguous_path"]), found.ambiguous)
        self.log.info("%d continued subscriptions are in %s", len(found.connections), paths["result_path"])
        if found.ambiguous:
            self.log.warning("%d customers are for people to decide: %s", len(found.ambiguous), paths["ambiguous_path"])
        return {"connections": len(found.connections), "ambiguous": len(found.ambiguous), **paths}
