"""Waiting for an activities export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.activities_exports import has_succeeded
from airflow_provider_chartmogul.triggers.base import ChartMogulPollTrigger

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.triggers.base import Event


class ChartMogulActivitiesExportTrigger(ChartMogulPollTrigger):
    """Wait until an activities export has succeeded or failed. Reference: ``/reference/activities/retrieve-export``.

    :param export_id: id from the creation of the export.
    :param chartmogul_conn_id: Airflow connection with the API key.
    :param poll_interval: seconds between two looks, at least one.
    :param deadline: wall-clock time (``time.time()``) after which the event is ``timeout``.
    :param max_failures: so many looks in a row may fail for passing reasons.
    """

    def __init__(
        self,
        export_id: str,
        chartmogul_conn_id: str,
        poll_interval: float = 60.0,
        deadline: float | None = None,
        max_failures: int = 5,
    ) -> None:
        super().__init__(chartmogul_conn_id, poll_interval, deadline, max_failures)
        self.export_id = export_id

    @property
    def subject(self) -> dict[str, str]:
        """The export."""
        return {"export_id": self.export_id}

    def look(self, client: ChartMogulClient) -> Event | None:
        """Read the export."""
        export = client.activities_exports.retrieve(self.export_id)
        # without file_url: whoever knows that link can fetch the file
        result = {"export_id": self.export_id, "status": export["status"]}
        return {"status": "success", "result": result} if has_succeeded(export) else None
