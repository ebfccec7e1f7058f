"""Take records from their sources into a journal, and see what is wrong with each by itself."""

from __future__ import annotations

import functools
import json
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.client.fields import Problem, misspelt, own_problems, parts, table, within
from airflow_provider_chartmogul.client.fields.dates import instant, is_future
from airflow_provider_chartmogul.client.values import json_default
from airflow_provider_chartmogul.imports.records import INPUT_KINDS, PARTS, event_id, sendable
from airflow_provider_chartmogul.moments import as_utc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_chartmogul.imports.given import Given
    from airflow_provider_chartmogul.imports.journal import Journal

log = logging.getLogger(__name__)

_FLUSH: Final = 2_000
_PROGRESS: Final = 100_000
_MOMENTS: Final = {"invoices": "date", "subscription_events": "effective_date"}
_PLAN: Final = "plan_external_id"
_BETWEEN: Final = 2
"""Bytes between a record and the next."""

_OF_AN_ID: Final = 64
"""Bytes that an event takes up more when it gets an id."""

_OF_A_PART: Final = 160
"""Bytes that a part of an invoice takes up beside what it says and twice the id of its invoice."""

_encode: Final = json.JSONEncoder(default=json_default, allow_nan=False, sort_keys=True).encode


class Intake:
    """Takes records in, one after the other.

    :param journal: where they go.
    """

    def __init__(self, journal: Journal) -> None:
        self.warnings: dict[str, None] = {}
        self._hinted: set[str] = set()
        self._journal = journal
        self._positions: Counter[str] = Counter()
        self._taken = 0
        self._rows: list[tuple[Any, ...]] = []
        self._parts: list[tuple[Any, ...]] = []
        self._plans: list[tuple[Any, ...]] = []
        self._doubts: list[tuple[int, str]] = []
        self._faults: list[tuple[int, str, str | None, str, str]] = []

    def take_all(self, given: Iterable[Given]) -> None:
        """Take in all records; afterwards the journal can be asked about them."""
        for one in given:
            self.take(one)
        self._flush()
        self._journal.index()

    def take(self, given: Given) -> None:
        """Take in one record with what is wrong with it."""
        self._taken += 1
        self._positions[given.kind] += 1
        try:
            self._take(self._taken, given)
        except (ValueError, TypeError, ArithmeticError, RecursionError):
            # no one record, however odd, keeps the others from being read: numbers without end, lists within lists
            odd = replace(given, record=None, text=given.text or "", problems=(Problem("", "cannot be read"),))
            self._take(self._taken, odd)
        if len(self._rows) >= _FLUSH:
            self._flush()
        if self._taken % _PROGRESS == 0:
            log.info("%d records are read and checked", self._taken)

    def _take(self, number: int, given: Given) -> None:
        kind = given.kind
        faults = [(kind, _text_of(given.record, "external_id"), *problem) for problem in given.problems]
        record = given.record if isinstance(given.record, Mapping) else None
        if record is None:
            faults = faults or [(kind, None, "", "must be an object")]
        elif kind in INPUT_KINDS:
            already = {fault[2] for fault in faults}
            faults += [fault for fault in self._judge(number, kind, record) if fault[2] not in already]
        elif not faults:
            faults.append((kind, None, "kind", f"must be one of {', '.join(INPUT_KINDS)}"))
        body, as_given = None, _storable(given.text)
        if record is not None:
            body, unwritable = _written(record)
            if unwritable:
                faults.append((kind, None, "", unwritable))
            elif kind == "subscription_events" and not record.get("external_id"):
                # the one that it is sent with
                record = {**record, "external_id": event_id(json.loads(body))}
        elif as_given is None and given.record is not None:
            as_given = _storable(str(given.record))
        self._enter(number, given, record, body, as_given, sound=not faults)
        self._faults += [(number, *fault) for fault in faults]

    def _judge(self, number: int, kind: str, record: Mapping[str, Any]) -> list[tuple[str, str | None, str, str]]:
        faults = []
        for place, inner, part in within(kind, record, bulk=True):
            # attributes and contact of a customer are no records of their own to the API
            named, told = (inner, part) if inner in INPUT_KINDS else (kind, record)
            for problem in own_problems(inner, part, bulk=True):
                # whether an invoice has line items, and enough of them, shows when all records are in
                if inner == "invoices" and problem.field == "line_items" and part.get("line_items") in (None, []):
                    continue
                if inner == "invoices" and _is_about_sums(part, problem):
                    self._doubts.append((number, problem.message))
                    continue
                faults.append((named, _text_of(told, "external_id"), f"{place}{problem.field}", problem.message))
            for name, meant in misspelt(inner, part, bulk=True).items():
                self.warnings.setdefault(f"{inner}: unknown field {name!r} is sent as it is; is {meant!r} meant?")
            if (hint := _hint(inner, part)) and hint not in self._hinted:
                self._hinted.add(hint)
                self.warnings.setdefault(f"{hint} (first in {kind} record {self._positions[kind]})")
        if kind in PARTS and not record.get("invoice_external_id"):
            faults.append((kind, _text_of(record, "external_id"), "invoice_external_id", "is missing"))
        return faults

    def _enter(
        self,
        number: int,
        given: Given,
        record: Mapping[str, Any] | None,
        body: str | None,
        as_given: str | None,
        *,
        sound: bool,
    ) -> None:
        kind = given.kind
        external_id = _text_of(record, "external_id")
        customer = external_id if kind == "customers" else _text_of(record, "customer_external_id")
        invoice = _text_of(record, "invoice_external_id") if kind in PARTS else None
        moment = _moment(record[_MOMENTS[kind]]) if sound and record is not None and kind in _MOMENTS else None
        nested = {name: parts(record, name) for name in PARTS} if kind == "invoices" and record is not None else {}
        items = len(nested.get("line_items", ()))
        size = len(body or "") + _BETWEEN + (_OF_AN_ID if kind == "subscription_events" else 0)
        of_a_part = _OF_A_PART + 2 * len(json.dumps(external_id if kind == "invoices" else invoice))
        for name, those in nested.items():
            size += len(those) * of_a_part
            self._name_parts(number, name, those)
        if kind in PARTS:
            size += of_a_part
            if external_id:
                self._parts.append((kind, external_id, number, "external_id"))
        if kind in ("line_items", "subscription_events"):
            self._name_plan(number, _PLAN, record)
        self._rows.append(
            (
                number,
                kind,
                self._positions[kind],
                _storable(given.place),
                external_id,
                customer,
                invoice,
                moment,
                items,
                size,
                body,
                as_given,
                given.replace,
            )
        )

    def _name_parts(self, number: int, name: str, those: list[Mapping[str, Any]]) -> None:
        for index, part in enumerate(those):
            if external_id := _text_of(part, "external_id"):
                self._parts.append((name, external_id, number, f"{name}[{index}].external_id"))
            if name == "line_items":
                self._name_plan(number, f"{name}[{index}].{_PLAN}", part)

    def _name_plan(self, number: int, field: str, record: Mapping[str, Any] | None) -> None:
        if plan := _text_of(record, _PLAN):
            self._plans.append((plan, number, field))

    def _flush(self) -> None:
        self._journal.change_each(f"INSERT INTO records VALUES ({', '.join('?' * 13)}, NULL)", self._rows)  # noqa: S608
        self._journal.change_each("INSERT INTO parts VALUES (?, ?, ?, ?)", self._parts)
        self._journal.change_each("INSERT INTO plans_named VALUES (?, ?, ?)", self._plans)
        self._journal.change_each("INSERT OR REPLACE INTO doubts VALUES (?, ?, NULL)", self._doubts)
        self._journal.reject(self._faults)
        for buffer in (self._rows, self._parts, self._plans, self._doubts, self._faults):
            buffer.clear()


