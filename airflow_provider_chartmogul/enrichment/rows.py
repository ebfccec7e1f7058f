"""Read rows as they stand in their source."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.client.fields import Problem
from airflow_provider_chartmogul.enrichment.columns import KIND
from airflow_provider_chartmogul.imports import sources
from airflow_provider_chartmogul.imports.given import Given

if TYPE_CHECKING:
    from collections.abc import Iterator


def open_rows(spec: object, *, path_conn_id: str | None = None, sql_conn_id: str | None = None) -> Iterator[Given]:
    """Yield the rows of a source, which is read while they are taken.

    Arguments and errors as :func:`~airflow_provider_chartmogul.imports.sources.open_rows`.
    """
    with closing(sources.open_rows(spec, path_conn_id=path_conn_id, sql_conn_id=sql_conn_id)) as rows:
        for row in rows:
            given = Given(KIND, row.record, row.place, tuple(Problem(*fault) for fault in row.faults), row.text)
            yield sources.out_of_letter(KIND, given)
