"""What the ChartMogul sensors share: one reading of the final state for poke, reschedule and deferrable mode."""

from __future__ import annotations

import time
from abc import abstractmethod
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
)

from airflow_provider_chartmogul import exceptions
from airflow_provider_chartmogul.hooks.chartmogul import ChartMogulHook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.triggers.base import ChartMogulPollTrigger, Event


class ChartMogulSensor(BaseSensorOperator):
    """Base of the sensors that wait for ChartMogul.

    A wait that failed or took longer than ``timeout`` raises, or skips the task with ``soft_fail``, in every mode.

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
        return ChartMogulHook(self.chartmogul_conn_id)

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Look once."""
        event = self.trigger().look(self.hook.get_conn())
        return event is not None and PokeReturnValue(is_done=True, xcom_value=self._settle(event))

    def execute(self, context: Context) -> Any:
        """Wait in the mode that was chosen."""
        if not self.deferrable:
            return super().execute(context)
        trigger = self.trigger(deadline=time.time() + self.timeout)
        event = trigger.look(self.hook.get_conn())
        if event is None:
            # the trigger keeps the deadline; the framework's timeout is only the net under it
            net = timedelta(seconds=self.timeout + 2 * trigger.poll_interval)
            self.defer(trigger=trigger, method_name="execute_complete", timeout=net)
        return self._settle(event)

    def execute_complete(self, context: Context, event: Event | None = None) -> dict[str, Any]:
        """Turn what the trigger found into the result or the error of the task."""
        return self._settle(event or {})

    def _settle(self, event: Event) -> dict[str, Any]:
        status = event.get("status")
        if status == "success":
            result: dict[str, Any] = event["result"]
            return result
        if status == "timeout":
            raise self._failure(AirflowSensorTimeout(event["message"]))
        if status == "error":
            raise self._failure(_named_error(event["error"], event["message"]))
        raise self._failure(exceptions.ChartMogulError(f"The trigger answered with the unknown status {status!r}"))

    def _failure(self, error: AirflowException) -> AirflowException:
        # the base class turns failures into skips on some ways out of a sensor but not on all
        return AirflowSkipException(str(error)) if self.soft_fail or self.never_fail else error


def _named_error(name: str, message: str) -> exceptions.ChartMogulError:
    error = getattr(exceptions, name, None)
    if isinstance(error, type) and issubclass(error, exceptions.ChartMogulError):
        return error(message)
    return exceptions.ChartMogulError(message)
