"""One record as a source of an import gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client.fields import Problem

UNKNOWN_KIND = "records"
"""The kind of what was to say its own kind and does not."""


@dataclass(frozen=True, slots=True)
class Given:
    """One record as its source gave it, a field for each that the API has.

    :param kind: a kind of :data:`~airflow_provider_chartmogul.imports.records.INPUT_KINDS`, or
        :data:`UNKNOWN_KIND`.
    :param record: the record, mapped to the fields of the API; what could not be converted is as it was given.
        ``None`` where nothing could be read.
    :param place: where it stands in its source, for people: ``invoices.jsonl, line 12``.
    :param problems: what went wrong when it was read or mapped; empty for a sound one.
    :param text: what stood there, as far as it can be shown, where nothing could be read.
    :param replace: whether an invoice that ChartMogul has under the same ``external_id`` is to give way to this one.
    """

    kind: str
    record: Any
    place: str
    problems: tuple[Problem, ...] = ()
    text: str | None = None
    replace: bool = False
