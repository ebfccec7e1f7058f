"""Writes the generated pages: ``python -m docs.generate``.

``docs/operations.md`` comes from the table that the contract tests check, ``docs/streams.md`` from the catalogue.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from docs import streams
from tests.contract import specification
from tests.contract.operations import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.operations import Entry

DOCUMENT = Path(__file__).with_name("operations.md")

_INTRODUCTION = """\
# Operations

What the package has for each of the {all} operations of ChartMogul's API; {core} of them are the core that most DAGs
need. `make docs` writes this page, and the tests call every operation as it stands here.

* **client**: the method of `ChartMogulClient`, and the `call` of `ChartMogulApiOperator`, which makes a task of any
  operation: `ChartMogulApiOperator(call="contacts.merge", arguments={{"into_contact_uuid": …, …}})`.
* **operator**: what is named for it beyond that, without `ChartMogul` and `Operator`.
* **repeated**: what happens after a failure that leaves open whether ChartMogul did the work. *yes*: it is asked
  again, doing it twice does no harm. *looks first*: asked again only if the work is not found to be done. *no*: not
  asked again, `ChartMogulAmbiguousWriteError` says so.
"""

_REPEATED = {"yes": "yes", "find": "looks first", "once": "no"}


def render() -> str:
    """Return the page."""
    operations = {operation.id: operation for operation in specification.operations().values()}
    core = sum(operation.core for operation in operations.values())
    parts = [_INTRODUCTION.format(all=len(operations), core=core)]
    for subject, entries in SUBJECTS.items():
        rows = (_row(operations[name], entry) for name, entry in entries.items())
        parts.append("\n".join([f"## {subject}\n", *_HEAD, *rows]) + "\n")
    return "\n".join(parts)


_HEAD = ("| operation | request | core | client | operator | repeated |", "|---|---|---|---|---|---|")


def _row(operation: specification.Operation, entry: Entry) -> str:
    cells = (
        _linked(operation),
        f"`{operation.method} {operation.path}`",
        "core" if operation.core else "",
        f"`{entry.call}`",
        ", ".join(f"`{name}`" for name in entry.operators),
        _REPEATED[entry.repeats],
    )
    return f"| {' | '.join(cells)} |"


def _linked(operation: specification.Operation) -> str:
    page = (operation.docs or "").partition(" ")[0].removeprefix("dev.chartmogul.com")
    if not page or "?" in page:  # it is not known for sure
        return f"`{operation.id}`"
    return f"[`{operation.id}`](https://dev.chartmogul.com{page})"


def documented(page: str) -> Iterator[str]:
    """Read the operations that have a line in a page."""
    for line in page.splitlines():
        name = line.partition("`")[2].partition("`")[0]
        if line.startswith(("| `", "| [`")):
            yield name


if __name__ == "__main__":
    DOCUMENT.write_text(render(), encoding="utf-8")
    streams.DOCUMENT.write_text(streams.render(), encoding="utf-8")
