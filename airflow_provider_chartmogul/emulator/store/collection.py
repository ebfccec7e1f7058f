"""An ordered collection of records with unique external ids."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from airflow_provider_chartmogul.emulator import paging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime


class Ordered(Protocol):
    """What a record needs to be listed: order of arrival, and the time that its cursor shows."""

    seq: int
    created_at: datetime


R = TypeVar("R", bound=Ordered)


class Collection(Generic[R]):
    """Records by key, in order of arrival.

    :param key: the identifier of a record.
    :param external: ``(data source uuid, external id)`` of a record, or None when it has none.
    """

    def __init__(
        self, key: Callable[[R], str], external: Callable[[R], tuple[str, str] | None] = lambda record: None
    ) -> None:
        self._key = key
        self._external = external
        self._by_key: dict[str, R] = {}
        self._by_external: dict[tuple[str, str], R] = {}
        self._by_seq: dict[int, R] = {}
        self._seqs: list[int] = []

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[R]:
        """Iterate in order of arrival over the records of this moment."""
        return iter([self._by_seq[seq] for seq in self._seqs])

    def add(self, record: R) -> None:
        """Add a record whose ``seq`` is higher than all before it."""
        self._by_key[self._key(record)] = record
        external = self._external(record)
        if external is not None:
            self._by_external[external] = record
        self._by_seq[record.seq] = record
        self._seqs.append(record.seq)

    def remove(self, record: R) -> None:
        """Remove a record."""
        del self._by_key[self._key(record)]
        external = self._external(record)
        if external is not None:
            del self._by_external[external]
        del self._by_seq[record.seq]
        del self._seqs[bisect_left(self._seqs, record.seq)]

    def replace(self, old: R, new: R) -> None:
        """Put a changed record in the place of the old one; key and order stay."""
        external = self._external(old)
        if external is not None:
            del self._by_external[external]
        external = self._external(new)
        if external is not None:
            self._by_external[external] = new
        self._by_key[self._key(old)] = self._by_seq[old.seq] = new

    def get(self, key: str) -> R | None:
        """Look a record up by its identifier."""
        return self._by_key.get(key)

    def by_external_id(self, data_source_uuid: str, external_id: str) -> R | None:
        """Look a record up by source and external id."""
        return self._by_external.get((data_source_uuid, external_id))

    def page(
        self,
        request: paging.PageRequest,
        matches: Callable[[R], bool] = lambda record: True,
        newest_first: bool = True,
    ) -> paging.Page[R]:
        """Cut one page in order of arrival; records that arrive during a walk never shift the pages behind them."""
        return page_of(filter(matches, self._after(request.after_id, newest_first)), request)

    def count(self, matches: Callable[[R], bool]) -> int:
        """Count the matching records."""
        return sum(1 for record in self._by_key.values() if matches(record))

    def _after(self, seq: int | None, newest_first: bool) -> Iterator[R]:
        if newest_first:
            start = len(self._seqs) if seq is None else bisect_left(self._seqs, seq)
            return (self._by_seq[self._seqs[at]] for at in range(start - 1, -1, -1))
        start = 0 if seq is None else bisect_right(self._seqs, seq)
        return (self._by_seq[self._seqs[at]] for at in range(start, len(self._seqs)))


def page_of(following: Iterable[R], request: paging.PageRequest) -> paging.Page[R]:
    """Cut one page off records that are in order and behind the cursor."""
    records, has_more = paging.cut(following, request.per_page)
    cursor = paging.encode(records[-1].created_at, records[-1].seq) if records else None
    return paging.Page(records, cursor, has_more)


def page_of_few(records: Sequence[R], request: paging.PageRequest) -> paging.Page[R]:
    """Cut one page off a short list in order of arrival, such as the records of one customer."""
    after = request.after_id
    return page_of((record for record in records if after is None or record.seq > after), request)
