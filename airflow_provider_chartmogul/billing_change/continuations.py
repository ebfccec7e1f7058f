"""Find which subscription of the old billing system goes on as which one of the new."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.billing_change.customers import check_sources, merged_customers
from airflow_provider_chartmogul.moments import as_utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.streams.windows import Window

_PORTION: Final = 100


@dataclass(frozen=True, slots=True)
class Continuations:
    """The subscriptions of merged customers.

    :param connections: records for a connection, ``{"customer_uuid", "subscriptions": [old one, new one]}``, with
        the ``external_ids`` of both for people who look at them, and ``reason``, why they belong together:
        ``external_id`` or ``only_ones``.
    :param ambiguous: customers of whom several could go on as one, or one as several: ``customer_uuid``, and ``old``
        and ``new``, each a list of subscriptions with ``uuid`` and ``external_id``.
    """

    connections: list[Record] = field(default_factory=list)
    ambiguous: list[Record] = field(default_factory=list)


def find_continuations(client: ChartMogulClient, old: str, new: str, change: Window) -> Continuations:
    """Look at the subscriptions of all customers that are of both data sources: up to two requests for each.

    :param old: data source of the old billing system.
    :param new: data source of the new one.
    :param change: when customers moved. What ended before has no continuation, what begins after is none.
    :raises ValueError: the sources are the same.
    :raises ChartMogulNotFoundError: there is no such data source.
    """
    check_sources(client, old, new)
    found = Continuations()
    # what moves to a later page while the list is read comes twice
    customers = list(dict.fromkeys(customer["uuid"] for customer in merged_customers(client, new, old)))

    def candidates(customer: str) -> tuple[list[Record], list[Record]]:
        imported = list(client.subscriptions.list_imported(customer))
        ours, theirs = ([one for one in imported if one["data_source_uuid"] == source] for source in (old, new))
        if not (ours and theirs):
            return [], []
        return within(change, ours, theirs, client.subscriptions.list(customer))

    with ThreadPoolExecutor(client.max_connections, thread_name_prefix="chartmogul-subscriptions") as pool:
        # in portions: answers would pile up that nobody has looked at, and after an error all would still be asked for
        for start in range(0, len(customers), _PORTION):
            portion = customers[start : start + _PORTION]
            for customer, (ours, theirs) in zip(portion, pool.map(candidates, portion), strict=True):
                pairs, left = matched(ours, theirs)
                found.connections.extend(_connection(customer, pair, reason) for pair, reason in pairs)
                if all(left):
                    found.ambiguous.append(_open(customer, *left))
    return found


def within(
    change: Window, old: Iterable[Record], new: Iterable[Record], rows: Iterable[Mapping[str, Any]]
) -> tuple[list[Record], list[Record]]:
    """Return the old subscriptions that did not end before the change, and the new ones that did not begin after it.

    :param rows: the customer's subscriptions with their dates. They do not tell their data source; but what has ended
        before the change is of the old one, what begins after it of the new one. One that is connected has no row.
    """
    rows = list(rows)
    over = {
        row["external_id"] for row in rows if row["status"] == "inactive" and as_utc(row["end-date"]) < change.start
    }
    later = {row["external_id"] for row in rows if as_utc(row["start-date"]) >= change.end}
    return (
        [one for one in old if one["external_id"] not in over],
        [one for one in new if one["external_id"] not in later],
    )


def matched(
    old: Sequence[Record], new: Sequence[Record]
) -> tuple[list[tuple[tuple[Record, Record], str]], tuple[list[Record], list[Record]]]:
    """Return which of a customer's old subscriptions go on as which new ones, why, and those for which that is open.

    The same ``external_id`` tells, and where no two have that, being the only ones. Where some have it, ids went on,
    and two that are left have none in common: one may have ended and the other begun.
    """
    by_name: dict[str, tuple[list[Record], list[Record]]] = defaultdict(lambda: ([], []))
    for side, subscriptions in enumerate((old, new)):
        for one in subscriptions:
            by_name[one["external_id"]][side].append(one)
    pairs = [(ours[0], theirs[0]) for ours, theirs in by_name.values() if len(ours) == len(theirs) == 1]
    taken = {one["uuid"] for pair in pairs for one in pair}
    left_old, left_new = ([one for one in side if one["uuid"] not in taken] for side in (old, new))
    if not pairs and len(left_old) == len(left_new) == 1:
        return [((left_old[0], left_new[0]), "only_ones")], ([], [])
    return [(pair, "external_id") for pair in pairs], (left_old, left_new)


def _connection(customer: str, pair: tuple[Record, Record], reason: str) -> Record:
    return {
        "customer_uuid": customer,
        # the first one stays
        "subscriptions": [{name: one[name] for name in ("data_source_uuid", "uuid")} for one in pair],
        "external_ids": [one["external_id"] for one in pair],
        "reason": reason,
    }


def _open(customer: str, old: Iterable[Record], new: Iterable[Record]) -> Record:
    return {"customer_uuid": customer} | {
        side: [{name: one[name] for name in ("uuid", "external_id")} for one in subscriptions]
        for side, subscriptions in (("old", old), ("new", new))
    }
