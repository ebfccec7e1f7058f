"""What operators share that send records one by one."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_chartmogul.client.fields import Problem, each_warning_once, misspelt, problems, within
from airflow_provider_chartmogul.client.values import json_default
from airflow_provider_chartmogul.imports.each import Account, send_each
from airflow_provider_chartmogul.imports.each_result import EachResult, Entry
from airflow_provider_chartmogul.imports.sources import Shapes, check_mapping, is_letter, open_source, out_of_letter
from airflow_provider_chartmogul.operators.accounting import ChartMogulAccountingOperator
from airflow_provider_chartmogul.operators.base import id_complaint, is_plain, optional_text, required_truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports import Given
    from airflow_provider_chartmogul.imports.each import Send

Records = Mapping[str, Any] | Sequence[Mapping[str, Any]] | Sequence[str] | str
"""Records, the path of files, or ``{"path": …}`` or ``{"sql": …}`` with further keys; see ``open_source``."""


class ChartMogulRecordsOperator(ChartMogulAccountingOperator):
    """Base of the operators that send records one by one, several at a time within the rate budget of the connection.

    All records are read and checked first; with more than ``max_rejected`` faulty ones nothing is sent, otherwise those
    without a fault. Each is accounted for, whatever becomes of the others, also if a signal ends the task: then the
    files are written with what is known. Returns ``{"records": number, …: number of each outcome, "rejected": number,
    "unknown": number}`` and, for up to 100 records, ``"uuids"``: an id for each, in the order of the records, ``None``
    where there is none. A record is ``unknown`` if no usable answer came: it may or may not have taken effect. During
    an outage the rest is ``not_sent``, which fails the task whatever ``max_rejected`` says.

    A place of the source that cannot be read, such as a line that is no JSON, is a rejected record. Each record is told
    by its place: file and line, or row. Without ``mapping``, columns have the names of the fields, and NULL is
    ``None``; with it, fields whose column is NULL are left out.

    Arguments are checked when the DAG is parsed, as far as they are not templated; those of ``.partial().expand()``
    when the task runs.

    :param records: a record or a list of records; the path or glob of files (JSON Lines, CSV, Parquet; the first two
        with gzip where the name ends in ``.gz``); with ``sql_conn_id``, the text of a query or a ``.sql`` file; or
        ``{"path": …, "conn_id": …, "format": …}`` or ``{"sql": …, "conn_id": …, "parameters": …}``, each with its own
        ``mapping`` if wanted. A file that ``rejected_path`` named will do as well, without a mapping: its records are
        mapped already. All are held in memory, since results are in the order of the records. A template or a file may
        turn out to hold none, which the log warns of. (templated)
    :param mapping: how the fields of records are made of columns, as
        :mod:`~airflow_provider_chartmogul.imports.sources.mapping` says. (templated)
    :param sql_conn_id: Airflow connection of the database, if ``records`` is a query. (templated)
    :param check_only: whether to read and check everything, and send nothing: a dry run. The good records are then
        ``not_sent``. (templated)
    :raises ValueError: an empty list is given as it is or by ``.expand()``, ``records`` cannot be used, or ``mapping``
        names a field that there is not.
    :raises ChartMogulImportFailedError: more than ``max_rejected`` records were rejected or are unknown, and repeating
        does not help; the task is not retried.
    :raises ChartMogulImportIncompleteError: more than ``max_rejected``, or some not sent, because ChartMogul could not
        be reached; a retry takes up what is not done yet.
    """

    template_fields: Sequence[str] = (
        *ChartMogulAccountingOperator.template_fields,
        "records",
        "mapping",
        "sql_conn_id",
        "check_only",
    )
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = {"records": "json", "mapping": "json"}

    kind: ClassVar[str]
    """Kind of record, as in :mod:`~airflow_provider_chartmogul.client.fields`."""

    states: ClassVar[tuple[str, ...]]
    """What can become of a good record: names of counts."""

    id_field: ClassVar[str] = "uuid"
    """The field that holds the id, in answers and in records that name what is there already."""

    key_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that together tell records apart, the most telling one last; none where equal ones may be meant."""

    has_ids: ClassVar[bool] = True
    """Whether answers hold ids."""

    also: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Fields that records have besides those that the API takes and their names, by kind, for mappings."""

    def __init__(
        self,
        *,
        records: Records | None,
        mapping: Mapping[str, Any] | None = None,
        sql_conn_id: str | None = None,
        check_only: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.records = records
        self.mapping = mapping
        self.sql_conn_id = sql_conn_id
        self.check_only = check_only
        refuse_empty("records", records)
        if mapping is not None and is_plain(mapping):
            check_mapping(self.kind, mapping, self.shapes)

    @property
    def names(self) -> tuple[str, ...]:
        """Fields that name a record that is there already."""
        return (self.id_field,)

    @property
    def shapes(self) -> Shapes:
        """What records look like, by which mappings and columns of text are judged."""
        return Shapes(also={**self.also, self.kind: (*self.names, *self.also.get(self.kind, ()))})

    def names_of(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the fields of this record that do nothing but name one that is there already."""
        return self.names

    def key_of(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the fields that tell this record apart, as :attr:`key_fields`."""
        return self.key_fields

    def is_repeatable(self, record: Mapping[str, Any]) -> bool:
        """Tell whether another run of the task takes this record for done if it is."""
        return True

    @abstractmethod
    def sender(self, client: ChartMogulClient) -> Send:
        """Return what sends one record, from any thread; called once for each run of the task."""

    def resource(self, client: ChartMogulClient) -> Any:
        """Return the part of the client that is about these records."""
        return getattr(client, self.kind)

    def completer(self) -> Callable[[Mapping[str, Any]], Record]:
        """Return what gives a record what arguments of the operator say of all; called with one after the other."""
        return dict

    def problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with a record."""
        return problems(self.kind, record)

    def name_problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with the name of a record that is there already."""
        return self.id_problems(record)

    def id_problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with ChartMogul's own id of a record."""
        return missing(self.id_field, record)

    def read(self) -> list[Given]:
        """Return the records as they were given."""
        given = open_source(
            self.kind,
            self.records,
            path_conn_id=optional_text("path_conn_id", self.path_conn_id),
            sql_conn_id=optional_text("sql_conn_id", self.sql_conn_id),
            mapping=self.mapping,
            name="records",
            shapes=self.shapes,
        )
        return [out_of_letter(self.kind, one) for one in given]

    def execute(self, context: Context) -> dict[str, Any]:
        """Check all records, send the good ones, and return how many had which outcome."""
        check_only = required_truth("check_only", self.check_only)
        self.check_paths()
        given, client = self.read(), self.hook.get_conn()
        if not given:
            self.log.warning("There are no records")
        result = EachResult(
            kind=self.kind,
            entries=list(self._checked(given)),
            states=self.states,
            is_repeatable=self.is_repeatable,
            has_ids=self.has_ids,
            check_only=check_only,
        )
        if result.may_be_sent(self.max_rejected):
            self._send(client, result)
        return self.conclude(result)

    def _send(self, client: ChartMogulClient, result: EachResult) -> None:
        records, account = [entry.record for entry in result.good], Account()
        with self.accounted(result), each_warning_once():
            try:
                send_each(records, self.sender(client), threads=client.max_connections, account=account)
            finally:
                result.settle(account)

    def _checked(self, given: Sequence[Given]) -> Iterator[Entry]:
        """Yield every record, completed, with what is wrong with it."""
        complete, first_use = self.completer(), dict[str, int]()
        for position, one in enumerate(given, start=1):
            if not isinstance(one.record, Mapping) or is_letter(one.record):
                yield Entry.checked(one, {}, one.problems or [self._misplaced(one.record)])
                continue
            record = complete(one.record)
            if faults := self._faults(one, record):
                yield Entry.checked(one, record, faults)
                continue
            named = {name: record[name] for name in self.key_of(record) if record.get(name) is not None}
            key = _as_json(named)
            if named and first_use.setdefault(key, position) != position:
                faults = [Problem(list(named)[-1], f"is used before, in record {first_use[key]}")]
            yield Entry.checked(one, record, faults)

    def _faults(self, given: Given, record: Record) -> list[Problem]:
        # of what could not be read, only that is told
        unread = {problem.field for problem in given.problems}
        found = [problem for problem in self.problems(record) if problem.field not in unread]
        faults = [*given.problems, *found] or _malformed_ids(self.kind, record) or _unwritable(record)
        return [*faults, *_hints(self.kind, record, faults)] if faults else []

    def _misplaced(self, record: Any) -> Problem:
        return Problem("kind", f"must be {self.kind}") if is_letter(record) else Problem("", "must be an object")


def missing(name: str, record: Mapping[str, Any]) -> list[Problem]:
    """Return a problem unless a field holds an id."""
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        return [Problem(name, "must be text")]
    complaint = id_complaint(name, value or "")
    return [Problem(name, complaint)] if complaint else []


def refuse_empty(name: str, given: object) -> None:
    """Refuse an argument that is an empty list.

    :raises ValueError: it is; names the argument.
    """
    if isinstance(given, list | tuple) and not given:
        raise ValueError(f"{name} must hold at least one")


def _malformed_ids(kind: str, record: Record) -> list[Problem]:
    """Return the ids in a record and in those within it that templates have made of nothing."""
    return [
        Problem(f"{place}{name}", complaint)
        for place, _, part in within(kind, record)
        for name, value in part.items()
        if str(name).endswith(("uuid", "_id")) and isinstance(value, str) and value
        if (complaint := id_complaint(name, value))
    ]


def _hints(kind: str, record: Record, faults: Sequence[Problem]) -> list[Problem]:
    """Return the fields of a faulty record that look misspelt, as far as the faults do not say so."""
    said = " ".join(fault.message for fault in faults)
    return [
        Problem(f"{place}{name}", f"is unknown; is {meant!r} meant?")
        for place, inner, part in within(kind, record)
        for name, meant in misspelt(inner, part).items()
        if repr(name) not in said
    ]


def _unwritable(record: Record) -> list[Problem]:
    try:
        _as_json(record)
    except (TypeError, ValueError):
        return [Problem("", "cannot be written as JSON")]
    return []


def _as_json(value: Record) -> str:
    return json.dumps(value, default=json_default, allow_nan=False, sort_keys=True)
