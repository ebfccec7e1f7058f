"""What operators share that send records one by one."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_chartmogul.client.fields import Problem, each_warning_once, misspelt, problems, within
from airflow_provider_chartmogul.client.values import json_default
from airflow_provider_chartmogul.exceptions import ChartMogulImportFailedError, ChartMogulImportIncompleteError
from airflow_provider_chartmogul.imports.each import Account, Sent, send_each
from airflow_provider_chartmogul.imports.rejections import Rejection, summarised
from airflow_provider_chartmogul.imports.result import allowed_of
from airflow_provider_chartmogul.operators.accounting import ChartMogulAccountingOperator
from airflow_provider_chartmogul.operators.base import id_complaint, optional_text, required_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.each import Send

RecordsOrPath = Mapping[str, Any] | Sequence[Mapping[str, Any]] | str
"""One record, several, or the path of a JSON Lines file with one record in each line."""

MAX_UUIDS = 100
"""Up to so many records the result holds an id for each; beyond, it would not be small."""


class ChartMogulRecordsOperator(ChartMogulAccountingOperator):
    """Base of the operators that send records one by one, several at a time within the rate budget of the connection.

    All records are checked first, and those without a fault are sent. Each is accounted for, whatever becomes of the
    others. Returns ``{"records": number, …: number of each outcome, "rejected": number,
    "unknown": number}`` and, for up to 100 records, ``"uuids"``: an id for each, in the order of the records, ``None``
    where there is none. A record is ``unknown`` if no usable answer came: it may or may not have taken effect. During
    an outage the rest is ``not_sent``, which fails the task whatever ``max_rejected`` says.

    Arguments are checked when the DAG is parsed, as far as they are not templated; those of ``.partial().expand()``
    when the task runs.

    :param records: a record, a list of records, or the path of a JSON Lines file (gzip where it ends in ``.gz``) with
        one record in each line; a file that ``rejected_path`` named will do as well. All are held in memory. A template
        or a file may turn out to hold none, which the log warns of. (templated)
    :raises ValueError: an empty list is given as it is or by ``.expand()``, or ``records`` is rendered to text that is
        no path.
    :raises ChartMogulImportFailedError: more than ``max_rejected`` records were rejected or are unknown, and repeating
        does not help; the task is not retried.
    :raises ChartMogulImportIncompleteError: more than ``max_rejected``, or some not sent, because ChartMogul could not
        be reached; a retry takes up what is not done yet.
    """

    template_fields: Sequence[str] = (*ChartMogulAccountingOperator.template_fields, "records")
    template_fields_renderers = {"records": "json"}

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

    def __init__(self, *, records: RecordsOrPath | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.records = records
        refuse_empty("records", records)

    @property
    def names(self) -> tuple[str, ...]:
        """Fields that name a record that is there already."""
        return (self.id_field,)

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

    def read(self) -> list[Any]:
        """Return the records as they were given."""
        given: Any = self.records
        if isinstance(given, str):
            given = self.read_lines(_path(given))
        elif isinstance(given, Mapping):
            given = [given]
        elif not isinstance(given, Sequence):
            raise TypeError(f"records must be a record, a list or a path, not {type(given).__name__}")
        return [self._unwrapped(one) for one in given]

    def execute(self, context: Context) -> dict[str, Any]:
        """Check all records, send the good ones, and return how many had which outcome."""
        # before anything is sent: a template that has no value must not lose the account of what was
        for name in ("rejected_path", "result_path"):
            optional_text(name, getattr(self, name))
        given, client = self.read(), self.hook.get_conn()
        if not given:
            self.log.warning("There are no records")
        checked = list(self._checked(given))
        good = [record for record, faults in checked if not faults]
        with each_warning_once():
            account = send_each(good, self.sender(client), threads=client.max_connections)
        found = iter(account.sent)
        sent = [Sent("rejected", None, tuple(faults)) if faults else next(found) for _, faults in checked]
        outcome = _Outcome(
            kind=self.kind,
            given=given,
            records=[record for record, _ in checked],
            account=Account(sent, account.stopped_by),
            states=self.states,
            good=good,
            is_repeatable=self.is_repeatable,
            has_ids=self.has_ids,
        )
        return self.conclude(outcome)

    def _unwrapped(self, given: Any) -> Any:
        """Take a record out of the form in which rejected ones are written, if it is of the right kind."""
        return given["record"] if _is_wrapped(given) and given["kind"] == self.kind else given

    def _checked(self, given: Sequence[Any]) -> Iterator[tuple[Record, list[Problem]]]:
        """Yield every record, completed, with what is wrong with it."""
        complete, first_use = self.completer(), dict[str, int]()
        for position, raw in enumerate(given, start=1):
            if misplaced := self._misplaced(raw):
                yield {}, [misplaced]
                continue
            record = complete(raw)
            faults = self.problems(record) or _malformed_ids(self.kind, record) or _unwritable(record)
            if faults:
                yield record, [*faults, *_hints(self.kind, record, faults)]
                continue
            named = {name: record[name] for name in self.key_of(record) if record.get(name) is not None}
            key = _as_json(named)
            if named and first_use.setdefault(key, position) != position:
                faults = [Problem(list(named)[-1], f"is used before, in record {first_use[key]}")]
            yield record, faults

    def _misplaced(self, raw: Any) -> Problem | None:
        if _is_wrapped(raw):
            return Problem("kind", f"must be {self.kind}")
        return None if isinstance(raw, Mapping) else Problem("", "must be an object")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    kind: str
    given: list[Any]
    records: list[Record]
    account: Account
    states: tuple[str, ...]
    good: list[Record]
    is_repeatable: Callable[[Record], bool]
    has_ids: bool

    def problems(self) -> Iterator[Rejection]:
        for position, (record, one) in enumerate(zip(self.records, self.account.sent, strict=True), start=1):
            yield from self._of_record(position, record, one)

    def rejected(self) -> Iterator[Record]:
        for position, (given, record, one) in enumerate(
            zip(self.given, self.records, self.account.sent, strict=True), start=1
        ):
            if one.reasons:
                problems = [problem.as_dict() for problem in self._of_record(position, record, one)]
                # what may be there, and would not be found there, must not be sent again unseen
                retryable = one.state == "not_sent" or (one.state == "unknown" and self.is_repeatable(record))
                yield {"kind": self.kind, "record": given, "problems": problems, "retryable": retryable}

    def results(self) -> Iterator[Record]:
        for position, (record, one) in enumerate(zip(self.records, self.account.sent, strict=True), start=1):
            yield {
                "kind": self.kind,
                "position": position,
                "external_id": record.get("external_id"),
                "customer_external_id": record.get("customer_external_id"),
                "uuid": None if one.uuid is None else str(one.uuid),
                "state": one.state,
                "problems": [{"field": name, "message": message} for name, message in one.reasons],
            }

    def _of_record(self, position: int, record: Record, one: Sent) -> Iterator[Rejection]:
        customer = record.get("customer_external_id") or record.get("customer_uuid")
        for name, message in one.reasons:
            yield Rejection(self.kind, position, record.get("external_id"), customer, name, message)

    def summary(self) -> dict[str, Any]:
        counts = Counter(sent.state for sent in self.account.sent)
        summary: dict[str, Any] = {"records": len(self.account.sent)}
        summary |= {state: counts[state] for state in (*self.states, "rejected", "unknown")}
        if counts["not_sent"]:
            summary["not_sent"] = counts["not_sent"]
        if self.has_ids and len(self.account.sent) <= MAX_UUIDS:
            summary["uuids"] = [sent.uuid for sent in self.account.sent]
        return summary

    def raise_for_failures(self, max_rejected: float) -> None:
        if self.account.stopped_by is not None:
            raise self.account.stopped_by
        states = Counter(sent.state for sent in self.account.sent)
        not_sent, rejected = states["not_sent"], states["rejected"]
        failed = rejected + states["unknown"] + not_sent
        allowed = allowed_of(max_rejected, len(self.account.sent))
        if failed <= allowed and not not_sent:
            return
        left = f", {not_sent} of them not sent" if not_sent else ""
        problems = list(self.problems())
        text = f"{failed} records failed ({allowed} allowed){left}: {summarised(problems, len(problems))}"
        if all(map(self.is_repeatable, self.good)) and rejected <= allowed:
            raise ChartMogulImportIncompleteError(text)
        raise ChartMogulImportFailedError(text, [problem.as_dict() for problem in problems])


def _is_wrapped(given: Any) -> bool:
    """Tell whether this is a record as rejected ones are written (``rejected_path``)."""
    return isinstance(given, Mapping) and given.keys() >= {"kind", "record", "problems"}


def _path(given: str) -> str:
    """Return the path of a file; say so where it is the text of the records themselves."""
    if given.lstrip().startswith(("[", "{")):
        raise ValueError(
            "records is a list or a record as text: a template that stands for it needs render_template_as_native_obj "
            "of the DAG"
        )
    return required_text("records", given)


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
