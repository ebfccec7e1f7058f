"""Waiting until ChartMogul has worked off what was imported into a data source, the metrics included."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from airflow_provider_chartmogul.exceptions import ChartMogulInvalidResponseError
from airflow_provider_chartmogul.triggers.base import ChartMogulPollTrigger

if TYPE_CHECKING:
    from datetime import date

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.triggers.base import Event

FIRST_DAY = "2000-01-01"
"""Metrics are compared from here on, by month: one answer of some 100 kB. What was sold earlier and is still paid
counts in the months since."""

SETTLE_SECONDS = 300.0
"""Longer than metrics lag behind: seconds to minutes, after a merge one or two."""


class _Figures(NamedTuple):
    """What was read, and since when nothing else was; monotonic."""

    digest: str
    since: float


class ChartMogulProcessingTrigger(ChartMogulPollTrigger):
    """Wait until nothing in a data source is pending and the metrics no longer move.

    It remembers the figures it saw from look to look. Where a triggerer restarts, another one begins anew: the wait is
    longer then, never too short. References: ``/reference/sources/retrieve``, ``/reference/metrics/all``.

    :param data_source_uuid: the data source (``ds_…``).
    :param chartmogul_conn_id: Airflow connection with the API key.
    :param settle_seconds: so long must the metrics stay the same, with nothing pending; 0 does not look at them.
    :param poll_interval: seconds between two looks, at least one.
    :param deadline: wall-clock time (``time.time()``) after which the event is ``timeout``.
    :param max_failures: so many looks in a row may fail for passing reasons.
    """

    def __init__(
        self,
        data_source_uuid: str,
        chartmogul_conn_id: str,
        settle_seconds: float = SETTLE_SECONDS,
        poll_interval: float = 60.0,
        deadline: float | None = None,
        max_failures: int = 5,
    ) -> None:
        super().__init__(chartmogul_conn_id, poll_interval, deadline, max_failures)
        self.data_source_uuid = data_source_uuid
        self.settle_seconds = settle_seconds
        self._figures: _Figures | None = None

    @property
    def subject(self) -> dict[str, Any]:
        """The data source, and how long its metrics must rest."""
        return {"data_source_uuid": self.data_source_uuid, "settle_seconds": self.settle_seconds}

    @property
    def is_settling(self) -> bool:
        """Whether the last look found nothing pending, so that another one may find the metrics at rest."""
        return self._figures is not None

    def look(self, client: ChartMogulClient) -> Event | None:
        """Read the counts, and the metrics once nothing is pending."""
        source = client.data_sources.retrieve(self.data_source_uuid, with_processing_status=True)
        counts = source.get("processing_status") or {}
        # a source that shows no counts has nothing to do once it is idle
        done = counts["pending"] == 0 if "pending" in counts else source.get("status") == "idle"
        if not done:
            self._figures = None
            return None
        counted = {"processed": counts.get("processed", 0), "failed": counts.get("failed", 0)}
        if self.settle_seconds > 0 and not self._at_rest(client, counted):
            return None
        return {"status": "success", "result": {"data_source_uuid": self.data_source_uuid, **counted}}

    def _at_rest(self, client: ChartMogulClient, counted: dict[str, int]) -> bool:
        """Read the metrics; tell whether all readings since ``settle_seconds`` found the same."""
        asked = time.monotonic()
        digest = _digest(client, counted)
        if self._figures is None or self._figures.digest != digest:
            # from the end of this reading to the beginning of the last one: neither may have been slow for nothing
            self._figures = _Figures(digest, time.monotonic())
            return False
        return asked - self._figures.since >= self.settle_seconds


def _digest(client: ChartMogulClient, counted: dict[str, int]) -> str:
    metrics = client.metrics.all(start_date=FIRST_DAY, end_date=_today(client), interval="month")
    # without the summary, which follows from the same data but also from the hour of the day
    figures = json.dumps([counted, metrics["entries"]], sort_keys=True)
    return hashlib.sha256(figures.encode()).hexdigest()


def _today(client: ChartMogulClient) -> date:
    """Return the last day of which metrics are known to be answered: today where the account is, not in UTC."""
    try:
        return datetime.now(ZoneInfo(client.account.retrieve()["time_zone"])).date()
    except (KeyError, TypeError, ValueError, OSError):
        # all of these come of names that are none; KeyError also of a zone that is not known here
        raise ChartMogulInvalidResponseError("The account has no known 'time_zone'") from None
