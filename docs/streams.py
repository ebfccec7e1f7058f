"""Renders ``docs/streams.md`` from the catalogue of streams; :mod:`docs.generate` writes it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_chartmogul.streams.model import Stream, Table

DOCUMENT = Path(__file__).with_name("streams.md")

_INTRODUCTION = """\
# Streams

What can be read from ChartMogul as tables. `make docs` writes this page from the catalogue of the package.

Columns are named as the fields of the API, with `_` for `-`. Fields without a column of their own are kept as JSON text
in `extra`, under their names of the API. An `integer` that is money holds cents: on invoices, line items, transactions
and events of their own currency, everywhere else of the account's. Rates are per cent. A `timestamp` is an instant in
UTC. `json` is JSON text.

Some streams have further tables, which are named after the main one: `<table>_line_items` beside `<table>`.

* **key**: the columns that together identify a row; they are never null. Rows of equal *record* belong to one record of
  the API, and are replaced together.
* **side by side**: what is read at the same time, within the limits of the API.
* **load mode**: how a load restates the table unless it is told otherwise. `replace_interval`: only the rows of the
  interval, placed by the time column. `replace`: all rows.
"""

_HEAD = ("| stream | a row is | load mode |", "|---|---|---|")
_COLUMNS = ("| column | type | |", "|---|---|---|")


def render() -> str:
    """Return the page."""
    index = (
        f"| [`{stream.name}`](#{stream.name}) | {stream.about} | `{stream.default_mode}` |"
        for stream in STREAMS.values()
    )
    return "\n".join(["\n".join([_INTRODUCTION, *_HEAD, *index]) + "\n", *map(_section, STREAMS.values())])


def _section(stream: Stream) -> str:
    facts = (f"* **{name}**: {value}" for name, value in _facts(stream) if value)
    tables = (line for table in stream.tables for line in _table(table, stream.windowed))
    text = textwrap.fill(f"A row is {stream.about}. {stream.remarks}", 120, break_on_hyphens=False)
    return "\n".join([f"## {stream.name}\n", f"{text}\n", *facts, *tables]) + "\n"


def _facts(stream: Stream) -> Iterator[tuple[str, str]]:
    yield "requests", _listed(stream.endpoint.split(", "))
    yield "side by side", stream.split
    yield "time column", _listed(filter(None, [stream.time_column]))
    yield "load mode", f"`{stream.default_mode}`"
    yield "options", _listed(sorted(stream.options))
    yield "bucket sizes", _listed(stream.intervals)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(table: Table, windowed: bool) -> Iterator[str]:
    yield f"\nTable `<table>_{table.suffix}`:\n" if table.suffix else ""
    yield from _COLUMNS
    # where records are single rows, there is nothing to say about them; intervals are replaced and not records
    record = "" if windowed or table.key == (table.record_key,) else table.record_key
    for column in table.all_columns:
        marks = ["key"] * (column.name in table.key) + ["record"] * (column.name == record)
        yield f"| `{column.name}` | {column.type} | {', '.join(marks)} |"
