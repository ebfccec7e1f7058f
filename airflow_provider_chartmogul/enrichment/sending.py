"""Send what has to change at one customer: at most four requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.imports.each import Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record


class Sender:
    """Sends the changes of one customer. Each request may be repeated.

    :param client: client of the account.
    :param types: the type of each attribute, by key.
    """

    def __init__(self, client: ChartMogulClient, types: Mapping[str, str]) -> None:
        self._types = types
        self._requests: dict[str, Callable[[str, Any], Any]] = {
            "set": lambda uuid, values: client.custom_attributes.add(uuid, self._typed(values)),
            "removed": client.custom_attributes.remove,
            "tags_added": client.tags.add,
            "tags_removed": client.tags.remove,
        }

    def __call__(self, record: Record) -> Sent:
        """Send them, from any thread.

        :param record: with ``customer_uuid`` and ``change``; it gets ``done``, what of the change was done, and
            ``writes``, the number of requests.
        """
        record["done"], record["writes"] = {}, 0
        for name, what in record["change"].items():
            if what:
                record["writes"] += 1
                self._requests[name](record["customer_uuid"], what)
                record["done"][name] = what
        return Sent("changed", record["customer_uuid"])

    def _typed(self, values: Mapping[str, Any]) -> list[Record]:
        return [{"type": self._types[key], "key": key, "value": value} for key, value in values.items()]


def writes(change: Mapping[str, Any]) -> int:
    """Return how many requests a change takes."""
    return sum(1 for what in change.values() if what)
