"""Sensor on the processing of a data source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.operators.base import required_text
from airflow_provider_chartmogul.sensors.base import ChartMogulSensor
from airflow_provider_chartmogul.triggers.data_source_processing import ChartMogulDataSourceProcessingTrigger

if TYPE_CHECKING:
    from collections.abc import Sequence


class ChartMogulDataSourceProcessingSensor(ChartMogulSensor):
    """Wait until ChartMogul has processed everything that was imported into a data source.

    Imports are accepted at once but metrics follow in the background: wait here before reading them. The XCom is
    ``{"data_source_uuid", "processed", "failed"}``; records that failed do not fail the sensor.
    Reference: ``/reference/sources/retrieve``.

    :param data_source_uuid: the data source (``ds_…``). (templated)
    """

    template_fields: Sequence[str] = (*ChartMogulSensor.template_fields, "data_source_uuid")

    def __init__(self, *, data_source_uuid: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_source_uuid = data_source_uuid

    def trigger(self, deadline: float | None = None) -> ChartMogulDataSourceProcessingTrigger:
        """Return the trigger on the data source."""
        return ChartMogulDataSourceProcessingTrigger(
            data_source_uuid=required_text("data_source_uuid", self.data_source_uuid),
            chartmogul_conn_id=self.chartmogul_conn_id,
            poll_interval=self.poke_interval,
            deadline=deadline,
        )
