"""The formats of files, and what one has to know."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Protocol

from airflow_provider_chartmogul.transfers.files.lines import CsvCodec, JsonLinesCodec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_chartmogul.streams.columns import Column
    from airflow_provider_chartmogul.streams.model import Row, Table

FORMATS = {"jsonl": ".jsonl", "jsonl.gz": ".jsonl.gz", "csv": ".csv", "parquet": ".parquet"}
"""Extension of each format."""


class Writer(Protocol):
    """A file that is being written."""

    def add(self, payload: bytes) -> None:
        """Append encoded rows. How they were divided into payloads does not show in the file."""

    def close(self) -> None:
        """Complete the file; what it is written to stays open."""


class Codec(Protocol):
    """How the rows of a table become a file."""

    def encode(self, rows: Sequence[Row]) -> bytes:
        """Return rows in the form that :meth:`Writer.add` takes.

        :raises ValueError: the format cannot hold a value; names record and column, never the value.
        """

    def writer(self, sink: IO[bytes]) -> Writer:
        """Begin a file, which is valid even if no row is added."""


def check_format(file_format: str) -> None:
    """Check that there is such a format.

    :raises ValueError: there is none; lists those that there are.
    """
    if file_format not in FORMATS:
        raise ValueError(f"file_format must be one of {', '.join(FORMATS)}, not {file_format!r}")


def codec(file_format: str, table: Table, columns: Sequence[Column]) -> Codec:
    """Return how rows become a file of a format.

    :param table: where the rows come from.
    :param columns: all columns of the file, in their order.
    :raises ValueError: there is no such format.
    :raises ChartMogulConfigError: the format needs an extra that is not installed.
    """
    check_format(file_format)
    if file_format == "parquet":
        # pyarrow is an extra, and takes long to import
        from airflow_provider_chartmogul.transfers.files.parquet import ParquetCodec

        return ParquetCodec(table, columns)
    return CsvCodec(columns) if file_format == "csv" else JsonLinesCodec(columns, packed=file_format.endswith(".gz"))
