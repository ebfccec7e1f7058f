"""Rows of one table in the form of a format."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_chartmogul.exceptions import ChartMogulLoadError
from airflow_provider_chartmogul.transfers.files.formats import codec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import ObjectStoragePath

    from airflow_provider_chartmogul.streams.columns import Column
    from airflow_provider_chartmogul.streams.model import Record, Row, Table


class Encoded(NamedTuple):
    """Rows that are ready to be written.

    :param rows: how many.
    :param payload: what a writer of the format takes.
    """

    rows: int
    payload: bytes


class TableRows:
    """How records become rows of the file of one table.

    :param path: where the file shall stand.
    :param table: the table.
    :param file_format: the format of the file.
    :param stamp: columns, with their value in all rows, that follow those of the table.
    """

    def __init__(
        self, path: ObjectStoragePath, table: Table, file_format: str, stamp: Mapping[Column, datetime]
    ) -> None:
        self.path = path
        self.columns = (*table.all_columns, *stamp)
        self.codec = codec(file_format, table, self.columns)
        self._suffix = table.suffix
        self._stamp = {column.name: value for column, value in stamp.items()}

    def encode(self, records: Sequence[Record]) -> Encoded:
        """Return the table's rows of records.

        :raises ChartMogulLoadError: the format cannot hold a value, or a record was not read.
        """
        rows: list[Row] = []
        for record in records:
            if record.rows is None:
                raise ChartMogulLoadError(
                    f"{self.path}: record {record.key} was left out as unchanged, but files hold all records"
                )
            rows += record.rows.get(self._suffix, ())
        if self._stamp:
            rows = [row | self._stamp for row in rows]
        try:
            return Encoded(len(rows), self.codec.encode(rows))
        except ValueError as error:
            raise ChartMogulLoadError(f"{self.path}: {error}") from None
