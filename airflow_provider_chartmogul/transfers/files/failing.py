"""Failures of storages, told without what their clients quote."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.exceptions import ChartMogulError, ChartMogulLoadError

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)


@contextmanager
def failing_as(place: object, step: str) -> Iterator[None]:
    """Turn whatever goes wrong in the block into one error.

    :param place: path of what is worked on.
    :param step: what is being done.
    :raises ChartMogulLoadError: names place, step and the kind of error.
    """
    try:
        yield
    except ChartMogulError:
        raise
    except Exception as error:  # noqa: BLE001 - the name of the error is all that can be told safely
        # each storage has its own errors, some of which quote requests
        raise ChartMogulLoadError(f"{place}: {step} failed: {_kind(error)}") from None


@contextmanager
def at_best(place: object, step: str) -> Iterator[None]:
    """Log what goes wrong in the block, and go on behind it."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - what led here must not be hidden by what follows
        log.warning("%s: %s failed: %s", place, step, _kind(error))


def _kind(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return f"{type(error).__name__} ({os.strerror(number)})" if isinstance(number, int) else type(error).__name__
