"""Waiting until ChartMogul has worked off what was imported into a data source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.triggers.base import ChartMogulPollTrigger

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.triggers.base import Event


class ChartMogulDataSourceProcessingTrigger(ChartMogulPollTrigger):
    """Wait until nothing in a data source is pending. Reference: ``/reference/sources/retrieve``.

    :param data_source_uuid: the data source (``ds_…``).
    :param chartmogul_conn_id: Airflow connection with the API key.
    :param poll_interval: seconds between two looks, at least one.
    :param deadline: wall-clock time (``time.time()``) after which the event is ``timeout``.
    :param max_failures: so many looks in a row may fail for passing reasons.
    """

    def __init__(
        self,
        data_source_uuid: str,
        chartmogul_conn_id: str,
        poll_interval: float = 60.0,
        deadline: float | None = None,
        max_failures: int = 5,
    ) -> None:
        super().__init__(chartmogul_conn_id, poll_interval, deadline, max_failures)
        self.data_source_uuid = data_source_uuid

    @property
    def subject(self) -> dict[str, str]:
        """The data source."""
        return {"data_source_uuid": self.data_source_uuid}

    def look(self, client: ChartMogulClient) -> Event | None:
        """Read the counts; a source that shows none has nothing to do once it is idle."""
        source = client.data_sources.retrieve(self.data_source_uuid, with_processing_status=True)
        counts = source.get("processing_status") or {}
        done = counts["pending"] == 0 if "pending" in counts else source.get("status") == "idle"
        if not done:
            return None
        result = {**self.subject, "processed": counts.get("processed", 0), "failed": counts.get("failed", 0)}
        return {"status": "success", "result": result}
