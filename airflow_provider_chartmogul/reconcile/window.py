"""Which invoices are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.intervals import named_utc
from airflow_provider_chartmogul.reconcile.values import moment

if TYPE_CHECKING:
    from airflow_provider_chartmogul.moments import Moment

_EVER = ("", "~")


@dataclass(frozen=True, slots=True)
class Window:
    """A range of invoice dates, as text that sorts by time; both ends are open unless they are given.

    :param start: the first instant.
    :param end: the instant after the last one.
    """

    start: str = _EVER[0]
    end: str = _EVER[1]

    @classmethod
    def of(cls, interval_start: Moment | None, interval_end: Moment | None) -> Window:
        """Return the window between two bounds, each of which may be left out.

        :raises ValueError: a bound is unreadable, or the window is empty; names the argument.
        """
        bounds = {"interval_start": interval_start, "interval_end": interval_end}
        start, end = (
            ever if value in (None, "") else moment(named_utc(name, value))
            for ever, (name, value) in zip(_EVER, bounds.items(), strict=True)
        )
        if end <= start:
            raise ValueError("interval_end must be later than interval_start")
        return cls(start, end)

    @property
    def is_all(self) -> bool:
        """Whether every date is in it."""
        return (self.start, self.end) == _EVER

    def __contains__(self, instant: str) -> bool:
        return self.start <= instant < self.end
