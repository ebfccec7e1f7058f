"""Put ChartMogul's uuids into records in place of your own identifiers, each looked up once."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from airflow_provider_chartmogul.client.fields import Problem
from airflow_provider_chartmogul.exceptions import ChartMogulInvalidRecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record

T = TypeVar("T")

_ALL: Final = {"customer": {}, "plan": {}, "invoice": {"validation_type": "all"}}
"""What can be looked up, with further arguments of the listing."""


class OncePerKey(Generic[T]):
    """Calls a function once for each key, also when several threads want the same at once. Errors are not kept.

    :param function: gets the key.
    """

    def __init__(self, function: Callable[[Any], T]) -> None:
        self._function = function
        self._found: dict[Hashable, T] = {}
        self._locks: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()

    def __call__(self, key: Hashable) -> T:
        """Return what the function returns, or returned, for this key."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._found:
                self._found[key] = self._function(key)
            return self._found[key]


class LookUps:
    """The uuids of customers, plans and invoices by external id.

    :param client: client of the account.
    """

    def __init__(self, client: ChartMogulClient) -> None:
        self._client = client
        self._uuid = OncePerKey(self._look_up)

    def filled(self, name: str, record: Mapping[str, Any], data_source_uuid: str | None, *, place: str = "") -> Record:
        """Return a record with, say, ``plan_uuid`` instead of ``plan_external_id``.

        :param name: ``customer``, ``plan`` or ``invoice``.
        :param data_source_uuid: where to look; not needed if there is nothing to look up.
        :param place: where the record stands in another, such as ``line_items[0].``, for errors.
        :raises ChartMogulInvalidRecordError: the data source has none with this external id.
        """
        filled = dict(record)
        external_id = filled.pop(f"{name}_external_id", None)
        if data_source_uuid and external_id and not filled.get(f"{name}_uuid"):
            found = self._uuid((name, data_source_uuid, external_id))
            if found is None:
                field, message = f"{place}{name}_external_id", f"names no {name} of data source {data_source_uuid}"
                raise ChartMogulInvalidRecordError(f"{field} {message}", [(field, message)])
            filled[f"{name}_uuid"] = found
        return filled

    def _look_up(self, key: tuple[str, str, str]) -> str | None:
        name, data_source_uuid, external_id = key
        resource = getattr(self._client, f"{name}s")
        found = resource.list(data_source_uuid=data_source_uuid, external_id=external_id, **_ALL[name]).first()
        return None if found is None else str(found["uuid"])


def reference_problems(name: str, record: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with how a record names what it belongs to.

    :param name: ``customer`` or ``invoice``, named by uuid, or by external id within a data source.
    """
    uuid, external = f"{name}_uuid", f"{name}_external_id"
    given = uuid if record.get(uuid) not in (None, "") else external
    if record.get(given) in (None, ""):
        return [Problem(uuid, f"is missing, and {external} as well")]
    if not isinstance(record[given], str):
        return [Problem(given, "must be text")]
    if given == external and not record.get("data_source_uuid"):
        return [Problem("data_source_uuid", f"is missing, without which {external} names nothing")]
    return []


def with_plan_named(item: Any, data_source_uuid: str | None) -> Any:
    """Return a line item whose plan can be looked up as if that had been done, so that it can be checked."""
    known = isinstance(item, Mapping) and isinstance(item.get("plan_external_id"), str) and not item.get("plan_uuid")
    return {**item, "plan_uuid": item["plan_external_id"]} if known and data_source_uuid else item
