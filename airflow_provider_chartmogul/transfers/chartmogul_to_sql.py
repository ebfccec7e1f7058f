"""From ChartMogul into a database or warehouse."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError
from airflow_provider_chartmogul.intervals import DATA_INTERVAL_END, DATA_INTERVAL_START
from airflow_provider_chartmogul.operators.base import ChartMogulOperator, is_literal, optional_text, required_text
from airflow_provider_chartmogul.streams import get_stream
from airflow_provider_chartmogul.streams.model import NARROWING, LoadMode, Options
from airflow_provider_chartmogul.streams.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow.providers.common.compat.sdk import Context
    from sqlalchemy.engine import Engine

    from airflow_provider_chartmogul.moments import Moment
    from airflow_provider_chartmogul.streams.model import Stream

_SEVERAL = ("geo", "plans")
_CHECKED = ("sql_conn_id", "table", *NARROWING)


class ChartMogulToSqlOperator(ChartMogulOperator):
    """Load a stream of ChartMogul into tables of any database that has a ``DbApiHook`` and an SQLAlchemy dialect.

    Running the same interval twice leaves the same tables. Records are staged page by page while they are read, then
    take their place in one transaction; if anything fails, the tables are as they were before. A table that does not
    exist is created; one that does needs the columns of the stream and may have others, which stay null.

    ======================  ==========================================================  =======================
    stream                  rows                                                        load mode by default
    ======================  ==========================================================  =======================
    ``metrics_<metric>``    a row per bucket: ``all``, ``mrr``, ``arr``, ``arpa``,      ``replace_interval``
                            ``asp``, ``customer_count``, ``customer_churn_rate``,
                            ``mrr_churn_rate``, ``ltv``
    ``activities``          MRR movements                                               ``replace_interval``
    ``customers``           customers and leads                                         ``replace``
    ``invoices``            invoices, with ``<table>_line_items`` and                   ``replace``
                            ``<table>_transactions``
    ``subscriptions``       subscriptions with their MRR; costs a request per customer  ``replace``
    ======================  ==========================================================  =======================

    Columns are named as the fields of the API, with ``_`` for ``-``. Money is integer cents, rates are per cent,
    timestamps are UTC. Fields without a column of their own are kept as JSON in the column ``extra``.

    ``replace_interval`` replaces the rows of the interval, ``merge`` the records that were read (invoices together
    with their line items and transactions), ``replace`` all rows. Streams without a place in time are always read as a
    whole, since the API cannot say what has changed; ``merge`` keeps rows of records deleted in ChartMogul. ChartMogul
    restates history when billing data changes, so give ``lookback_days`` to streams with a place in time.

    Metrics are read in whole buckets: all that the interval touches, by days of the account's time zone. So a bucket
    that is over, by the clock of the worker, has the same row whichever of its days a run is for. One that is still
    running ends with the interval's last day, is dated so, and is replaced by the next load that touches it: run the
    loads of a running bucket in order. In an account that is not in UTC an interval of a day touches two; the one that
    has not ended is completed by the next run. ``merge`` does here what ``replace_interval`` does. Intervals and
    segments may share a table, since rows carry ``interval``, ``geo``, ``plans`` and ``filters`` and only rows of the
    same are replaced (by all modes but ``replace``).

    SQLite and DuckDB allow one writer: DuckDB's file is taken for the whole load, SQLite's only for the final step.
    Staging uses temporary tables, which need a session of their own: of a pooler such as PgBouncer use session mode.

    :param stream: what to load, see above.
    :param sql_conn_id: Airflow connection of the database. (templated)
    :param table: name of the table, ``chartmogul_<stream>`` by default; without schema. (templated)
    :param schema: schema of the table, which must exist; the connection's own by default. (templated)
    :param load_mode: ``merge``, ``replace_interval`` or ``replace``; see the table for the default.
    :param interval_start: first instant to load, for metrics and activities: a date, a datetime or ISO 8601 text, in
        UTC unless it says otherwise. The start of the data interval by default. (templated)
    :param interval_end: end of the interval, exclusive. The end of the data interval by default. (templated)
    :param lookback_days: how many days before ``interval_start`` to begin. (templated)
    :param interval: bucket size of metrics: ``day``, ``week``, ``month`` (default), ``quarter`` or ``year``. ``asp``
        has no day and week, ``ltv`` only month. (templated)
    :param geo: metrics of customers in these countries only (ISO 3166-1 alpha-2), as list or comma-separated; rows
        carry them comma-separated, in the order given. (templated)
    :param plans: metrics of these plans only (names, uuids or external ids), in the same forms. (templated)
    :param filters: metrics under a filter expression of ChartMogul only. (templated)
    :param data_source_uuid: customers, invoices or subscriptions of this data source only; of all if ``None``. With
        ``replace`` the table then holds nothing else. (templated)
    :raises ValueError: stream, load mode and options do not fit together, or one of them is empty or of another form;
        when the DAG is parsed, unless templated.
    :raises ChartMogulConfigError: the database connection or an existing table cannot be used.
    :raises ChartMogulLoadError: the database refused something.
    """

    template_fields: Sequence[str] = (
        *ChartMogulOperator.template_fields,
        "sql_conn_id",
        "table",
        "schema",
        "interval_start",
        "interval_end",
        "lookback_days",
        "interval",
        "geo",
        "plans",
        "filters",
        "data_source_uuid",
    )

    def __init__(
        self,
        *,
        stream: str,
        sql_conn_id: str,
        table: str | None = None,
        schema: str | None = None,
        load_mode: str | None = None,
        interval_start: Moment = DATA_INTERVAL_START,
        interval_end: Moment = DATA_INTERVAL_END,
        lookback_days: int | str = 0,
        interval: str | None = None,
        geo: str | Sequence[str] | None = None,
        plans: str | Sequence[str] | None = None,
        filters: str | None = None,
        data_source_uuid: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.stream = stream
        self.sql_conn_id = sql_conn_id
        self.table = table
        self.schema = schema
        self.load_mode = load_mode
        self.interval_start = interval_start
        self.interval_end = interval_end
        self.lookback_days = lookback_days
        self.interval = interval
        self.geo = geo
        self.plans = plans
        self.filters = filters
        self.data_source_uuid = data_source_uuid
        self._checked(_is_final)

    def execute(self, context: Context) -> dict[str, Any]:
        """Load, and return the number of rows per table and the bounds of what was read (``None`` for all)."""
        stream, mode, options = self._checked()
        window = None
        if stream.windowed:
            window = Window.of(self.interval_start, self.interval_end, int(self.lookback_days))
        engine = self._engine()

        # SQLAlchemy takes long to import, and a scheduler that only parses has no need of it
        from airflow_provider_chartmogul.transfers.sql_load import load

        reading = stream.open(self.hook.get_conn(), replace(options, window=window))
        table = optional_text("table", self.table) or f"chartmogul_{stream.name}"
        rows = load(engine, stream.tables, reading, mode, table=table, schema=optional_text("schema", self.schema))
        self.log.info("Loaded stream %s: %s", stream.name, ", ".join(f"{name} {count}" for name, count in rows.items()))
        return {
            "rows": rows,
            "interval_start": window.start.isoformat() if window else None,
            "interval_end": window.end.isoformat() if window else None,
        }

    def _checked(self, is_known: Callable[[Any], bool] = lambda _: True) -> tuple[Stream, LoadMode, Options]:
        """Check what is known by now, and return what to load, how, and what narrows it."""
        values = {name: value for name in _CHECKED if (value := getattr(self, name)) is not None}
        known = {name: value for name, value in values.items() if is_known(value)}
        for name in ("sql_conn_id", "data_source_uuid"):
            if name in known:
                # a template without a value must not come to mean all data sources
                required_text(name, known[name])
        if "." in known.get("table", ""):
            raise ValueError(f"table must be a name without dots, not {self.table!r}: name its schema in schema")
        stream = get_stream(self.stream)
        mode = self.load_mode or stream.default_mode
        narrowing: dict[str, Any] = {
            name: optional_text(name, known[name], several=name in _SEVERAL) for name in NARROWING if name in known
        }
        options = Options(**narrowing)
        stream.check(mode, options)
        return stream, LoadMode(mode), options

    def _engine(self) -> Engine:
        try:
            from airflow.providers.common.sql.hooks.sql import DbApiHook
            from sqlalchemy.exc import NoSuchModuleError
        except ImportError as err:
            raise ChartMogulConfigError(
                "Loading into a database needs: pip install 'airflow-provider-chartmogul[sql]'"
            ) from err
        hook = BaseHook.get_connection(self.sql_conn_id).get_hook()  # type: ignore[no-untyped-call]
        if not isinstance(hook, DbApiHook):
            raise ChartMogulConfigError(f"Connection '{self.sql_conn_id}' is no SQL database: {type(hook).__name__}")
        try:
            # drivers may still quote rows, see sql_load
            return hook.get_sqlalchemy_engine(engine_kwargs={"hide_parameters": True})
        except NoSuchModuleError:
            raise ChartMogulConfigError(
                f"There is no SQLAlchemy dialect for connection '{self.sql_conn_id}' (for DuckDB: "
                "pip install 'airflow-provider-chartmogul[duckdb]')"
            ) from None


def _is_final(value: Any) -> bool:
    return is_literal(value) or (isinstance(value, (list, tuple)) and all(map(is_literal, value)))
