"""What each load mode deletes, marks and inserts when what is staged takes its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from airflow_provider_chartmogul.streams.model import LoadMode
from airflow_provider_chartmogul.transfers.loading import AS_OF, DELETED_AT
from airflow_provider_chartmogul.transfers.sql.staging import KEY, NUMBER, READ
from airflow_provider_chartmogul.transfers.sql.tables import TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_provider_chartmogul.streams.model import Table
    from airflow_provider_chartmogul.transfers.loading import Plan
    from airflow_provider_chartmogul.transfers.sql.staging import Staging


class Swap:
    """The statements by which what is staged takes its place; plain SQL that all databases know.

    :param targets: the target tables, by suffix.
    """

    def __init__(self, plan: Plan, targets: Mapping[str, sa.Table], staging: Staging) -> None:
        self.plan = plan
        self._targets = targets
        self._staged = staging.rows
        self._records = staging.records

    def clearing(self) -> Iterator[tuple[Table, Any]]:
        """Yield what makes room: pairs of table and statement, in order."""
        # children first: rows of the main table tell which of theirs are concerned
        for table in reversed(self.plan.tables):
            for statement in self._clearing(table):
                yield table, statement

    def insertion(self, table: Table) -> Any:
        """Return what inserts the staged rows of a table."""
        staged, names, values = self._staged[table.suffix], [column.name for column in table.all_columns], []
        if self.plan.mode is LoadMode.SNAPSHOT:
            names, values = [*names, AS_OF], [sa.literal(self.plan.as_of, TIMESTAMP).label(AS_OF)]
        columns = [staged.c[name] for name in names if name in staged.c]
        return self._targets[table.suffix].insert().from_select(names, self._chosen(table, *columns, *values))

    def count(self, table: Table) -> Any:
        """Return what counts the rows that :meth:`insertion` will insert."""
        return self._chosen(table, sa.func.count())

    def _chosen(self, table: Table, *columns: Any) -> Any:
        """Select from the staged rows that count: what was read twice counts as it was read last."""
        staged, (source, chosen) = self._staged[table.suffix], self._last_read(table)
        if self.plan.mode is not LoadMode.APPEND:
            return sa.select(*columns).select_from(source).where(*chosen)
        present = self._targets[table.suffix].alias("present")
        new = present.c[table.key[0]].is_(None)
        joined = source.outerjoin(present, _same(present, staged, table.key))
        return sa.select(*columns).select_from(joined).where(*chosen, new)

    def _last_read(self, table: Table) -> tuple[Any, Sequence[Any]]:
        """Return what to select from, and under which conditions, for each record and each row as it was read last."""
        staged = self._staged[table.suffix]
        records = sa.select(sa.func.max(self._records.c[NUMBER])).where(self._was_read).group_by(self._records.c[KEY])
        chosen = staged.c[NUMBER].in_(records)
        if table.record_key in table.key:
            return staged, [chosen]
        # during the walk, a row may have moved from a record to one that was read later
        keys = [staged.c[name] for name in table.key]
        last = sa.select(*keys, sa.func.max(staged.c[NUMBER]).label(NUMBER)).where(chosen).group_by(*keys)
        rows = last.subquery("last_read")
        return staged.join(rows, _same(rows, staged, (*table.key, NUMBER))), []

    def _clearing(self, table: Table) -> Iterator[Any]:
        target, mode = self._targets[table.suffix], self.plan.mode
        if mode is LoadMode.REPLACE:
            # BigQuery deletes nothing without a condition
            yield sa.delete(target).where(sa.text("1 = 1"))
        elif mode is LoadMode.SNAPSHOT:
            yield sa.delete(target).where(target.c[AS_OF] == self.plan.as_of, *self._in_slice(table))
        elif mode is not LoadMode.APPEND:
            yield from self._making_way(table)
            if mode is LoadMode.REPLACE_INTERVAL or self._placed_by_time:
                yield sa.delete(target).where(*self._in_scope(table))
            elif self._marks:
                yield from self._marking(table)
            elif self.plan.drop_vanished:
                vanished = target.c[table.record_key].in_(self._vanished(table))
                yield sa.delete(target).where(vanished, *self._in_scope(table))

    @property
    def _placed_by_time(self) -> bool:
        # The row of a bucket that is still running has another date each day: by its key nothing would be found.
        scope = self.plan.scope
        return scope is not None and scope.column == self.plan.tables[0].record_key

    @property
    def _marks(self) -> bool:
        return self.plan.mode is LoadMode.MERGE and self.plan.mark_vanished and not self._placed_by_time

    def _making_way(self, table: Table) -> Iterator[Any]:
        """Delete the rows that were read anew, also where they belonged to another record or lay at another time."""
        target = self._targets[table.suffix]
        if self._marks or table.record_key not in table.key:
            yield sa.delete(target).where(self._is_staged(table), *self._in_slice(table))
        if not (self._marks or self._placed_by_time):
            yield sa.delete(target).where(target.c[table.record_key].in_(self._read), *self._in_slice(table))

    def _marking(self, table: Table) -> Iterator[Any]:
        target = self._targets[table.suffix]
        key = target.c[table.record_key]
        mark = sa.update(target).values({DELETED_AT: self.plan.as_of}).where(target.c[DELETED_AT].is_(None))
        # what is left of a record that was read is gone from it
        yield mark.where(key.in_(self._read), *self._in_slice(table))
        yield mark.where(key.in_(self._vanished(table)), *self._in_scope(table))

    def _is_staged(self, table: Table) -> Any:
        """Return the condition that a row of the target will be inserted anew."""
        target, staged = self._targets[table.suffix], self._staged[table.suffix]
        if len(table.key) > 1:
            return sa.exists(self._chosen(table, sa.literal(1)).where(_same(staged, target, table.key)))
        # not all databases find the rows of a correlated subquery fast
        return target.c[table.key[0]].in_(self._chosen(table, staged.c[table.key[0]]))

    @property
    def _was_read(self) -> Any:
        return self._records.c[READ] == 1

    @property
    def _read(self) -> Any:
        return sa.select(self._records.c[KEY]).where(self._was_read)

    def _vanished(self, table: Table) -> Any:
        """Select keys of records that the target holds and the reading does not.

        By a join, which is fast everywhere, and within a subquery, without which MySQL would not read what it writes.
        """
        present = self._targets[table.suffix].alias("present")
        key = present.c[table.record_key]
        joined = present.outerjoin(self._records, self._records.c[KEY] == key)
        gone = sa.select(key.label("gone")).distinct().select_from(joined).where(self._records.c[KEY].is_(None))
        return sa.select(gone.subquery("vanished").c["gone"])

    def _in_slice(self, table: Table) -> Sequence[Any]:
        """Return conditions for the rows of the slice that was read: those of others are no concern of it."""
        main, scope = self._targets[""], self.plan.scope
        return self._by_main(
            table, [_is(main.c[name], value) for name, value in scope.constants.items()] if scope else []
        )

    def _in_scope(self, table: Table) -> Sequence[Any]:
        """Return conditions for the rows of the interval that was read, in its slice."""
        scope = self.plan.scope
        if scope is None:
            return []
        place = self._targets[""].c[scope.column]
        interval = self._by_main(table, [place >= scope.start, place < scope.end])
        return [*self._in_slice(table), *interval]

    def _by_main(self, table: Table, conditions: list[Any]) -> Sequence[Any]:
        if not table.suffix or not conditions:
            return conditions
        main = self._targets[""]
        records = sa.select(main.c[self.plan.tables[0].record_key]).where(*conditions)
        return [self._targets[table.suffix].c[table.record_key].in_(records)]


def _same(one: Any, other: Any, names: Sequence[str]) -> Any:
    return sa.and_(*(one.c[name] == other.c[name] for name in names))


def _is(column: Any, value: str | tuple[str, ...]) -> Any:
    return column.in_(value) if isinstance(value, tuple) else column == value
