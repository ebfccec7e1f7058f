"""From a database into ChartMogul."""

from __future__ import annotations

from typing import Any

from airflow_provider_chartmogul.operators.base import required_text
from airflow_provider_chartmogul.operators.imports import ChartMogulBulkImportOperator


class SqlToChartMogulOperator(ChartMogulBulkImportOperator):
    """Import the rows of queries: each argument that names a kind of record is the text of a query, or a ``.sql`` file.

    Any database with a ``DbApiHook`` and an SQLAlchemy dialect will do. Rows are read by a cursor on the server, a page
    at a time; columns are fields of the API, or are made into them by ``mappings``. The queries run one after the
    other, and once more on a retry: let them choose rows by the data interval, not by now(). Needs the extra ``sql``.

    Everything else as :class:`~airflow_provider_chartmogul.operators.imports.ChartMogulBulkImportOperator`, which takes
    queries beside files and records.

    :param sql_conn_id: Airflow connection of the database. (templated)
    """

    def __init__(self, *, sql_conn_id: str, **kwargs: Any) -> None:
        super().__init__(sql_conn_id=sql_conn_id, **kwargs)

    def execute(self, context: Any) -> dict[str, Any]:
        """Import, and return how many records are in which state."""
        required_text("sql_conn_id", self.sql_conn_id)
        return super().execute(context)
