"""What was found: a table of differences, and what would mend them."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.journal import Journal

COLUMNS: Final = (
    "level",
    "kind",
    "customer_external_id",
    "month",
    "currency",
    "external_id",
    "field",
    "source_value",
    "chartmogul_value",
    "message",
)
"""The columns of the table of differences.

``level``: ``plan``, ``customer``, ``invoice``, ``event`` or ``month``. ``kind``: ``missing`` (in the source only),
``extra`` (in ChartMogul only), ``different``, ``voided`` (in ChartMogul only), ``refused`` (ChartMogul keeps it with
errors, out of sight), ``sum``, ``mrr``, ``invalid`` and ``unreadable`` (in the source, and not compared),
``not_compared`` (no difference: says why). Of ``different``, ``extra`` and ``voided`` invoices ``message`` says why
nothing is offered to mend them.
"""

NO_DIFFERENCE: Final = "not_compared"

_TABLES: Final = f"""
CREATE TABLE differences ({", ".join(COLUMNS)}, subject TEXT);
CREATE TABLE fixes (record INTEGER PRIMARY KEY, held TEXT, carried TEXT);
CREATE TABLE updates (record INTEGER PRIMARY KEY, held TEXT);
CREATE TABLE extras (external_id TEXT, uuid TEXT);
"""
_VALUES: Final = ("source_value", "chartmogul_value")


class Findings:
    """Takes in what is found, on the local disk, and gives it out in an order of its own.

    :param journal: of the records of the source.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._rows: list[tuple[Any, ...]] = []
        journal.define(_TABLES)

    def note(self, kind: str, level: str, subject: object = None, **columns: Any) -> None:
        """Note one difference.

        :param subject: what it is about, where its other names do not tell.
        :param columns: others of :data:`COLUMNS`.
        """
        values = {**columns, **{name: json.dumps(columns[name]) for name in _VALUES if columns.get(name) is not None}}
        row = {"level": level, "kind": kind, **values}
        self._rows.append((*(row.get(name) for name in COLUMNS), None if subject is None else str(subject)))
        if len(self._rows) >= 1_000:
            self.flush()

    def fix(self, record: int, *, held: str | None = None, carried: Mapping[str, Any] | None = None) -> None:
        """Note that a record of the source is to be imported.

        :param held: uuid of the invoice of ChartMogul that is to give way.
        :param carried: fields of that one which are to be kept.
        """
        self._journal.change("INSERT OR IGNORE INTO fixes VALUES (?, ?, ?)", (record, held, json.dumps(carried or {})))

    def update(self, record: int, held: str) -> None:
        """Note that the terms of an invoice are to be those of the source.

        :param held: uuid of the invoice of ChartMogul.
        """
        self._journal.change("INSERT OR IGNORE INTO updates VALUES (?, ?)", (record, held))

    def remove(self, external_id: str | None, uuid: str) -> None:
        """Note that an invoice is one too many in ChartMogul."""
        self._journal.change("INSERT INTO extras VALUES (?, ?)", (external_id, uuid))

    def flush(self) -> None:
        """Put everything into the tables."""
        marks = ", ".join("?" * (len(COLUMNS) + 1))
        self._journal.change_each(f"INSERT INTO differences VALUES ({marks})", self._rows)  # noqa: S608 - marks
        self._rows.clear()

    def counts(self) -> dict[str, dict[str, int]]:
        """Return of how many plans, customers, invoices, events and months there is which kind of difference."""
        self.flush()
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for kind, level, count in self._journal.ask(
            """SELECT kind, level, count(*) FROM
            (SELECT DISTINCT kind, level, customer_external_id, month, currency, external_id, subject FROM differences)
            GROUP BY kind, level ORDER BY kind, level"""
        ):
            found[kind][level] = count
        return dict(found)

    def open(self) -> dict[str, int]:
        """Return how many invoices differ by kind for which nothing is offered, since it might do harm."""
        self.flush()
        return dict(
            self._journal.ask(
                """SELECT kind, count(*) FROM (SELECT DISTINCT kind, external_id, subject FROM differences
                WHERE level = 'invoice' AND kind IN ('different', 'extra', 'voided') AND message IS NOT NULL)
                GROUP BY kind ORDER BY kind"""
            )
        )

    def rows(self) -> Iterator[Record]:
        """Yield the differences, each as :data:`COLUMNS`."""
        self.flush()
        # text, since cells of one column may be of several types
        order = ", ".join(f"CAST({name} AS TEXT)" for name in (*COLUMNS, "subject"))
        for *cells, _ in self._journal.ask(f"SELECT * FROM differences ORDER BY {order}"):  # noqa: S608 - our columns
            row = dict(zip(COLUMNS, cells, strict=True))
            yield row | {name: json.loads(row[name]) for name in _VALUES if row[name] is not None}

    def fixes(self) -> Iterator[Record]:
        """Yield what an import would mend, as ``{"kind": …, "record": {…}}``.

        With ``"replace": true`` for an invoice that is to take the place of another, which is there as ``"was"``.
        """
        for kind, body, external_id, carried, was in self._journal.ask(
            """SELECT r.kind, r.body, r.external_id, f.carried, h.was FROM fixes f JOIN records r ON r.id = f.record
            LEFT JOIN held_invoices h ON h.uuid = f.held
            ORDER BY CASE r.kind WHEN 'plans' THEN 0 WHEN 'customers' THEN 1 WHEN 'invoices' THEN 2 ELSE 3 END,
            r.customer, r.moment, r.external_id, r.id"""
        ):
            record = json.loads(body)
            if kind == "invoices":
                record = {**self._whole(record, external_id), **json.loads(carried)}
            yield {"kind": kind, "record": record} | ({"replace": True, "was": json.loads(was)} if was else {})

    def updates(self, data_source_uuid: str) -> Iterator[Record]:
        """Yield the invoices whose terms differ, as the operator that imports them one by one takes them."""
        for body, external_id, was in self._journal.ask(
            """SELECT r.body, r.external_id, h.was FROM updates u JOIN records r ON r.id = u.record
            JOIN held_invoices h ON h.uuid = u.held ORDER BY r.customer, r.moment, r.external_id, r.id"""
        ):
            record = {"data_source_uuid": data_source_uuid, **self._whole(json.loads(body), external_id)}
            yield _letter(record, was)

    def extras(self) -> Iterator[Record]:
        """Yield the invoices that are one too many, as the operator that deletes invoices takes them.

        By uuid: the name may be that of another one by then.
        """
        for external_id, uuid, was in self._journal.ask(
            """SELECT e.external_id, e.uuid, h.was FROM extras e JOIN held_invoices h ON h.uuid = e.uuid
            ORDER BY e.external_id, e.uuid"""
        ):
            yield _letter({"uuid": uuid, "external_id": external_id}, was)

    def _whole(self, record: Record, external_id: str) -> Record:
        for name, part in parts_beside(self._journal, external_id):
            part.pop("invoice_external_id", None)
            record[name] = [*record.get(name, ()), part]
        return record


def _letter(record: Record, was: str) -> Record:
    # with problems it is told from a record that has fields of these names
    return {"kind": "invoices", "record": record, "problems": [], "was": json.loads(was)}


def parts_beside(journal: Journal, invoice: str) -> Iterator[tuple[str, Record]]:
    """Yield kind and record of the parts of an invoice that are records of their own, in their order."""
    for kind, body in journal.ask(
        """SELECT kind, body FROM records WHERE invoice = ? AND state IS NULL ORDER BY kind, id""", (invoice,)
    ):
        yield kind, json.loads(body)
