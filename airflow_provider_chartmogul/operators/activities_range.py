"""What operators on the MRR movements of an interval share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast, get_args

from airflow_provider_chartmogul.client.resources.activities import MovementType
from airflow_provider_chartmogul.intervals import DATA_INTERVAL_END, DATA_INTERVAL_START, inclusive_instants
from airflow_provider_chartmogul.operators.base import ChartMogulOperator, is_literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_chartmogul.moments import Moment

ACTIVITY_TYPES = get_args(MovementType)


class ChartMogulActivitiesRangeOperator(ChartMogulOperator):
    """Base of the operators on the MRR movements of an interval, exactly, to the millisecond.

    :param interval_start: first moment of the range; the start of the data interval by default. (templated)
    :param interval_end: end of the range, exclusive; the end of the data interval by default. Both as ``None`` take
        everything. (templated)
    :param activity_type: only ``new_biz``, ``reactivation``, ``expansion``, ``contraction`` or ``churn``. (templated)
    :raises ValueError: unknown activity type; when the DAG is parsed, unless templated.
    """

    template_fields: Sequence[str] = (
        *ChartMogulOperator.template_fields,
        "interval_start",
        "interval_end",
        "activity_type",
    )

    def __init__(
        self,
        *,
        interval_start: Moment | None = DATA_INTERVAL_START,
        interval_end: Moment | None = DATA_INTERVAL_END,
        activity_type: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.interval_start = interval_start
        self.interval_end = interval_end
        self.activity_type = activity_type
        if is_literal(activity_type):
            _movement_type(activity_type)

    def movements(self) -> dict[str, Any]:
        """Return what says to the client which movements are meant.

        :raises ValueError: a rendered argument makes no sense.
        """
        movement = _movement_type(self.activity_type)
        first = last = None
        if self.interval_start is not None or self.interval_end is not None:
            first, last = inclusive_instants(self.interval_start, self.interval_end)
        return {"start_date": first, "end_date": last, "type": movement}


def _movement_type(activity_type: str | None) -> MovementType | None:
    if not activity_type:
        return None
    if activity_type not in ACTIVITY_TYPES:
        raise ValueError(f"activity_type must be one of {', '.join(ACTIVITY_TYPES)}, not {activity_type!r}")
    return cast("MovementType", activity_type)
