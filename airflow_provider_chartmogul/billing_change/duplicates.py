"""Find customers that two data sources have in common, and that are not merged yet."""

from __future__ import annotations

from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from airflow_provider_chartmogul.billing_change.customers import check_sources
from airflow_provider_chartmogul.client.merged import external_ids_of, tells_its_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record

CUSTOM: Final = "custom."


class Candidate(NamedTuple):
    """A customer of one of the data sources, which may not tell which of its external ids are of that source."""

    uuid: str
    name: str
    external_ids: tuple[str, ...]
    tells_its_parts: bool = True


Keyed = dict[str, dict[str, Candidate]]
"""The customers of a data source by what they are recognised by, those of each key by their uuid."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What two data sources have in common.

    :param pairs: records for a merge, ``{"from": {"customer_uuid"}, "into": {"customer_uuid"}}``, with ``matched``,
        what both have, and name and external ids of both for people who look at them.
    :param ambiguous: what more than one customer of a data source has, or one that is of both already: ``matched``, and
        the customers of ``from`` and ``into``, each with ``customer_uuid``, ``name`` and ``external_ids``.
    """

    pairs: list[Record] = field(default_factory=list)
    ambiguous: list[Record] = field(default_factory=list)


def check_by(by: object) -> str:
    """Return by what customers are recognised.

    :raises ValueError: it is neither ``email`` nor ``external_id`` nor ``custom.`` with the key of an attribute.
    """
    if by in ("email", "external_id") or (isinstance(by, str) and by.startswith(CUSTOM) and by != CUSTOM):
        return str(by)
    raise ValueError(f"by must be email, external_id, or {CUSTOM} and the key of a custom attribute, not {by!r}")


def find_duplicates(
    client: ChartMogulClient, from_data_source_uuid: str, into_data_source_uuid: str, by: str = "email"
) -> Duplicates:
    """Compare the customers of two data sources.

    Keys, names and external ids of all of them are held in memory: 120 MB for 100,000 customers.

    :param from_data_source_uuid: the source whose customers would go.
    :param into_data_source_uuid: the source whose customers would stay.
    :param by: ``email``, whose case does not matter; ``external_id``; or ``custom.`` with the key of an attribute.
    :raises ValueError: the sources are the same, ``by`` is something else, or the values of the attribute are Boolean.
    :raises ChartMogulNotFoundError: there is no such data source.
    """
    check_by(by)
    check_sources(client, from_data_source_uuid, into_data_source_uuid)
    giving, staying = (
        keyed(client.customers.list(data_source_uuid=source), by)
        for source in (from_data_source_uuid, into_data_source_uuid)
    )
    if by == "external_id":
        shared = [key for key in giving.keys() & staying.keys() if not _are_merged(giving[key], staying[key])]
        _leave_out_others(client, from_data_source_uuid, giving, shared)
        _leave_out_others(client, into_data_source_uuid, staying, shared)
    return compared(giving, staying)


def keyed(customers: Iterable[Mapping[str, Any]], by: str) -> Keyed:
    """Return customers of a data source by their keys; those without one are left out.

    :raises ValueError: a key is Boolean.
    """
    found: Keyed = defaultdict(dict)
    for customer in customers:
        ids = external_ids_of(customer)
        candidate = Candidate(customer["uuid"], customer.get("name") or "", tuple(ids), tells_its_parts(customer))
        for key in _keys(customer, ids, by):
            found[key][candidate.uuid] = candidate
    return found


def compared(giving: Keyed, staying: Keyed) -> Duplicates:
    """Return which customers of one source are one of the other, and for which that is open.

    A customer is in one pair at most: whatever would make it several is open. So is what one has that is merged with
    somebody of the other source already, who would be a third.
    """
    found, pairs = Duplicates(), dict[tuple[str, str], str]()
    merged = _uuids(giving) & _uuids(staying)
    for key in sorted(giving.keys() & staying.keys()):
        from_, into = giving[key], staying[key]
        if not into or _are_merged(from_, into):
            continue
        if len(from_) == len(into) == 1 and merged.isdisjoint([*from_, *into]):
            pairs.setdefault((next(iter(from_)), next(iter(into))), key)
        else:
            found.ambiguous.append(_open(key, from_, into))
    uses = Counter(uuid for pair in pairs for uuid in pair)
    for pair, key in pairs.items():
        if max(uses[uuid] for uuid in pair) > 1:
            found.ambiguous.append(_open(key, giving[key], staying[key]))
        else:
            found.pairs.append(_pair(key, *giving[key].values(), *staying[key].values()))
    return found


def _keys(customer: Mapping[str, Any], external_ids: list[str], by: str) -> Iterable[str]:
    if by == "external_id":
        return external_ids
    if by == "email":
        value = (customer.get("email") or "").lower()
    else:
        custom = (customer.get("attributes") or {}).get("custom") or {}
        value = custom.get(by.removeprefix(CUSTOM))
        if isinstance(value, bool):
            raise ValueError(f"by must be what tells customers apart, not {by}, which is true or false")
    key = "" if value is None else str(value).strip()
    return [key] if key else []


def _are_merged(from_: Mapping[str, Candidate], into: Mapping[str, Candidate]) -> bool:
    return from_.keys() <= into.keys()


def _leave_out_others(
    client: ChartMogulClient, data_source_uuid: str, customers: Keyed, external_ids: Iterable[str]
) -> None:
    """Leave out customers that have an external id in another data source only: one request for each that may."""
    doubtful = [(key, one.uuid) for key in external_ids for one in customers[key].values() if not one.tells_its_parts]

    def has(named: tuple[str, str]) -> bool:
        there = client.customers.list(data_source_uuid=data_source_uuid, external_id=named[0]).first()
        return there is not None and there["uuid"] == named[1]

    with ThreadPoolExecutor(client.max_connections, thread_name_prefix="chartmogul-customers") as pool:
        for (key, uuid), is_there in zip(doubtful, pool.map(has, doubtful), strict=True):
            if not is_there:
                del customers[key][uuid]


def _uuids(customers: Keyed) -> set[str]:
    return {uuid for candidates in customers.values() for uuid in candidates}


def _pair(key: str, from_: Candidate, into: Candidate) -> Record:
    return {
        "from": {"customer_uuid": from_.uuid},
        "into": {"customer_uuid": into.uuid},
        "matched": key,
        "from_name": from_.name,
        "into_name": into.name,
        "from_external_ids": list(from_.external_ids),
        "into_external_ids": list(into.external_ids),
    }


def _open(key: str, from_: Mapping[str, Candidate], into: Mapping[str, Candidate]) -> Record:
    return {"matched": key} | {
        side: [
            {"customer_uuid": one.uuid, "name": one.name, "external_ids": list(one.external_ids)}
            for one in candidates.values()
        ]
        for side, candidates in (("from", from_), ("into", into))
    }
