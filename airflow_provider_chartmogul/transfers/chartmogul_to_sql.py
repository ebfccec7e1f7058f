"""From ChartMogul into a database or warehouse."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.databases import engine_of
from airflow_provider_chartmogul.operators.base import check_count, check_flag, optional_text, required_text
from airflow_provider_chartmogul.streams.changes import READ_CUSTOMER, Changes
from airflow_provider_chartmogul.streams.model import LoadMode
from airflow_provider_chartmogul.streams.subscriptions import SUBSCRIPTIONS, open_changed
from airflow_provider_chartmogul.streams.windows import Window
from airflow_provider_chartmogul.transfers.base import ChartMogulStreamOperator, is_final, whole_days
from airflow_provider_chartmogul.transfers.loading import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.engine import Engine

    from airflow_provider_chartmogul.streams.model import Options, Reading, Stream
    from airflow_provider_chartmogul.transfers.loading import Target


class ChartMogulToSqlOperator(ChartMogulStreamOperator):
    """Load a stream of ChartMogul into tables of any database that has a ``DbApiHook`` and an SQLAlchemy dialect.

    Running the same interval twice leaves the same tables. Records are staged page by page while they are read, then
    take their place in one transaction; if anything fails, the tables are as they were before. A table that does not
    exist is created; one that lacks columns of the stream gets them, and may have others, which stay null. A column
    whose type does not fit stops the load before anything is read.

    Columns are named as the fields of the API, with ``_`` for ``-``. Money is integer cents, rates are per cent,
    timestamps are UTC. Fields without a column of their own are kept as JSON in the column ``extra``. A stream whose
    records hold lists has a table for each of them, ``<table>_<list>``.

    ====================  =============================================================================================
    load mode             what becomes of the table
    ====================  =============================================================================================
    ``replace_interval``  rows of the interval, begun ``lookback_days`` earlier, are replaced: the default of streams
                          with a place in time. ChartMogul restates history when billing data changes: look back.
    ``replace``           all rows are replaced: the default of streams that can only be read as a whole
    ``merge``             records that were read are replaced, with their children; others are kept, also those that
                          are gone from ChartMogul (but see ``detect_deletes``)
    ``append``            records that are not there yet are added, nothing else is touched
    ``snapshot``          rows carry ``as_of``, and replace those of the same ``as_of``: what was reported when
    ====================  =============================================================================================

    Metrics are read in whole buckets: all that the interval touches, by days of the account's time zone. So a bucket
    that is over, by the clock of the worker, has the same row whichever of its days a run is for. One that is still
    running ends with the interval's last day, is dated so, and is replaced by the next load that touches it: run the
    loads of a running bucket in order. In an account that is not in UTC an interval of a day touches two; the one that
    has not ended is completed by the next run. ``merge`` does here what ``replace_interval`` does. Intervals and
    segments may share a table, since rows carry ``interval``, ``geo``, ``plans`` and ``filters`` and only rows of the
    same are replaced (by all modes but ``replace``).

    Where Airflow keeps state of tasks (3.3 and later), a retry goes on from the last page that an earlier try staged;
    the staging tables then are real ones, named ``chartmogul_staging_…`` and gone when the task has ended. Elsewhere
    it starts over, with temporary tables, which need a session of their own: of a pooler such as PgBouncer use session
    mode. SQLite and DuckDB allow one writer: DuckDB's file is taken for the whole load, SQLite's for each step.

    All arguments of :class:`~airflow_provider_chartmogul.transfers.base.ChartMogulStreamOperator`, and:

    :param sql_conn_id: Airflow connection of the database. (templated)
    :param table: name of the table, ``chartmogul_<stream>`` by default; without schema. (templated)
    :param schema: schema of the table, which must exist; the connection's own by default. (templated)
    :param detect_deletes: with ``merge``, rows whose record ChartMogul does not list any more get ``deleted_at``: the
        moment of the load that first missed them (``as_of``). Not together with ``data_source_uuid``.
    :param only_changed: of ``subscriptions``, ask only for those of customers that changed since the last load, instead
        of those of each customer: who was seen in an activity, invoice or subscription event since then, or has another
        ``mrr`` or ``status``. What was read when is kept in the table ``<table>_customers``. The load mode is
        ``merge``; subscriptions of customers that are gone are removed (or marked, with ``detect_deletes``).
    :param sweep_days: with ``only_changed``, read every customer's anew after so many days, changed or not.
    :raises ChartMogulConfigError: the database connection or an existing table cannot be used.
    :raises ChartMogulLoadError: the database refused something.
    """

    template_fields: Sequence[str] = (*ChartMogulStreamOperator.template_fields, "sql_conn_id", "table", "schema")

    def __init__(
        self,
        *,
        sql_conn_id: str,
        table: str | None = None,
        schema: str | None = None,
        detect_deletes: bool = False,
        only_changed: bool = False,
        sweep_days: int = 7,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sql_conn_id = sql_conn_id
        self.table = table
        self.schema = schema
        self.detect_deletes = detect_deletes
        self.only_changed = only_changed
        self.sweep_days = sweep_days
        check_flag("detect_deletes", detect_deletes)
        check_flag("only_changed", only_changed)
        check_count("sweep_days", sweep_days, least=1)
        self.checked(is_final)

    def checked(self, is_known: Callable[[Any], bool] = lambda _: True) -> tuple[Stream, LoadMode, Options]:
        """Check what is known by now, and return what to load, how, and what narrows it."""
        stream, mode, options = super().checked(is_known)
        if is_known(self.sql_conn_id):
            required_text("sql_conn_id", self.sql_conn_id)
        if isinstance(self.table, str) and is_known(self.table) and "." in self.table:
            raise ValueError(f"table must be a name without dots, not {self.table!r}: name its schema in schema")
        if self.only_changed:
            mode = self._mode_of_changes(stream)
        if self.detect_deletes and mode is not LoadMode.MERGE:
            raise ValueError(f"detect_deletes needs load_mode merge, not {mode}")
        if (self.detect_deletes or self.only_changed or mode is LoadMode.SNAPSHOT) and options.data_source_uuid:
            # what is missing would be what belongs to other sources
            raise ValueError(
                "detect_deletes, only_changed and snapshots are of all data sources: leave out data_source_uuid"
            )
        return stream, mode, options

    def _mode_of_changes(self, stream: Stream) -> LoadMode:
        if stream is not SUBSCRIPTIONS:
            raise ValueError(f"only_changed is for stream {SUBSCRIPTIONS.name}, not {stream.name}")
        if self.load_mode not in (None, LoadMode.MERGE):
            raise ValueError(f"only_changed needs load_mode merge, not {self.load_mode!r}")
        return LoadMode.MERGE

    def read(self, stream: Stream, options: Options) -> tuple[Reading, Plan]:
        """Begin a reading, and say what a load does with it."""
        if not self.only_changed:
            reading, plan = super().read(stream, options)
            return reading, replace(plan, mark_vanished=self.detect_deletes)
        # SQLAlchemy takes long to import, and a scheduler that only parses has no need of it
        from airflow_provider_chartmogul.transfers.sql.memory import SqlMemory

        tables = (*stream.tables, READ_CUSTOMER)
        memory = SqlMemory(self._engine(), READ_CUSTOMER, table=self._table(), schema=self._schema())
        window = Window.of(self.interval_start, self.interval_end, whole_days(self.lookback_days))
        changes = Changes(self.hook.get_conn(), memory, window, self.moment(), timedelta(days=self.sweep_days))
        plan = Plan(tables, LoadMode.MERGE, mark_vanished=self.detect_deletes, drop_vanished=not self.detect_deletes)
        return open_changed(self.hook.get_conn(), changes), plan

    def target(self, plan: Plan, window: Window | None) -> Target:
        """Return the tables."""
        engine = self._engine()

        from airflow_provider_chartmogul.transfers.sql.target import SqlTarget

        return SqlTarget(engine, plan, table=self._table(), schema=self._schema())

    def target_name(self) -> str:
        """Return connection, schema and table."""
        return ".".join(filter(None, (self.sql_conn_id, self._schema(), self._table())))

    def _table(self) -> str:
        return optional_text("table", self.table) or f"chartmogul_{self.stream}"

    def _schema(self) -> str | None:
        return optional_text("schema", self.schema)

    def _engine(self) -> Engine:
        return engine_of(self.sql_conn_id, "Loading into")
