"""What a person sees of a load: log lines at a humane pace while it runs, and a summary at its end."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.streams.model import Page
    from airflow_provider_chartmogul.transfers.loading import Landed

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 15.0


class Progress:
    """Counts the pages of a load, and tells of them now and then.

    :param stream: name of what is loaded.
    :param client: whose requests are counted, from now on.
    """

    def __init__(self, stream: str, client: ChartMogulClient) -> None:
        self._stream = stream
        self._client = client
        self._before = client.statistics
        self._begin = self._told = time.monotonic()
        self._pages = self._rows = self._total = 0

    def page(self, page: Page) -> None:
        """Count a page, and tell of it if the last line is some time ago."""
        self._pages += 1
        self._total += page.total or 0
        self._rows += sum(len(rows) for record in page.records if record.rows for rows in record.rows.values())
        now = time.monotonic()
        if now - self._told >= SECONDS_BETWEEN_LINES:
            self._told = now
            log.info("%s", self._line(now - self._begin))

    def summary(self, landed: Landed) -> dict[str, Any]:
        """Return the figures of a load that is done, and tell them."""
        now, seconds = self._client.statistics, time.monotonic() - self._begin
        figures = {
            "rows": landed.rows,
            "pages": self._pages,
            "requests": now.requests - self._before.requests,
            "refused_429": now.refused_429 - self._before.refused_429,
            "refused_503": now.refused_503 - self._before.refused_503,
            "bytes_received": now.bytes_received - self._before.bytes_received,
            "bytes_written": landed.size,
            "seconds": round(seconds, 1),
            "waited_seconds": round(now.waited_seconds - self._before.waited_seconds, 1),
        }
        where = ", ".join(f"{name} {count:,}" for name, count in landed.rows.items())
        log.info("Loaded stream %s: %s. %s", self._stream, where, self._effort(seconds))
        return figures

    def _line(self, seconds: float) -> str:
        of_total = left = ""
        if self._total > self._pages:
            of_total = f" of {self._total:,}"
            left = f", about {seconds / self._pages * (self._total - self._pages):,.0f} s left"
        return f"{self._stream}: {self._rows:,} rows, {self._pages:,}{of_total} pages. {self._effort(seconds)}{left}"

    def _effort(self, seconds: float) -> str:
        now = self._client.statistics
        requests = now.requests - self._before.requests
        refused = now.refused_429 + now.refused_503 - self._before.refused_429 - self._before.refused_503
        waited = now.waited_seconds - self._before.waited_seconds
        return (
            f"{requests:,} requests in {seconds:,.1f} s ({requests / max(seconds, 0.001):.1f}/s), "
            f"{refused} of them refused, waits for the rate budget {waited:,.1f} s"
        )
