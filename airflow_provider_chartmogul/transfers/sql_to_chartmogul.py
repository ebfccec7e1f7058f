"""From a database into ChartMogul."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.imports.sources import open_source
from airflow_provider_chartmogul.operators.base import required_text
from airflow_provider_chartmogul.operators.imports import ChartMogulBulkImportOperator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_provider_chartmogul.imports import Given


class SqlToChartMogulOperator(ChartMogulBulkImportOperator):
    """Import the rows of queries: each argument that names a kind of record is the text of a query, or a ``.sql`` file.

    Any database with a ``DbApiHook`` and an SQLAlchemy dialect will do. Rows are read by a cursor on the server, a page
    at a time; columns are fields of the API, or are made into them by ``mappings``. The queries run one after the
    other, each in a transaction of its own, and once more on a retry: name the rows that they are to return by the
    data interval, not by now(). Needs the extra ``sql``.

    Everything else as :class:`~airflow_provider_chartmogul.operators.imports.ChartMogulBulkImportOperator`, which takes
    queries as well, as ``{"sql": …, "conn_id": …}``, beside files and records.

    :param sql_conn_id: Airflow connection of the database. (templated)
    :param parameters: parameters of all queries, in the form that the driver wants. (templated)
    """

    template_fields: Sequence[str] = (*ChartMogulBulkImportOperator.template_fields, "sql_conn_id", "parameters")
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = dict.fromkeys(ChartMogulBulkImportOperator.template_fields_renderers, "sql") | {
        "mappings": "json",
        "parameters": "json",
    }

    def __init__(
        self, *, sql_conn_id: str, parameters: Mapping[str, Any] | Sequence[Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.sql_conn_id = sql_conn_id
        self.parameters = parameters

    def open_source(self, name: str, spec: Any, mapping: Mapping[str, Any] | None) -> Iterator[Given]:
        """Run the query of one kind of record."""
        conn_id = required_text("sql_conn_id", self.sql_conn_id)
        if isinstance(spec, str):
            spec = {"sql": spec, "parameters": self.parameters}
        kind = None if name == "records" else name
        return open_source(kind, spec, sql_conn_id=conn_id, mapping=mapping, name=name)
