"""Waiting until ChartMogul has worked off bulk imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.imports.sending import TERMINAL
from airflow_provider_chartmogul.triggers.base import ChartMogulPollTrigger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.triggers.base import Event

_QUESTIONS: Final = 50
"""Most imports that one look asks for: of thousands, the rest waits for the next look."""


class ChartMogulImportsTrigger(ChartMogulPollTrigger):
    """Wait until bulk imports are in a terminal status, whichever. Reference: ``/reference/bulk-import/track-status``.

    :param data_source_uuid: the data source (``ds_…``).
    :param import_ids: external ids of the imports.
    :param chartmogul_conn_id: Airflow connection with the API key.
    :param poll_interval: seconds between two looks, at least one.
    :param deadline: wall-clock time (``time.time()``) after which the event is ``timeout``.
    :param max_failures: so many looks in a row may fail for passing reasons.
    """

    def __init__(
        self,
        data_source_uuid: str,
        import_ids: Sequence[str],
        chartmogul_conn_id: str,
        poll_interval: float = 60.0,
        deadline: float | None = None,
        max_failures: int = 5,
    ) -> None:
        super().__init__(chartmogul_conn_id, poll_interval, deadline, max_failures)
        self.data_source_uuid = data_source_uuid
        self.import_ids = list(import_ids)
        # a restart of the triggerer asks for all of them once more
        self._left = list(import_ids)

    @property
    def subject(self) -> dict[str, Any]:
        """The imports."""
        return {"data_source_uuid": self.data_source_uuid, "import_ids": self.import_ids}

    @property
    def waited_for(self) -> str:
        """The data source, and how many imports."""
        return f"{len(self._left)} of {len(self.import_ids)} imports into {self.data_source_uuid}"

    def look(self, client: ChartMogulClient) -> Event | None:
        """Ask for those that were not done at the last look; one that is gone is done as well."""
        asked, rest = self._left[:_QUESTIONS], self._left[_QUESTIONS:]
        self._left = rest + [name for name in asked if not self._is_done(client, name)]
        return None if self._left else {"status": "success", "result": {"imports": len(self.import_ids)}}

    def _is_done(self, client: ChartMogulClient, name: str) -> bool:
        try:
            return client.json_imports.retrieve(self.data_source_uuid, name).get("status") in TERMINAL
        except ChartMogulNotFoundError:
            return True
