"""What is known of every record of an import, on the local disk: as many records as fit there need no memory.

Gone with the import. It is no memory of what was done: that is asked of ChartMogul, so that a try on another machine
knows the same.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from airflow_provider_chartmogul.imports.rejections import unnumbered
from airflow_provider_chartmogul.local_tables import LocalTables

if TYPE_CHECKING:
    from collections.abc import Iterable

STATES: Final = ("created", "already_there", "rejected", "unknown", "not_sent")
"""What can become of a record. ``unknown``: sent, and what became of it could not be found out."""

_TABLES: Final = """
CREATE TABLE records (
    id INTEGER PRIMARY KEY, kind TEXT, position INTEGER, place TEXT, external_id TEXT, customer TEXT, invoice TEXT,
    moment TEXT, items INTEGER, size INTEGER, body TEXT, given TEXT, replaces INTEGER, state TEXT
);
CREATE TABLE parts (kind TEXT, external_id TEXT, record INTEGER, field TEXT);
CREATE TABLE plans_named (plan TEXT, record INTEGER, field TEXT);
CREATE TABLE problems (
    record INTEGER, kind TEXT, external_id TEXT, field TEXT, message TEXT, retryable INTEGER, consequence INTEGER
);
CREATE TABLE batched (record INTEGER, batch INTEGER, rank INTEGER, PRIMARY KEY (batch, rank)) WITHOUT ROWID;
CREATE TABLE there (
    kind TEXT, external_id TEXT, uuid TEXT, errors TEXT, parts TEXT, owner TEXT, PRIMARY KEY (kind, external_id)
) WITHOUT ROWID;
CREATE TABLE gave_way (external_id TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID;
CREATE TABLE doubts (record INTEGER PRIMARY KEY, reason TEXT, state TEXT);
"""

_INDEXES: Final = """
CREATE INDEX records_by_name ON records (kind, external_id);
CREATE INDEX records_by_customer ON records (customer);
CREATE INDEX records_by_invoice ON records (invoice) WHERE invoice IS NOT NULL;
CREATE INDEX parts_by_name ON parts (kind, external_id);
CREATE INDEX problems_by_record ON problems (record);
"""
# made when the records are in: an index that grows with them costs ten times as much


class Journal(LocalTables):
    """The records of one import, what is wrong with them, and what became of them. For one thread."""

    tables = _TABLES

    def __init__(self) -> None:
        super().__init__()
        self._database.create_function("unnumbered", 1, unnumbered, deterministic=True)

    def index(self) -> None:
        """Make ready for questions, when all records are in."""
        self.define(f"{_INDEXES} ANALYZE;")

    def reject(self, faults: Iterable[tuple[int, str, str | None, str, str]], *, consequence: bool = False) -> int:
        """Note what is wrong with records, which are then not sent, and return how many were not rejected before.

        :param faults: record, kind and external id of what is wrong in it, field, message.
        :param consequence: whether nothing is wrong with them but that they need others, which are rejected.
        """
        before = self.one("SELECT ifnull(max(rowid), 0) FROM problems")
        self.complain(faults, consequence=consequence)
        # all at once, since the faults may be the answer to a question about states that is still being read
        return self.change(
            """UPDATE records SET state = 'rejected' WHERE ifnull(state, '') <> 'rejected'
            AND id IN (SELECT record FROM problems WHERE rowid > ?)""",
            (before,),
        )

    def complain(
        self,
        faults: Iterable[tuple[int, str, str | None, str, str]],
        *,
        retryable: bool = False,
        consequence: bool = False,
    ) -> None:
        """Note reasons for what became of records.

        :param retryable: whether the same record may do another time.
        :param consequence: whether the reasons are with other records.
        """
        self.change_each(
            "INSERT INTO problems VALUES (?, ?, ?, ?, ?, ?, ?)", ((*row, retryable, consequence) for row in faults)
        )

    def settle(self, state: str, records: Iterable[int]) -> None:
        """Note what became of records."""
        self.change_each("UPDATE records SET state = ? WHERE id = ?", ((state, record) for record in records))

    def counts(self) -> dict[str, Counter[str]]:
        """Return how many records of each kind there are in each state; empty text is no state yet."""
        found: dict[str, Counter[str]] = {}
        for kind, state, count in self.ask(
            "SELECT kind, ifnull(state, ''), count(*) FROM records GROUP BY 1, 2 ORDER BY min(id)"
        ):
            found.setdefault(kind, Counter())[state] = count
        return found
