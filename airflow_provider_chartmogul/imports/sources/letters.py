"""Records in the form in which rejected ones and plans of fixes are written: with their kind beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.client.fields import Problem
from airflow_provider_chartmogul.imports.given import UNKNOWN_KIND, Given
from airflow_provider_chartmogul.imports.records import INPUT_KINDS
from airflow_provider_chartmogul.imports.sources.ids import ids_as_text
from airflow_provider_chartmogul.imports.sources.json_lines import parse_json

if TYPE_CHECKING:
    from airflow_provider_chartmogul.imports.sources.rows import Row

_TRUTH: Final[dict[Any, bool]] = {None: False, False: False, True: True, "": False, "false": False, "true": True}


def given_of_letter(row: Row) -> Given:
    """Return the record within ``{"kind": …, "record": {…}}``; of further keys only ``replace`` counts."""
    letter = row.record
    if letter is None or row.faults:
        return Given(UNKNOWN_KIND, letter, row.place, tuple(Problem(*fault) for fault in row.faults), row.text)
    if not isinstance(letter, Mapping):
        return Given(UNKNOWN_KIND, letter, row.place, (Problem("", "must be an object"),))
    kind, record, text = letter.get("kind"), _parsed(letter.get("record")), letter.get("text")
    # a line that was unreadable and comes back as it was keeps its text
    unread = text if record is None and isinstance(text, str) else None
    if kind not in INPUT_KINDS:
        problem = Problem("kind", f"must be one of {', '.join(INPUT_KINDS)}")
        return Given(UNKNOWN_KIND, letter if unread is None else None, row.place, (problem,), unread)
    problems = [] if isinstance(record, Mapping) else [Problem("", "must be an object")]
    replaces = _truth(letter.get("replace"))
    if replaces is None:
        problems.append(Problem("replace", "must be true or false"))
    return Given(str(kind), ids_as_text(str(kind))(record), row.place, tuple(problems), unread, bool(replaces))


def out_of_letter(kind: str, given: Given) -> Given:
    """Take a record of a kind out of the form in which rejected ones are written, if it stands in that."""
    letter = given.record
    if not is_letter(letter) or letter["kind"] != kind:
        return given
    record, text = _parsed(letter["record"]), letter.get("text")
    sound = ids_as_text(kind, bulk=False)(record)
    return replace(given, record=sound, text=text if record is None and isinstance(text, str) else None)


def is_letter(record: Any) -> bool:
    """Tell whether this is a record as rejected ones are written."""
    return isinstance(record, Mapping) and record.keys() >= {"kind", "record", "problems"}


def _parsed(record: Any) -> Any:
    """Read a record that a table holds as text."""
    if not isinstance(record, str):
        return record
    try:
        return parse_json(record)
    except ValueError:
        return record


def _truth(value: Any) -> bool | None:
    value = value.lower() if isinstance(value, str) else value
    return _TRUTH.get(value) if isinstance(value, str | int | None) else None
