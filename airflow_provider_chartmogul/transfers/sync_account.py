"""A whole account, or what is wanted of it, as one mapped task."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import TaskGroup

from airflow_provider_chartmogul.streams import STREAMS, get_stream
from airflow_provider_chartmogul.streams.model import Options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_chartmogul.transfers.base import ChartMogulStreamOperator

TASK_ID = "load"

EVERYTHING: tuple[str, ...] = tuple(
    name
    for name in STREAMS
    # these come with customers and invoices, and as activities
    if name not in ("customer_tags", "customer_custom_attributes", "line_items", "transactions", "activities_export")
)
"""All that an account holds, each of it once."""


def sync_account(
    operator: type[ChartMogulStreamOperator],
    *,
    streams: Iterable[str | Mapping[str, Any]] = EVERYTHING,
    group_id: str = "chartmogul",
    **arguments: Any,
) -> TaskGroup:
    """Return a group with a task that loads each of some streams, mapped over them.

    One that fails does not keep the others from loading. Tasks of a group run side by side and share the rate budget of
    the API key (see ``budget_storage`` of the connection); ``max_active_tis_per_dagrun`` limits how many.

    :param operator: ``ChartMogulToSqlOperator`` or ``ChartMogulToObjectStorageOperator``.
    :param streams: names of streams, or mappings with ``stream`` and what is special about it:
        ``{"stream": "metrics_mrr", "interval": "day"}``.
    :param group_id: name of the group; the task in it is ``load``.
    :param arguments: of the operator, the same for all.
    :raises ValueError: a stream is unknown, or an argument or load mode of it is, or there is no stream.
    """
    loads = [{"stream": one} if isinstance(one, str) else dict(one) for one in streams]
    if not loads:
        raise ValueError("streams must name at least one")
    known = _arguments(operator)
    for load in loads:
        stream = get_stream(load.get("stream", ""))
        given = {**arguments, **load}
        if unknown := given.keys() - known:
            raise ValueError(f"{operator.__name__} of stream {stream.name} takes no {', '.join(sorted(unknown))}")
        stream.check(given.get("load_mode") or stream.default_mode, Options())
    with TaskGroup(group_id) as group:
        # the streams are what tells the mapped tasks apart
        operator.partial(task_id=TASK_ID, map_index_template="{{ task.stream }}", **arguments).expand_kwargs(loads)
    return group


def _arguments(operator: type[ChartMogulStreamOperator]) -> set[str]:
    """Return the names of all arguments of an operator, those of Airflow's own included."""
    constructors = [vars(cls)["__init__"] for cls in operator.__mro__ if "__init__" in vars(cls)]
    return {name for constructor in constructors for name in inspect.signature(constructor).parameters} - {"self"}
