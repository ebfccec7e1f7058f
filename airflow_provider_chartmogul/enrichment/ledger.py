"""The rows of one run, whom they reach, what has to change, and what became of it, on the local disk."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.client.values import json_for_people
from airflow_provider_chartmogul.enrichment.difference import Wanted
from airflow_provider_chartmogul.local_tables import LocalTables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from airflow_provider_chartmogul.client.values import Record

_TABLES: Final = """
CREATE TABLE rows (
    position INTEGER PRIMARY KEY, place TEXT, given TEXT, text TEXT, name TEXT, key TEXT, wanted TEXT, state TEXT
);
CREATE TABLE problems (position INTEGER, field TEXT, message TEXT);
CREATE TABLE matches (
    position INTEGER, customer TEXT, change TEXT, state TEXT, PRIMARY KEY (customer, position)
) WITHOUT ROWID;
CREATE TABLE ranks (state TEXT, rank INTEGER);
CREATE VIEW unmatched AS
    SELECT * FROM rows WHERE state IS NULL AND position NOT IN (SELECT position FROM matches);
"""

_PAGE: Final = 1_000

WORST_FIRST: Final = ("not_sent", "unknown", "rejected", "changed", "unchanged")
"""What can become of a row at a customer; of a row with several, the first that became of one of them."""


class Ledger(LocalTables):
    """The rows of one run. For one thread.

    A row is open until it has a state: ``rejected`` or ``not_found`` before anything is sent, afterwards one of
    :data:`WORST_FIRST`.
    """

    tables = _TABLES

    def __init__(self) -> None:
        super().__init__()
        self.change_each("INSERT INTO ranks VALUES (?, ?)", zip(WORST_FIRST, range(len(WORST_FIRST)), strict=True))

    # rows in ----------------------------------------------------------------------------------------------------------

    def add(self, position: int, place: str, given: Any, text: str | None = None) -> None:
        """Enter a row as it was given.

        :param position: counted from 1.
        :param place: where it stands in its source, for people.
        :param text: what stood there, where nothing could be read.
        """
        self.change(
            "INSERT INTO rows (position, place, given, text) VALUES (?, ?, ?, ?)",
            (position, place, json.dumps(given, default=json_for_people), text),
        )

    def understand(self, position: int, name: Mapping[str, str], wanted: Wanted) -> None:
        """Enter whom a row is about, and what it wants."""
        self.change(
            "UPDATE rows SET name = ?, key = ?, wanted = ? WHERE position = ?",
            (json.dumps(name), key_of(name), wanted.as_json(), position),
        )

    def reject(self, position: int, faults: Iterable[tuple[str, str]], state: str = "rejected") -> None:
        """Enter that a row cannot be sent, and why; it then reaches nobody."""
        self.change("UPDATE rows SET state = ? WHERE position = ?", (state, position))
        self.change("DELETE FROM matches WHERE position = ?", (position,))
        self.complain(position, faults)

    def complain(self, position: int, reasons: Iterable[tuple[str, str]]) -> None:
        """Enter reasons for what became of a row: pairs of field and message."""
        self.change_each("INSERT INTO problems VALUES (?, ?, ?)", ((position, *reason) for reason in reasons))

    def all_rows_are_in(self) -> None:
        """Make ready for questions."""
        # an index that grows with its table costs ten times as much
        self.change("CREATE INDEX rows_by_key ON rows (key)")

    # customers --------------------------------------------------------------------------------------------------------

    def data_sources(self) -> list[str]:
        """Return the data sources that open rows name, if rows name any."""
        found = self.ask("SELECT DISTINCT json_extract(name, '$.data_source_uuid') FROM rows WHERE state IS NULL")
        return sorted(source for (source,) in found if source is not None)

    def unmatched(self) -> int:
        """Return how many open rows have no customer yet."""
        return int(self.one("SELECT count(*) FROM unmatched"))

    def unmatched_rows(self) -> Iterator[tuple[int, dict[str, str], Wanted]]:
        """Yield position, name and wishes of these."""
        for position, name, wanted in self.ask("SELECT position, name, wanted FROM unmatched ORDER BY position"):
            yield position, json.loads(name), Wanted.of_json(wanted)

    def wanting(self, keys: Collection[str]) -> Iterator[tuple[int, str, Wanted]]:
        """Yield position, key and wishes of the open rows with one of these keys."""
        question = (
            "SELECT position, key, wanted FROM rows WHERE key IN (SELECT value FROM json_each(?)) AND state IS NULL"
        )
        for position, key, wanted in self.ask(question, (json.dumps(list(keys)),)):
            yield position, key, Wanted.of_json(wanted)

    def match(self, position: int, customer: str, change: Record | None) -> None:
        """Enter that a row reaches a customer, and what has to change there."""
        self.change(
            "INSERT OR REPLACE INTO matches VALUES (?, ?, ?, ?)",
            (position, customer, json.dumps(change) if change else None, None if change else "unchanged"),
        )

    def all_customers_are_in(self) -> None:
        """Make ready for questions."""
        self.change("CREATE INDEX matches_by_row ON matches (position, customer)")

    # what became of them ----------------------------------------------------------------------------------------------

    def to_change(self) -> Iterator[list[Record]]:
        """Yield what has to change, in portions, each with ``position``, ``customer_uuid`` and ``change``."""
        question = (
            "SELECT position, customer, change FROM matches WHERE state IS NULL AND (position, customer) > (?, ?)"
            " ORDER BY position, customer LIMIT ?"
        )
        last = (0, "")
        while found := list(self.ask(question, (*last, _PAGE))):
            last = found[-1][:2]
            yield [{"position": row, "customer_uuid": one, "change": json.loads(text)} for row, one, text in found]

    def settle(self, position: int, customer: str, state: str, change: Record) -> None:
        """Enter what became of a row at a customer, and what of the change was done."""
        self.change(
            "UPDATE matches SET state = ?, change = ? WHERE customer = ? AND position = ?",
            (state, json.dumps(change), customer, position),
        )

    def give_up(self) -> None:
        """Enter that what is left to change was not sent."""
        self.change("UPDATE matches SET state = 'not_sent', change = NULL WHERE state IS NULL")

    def close(self) -> None:
        """Give every open row the state that its customers have."""
        self.change(
            "UPDATE rows SET state = (SELECT r.state FROM matches m JOIN ranks r ON r.state = m.state"
            " WHERE m.position = rows.position ORDER BY r.rank LIMIT 1) WHERE state IS NULL"
        )

    def counts(self) -> Counter[str]:
        """Return how many rows there are in each state."""
        return Counter(dict(self.ask("SELECT ifnull(state, 'open'), count(*) FROM rows GROUP BY 1")))

    def problems(self, states: Sequence[str], limit: int = -1) -> Iterator[Record]:
        """Yield what is wrong with rows in one of these states: position, place, name, state, field and message."""
        question = (
            "SELECT p.position, r.place, r.name, r.state, p.field, p.message FROM problems p"
            " JOIN rows r ON r.position = p.position WHERE r.state IN (SELECT value FROM json_each(?))"
            " ORDER BY p.position, p.rowid LIMIT ?"
        )
        for position, place, name, *others in self.ask(question, (json.dumps(list(states)), limit)):
            named = json.loads(name) if name else {}
            yield {"position": position, "place": place, "name": named} | dict(
                zip(("state", "field", "message"), others, strict=True)
            )

    def outcomes(self) -> Iterator[tuple[int, str, str | None, str, Record | None]]:
        """Yield position, place, customer, state and change of each row, once for each customer that it reaches."""
        question = (
            "SELECT r.position, r.place, m.customer, ifnull(m.state, r.state), m.change FROM rows r"
            " LEFT JOIN matches m ON m.position = r.position"
            " ORDER BY r.position, m.customer"
        )
        for position, place, customer, state, change in self.ask(question):
            yield position, place, customer, state, json.loads(change) if change else None

    def given(self, states: Sequence[str]) -> Iterator[tuple[int, str, str, Any, str | None]]:
        """Yield position, place, state, row as it was given, and text, of the rows in one of these states."""
        question = (
            "SELECT position, place, state, given, text FROM rows WHERE state IN (SELECT value FROM json_each(?))"
            " ORDER BY position"
        )
        for position, place, state, given, text in self.ask(question, (json.dumps(list(states)),)):
            yield position, place, state, json.loads(given), text


def key_of(name: Mapping[str, str]) -> str:
    """Return one text for a name of a customer, the same for the same customer."""
    if "email" in name:
        return name["email"].strip().lower()
    return "\n".join(name[field] for field in ("customer_uuid", "data_source_uuid", "external_id") if field in name)
