"""What operators share that send records one by one."""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_chartmogul import json_lines
from airflow_provider_chartmogul.client.fields import Problem, each_warning_once, problems
from airflow_provider_chartmogul.client.values import json_default
from airflow_provider_chartmogul.exceptions import (
    ChartMogulImportFailedError,
    ChartMogulImportIncompleteError,
    ChartMogulNotFoundError,
)
from airflow_provider_chartmogul.imports.each import Account, Sent, send_each
from airflow_provider_chartmogul.imports.result import dead_letters, summarised
from airflow_provider_chartmogul.imports.validation import Rejection, Source
from airflow_provider_chartmogul.operators.base import ChartMogulOperator, optional_text, storage_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.client import ChartMogulClient

Record = dict[str, Any]
Records = Mapping[str, Any] | Sequence[Mapping[str, Any]] | str
"""One record, several, or the path of a JSON Lines file with one record in each line."""

Send = Callable[[Record], Sent]

_REJECTED = {"kind", "record", "problems"}
"""What a line of a file of rejected records has."""

_ID = re.compile(r"[\w-]+")

MAX_UUIDS = 100
"""Up to so many records the result holds an id for each; beyond, it would not be small."""


class ChartMogulRecordsOperator(ChartMogulOperator):
    """Base of the operators that send records one by one, several at a time within the rate budget of the connection.

    All records are checked first, and those without a fault are sent. Each is accounted for, whatever becomes of the
    others. Returns ``{"records": number, …: number of each outcome, "rejected": number,
    "unknown": number}`` and, for up to 100 records, ``"uuids"``: an id for each, in the order of the records, ``None``
    where there is none. A record is ``unknown`` if no usable answer came: it may or may not have taken effect.

    :param records: a record, a list of records, or the path of a JSON Lines file (gzip where it ends in ``.gz``) with
        one record in each line; a file that ``rejected_path`` named will do as well. All are held in memory.
        (templated)
    :param path_conn_id: Airflow connection for paths in object storage. (templated)
    :param rejected_path: file for the records that were rejected or are unknown, as JSON Lines of ``{"kind", "record",
        "problems"}``; empty where there are none. (templated)
    :param max_rejected: how many rejected or unknown records do not fail the task. More of them fail it after the
        others were sent.
    :raises ChartMogulImportFailedError: more than ``max_rejected`` records were rejected or are unknown, and repeating
        does not help; the task is not retried.
    :raises ChartMogulImportIncompleteError: more than ``max_rejected`` because ChartMogul could not be reached; a
        retry takes up what is not done yet.
    """

    template_fields: Sequence[str] = (*ChartMogulOperator.template_fields, "records", "path_conn_id", "rejected_path")
    template_fields_renderers = {"records": "json"}

    kind: ClassVar[str]
    """Kind of record, as in :mod:`~airflow_provider_chartmogul.client.fields`."""

    states: ClassVar[tuple[str, ...]]
    """What can become of a good record: names of counts."""

    names: ClassVar[tuple[str, ...]] = ("uuid",)
    """Fields that name a record that is there already, its id first."""

    key_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that together tell records apart, the most telling one last; none where equal records may be meant."""

    def __init__(
        self,
        *,
        records: Records,
        path_conn_id: str | None = None,
        rejected_path: str | None = None,
        max_rejected: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.records = records
        self.path_conn_id = path_conn_id
        self.rejected_path = rejected_path
        self.max_rejected = max_rejected
        if max_rejected < 0:
            raise ValueError(f"max_rejected must not be negative, not {max_rejected}")

    @abstractmethod
    def sender(self, client: ChartMogulClient) -> Send:
        """Return what sends one record, from any thread; called once for each run of the task."""

    def completer(self) -> Callable[[Mapping[str, Any]], Record]:
        """Return what gives a record what arguments of the operator say of all; called with one after the other."""
        return dict

    def problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with a record."""
        return problems(self.kind, record)

    def name_problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with the name of a record that is there already."""
        return missing(self.names[0], record)

    @property
    def repeatable(self) -> bool:
        """Whether another run of the task takes what this one has done for done."""
        return True

    def execute(self, context: Context) -> dict[str, Any]:
        """Return ``{"records": number, …: number of each outcome}``, up to 100 records with ``"uuids"``."""
        rejected_path = optional_text("rejected_path", self.rejected_path)
        given = self.read()
        outcome = self._send(given)
        summary = self._summary(outcome.account)
        self.log.info("%s: %s", self.kind, json.dumps({k: v for k, v in summary.items() if k != "uuids"}))
        if rejected_path:
            json_lines.write(self._path(rejected_path), dead_letters(given, outcome.problems))
            self.log.info("Rejected records are in %s", rejected_path)
        self._raise_for_failures(outcome)
        return summary

    def read(self) -> _Given:
        """Return the records as they were given."""
        if isinstance(self.records, str):
            lines = json_lines.read(self._path(self.records), self.records)
            return _Given([self._unwrapped(line) for line in lines])
        if isinstance(self.records, Mapping):
            return _Given([self.records])
        if not isinstance(self.records, Sequence):
            raise TypeError(f"records must be a record, a list or a path, not {type(self.records).__name__}")
        return _Given(list(self.records))

    def _unwrapped(self, line: Record) -> Any:
        """Take a record out of a line of a file of rejected records, if it is of the right kind."""
        return line["record"] if line.keys() == _REJECTED and line["kind"] == self.kind else line

    def _send(self, given: _Given) -> _Outcome:
        client = self.hook.get_conn()
        checked = list(self._checked(given.records))
        good = [record for record, faults in checked if not faults]
        with each_warning_once():
            account = send_each(good, self.sender(client), threads=client.max_connections)
        found = iter(account.sent)
        sent = [Sent("rejected", None, tuple(faults)) if faults else next(found) for _, faults in checked]
        records = [record for record, _ in checked]
        return _Outcome(Account(sent, account.stopped_by), list(self._rejections(records, sent)))

    def _checked(self, given: Sequence[Any]) -> Iterator[tuple[Record, list[Problem]]]:
        """Yield every record, completed, with what is wrong with it."""
        complete, first_use = self.completer(), dict[tuple[Any, ...], int]()
        for position, raw in enumerate(given, start=1):
            if not isinstance(raw, Mapping):
                yield {}, [Problem("", "must be an object")]
                continue
            if raw.keys() == _REJECTED:
                yield {}, [Problem("kind", f"must be {self.kind}")]
                continue
            record = complete(raw)
            faults = self.problems(record) or _unwritable(record)
            key = tuple(record.get(name) for name in self.key_fields)
            used = [name for name in self.key_fields if record.get(name) is not None]
            if not faults and used and first_use.setdefault(key, position) != position:
                faults = [Problem(used[-1], f"is used before, in record {first_use[key]}")]
            yield record, faults

    def _rejections(self, records: list[Record], sent: list[Sent]) -> Iterator[Rejection]:
        for position, (record, one) in enumerate(zip(records, sent, strict=True), start=1):
            customer = record.get("customer_external_id") or record.get("customer_uuid")
            for name, message in one.reasons:
                source = Source(self.kind, position)
                yield Rejection(self.kind, record.get("external_id"), customer, name, message, source)

    def _summary(self, account: Account) -> dict[str, Any]:
        counts = Counter(sent.state for sent in account.sent)
        summary: dict[str, Any] = {"records": len(account.sent)}
        summary |= {state: counts[state] for state in (*self.states, "rejected", "unknown")}
        if counts["not_sent"]:
            summary["not_sent"] = counts["not_sent"]
        if len(account.sent) <= MAX_UUIDS:
            summary["uuids"] = [sent.uuid for sent in account.sent]
        return summary

    def _raise_for_failures(self, outcome: _Outcome) -> None:
        if outcome.account.stopped_by is not None:
            raise outcome.account.stopped_by
        failed = [sent for sent in outcome.account.sent if sent.reasons]
        if len(failed) <= self.max_rejected:
            return
        for_good = [sent for sent in failed if not (sent.transient and self.repeatable)]
        text = f"{len(failed)} records failed ({self.max_rejected} allowed): {summarised(outcome.problems)}"
        if len(for_good) <= self.max_rejected:
            raise ChartMogulImportIncompleteError(text)
        raise ChartMogulImportFailedError(text, [problem.as_dict() for problem in outcome.problems])

    def _path(self, path: str) -> Any:
        return storage_path(path, self.path_conn_id)


class ChartMogulUpdateRecordsOperator(ChartMogulRecordsOperator):
    """Base of the operators that change records; each record names its ``uuid`` and the fields to change.

    A record that does not exist is rejected. The count is ``updated``.
    """

    states = ("updated",)
    key_fields: ClassVar[tuple[str, ...]] = ("uuid",)

    @abstractmethod
    def update(self, client: ChartMogulClient, uuid: str, changes: Record) -> None:
        """Change one record."""

    def uuid_of(self, client: ChartMogulClient, record: Record) -> str:
        """Return the id of the record that a record names."""
        return str(record[self.names[0]])

    def problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with a record; without a name or without changes nothing can be done."""
        return [*self.name_problems(record), *change_problems(self.kind, record, self.names)]

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what changes one record."""

        def send(record: Record) -> Sent:
            uuid = self.uuid_of(client, record)
            self.update(client, uuid, changes(record, self.names))
            return Sent("updated", uuid)

        return send


class ChartMogulDeleteRecordsOperator(ChartMogulRecordsOperator):
    """Base of the operators that delete records. Counts are ``deleted`` and ``missing``.

    :param uuids: id of a record, or several of them, such as the ``uuids`` that other operators return. (templated)
    :param records: instead of ``uuids``: a record with its ``uuid``, a list of them, or the path of a JSON Lines file.
        (templated)
    :param ignore_missing: a record that does not exist is success; otherwise it is rejected.
    :raises ValueError: neither or both of ``uuids`` and ``records``; when the DAG is parsed.
    """

    template_fields: Sequence[str] = (*ChartMogulRecordsOperator.template_fields, "uuids")
    states = ("deleted", "missing")

    def __init__(
        self,
        *,
        uuids: str | Sequence[str] | None = None,
        records: Records | None = None,
        ignore_missing: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(records=records if records is not None else [], **kwargs)
        self.uuids = uuids
        self.ignore_missing = ignore_missing
        if (uuids is None) == (records is None):
            raise ValueError("give either uuids or records")

    @abstractmethod
    def delete(self, client: ChartMogulClient, record: Record) -> None:
        """Delete one record."""

    def read(self) -> _Given:
        """Return the records as they were given."""
        if self.uuids is None:
            return super().read()
        uuids = [self.uuids] if isinstance(self.uuids, str) else self.uuids
        return _Given([{self.names[0]: uuid} for uuid in uuids])

    def problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with the name of a record."""
        return self.name_problems(record)

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what deletes one record."""

        def send(record: Record) -> Sent:
            try:
                self.delete(client, record)
            except ChartMogulNotFoundError:
                if not self.ignore_missing:
                    raise
                return Sent("missing", record.get(self.names[0]))
            return Sent("deleted", record.get(self.names[0]))

        return send


def missing(name: str, record: Mapping[str, Any]) -> list[Problem]:
    """Return a problem unless a field holds text that is not empty; of a uuid, unless it can be one."""
    value = record.get(name)
    if value in (None, "", "None"):
        return [Problem(name, "is missing")]
    if not isinstance(value, str):
        return [Problem(name, "must be text")]
    # such as a whole list that a template has made into text: no record has that uuid, and so it would pass for deleted
    malformed = name.endswith("uuid") and not _ID.fullmatch(value)
    return [Problem(name, "must be an id")] if malformed else []


def changes(record: Mapping[str, Any], names: Sequence[str]) -> Record:
    """Return the fields of a record that do not name it."""
    return {name: value for name, value in record.items() if name not in names}


def change_problems(kind: str, record: Mapping[str, Any], names: Sequence[str]) -> list[Problem]:
    """Return what is wrong with the fields of a record that do not name it."""
    changed = changes(record, names)
    return problems(kind, changed, partial=True) if changed else [Problem("", "names no field to change")]


@dataclass(frozen=True, slots=True)
class _Given:
    records: list[Any]

    def of(self, _kind: str, /) -> list[Any]:
        return self.records


@dataclass(frozen=True, slots=True)
class _Outcome:
    account: Account
    problems: list[Rejection]


def _unwritable(record: Record) -> list[Problem]:
    try:
        json.dumps(record, default=json_default, allow_nan=False)
    except (TypeError, ValueError):
        return [Problem("", "cannot be written as JSON")]
    return []
