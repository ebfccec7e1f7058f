"""Sensor on activities exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.operators.base import required_text
from airflow_provider_chartmogul.sensors.base import ChartMogulSensor
from airflow_provider_chartmogul.triggers.activities_export import ChartMogulActivitiesExportTrigger

if TYPE_CHECKING:
    from collections.abc import Sequence


class ChartMogulActivitiesExportSensor(ChartMogulSensor):
    """Wait until an activities export has succeeded; its XCom is ``{"export_id", "status"}``.

    An export that failed raises ``ChartMogulExportFailedError``: start another one.
    Reference: ``/reference/activities/retrieve-export``.

    :param export_id: id from ``ChartMogulCreateActivitiesExportOperator``. (templated)
    """

    template_fields: Sequence[str] = (*ChartMogulSensor.template_fields, "export_id")

    def __init__(self, *, export_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.export_id = export_id

    def trigger(self, deadline: float | None = None) -> ChartMogulActivitiesExportTrigger:
        """Return the trigger on the export."""
        return ChartMogulActivitiesExportTrigger(
            export_id=required_text("export_id", self.export_id),
            chartmogul_conn_id=self.chartmogul_conn_id,
            poll_interval=self.poke_interval,
            deadline=deadline,
        )
