"""Read rows as they stand in their source."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.client.fields import Problem
from airflow_provider_chartmogul.enrichment.columns import KIND
from airflow_provider_chartmogul.imports.given import Given
from airflow_provider_chartmogul.imports.sources import opening
from airflow_provider_chartmogul.imports.sources.rows import Columns

if TYPE_CHECKING:
    from collections.abc import Iterator


def open_rows(
    spec: object, *, path_conn_id: str | None = None, sql_conn_id: str | None = None, name: str = "rows"
) -> Iterator[Given]:
    """Yield the rows of a source, which is read while they are taken.

    :param spec: as in :func:`~airflow_provider_chartmogul.imports.sources.open_source`, without a mapping.
    :param path_conn_id: Airflow connection of the object storage, where ``spec`` names none.
    :param sql_conn_id: Airflow connection of the database, where ``spec`` names none.
    :param name: of the argument that ``spec`` was given as.
    :raises ValueError: ``spec`` cannot be used, or what was found there.
    """
    reader, mapping = opening._reader(spec, path_conn_id, sql_conn_id, name)
    if mapping is not None:
        raise ValueError(f"{name} takes no mapping: the other arguments say what its columns mean")
    with closing(reader(Columns())) as rows:
        for row in rows:
            yield Given(KIND, row.record, row.place, tuple(Problem(*fault) for fault in row.faults), row.text)
