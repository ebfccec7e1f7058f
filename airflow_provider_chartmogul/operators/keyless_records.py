"""What operators share whose records hang on a customer and have no key: contacts, notes, tasks, opportunities."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from airflow_provider_chartmogul.exceptions import ChartMogulAmbiguousWriteError
from airflow_provider_chartmogul.imports.each import Sent
from airflow_provider_chartmogul.moments import as_day, as_utc
from airflow_provider_chartmogul.operators.base import check_flag
from airflow_provider_chartmogul.operators.records import ChartMogulRecordsOperator

if TYPE_CHECKING:
    from datetime import date, datetime

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.each import Send

Comparable = Callable[[Any], Any]
"""Brings a value into a form in which what was sent can be compared with what came back."""


class ChartMogulCreateKeylessRecordsOperator(ChartMogulRecordsOperator):
    """Base of the operators that create records which ChartMogul does not tell from their doubles.

    A retry of the task, or another run over the same records, shall not create them once more: what a customer has is
    listed once, and a record that is equal to one of them counts as already there. Equal means: of the same
    customer, and the same in each identity field that the new record gives. Counts are ``created`` and
    ``already_there``.

    :param skip_equal: take an equal record for the same. Otherwise every run creates all records anew, and fails for
        good where no answer tells whether a record was created.
    """

    states = ("created", "already_there")

    place: ClassVar[tuple[str, ...]] = ("customer_uuid",)
    """Fields by which the list is filtered among whose records an equal one is looked for."""

    identity: ClassVar[Mapping[str, Comparable]]
    """The identity fields."""

    def __init__(self, *, skip_equal: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.skip_equal = skip_equal
        check_flag("skip_equal", skip_equal)

    def is_repeatable(self, record: Mapping[str, Any]) -> bool:
        """Tell whether another run finds this record again."""
        return self.skip_equal and bool(self.identity_of(record))

    def completer(self) -> Callable[[Mapping[str, Any]], Record]:
        """Return what leaves out of a record what is null: of a new one nothing is to be emptied."""
        return lambda record: {name: value for name, value in record.items() if value is not None}

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what creates one record."""
        resource = self.resource(client)
        shelves: dict[tuple[Any, ...], _Shelf] = {}

        def create(record: Record) -> Sent:
            try:
                return Sent("created", resource.create(**record)[self.id_field])
            except ChartMogulAmbiguousWriteError as error:
                raise ChartMogulAmbiguousWriteError(f"{error} {self._how_to_look(record)}") from error

        def create_once(record: Record) -> Sent:
            place = {name: record[name] for name in self.place}
            shelf = shelves.setdefault(tuple(place.values()), _Shelf())
            # held while the record is created: an equal one further on must find it
            with shelf.lock:
                if shelf.records is None:
                    shelf.records = [self._remembered(found) for found in resource.list(**place)]
                if found := self._equal(shelf.records, record):
                    return Sent("already_there", found[self.id_field])
                try:
                    sent = create(record)
                except ChartMogulAmbiguousWriteError:
                    # it may stand there by now: an equal one further on must look anew
                    shelf.records = None
                    raise
                shelf.records.append({**self._remembered(record), self.id_field: sent.uuid})
                return sent

        return create_once if self.skip_equal else create

    def _how_to_look(self, record: Mapping[str, Any]) -> str:
        told = f"GET /{self.kind}?{urlencode({name: record[name] for name in self.place})} lists what is there"
        if self.is_repeatable(record):
            return f"{told}; another run looks itself, and creates what is not."
        if self.identity_of(record):
            return f"{told}; a run with skip_equal looks itself, and creates what is not."
        return f"{told}."

    def identity_of(self, record: Mapping[str, Any]) -> Record:
        """Return the identity fields that a record gives, in comparable form; none if nothing tells it apart."""
        given = {name: record.get(name) for name in self.identity}
        return {name: _compared(self.identity[name], value) for name, value in given.items() if value not in (None, "")}

    def _equal(self, records: list[Record], record: Record) -> Record | None:
        wanted = self.identity_of(record)
        if not wanted:
            return None
        return next((known for known in records if all(known.get(k) == v for k, v in wanted.items())), None)

    def _remembered(self, record: Mapping[str, Any]) -> Record:
        compared = {name: _compared(comparable, record.get(name)) for name, comparable in self.identity.items()}
        return {**compared, self.id_field: record.get(self.id_field)}


@dataclass(slots=True)
class _Shelf:
    """What is known to be at one place: nothing before it was listed."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    records: list[Record] | None = None


def as_words(value: Any) -> str:
    """Compare text without the blanks around it."""
    return str(value).strip()


def as_number(value: Any) -> Any:
    """Compare numbers as they are."""
    return value


def as_date(value: Any) -> date:
    """Compare days in UTC."""
    return as_day(value)


def as_instant(value: Any) -> datetime:
    """Compare points in time, of which ChartMogul keeps milliseconds."""
    instant = as_utc(value)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _compared(comparable: Comparable, value: Any) -> Any:
    try:
        return None if value is None else comparable(value)
    except ValueError:
        # not in a form that is known: equal to nothing
        return object()