def _hint(kind: str, record: Mapping[str, Any]) -> str | None:
    """Return what is no fault by any rule, and yet most likely a mistake."""
    if kind == "line_items" and record.get("type") == "subscription" and not record.get("prorated"):
        amount = record.get("amount_in_cents")
        if isinstance(amount, int | float) and amount < 0:
            return "line_items: a negative recurring amount that is not prorated becomes the MRR; is prorated missing?"
    if kind == "subscription_events" and record.get("event_type") == "subscription_cancelled":
        moment = instant(record.get("effective_date"))
        if moment is not None and is_future(moment):
            return (
                "subscription_events: ChartMogul may refuse cancellations that take effect in the future; "
                "their type is subscription_cancellation_scheduled"
            )
    return None


def _written(record: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the JSON text of a record, and why it cannot be sent as it is."""
    try:
        text = _encode(record)
        # copying a record costs as much as writing it, and few have fields that are None
        return (_encode(sendable(record)) if "null" in text else text), None
    except (TypeError, ValueError):
        # a record that cannot be sent must still be seen
        return json.dumps(record, default=str, skipkeys=True), "cannot be written as JSON"


def _text_of(record: Any, name: str) -> str | None:
    value = record.get(name) if isinstance(record, Mapping) else None
    return _storable(value) if isinstance(value, str) and value else None


def _storable(text: str | None) -> str | None:
    """Return text as the journal can hold it: halves of characters are shown as what they are."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def _is_about_sums(invoice: Mapping[str, Any], problem: Problem) -> bool:
    """Tell whether the problem is that more is paid than the line items in the invoice add up to."""
    return any(
        rule.field == problem.field and rule.judge(invoice) == problem.message
        for rule in table("invoices", bulk=True).rules
    )


def _moment(value: Any) -> str:
    return _moment_of_text(value) if isinstance(value, str) else as_utc(value).isoformat()


@functools.lru_cache(maxsize=10_000)
def _moment_of_text(value: str) -> str:
    return as_utc(value).isoformat()
