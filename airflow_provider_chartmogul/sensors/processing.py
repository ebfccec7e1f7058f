"""Sensor on the processing of a data source: ready means ready."""

from __future__ import annotations

import math
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.operators.base import required_text
from airflow_provider_chartmogul.sensors.base import ChartMogulSensor
from airflow_provider_chartmogul.triggers.processing import SETTLE_SECONDS, ChartMogulProcessingTrigger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context, PokeReturnValue

LONGEST_HOLD = 60.0
"""So many seconds may mode ``reschedule`` hold the worker between the two readings of one poke."""


class ChartMogulProcessingSensor(ChartMogulSensor):
    """Wait until ChartMogul has processed what was imported into a data source, and the metrics no longer move.

    Imports are accepted at once, records follow, metrics after them: wait here before reading metrics. Nothing says
    that they are computed; so the sensor reads the key metrics of the account, by month since 2000, until two readings
    at least ``settle_seconds`` apart and all between them are the same, with nothing pending in the source. The counts
    of processed and failed records must be the same, too. After deletions, merges and changes of single records nothing
    is ever pending, and their figures follow within seconds to minutes: there, ``settle_seconds`` alone makes the
    sensor wait, and what ChartMogul begins later it cannot see. Metrics are those of all sources: where others are
    filled at the same time, or customers come and go by the minute, they hardly rest; give fewer ``settle_seconds``
    then.

    The XCom is ``{"data_source_uuid", "processed", "failed"}``; records that failed do not fail the sensor.
    References: ``/reference/sources/retrieve``, ``/reference/metrics/all``.

    Mode ``reschedule`` forgets all between two pokes. There, a poke that finds nothing pending holds its worker for
    ``settle_seconds`` and reads again. Because of that it takes 60 at most, less than metrics may lag, so that they
    must be given there. Deferrable, no worker is held.

    :param data_source_uuid: the data source (``ds_…``). (templated)
    :param settle_seconds: so long must the metrics stay the same; 0 does not look at them, only at what is pending.
    """

    template_fields: Sequence[str] = (*ChartMogulSensor.template_fields, "data_source_uuid")

    def __init__(self, *, data_source_uuid: str, settle_seconds: float = SETTLE_SECONDS, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_source_uuid = data_source_uuid
        self.settle_seconds = settle_seconds
        if isinstance(settle_seconds, bool) or not isinstance(settle_seconds, (int, float)):
            raise TypeError(f"settle_seconds must be a number of seconds, not {type(settle_seconds).__name__}")
        if not 0 <= settle_seconds < math.inf:
            raise ValueError("settle_seconds must be 0 or more")
        if self._forgets and settle_seconds > LONGEST_HOLD:
            raise ValueError(
                f"settle_seconds must be at most {LONGEST_HOLD:g} in mode 'reschedule', not {settle_seconds:g}: set it,"
                " or better deferrable=True instead of the mode"
            )

    def trigger(self, deadline: float | None = None) -> ChartMogulProcessingTrigger:
        """Return the trigger on the data source."""
        return ChartMogulProcessingTrigger(
            data_source_uuid=required_text("data_source_uuid", self.data_source_uuid),
            chartmogul_conn_id=self.chartmogul_conn_id,
            settle_seconds=self.settle_seconds,
            poll_interval=self.poke_interval,
            deadline=deadline,
        )

    @cached_property
    def watcher(self) -> ChartMogulProcessingTrigger:
        """As in the base class."""
        return self.trigger()

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Look once; in mode ``reschedule`` twice where the first look found nothing pending."""
        found = super().poke(context)
        if self._forgets and not found and self.watcher.is_settling:
            time.sleep(self.settle_seconds)
            found = super().poke(context)
        return found

    @property
    def _forgets(self) -> bool:
        return self.mode == "reschedule" and not self.deferrable
