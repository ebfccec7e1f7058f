"""What the ChartMogul sensors share: one reading of the final state for poke, reschedule and deferrable mode."""

from __future__ import annotations

import time
from abc import abstractmethod
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    AirflowNotFoundException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
)

from airflow_provider_chartmogul import exceptions
from airflow_provider_chartmogul.hooks.chartmogul import ChartMogulHook
from airflow_provider_chartmogul.triggers.base import LOOK_RETRY_SECONDS, settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.triggers.base import ChartMogulPollTrigger, Event

FAILURES = (exceptions.ChartMogulError, AirflowSensorTimeout, AirflowNotFoundException)
"""How a wait can fail; the last one is a connection that is not defined."""


class ChartMogulSensor(BaseSensorOperator):
    """Base of the sensors that wait for ChartMogul.

    A wait that failed or took longer than ``timeout`` raises, or skips the task with ``soft_fail`` or ``never_fail``,
    in every mode. One look repeats a failing request for 30 s at most, and no longer than ``timeout``.

    :param chartmogul_conn_id: Airflow connection with the API key. (templated)
    :param deferrable: wait in the triggerer, with ``poke_interval`` and ``timeout`` as in the other modes.
    """

    template_fields: Sequence[str] = ("chartmogul_conn_id",)

    def __init__(
        self,
        *,
        chartmogul_conn_id: str = ChartMogulHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.chartmogul_conn_id = chartmogul_conn_id
        self.deferrable = deferrable

    @abstractmethod
    def trigger(self, deadline: float | None = None) -> ChartMogulPollTrigger:
        """Return the trigger that can look at what this sensor waits for."""

    @cached_property
    def hook(self) -> ChartMogulHook:
        """The hook of the connection; opens nothing by itself."""
        return ChartMogulHook(self.chartmogul_conn_id, max_retry_seconds=min(LOOK_RETRY_SECONDS, self.timeout))

    @cached_property
    def watcher(self) -> ChartMogulPollTrigger:
        """The trigger that looks in all pokes of this process: it may remember what it saw."""
        return self.trigger()

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Look once."""
        event = self.watcher.look(self.hook.get_conn())
        return event is not None and PokeReturnValue(is_done=True, xcom_value=self._settle(event))

    def execute(self, context: Context) -> Any:
        """Wait in the mode that was chosen."""
        # outside of the softness, as a mistake in the DAG is none of the wait
        trigger = self.trigger(deadline=time.time() + self.timeout)
        with self._softness():
            if not self.deferrable:
                return super().execute(context)
            event = trigger.look(self.hook.get_conn())
            if event is None:
                # the trigger keeps the deadline; the framework's timeout is only the net under it
                net = timedelta(seconds=self.timeout + 2 * trigger.poll_interval)
                self.defer(trigger=trigger, method_name="execute_complete", timeout=net)
            return self._settle(event)

    def execute_complete(self, context: Context, event: Event | None = None) -> dict[str, Any]:
        """Turn what the trigger found into the result or the error of the task."""
        with self._softness():
            return self._settle(event)

    def _settle(self, event: Event | None) -> dict[str, Any]:
        return settled(event, AirflowSensorTimeout)

    @contextmanager
    def _softness(self) -> Iterator[None]:
        # the base class turns failures into skips on some ways out of a sensor but not on all
        try:
            yield
        except FAILURES as err:
            if self.soft_fail or self.never_fail:
                raise AirflowSkipException(str(err)) from err
            raise
